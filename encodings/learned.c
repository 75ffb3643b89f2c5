/* Learned absolute positions: one trained vector a position.
 *
 * Formula: x[t] += table[t], table of shape (R, d_model), R = train_length unless `rows` says more.
 * Source: Vaswani et al. 2017, arXiv:1706.03762, s. 3.5 (the learned variant, table 3 row E); Gehring
 * et al. 2017, arXiv:1705.03122, s. 3.1. Press et al. 2022, arXiv:2108.12409, footnote 4: it "has no
 * ability to extrapolate".
 * Past the table, by the option `past` (T = length of the sequence):
 *   not_applicable  longer sequences cannot be processed, and their rows say so; the default
 *   clamp           every position from R - 1 on takes the last row
 *   wrap            position t takes row t mod R
 *   interpolate     t -> t (R - 1)/(T - 1), linear between two rows, for T > R
 * With rows above train_length = L, positions L .. R - 1 take rows that no training sequence reached.
 * Their gradient is zero in every step, so AdamW moves them by weight decay alone: after training each
 * is its first value times the product over steps of (1 - lr weight_decay), the same factor for all.
 * They are short random vectors in place of ones that the model has learned to read. Rows 0 .. L - 1
 * begin at the values that they have without `rows`.
 * Options: past; std, the standard deviation of the first values; rows.
 * First values: N(0, std^2) with std = 0.02 as in GPT-2 and its small descendants. Token embeddings
 * have unit scale here (sqrt(d_model) * E with E ~ N(0, 1/d_model)), so training begins close to
 * NoPE; fairseq, which scales its tokens in the same way, draws std = d_model^-0.5 instead. The table
 * is a matrix and takes weight decay, as there.
 * Differences from the papers: clamp, wrap, interpolate and rows are nobody's protocol; they
 * make the failure visible instead of undefined. */
#include <assert.h>
#include <math.h>

#include "encodings/encoding.h"

enum past { PAST_NOT_APPLICABLE, PAST_CLAMP, PAST_WRAP, PAST_INTERPOLATE };

struct learned {
    int past; /* enum past */
    double std;
    int given; /* the option rows, 0: train_length */
    int length, d_model;
    struct lx_param *table; /* (length, d_model) */
};

/* Position t reads (1 - part) * row `low` + part * row `high`. */
struct spot {
    int low, high;
    double part;
};

static const struct lx_option options[] = {
    {.key = "past",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct learned, past),
     .text = "not_applicable|clamp|wrap|interpolate",
     .help = "row that positions past the table take"},
    {.key = "std",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct learned, std),
     .def = 0.02,
     .min = 0,
     .max = 10,
     .help = "standard deviation of the first values"},
    {.key = "rows",
     .type = LX_OPT_INT,
     .offset = offsetof(struct learned, given),
     .min = 0,
     .max = 1 << 20,
     .flags = LX_OPT_LATER,
     .help = "rows of the table, 0 = train.length; those past train.length are never trained"},
    {.type = LX_OPT_END},
};

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct learned *s = self;
    size_t i;

    for (i = 0; i < n; i++)
        w[i] = (real)(s->std * lx_rng_normal(rng));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct learned *s = self;
    int length = s->given > 0 ? s->given : dims->train_length;
    struct lx_param_spec spec = {.name = "encoding.learned.table",
                                 .n_dims = 2,
                                 .dim = {length, dims->d_model},
                                 .fill = fill,
                                 .self = s,
                                 .decay = true};

    (void)arena;
    if (length < (dims->embed_reach > 0 ? dims->embed_reach : dims->train_length))
        return lx_fail(
            err, LX_ECONFIG, "rows: must be 0 or at least %s %d, got %d",
            dims->embed_reach > dims->train_length ? "the positions that training reaches,"
                                                   : "the training length",
            dims->embed_reach > dims->train_length ? dims->embed_reach : dims->train_length,
            length);
    s->length = length;
    s->d_model = dims->d_model;
    return lx_paramset_add(params, &spec, &s->table, err);
}

static int max_length(const void *self)
{
    const struct learned *s = self;

    return s->past == PAST_NOT_APPLICABLE ? s->length : 0;
}

static struct spot locate(const struct learned *s, int t, int T)
{
    struct spot p = {t, t, 0};
    double at;

    if (s->past == PAST_INTERPOLATE && T > s->length) {
        at = (double)t * (s->length - 1) / (T - 1);
        p.low = (int)at;
        p.high = p.low + 1 < s->length ? p.low + 1 : p.low;
        p.part = at - p.low;
    } else if (t >= s->length) {
        assert(s->past != PAST_NOT_APPLICABLE);
        p.low = p.high = s->past == PAST_WRAP ? t % s->length : s->length - 1;
    }
    return p;
}

static int row(const void *self, int t, int T, double *part)
{
    struct spot p = locate(self, t, T);

    *part = p.part;
    return p.low;
}

static int rows(const void *self)
{
    const struct learned *s = self;

    return s->length;
}

/* Positions of their own are rows, whatever the length. */
static struct spot spot_of(const struct learned *s, const struct lx_enc_call *c, int b, int t)
{
    if (c->pos == NULL)
        return locate(s, t, c->T);
    return locate(s, (int)c->pos[(size_t)b * (size_t)c->T + (size_t)t], 1);
}

static void embed(const void *self, const struct lx_enc_call *c, real *x)
{
    const struct learned *s = self;
    size_t D = (size_t)s->d_model, d;
    int b, t;

    for (t = 0; t < c->T; t++) {
        for (b = 0; b < c->B; b++) {
            struct spot p = spot_of(s, c, b, t);
            const real *low = s->table->w + (size_t)p.low * D;
            const real *high = s->table->w + (size_t)p.high * D;
            real part = (real)p.part;
            real *row = x + ((size_t)b * (size_t)c->T + (size_t)t) * D;

            for (d = 0; d < D; d++)
                row[d] += low[d] + part * (high[d] - low[d]);
        }
    }
}

static void embed_back(void *self, const struct lx_enc_call *c, const real *dx)
{
    struct learned *s = self;
    size_t D = (size_t)s->d_model, d;
    int b, t;

    for (t = 0; t < c->T; t++) {
        for (b = 0; b < c->B; b++) {
            struct spot p = spot_of(s, c, b, t);
            real *low = s->table->g + (size_t)p.low * D, *high = s->table->g + (size_t)p.high * D;
            real part = (real)p.part;
            const real *row = dx + ((size_t)b * (size_t)c->T + (size_t)t) * D;

            for (d = 0; d < D; d++) {
                low[d] += (1 - part) * row[d];
                high[d] += part * row[d];
            }
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_learned;

const struct lx_encoding_ops lx_encoding_learned = {
    .name = "learned",
    .title = "learned",
    .cite = "Vaswani et al. 2017, arXiv:1706.03762, s. 3.5",
    .formula = "x[t] += table[t]",
    .beyond =
        "rows never trained (option rows); past the table not applicable, or the last row, or rows "
        "modulo their number, or rows interpolated (option past)",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct learned),
    .options = options,
    .init = init,
    .max_length = max_length,
    .reads_positions = true,
    .whole_positions = true,
    .embed = embed,
    .embed_back = embed_back,
    .row = row,
    .rows = rows,
};
