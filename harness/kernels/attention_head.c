/* The block kernels of attention; see attention_head.h. Compiled once per instruction set, like
 * simd.c. What both directions share is in attention_head_internal.h, what may be left out in
 * attention_skip_internal.h.
 *
 * The forward pass takes tiles from the newest to the oldest: where biases fall with the distance, a
 * row then finds its maximum in the first tile, and its sums need not be measured anew. */
#include "kernels/attention_skip_internal.h"
#include "kernels/simd_tables.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

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
    const real *bias = has_parts(h, j0)  ? add_parts(h, i, j0, row, s)
                       : a->bias != NULL ? a->bias + (a->T - 1 - i + j0)
                                         : NULL;
    vec x[TILE / VEC], top = vec_splat(HIDDEN), max, sum, weighted;
    real row_max;

    logits(whole, s, bias, h->cold, strip, row, x);
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

/* Whether a strip of n rows gets nothing from the tile at j0; than[r] is what row r compares with. */
static bool leave_out(const struct head *h, int r0, int n, int j0, struct range bias,
                      const real *than)
{
    double low = (double)INFINITY;

    if (!h->skips)
        return false;
    for (int r = 0; r < n; r++) {
        if (!(than[r] > -(real)INFINITY))
            return false; /* NaN, or nothing was seen yet */
        low = fmin(low, (double)than[r]);
    }
    if (!gets_nothing(h, r0 / STRIP, j0 / TILE, bias, low))
        return false;
    if (h->a->left_out != NULL)
        ++*h->a->left_out;
    return true;
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

/* Row i of the attention matrix, from logits to weights; kept: what a weight of 1 before the sink is. */
static void finish_attention(const struct lx_attention_head *a, int i, real max, real kept)
{
    real *row = a->attention + (size_t)i * (size_t)a->T;
    int first = first_seen(a, i);

    for (int j = 0; j < a->T; j++) {
        bool seen = j <= i && (j >= first || j < a->always);

        row[j] = seen ? (real)exp((double)row[j] - (double)max) * kept : (real)0;
    }
}

/* Row r of the block is complete: its output, and what the caller wants to know about it. With a sink
 * the weights are those of the keys alone times part, what the sink leaves of 1. */
static void finish_row(struct head *h, int i, int r)
{
    const struct lx_attention_head *a = h->a;
    real sum = vec_sum(vec_load(h->sum + r * VEC));
    real weighted = vec_sum(vec_load(h->weighted + r * VEC));
    real kept = 1 / sum, log_sum = (real)log((double)sum), entropy = log_sum - weighted / sum;
    real lse = h->max[r] + log_sum, *out = a->out + (size_t)i * a->out_stride;

    if (a->sink != NULL) {
        double more = log1p(exp((double)(*a->sink - lse)));
        real part = (real)exp(-more);

        lse += (real)more;
        kept *= part;
        entropy = part * (entropy + (real)more);
    }
    for (int c = 0; c < a->d; c++)
        out[c] = h->o[r * h->P + c] * kept;
    if (a->lse != NULL)
        a->lse[i] = lse;
    if (a->entropy != NULL)
        a->entropy[i] = entropy;
    if (a->max_prob != NULL)
        a->max_prob[i] = kept;
    if (a->attention != NULL)
        finish_attention(a, i, h->max[r], kept);
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
    if (h->skips)
        measure_queries(h);
    for (int j0 = (i0 + n - 1) / TILE * TILE; j0 >= 0; j0 = previous_tile(a, i0, j0)) {
        struct range bias = h->skips ? bias_range(h, i0, n, j0) : (struct range){0, 0};

        for (int r0 = 0; r0 < n; r0 += STRIP)
            if (!leave_out(h, r0, min_int(n - r0, STRIP), j0, bias, h->max + r0))
                forward_strip(h, i0, r0, j0);
    }
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

/* The same of doubles, in whole vectors so that what follows stays aligned. */
static double *take_doubles(struct pieces *p, size_t n)
{
    enum { WIDEST = 64 };
    size_t bytes = (n * sizeof(double) + WIDEST - 1) / WIDEST * WIDEST;

    return (double *)(void *)take(p, bytes / sizeof(real));
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
    h->parts = a->mul != NULL || a->key != NULL || a->pair != NULL;
    h->bias = take(&p, TILE);
    h->z = take(&p, TILE);
    h->g = take(&p, TILE);
    h->skips = may_skip(h);
    h->key_norm = take_doubles(&p, tokens / TILE);
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
    if (h.skips)
        measure_keys(&h, h.v, (size_t)h.P, false);
    for (int i0 = 0; i0 < a->T; i0 += BLOCK)
        forward_block(&h, i0);
}

/* ------------------------------------------------------------------------------------ backward */

/* Gates spread the logarithms of weights evenly, down to where their products with gradients are denormal
 * numbers, which take a hundred times as long. The backward pass takes such weights as 0. */
VEC_INLINE void drop_faint(vec lse, struct span strip, vec x[TILE / VEC])
{
    vec least = lse + vec_splat(FAINT);

    for (int c = strip.from; c < strip.to; c += VEC)
        x[c / VEC] = vec_where((vec_int)(x[c / VEC] < least), vec_splat(HIDDEN), x[c / VEC]);
}

/* One row of a tile: q.k in s becomes p, dL/dp in ds becomes dL/dlogit; 0 where a key is not seen. */
VEC_INLINE void backward_row(bool whole, struct head *h, int i, int j0, struct span strip,
                             struct span row, real delta, real *s, real *ds)
{
    const struct lx_attention_head *a = h->a;
    ptrdiff_t by_distance = a->T - 1 - i + j0;
    real *dbias = a->dbias != NULL ? a->dbias + by_distance : NULL;
    const real *bias = has_parts(h, j0)  ? add_parts(h, i, j0, row, s)
                       : a->bias != NULL ? a->bias + by_distance
                                         : NULL;
    vec x[TILE / VEC], lse = vec_splat(a->lse[i]);

    logits(whole, s, bias, h->cold, strip, row, x);
    if (a->key != NULL && sizeof(real) == sizeof(float))
        drop_faint(lse, strip, x);
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
    if (h->parts)
        add_parts_back(h, i, j0, row, ds);
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
        int to = n;
        size_t at = (size_t)(j0 + c) * P;

        while (j0 >= a->always && to > from && first_seen(a, i0 + to - 1) >= j0 + c + STRIP)
            to--;
        if (from >= to)
            continue;
        product(h->P, to - from, h->s + (size_t)from * TILE + (size_t)c, 1, TILE,
                h->o + (size_t)from * P, P, h->dv + at, P, true);
        product(h->P, to - from, h->ds + (size_t)from * TILE + (size_t)c, 1, TILE,
                h->q + (size_t)from * P, P, h->dk + at, P, true);
    }
}

/* The gradients of row r of the block that are sums over its keys. */
static void finish_row_back(const struct head *h, int i, int r, real delta)
{
    const struct lx_attention_head *a = h->a;
    real f = a->factor * h->cold * (a->scale != NULL ? a->scale[i] : (real)1);
    const real *q = a->q + (size_t)i * a->stride, *from = h->dq + r * h->P;
    real *dq = a->dq + (size_t)i * a->stride;

    for (int c = 0; c < a->d; c++)
        dq[c] = from[c] * f;
    if (a->dscale != NULL) {
        double sum = 0;

        for (int c = 0; c < a->d; c++)
            sum += (double)from[c] * (double)q[c];
        a->dscale[i] = (real)sum * a->factor * h->cold;
    }
    if (a->dsink != NULL)
        *a->dsink -= exp((double)(*a->sink - a->lse[i])) * (double)delta;
}

static void backward_tile(struct head *h, int i0, int n, int j0, const real *delta)
{
    struct range bias = h->skips ? bias_range(h, i0, n, j0) : (struct range){0, 0};
    bool any = false;

    for (int r0 = 0; r0 < n; r0 += STRIP) {
        if (leave_out(h, r0, min_int(n - r0, STRIP), j0, bias, h->a->lse + i0 + r0)) {
            memset(h->s + r0 * TILE, 0, STRIP * TILE * sizeof(*h->s));
            memset(h->ds + r0 * TILE, 0, STRIP * TILE * sizeof(*h->ds));
            continue;
        }
        backward_strip(h, i0, r0, j0, delta);
        any = true;
    }
    if (any)
        backward_keys(h, i0, n, j0);
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
    if (h->skips)
        measure_queries_back(h, delta);
    for (int j0 = first_tile(a, i0); j0 < i0 + n; j0 = next_tile(a, i0, j0))
        backward_tile(h, i0, n, j0, delta);
    for (int r = 0; r < n; r++)
        finish_row_back(h, i0 + r, r, delta[r]);
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
    if (h.skips)
        measure_keys(&h, h.vt, (size_t)a->d, true);
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
