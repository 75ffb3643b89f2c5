/* ALiBi: a penalty that grows linearly with the distance, at a slope of its own for every head.
 *
 * Formula: dist[h][d] = -slope[h] multiplier d / s. For H a power of two slope[h] = 2^(-8h/H),
 * h = 1..H; for other H, with c the largest power of two below H, the slopes of c heads are followed
 * by every other slope of 2c heads, beginning with the first.
 * Source: Press et al. 2022, arXiv:2108.12409, s. 3; the rule for other H is that of its code, which
 * calls it a workaround (the paper's sentence, a geometric sequence from 2^(-8/H), differs there).
 * Past the training length: keeps falling, so a head of slope m attends to about ln(100)/m tokens at
 * any length. With L = train_length and T the length of the sequence `interpolation` divides the
 * slopes by s (Al-Khateeb et al. 2023, arXiv:2310.13017): dynamic, s = max(1, T/L); fixed, s = factor.
 * Options: learned (slopes are an array (H), first values as above, no weight decay), slope (the same
 * for all heads, in place of the standard ones), slopes (geometric, as above; harmonic, 1/h; halving,
 * 2^(1-h)), heads (only the first of them get slopes, as many as if there were no others; 0: all),
 * slope_multiplier, interpolation, factor. Half the heads with harmonic or halving slopes are NAPE
 * (Vasylenko et al. 2025, arXiv:2506.16640).
 * Differences from the paper: the bias is -slope d, where the code adds slope j to every key j, equal
 * after the softmax but less precise at long lengths. It comes after the division by sqrt(head_dim),
 * as the paper asks (footnote 10). The reach of the standard slopes, up to 1179 tokens, was chosen
 * for training lengths of 512 and more: slope_multiplier adapts it to shorter ones. */
#include <math.h>

#include "encodings/encoding.h"

enum slopes { SLOPES_GEOMETRIC, SLOPES_HARMONIC, SLOPES_HALVING };
enum interpolation { INTERPOLATION_NONE, INTERPOLATION_DYNAMIC, INTERPOLATION_FIXED };

struct alibi {
    bool learned;
    double slope_all, slope_multiplier, factor;
    int interpolation; /* enum interpolation */
    int slopes;        /* enum slopes */
    int some;          /* option heads */
    int heads;         /* of the model that get a slope: the first ones */
    int train_length;
    struct lx_param *slope; /* (heads), NULL unless learned */
};

static const struct lx_option options[] = {
    {.key = "learned",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct alibi, learned),
     .help = "train the slopes, beginning at the standard ones"},
    {.key = "slope",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct alibi, slope_all),
     .def = (double)NAN,
     .min = 0,
     .max = 1e6,
     .help = "one slope for all heads, instead of the standard ones"},
    {.key = "slopes",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct alibi, slopes),
     .text = "geometric|harmonic|halving",
     .help = "how slopes fall over heads: the standard ones, 1/h, or 2^(1-h), h from 1",
     .flags = LX_OPT_LATER},
    {.key = "heads",
     .type = LX_OPT_INT,
     .offset = offsetof(struct alibi, some),
     .min = 0,
     .max = 65536,
     .help = "heads that get slopes, the first ones; the others have no bias; 0: all",
     .flags = LX_OPT_LATER},
    {.key = "slope_multiplier",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct alibi, slope_multiplier),
     .def = 1,
     .min = 0,
     .max = 1e6,
     .help = "factor on every slope"},
    {.key = "interpolation",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct alibi, interpolation),
     .text = "none|dynamic|fixed",
     .help = "divide the slopes by length / training length (dynamic) or by factor (fixed)"},
    {.key = "factor",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct alibi, factor),
     .def = (double)NAN,
     .min = 0,
     .max = 1e6,
     .help = "divisor of the slopes with fixed interpolation",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

/* Slope of head h (from 0) of `heads`. */
static double standard_slope(int h, int heads)
{
    int c = 1;

    while (2 * c <= heads)
        c *= 2;
    if (h < c)
        return exp2(-8.0 * (h + 1) / c);
    return exp2(-8.0 * (2 * (h - c) + 1) / (2 * c));
}

static double first_slope(const struct alibi *s, int h)
{
    if (s->slopes == SLOPES_HARMONIC)
        return 1.0 / (h + 1);
    if (s->slopes == SLOPES_HALVING)
        return exp2(-h);
    return isnan(s->slope_all) ? standard_slope(h, s->heads) : s->slope_all;
}

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct alibi *s = self;
    size_t h;

    (void)rng;
    for (h = 0; h < n; h++)
        w[h] = (real)first_slope(s, (int)h);
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct alibi *s = self;
    struct lx_param_spec spec = {
        .name = "encoding.alibi.slope", .n_dims = 1, .fill = fill, .self = s};

    (void)arena;
    s->heads = s->some > 0 ? s->some : dims->heads;
    s->train_length = dims->train_length;
    spec.dim[0] = s->heads;
    if (s->heads > dims->heads)
        return lx_fail(err, LX_ECONFIG, "heads: must be at most %d, the model's, got %d",
                       dims->heads, s->heads);
    if (s->slopes != SLOPES_GEOMETRIC && (s->learned || !isnan(s->slope_all)))
        return lx_fail(err, LX_ECONFIG, "slopes: must be geometric with %s",
                       s->learned ? "learned" : "slope");
    if (s->interpolation == INTERPOLATION_FIXED && isnan(s->factor))
        return lx_fail(err, LX_ECONFIG, "factor: must be set with interpolation fixed");
    if (s->interpolation != INTERPOLATION_FIXED && !isnan(s->factor))
        return lx_fail(err, LX_ECONFIG,
                       "factor: must be unset but with interpolation fixed, got %g", s->factor);
    return s->learned ? lx_paramset_add(params, &spec, &s->slope, err) : LX_OK;
}

/* What a slope is multiplied by at length T: multiplier / s. */
static double gain(const struct alibi *s, int T)
{
    if (s->interpolation == INTERPOLATION_FIXED)
        return s->slope_multiplier / s->factor;
    if (s->interpolation == INTERPOLATION_DYNAMIC && T > s->train_length)
        return s->slope_multiplier * s->train_length / T;
    return s->slope_multiplier;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct alibi *s = self;
    double scale = gain(s, c->T);
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double slope = s->slope != NULL ? (double)s->slope->w[h] : first_slope(s, h);
        real *row = table + (size_t)h * (size_t)c->T;

        for (d = 0; d < c->T; d++)
            row[d] += (real)(-slope * scale * d);
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct alibi *s = self;
    double scale = gain(s, c->T);
    int h, d;

    for (h = 0; s->slope != NULL && h < s->heads; h++) {
        const real *row = dtable + (size_t)h * (size_t)c->T;
        double sum = 0;

        for (d = 0; d < c->T; d++)
            sum += (double)row[d] * d;
        s->slope->g[h] += (real)(-scale * sum);
    }
}

extern const struct lx_encoding_ops lx_encoding_alibi;

const struct lx_encoding_ops lx_encoding_alibi = {
    .name = "alibi",
    .title = "ALiBi",
    .cite = "Press et al. 2022, arXiv:2108.12409, s. 3",
    .formula = "dist[h][d] = -d 2^(-8h/H), h = 1..H",
    .beyond = "keeps falling linearly; each head keeps the reach that its slope gives it",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct alibi),
    .options = options,
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
};
