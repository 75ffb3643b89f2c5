/* ReRoPE: rotary distances up to a window, and one and the same beyond.
 *
 * Formula: the product of query i and key j is that of positions (i, j) for i - j < window, and that
 * of positions (window, 0) for all others. Stands beside a scheme that rotates.
 * Source: Su 2023, https://kexue.fm/archives/9708.
 * Past the training length: any length, since no distance is above window; far tokens are told apart by
 * their content alone.
 * Options: window.
 * Differences from the source: its code also scales by ln n, which is the scheme logn here. */
#include "encodings/remap.h"

struct rerope {
    int given; /* the option window, 0: half of train_length */
    int window;
};

static const struct lx_option options[] = {
    LX_REMAP_WINDOW_OPTION(struct rerope),
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct rerope *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->window = lx_remap_window(s->given, dims);
    return LX_OK;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct rerope *s = self;

    for (int t = 0; t < c->T; t++) {
        qpos[t] = v == 0 ? t : s->window;
        kpos[t] = v == 0 ? t : 0;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct rerope *s = self;

    (void)c;
    return lx_remap_by_window(s->window, i, j, end);
}

extern const struct lx_encoding_ops lx_encoding_rerope;

const struct lx_encoding_ops lx_encoding_rerope = {
    .name = "rerope",
    .title = "ReRoPE",
    .cite = "Su 2023, kexue.fm/archives/9708",
    .formula = "distance min(d, window) in the rotations of the layer",
    .beyond = "no distance above the window: any length",
    .one_way = "it moves the positions of far keys before the query only",
    .state_size = sizeof(struct rerope),
    .options = options,
    .init = init,
    .variants = lx_remap_two,
    .remap = remap,
    .choose = choose,
};
