/* Sandwich: the product of two sinusoidal position vectors as a bias, compressed per head.
 *
 * Formula: dist[h][d] = (sum_k cos(d 10000^(-2k/dim)) - dim/2) / (8h/H), h = 1..H, the sum over dim/2
 * terms k = first_index .. first_index + dim/2 - 1. The constant makes the bias 0 at d = 0; a softmax
 * does not see it.
 * Source: Chi et al. 2023, arXiv:2212.10356 (ACL 2023), with the compression ratios 8h/H of ALiBi.
 * Past the training length: falls about like the logarithm of the distance, with small waves; the
 * widest head goes on using the whole input.
 * Options: dim (128, whatever the width of the model); first_index (1 as in the paper, 0 makes the
 * sum the product of the vectors of the sinusoidal scheme); smoothed.
 * smoothed: dist[h][d] = -0.825 ln(1 + d) 8/(8h/H), the smooth curve that its authors fit to the
 * widest head, -0.825 ln(1 + d) - 0.8, without the constant, given to head h by the same ratio.
 * Differences from the paper: none known; descriptions that multiply by 8h/H instead contradict the
 * published code and would make the last head the narrowest. */
#include <math.h>

#include "encodings/encoding.h"

struct sandwich {
    int dim, first_index;
    bool smoothed;
    int heads;
    double *shape; /* (max_length), the bias of ratio 1 */
};

static const struct lx_option options[] = {
    {.key = "dim",
     .type = LX_OPT_INT,
     .offset = offsetof(struct sandwich, dim),
     .def = 128,
     .min = 2,
     .max = 65536,
     .help = "width of the position vectors, even; not tied to the model's"},
    {.key = "first_index",
     .type = LX_OPT_INT,
     .offset = offsetof(struct sandwich, first_index),
     .def = 1,
     .min = 0,
     .max = 1,
     .help = "index of the first of the dim/2 frequencies, 0 or 1"},
    {.key = "smoothed",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct sandwich, smoothed),
     .help = "use the fitted curve -0.825 ln(1 + d) in place of the sum"},
    {.type = LX_OPT_END},
};

static double shape_at(const struct sandwich *s, int d)
{
    double sum = 0;
    int k;

    if (s->smoothed)
        return -0.825 * 8 * log1p(d);
    for (k = s->first_index; k < s->first_index + s->dim / 2; k++)
        sum += cos(d * pow(10000, -2.0 * k / s->dim)) - 1;
    return sum;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct sandwich *s = self;
    enum lx_code code;
    int d;

    (void)params;
    if (s->dim % 2 != 0)
        return lx_fail(err, LX_ECONFIG, "dim: must be even, got %d", s->dim);
    s->heads = dims->heads;
    code = lx_arena_get(arena, (size_t)dims->max_length, sizeof(double), &s->shape,
                        "sandwich table", err);
    for (d = 0; s->shape != NULL && d < dims->max_length; d++)
        s->shape[d] = shape_at(s, d);
    return code;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct sandwich *s = self;
    int h, d;

    for (h = 0; h < s->heads; h++) {
        double ratio = 8.0 * (h + 1) / s->heads;
        real *row = table + (size_t)h * (size_t)c->T;

        for (d = 0; d < c->T; d++)
            row[d] += (real)(s->shape[d] / ratio);
    }
}

extern const struct lx_encoding_ops lx_encoding_sandwich;

const struct lx_encoding_ops lx_encoding_sandwich = {
    .name = "sandwich",
    .title = "Sandwich",
    .cite = "Chi et al. 2023, arXiv:2212.10356",
    .formula = "dist[h][d] = (sum_k cos(d 10000^(-2k/dim)) - dim/2) / (8h/H), h = 1..H",
    .beyond = "falls like the logarithm of the distance; the widest head uses the whole input",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct sandwich),
    .options = options,
    .init = init,
    .dist = dist,
};
