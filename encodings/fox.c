/* FoX, the forget gate: a key fades by the product of gates of all tokens since, made from the data.
 *
 * Formula: u[t] = weight_h . x_t + bias_h, x the layer's input after its norm;
 * bias of (i, j) = sum over t = j+1 .. i of ln sigmoid(u[t]), that is key_j - key_i with
 * key_t = sum over l <= t of softplus(-u[l]).
 * Source: Lin et al. 2025, arXiv:2503.02130. CABLE (Veisi et al. 2025, arXiv:2503.08067) is the same
 * with -weight and -bias: its bias is a running sum of softplus(weight . x), ours of softplus(-u).
 * Past the training length: nothing new, distances are sums of gates; text decides what fades. The
 * paper uses it without rotations; rope may be stacked.
 * Options: gate (full; bias_only: no weight; fixed: bias_only, never trained), bias (false: no bias),
 * bias_init (zero, or log_spaced: ln sigmoid(bias_h) = -1 / T_h with T_h from decay_min to decay_max,
 * evenly spaced in the logarithm), decay_min, decay_max (unset: 8 L). Arrays weight (layers, heads,
 * d_model), first values as those of the model's matrices, with weight decay; bias (layers, heads).
 * Differences from the paper: zero biases (gates of 1/2, the default as there) make attention nearly
 * local at first; log_spaced, which its code has for the gates without weights, is offered for all. */
#include <math.h>
#include <string.h>

#include "encodings/encoding.h"
#include "kernels/simd.h"

enum gate { GATE_FULL, GATE_BIAS_ONLY, GATE_FIXED };
enum first { FIRST_ZERO, FIRST_LOG_SPACED };

struct fox {
    int gate;       /* enum gate  */
    int bias_init;  /* enum first */
    bool with_bias; /* the option bias */
    double decay_min, decay_max;
    int heads, d_model;
    struct lx_param *weight, *bias; /* (layers, heads, d_model), (layers, heads); NULL: none */
};

static const struct lx_option options[] = {
    {.key = "gate",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct fox, gate),
     .text = "full|bias_only|fixed",
     .help = "gates from the data, or one number a head (bias_only), never trained (fixed)"},
    {.key = "bias",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct fox, with_bias),
     .def = 1,
     .help = "gates have a bias"},
    {.key = "bias_init",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct fox, bias_init),
     .text = "zero|log_spaced",
     .help = "first biases: gates of 1/2, or reaches from decay_min to decay_max tokens"},
    {.key = "decay_min",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct fox, decay_min),
     .def = 2,
     .min = 0,
     .max = 1e9,
     .help = "log_spaced: reach of the first head, in tokens",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "decay_max",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct fox, decay_max),
     .def = (double)NAN,
     .min = 0,
     .max = 1e9,
     .help = "log_spaced: reach of the last head; unset: 8 training lengths",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static void fill_weight(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct fox *s = self;
    double std = sqrt(2.0 / (5.0 * s->d_model));

    for (size_t i = 0; i < n; i++)
        w[i] = (real)(std * lx_rng_normal(rng));
}

static void fill_bias(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct fox *s = self;

    (void)rng;
    for (size_t i = 0; i < n && s->bias_init == FIRST_LOG_SPACED; i++) {
        int h = (int)(i % (size_t)s->heads);
        double part = s->heads > 1 ? (double)h / (s->heads - 1) : 0;
        double reach = s->decay_min * pow(s->decay_max / s->decay_min, part);

        w[i] = (real)-log(expm1(1 / reach));
    }
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct fox *s = self;
    struct lx_param_spec weight = {.name = "encoding.fox.weight",
                                   .n_dims = 3,
                                   .dim = {dims->layers, dims->heads, dims->d_model},
                                   .fill = fill_weight,
                                   .self = s,
                                   .decay = true};
    struct lx_param_spec bias = {.name = "encoding.fox.bias",
                                 .n_dims = 2,
                                 .dim = {dims->layers, dims->heads},
                                 .fill = fill_bias,
                                 .self = s,
                                 .frozen = s->gate == GATE_FIXED};

    (void)arena;
    s->heads = dims->heads;
    s->d_model = dims->d_model;
    if (!s->with_bias && s->gate != GATE_FULL)
        return lx_fail(err, LX_ECONFIG, "bias: must be true without weights, got false");
    if (isnan(s->decay_max))
        s->decay_max = 8.0 * dims->train_length;
    if (s->gate == GATE_FULL && lx_paramset_add(params, &weight, &s->weight, err))
        return err->code;
    return s->with_bias ? lx_paramset_add(params, &bias, &s->bias, err) : LX_OK;
}

