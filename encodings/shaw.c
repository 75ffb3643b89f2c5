/* Shaw's relative positions: vectors of clipped distances, on the side of keys and of values.
 *
 * Formula: bias of (i, j) = q_i . key[min(d, clip)] / sqrt(head_dim), out_i += sum over j of
 * A[i][j] value[min(d, clip)], d = i - j, q before any rotation.
 * Source: Shaw et al. 2018, arXiv:1803.02155, s. 3. key and value: (layers, clip + 1, head_dim), one table
 * for all heads, weight decay.
 * Without a causal mask the distances -clip .. -1 of keys after the query have rows of their own, as in
 * the paper.
 * Past the training length: all distances from clip on are one; rows for d >= L stay untrained, so keep
 * clip at or below L/4.
 * Options: clip, value (false: no value side).
 * First values: uniform in +-sqrt(6 / (clip + 1 + head_dim)) (Glorot).
 * Differences from the paper: no negative distances where attention is causal. */
#include <math.h>

#include "encodings/encoding.h"

struct shaw {
    int clip;
    bool with_value;
    int heads, head_dim;
    int rows; /* clip + 1; with two sides 2 clip + 1 */
    struct lx_param *key, *value;
};

static const struct lx_option options[] = {
    {.key = "clip",
     .type = LX_OPT_INT,
     .offset = offsetof(struct shaw, clip),
     .def = 16,
     .min = 1,
     .max = 4096,
     .help = "distance from which on all share a vector, tokens"},
    {.key = "value",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct shaw, with_value),
     .def = 1,
     .help = "vectors are added to values as well"},
    {.type = LX_OPT_END},
};

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct shaw *s = self;
    double bound = sqrt(6.0 / (s->rows + s->head_dim));

    for (size_t i = 0; i < n; i++)
        w[i] = (real)(bound * (2 * lx_rng_uniform(rng) - 1));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct shaw *s = self;
    int rows = (dims->both ? 2 : 1) * s->clip + 1;
    struct lx_param_spec spec = {.name = "encoding.shaw.key",
                                 .n_dims = 3,
                                 .dim = {dims->layers, rows, dims->head_dim},
                                 .fill = fill,
                                 .self = s,
                                 .decay = true};

    (void)arena;
    s->heads = dims->heads;
    s->head_dim = dims->head_dim;
    s->rows = rows;
    if (lx_paramset_add(params, &spec, &s->key, err))
        return err->code;
    spec.name = "encoding.shaw.value";
    return s->with_value ? lx_paramset_add(params, &spec, &s->value, err) : LX_OK;
}

static bool uses(const void *self, size_t hook)
{
    const struct shaw *s = self;

    return s->with_value || (hook != offsetof(struct lx_encoding_ops, value) &&
                             hook != offsetof(struct lx_encoding_ops, value_back));
}

/* The table's row for key j of query i. */
static int row_of(const struct shaw *s, const struct lx_enc_call *c, int i, int j)
{
    double d = c->pos != NULL ? c->pos[i] - c->pos[j] : i - j;

    if (d < 0)
        return s->clip + (-d < s->clip ? (int)-d : s->clip);
    return d < s->clip ? (int)d : s->clip;
}

static const real *vector(const struct shaw *s, const struct lx_param *p, int layer, int row)
{
    return p->w + (size_t)(layer * s->rows + row) * (size_t)s->head_dim;
}

static double dot(const struct shaw *s, const real *a, const real *b)
{
    double sum = 0;

    for (int k = 0; k < s->head_dim; k++)
        sum += (double)a[k] * (double)b[k];
    return sum;
}

/* Keys from the nearest on: those of one row of the table follow one another. *from is the last of them;
 * returns the first key of the run, its row in *row. */
static int run_before(const struct shaw *s, const struct lx_enc_call *c, int i, int end, int *row)
{
    int j = end - 1;

    *row = row_of(s, c, i, j);
    while (j > 0 && row_of(s, c, i, j - 1) == *row)
        j--;
    return j;
}

