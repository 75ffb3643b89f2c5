/* Vectors of reals as wide as the instruction set that the including file is compiled for.
 *
 * GCC's vector types (clang has them too) give arithmetic, lane by lane; what they lack (maximum,
 * exponential, transposition, tails) is here. Lanes never change order, so that every function is
 * deterministic. Only files that are compiled once per instruction set include this. */
#ifndef LX_KERNELS_VEC_H
#define LX_KERNELS_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "core/real.h"

#if defined(__AVX512F__)
#define VEC_BYTES 64
#elif defined(__AVX2__)
#define VEC_BYTES 32
#else
#define VEC_BYTES 16
#endif
#define VEC ((int)(VEC_BYTES / sizeof(real))) /* lanes */
#define VEC_INLINE static inline __attribute__((always_inline, unused))

typedef real vec __attribute__((vector_size(VEC_BYTES), may_alias));
typedef real vec_loose __attribute__((vector_size(VEC_BYTES), aligned(sizeof(real)), may_alias));
#ifdef LX_REAL_DOUBLE
typedef int64_t vec_int __attribute__((vector_size(VEC_BYTES)));
#else
typedef int32_t vec_int __attribute__((vector_size(VEC_BYTES)));
#endif

VEC_INLINE vec vec_load(const real *p)
{
    return *(const vec_loose *)p;
}

VEC_INLINE void vec_store(real *p, vec x)
{
    *(vec_loose *)p = x;
}

VEC_INLINE vec vec_splat(real a)
{
    return a - (vec){0};
}

/* The first n lanes of memory, `fill` in the others; nothing behind p[n-1] is touched. */
VEC_INLINE vec vec_load_part(const real *p, int n, real fill)
{
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    return (vec)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1u), p);
#else
    vec x = vec_splat(fill);

    memcpy(&x, p, (size_t)n * sizeof(*p));
    return x;
#endif
}

VEC_INLINE void vec_store_part(real *p, vec x, int n)
{
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)x);
#else
    memcpy(p, &x, (size_t)n * sizeof(*p));
#endif
}

/* x in the lanes lo .. hi-1, `fill` in the others; lo and hi may lie outside the vector. */
VEC_INLINE vec vec_between(vec x, int lo, int hi, real fill)
{
    lo = lo < 0 ? 0 : lo > VEC ? VEC : lo;
    hi = hi < 0 ? 0 : hi > VEC ? VEC : hi;
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    return (vec)_mm512_mask_mov_ps(_mm512_set1_ps(fill),
                                   (__mmask16)(((1u << hi) - 1u) & ~((1u << lo) - 1u)), (__m512)x);
#else
    for (int i = 0; i < VEC; i++)
        x[i] = i >= lo && i < hi ? x[i] : fill;
    return x;
#endif
}

VEC_INLINE vec vec_max(vec a, vec b)
{
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__) && !defined(LX_REAL_DOUBLE)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    vec_int more = (vec_int)(a > b);

    return (vec)((more & (vec_int)a) | (~more & (vec_int)b));
#endif
}

/* a where the lane of `chosen` is all ones, b where it is 0. */
VEC_INLINE vec vec_where(vec_int chosen, vec a, vec b)
{
    return (vec)((chosen & (vec_int)a) | (~chosen & (vec_int)b));
}

/* The largest lane, and the sum of all: halves are folded until one lane is left. */
VEC_INLINE real vec_max_lane(vec x)
{
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    return _mm512_reduce_max_ps((__m512)x);
#else
    real lane[VEC_BYTES / sizeof(real)];

    memcpy(lane, &x, sizeof(lane));
    for (int n = VEC / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            lane[i] = lane[i] > lane[i + n] ? lane[i] : lane[i + n];
    return lane[0];
#endif
}

VEC_INLINE real vec_sum(vec x)
{
#if defined(__AVX512F__) && !defined(LX_REAL_DOUBLE)
    return _mm512_reduce_add_ps((__m512)x);
#else
    real lane[VEC_BYTES / sizeof(real)];

    memcpy(lane, &x, sizeof(lane));
    for (int n = VEC / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            lane[i] += lane[i + n];
    return lane[0];
#endif
}

/* The lanes of a and b in turn: of their lower halves, and of their upper halves. */
VEC_INLINE vec vec_zip_low(vec a, vec b)
{
#if defined(LX_REAL_DOUBLE) && VEC_BYTES == 64
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#elif VEC_BYTES == 64
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#elif defined(LX_REAL_DOUBLE) && VEC_BYTES == 32
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#elif VEC_BYTES == 32
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#elif defined(LX_REAL_DOUBLE)
    return __builtin_shufflevector(a, b, 0, 2);
#else
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}

VEC_INLINE vec vec_zip_high(vec a, vec b)
{
#if defined(LX_REAL_DOUBLE) && VEC_BYTES == 64
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif VEC_BYTES == 64
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
#elif defined(LX_REAL_DOUBLE) && VEC_BYTES == 32
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#elif VEC_BYTES == 32
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif defined(LX_REAL_DOUBLE)
    return __builtin_shufflevector(a, b, 1, 3);
#else
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

/* A square of VEC rows becomes its transpose. A round takes row i and row i + VEC/2 in turn, which
 * moves the highest bit of the column number to the lowest of the row number and the other way
 * round; after log2(VEC) rounds rows and columns have changed places. */
VEC_INLINE void vec_transpose(vec row[VEC_BYTES / sizeof(real)])
{
    vec next[VEC_BYTES / sizeof(real)];

    for (int round = 1; round < VEC; round *= 2) {
        for (int i = 0; i < VEC / 2; i++) {
            next[2 * i] = vec_zip_low(row[i], row[i + VEC / 2]);
            next[2 * i + 1] = vec_zip_high(row[i], row[i + VEC / 2]);
        }
        memcpy(row, next, sizeof(next));
    }
}

/* exp(x) for x <= 0 (and up to 88): Cody-Waite reduction and the Taylor polynomial of degree 6;
 * relative error below 2.5e-7 in float. Below -87 it is exactly 0, so that no denormal number slows
 * what follows; NaN stays NaN. */
VEC_INLINE vec vec_exp(vec x)
{
#if defined(LX_REAL_DOUBLE)
    for (int i = 0; i < VEC; i++)
        x[i] = exp(x[i]);
    return x;
#else
    vec n, r, p;
#if defined(__AVX512F__)
    n = (vec)_mm512_roundscale_ps((__m512)(x * 1.44269504088896341f), 0);
#else
    const float magic =
        12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
    vec t;

    t = vec_max(x, vec_splat(-87.0f)) * 1.44269504088896341f + magic;
    n = t - magic;
#endif
    r = x - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts */
    p = r * (1.0f / 720.0f) + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
#if defined(__AVX512F__)
    return (vec)_mm512_maskz_scalef_ps(
        _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(-87.0f), _CMP_NLT_UQ), (__m512)p, (__m512)n);
#else
    p = (vec)((vec_int)p + ((vec_int)t << 23));
    /* not at most 88: NaN, which goes through by being added */
    return (vec)((vec_int)p & ~(vec_int)(x < -87.0f)) + (vec)((vec_int)x & ~(vec_int)(x <= 88.0f));
#endif
#endif
}

#endif
