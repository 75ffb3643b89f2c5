/* Adaptive scaling: every head and query sets the temperature of its content from the data.
 *
 * Formula: scale[h][i] = delta + softplus(beta_h . x_i) ln(i + 2)^(range tanh(gamma_h . x_i)), i from 0,
 * x the layer's input after its norm, what q, k and v are made of; without a causal mask
 * ln(T + 1) for all i.
 * Source: Vasylenko et al. 2025, arXiv:2506.16640 (ASEntmax), and its code. With {"name": "alibi",
 * "heads": H/2, "slopes": "harmonic"}, heads H/2 and {"name": "entmax"} it is ASEntmax with NAPE.
 * beta, gamma: (layers, heads, d_model) with weight decay; beta_bias, gamma_bias: (layers, heads).
 * Past the training length: the power of ln(i + 2) that the query asks for goes on.
 * Options: delta, range, heads (0: all; else only the LAST ones, those without ALiBi in NAPE), bias.
 * First values: as the model's other matrices; biases 0.
 * Differences from the paper: none known. */
#include <math.h>

#include "encodings/encoding.h"
#include "kernels/simd.h"

struct adaptive_scale {
    double delta, range;
    int some; /* option heads */
    bool bias;
    int first, heads, model_heads, d_model; /* heads first .. first + heads - 1 of the model's */
    struct lx_param *beta, *gamma, *beta_bias, *gamma_bias;
};

static const struct lx_option options[] = {
    {.key = "delta",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct adaptive_scale, delta),
     .def = 1,
     .min = 0,
     .max = 1e6,
     .help = "factor that is there whatever the data say"},
    {.key = "range",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct adaptive_scale, range),
     .def = 2,
     .min = 0,
     .max = 100,
     .help = "largest power of ln(i + 2), up or down"},
    {.key = "heads",
     .type = LX_OPT_INT,
     .offset = offsetof(struct adaptive_scale, some),
     .min = 0,
     .max = 65536,
     .help = "heads that are scaled, the last ones; 0: all"},
    {.key = "bias",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct adaptive_scale, bias),
     .help = "beta and gamma have biases"},
    {.type = LX_OPT_END},
};

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct adaptive_scale *s = self;
    double std = sqrt(2.0 / (5.0 * s->d_model));

    for (size_t i = 0; i < n; i++)
        w[i] = (real)(std * lx_rng_normal(rng));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct adaptive_scale *s = self;
    struct lx_param_spec weight = {.n_dims = 3, .fill = fill, .self = s, .decay = true};
    struct lx_param_spec bias = {.n_dims = 2};

    (void)arena;
    s->heads = s->some > 0 ? s->some : dims->heads;
    s->model_heads = dims->heads;
    s->first = dims->heads - s->heads;
    s->d_model = dims->d_model;
    if (s->first < 0)
        return lx_fail(err, LX_ECONFIG, "heads: must be at most %d, the model's, got %d",
                       dims->heads, s->heads);
    weight.dim[0] = bias.dim[0] = dims->layers;
    weight.dim[1] = bias.dim[1] = s->heads;
    weight.dim[2] = dims->d_model;
    weight.name = "encoding.adaptive_scale.beta";
    if (lx_paramset_add(params, &weight, &s->beta, err))
        return err->code;
    weight.name = "encoding.adaptive_scale.gamma";
    if (lx_paramset_add(params, &weight, &s->gamma, err) || !s->bias)
        return s->bias ? err->code : LX_OK;
    bias.name = "encoding.adaptive_scale.beta_bias";
    if (lx_paramset_add(params, &bias, &s->beta_bias, err))
        return err->code;
    bias.name = "encoding.adaptive_scale.gamma_bias";
    return lx_paramset_add(params, &bias, &s->gamma_bias, err);
}

/* What makes up one factor. */
struct factor {
    double u, v;       /* beta . x, gamma . x */
    double size, tanh; /* softplus(u), tanh(v) */
    double log, power; /* ln(i + 2), and its power of range tanh */
};

