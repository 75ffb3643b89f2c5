/* Relative bias: one learned number for every head and offset, no sharing of far offsets.
 *
 * Formula: dist[h][d] = bias[min(d, offsets - 1)][h]; with past = zero it is 0 for d >= offsets.
 * Source: the bias of Raffel et al. 2020, arXiv:1910.10683, s. 2.1, without its buckets; offsets are
 * clipped as in Shaw et al. 2018, arXiv:1803.02155, s. 3.2. With offsets = buckets it has as many
 * parameters as t5 and spends them all near the query, which is the comparison it is here for.
 * Without a causal mask keys after the query have offsets - 1 rows of their own, after the others.
 * Past the training length: offsets from the end of the table on share its last number, or get none.
 * Rows for offsets of L and more are never trained and keep their first values: offsets above
 * train_length shows what untrained numbers do.
 * Options: offsets (rows of the table), past (clamp, zero), shared (one table for all layers).
 * First values: zeros, as for t5. No weight decay.
 * Differences from the papers: Raffel et al. share numbers among far offsets, Shaw et al. learn
 * vectors; the bias comes after the division by sqrt(head_dim), as for every bias of this program. */
#include "encodings/encoding.h"

enum past { PAST_CLAMP, PAST_ZERO };

struct relative {
    int offsets;
    int past; /* enum past */
    bool shared;
    int heads;
    int rows;              /* offsets; with two sides 2 offsets - 1 */
    struct lx_param *bias; /* (rows, H), or (layers, rows, H) unless shared */
};

static const struct lx_option options[] = {
    {.key = "offsets",
     .type = LX_OPT_INT,
     .offset = offsetof(struct relative, offsets),
     .def = 32,
     .min = 1,
     .max = 65536,
     .help = "rows of the table: offsets 0 to offsets - 1 have a number of their own"},
    {.key = "past",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct relative, past),
     .text = "clamp|zero",
     .help = "larger offsets: the last number of the table, or none"},
    {.key = "shared",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct relative, shared),
     .def = 1,
     .help = "one table for all layers"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct relative *s = self;
    int n = dims->both ? 2 * s->offsets - 1 : s->offsets;
    struct lx_param_spec one = {
        .name = "encoding.relative.bias", .n_dims = 2, .dim = {n, dims->heads}};
    struct lx_param_spec many = {
        .name = "encoding.relative.bias", .n_dims = 3, .dim = {dims->layers, n, dims->heads}};

    (void)arena;
    s->rows = n;
    s->heads = dims->heads;
    return lx_paramset_add(params, s->shared ? &one : &many, &s->bias, err);
}

/* Row of the table that distance d uses; -1: none. */
static int bucket(const void *self, int d)
{
    const struct relative *s = self;

    if (d < s->offsets)
        return d;
    return s->past == PAST_CLAMP ? s->offsets - 1 : -1;
}

static int rows(const void *self)
{
    const struct relative *s = self;

    return s->rows;
}

/* First value, within the array, of the table that a layer uses for keys on one side. */
static size_t table_of(const struct relative *s, const struct lx_enc_call *c)
{
    size_t table = s->shared ? 0 : (size_t)c->layer * (size_t)s->rows;

    return (table + (c->ahead ? (size_t)s->offsets - 1 : 0)) * (size_t)s->heads;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct relative *s = self;
    const real *bias = s->bias->w + table_of(s, c);

    for (int d = 0; d < c->T && bucket(s, d) >= 0; d++)
        for (int h = 0; h < s->heads; h++)
            table[(size_t)h * (size_t)c->T + (size_t)d] += bias[bucket(s, d) * s->heads + h];
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct relative *s = self;
    real *dbias = s->bias->g + table_of(s, c);

    for (int d = 0; d < c->T && bucket(s, d) >= 0; d++)
        for (int h = 0; h < s->heads; h++)
            dbias[bucket(s, d) * s->heads + h] += dtable[(size_t)h * (size_t)c->T + (size_t)d];
}

extern const struct lx_encoding_ops lx_encoding_relative;

const struct lx_encoding_ops lx_encoding_relative = {
    .name = "relative",
    .title = "relative bias",
    .cite = "Raffel et al. 2020, arXiv:1910.10683, s. 2.1, without buckets",
    .formula = "dist[h][d] = bias[min(d, offsets - 1)][h]",
    .beyond = "all offsets past the table share its last number",
    .both = LX_BOTH_SIGNED,
    .state_size = sizeof(struct relative),
    .options = options,
    .init = init,
    .whole_positions = true,
    .dist = dist,
    .dist_back = dist_back,
    .bucket = bucket,
    .rows = rows,
};
