/* KERPLE, logarithmic: a learned penalty that grows with the logarithm of the distance.
 *
 * Formula: dist[h][d] = -r1[h] ln(1 + r2[h] d), r1, r2 >= 0.01.
 * Source: Chi et al. 2022, arXiv:2205.09921, s. 4; first values and bounds from its code: r1 ~ U(0, 2),
 * r2 ~ U(0, 1), then clamped, and clamped after every step. r1 and r2 are arrays (H), one pair a head
 * for all layers; no weight decay.
 * Past the training length: falls like a power of the distance after the softmax, d^-r1: far keys fade
 * but never vanish.
 * Options: none.
 * Differences from the paper: its equation divides q.k + bias by sqrt(head_dim), its code only q.k; here
 * as in the code. */
#include <math.h>

#include "encodings/encoding.h"

#define LOWEST 0.01

struct kerple_log {
    int heads;
    struct lx_param *r1, *r2; /* (H) */
};

/* U(0, width), where `width` is handed over as the fill's self. */
static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const double *width = self;
    size_t h;

    for (h = 0; h < n; h++)
        w[h] = (real)fmax(LOWEST, *width * lx_rng_uniform(rng));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    static const double width_r1 = 2, width_r2 = 1;
    struct kerple_log *s = self;
    struct lx_param_spec spec = {.name = "encoding.kerple_log.r1",
                                 .n_dims = 1,
                                 .dim = {dims->heads},
                                 .fill = fill,
                                 .self = &width_r1,
                                 .clamped = true,
                                 .lower = LOWEST,
                                 .upper = HUGE_VAL};
    enum lx_code code;

    (void)arena;
    s->heads = dims->heads;
    code = lx_paramset_add(params, &spec, &s->r1, err);
    if (code != LX_OK)
        return code;
    spec.name = "encoding.kerple_log.r2";
    spec.self = &width_r2;
    return lx_paramset_add(params, &spec, &s->r2, err);
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct kerple_log *s = self;
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double r1 = (double)s->r1->w[h], r2 = (double)s->r2->w[h];
        real *row = table + (size_t)h * (size_t)c->T;

        for (d = 0; d < c->T; d++)
            row[d] += (real)(-r1 * log1p(r2 * d));
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct kerple_log *s = self;
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double r1 = (double)s->r1->w[h], r2 = (double)s->r2->w[h], by_r1 = 0, by_r2 = 0;
        const real *row = dtable + (size_t)h * (size_t)c->T;

        for (d = 0; d < c->T; d++) {
            by_r1 -= (double)row[d] * log1p(r2 * d);
            by_r2 -= (double)row[d] * r1 * d / (1 + r2 * d);
        }
        s->r1->g[h] += (real)by_r1;
        s->r2->g[h] += (real)by_r2;
    }
}

extern const struct lx_encoding_ops lx_encoding_kerple_log;

const struct lx_encoding_ops lx_encoding_kerple_log = {
    .name = "kerple_log",
    .title = "KERPLE-log",
    .cite = "Chi et al. 2022, arXiv:2205.09921, s. 4",
    .formula = "dist[h][d] = -r1[h] ln(1 + r2[h] d)",
    .beyond = "keeps falling with the logarithm of the distance, at the learned rate",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct kerple_log),
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
};