static struct factor factor(const struct adaptive_scale *s, const struct lx_enc_call *c, int h,
                            int i, const real *x)
{
    size_t at = (size_t)(c->layer * s->heads + h), D = (size_t)s->d_model;
    struct factor f;

    f.u = (double)lx_simd()->dot(D, s->beta->w + at * D, x);
    f.v = (double)lx_simd()->dot(D, s->gamma->w + at * D, x);
    if (s->bias) {
        f.u += (double)s->beta_bias->w[at];
        f.v += (double)s->gamma_bias->w[at];
    }
    f.size = f.u > 0 ? f.u + log1p(exp(-f.u)) : log1p(exp(f.u));
    f.tanh = tanh(f.v);
    f.log = log(lx_enc_keys(c, i) + 1);
    f.power = pow(f.log, s->range * f.tanh);
    return f;
}

static void scale(const void *self, const struct lx_enc_call *c, const real *x, real *out)
{
    const struct adaptive_scale *s = self;

    for (int h = 0; h < s->heads; h++)
        for (int i = 0; i < c->T; i++) {
            struct factor f = factor(s, c, h, i, x + (size_t)i * (size_t)s->d_model);

            out[(s->first + h) * c->T + i] *= (real)(s->delta + f.size * f.power);
        }
}

static size_t n_sums(const void *self, int T)
{
    const struct adaptive_scale *s = self;

    (void)T;
    return 2 * (size_t)s->d_model + 2;
}

/* Sums of a head: what its row of beta gets, then of gamma, then the two biases. */
static void scale_back(const void *self, const struct lx_enc_call *c, const real *x,
                       const real *dscale, real *dx, double *sums)
{
    const struct adaptive_scale *s = self;
    size_t D = (size_t)s->d_model;

    for (int h = 0; h < s->heads; h++) {
        size_t at = (size_t)(c->layer * s->heads + h) * D;
        const real *beta = s->beta->w + at, *gamma = s->gamma->w + at;
        double *own = sums + (size_t)(s->first + h) * n_sums(s, c->T);

        for (int i = 0; i < c->T; i++) {
            const real *from = x + (size_t)i * D;
            real *to = dx + (size_t)i * D;
            struct factor f = factor(s, c, h, i, from);
            double g = (double)dscale[(s->first + h) * c->T + i];
            double du = g * f.power / (1 + exp(-f.u));
            double dv = g * f.size * f.power * log(f.log) * s->range * (1 - f.tanh * f.tanh);

            for (size_t k = 0; k < D; k++) {
                own[k] += du * (double)from[k];
                own[D + k] += dv * (double)from[k];
                to[k] += (real)(du * (double)beta[k] + dv * (double)gamma[k]);
            }
            own[2 * D] += du;
            own[2 * D + 1] += dv;
        }
    }
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct adaptive_scale *s = self;
    size_t D = (size_t)s->d_model;

    for (int h = 0; h < s->heads; h++) {
        size_t at = (size_t)(c->layer * s->heads + h);
        const double *own = sums + (size_t)(s->first + h) * n_sums(s, c->T);

        for (size_t k = 0; k < D; k++) {
            s->beta->g[at * D + k] += (real)own[k];
            s->gamma->g[at * D + k] += (real)own[D + k];
        }
        if (s->bias) {
            s->beta_bias->g[at] += (real)own[2 * D];
            s->gamma_bias->g[at] += (real)own[2 * D + 1];
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_adaptive_scale;

const struct lx_encoding_ops lx_encoding_adaptive_scale = {
    .name = "adaptive_scale",
    .title = "adaptive scaling",
    .cite = "Vasylenko et al. 2025, arXiv:2506.16640",
    .formula = "scale[h][i] = delta + softplus(beta_h.x_i) ln(i + 2)^(range tanh(gamma_h.x_i))",
    .beyond = "content goes on growing by the power of ln(i + 2) that the query asks for",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct adaptive_scale),
    .options = options,
    .init = init,
    .reads_input = true,
    .scale = scale,
    .scale_back = scale_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
