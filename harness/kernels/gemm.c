/* Matrix products over OpenBLAS; see gemm.h. The only file that includes cblas.h. */
#include "kernels/gemm.h"

#include <cblas.h>

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

void lx_gemm_one_thread(void)
{
    openblas_set_num_threads(1);
}

const char *lx_gemm_core(void)
{
    return openblas_get_corename();
}

const char *lx_gemm_library(void)
{
    return openblas_get_config();
}
