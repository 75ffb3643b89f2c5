/* The block kernels of attention; see attention_head.h. Compiled once per instruction set, like
 * simd.c.
 *
 * Every product here is of one form, C[m][n] += sum_k A[m][k] B[k][n] with n in vectors: scores take
 * B from the transposed keys, outputs from the values, and gradients of keys and values read A by
 * columns. product() does it for STRIP rows at a time, in registers. Rows of queries come in blocks
 * of BLOCK, keys in tiles of TILE; strips that the causal mask or the window hides are left out. */
#include "tensor/attention_head.h"

#include <stdbool.h>

#include "tensor/simd_tables.h"
#include "tensor/vec.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

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
    real cold; /* 1 / tau */
};

/* The logit of a key that is not seen: far below all others, yet finite, so that 0 times it is 0.
 * Logits of minus infinity are raised to it. */
#define HIDDEN ((real)-1e30)

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

/* The keys of the tile at j0 that query i sees. */
static struct span row_span(const struct lx_attention_head *a, int i, int j0)
{
    return (struct span){max_int(i + 1 - a->window - j0, 0), min_int(i + 1 - j0, TILE)};
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

/* ------------------------------------------------------------------------------------- forward */

/* A new maximum for row r: what was summed so far is measured against it. */
static void rebase(struct head *h, int r, real max)
{
    real *sum = h->sum + r * VEC, *weighted = h->weighted + r * VEC, *o = h->o + r * h->P;
    real shift = h->max[r] - max;
    vec keep;

    h->max[r] = max;
    if (!(shift > -(real)INFINITY))
        return; /* the first tile of the row: all sums are 0 */
    keep = vec_exp(vec_splat(shift));
    vec_store(weighted, keep * (vec_load(weighted) + shift * vec_load(sum)));
    vec_store(sum, keep * vec_load(sum));
    for (int c = 0; c < h->P; c += VEC)
        vec_store(o + c, keep * vec_load(o + c));
}

/* One row of a tile: q.k in s becomes exp(logit - max), 0 where a key is not seen, and the sums of
 * the row go on. */
VEC_INLINE void forward_row(bool whole, struct head *h, int i, int r, int j0, struct span strip,
                            struct span row, real *s)
{
    const struct lx_attention_head *a = h->a;
    int from = whole ? 0 : strip.from, to = whole ? TILE : strip.to;
    vec x[TILE / VEC], top = vec_splat(HIDDEN), max, sum, weighted;
    real row_max;

