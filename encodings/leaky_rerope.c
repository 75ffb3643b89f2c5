/* Leaky ReRoPE: rotary distances up to a window, and pressed together beyond.
 *
 * Formula: distance d below window, window + (d - window) / factor from there on: the product of
 * positions (window + (i - window) / factor, j / factor). Stands beside a scheme that rotates.
 * Source: Su 2023, https://kexue.fm/archives/9731.
 * Past the training length: reaches window + factor (L - window) tokens before a distance is one that
 * training never showed.
 * Options: window, factor.
 * Differences from the source: its code also scales by ln n, which is the scheme logn here. */
#include "encodings/remap.h"

struct leaky_rerope {
    int given; /* the option window, 0: half of train_length */
    int window;
    double factor;
};

static const struct lx_option options[] = {
    LX_REMAP_WINDOW_OPTION(struct leaky_rerope),
    {.key = "factor",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct leaky_rerope, factor),
     .def = 16,
     .min = 1,
     .max = 1e6,
     .help = "how much farther distances are pressed together"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct leaky_rerope *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->window = lx_remap_window(s->given, dims);
    return LX_OK;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct leaky_rerope *s = self;

    for (int t = 0; t < c->T; t++) {
        qpos[t] = v == 0 ? t : s->window + (t - s->window) / s->factor;
        kpos[t] = v == 0 ? t : t / s->factor;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct leaky_rerope *s = self;

    (void)c;
    return lx_remap_by_window(s->window, i, j, end);
}

extern const struct lx_encoding_ops lx_encoding_leaky_rerope;

const struct lx_encoding_ops lx_encoding_leaky_rerope = {
    .name = "leaky_rerope",
    .title = "Leaky ReRoPE",
    .cite = "Su 2023, kexue.fm/archives/9731",
    .formula = "distance d < window, else window + (d - window) / factor",
    .beyond = "reaches window + factor (L - window) tokens with distances seen in training",
    .one_way = "it moves the positions of far keys before the query only",
    .state_size = sizeof(struct leaky_rerope),
    .options = options,
    .init = init,
    .variants = lx_remap_two,
    .remap = remap,
    .choose = choose,
};
