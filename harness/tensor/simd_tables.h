/* The tables that the compilations of simd.c define; only simd.c and simd_choice.c include this. */
#ifndef LX_TENSOR_SIMD_TABLES_H
#define LX_TENSOR_SIMD_TABLES_H

#include "tensor/simd.h"

extern const struct lx_simd lx_simd_plain;
#if defined(__x86_64__)
extern const struct lx_simd lx_simd_avx2;
extern const struct lx_simd lx_simd_avx512;
#endif

#endif
