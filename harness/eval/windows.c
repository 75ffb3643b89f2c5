/* Windows of the three evaluation modes; see windows.h. */
#include "eval/windows.h"

static int longest(const struct lx_eval_config *c)
{
    return c->lengths[c->n_lengths - 1];
}

enum lx_code lx_window_targets(const struct lx_eval_config *c, const struct lx_stream *stream,
                               long long *n, struct lx_err *err)
{
    long long have = (long long)stream->n - 1;

    *n = have < c->tokens ? have : c->tokens;
    *n -= *n % longest(c);
    if (*n < longest(c))
        return lx_fail(err, LX_EDATA,
                       "evaluation split: must have at least %d tokens (the longest length and one "
                       "more), got %zu",
                       longest(c) + 1, stream->n);
    return LX_OK;
}

long long lx_window_count(const struct lx_eval_config *c, enum lx_eval_mode mode, int T,
                          long long n)
{
    switch (mode) {
    case LX_MODE_SLIDING:
        return 1 + (n - T + c->stride - 1) / c->stride;
    case LX_MODE_LAST:
        return n / longest(c);
    case LX_MODE_NONOVERLAPPING:
        break;
    }
    return (n + T - 1) / T;
}

struct lx_window lx_window_at(const struct lx_eval_config *c, enum lx_eval_mode mode, int T,
                              long long n, long long k)
{
    struct lx_window w = {.start = k * T, .length = T, .skip = 0};
    long long end, scored;

    switch (mode) {
    case LX_MODE_SLIDING:
        if (k == 0)
            return w;
        end = T + k * c->stride;
        scored = c->stride;
        if (end > n) { /* the last step may be shorter */
            scored -= end - n;
            end = n;
        }
        w.start = end - T;
        w.skip = T - (int)scored;
        return w;
    case LX_MODE_LAST:
        w.start = (k + 1) * longest(c) - T;
        w.skip = T - c->stride;
        return w;
    case LX_MODE_NONOVERLAPPING:
        break;
    }
    if (w.start + T > n) /* n need not be a multiple of this length, only of the longest */
        w.length = (int)(n - w.start);
    return w;
}
