/* KERPLE, bias and weight: kerple_power, and content that fades with the distance as well.
 *
 * Formula: mul[h][d] = exp(-r3[h] d^r4[h]), dist[h][d] = -r1[h] d^r2[h]; 1 and 0 at d = 0. All at least
 * 0.01, the powers r2 and r4 at most 2.
 * Source: Chi et al. 2022, arXiv:2205.09921, and its code (bias+wht). The arrays (H) are one set for all
 * layers unless shared is false; no weight decay.
 * Past the training length: falls on, and far content shrinks to nothing.
 * Options: shared.
 * First values: r1, r3 ~ U(0, 1), r2, r4 ~ U(0, 2), then clamped, as in the code. The derivatives by the
 * powers are 0 at d = 0. */
#include <math.h>

#include "encodings/arrays.h"

#define LOWEST 0.01
#define HIGHEST_POWER 2.0

struct kerple_weighted {
    bool shared;
    struct lx_enc_dims dims;
    struct lx_param *r[4]; /* r1 .. r4: (H), or (layers, H) unless shared */
};

static const struct lx_option options[] = {
    LX_SHARED_OPTION(struct kerple_weighted),
    {.type = LX_OPT_END},
};

/* U(0, width), where `width` is handed over as the fill's self. */
static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const double *width = self;

    for (size_t h = 0; h < n; h++)
        w[h] = (real)fmax(LOWEST, *width * lx_rng_uniform(rng));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    static const double width = 1, width_power = HIGHEST_POWER;
    static const char *const names[] = {
        "encoding.kerple_weighted.r1", "encoding.kerple_weighted.r2", "encoding.kerple_weighted.r3",
        "encoding.kerple_weighted.r4"};
    struct kerple_weighted *s = self;

    (void)arena;
    s->dims = *dims;
    for (int i = 0; i < 4; i++) {
        bool power = i % 2 == 1;
        struct lx_param_spec spec = {.name = names[i],
                                     .n_dims = 1,
                                     .dim = {dims->heads},
                                     .fill = fill,
                                     .self = power ? &width_power : &width,
                                     .clamped = true,
                                     .lower = LOWEST,
                                     .upper = power ? HIGHEST_POWER : HUGE_VAL};

        if (lx_enc_array(params, dims, s->shared, spec, &s->r[i], err))
            return err->code;
    }
    return LX_OK;
}

/* Value of r[i] of head h of a layer. */
static double value(const struct kerple_weighted *s, int i, int layer, int h)
{
    size_t at = lx_enc_array_at(s->r[i], &s->dims, s->shared, layer);

    return (double)s->r[i]->w[at + (size_t)h];
}

static void add_gradient(struct kerple_weighted *s, int i, int layer, int h, double by)
{
    size_t at = lx_enc_array_at(s->r[i], &s->dims, s->shared, layer);

    s->r[i]->g[at + (size_t)h] += (real)by;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct kerple_weighted *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        double r1 = value(s, 0, c->layer, h), r2 = value(s, 1, c->layer, h);

        for (int d = 1; d < c->T; d++)
            table[h * c->T + d] += (real)(-r1 * pow(d, r2));
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct kerple_weighted *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        double r1 = value(s, 0, c->layer, h), r2 = value(s, 1, c->layer, h), by1 = 0, by2 = 0;

        for (int d = 1; d < c->T; d++) {
            double g = (double)dtable[h * c->T + d] * pow(d, r2);

            by1 -= g;
            by2 -= g * r1 * log(d);
        }
        add_gradient(s, 0, c->layer, h, by1);
        add_gradient(s, 1, c->layer, h, by2);
    }
}

static void mul(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct kerple_weighted *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        double r3 = value(s, 2, c->layer, h), r4 = value(s, 3, c->layer, h);

        for (int d = 1; d < c->T; d++)
            table[h * c->T + d] *= (real)exp(-r3 * pow(d, r4));
    }
}

static void mul_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct kerple_weighted *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        double r3 = value(s, 2, c->layer, h), r4 = value(s, 3, c->layer, h), by3 = 0, by4 = 0;

        for (int d = 1; d < c->T; d++) {
            double power = pow(d, r4), g = (double)dtable[h * c->T + d] * exp(-r3 * power) * power;

            by3 -= g;
            by4 -= g * r3 * log(d);
        }
        add_gradient(s, 2, c->layer, h, by3);
        add_gradient(s, 3, c->layer, h, by4);
    }
}

extern const struct lx_encoding_ops lx_encoding_kerple_weighted;

const struct lx_encoding_ops lx_encoding_kerple_weighted = {
    .name = "kerple_weighted",
    .title = "KERPLE bias+weight",
    .cite = "Chi et al. 2022, arXiv:2205.09921",
    .formula = "mul[h][d] = exp(-r3[h] d^r4[h]), dist[h][d] = -r1[h] d^r2[h]",
    .beyond = "bias keeps falling at the learned power; far content shrinks to nothing",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct kerple_weighted),
    .options = options,
    .init = init,
    .dist = dist,
    .dist_back = dist_back,
    .mul = mul,
    .mul_back = mul_back,
};
