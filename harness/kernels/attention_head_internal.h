/* What both directions of attention_head.c are made of: products of strips, packing, the keys of a row
 * in a tile, logits.
 *
 * Every product here is of one form, C[m][n] += sum_k A[m][k] B[k][n] with n in vectors: scores take
 * B from the transposed keys, outputs from the values, and gradients of keys and values read A by
 * columns. product() does it for STRIP rows at a time, in registers. Rows of queries come in blocks
 * of BLOCK, keys in tiles of TILE; strips that nothing of is seen are left out. */
#ifndef LX_KERNELS_ATTENTION_HEAD_INTERNAL_H
#define LX_KERNELS_ATTENTION_HEAD_INTERNAL_H

#include <stdbool.h>

#include "kernels/attention_head.h"
#include "kernels/vec.h"

enum { BLOCK = LX_ATTENTION_BLOCK, TILE = LX_ATTENTION_TILE, STRIP = 8 };

/* Rows of a product done at a time: what fits the registers. */
#if VEC_BYTES == 64
enum { MR = 8 };
#else
enum { MR = 4 };
#endif
/* What columns of a tile are rounded to. */
enum { UNIT = VEC_BYTES / sizeof(real) > STRIP ? VEC_BYTES / sizeof(real) : STRIP };

/* What holds for a head: packed operands. Channels are padded to P, a multiple of the widest vector,
 * and tokens to whole tiles; what is padded is 0. */
struct head {
    const struct lx_attention_head *a;
    int P;
    real *kt, *vt;        /* (tiles, d, TILE) transposed within each tile  */
    real *k, *v;          /* (T, P)                                        */
    real *dk, *dv;        /* (T, P)                                        */
    real *q;              /* (BLOCK, P) times f_i / tau                    */
    real *o;              /* (BLOCK, P) output; in the backward pass dout  */
    real *dq;             /* (BLOCK, P)                                    */
    real *s, *ds;         /* (BLOCK, TILE) scores, then p; dp, then ds     */
    real *sum, *weighted; /* (BLOCK, VEC) lane by lane               */
    real max[BLOCK];
    real cold;   /* 1 / tau */
    bool parts;  /* mul, key or pair are set */
    real *bias;  /* (TILE) with parts: all biases of a row          */
    real *z, *g; /* (TILE) the same: q.k before mul, dL/dlogit       */
    /* See attention_skip_internal.h. */
    bool skips;
    double *key_norm; /* (tiles) */
    double value_norm, query_norm[BLOCK / STRIP];
};

/* The logit of a key that is not seen: far below all others, yet finite, so that 0 times it is 0.
 * Logits of minus infinity are raised to it. */
#define HIDDEN ((real)-1e30)
/* ln of a weight that is lost in float in any sum that holds one of usual size: 2^-59. */
#define FAINT ((real)-41.5)

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* ------------------------------------------------------------------------------------ products */

VEC_INLINE void product_block(int vectors, int K, const real *A, size_t row, size_t col,
                              const real *B, size_t ldb, real *C, size_t ldc, bool add)
{
    vec acc[MR][2];

    for (int m = 0; m < MR; m++)
        for (int v = 0; v < vectors; v++)
            acc[m][v] = add ? vec_load(C + (size_t)m * ldc + (size_t)(v * VEC)) : vec_splat(0);
    for (int k = 0; k < K; k++) {
        vec b[2];

        for (int v = 0; v < vectors; v++)
            b[v] = vec_load(B + (size_t)k * ldb + (size_t)(v * VEC));
        for (int m = 0; m < MR; m++) {
            vec x = vec_splat(A[(size_t)m * row + (size_t)k * col]);

            for (int v = 0; v < vectors; v++)
                acc[m][v] += x * b[v];
        }
    }
    for (int m = 0; m < MR; m++)
        for (int v = 0; v < vectors; v++)
            vec_store(C + (size_t)m * ldc + (size_t)(v * VEC), acc[m][v]);
}

