/* Chunked attention: a query sees the keys of its own chunk, and of some chunks before it.
 *
 * Formula: key j is seen iff floor(i / width) - floor(j / width) <= back.
 * Source: back 0 is the chunked attention of Llama 4 (model code, 2025); back 1 is blockwise causal
 * attention (Sun et al. 2022, arXiv:2212.10554, s. 4.2).
 * Past the training length: a layer sees (back + 1) width tokens at most, at any length. Says nothing
 * of order within that: stack it on a scheme that does.
 * Options: width (0: the training length), back.
 * Differences from the sources: none. */
#include "encodings/encoding.h"

struct chunks {
    int given, back; /* the option width, 0: train_length */
    int width;
};

static const struct lx_option options[] = {
    {.key = "width",
     .type = LX_OPT_INT,
     .offset = offsetof(struct chunks, given),
     .min = 0,
     .max = 1e9,
     .flags = LX_OPT_LATER,
     .help = "tokens of a chunk, 0 = train.length"},
    {.key = "back",
     .type = LX_OPT_INT,
     .offset = offsetof(struct chunks, back),
     .min = 0,
     .max = 1e6,
     .help = "chunks before its own that a query sees"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct chunks *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->width = s->given > 0 ? s->given : dims->train_length;
    return LX_OK;
}

static int first_seen(const void *self, const struct lx_enc_call *c, int i)
{
    const struct chunks *s = self;
    int chunk = i / s->width - s->back;

    (void)c;
    return chunk > 0 ? chunk * s->width : 0;
}

extern const struct lx_encoding_ops lx_encoding_chunks;

const struct lx_encoding_ops lx_encoding_chunks = {
    .name = "chunks",
    .title = "chunks",
    .cite = "Llama 4, model code 2025; Sun et al. 2022, arXiv:2212.10554, s. 4.2",
    .formula = "key j is seen iff floor(i / width) - floor(j / width) <= back",
    .beyond = "a layer sees its own chunk and `back` before it, at any length",
    .one_way = "it hides what lies before a chunk, and nothing ends one",
    .state_size = sizeof(struct chunks),
    .options = options,
    .init = init,
    .first_seen = first_seen,
};
