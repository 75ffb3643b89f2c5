/* KERPLE, logarithmic with three numbers: kerple_log over a power of the distance.
 *
 * Formula: dist[h][d] = -r1[h] ln(1 + r2[h] d^r3[h]), all at least 0.01, r3 at most 2.
 * Source: Chi et al. 2022, arXiv:2205.09921, appendix on variants of the kernel. The arrays (H) are one
 * set for all layers unless shared is false; no weight decay.
 * Past the training length: falls like a power of the distance after the softmax, d^(-r1 r3).
 * Options: shared.
 * First values: r1 ~ U(0, 2), r2 ~ U(0, 1), r3 = 1, which is kerple_log; those of the paper were not
 * found. The derivative by r3 is 0 at d = 0. */
#include <math.h>

#include "encodings/arrays.h"

#define LOWEST 0.01

struct kerple_log3 {
    bool shared;
    struct lx_enc_dims dims;
    struct lx_param *r1, *r2, *r3; /* (H), or (layers, H) unless shared */
};

static const struct lx_option options[] = {
    LX_SHARED_OPTION(struct kerple_log3),
    {.type = LX_OPT_END},
};

/* U(0, width), where `width` is handed over as the fill's self. */
static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const double *width = self;

    for (size_t h = 0; h < n; h++)
        w[h] = (real)fmax(LOWEST, *width * lx_rng_uniform(rng));
}

static void fill_one(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    (void)rng;
    for (size_t h = 0; h < n; h++)
        w[h] = 1;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    static const double width_r1 = 2, width_r2 = 1;
    struct kerple_log3 *s = self;
    struct lx_param_spec r1 = {.name = "encoding.kerple_log3.r1",
                               .n_dims = 1,
                               .dim = {dims->heads},
                               .fill = fill,
                               .self = &width_r1,
                               .clamped = true,
                               .lower = LOWEST,
                               .upper = HUGE_VAL};
    struct lx_param_spec r2 = r1, r3 = r1;

    (void)arena;
    s->dims = *dims;
    r2.name = "encoding.kerple_log3.r2";
    r2.self = &width_r2;
    r3.name = "encoding.kerple_log3.r3";
    r3.fill = fill_one;
    r3.upper = 2;
    if (lx_enc_array(params, dims, s->shared, r1, &s->r1, err) ||
        lx_enc_array(params, dims, s->shared, r2, &s->r2, err) ||
        lx_enc_array(params, dims, s->shared, r3, &s->r3, err))
        return err->code;
    return LX_OK;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct kerple_log3 *s = self;
    size_t at = lx_enc_array_at(s->r1, &s->dims, s->shared, c->layer);

    for (int h = 0; h < s->dims.heads; h++, at++) {
        double r1 = (double)s->r1->w[at], r2 = (double)s->r2->w[at], r3 = (double)s->r3->w[at];
        real *row = table + (size_t)h * (size_t)c->T;

        for (int d = 1; d < c->T; d++)
            row[d] += (real)(-r1 * log1p(r2 * pow(d, r3)));
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct kerple_log3 *s = self;
    size_t at = lx_enc_array_at(s->r1, &s->dims, s->shared, c->layer);

    for (int h = 0; h < s->dims.heads; h++, at++) {
        double r1 = (double)s->r1->w[at], r2 = (double)s->r2->w[at], r3 = (double)s->r3->w[at];
        double by_r1 = 0, by_r2 = 0, by_r3 = 0;
        const real *row = dtable + (size_t)h * (size_t)c->T;

        for (int d = 1; d < c->T; d++) {
            double power = pow(d, r3), slope = (double)row[d] * r1 * power / (1 + r2 * power);

            by_r1 -= (double)row[d] * log1p(r2 * power);
            by_r2 -= slope;
            by_r3 -= slope * r2 * log(d);
        }
        s->r1->g[at] += (real)by_r1;
        s->r2->g[at] += (real)by_r2;
        s->r3->g[at] += (real)by_r3;
    }
}

extern const struct lx_encoding_ops lx_encoding_kerple_log3;

const struct lx_encoding_ops lx_encoding_kerple_log3 = {
    .name = "kerple_log3",
    .title = "KERPLE-log, 3 numbers",
    .cite = "Chi et al. 2022, arXiv:2205.09921",
    .formula = "dist[h][d] = -r1[h] ln(1 + r2[h] d^r3[h])",
    .beyond = "keeps falling with the logarithm of the distance, at the learned rate",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct kerple_log3),
    .options = options,
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
};
