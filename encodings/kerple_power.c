/* KERPLE, power: a learned penalty that grows with a learned power of the distance.
 *
 * Formula: dist[h][d] = -r1[h] d^r2[h], r1 >= 0.01, 0.01 <= r2 <= 2; 0 at d = 0.
 * Source: Chi et al. 2022, arXiv:2205.09921, s. 4; first values and bounds from its code: r1 ~ U(0, 1),
 * r2 ~ U(0, 2), then clamped, and clamped after every step. r1 and r2 are arrays (H), one pair a head
 * for all layers; no weight decay. r2 = 1 with r1 fixed is ALiBi.
 * Past the training length: keeps falling at the learned power.
 * Options: none.
 * Differences from the paper: its equation divides q.k + bias by sqrt(head_dim), its code only q.k; here
 * as in the code. */
#include <math.h>

#include "encodings/encoding.h"

#define LOWEST 0.01
#define HIGHEST_POWER 2.0

struct kerple_power {
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
    static const double width_r1 = 1, width_r2 = HIGHEST_POWER;
    struct kerple_power *s = self;
    struct lx_param_spec spec = {.name = "encoding.kerple_power.r1",
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
    spec.name = "encoding.kerple_power.r2";
    spec.self = &width_r2;
    spec.upper = HIGHEST_POWER;
    return lx_paramset_add(params, &spec, &s->r2, err);
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct kerple_power *s = self;
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double r1 = (double)s->r1->w[h], r2 = (double)s->r2->w[h];
        real *row = table + (size_t)h * (size_t)c->T;

        for (d = 1; d < c->T; d++)
            row[d] += (real)(-r1 * pow(d, r2));
    }
}

/* d = 0 feeds nothing: 0^r2 is 0 whatever r2 is. */
static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct kerple_power *s = self;
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double r1 = (double)s->r1->w[h], r2 = (double)s->r2->w[h], by_r1 = 0, by_r2 = 0;
        const real *row = dtable + (size_t)h * (size_t)c->T;

        for (d = 1; d < c->T; d++) {
            double power = pow(d, r2);

            by_r1 -= (double)row[d] * power;
            by_r2 -= (double)row[d] * r1 * power * log(d);
        }
        s->r1->g[h] += (real)by_r1;
        s->r2->g[h] += (real)by_r2;
    }
}

extern const struct lx_encoding_ops lx_encoding_kerple_power;

const struct lx_encoding_ops lx_encoding_kerple_power = {
    .name = "kerple_power",
    .title = "KERPLE-power",
    .cite = "Chi et al. 2022, arXiv:2205.09921, s. 4",
    .formula = "dist[h][d] = -r1[h] d^r2[h]",
    .beyond = "keeps falling at the learned power of the distance",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct kerple_power),
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
};
