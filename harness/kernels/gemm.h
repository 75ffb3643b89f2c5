/* Matrix products: the only door to BLAS.
 *
 * All matrices are row major; ld* is the distance between rows in reals. */
#ifndef LX_KERNELS_GEMM_H
#define LX_KERNELS_GEMM_H

#include <stdbool.h>

#include "core/err.h"
#include "core/real.h"

/* C (M,N) = alpha * op(A) (M,K) * op(B) (K,N) + beta * C; op transposes where ta / tb. */
void lx_gemm(bool ta, bool tb, int M, int N, int K, real alpha, const real *A, int lda,
             const real *B, int ldb, real beta, real *C, int ldc);

/* The definition of lx_gemm, three loops and a double sum: for tests and the self-test. */
void lx_gemm_naive(bool ta, bool tb, int M, int N, int K, real alpha, const real *A, int lda,
                   const real *B, int ldb, real beta, real *C, int ldc);

/* Call once before the first product: one BLAS thread (more would change the order of sums), and a
 * product is checked against the naive code; a library that computes wrongly is LX_EFAILED. */
LX_MUST_CHECK enum lx_code lx_gemm_setup(struct lx_err *err);

/* One BLAS thread from now on; lx_gemm_setup calls it. */
void lx_gemm_one_thread(void);

/* The kernels OpenBLAS runs ("SkylakeX", "Haswell", ...) and its version text. */
const char *lx_gemm_core(void);
const char *lx_gemm_library(void);

#endif
