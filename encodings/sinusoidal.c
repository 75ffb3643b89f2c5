/* Sinusoidal absolute positions: a fixed wave for every pair of channels.
 *
 * Formula: x[t][2i] += sin(t / base^(2i/d)), x[t][2i+1] += cos(t / base^(2i/d)), d = d_model,
 * positions from 0, sine and cosine interleaved.
 * Source: Vaswani et al. 2017, arXiv:1706.03762, s. 3.5.
 * Past the training length: defined at any length, but the vectors were never seen in training; the
 * loss grows within a few tokens (Press et al. 2022, arXiv:2108.12409, tables 2-4).
 * Options: base.
 * Differences from the paper: none. tensor2tensor and fairseq put all sines first, let the exponent
 * run to 1 inclusive (i / (d/2 - 1)) and count positions from 1 or 2; this does not. */
#include <math.h>

#include "encodings/encoding.h"

struct sinusoidal {
    double base;
    int d_model, rows;
    real *table; /* (max_length, d_model) */
};

static const struct lx_option options[] = {
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct sinusoidal, base),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .help = "base of the wavelengths, 2 pi .. 2 pi base tokens",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct sinusoidal *s = self;
    size_t D = (size_t)dims->d_model, T = (size_t)dims->max_length, t, d;
    enum lx_code code;

    (void)params;
    s->d_model = dims->d_model;
    s->rows = dims->max_length;
    code = lx_arena_get(arena, T * D, sizeof(real), &s->table, "sinusoidal table", err);
    if (s->table == NULL)
        return code;
    for (d = 0; d < D; d++) {
        double frequency = pow(s->base, -(double)(d - d % 2) / (double)D);

        for (t = 0; t < T; t++) {
            double angle = (double)t * frequency;

            s->table[t * D + d] = (real)(d % 2 == 0 ? sin(angle) : cos(angle));
        }
    }
    return LX_OK;
}

/* A position that the table does not have. */
static void add_between(const struct sinusoidal *s, double at, real *x)
{
    for (int d = 0; d < s->d_model; d++) {
        double angle = at * pow(s->base, -(double)(d - d % 2) / s->d_model);

        x[d] += (real)(d % 2 == 0 ? sin(angle) : cos(angle));
    }
}

static void embed(const void *self, const struct lx_enc_call *c, real *x)
{
    const struct sinusoidal *s = self;
    size_t D = (size_t)s->d_model, rows = (size_t)c->B * (size_t)c->T;

    for (size_t r = 0; r < rows; r++) {
        double at = c->pos != NULL ? c->pos[r] : (double)(r % (size_t)c->T);
        const real *row = s->table + (size_t)at * D;

        if (at < s->rows && !(at > floor(at)))
            for (size_t d = 0; d < D; d++)
                x[r * D + d] += row[d];
        else
            add_between(s, at, x + r * D);
    }
}

extern const struct lx_encoding_ops lx_encoding_sinusoidal;

const struct lx_encoding_ops lx_encoding_sinusoidal = {
    .name = "sinusoidal",
    .title = "sinusoidal",
    .cite = "Vaswani et al. 2017, arXiv:1706.03762, s. 3.5",
    .formula = "x[t][2i] += sin(t base^(-2i/d)), x[t][2i+1] += cos(t base^(-2i/d))",
    .beyond = "defined at any length, with vectors that training never showed",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct sinusoidal),
    .options = options,
    .init = init,
    .reads_positions = true,
    .embed = embed,
};
