/* LM-Infinite: the last tokens at their distances, the first ones at one far distance, nothing between.
 *
 * Formula: keys with i - j < local at positions (i, j); of the others the first `global` at positions
 * (local, 0); the rest are hidden. Stands beside a scheme that rotates.
 * Source: Han et al. 2023, arXiv:2308.16137.
 * Past the training length: any length; a layer sees local + global tokens.
 * Options: local, global.
 * Differences from the paper: its third part, the re-weighting of middle tokens, is optional there and not
 * here. */
#include "encodings/remap.h"

struct lm_infinite {
    int given; /* the option local, 0: train_length */
    int local, global;
};

static const struct lx_option options[] = {
    {.key = "local",
     .type = LX_OPT_INT,
     .offset = offsetof(struct lm_infinite, given),
     .min = 0,
     .max = 1e9,
     .help = "last tokens that a query sees, 0 = train.length"},
    {.key = "global",
     .type = LX_OPT_INT,
     .offset = offsetof(struct lm_infinite, global),
     .def = 10,
     .min = 0,
     .max = 1e9,
     .help = "first tokens that every query sees"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct lm_infinite *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->local = s->given > 0 ? s->given : dims->train_length;
    return LX_OK;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct lm_infinite *s = self;

    for (int t = 0; t < c->T; t++) {
        qpos[t] = v == 0 ? t : s->local;
        kpos[t] = v == 0 ? t : 0;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct lm_infinite *s = self;

    (void)c;
    return lx_remap_by_window(s->local, i, j, end);
}

static int first_seen(const void *self, const struct lx_enc_call *c, int i)
{
    const struct lm_infinite *s = self;

    (void)c;
    return lx_remap_first_of(s->local, i);
}

static int always_seen(const void *self)
{
    const struct lm_infinite *s = self;

    return s->global;
}

extern const struct lx_encoding_ops lx_encoding_lm_infinite;

const struct lx_encoding_ops lx_encoding_lm_infinite = {
    .name = "lm_infinite",
    .title = "LM-Infinite",
    .cite = "Han et al. 2023, arXiv:2308.16137",
    .formula = "the last `local` keys at d, the first `global` at distance local, no others",
    .beyond = "any length: local + global keys a layer, no distance above local",
    .one_way = "it keeps the first keys and the last ones before the query",
    .state_size = sizeof(struct lm_infinite),
    .options = options,
    .init = init,
    .first_seen = first_seen,
    .always_seen = always_seen,
    .variants = lx_remap_two,
    .remap = remap,
    .choose = choose,
};
