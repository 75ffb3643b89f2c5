/* CoPE: positions count tokens that the query finds worth counting.
 *
 * Formula: g[i][k] = sigmoid(z[i][k]) for keys that are seen, z the product of query and key;
 * p[i][j] = min(sum over k = j .. i of g[i][k], positions - 1); e[r] = q_i . table[r];
 * bias[i][j] = ((1 - w) e[floor p] + w e[ceil p]) / sqrt(head_dim), w = p - floor p.
 * Source: Golovneva et al. 2024, arXiv:2405.18719.
 * Past the training length: counts are capped at positions - 1, beyond which all keys are alike.
 * Options: positions (rows of the table, 0: L), divide (false: no 1 / sqrt(head_dim), as in the paper's
 * listing). Array table (layers, positions, head_dim), one for all heads, begins at 0, with weight decay.
 * Differences from the paper: none with divide false. Not together with a scheme that rotates. */
#include <math.h>

#include "encodings/arrays.h"

struct cope {
    int given; /* the option positions, 0: train_length */
    bool divide;
    int positions;
    struct lx_enc_dims dims;
    struct lx_param *table; /* (layers, positions, head_dim) */
};

static const struct lx_option options[] = {
    {.key = "positions",
     .type = LX_OPT_INT,
     .offset = offsetof(struct cope, given),
     .min = 0,
     .max = 1 << 20,
     .help = "rows of the table, at least 2, 0 = train.length"},
    {.key = "divide",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct cope, divide),
     .def = 1,
     .help = "divide by sqrt(head_dim), as content is"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct cope *s = self;
    struct lx_param_spec spec = {.name = "encoding.cope.table", .n_dims = 2, .decay = true};

    (void)arena;
    s->dims = *dims;
    s->positions = s->given > 0 ? s->given : dims->train_length;
    if (s->positions < 2)
        return lx_fail(err, LX_ECONFIG, "positions: must be at least 2, got %d", s->positions);
    spec.dim[0] = s->positions;
    spec.dim[1] = dims->head_dim;
    return lx_enc_array(params, dims, false, spec, &s->table, err);
}

static const real *table_row(const struct cope *s, const struct lx_enc_call *c, int r)
{
    return s->table->w + lx_enc_array_at(s->table, &s->dims, false, c->layer) +
           (size_t)(r * s->dims.head_dim);
}

/* q . table[r], over sqrt(head_dim). */
static double read_row(const struct cope *s, const struct lx_enc_call *c, const real *q, int r)
{
    const real *row = table_row(s, c, r);
    real sum = 0;

    for (int i = 0; i < s->dims.head_dim; i++)
        sum += q[i] * row[i];
    return s->divide ? (double)sum / sqrt(s->dims.head_dim) : (double)sum;
}

static double gate(const struct lx_enc_row *row, size_t at, int j)
{
    return row->seen[j] ? 1 / (1 + exp(-(double)row->z[at + (size_t)j])) : 0;
}

/* A walk over the keys of a head from the last to the first, counting. */
struct count {
    double sum, w; /* gates so far; part of the upper row */
    int low;       /* lower row, -1 at the start          */
    bool capped;
    double e[2]; /* what rows low and low + 1 give      */
};

/* One key more; true if low has changed. */
static bool step(const struct cope *s, const struct lx_enc_call *c, const real *q, double gate,
                 struct count *n)
{
    double p;
    int low;

    n->sum += gate;
    n->capped = n->sum >= s->positions - 1;
    p = n->capped ? s->positions - 1 : n->sum;
    low = (int)p < s->positions - 1 ? (int)p : s->positions - 2;
    n->w = p - low;
    if (low == n->low)
        return false;
    n->e[0] = read_row(s, c, q, low);
    n->e[1] = read_row(s, c, q, low + 1);
    n->low = low;
    return true;
}

static void bias(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row)
{
    const struct cope *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        size_t at = (size_t)h * row->stride;
        const real *q = row->q + (size_t)(h * s->dims.head_dim);
        struct count n = {.low = -1};

        for (int j = row->n - 1; j >= 0; j--) {
            (void)step(s, c, q, gate(row, at, j), &n);
            row->bias[at + (size_t)j] += (real)((1 - n.w) * n.e[0] + n.w * n.e[1]);
        }
    }
}

/* Rows low and low + 1 of the table gave `by` what is behind them. */
static void add_rows(const struct cope *s, const struct lx_enc_call *c, int low, double by[2],
                     const real *q, real *dq, double *sums)
{
    double unit = s->divide ? 1 / sqrt(s->dims.head_dim) : 1;

    for (int k = 0; k < 2 && low >= 0; k++) {
        const real *from = table_row(s, c, low + k);
        double *to = sums + (size_t)((low + k) * s->dims.head_dim), g = by[k] * unit;

        for (int i = 0; i < s->dims.head_dim; i++) {
            to[i] += g * (double)q[i];
            dq[i] += (real)(g * (double)from[i]);
        }
        by[k] = 0;
    }
}

/* Sums of a head: what its reading gives the table. The gate of key k counts for all keys up to k. */
static void bias_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row)
{
    const struct cope *s = self;
    size_t own = (size_t)(s->positions * s->dims.head_dim);

    for (int h = 0; h < s->dims.heads; h++) {
        size_t at = (size_t)h * row->stride, first = (size_t)(h * s->dims.head_dim);
        struct count n = {.low = -1};
        double by[2] = {0}, sum = 0;
        int low = -1;

        for (int j = row->n - 1; j >= 0; j--) {
            double g = (double)row->dbias[at + (size_t)j];

            if (step(s, c, row->q + first, gate(row, at, j), &n)) {
                add_rows(s, c, low, by, row->q + first, row->dq + first,
                         row->sums + (size_t)h * own);
                low = n.low;
            }
            by[0] += g * (1 - n.w);
            by[1] += g * n.w;
            row->spare[at + (size_t)j] = n.capped ? 0 : (real)(g * (n.e[1] - n.e[0]));
        }
        add_rows(s, c, low, by, row->q + first, row->dq + first, row->sums + (size_t)h * own);
        for (int j = 0; j < row->n; j++) {
            double f = gate(row, at, j);

            sum += (double)row->spare[at + (size_t)j];
            row->dz[at + (size_t)j] += (real)(sum * f * (1 - f));
        }
    }
}

static size_t n_sums(const void *self, int T)
{
    const struct cope *s = self;

    (void)T;
    return (size_t)(s->positions * s->dims.head_dim);
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct cope *s = self;
    size_t n = n_sums(s, 0);
    real *g = s->table->g + lx_enc_array_at(s->table, &s->dims, false, c->layer);

    for (int h = 0; h < s->dims.heads; h++)
        for (size_t i = 0; i < n; i++)
            g[i] += (real)sums[(size_t)h * n + i];
}

extern const struct lx_encoding_ops lx_encoding_cope;

const struct lx_encoding_ops lx_encoding_cope = {
    .name = "cope",
    .title = "CoPE",
    .cite = "Golovneva et al. 2024, arXiv:2405.18719",
    .formula = "p = sum_{k=j..i} sigmoid(z[i][k]): bias = q_i . table[p], between two rows",
    .beyond = "counts are capped at the last row of the table, beyond which keys are alike",
    .one_way = "it counts positions from a key on to the query",
    .state_size = sizeof(struct cope),
    .options = options,
    .init = init,
    .by_tokens = true,
    .kinks = true,
    .unrotated = true,
    .bias = bias,
    .bias_back = bias_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
