/* Log-n scaling: content logits grow with the logarithm of the number of keys.
 *
 * Formula: scale[i] = max(1, ln(i + 1) / ln L), i from 0, L = train_length. Says nothing of order:
 * stack it on a scheme that does.
 * Source: Su 2021, https://kexue.fm/archives/8823; a proof of why a softmax needs it for hard
 * attention is in Chiang and Cholak 2022, arXiv:2202.12172.
 * Past the training length: sharpens the attention so that its entropy grows less with the number of
 * keys. Up to the training length it does nothing.
 * Options: none; needs a training length of at least 2.
 * Differences from the source: none (the lower bound 1 is its later practice: no change in training). */
#include <math.h>

#include "encodings/encoding.h"

struct logn {
    int train_length;
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct logn *s = self;

    (void)arena;
    (void)params;
    s->train_length = dims->train_length;
    if (dims->train_length < 2)
        return lx_fail(err, LX_ECONFIG, "needs a training length of at least 2, got %d",
                       dims->train_length);
    return LX_OK;
}

static void scale(const void *self, const struct lx_enc_call *c, real *s)
{
    const struct logn *n = self;
    double unit = log(n->train_length);
    int i;

    for (i = n->train_length; i < c->T; i++)
        s[i] *= (real)(log(i + 1) / unit);
}

extern const struct lx_encoding_ops lx_encoding_logn;

const struct lx_encoding_ops lx_encoding_logn = {
    .name = "logn",
    .title = "log-n scaling",
    .cite = "Su 2021, kexue.fm/archives/8823",
    .formula = "scale[i] = max(1, ln(i + 1) / ln L)",
    .beyond = "sharpens content logits as keys become more",
    .state_size = sizeof(struct logn),
    .init = init,
    .scale = scale,
};
