/* Self-checks of a run; see selfcheck.h. */
#include "probe/selfcheck.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

struct check {
    struct lx_model *m;
    struct lx_work *work;
    uint16_t *tokens;     /* (T)                     */
    real *before, *after; /* (block, V)              */
    int T, block;         /* block: rows that are compared at a time */
};

/* Numbers of a block at most, unless one row has more: the vocabulary may be large. */
enum { BLOCK = 1 << 23 };

static void logits(struct check *c, int r0, int n, real *out)
{
    lx_model_forward(c->m, c->work, c->tokens, 1, c->T, NULL);
    lx_model_logits(c->m, c->work, r0, n, out);
}

/* A model that has broken down has no logits to compare; that it diverged is for the evaluation to
 * say. */
static bool broken(const real *z, size_t n)
{
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

/* What another token at t does. */
struct change {
    int earlier;      /* the first position whose logits it changes; t: none before it */
    bool own, broken; /* whether those of t change; whether some are not finite        */
};

static struct change compare(struct check *c, int t)
{
    size_t V = (size_t)c->m->config.vocab;
    uint16_t kept = c->tokens[t], other = (uint16_t)((kept + 1) % c->m->config.vocab);
    struct change found = {.earlier = t};

    for (int r0 = 0; r0 < c->T && !found.broken; r0 += c->block) {
        int n = c->T - r0 < c->block ? c->T - r0 : c->block;

        logits(c, r0, n, c->before);
        c->tokens[t] = other;
        logits(c, r0, n, c->after);
        c->tokens[t] = kept;
        found.broken = broken(c->before, (size_t)n * V) || broken(c->after, (size_t)n * V);
        for (int r = r0; r < r0 + n && r <= t; r++) {
            size_t at = (size_t)(r - r0) * V;
            bool same = memcmp(c->before + at, c->after + at, V * sizeof(real)) == 0;

            if (r == t)
                found.own = !same;
            else if (!same && r < found.earlier)
                found.earlier = r;
        }
    }
    return found;
}

static enum lx_code change_token(struct check *c, int t, struct lx_err *err)
{
    int V = c->m->config.vocab;
    struct change found = compare(c, t);
    int earlier = found.earlier;

    if (found.broken)
        return LX_OK;
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
    if (V > 1 && !found.own)
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
    size_t V = (size_t)m->config.vocab, n;
    enum lx_code code;

    if (c.T < 1)
        return LX_OK;
    c.block = BLOCK / m->config.vocab < 1 ? 1 : BLOCK / m->config.vocab;
    c.block = c.block < c.T ? c.block : c.T;
    n = (size_t)c.block;
    code = lx_work_init(&c.work, m, 1, c.T, false, &arena, err);
    c.tokens = lx_arena_take(&arena, (size_t)c.T, sizeof(*c.tokens));
    c.before = lx_arena_take(&arena, n * V, sizeof(real));
    c.after = lx_arena_take(&arena, n * V, sizeof(real));
    if (code == LX_OK && arena.failed)
        code = lx_fail(err, LX_ENOMEM, "self-check: out of memory");
    if (code == LX_OK) {
        memcpy(c.tokens, stream->tokens, (size_t)c.T * sizeof(*c.tokens));
        code = change_token(&c, c.T - 1, err);
    }
    if (code == LX_OK)
        code = change_token(&c, c.T / 2, err);
    lx_arena_free(&arena);
    return code;
}