    logits(whole, s, a->bias != NULL ? a->bias + (a->T - 1 - i + j0) : NULL, h->cold, strip, row,
           x);
    if (a->attention != NULL)
        for (int c = row.from; c < row.to; c++)
            a->attention[(size_t)i * (size_t)a->T + (size_t)(j0 + c)] = x[c / VEC][c % VEC];
    for (int c = from; c < to; c += VEC)
        top = vec_max(top, x[c / VEC]);
    row_max = vec_max_lane(top);
    if (!(row_max <= h->max[r]))
        rebase(h, r, row_max);
    max = vec_splat(h->max[r]);
    sum = vec_load(h->sum + r * VEC);
    weighted = vec_load(h->weighted + r * VEC);
    for (int c = from; c < to; c += VEC) {
        vec y = vec_max(vec_splat(HIDDEN), x[c / VEC] - max), e = vec_exp(y);

        vec_store(s + c, e);
        sum += e;
        weighted += e * y;
    }
    vec_store(h->sum + r * VEC, sum);
    vec_store(h->weighted + r * VEC, weighted);
}

/* The strip of queries that begins with row r0 of the block at i0, over the tile at j0. */
static void forward_strip(struct head *h, int i0, int r0, int j0)
{
    const struct lx_attention_head *a = h->a;
    struct span strip = strip_span(a, i0 + r0, j0);
    size_t P = (size_t)h->P, from = (size_t)strip.from;

    if (strip.from >= strip.to)
        return;
    product(strip.to - strip.from, a->d, h->q + (size_t)r0 * P, P, 1,
            h->kt + (size_t)j0 * (size_t)a->d + from, TILE, h->s + from, TILE, false);
    for (int r = r0; r < r0 + STRIP; r++) {
        struct span row = row_span(a, i0 + r, j0);
        real *s = h->s + (size_t)(r - r0) * TILE;

        if (i0 + r >= a->T || row.from >= row.to)
            memset(s, 0, TILE * sizeof(*s));
        else if (row.from == 0 && row.to == TILE)
            forward_row(true, h, i0 + r, r, j0, strip, row, s);
        else
            forward_row(false, h, i0 + r, r, j0, strip, row, s);
    }
    product(h->P, min_int(strip.to, a->T - j0) - strip.from, h->s + from, TILE, 1,
            h->v + ((size_t)j0 + from) * P, P, h->o + (size_t)r0 * P, P, true);
}

/* Row r of the block is complete: its output, and what the caller wants to know about it. */
static void finish_row(struct head *h, int i, int r)
{
    const struct lx_attention_head *a = h->a;
    real sum = vec_sum(vec_load(h->sum + r * VEC));
    real weighted = vec_sum(vec_load(h->weighted + r * VEC));
    real part = 1 / sum, log_sum = (real)log((double)sum);
    real *out = a->out + (size_t)i * a->out_stride;

    for (int c = 0; c < a->d; c++)
        out[c] = h->o[r * h->P + c] * part;
    if (a->lse != NULL)
        a->lse[i] = h->max[r] + log_sum;
    if (a->entropy != NULL)
        a->entropy[i] = log_sum - weighted / sum;
    if (a->max_prob != NULL)
        a->max_prob[i] = part;
    if (a->attention != NULL) {
        real *row = a->attention + (size_t)i * (size_t)a->T;
        int first = max_int(i + 1 - a->window, 0);

        memset(row, 0, (size_t)first * sizeof(*row));
        for (int j = first; j <= i; j++)
            row[j] = (real)exp((double)row[j] - (double)h->max[r]) * part;
        memset(row + i + 1, 0, (size_t)(a->T - 1 - i) * sizeof(*row));
    }
}

static void forward_block(struct head *h, int i0)
{
    const struct lx_attention_head *a = h->a;
    int n = min_int(a->T - i0, BLOCK);

    pack_queries(h, i0, n);
    memset(h->o, 0, (size_t)(BLOCK * h->P) * sizeof(*h->o));
    memset(h->sum, 0, (size_t)(BLOCK * VEC) * sizeof(*h->sum));
    memset(h->weighted, 0, (size_t)(BLOCK * VEC) * sizeof(*h->weighted));
    for (int r = 0; r < BLOCK; r++)
        h->max[r] = -(real)INFINITY;
    for (int j0 = max_int(i0 + 1 - a->window, 0) / TILE * TILE; j0 < i0 + n; j0 += TILE)
        for (int r0 = 0; r0 < n; r0 += STRIP)
            forward_strip(h, i0, r0, j0);
    for (int r = 0; r < n; r++)
        finish_row(h, i0 + r, r);
}

/* Hands out consecutive pieces of a buffer; with no buffer it only counts. */
struct pieces {
    real *base;
    size_t used;
};

static real *take(struct pieces *p, size_t n)
{
    real *at = p->base != NULL ? p->base + p->used : NULL;

    p->used += n;
    return at;
}

/* Lays the buffers of h over the scratch; returns how many reals that takes, the same for every
 * instruction set. */
static size_t lay_out(struct head *h, const struct lx_attention_head *a, bool training)
{
    enum { WIDEST = 16 };
    size_t tokens = (size_t)round_up(a->T, TILE), P = (size_t)round_up(a->d, WIDEST);
    struct pieces p = {.base = a->scratch};

    h->a = a;
    h->P = (int)P;
    h->cold = 1 / a->tau;
    h->kt = take(&p, tokens * (size_t)a->d);
    h->q = take(&p, BLOCK * P);
    h->o = take(&p, BLOCK * P);
    h->sum = take(&p, BLOCK * WIDEST);
    h->weighted = take(&p, BLOCK * WIDEST);
    h->s = take(&p, BLOCK * TILE);
    if (!training) {
        h->v = take(&p, tokens * P);
        return p.used;
    }
    h->vt = take(&p, tokens * (size_t)a->d);
    h->k = take(&p, tokens * P);
    h->dk = take(&p, tokens * P);
    h->dv = take(&p, tokens * P);
    h->dq = take(&p, BLOCK * P);
    h->ds = take(&p, BLOCK * TILE);
    return p.used;
}

void JOIN(lx_attention_forward_, LX_SIMD)(const struct lx_attention_head *a)
{
    struct head h;

    (void)lay_out(&h, a, false);
    pack_transposed(&h, a->k, h.kt);
    pack_rows(&h, a->T, a->T, a->v, a->stride, h.v);
    for (int i0 = 0; i0 < a->T; i0 += BLOCK)
        forward_block(&h, i0);
}

/* ------------------------------------------------------------------------------------ backward */

/* One row of a tile: q.k in s becomes p, dL/dp in ds becomes dL/dlogit; 0 where a key is not seen. */
VEC_INLINE void backward_row(bool whole, const struct head *h, int i, int j0, struct span strip,
                             struct span row, real delta, real *s, real *ds)
{
    const struct lx_attention_head *a = h->a;
    ptrdiff_t by_distance = a->T - 1 - i + j0;
    real *dbias = a->dbias != NULL ? a->dbias + by_distance : NULL;
    vec x[TILE / VEC], lse = vec_splat(a->lse[i]);

