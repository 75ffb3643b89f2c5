/* PoPE: the size of a product comes from what query and key are, its phase from where they are.
 *
 * Formula: z = sum over channels c of softplus(q_c) softplus(k_c) cos(d theta_c - phase[h][c]) /
 * sqrt(head_dim), d = i - j, theta_c = base^(-c/head_dim).
 * Source: Gopalakrishnan et al. 2025, arXiv:2509.10534, as in PoPE-pytorch and x-transformers (official
 * code not found). phase: (layers, H, head_dim), or (H, head_dim) with shared; begins at 0 and is kept in
 * [-2 pi, 0]; no weight decay.
 * Past the training length: slow channels reach angles never trained, as in rope.
 * Options: base, shared.
 * Differences from the paper: none known. */
#include <math.h>

#include "encodings/arrays.h"

#define TURN 6.28318530717958647693

struct pope {
    double base;
    bool shared;
    struct lx_enc_dims dims;
    struct lx_param *phase;
};

static const struct lx_option options[] = {
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct pope, base),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .help = "base of the wavelengths, 2 pi .. 2 pi base tokens",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "shared",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct pope, shared),
     .help = "one set of phases for all layers"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct pope *s = self;
    struct lx_param_spec spec = {.name = "encoding.pope.phase",
                                 .n_dims = 2,
                                 .dim = {dims->heads, dims->head_dim},
                                 .clamped = true,
                                 .lower = -TURN,
                                 .upper = 0};

    (void)arena;
    s->dims = *dims;
    return lx_enc_array(params, dims, s->shared, spec, &s->phase, err);
}

static int width(const void *self)
{
    const struct pope *s = self;

    return 2 * s->dims.head_dim;
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Angle of channel k of head h at token t. */
static double angle(const struct pope *s, const struct lx_enc_call *c, bool key, int t, int h,
                    int k)
{
    double at = c->pos != NULL ? c->pos[t] : t,
           turn = at * pow(s->base, -(double)k / s->dims.head_dim);

    if (key)
        turn += (double)s->phase->w[lx_enc_array_at(s->phase, &s->dims, s->shared, c->layer) +
                                    (size_t)(h * s->dims.head_dim + k)];
    return turn;
}

static void features(const void *self, const struct lx_enc_call *c, bool key, const real *x,
                     size_t stride, real *out)
{
    const struct pope *s = self;
    int n = s->dims.head_dim;

    for (int t = 0; t < c->T; t++)
        for (int h = 0; h < s->dims.heads; h++) {
            const real *from = x + (size_t)t * stride + (size_t)(h * n);
            real *to = out + (size_t)(t * s->dims.heads + h) * 2 * (size_t)n;

            for (int k = 0; k < n; k++) {
                double size = softplus((double)from[k]), turn = angle(s, c, key, t, h, k);

                to[k] = (real)(size * cos(turn));
                to[n + k] = (real)(size * sin(turn));
            }
        }
}

/* Sums of a head: what its phases get. */
static size_t n_sums(const void *self, int T)
{
    const struct pope *s = self;

    (void)T;
    return (size_t)s->dims.head_dim;
}

static void features_back(const void *self, const struct lx_enc_call *c, bool key, const real *x,
                          size_t stride, const real *dout, real *dx, double *sums)
{
    const struct pope *s = self;
    int n = s->dims.head_dim;

    for (int t = 0; t < c->T; t++)
        for (int h = 0; h < s->dims.heads; h++) {
            size_t at = (size_t)t * stride + (size_t)(h * n);
            const real *g = dout + (size_t)(t * s->dims.heads + h) * 2 * (size_t)n;

            for (int k = 0; k < n; k++) {
                double v = (double)x[at + (size_t)k], turn = angle(s, c, key, t, h, k);
                double along = (double)g[k] * cos(turn) + (double)g[n + k] * sin(turn);
                double across = (double)g[n + k] * cos(turn) - (double)g[k] * sin(turn);

                dx[at + (size_t)k] += (real)(along / (1 + exp(-v)));
                if (key)
                    sums[h * n + k] += across * softplus(v);
            }
        }
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct pope *s = self;
    size_t at = lx_enc_array_at(s->phase, &s->dims, s->shared, c->layer);

    for (int k = 0; k < s->dims.heads * s->dims.head_dim; k++)
        s->phase->g[at + (size_t)k] += (real)sums[k];
}

extern const struct lx_encoding_ops lx_encoding_pope;

const struct lx_encoding_ops lx_encoding_pope = {
    .name = "pope",
    .title = "PoPE",
    .cite = "Gopalakrishnan et al. 2025, arXiv:2509.10534",
    .formula = "z = sum softplus(q_c) softplus(k_c) cos(d base^(-c/head_dim) - phase[h][c])",
    .beyond = "slow channels reach angles never trained",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct pope),
    .options = options,
    .init = init,
    .reads_positions = true,
    .width = width,
    .features = features,
    .features_back = features_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
