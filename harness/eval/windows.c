/* Windows of the three evaluation modes; see windows.h. */
#include "eval/windows.h"

static int longest(const struct lx_eval_config *c)
{
    return c->lengths[c->n_lengths - 1];
}

enum lx_code lx_window_plan(const struct lx_eval_config *c, const struct lx_stream *stream,
                            struct lx_window_plan *out, struct lx_err *err)
{
    long long L = longest(c), room;

    *out = (struct lx_window_plan){0};
    if (stream == NULL)
        out->have = c->tokens > L + c->last_tokens ? c->tokens : L + c->last_tokens;
    else
        out->have = (long long)stream->n - 1;
    out->targets = out->have < c->tokens ? out->have : c->tokens;
    out->targets -= out->targets % L;
    if (out->targets < L)
        return lx_fail(err, LX_EDATA,
                       "evaluation split: must have at least %lld tokens (the longest length and "
                       "one more), got %zu",
                       L + 1, stream != NULL ? stream->n : 0);
    if (!c->modes[LX_MODE_LAST])
        return LX_OK;
    out->last = (c->last_tokens + c->stride - 1) / c->stride;
    room = 1 + (out->have - L) / c->stride;
    out->last = out->last < room ? out->last : room;
    return LX_OK;
}

long long lx_window_count(const struct lx_eval_config *c, const struct lx_window_plan *p,
                          enum lx_eval_mode mode, int T)
{
    switch (mode) {
    case LX_MODE_SLIDING:
        return 1 + (p->targets - T + c->stride - 1) / c->stride;
    case LX_MODE_LAST:
        return p->last;
    case LX_MODE_NONOVERLAPPING:
    case LX_MODE_ANSWERS: /* has no windows */
        break;
    }
    return (p->targets + T - 1) / T;
}

long long lx_window_scored(const struct lx_eval_config *c, const struct lx_window_plan *p,
                           enum lx_eval_mode mode)
{
    return mode == LX_MODE_LAST ? p->last * c->stride : p->targets;
}

/* From the end of the first window of the longest length to the end of the split. */
static long long last_end(const struct lx_eval_config *c, const struct lx_window_plan *p,
                          long long k)
{
    return longest(c) + (p->last > 1 ? k * (p->have - longest(c)) / (p->last - 1) : 0);
}

struct lx_window lx_window_at(const struct lx_eval_config *c, const struct lx_window_plan *p,
                              enum lx_eval_mode mode, int T, long long k)
{
    struct lx_window w = {.start = k * T, .rank = k * T, .length = T, .skip = 0};
    long long end, scored;

    switch (mode) {
    case LX_MODE_SLIDING:
        if (k == 0)
            return w;
        end = T + k * c->stride;
        scored = c->stride;
        if (end > p->targets) { /* the last step may be shorter */
            scored -= end - p->targets;
            end = p->targets;
        }
        w.start = end - T;
        w.rank = end - scored;
        w.skip = T - (int)scored;
        return w;
    case LX_MODE_LAST:
        w.start = last_end(c, p, k) - T;
        w.rank = k * c->stride;
        w.skip = T - c->stride;
        return w;
    case LX_MODE_NONOVERLAPPING:
    case LX_MODE_ANSWERS: /* has no windows */
        break;
    }
    if (w.start + T >
        p->targets) /* it need not be a multiple of this length, only of the longest */
        w.length = (int)(p->targets - w.start);
    return w;
}
