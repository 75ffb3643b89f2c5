/* Linear and LayerNorm over rows; see ops.h. Products go to BLAS, rows to the inner loops. */
#include "tensor/ops.h"

#include <string.h>

#include "tensor/gemm.h"
#include "tensor/simd.h"

void lx_linear(int R, int I, int O, const real *x, const real *W, const real *b, bool accumulate,
               real *y)
{
    const struct lx_simd *simd = lx_simd();
    size_t o = (size_t)O;

    for (size_t r = 0; r < (size_t)R; r++) {
        if (accumulate)
            simd->add(o, b, y + r * o);
        else
            memcpy(y + r * o, b, o * sizeof(*y));
    }
    lx_gemm(false, true, R, O, I, 1, x, I, W, I, 1, y, O);
}

void lx_linear_back(int R, int I, int O, const real *x, const real *W, const real *dy, real *dx,
                    real *dW, real *db)
{
    const struct lx_simd *simd = lx_simd();
    size_t o = (size_t)O;

    if (dx != NULL)
        lx_gemm(false, false, R, I, O, 1, dy, O, W, I, 0, dx, I);
    lx_gemm(true, false, O, I, R, 1, dy, O, x, I, 1, dW, I);
    for (size_t r = 0; r < (size_t)R; r++)
        simd->add(o, dy + r * o, db);
}

void lx_norm(int R, int D, const real *x, const real *w, const real *b, real *y, real *mean,
             real *rstd)
{
    const struct lx_simd *simd = lx_simd();
    size_t d = (size_t)D;

    for (size_t r = 0; r < (size_t)R; r++)
        simd->norm_row(d, x + r * d, w, b, y + r * d, mean + r, rstd + r);
}

void lx_norm_back(int R, int D, const real *x, const real *w, const real *mean, const real *rstd,
                  const real *dy, real *dx, real *dw, real *db)
{
    const struct lx_simd *simd = lx_simd();
    size_t d = (size_t)D;

    for (size_t r = 0; r < (size_t)R; r++)
        simd->norm_row_back(d, x + r * d, w, mean[r], rstd[r], dy + r * d, dx + r * d, dw, db);
}
