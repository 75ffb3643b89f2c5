/* Temperature: divides the whole logit, biases included.
 *
 * Formula: tau[h] = tau for every head; below 1 sharpens, above 1 flattens. Says nothing of order:
 * stack it on a scheme that does.
 * Source: Chi et al. 2023, arXiv:2311.00684: tau < 1 chosen so that long inputs have the attention
 * entropy or the largest probability of short ones.
 * Past the training length: the same tau at every length; choose it for the length that is evaluated.
 * Options: tau.
 * Differences from the paper: it searches tau by aligning the attention of two lengths, for encoders;
 * this scheme only applies one, to a causal decoder. */
#include "encodings/encoding.h"

struct temperature {
    double tau;
    int heads;
};

static const struct lx_option options[] = {
    {.key = "tau",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct temperature, tau),
     .def = 1,
     .min = 0,
     .max = 1e6,
     .help = "divisor of every logit",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct temperature *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->heads = dims->heads;
    return LX_OK;
}

static void tau(const void *self, const struct lx_enc_call *c, real *divisor)
{
    const struct temperature *s = self;
    int h;

    (void)c;
    for (h = 0; h < s->heads; h++)
        divisor[h] *= (real)s->tau;
}

extern const struct lx_encoding_ops lx_encoding_temperature;

const struct lx_encoding_ops lx_encoding_temperature = {
    .name = "temperature",
    .title = "temperature",
    .cite = "Chi et al. 2023, arXiv:2311.00684",
    .formula = "logit / tau",
    .beyond = "the same divisor at every length",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct temperature),
    .options = options,
    .init = init,
    .tau = tau,
};
