/* Scalable softmax: content logits times a learned multiple of the logarithm of the number of keys.
 *
 * Formula: scale[h][i] = s_h ln(n + offset), with `bias` + b_h; n = i + 1 (without a causal mask T),
 * whatever a window hides. With
 * `whole` the factor acts on the biases too.
 * Source: Nakanishi 2025, arXiv:2501.19399; offset 1 is in the code of Vasylenko et al. 2025,
 * arXiv:2506.16640, whole in that of Bianchessi et al. 2025, arXiv:2505.22842.
 * Past the training length: sharpens as ln n, so that attention need not fade as keys become more. Says
 * nothing of order: stack it on a scheme that does.
 * Options: bias, offset, whole, init (first value of s; unset: 1 over the mean of ln(n + offset) in
 * training, so that the mean factor is 1). Arrays s, b (layers, heads), no weight decay; b begins at 0.
 * Differences from the paper: its own first value was not found. With offset 0 the first row has the
 * factor 0 and one key. */
#include <math.h>

#include "encodings/encoding.h"

struct ssmax {
    bool bias, whole;
    double offset, init;
    int heads;
    double first;           /* first value of s */
    struct lx_param *s, *b; /* (layers, heads); b NULL without bias */
};

static const struct lx_option options[] = {
    {.key = "bias",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct ssmax, bias),
     .help = "add a learned number to the factor"},
    {.key = "offset",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct ssmax, offset),
     .min = 0,
     .max = 1e9,
     .help = "added to the number of keys"},
    {.key = "whole",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct ssmax, whole),
     .help = "multiply biases as well as content"},
    {.key = "init",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct ssmax, init),
     .def = (double)NAN,
     .min = -1e6,
     .max = 1e6,
     .help = "first value of s; unset: the mean factor in training is 1"},
    {.type = LX_OPT_END},
};

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct ssmax *s = self;

    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] = (real)s->first;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct ssmax *s = self;
    struct lx_param_spec spec = {.name = "encoding.ssmax.s",
                                 .n_dims = 2,
                                 .dim = {dims->layers, dims->heads},
                                 .fill = fill,
                                 .self = s};
    double sum = 0;

    (void)arena;
    s->heads = dims->heads;
    for (int n = 1; n <= dims->train_length; n++)
        sum += log((dims->both ? dims->train_length : n) + s->offset);
    if (isnan(s->init) && sum <= 0)
        return lx_fail(err, LX_ECONFIG,
                       "init: must be set at a training length of 1 with offset 0, got nothing");
    s->first = isnan(s->init) ? dims->train_length / sum : s->init;
    if (lx_paramset_add(params, &spec, &s->s, err))
        return err->code;
    if (!s->bias)
        return LX_OK;
    spec.name = "encoding.ssmax.b";
    spec.fill = NULL;
    return lx_paramset_add(params, &spec, &s->b, err);
}

static bool uses(const void *self, size_t hook)
{
    const struct ssmax *s = self;
    bool whole = hook == offsetof(struct lx_encoding_ops, whole) ||
                 hook == offsetof(struct lx_encoding_ops, whole_back);
    bool scale = hook == offsetof(struct lx_encoding_ops, scale) ||
                 hook == offsetof(struct lx_encoding_ops, scale_back);

    return s->whole ? !scale : !whole;
}

/* f (heads, T) *= the factors of the layer. */
static void multiply(const struct ssmax *s, const struct lx_enc_call *c, real *f)
{
    for (int i = 0; i < c->T; i++) {
        double size = log(lx_enc_keys(c, i) + s->offset);

        for (int h = 0; h < s->heads; h++) {
            int at = c->layer * s->heads + h;
            double own = (double)s->s->w[at] * size + (s->bias ? (double)s->b->w[at] : 0);

            f[h * c->T + i] *= (real)own;
        }
    }
}

static void scale(const void *self, const struct lx_enc_call *c, const real *x, real *f)
{
    (void)x;
    multiply(self, c, f);
}

static void whole(const void *self, const struct lx_enc_call *c, real *f)
{
    multiply(self, c, f);
}

/* Sums of a head: what s gets, what b gets. */
static void add_up(const struct ssmax *s, const struct lx_enc_call *c, const real *df, double *sums)
{
    int T = c->T;

    for (int i = 0; i < T; i++) {
        double size = log(lx_enc_keys(c, i) + s->offset);

        for (int h = 0; h < s->heads; h++) {
            sums[2 * h] += (double)df[h * T + i] * size;
            sums[2 * h + 1] += (double)df[h * T + i];
        }
    }
}

static size_t n_sums(const void *self, int T)
{
    (void)self;
    (void)T;
    return 2;
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct ssmax *s = self;

    for (int h = 0; h < s->heads; h++) {
        s->s->g[c->layer * s->heads + h] += (real)sums[2 * h];
        if (s->bias)
            s->b->g[c->layer * s->heads + h] += (real)sums[2 * h + 1];
    }
}

static void scale_back(const void *self, const struct lx_enc_call *c, const real *x, const real *df,
                       real *dx, double *sums)
{
    (void)x;
    (void)dx;
    add_up(self, c, df, sums);
}

static void whole_back(const void *self, const struct lx_enc_call *c, const real *df, double *sums)
{
    add_up(self, c, df, sums);
}

extern const struct lx_encoding_ops lx_encoding_ssmax;

const struct lx_encoding_ops lx_encoding_ssmax = {
    .name = "ssmax",
    .title = "SSMax",
    .cite = "Nakanishi 2025, arXiv:2501.19399",
    .formula = "scale[h][i] = s_h ln(i + 1)",
    .beyond = "sharpens content logits with the logarithm of the number of keys",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct ssmax),
    .options = options,
    .init = init,
    .uses = uses,
    .scale = scale,
    .scale_back = scale_back,
    .whole = whole,
    .whole_back = whole_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
