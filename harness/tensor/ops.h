/* Layers as pure functions on arrays, each a forward and backward pair.
 *
 * R rows; every matrix is row major and dense. precision: of what is multiplied. Backward functions ADD to parameter gradients. */
#ifndef LX_TENSOR_OPS_H
#define LX_TENSOR_OPS_H

#include "core/real.h"
#include "kernels/product.h"

/* y (R,O) = x (R,I) W^T + b, W (O,I), b (O) or NULL. Where plus (R,O) is not NULL it
 * is added; it may be y. */
void lx_linear(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
               const real *b, const real *plus, real *y);
/* y = x W^T + b, and act (R,O) = gelu(y); act may be y
 * where y is not wanted. */
void lx_linear_gelu(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
                    const real *b, real *y, real *act);
/* dx (R,I) = dy W (NULL: skipped); dW += dy^T x; db += column sums of dy (NULL: skipped). Where x is gelu(gate), gate
 * (R,I) takes dx through it: dx = dy W * gelu'(gate); else NULL. */
void lx_linear_back(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
                    const real *dy, const real *gate, real *dx, real *dW, real *db);

/* y (R,D) = LayerNorm(x) over each row; mean, rstd (R) are kept for the backward pass. */
void lx_norm(int R, int D, const real *x, const real *w, const real *b, real *y, real *mean,
             real *rstd);
/* dx += ..., dw += ..., db += ... */
void lx_norm_back(int R, int D, const real *x, const real *w, const real *mean, const real *rstd,
                  const real *dy, real *dx, real *dw, real *db);

#endif
