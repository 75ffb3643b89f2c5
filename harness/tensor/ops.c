/* Linear and LayerNorm over rows; see ops.h. Products and rows go to the inner loops. */
#include "tensor/ops.h"

#include "kernels/product.h"
#include "kernels/simd.h"

/* x W^T + b, for the rest to be filled in. */
static struct lx_product linear(enum lx_precision precision, int R, int I, int O, const real *x,
                                const real *W, const real *b, real *y)
{
    return (struct lx_product){.precision = precision,
                               .tb = true,
                               .M = R,
                               .N = O,
                               .K = I,
                               .A = x,
                               .lda = I,
                               .B = W,
                               .ldb = I,
                               .C = y,
                               .ldc = O,
                               .bias = b};
}

void lx_linear(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
               const real *b, const real *plus, real *y)
{
    struct lx_product p = linear(precision, R, I, O, x, W, b, y);

    p.plus = plus;
    lx_product(&p);
}

void lx_linear_gelu(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
                    const real *b, real *y, real *act)
{
    struct lx_product p = linear(precision, R, I, O, x, W, b, y);

    p.act = act;
    lx_product(&p);
}

void lx_linear_back(enum lx_precision precision, int R, int I, int O, const real *x, const real *W,
                    const real *dy, const real *gate, real *dx, real *dW, real *db)
{
    const struct lx_simd *simd = lx_simd();
    size_t o = (size_t)O;
    const struct lx_product to_x = {.precision = precision,
                                    .M = R,
                                    .N = I,
                                    .K = O,
                                    .A = dy,
                                    .lda = O,
                                    .B = W,
                                    .ldb = I,
                                    .C = dx,
                                    .ldc = I,
                                    .gate = gate};
    const struct lx_product to_W = {.precision = precision,
                                    .ta = true,
                                    .M = O,
                                    .N = I,
                                    .K = R,
                                    .A = dy,
                                    .lda = O,
                                    .B = x,
                                    .ldb = I,
                                    .C = dW,
                                    .ldc = I,
                                    .plus = dW};

    if (dx != NULL)
        lx_product(&to_x);
    lx_product(&to_W);
    for (size_t r = 0; r < (size_t)R && db != NULL; r++)
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