/* C (STRIP, N) = or += A (STRIP, K) B (K, N); A[m][k] at A[m * row + k * col]; N a multiple of VEC. */
static void product(int N, int K, const real *A, size_t row, size_t col, const real *B, size_t ldb,
                    real *C, size_t ldc, bool add)
{
    for (int m = 0; m < STRIP; m += MR) {
        const real *a = A + (size_t)m * row;
        real *c = C + (size_t)m * ldc;
        int n = 0;

        for (; n + 2 * VEC <= N; n += 2 * VEC)
            product_block(2, K, a, row, col, B + n, ldb, c + n, ldc, add);
        if (n < N)
            product_block(1, K, a, row, col, B + n, ldb, c + n, ldc, add);
    }
}

/* ------------------------------------------------------------------------------------- packing */

/* (rows, P) from n rows of d channels; what is beyond them is 0. */
static void pack_rows(const struct head *h, int n, int rows, const real *x, size_t stride, real *to)
{
    int d = h->a->d;

    for (int i = 0; i < n; i++) {
        const real *from = x + (size_t)i * stride;
        real *row = to + (size_t)i * (size_t)h->P;

        for (int c = 0; c < h->P; c += VEC)
            vec_store(row + c, c + VEC <= d ? vec_load(from + c)
                               : c < d      ? vec_load_part(from + c, d - c, 0)
                                            : vec_splat(0));
    }
    memset(to + (size_t)n * (size_t)h->P, 0, (size_t)(rows - n) * (size_t)h->P * sizeof(*to));
}

/* Queries i0 .. i0+n-1 times their factors over tau. */
static void pack_queries(const struct head *h, int i0, int n)
{
    const struct lx_attention_head *a = h->a;

    pack_rows(h, n, BLOCK, a->q + (size_t)i0 * a->stride, a->stride, h->q);
    for (int r = 0; r < n; r++) {
        real f = a->factor * h->cold * (a->scale != NULL ? a->scale[i0 + r] : (real)1);

        for (int c = 0; c < a->d; c++)
            h->q[(size_t)r * (size_t)h->P + (size_t)c] *= f;
    }
}

/* (tiles, d, TILE) from (T, d). */
static void pack_transposed(const struct head *h, const real *x, real *to)
{
    const struct lx_attention_head *a = h->a;
    int T = a->T, d = a->d;

    for (int j = 0; j < round_up(T, TILE); j += VEC) {
        real *tile = to + (size_t)(j / TILE) * (size_t)(d * TILE) + (size_t)(j % TILE);
        int rows = min_int(max_int(T - j, 0), VEC);

        for (int c = 0; c < d; c += VEC) {
            int channels = min_int(d - c, VEC);
            vec square[VEC_BYTES / sizeof(real)];

            for (int r = 0; r < VEC; r++) {
                const real *at = x + (size_t)(j + r) * a->stride + (size_t)c;

                square[r] = r >= rows         ? vec_splat(0)
                            : channels == VEC ? vec_load(at)
                                              : vec_load_part(at, channels, 0);
            }
            vec_transpose(square);
            for (int r = 0; r < channels; r++)
                vec_store(tile + (size_t)(c + r) * TILE, square[r]);
        }
    }
}

/* ------------------------------------------------------------------------------ rows and tiles */

/* Columns from .. to-1 of a tile; none if from >= to. */
struct span {
    int from, to;
};

/* The first key that query i sees, but for those that are always seen. */
static int first_seen(const struct lx_attention_head *a, int i)
{
    return a->first != NULL ? a->first[i] : max_int(i + 1 - a->window, 0);
}

/* The keys of the tile at j0 that query i sees; where some of the tile are always seen, hidden ones
 * may lie between. */
static struct span row_span(const struct lx_attention_head *a, int i, int j0)
{
    int from = j0 < a->always ? 0 : max_int(first_seen(a, i) - j0, 0);

    return (struct span){from, min_int(i + 1 - j0, TILE)};
}

/* The tile before that at j0 that a block whose first query is i0 sees something of; below 0: none. */
static int previous_tile(const struct lx_attention_head *a, int i0, int j0)
{
    int first = first_seen(a, i0) / TILE * TILE;
    int always = a->always > 0 ? (a->always - 1) / TILE * TILE : -TILE;

    j0 -= TILE;
    return j0 >= first ? j0 : min_int(j0, always);
}