/* u of one token. */
static double gate_input(const struct fox *s, int layer, int h, const real *x)
{
    size_t at = (size_t)(layer * s->heads + h), D = (size_t)s->d_model;
    double u = s->bias != NULL ? (double)s->bias->w[at] : 0;

    return s->weight != NULL ? u + (double)lx_simd()->dot(D, s->weight->w + at * D, x) : u;
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static void key(const void *self, const struct lx_enc_call *c, const real *x, double *out)
{
    const struct fox *s = self;

    for (int h = 0; h < s->heads; h++) {
        double sum = 0;

        for (int t = 0; t < c->T; t++) {
            sum += softplus(-gate_input(s, c->layer, h, x + (size_t)t * (size_t)s->d_model));
            out[h * c->T + t] += sum;
        }
    }
}

enum { TOKENS = 64, CHANNELS = 32 }; /* of a block; sums over its tokens are in real */

/* n tokens x with their slopes dL/du: what the weights w and the input get. */
static void weight_back(const real *restrict slope, int n, size_t D, const real *restrict x,
                        const real *restrict w, real *restrict dx, double *restrict dw)
{
    for (size_t i0 = 0; i0 < D; i0 += CHANNELS) {
        size_t width = D - i0 < CHANNELS ? D - i0 : CHANNELS;
        real part[CHANNELS] = {0};

        for (int t = 0; t < n; t++) {
            const real *from = x + (size_t)t * D + i0;
            real *to = dx + (size_t)t * D + i0;

            for (size_t i = 0; i < width; i++) {
                part[i] += slope[t] * from[i];
                to[i] += slope[t] * w[i0 + i];
            }
        }
        for (size_t i = 0; i < width; i++)
            dw[i0 + i] += (double)part[i];
    }
}

/* Sums of a head: what its weights get, then its bias. */
static void key_back(const void *self, const struct lx_enc_call *c, const real *x,
                     const double *dkey, real *dx, double *sums)
{
    const struct fox *s = self;
    size_t D = (size_t)s->d_model;

    for (int h = 0; h < s->heads; h++) {
        double *own = sums + (size_t)h * (D + 1), later = 0;
        real slope[TOKENS];

        for (int end = c->T, n; end > 0; end -= n) {
            int first = end > TOKENS ? end - TOKENS : 0;
            size_t at = (size_t)first * D;

            n = end - first;
            for (int t = end - 1; t >= first; t--) {
                double du;

                later += dkey[h * c->T + t];
                du = -later / (1 + exp(gate_input(s, c->layer, h, x + (size_t)t * D)));
                own[D] += du;
                slope[t - first] = (real)du;
            }
            if (s->weight != NULL)
                weight_back(slope, n, D, x + at,
                            s->weight->w + (size_t)(c->layer * s->heads + h) * D, dx + at, own);
        }
    }
}

static size_t n_sums(const void *self, int T)
{
    const struct fox *s = self;

    (void)T;
    return (size_t)s->d_model + 1;
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct fox *s = self;
    size_t D = (size_t)s->d_model;

    for (int h = 0; h < s->heads; h++) {
        size_t at = (size_t)(c->layer * s->heads + h);

        for (size_t i = 0; s->weight != NULL && i < D; i++)
            s->weight->g[at * D + i] += (real)sums[(size_t)h * (D + 1) + i];
        if (s->bias != NULL && s->gate != GATE_FIXED)
            s->bias->g[at] += (real)sums[(size_t)h * (D + 1) + D];
    }
}

extern const struct lx_encoding_ops lx_encoding_fox;

const struct lx_encoding_ops lx_encoding_fox = {
    .name = "fox",
    .title = "FoX (forget gate)",
    .cite = "Lin et al. 2025, arXiv:2503.02130",
    .formula = "bias of (i, j) = sum_{t=j+1..i} ln sigmoid(weight_h . x_t + bias_h)",
    .beyond = "nothing new: distances are sums of gates that the text sets",
    .one_way = "it forgets from a key on to the query, along the order of reading",
    .state_size = sizeof(struct fox),
    .options = options,
    .init = init,
    .key = key,
    .key_back = key_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
