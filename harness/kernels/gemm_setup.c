/* The test of the products before their first use; see gemm.h. */
#include <math.h>

#include "kernels/gemm.h"
#include "kernels/product.h"

/* A ragged product, so that kernels, edges and both transposes are all used. */
enum { SELF_M = 67, SELF_N = 53, SELF_K = 71 };

/* Both that there are: products of the model may run on kernels of our own. */
static void self_product(bool own, bool ta, bool tb, const real *A, const real *B, real *C)
{
    const struct lx_product p = {.ta = ta,
                                 .tb = tb,
                                 .M = SELF_M,
                                 .N = SELF_N,
                                 .K = SELF_K,
                                 .A = A,
                                 .lda = ta ? SELF_M : SELF_K,
                                 .B = B,
                                 .ldb = tb ? SELF_K : SELF_N,
                                 .C = C,
                                 .ldc = SELF_N};

    if (own)
        lx_product(&p);
    else
        lx_gemm(ta, tb, SELF_M, SELF_N, SELF_K, 1, A, p.lda, B, p.ldb, 0, C, SELF_N);
}

static enum lx_code self_test(bool own, const char *core, struct lx_err *err)
{
    static real A[SELF_M * SELF_K], B[SELF_K * SELF_N], C[SELF_M * SELF_N], want[SELF_M * SELF_N];

    for (int i = 0; i < SELF_M * SELF_K; i++)
        A[i] = (real)((i * 37) % 101 - 50) / (real)50;
    for (int i = 0; i < SELF_K * SELF_N; i++)
        B[i] = (real)((i * 53) % 103 - 51) / (real)51;
    for (int kind = 0; kind < 4; kind++) {
        bool ta = (kind & 1) != 0, tb = (kind & 2) != 0;
        int lda = ta ? SELF_M : SELF_K, ldb = tb ? SELF_K : SELF_N;

        self_product(own, ta, tb, A, B, C);
        lx_gemm_naive(ta, tb, SELF_M, SELF_N, SELF_K, 1, A, lda, B, ldb, 0, want, SELF_N);
        for (int i = 0; i < SELF_M * SELF_N; i++) {
            double diff = fabs((double)C[i] - (double)want[i]);

            if (!(diff <= 1e-4))
                return lx_fail(err, LX_EFAILED,
                               "blas: %s kernels compute wrongly: product element %d is %.9g, "
                               "must be %.9g",
                               core, i, (double)C[i], (double)want[i]);
        }
    }
    return LX_OK;
}

enum lx_code lx_gemm_setup(struct lx_err *err)
{
    lx_gemm_one_thread();
    if (self_test(false, lx_gemm_core(), err))
        return err->code;
    return self_test(true, lx_products_core(), err);
}
