/* Self-Extend: rotary distances up to a window, and between groups of tokens beyond.
 *
 * Formula: positions (i, j) for i - j < window, else
 * (floor(i / group) + window - floor(window / group), floor(j / group)). Stands beside a scheme that
 * rotates.
 * Source: Jin et al. 2024, arXiv:2401.01325.
 * Past the training length: reaches (L - window) group + window tokens with positions that training
 * showed.
 * Options: window, group.
 * Differences from the paper: none; one branch of its code leaves window / group unrounded. */
#include "encodings/remap.h"

struct self_extend {
    int given; /* the option window, 0: half of train_length */
    int window, group;
};

static const struct lx_option options[] = {
    LX_REMAP_WINDOW_OPTION(struct self_extend),
    {.key = "group",
     .type = LX_OPT_INT,
     .offset = offsetof(struct self_extend, group),
     .def = 8,
     .min = 2,
     .max = 1e6,
     .help = "tokens beyond it that share a position"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct self_extend *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->window = lx_remap_window(s->given, dims);
    return LX_OK;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct self_extend *s = self;

    for (int t = 0; t < c->T; t++) {
        qpos[t] = v == 0 ? t : t / s->group + s->window - s->window / s->group;
        kpos[t] = v == 0 ? t : t / s->group;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct self_extend *s = self;

    (void)c;
    return lx_remap_by_window(s->window, i, j, end);
}

extern const struct lx_encoding_ops lx_encoding_self_extend;

const struct lx_encoding_ops lx_encoding_self_extend = {
    .name = "self_extend",
    .title = "Self-Extend",
    .cite = "Jin et al. 2024, arXiv:2401.01325",
    .formula = "d < window, else floor(i/G) - floor(j/G) + window - floor(window/G)",
    .beyond = "reaches (L - window) group + window tokens with distances seen in training",
    .one_way = "it groups the positions of far keys before the query only",
    .state_size = sizeof(struct self_extend),
    .options = options,
    .init = init,
    .variants = lx_remap_two,
    .remap = remap,
    .choose = choose,
};
