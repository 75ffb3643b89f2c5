/* Stick-breaking attention: each key takes its part of what the keys after it have left.
 *
 * Formula: weight[i][j] = sigmoid(logit[i][j]) times the product over j < k < i of
 * (1 - sigmoid(logit[i][k])), for j < i; with `current` j <= i, and the product runs to i.
 * Source: Tan et al. 2025, arXiv:2410.17980.
 * Past the training length: near keys come first at any length; nothing else tells positions. What
 * remains of the stick goes to no key.
 * Options: current (the token itself is a key; false: row 0 has no weights at all).
 * Differences from the paper: none. Entropy and max-probability are those of the weights as they are. */
#include <math.h>

#include "encodings/encoding.h"

struct stick_breaking {
    bool current;
    int heads;
};

static const struct lx_option options[] = {
    {.key = "current",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct stick_breaking, current),
     .help = "a query sees its own token too"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct stick_breaking *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->heads = dims->heads;
    return LX_OK;
}

/* ln(1 + e^x) */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static int keys(const struct stick_breaking *s, const struct lx_enc_row *row)
{
    return s->current ? row->n : row->n - 1;
}

static void normalise(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row)
{
    const struct stick_breaking *s = self;

    (void)c;
    for (int h = 0; h < s->heads; h++) {
        const real *x = row->logit + (size_t)h * row->stride;
        real *p = row->p + (size_t)h * row->stride;
        double left = 0; /* logarithm of what is left of the stick */

        for (int j = row->n - 1; j >= 0; j--) {
            double taken = j < keys(s, row) && row->seen[j] ? softplus((double)x[j]) : 0;

            p[j] = taken > 0 ? (real)exp((double)x[j] - taken + left) : 0;
            left -= taken;
        }
    }
}

static void normalise_back(const void *self, const struct lx_enc_call *c,
                           const struct lx_enc_row *row)
{
    const struct stick_breaking *s = self;

    (void)c;
    for (int h = 0; h < s->heads; h++) {
        size_t at = (size_t)h * row->stride;
        double before = 0; /* sum of p dp over the keys that come later in the breaking */

        for (int j = 0; j < row->n; j++) {
            double x = (double)row->logit[at + (size_t)j], g, part = 1 / (1 + exp(-x));

            g = (double)row->p[at + (size_t)j] * (double)row->dp[at + (size_t)j];
            row->dlogit[at + (size_t)j] =
                j < keys(s, row) ? (real)(g * (1 - part) - part * before) : 0;
            before += g;
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_stick_breaking;

const struct lx_encoding_ops lx_encoding_stick_breaking = {
    .name = "stick_breaking",
    .title = "stick-breaking",
    .cite = "Tan et al. 2025, arXiv:2410.17980",
    .formula = "weight[i][j] = sigmoid(logit[i][j]) prod_{j<k<i} (1 - sigmoid(logit[i][k]))",
    .beyond = "near keys come first at any length; what is left of the stick goes to no key",
    .one_way = "it breaks the stick from the query backwards",
    .state_size = sizeof(struct stick_breaking),
    .options = options,
    .init = init,
    .normalise = normalise,
    .normalise_back = normalise_back,
    .row_cost = {4000, 8800},
};