static void bias(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct shaw *s = self;
    double unit = 1 / sqrt(s->head_dim);

    for (int end = r->n, first, row; end > 0; end = first) {
        first = run_before(s, c, r->i, end, &row);
        for (int h = 0; h < s->heads; h++) {
            double b = unit * dot(s, r->q + h * s->head_dim, vector(s, s->key, c->layer, row));

            for (int j = first; j < end; j++)
                r->bias[(size_t)h * r->stride + (size_t)j] += (real)b;
        }
    }
}

/* Sums of a head: the gradient of key, then that of value. */
static size_t n_sums(const void *self, int T)
{
    const struct shaw *s = self;

    (void)T;
    return 2 * (size_t)s->rows * (size_t)s->head_dim;
}

static void bias_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct shaw *s = self;
    double unit = 1 / sqrt(s->head_dim);

    for (int end = r->n, first, row; end > 0; end = first) {
        first = run_before(s, c, r->i, end, &row);
        for (int h = 0; h < s->heads; h++) {
            const real *v = vector(s, s->key, c->layer, row), *q = r->q + h * s->head_dim;
            double *own = r->sums + (size_t)h * n_sums(s, r->n) + row * s->head_dim, g = 0;

            for (int j = first; j < end; j++)
                g += (double)r->dbias[(size_t)h * r->stride + (size_t)j];
            for (int k = 0; k < s->head_dim; k++) {
                r->dq[h * s->head_dim + k] += (real)(unit * g * (double)v[k]);
                own[k] += unit * g * (double)q[k];
            }
        }
    }
}

static void value(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct shaw *s = self;

    for (int end = r->n, first, row; end > 0; end = first) {
        first = run_before(s, c, r->i, end, &row);
        for (int h = 0; h < s->heads; h++) {
            const real *v = vector(s, s->value, c->layer, row);
            double p = 0;

            for (int j = first; j < end; j++)
                p += (double)r->p[(size_t)h * r->stride + (size_t)j];
            for (int k = 0; k < s->head_dim; k++)
                r->out[h * s->head_dim + k] += (real)(p * (double)v[k]);
        }
    }
}

static void value_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct shaw *s = self;

    for (int end = r->n, first, row; end > 0; end = first) {
        first = run_before(s, c, r->i, end, &row);
        for (int h = 0; h < s->heads; h++) {
            const real *g = r->dout + h * s->head_dim;
            double dp = dot(s, g, vector(s, s->value, c->layer, row)), p = 0;
            double *own = r->sums + (size_t)h * n_sums(s, r->n) + (s->rows + row) * s->head_dim;

            for (int j = first; j < end; j++) {
                r->dp[(size_t)h * r->stride + (size_t)j] += (real)dp;
                p += (double)r->p[(size_t)h * r->stride + (size_t)j];
            }
            for (int k = 0; k < s->head_dim; k++)
                own[k] += p * (double)g[k];
        }
    }
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct shaw *s = self;
    size_t n = (size_t)(s->rows * s->head_dim), at = (size_t)c->layer * n;

    for (int h = 0; h < s->heads; h++)
        for (size_t k = 0; k < n; k++) {
            s->key->g[at + k] += (real)sums[2 * (size_t)h * n + k];
            if (s->value != NULL)
                s->value->g[at + k] += (real)sums[(2 * (size_t)h + 1) * n + k];
        }
}

extern const struct lx_encoding_ops lx_encoding_shaw;

const struct lx_encoding_ops lx_encoding_shaw = {
    .name = "shaw",
    .title = "Shaw relative",
    .cite = "Shaw et al. 2018, arXiv:1803.02155, s. 3",
    .formula =
        "bias = q_i . key[min(d, clip)] / sqrt(head_dim), out_i += sum A value[min(d, clip)]",
    .beyond = "all distances from clip on share a vector",
    .both = LX_BOTH_SIGNED,
    .state_size = sizeof(struct shaw),
    .options = options,
    .init = init,
    .uses = uses,
    .reads_positions = true,
    .whole_positions = true,
    .bias = bias,
    .bias_back = bias_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
    .value = value,
    .value_back = value_back,
    .row_cost = {150, 3300},
};
