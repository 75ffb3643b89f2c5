/* What the makers of products share: a tile of the result on its way from sums to C. Only files that are
 * compiled for one instruction set include this. */
#ifndef LX_KERNELS_PRODUCT_INTERNAL_H
#define LX_KERNELS_PRODUCT_INTERNAL_H

#include "kernels/product.h"
#include "kernels/vec.h"

/* A tile of C: where it lies, what it begins with and what is done with it. */
struct tile {
    real *C, *act;
    const real *plus, *bias, *gate;
    size_t ldc;
    int columns;       /* of the panel                       */
    const real *ahead; /* rows of A to prefetch; NULL: none  */
};

/* That which begins in row m and in `column`; its sums are over terms k0 .. k0+K-1. What comes before the sum
 * belongs to the first terms, what comes after it to the last. */
VEC_INLINE struct tile tile_at(const struct lx_product *p, int m, int column, int columns, int k0,
                               int K)
{
    bool first = k0 == 0, last = k0 + K == p->K;
    const real *plus = first ? p->plus : p->C;
    size_t at = (size_t)m * (size_t)p->ldc + (size_t)column;

    return (struct tile){.C = p->C + at,
                         .plus = plus != NULL ? plus + at : NULL,
                         .act = last && p->act != NULL ? p->act + at : NULL,
                         .bias = first && p->bias != NULL ? p->bias + column : NULL,
                         .gate = last && p->gate != NULL ? p->gate + at : NULL,
                         .ldc = (size_t)p->ldc,
                         .columns = columns};
}

/* 1 / (1 + exp(-t)) */
VEC_INLINE vec sigmoid(vec t)
{
    vec e = vec_exp(-vec_max(t, -t));

    return vec_where((vec_int)(t > 0), vec_splat(1), e) / (e + 1);
}

#define GELU_C ((real)0.7978845608028654)
#define GELU_K ((real)0.044715)

VEC_INLINE vec gelu(vec x)
{
    return x * sigmoid(2 * GELU_C * (x + GELU_K * x * x * x));
}

VEC_INLINE vec gelu_slope(vec x)
{
    vec s = sigmoid(2 * GELU_C * (x + GELU_K * x * x * x));

    return s + 2 * GELU_C * x * s * (1 - s) * (1 + 3 * GELU_K * x * x);
}

/* n lanes of p, up to a vector. */
VEC_INLINE vec get(const real *p, int n)
{
    return n >= VEC ? vec_load(p) : vec_load_part(p, n, 0);
}

VEC_INLINE void put(real *p, vec x, int n)
{
    if (n >= VEC)
        vec_store(p, x);
    else
        vec_store_part(p, x, n);
}

/* C of a tile from its sums, which lie `apart` reals from row to row. */
VEC_INLINE void put_sums(int rows, const real *sums, int apart, const struct tile *t)
{
    for (int m = 0; m < rows; m++)
        for (int c = 0; c < t->columns; c += VEC) {
            size_t at = (size_t)m * t->ldc + (size_t)c;
            int n = t->columns - c;
            vec x = vec_load(sums + m * apart + c);

            if (t->bias != NULL)
                x += get(t->bias + c, n);
            if (t->plus != NULL)
                x += get(t->plus + at, n);
            put(t->C + at, x, n);
        }
}

/* What GELU does with a tile that is complete. */
VEC_INLINE void activate(int rows, const struct tile *t)
{
    for (int m = 0; m < rows; m++)
        for (int c = 0; c < t->columns; c += VEC) {
            size_t at = (size_t)m * t->ldc + (size_t)c;
            int n = t->columns - c;
            vec x = get(t->C + at, n);

            if (t->gate != NULL)
                put(t->C + at, x * gelu_slope(get(t->gate + at, n)), n);
            if (t->act != NULL)
                put(t->act + at, gelu(x), n);
        }
}

#endif
