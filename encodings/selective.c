/* Selective attention: what a token has seen enough of is masked for all tokens after it.
 *
 * Formula: S[k][j] = max(0, logit of head 0 of query k and key j), for the keys that it sees with j < k and
 * but for the first key; F[i][j] = sum over k < i of S[k][j]; logit[h][i][j] -= F[i][j] for every head h.
 * Source: Leviathan et al. 2024, arXiv:2410.02703, as in x-transformers (official code not found). Says
 * nothing of order: stack it on a scheme that does.
 * Past the training length: what is masked only grows, so attention stays on what is left.
 * Options: protect_first (false: the first key can be masked, too).
 * Differences from the paper: none known; no loss term for memory. */
#include <string.h>

#include "encodings/encoding.h"

struct selective {
    bool protect_first;
    int heads;
};

static const struct lx_option options[] = {
    {.key = "protect_first",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct selective, protect_first),
     .def = 1,
     .help = "the first key is never masked"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct selective *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->heads = dims->heads;
    return LX_OK;
}

/* State, by key: F after the last row; in the backward pass, which may come more than once, F of the row
 * in hand and the gradient by it. */
static size_t n_state(const void *self, int T)
{
    (void)self;
    return 3 * (size_t)T;
}

/* Whether this row may mask key j, by a logit of head 0 that is positive. */
static bool masks(const struct selective *s, const struct lx_enc_row *r, int j)
{
    return j >= (s->protect_first ? 1 : 0) && j < r->i && r->seen[j] != 0 && r->logit[j] > 0;
}

static void post(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct selective *s = self;
    size_t T = (size_t)c->T;
    double *F = r->again ? r->state + T : r->state;

    if (r->again && r->i == c->T - 1) { /* its first row */
        memcpy(F, r->state, T * sizeof(*F));
        memset(F + T, 0, T * sizeof(*F));
    }
    for (int j = 0; j < r->n; j++) {
        double own = masks(s, r, j) ? (double)r->logit[j] : 0;

        if (r->again)
            F[j] -= own;
        for (int h = 0; h < s->heads; h++)
            r->logit[(size_t)h * r->stride + (size_t)j] -= (real)F[j];
        if (!r->again)
            F[j] += own;
    }
}

static void post_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct selective *s = self;
    double *later = r->state + 2 * (size_t)c->T;

    for (int j = 0; j < r->n; j++) {
        double sum = 0;

        for (int h = 0; h < s->heads; h++)
            sum += (double)r->dlogit[(size_t)h * r->stride + (size_t)j];
        if (masks(s, r, j))
            r->dlogit[j] += (real)later[j];
        later[j] -= sum;
    }
}

extern const struct lx_encoding_ops lx_encoding_selective;

const struct lx_encoding_ops lx_encoding_selective = {
    .name = "selective",
    .title = "selective attention",
    .cite = "Leviathan et al. 2024, arXiv:2410.02703",
    .formula = "logit[h][i][j] -= sum over k < i of max(0, logit[0][k][j])",
    .beyond = "what is masked only grows",
    .one_way = "it lets a token hide those before it from the queries after it",
    .state_size = sizeof(struct selective),
    .options = options,
    .init = init,
    .kinks = true,
    .post = post,
    .post_back = post_back,
    .n_state = n_state,
    .row_cost = {530, 1600},
};
