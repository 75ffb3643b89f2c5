/* BAM: a generalised Gaussian prior over distances, its shape and scale learned.
 *
 * Formula: dist[h][d] = -exp(scale[h]) (d + 1e-5)^shape[h], shape at least 0.
 * Source: Bianchessi et al. 2025, arXiv:2505.22842; as its code. The arrays (H) are one set for all
 * layers unless shared is false; no weight decay.
 * Past the training length: keeps falling with a power of the distance, as learned; the paper's combined
 * form sharpens it as well: stack {"name": "ssmax", "whole": true} on it.
 * Options: shared.
 * First values: shape 1, scale ln 2^(-8h/H), h = 1..H: training begins as ALiBi.
 * Differences from the code: its location parameter is fixed at 0 there and left out here; the bound on
 * shape is ours (below 0 the bias of distance 0 explodes). */
#include <math.h>

#include "encodings/arrays.h"

#define NEAR 1e-5

struct bam {
    bool shared;
    struct lx_enc_dims dims;
    struct lx_param *shape, *scale; /* (H), or (layers, H) unless shared */
};

static const struct lx_option options[] = {
    LX_SHARED_OPTION(struct bam),
    {.type = LX_OPT_END},
};

static void fill_shape(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] = 1;
}

/* ln of 2^(-8h/H), h = 1..H. */
static void fill_scale(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct bam *s = self;
    size_t heads = (size_t)s->dims.heads;

    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] = (real)(-8 * log(2) * (double)(i % heads + 1) / (double)heads);
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct bam *s = self;
    struct lx_param_spec shape = {.name = "encoding.bam.shape",
                                  .n_dims = 1,
                                  .dim = {dims->heads},
                                  .fill = fill_shape,
                                  .clamped = true,
                                  .upper = HUGE_VAL};
    struct lx_param_spec scale = {.name = "encoding.bam.scale",
                                  .n_dims = 1,
                                  .dim = {dims->heads},
                                  .fill = fill_scale,
                                  .self = s};

    (void)arena;
    s->dims = *dims;
    if (lx_enc_array(params, dims, s->shared, shape, &s->shape, err) ||
        lx_enc_array(params, dims, s->shared, scale, &s->scale, err))
        return err->code;
    return LX_OK;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct bam *s = self;
    size_t at = lx_enc_array_at(s->shape, &s->dims, s->shared, c->layer);

    for (int h = 0; h < s->dims.heads; h++, at++) {
        double shape = (double)s->shape->w[at], size = exp((double)s->scale->w[at]);
        real *row = table + (size_t)h * (size_t)c->T;

        for (int d = 0; d < c->T; d++)
            row[d] += (real)(-size * pow(d + NEAR, shape));
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct bam *s = self;
    size_t at = lx_enc_array_at(s->shape, &s->dims, s->shared, c->layer);

    for (int h = 0; h < s->dims.heads; h++, at++) {
        double shape = (double)s->shape->w[at], size = exp((double)s->scale->w[at]);
        double by_shape = 0, by_scale = 0;
        const real *row = dtable + (size_t)h * (size_t)c->T;

        for (int d = 0; d < c->T; d++) {
            double bias = (double)row[d] * -size * pow(d + NEAR, shape);

            by_scale += bias;
            by_shape += bias * log(d + NEAR);
        }
        s->shape->g[at] += (real)by_shape;
        s->scale->g[at] += (real)by_scale;
    }
}

extern const struct lx_encoding_ops lx_encoding_bam;

const struct lx_encoding_ops lx_encoding_bam = {
    .name = "bam",
    .title = "BAM prior",
    .cite = "Bianchessi et al. 2025, arXiv:2505.22842",
    .formula = "dist[h][d] = -exp(scale[h]) (d + 1e-5)^shape[h]",
    .beyond = "keeps falling with a learned power of the distance",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct bam),
    .options = options,
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
};