/* The tile after that at j0 that a block whose first query is i0 sees something of. */
static int next_tile(const struct lx_attention_head *a, int i0, int j0)
{
    int first = first_seen(a, i0) / TILE * TILE;

    j0 += TILE;
    return j0 >= a->always && j0 < first ? first : j0;
}

static int first_tile(const struct lx_attention_head *a, int i0)
{
    return next_tile(a, i0, -TILE);
}

/* Those that any of STRIP queries from i on sees, rounded outwards to whole vectors and strips. */
static struct span strip_span(const struct lx_attention_head *a, int i, int j0)
{
    struct span first = row_span(a, i, j0);
    struct span last = row_span(a, min_int(i + STRIP, a->T) - 1, j0);

    if (first.from >= last.to)
        return (struct span){0, 0};
    return (struct span){first.from / UNIT * UNIT, round_up(last.to, UNIT)};
}

/* Logits of query i in the columns of its strip, HIDDEN where a key is not seen. `whole`: the row
 * sees all of the tile, which leaves x in registers. s (TILE) holds q.k; bias NULL: none. */
VEC_INLINE void logits(bool whole, const real *s, const real *bias, real cold, struct span strip,
                       struct span row, vec x[TILE / VEC])
{
    for (int c = whole ? 0 : strip.from; c < (whole ? TILE : strip.to); c += VEC) {
        vec y = vec_load(s + c);

        if (bias != NULL && (whole || c + VEC <= row.to))
            y += vec_load(bias + c) * cold;
        else if (bias != NULL && c < row.to)
            y += vec_load_part(bias + c, row.to - c, 0) * cold;
        x[c / VEC] = whole ? y : vec_between(y, row.from - c, row.to - c, HIDDEN);
    }
}

/* --------------------------------------------------------------------------------- rarer parts */

/* Whether row i has any in the tile at j0. */
static bool has_parts(const struct head *h, int j0)
{
    return h->parts || j0 < h->a->always;
}

/* Row i, columns `row` of the tile at j0: multiplies q.k in s (kept in z), returns all its biases. */
static const real *add_parts(struct head *h, int i, int j0, struct span row, real *s)
{
    const struct lx_attention_head *a = h->a;
    ptrdiff_t by_distance = a->T - 1 - i + j0;
    real *restrict bias = h->bias;

    for (int c = row.from; c < row.to; c++)
        bias[c] = a->bias != NULL ? a->bias[by_distance + c] : (real)0;
    if (a->key != NULL) {
        const double *restrict key = a->key + j0;
        double own = a->key[i];

        for (int c = row.from; c < row.to; c++)
            bias[c] += (real)(key[c] - own);
    }
    if (a->pair != NULL)
        a->pair(a->ctx, i, j0 + row.from, row.to - row.from, bias + row.from);
    for (int c = max_int(a->always - j0, 0); c < min_int(first_seen(a, i) - j0, row.to); c++)
        bias[c] = -(real)INFINITY;
    if (a->mul != NULL) {
        const real *restrict mul = a->mul + by_distance;

        memcpy(h->z, s, TILE * sizeof(*s));
        for (int c = row.from; c < row.to; c++)
            s[c] *= mul[c];
    }
    return h->bias;
}

/* ds comes as dL/dlogit and leaves as what q and k get. */
static void add_parts_back(struct head *h, int i, int j0, struct span row, real *ds)
{
    const struct lx_attention_head *a = h->a;
    ptrdiff_t by_distance = a->T - 1 - i + j0;
    real *restrict g = h->g;

    for (int c = row.from; c < row.to; c++)
        g[c] = ds[c] * h->cold;
    if (a->dkey != NULL) {
        double *restrict dkey = a->dkey + j0, sum = 0;

#pragma omp simd reduction(+ : sum)
        for (int c = row.from; c < row.to; c++) {
            sum += (double)g[c];
            dkey[c] += (double)g[c];
        }
        a->dkey[i] -= sum;
    }
    for (int c = row.from; a->dmul != NULL && c < row.to; c++)
        a->dmul[by_distance + c] += ds[c] * h->z[c];
    for (int c = row.from; a->mul != NULL && c < row.to; c++)
        ds[c] *= a->mul[by_distance + c];
    if (a->pair_back != NULL)
        a->pair_back(a->ctx, i, j0 + row.from, row.to - row.from, g + row.from);
}

#endif
