/* Matrix products over OpenBLAS; see gemm.h. The only file that includes cblas.h. */
#include "tensor/gemm.h"

#include <cblas.h>
#include <math.h>

#include "tensor/product.h"

void lx_gemm(bool ta, bool tb, int M, int N, int K, real alpha, const real *A, int lda,
             const real *B, int ldb, real beta, real *C, int ldc)
{
    CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE opb = tb ? CblasTrans : CblasNoTrans;

#ifdef LX_REAL_DOUBLE
    cblas_dgemm(CblasRowMajor, opa, opb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc);
#else
    cblas_sgemm(CblasRowMajor, opa, opb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc);
#endif
}

void lx_gemm_naive(bool ta, bool tb, int M, int N, int K, real alpha, const real *A, int lda,
                   const real *B, int ldb, real beta, real *C, int ldc)
{
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) {
            real *c = &C[(size_t)i * (size_t)ldc + (size_t)j];
            double sum = 0;

            for (int k = 0; k < K; k++) {
                real a = ta ? A[(size_t)k * (size_t)lda + (size_t)i]
                            : A[(size_t)i * (size_t)lda + (size_t)k];
                real b = tb ? B[(size_t)j * (size_t)ldb + (size_t)k]
                            : B[(size_t)k * (size_t)ldb + (size_t)j];

                sum += (double)a * (double)b;
            }
            sum *= (double)alpha;
            *c = (real)(beta == 0 ? sum : sum + (double)beta * (double)*c);
        }
    }
}

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
    openblas_set_num_threads(1);
    if (self_test(false, lx_gemm_core(), err))
        return err->code;
    return self_test(true, lx_products_core(), err);
}

const char *lx_gemm_core(void)
{
    return openblas_get_corename();
}

const char *lx_gemm_library(void)
{
    return openblas_get_config();
}
