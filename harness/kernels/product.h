/* Matrix products of the shapes that a model has, in our own code.
 *
 * Many rows by a small matrix is what a linear layer, its gradients and the head need. A library packs
 * both operands into blocks of its own layout; here rows are read where they lie and only the small
 * operand is packed, and what would be a pass of its own over the result (bias, GELU and its
 * derivative) is done while it is in the first cache. product.c is compiled once per instruction set.
 *
 * An element of C is the sum over k in ascending order, in steps of LX_PRODUCT_DEPTH, whatever its
 * place and whatever M and N are: rows may be cut among threads anywhere, the bytes stay. */
#ifndef LX_KERNELS_PRODUCT_H
#define LX_KERNELS_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/real.h"

enum { LX_PRODUCT_DEPTH = 256 };          /* terms of a sum that are taken in registers */
enum { LX_PRODUCT_SCRATCH = 161 * 1024 }; /* reals that operands are packed into        */

/* What the elements of A and B are rounded to before they are multiplied, to nearest, ties to even. Sums, and
 * everything else, are in `real` all the same. */
enum lx_precision { LX_FLOAT32, LX_BF16 }; /* LX_FLOAT32: nothing */
#define LX_PRECISION_NAMES "float32|bf16"

/* The instructions that LX_BF16 is computed with: "amx_bf16", "avx512_bf16"; NULL: this processor has none (or
 * `real` is double), and LX_BF16 must not be asked for. The environment variable LX_BF16 names one of two. */
const char *lx_bf16_kernel(void);
/* LX_EFAILED where the processor cannot do p; key names it ("train.precision"). */
LX_MUST_CHECK
enum lx_code lx_precision_check(const char *key, int p, struct lx_err *err);
/* Take these; false: they are not there. */
bool lx_bf16_choose(const char *name);

/* C = op(A) op(B), op transposing where ta / tb. All matrices are row major, ld* reals from row to
 * row. What follows is done in this order:
 *   bias    (N) is added to every row; NULL: none
 *   plus    (M,N), rows ldc apart, is added; may be C; NULL: none
 *   act     (M,N), rows ldc apart, becomes gelu(C); act may be C; NULL: none
 *   gate    (M,N), rows ldc apart: C becomes C * gelu'(gate); gate must not be C; NULL: none
 * GELU is the tanh form of simd.h. A and B must not overlap C. */
struct lx_product {
    enum lx_precision precision;
    bool ta, tb;
    int M, N, K;
    const real *A;
    int lda;
    const real *B;
    int ldb;
    real *C;
    int ldc;
    const real *bias, *plus;
    real *act;
    const real *gate;
};

/* Who computes: the kernels of lx_simd(), or OpenBLAS, which is also what they are tested against.
 * Unless somebody chose, the environment variable LX_PRODUCTS=own|openblas says so, and without it
 * the processor: own kernels where they were measured to be worth it (processor.h). */
enum lx_products { LX_PRODUCTS_OPENBLAS, LX_PRODUCTS_OWN };
enum lx_products lx_products(void);
void lx_products_choose(enum lx_products which);

/* Do what LX_PRODUCTS and --products say; other words are LX_EUSAGE. */
LX_MUST_CHECK enum lx_code lx_products_ask(const char *text, struct lx_err *err);

/* The kernels that products run on: "own", or OpenBLAS's core type ("SkylakeX", "Haswell", ...). */
const char *lx_products_core(void);

/* The word that lx_products_ask was given, NULL: none. */
const char *lx_products_asked(void);

void lx_product(const struct lx_product *p);

/* lx_product's own way to do LX_BF16. */
void lx_product_bf16(const struct lx_product *p, real *scratch);

#endif
