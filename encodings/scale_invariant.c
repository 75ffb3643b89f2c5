/* Scale-invariant attention: content fades and sharpens with the distance so that every octave of
 * distances keeps its share of the attention.
 *
 * Formula: t = ln(d / tau + 1), mul[d] = sqrt(2 t + 1), dist[d] = -2 t, the same for all heads.
 * Source: Anson et al. 2025, arXiv:2505.17083 (a_0 = 1, m_0 = 0; derived from the condition that, for
 * standard normal products z, ln E exp(logit) = 1/2 - ln(d / tau + 1)).
 * Past the training length: made for it: the sum of exp(logit) over distances d .. 2d stays the same.
 * To be stacked on rope with part of its pairs (option keep of 0.5 to 0.75); the paper says that it fails
 * on full rotations.
 * Options: tau, the distance up to which little changes; not rescaled with the training length.
 * Differences from the paper: none known; no public code was found. */
#include <math.h>

#include "encodings/encoding.h"

struct scale_invariant {
    double tau;
    int heads;
};

static const struct lx_option options[] = {
    {.key = "tau",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct scale_invariant, tau),
     .def = 10,
     .min = 0,
     .max = 1e9,
     .help = "distance, in tokens, within which content and bias hardly change",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct scale_invariant *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->heads = dims->heads;
    return LX_OK;
}

static void mul(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct scale_invariant *s = self;

    for (int d = 0; d < c->T; d++) {
        real f = (real)sqrt(2 * log1p(d / s->tau) + 1);

        for (int h = 0; h < s->heads; h++)
            table[h * c->T + d] *= f;
    }
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct scale_invariant *s = self;

    for (int d = 0; d < c->T; d++) {
        real bias = (real)(-2 * log1p(d / s->tau));

        for (int h = 0; h < s->heads; h++)
            table[h * c->T + d] += bias;
    }
}

extern const struct lx_encoding_ops lx_encoding_scale_invariant;

const struct lx_encoding_ops lx_encoding_scale_invariant = {
    .name = "scale_invariant",
    .title = "scale-invariant",
    .cite = "Anson et al. 2025, arXiv:2505.17083",
    .formula = "t = ln(d / tau + 1): mul[d] = sqrt(2 t + 1), dist[d] = -2 t",
    .beyond = "every octave of distances keeps its share of the attention",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct scale_invariant),
    .options = options,
    .init = init,
    .mul = mul,
    .dist = dist,
};
