/* T5 relative bias: one learned number for every head and bucket of distances.
 *
 * Formula: dist[h][d] = bias[bucket(d)][h]; with B buckets and E = B/2 (rounded down)
 *     bucket(d) = d                                                       for d < E
 *     bucket(d) = min(B - 1, E + floor((B - E) ln(d/E) / ln(max_distance/E)))  otherwise,
 * for 32 and 128 the identity to 15, then buckets that begin at 16 19 21 24 27 31 35 40 46 52 59 67
 * 77 87 99 113.
 * Source: Raffel et al. 2020, arXiv:1910.10683, s. 2.1; the rule is that of its code for decoders.
 * Past the training length: all distances of the last bucket share one bias, so far keys are neither
 * near nor far; how far attention disperses depends on how low training pushed that bias. Buckets
 * that begin past L - 1 get no gradient and keep their first values: choose max_distance at most
 * train_length (the papers that compare use a fourth).
 * Options: buckets, max_distance, shared (one table for all layers, as in T5; false: one a layer).
 * First values: zeros, so that training begins without a preference; the Hugging Face code draws
 * N(0, 1/d_model), GPT-NeoX a normal with sqrt(head_dim) on top. No weight decay.
 * Differences from the paper: three conventions for the scale exist: q.k + bias (T5, with no division
 * at all), (q.k + bias)/sqrt(head_dim) (textbooks), q.k/sqrt(head_dim) + sqrt(head_dim) bias
 * (GPT-NeoX). Here q.k/sqrt(head_dim) + bias, as for every bias of this program.
 * Ties: where max_distance/E is a power of an integer, a distance can hit a boundary exactly (B = 8,
 * max_distance = 16, d = 8). It belongs to the bucket that begins there, as in exact arithmetic;
 * rounding in a direct evaluation can put it one lower (B = 9, max_distance = 128, d = 8).
 * Without a causal mask, as in T5's encoder, B is half of `buckets`, and keys after the query have the
 * other half of the table.
 * Textbooks count buckets 0..n_b: B = n_b + 1, and use half = (n_b + 1)/2 unrounded; the same rule for
 * odd n_b, other buckets for even n_b. */
#include <math.h>

#include "encodings/encoding.h"

struct t5 {
    int buckets, max_distance;
    bool shared;
    int heads;
    bool both;             /* two sides, each half of the buckets */
    int *bucket_of;        /* (max_length) */
    struct lx_param *bias; /* (B, H), or (layers, B, H) unless shared */
};

static const struct lx_option options[] = {
    {.key = "buckets",
     .type = LX_OPT_INT,
     .offset = offsetof(struct t5, buckets),
     .def = 32,
     .min = 2,
     .max = 4096,
     .help = "number of buckets, the first half for exact distances"},
    {.key = "max_distance",
     .type = LX_OPT_INT,
     .offset = offsetof(struct t5, max_distance),
     .def = 128,
     .min = 2,
     .max = 1e9,
     .help = "distance from which on all share the last bucket, tokens; above buckets/2"},
    {.key = "shared",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct t5, shared),
     .def = 1,
     .help = "one table for all layers"},
    {.type = LX_OPT_END},
};

/* Buckets of one side. */
static int of_side(const struct t5 *s)
{
    return s->both ? s->buckets / 2 : s->buckets;
}

static int bucket(const void *self, int d)
{
    const struct t5 *s = self;
    int exact = of_side(s) / 2, wide = of_side(s) - exact;
    double step;

    if (d < exact)
        return d;
    step = log((double)d / exact) / log((double)s->max_distance / exact) * wide;
    /* The margin takes ties upwards; no other distance comes that close to a boundary. */
    step = floor(step + 1e-12 * wide);
    return step < wide - 1 ? exact + (int)step : of_side(s) - 1;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct t5 *s = self;
    struct lx_param_spec one = {
        .name = "encoding.t5.bias", .n_dims = 2, .dim = {s->buckets, dims->heads}};
    struct lx_param_spec many = {
        .name = "encoding.t5.bias", .n_dims = 3, .dim = {dims->layers, s->buckets, dims->heads}};
    enum lx_code code;
    int d;

    s->both = dims->both;
    if (s->both && (s->buckets < 4 || s->buckets % 2 != 0))
        return lx_fail(err, LX_ECONFIG,
                       "buckets: must be even and at least 4 with attention bidirectional, which "
                       "halves them, got %d",
                       s->buckets);
    if (s->max_distance <= of_side(s) / 2)
        return lx_fail(err, LX_ECONFIG, "max_distance: must be above buckets/%d = %d, got %d",
                       s->both ? 4 : 2, of_side(s) / 2, s->max_distance);
    s->heads = dims->heads;
    code = lx_paramset_add(params, s->shared ? &one : &many, &s->bias, err);
    if (code == LX_OK)
        code = lx_arena_get(arena, (size_t)dims->max_length, sizeof(int), &s->bucket_of,
                            "t5 buckets", err);
    for (d = 0; code == LX_OK && s->bucket_of != NULL && d < dims->max_length; d++)
        s->bucket_of[d] = bucket(s, d);
    return code;
}

static int rows(const void *self)
{
    const struct t5 *s = self;

    return s->buckets;
}

/* First value, within the array, of the table that a layer uses for keys on one side. */
static size_t table_of(const struct t5 *s, const struct lx_enc_call *c)
{
    size_t table = s->shared ? 0 : (size_t)c->layer * (size_t)s->buckets;

    return (table + (c->ahead ? (size_t)of_side(s) : 0)) * (size_t)s->heads;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct t5 *s = self;
    const real *bias = s->bias->w + table_of(s, c);
    size_t H = (size_t)s->heads, T = (size_t)c->T, h, d;

    for (h = 0; h < H; h++)
        for (d = 0; d < T; d++)
            table[h * T + d] += bias[(size_t)s->bucket_of[d] * H + h];
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct t5 *s = self;
    real *dbias = s->bias->g + table_of(s, c);
    size_t H = (size_t)s->heads, T = (size_t)c->T, h, d;

    for (h = 0; h < H; h++)
        for (d = 0; d < T; d++)
            dbias[(size_t)s->bucket_of[d] * H + h] += dtable[h * T + d];
}

extern const struct lx_encoding_ops lx_encoding_t5;

const struct lx_encoding_ops lx_encoding_t5 = {
    .name = "t5",
    .title = "T5 bias",
    .cite = "Raffel et al. 2020, arXiv:1910.10683, s. 2.1",
    .formula = "dist[h][d] = bias[bucket(d)][h], buckets exact, then logarithmic",
    .beyond = "all distances from max_distance on share one bias",
    .both = LX_BOTH_SIGNED,
    .state_size = sizeof(struct t5),
    .options = options,
    .init = init,
    .whole_positions = true,
    .dist = dist,
    .dist_back = dist_back,
    .bucket = bucket,
    .rows = rows,
};
