/* The inner loops, chosen at run time for the processor.
 *
 * simd.c, attention_head.c and product.c are compiled once per instruction set (plain C, AVX2, AVX-512) and this
 * table points at the best the CPU has; the environment variable LX_SIMD=plain|avx2|avx512 asks for another. All
 * loops of one table are deterministic: fixed order, no dependence on alignment or threads. The
 * naive definitions they are tested against stand in tests/unit/test_tensor.c. */
#ifndef LX_KERNELS_SIMD_H
#define LX_KERNELS_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/real.h"
#include "kernels/attention_head.h"
#include "kernels/product.h"

struct lx_adamw {
    real lr, beta1, beta2, eps, decay;
    real grad_scale;   /* clipping factor           */
    real bias1, bias2; /* 1 - beta^step             */
};

struct lx_simd {
    const char *name;

    /* Attention of one head; see attention_head.h. Reals of scratch it needs for d channels. */
    void (*attention_forward)(const struct lx_attention_head *a);
    void (*attention_backward)(const struct lx_attention_head *a);
    size_t (*attention_scratch)(int T, int d, bool training);

    /* Our own matrix products; scratch of LX_PRODUCT_SCRATCH reals. Use lx_product(). */
    void (*product)(const struct lx_product *p, real *scratch);

    /* Multiply-adds in registers and nothing else, for a benchmark: returns how many were done. x is
     * a number in 0 .. 1 that the compiler does not know. */
    double (*multiply_adds)(size_t rounds, real x);

    /* y = gelu(x), and dx = dy * gelu'(x); tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415). */
    void (*gelu)(size_t n, const real *x, real *y);
    void (*gelu_back)(size_t n, const real *x, const real *dy, real *dx);

    /* One LayerNorm row: y = (x - mean) * rstd * w + b, variance over n, eps 1e-5. */
    void (*norm_row)(size_t n, const real *x, const real *w, const real *b, real *y, real *mean,
                     real *rstd);
    /* dx += its gradient; dw, db accumulate. */
    void (*norm_row_back)(size_t n, const real *x, const real *w, real mean, real rstd,
                          const real *dy, real *dx, real *dw, real *db);

    /* One row of logits z (n): returns -ln softmax(z)[target] in nats; with dz not NULL,
     * dz = (softmax(z) - onehot(target)) * weight (dz may be z). */
    double (*loss_row)(size_t n, const real *z, int target, real weight, real *dz);

    /* y = exp(x - max), exactly 0 where x is far below max or -INFINITY; returns the sum of y. */
    real (*exp_row)(size_t n, real max, const real *x, real *y);

    void (*add)(size_t n, const real *x, real *y);       /* y += x      */
    void (*scale)(size_t n, real a, real *y);            /* y *= a      */
    real (*dot)(size_t n, const real *x, const real *y); /* sum x y     */
    double (*square_sum)(size_t n, const real *x);       /* sum x^2     */
    void (*adamw)(size_t n, const struct lx_adamw *o, const real *g, real *w, real *m, real *v);
};

const struct lx_simd *lx_simd(void);
/* Every table this CPU can run, for tests: 0 .. lx_simd_count()-1, plain first. */
int lx_simd_count(void);
const struct lx_simd *lx_simd_at(int i);
void lx_simd_choose(const struct lx_simd *table);

#endif
