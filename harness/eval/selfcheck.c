/* Self-checks of a run; see selfcheck.h. */
#include "eval/selfcheck.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

struct check {
    struct lx_model *m;
    struct lx_work *work;
    uint16_t *tokens;     /* (T)    */
    real *before, *after; /* (T, V) */
    int T;
};

static void logits(struct check *c, real *out)
{
    lx_model_forward(c->m, c->work, c->tokens, 1, c->T, NULL);
    lx_model_logits(c->m, c->work, 0, c->T, out);
}

/* A model that has broken down has no logits to compare; that it diverged is for the evaluation to
 * say. */
static bool broken(const struct check *c, const real *z)
{
    size_t n = (size_t)c->T * (size_t)c->m->config.vocab;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(z[i]))
            return true;
    return false;
}

/* Whether some layer shows a query the keys after it. */
static bool sees_ahead(const struct check *c)
{
    bool both = lx_model_both(&c->m->config), seen = false;

    for (int l = 0; both && l < c->m->config.layers; l++) {
        struct lx_enc_call call = {.layer = l, .B = 1, .T = c->T, .both = true};

        seen = seen || lx_stack_window(&c->m->stack, &call) > 1;
    }
    return seen;
}

static enum lx_code change_token(struct check *c, int t, struct lx_err *err)
{
    size_t V = (size_t)c->m->config.vocab, bytes = V * sizeof(real);
    uint16_t kept = c->tokens[t];
    int earlier = 0; /* the first position whose logits changed; t: none */

    c->tokens[t] = (uint16_t)((kept + 1) % c->m->config.vocab);
    logits(c, c->after);
    c->tokens[t] = kept;
    if (broken(c, c->before) || broken(c, c->after))
        return LX_OK;
    while (earlier < t &&
           memcmp(c->before + (size_t)earlier * V, c->after + (size_t)earlier * V, bytes) == 0)
        earlier++;
    if (earlier < t && !lx_model_both(&c->m->config))
        return lx_fail(err, LX_EFAILED,
                       "self-check: changing token %d of %d changed the logits of position %d: "
                       "the model looks ahead",
                       t, c->T, earlier);
    if (earlier == t && t > 0 && V > 1 && sees_ahead(c))
        return lx_fail(err, LX_EFAILED,
                       "self-check: changing token %d of %d changed no logits of an earlier "
                       "position: the model does not look ahead",
                       t, c->T);
    if (V > 1 && memcmp(c->before + (size_t)t * V, c->after + (size_t)t * V, bytes) == 0)
        return lx_fail(err, LX_EFAILED,
                       "self-check: changing token %d of %d did not change its own logits", t,
                       c->T);
    return LX_OK;
}

enum lx_code lx_selfcheck(struct lx_model *m, const struct lx_stream *stream, int T,
                          struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct check c = {.m = m, .T = (size_t)T <= stream->n ? T : (int)stream->n};
    size_t n = (size_t)c.T, V = (size_t)m->config.vocab;
    enum lx_code code;

    if (c.T < 1)
        return LX_OK;
    code = lx_work_init(&c.work, m, 1, c.T, false, &arena, err);
    c.tokens = lx_arena_take(&arena, n, sizeof(*c.tokens));
    c.before = lx_arena_take(&arena, n * V, sizeof(real));
    c.after = lx_arena_take(&arena, n * V, sizeof(real));
    if (code == LX_OK && arena.failed)
        code = lx_fail(err, LX_ENOMEM, "self-check: out of memory");
    if (code == LX_OK) {
        memcpy(c.tokens, stream->tokens, n * sizeof(*c.tokens));
        logits(&c, c.before);
        code = change_token(&c, c.T - 1, err);
    }
    if (code == LX_OK)
        code = change_token(&c, c.T / 2, err);
    lx_arena_free(&arena);
    return code;
}
