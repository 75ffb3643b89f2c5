/* What the compilations of simd.c, attention_head.c and product.c define, one of each per instruction set; only
 * they and simd_choice.c include this. */
#ifndef LX_KERNELS_SIMD_TABLES_H
#define LX_KERNELS_SIMD_TABLES_H

#include "kernels/simd.h"

#define LX_SIMD_DECLARE(kind)                                                                      \
    extern const struct lx_simd lx_simd_##kind;                                                    \
    void lx_attention_forward_##kind(const struct lx_attention_head *a);                           \
    void lx_attention_backward_##kind(const struct lx_attention_head *a);                          \
    size_t lx_attention_scratch_##kind(int T, int d, bool training);                               \
    void lx_product_##kind(const struct lx_product *p, real *scratch);                             \
    double lx_multiply_adds_##kind(size_t rounds, real x);

LX_SIMD_DECLARE(plain)
#if defined(__x86_64__)
LX_SIMD_DECLARE(avx2)
LX_SIMD_DECLARE(avx512)
#endif

#endif
