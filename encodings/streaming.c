/* StreamingLLM: the first tokens as sinks and the last ones, at their places in a cache of that size.
 *
 * Formula: the first `sinks` keys at positions (min(i, sinks + recent - 1), j), keys with
 * i - j < recent at (i, j); the rest are hidden. Stands beside a scheme that rotates.
 * Source: Xiao et al. 2023, arXiv:2309.17453.
 * Past the training length: any length; a layer sees sinks + recent tokens, as if they stood together.
 * Options: sinks, recent.
 * Differences from the source: recent counts the query itself, which its code's cache holds on top. */
#include "encodings/remap.h"

struct streaming {
    int sinks, given; /* the option recent, 0: what sinks leave of train_length */
    int recent;
};

static const struct lx_option options[] = {
    {.key = "sinks",
     .type = LX_OPT_INT,
     .offset = offsetof(struct streaming, sinks),
     .def = 4,
     .min = 0,
     .max = 1e9,
     .help = "first tokens that every query sees"},
    {.key = "recent",
     .type = LX_OPT_INT,
     .offset = offsetof(struct streaming, given),
     .min = 0,
     .max = 1e9,
     .help = "last tokens that a query sees, itself included, 0 = train.length - sinks"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct streaming *s = self;

    (void)arena;
    (void)params;
    s->recent = s->given > 0 ? s->given : dims->train_length - s->sinks;
    if (s->recent < 1)
        return lx_fail(err, LX_ECONFIG,
                       "sinks: must be below the training length %d where recent is 0, got %d",
                       dims->train_length, s->sinks);
    return LX_OK;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct streaming *s = self;

    for (int t = 0; t < c->T; t++) {
        qpos[t] = v == 0 || t < s->sinks + s->recent ? t : s->sinks + s->recent - 1;
        kpos[t] = t;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct streaming *s = self;

    (void)c;
    *end = j < s->sinks ? s->sinks : i + 1;
    return j < s->sinks ? 1 : 0;
}

static int first_seen(const void *self, const struct lx_enc_call *c, int i)
{
    const struct streaming *s = self;

    (void)c;
    return lx_remap_first_of(s->recent, i);
}

static int always_seen(const void *self)
{
    const struct streaming *s = self;

    return s->sinks;
}

extern const struct lx_encoding_ops lx_encoding_streaming;

const struct lx_encoding_ops lx_encoding_streaming = {
    .name = "streaming",
    .title = "StreamingLLM",
    .cite = "Xiao et al. 2023, arXiv:2309.17453",
    .formula = "the first `sinks` keys and the last `recent`, at their places among them",
    .beyond = "any length: sinks + recent keys a layer",
    .one_way = "it keeps the first keys and the last ones before the query",
    .state_size = sizeof(struct streaming),
    .options = options,
    .init = init,
    .first_seen = first_seen,
    .always_seen = always_seen,
    .variants = lx_remap_two,
    .remap = remap,
    .choose = choose,
};
