/* Dual chunk attention: exact distances within a chunk and to the one before, one distance farther off.
 *
 * Formula: with s = chunk - local, positions within chunks of s tokens: (i mod s, j mod s) in the same
 * chunk, (min(i mod s + s, chunk), j mod s) in the one before, (min(2s - 1, chunk), j mod s) farther
 * off. scale = (1 + mscale ln max(1, T / L))^2. Stands beside a scheme that rotates.
 * Source: An et al. 2024, arXiv:2402.17463, and its code.
 * Past the training length: any length, no distance above chunk.
 * Options: chunk, local, mscale (the code's default; the paper's numbers were made without).
 * Differences from the source: none. */
#include <math.h>

#include "encodings/encoding.h"

struct dual_chunk {
    int given, given_local; /* the options chunk and local, 0: parts of train_length */
    double mscale;
    int chunk, local, heads, train_length;
};

static const struct lx_option options[] = {
    {.key = "chunk",
     .type = LX_OPT_INT,
     .offset = offsetof(struct dual_chunk, given),
     .min = 0,
     .max = 1e9,
     .help = "longest distance, 0 = 3/4 of train.length"},
    {.key = "local",
     .type = LX_OPT_INT,
     .offset = offsetof(struct dual_chunk, given_local),
     .min = 0,
     .max = 1e9,
     .help = "tokens of a chunk kept for exact distances across its end, 0 = 1/8 of train.length"},
    {.key = "mscale",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct dual_chunk, mscale),
     .def = 0.05,
     .min = 0,
     .max = 100,
     .help = "content grows with the logarithm of length / training length by that"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct dual_chunk *s = self;

    (void)arena;
    (void)params;
    s->heads = dims->heads;
    s->train_length = dims->train_length;
    s->chunk = s->given > 0 ? s->given : (3 * dims->train_length + 3) / 4;
    s->local = s->given_local > 0 ? s->given_local : dims->train_length / 8;
    if (s->chunk <= s->local)
        return lx_fail(err, LX_ECONFIG, "chunk: must be above local %d, got %d", s->local,
                       s->chunk);
    return LX_OK;
}

static int variants(const void *self)
{
    (void)self;
    return 3;
}

static void remap(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos)
{
    const struct dual_chunk *s = self;

    for (int t = 0; t < c->T; t++) {
        int size = s->chunk - s->local, next = t % size + size, far = 2 * size - 1;

        kpos[t] = t % size;
        qpos[t] = t % size;
        if (v == 1)
            qpos[t] = next < s->chunk ? next : s->chunk;
        if (v == 2)
            qpos[t] = far < s->chunk ? far : s->chunk;
    }
}

static int choose(const void *self, const struct lx_enc_call *c, int i, int j, int *end)
{
    const struct dual_chunk *s = self;
    int size = s->chunk - s->local, apart = i / size - j / size;

    (void)c;
    *end = apart < 2 ? (j / size + 1) * size : (i / size - 1) * size;
    return apart < 2 ? apart : 2;
}

static void scale(const void *self, const struct lx_enc_call *c, const real *x, real *f)
{
    const struct dual_chunk *s = self;
    double size = 1 + s->mscale * log(fmax(1, (double)c->T / s->train_length));

    (void)x;
    for (int i = 0; i < s->heads * c->T; i++)
        f[i] *= (real)(size * size);
}

extern const struct lx_encoding_ops lx_encoding_dual_chunk;

const struct lx_encoding_ops lx_encoding_dual_chunk = {
    .name = "dual_chunk",
    .title = "dual chunk",
    .cite = "An et al. 2024, arXiv:2402.17463",
    .formula = "distances within a chunk and to the one before; one distance farther off",
    .beyond = "any length: no distance above chunk",
    .one_way = "it has products for chunks before that of the query, none for those after it",
    .state_size = sizeof(struct dual_chunk),
    .options = options,
    .init = init,
    .scale = scale,
    .variants = variants,
    .remap = remap,
    .choose = choose,
};
