/* Log-n scaling: content logits grow with the logarithm of the number of keys.
 *
 * Formula: scale[i] of query i (from 0), with n keys (i + 1; without a causal mask T), L = train_length, T the sequence's length:
 *   max       max(1, ln n / ln L)                        (Su 2021, https://kexue.fm/archives/8823)
 *   uncapped  ln n / ln L                                (He et al. 2024, arXiv:2401.16421, its code)
 *   floor     1 + strength ln(1 + floor(n / block))      (model code of Llama 4, 2025)
 *   shift     ln(shift + n) / ln(shift)                  (SWAN, Puvvada et al. 2025, arXiv:2504.08719)
 *   length    1 + strength ln(max(1, T/L)) in all rows   (DroPE, 2025, arXiv:2512.12167)
 * Says nothing of order: stack it on a scheme that does.
 * Source: as listed; a proof of why a softmax needs it for hard attention is in Chiang and Cholak 2022,
 * arXiv:2202.12172.
 * Past the training length: sharpens the attention so that its entropy grows less with the number of
 * keys. Up to the training length max and length do nothing.
 * Options: form, strength (floor, length), block (floor; unset: L), shift (shift; unset: L). max and
 * uncapped need a training length of at least 2.
 * Differences from the sources: none for max (the lower bound 1 is its later practice: no change in
 * training); for shift the paper fits its base to long texts and may count n from 0. */
#include <math.h>

#include "encodings/encoding.h"

enum form { FORM_MAX, FORM_UNCAPPED, FORM_FLOOR, FORM_SHIFT, FORM_LENGTH };

struct logn {
    int form; /* enum form */
    double strength, shift;
    int block;
    int train_length, heads;
};

static const struct lx_option options[] = {
    {.key = "form",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct logn, form),
     .text = "max|uncapped|floor|shift|length",
     .help = "how the factor grows with the row, or with the length",
     .flags = LX_OPT_LATER},
    {.key = "strength",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct logn, strength),
     .def = (double)NAN,
     .min = 0,
     .max = 1e6,
     .help = "factor on the logarithm; unset: 0.1 (floor), 0.412 (length)"},
    {.key = "block",
     .type = LX_OPT_INT,
     .offset = offsetof(struct logn, block),
     .min = 0,
     .max = 1e9,
     .help = "floor: rows of one factor; 0: the training length",
     .flags = LX_OPT_LATER},
    {.key = "shift",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct logn, shift),
     .def = (double)NAN,
     .min = 1,
     .max = 1e9,
     .help = "shift: what is added to the row; unset: the training length",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

/* An option that another form would not read is a mistake. */
static enum lx_code check(const struct logn *s, struct lx_err *err)
{
    if (!isnan(s->strength) && s->form != FORM_FLOOR && s->form != FORM_LENGTH)
        return lx_fail(err, LX_ECONFIG, "strength: must be unset but with form floor or length");
    if (s->block > 0 && s->form != FORM_FLOOR)
        return lx_fail(err, LX_ECONFIG, "block: must be unset but with form floor");
    if (!isnan(s->shift) && s->form != FORM_SHIFT)
        return lx_fail(err, LX_ECONFIG, "shift: must be unset but with form shift");
    return LX_OK;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct logn *s = self;

    (void)arena;
    (void)params;
    s->train_length = dims->train_length;
    s->heads = dims->heads;
    if (dims->train_length < 2)
        return lx_fail(err, LX_ECONFIG, "needs a training length of at least 2, got %d",
                       dims->train_length);
    return check(s, err);
}

/* Factor of a row that sees n keys, in a sequence of T tokens. */
static double factor(const struct logn *s, int n, int T)
{
    double strength = !isnan(s->strength) ? s->strength : s->form == FORM_FLOOR ? 0.1 : 0.412;
    double shift = isnan(s->shift) ? s->train_length : s->shift;
    int block = s->block > 0 ? s->block : s->train_length;

    switch ((enum form)s->form) {
    case FORM_MAX:
        return fmax(1, log(n) / log(s->train_length));
    case FORM_UNCAPPED:
        return log(n) / log(s->train_length);
    case FORM_FLOOR:
        return 1 + strength * log1p(n / block);
    case FORM_SHIFT:
        return log(shift + n) / log(shift);
    case FORM_LENGTH:
        return 1 + strength * log(fmax(1, (double)T / s->train_length));
    }
    return 1;
}

static void scale(const void *self, const struct lx_enc_call *c, const real *x, real *s)
{
    const struct logn *n = self;

    (void)x;
    for (int i = 0; i < c->T; i++) {
        real f = (real)factor(n, lx_enc_keys(c, i), c->T);

        for (int h = 0; h < n->heads; h++)
            s[h * c->T + i] *= f;
    }
}

extern const struct lx_encoding_ops lx_encoding_logn;

const struct lx_encoding_ops lx_encoding_logn = {
    .name = "logn",
    .title = "log-n scaling",
    .cite = "Su 2021, kexue.fm/archives/8823",
    .formula = "scale[i] = max(1, ln(i + 1) / ln L), or another form",
    .beyond = "sharpens content logits as keys become more",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct logn),
    .options = options,
    .init = init,
    .scale = scale,
};