    logits(whole, s, a->bias != NULL ? a->bias + by_distance : NULL, h->cold, strip, row, x);
    for (int c = whole ? 0 : strip.from; c < (whole ? TILE : strip.to); c += VEC) {
        vec p = vec_exp(x[c / VEC] - lse), dx = p * (vec_load(ds + c) - delta);

        vec_store(s + c, p);
        vec_store(ds + c, dx);
        dx *= h->cold;
        if (dbias != NULL && (whole || c + VEC <= row.to))
            vec_store(dbias + c, vec_load(dbias + c) + dx);
        else if (dbias != NULL && c < row.to)
            vec_store_part(dbias + c, vec_load_part(dbias + c, row.to - c, 0) + dx, row.to - c);
    }
}

/* p, dL/dlogit and the gradient of the queries for one strip over one tile. */
static void backward_strip(struct head *h, int i0, int r0, int j0, const real *delta)
{
    const struct lx_attention_head *a = h->a;
    struct span strip = strip_span(a, i0 + r0, j0);
    size_t P = (size_t)h->P, from = (size_t)strip.from;
    size_t tile = (size_t)j0 * (size_t)a->d + from;
    real *s = h->s + (size_t)r0 * TILE, *ds = h->ds + (size_t)r0 * TILE;

    if (strip.from >= strip.to)
        return;
    product(strip.to - strip.from, a->d, h->q + (size_t)r0 * P, P, 1, h->kt + tile, TILE, s + from,
            TILE, false);
    product(strip.to - strip.from, a->d, h->o + (size_t)r0 * P, P, 1, h->vt + tile, TILE, ds + from,
            TILE, false);
    for (int r = r0; r < r0 + STRIP; r++, s += TILE, ds += TILE) {
        struct span row = row_span(a, i0 + r, j0);

        if (i0 + r >= a->T || row.from >= row.to) {
            memset(s, 0, TILE * sizeof(*s));
            memset(ds, 0, TILE * sizeof(*ds));
        } else if (row.from == 0 && row.to == TILE) {
            backward_row(true, h, i0 + r, j0, strip, row, delta[r], s, ds);
        } else {
            backward_row(false, h, i0 + r, j0, strip, row, delta[r], s, ds);
        }
    }
    product(h->P, min_int(strip.to, a->T - j0) - strip.from, h->ds + (size_t)r0 * TILE + from, TILE,
            1, h->k + ((size_t)j0 + from) * P, P, h->dq + (size_t)r0 * P, P, true);
}

/* The gradients of the keys and values of the tile at j0, from the queries i0 .. i0+n-1. */
static void backward_keys(struct head *h, int i0, int n, int j0)
{
    const struct lx_attention_head *a = h->a;
    size_t P = (size_t)h->P;
    int columns = min_int(i0 + n - j0, TILE);

    for (int c = 0; c < columns; c += STRIP) {
        /* the rows that see any of the columns c .. c+STRIP-1 */
        int from = max_int(j0 + c - i0, 0);
        int to = a->window >= a->T ? n : min_int(j0 + c + STRIP - 1 + a->window - i0, n);
        size_t at = (size_t)(j0 + c) * P;

        if (from >= to)
            continue;
        product(h->P, to - from, h->s + (size_t)from * TILE + (size_t)c, 1, TILE,
                h->o + (size_t)from * P, P, h->dv + at, P, true);
        product(h->P, to - from, h->ds + (size_t)from * TILE + (size_t)c, 1, TILE,
                h->q + (size_t)from * P, P, h->dk + at, P, true);
    }
}

static void backward_block(struct head *h, int i0)
{
    const struct lx_attention_head *a = h->a;
    int n = min_int(a->T - i0, BLOCK);
    real delta[BLOCK] = {0};

    pack_queries(h, i0, n);
    pack_rows(h, n, BLOCK, a->dout + (size_t)i0 * a->out_stride, a->out_stride, h->o);
    memset(h->dq, 0, (size_t)(BLOCK * h->P) * sizeof(*h->dq));
    for (int r = 0; r < n; r++) {
        const real *out = a->out + (size_t)(i0 + r) * a->out_stride;

        for (int c = 0; c < a->d; c++)
            delta[r] += h->o[r * h->P + c] * out[c];
    }
    for (int j0 = max_int(i0 + 1 - a->window, 0) / TILE * TILE; j0 < i0 + n; j0 += TILE) {
        for (int r0 = 0; r0 < n; r0 += STRIP)
            backward_strip(h, i0, r0, j0, delta);
        backward_keys(h, i0, n, j0);
    }
    for (int r = 0; r < n; r++) {
        real f = a->factor * h->cold * (a->scale != NULL ? a->scale[i0 + r] : (real)1);
        real *dq = a->dq + (size_t)(i0 + r) * a->stride;

        for (int c = 0; c < a->d; c++)
            dq[c] = h->dq[r * h->P + c] * f;
    }
}

static void unpack_rows(const struct head *h, const real *from, real *x)
{
    for (int i = 0; i < h->a->T; i++)
        memcpy(x + (size_t)i * h->a->stride, from + (size_t)i * (size_t)h->P,
               (size_t)h->a->d * sizeof(*x));
}

void JOIN(lx_attention_backward_, LX_SIMD)(const struct lx_attention_head *a)
{
    struct head h;
    size_t rows;

    (void)lay_out(&h, a, true);
    rows = (size_t)round_up(a->T, TILE) * (size_t)h.P;
    pack_transposed(&h, a->k, h.kt);
    pack_transposed(&h, a->v, h.vt);
    pack_rows(&h, a->T, a->T, a->k, a->stride, h.k);
    memset(h.dk, 0, rows * sizeof(*h.dk));
    memset(h.dv, 0, rows * sizeof(*h.dv));
    for (int i0 = 0; i0 < a->T; i0 += BLOCK)
        backward_block(&h, i0);
    unpack_rows(&h, h.dk, a->dk);
    unpack_rows(&h, h.dv, a->dv);
}

size_t JOIN(lx_attention_scratch_, LX_SIMD)(int T, int d, bool training)
{
    struct lx_attention_head a = {.T = T, .d = d};
    struct head h;

    return lay_out(&h, &a, training);
}
