/* The search for a learning rate; see rate_search.h. */
#include "tune/rate_search.h"

#include <math.h>

bool lx_rate_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static bool is_before(const struct lx_rate_try *a, const struct lx_rate_try *b)
{
    if (!lx_rate_same(a->nll, b->nll))
        return a->nll < b->nll;
    return lx_rate_same(a->lr, b->lr) ? a->array_lr < b->array_lr : a->lr < b->lr;
}

/* The best of those with the multiple; NAN: of all. */
static size_t best_with(const struct lx_rate_try *t, size_t n, double array_lr)
{
    size_t best = n;

    for (size_t i = 0; i < n; i++)
        if (!isnan(t[i].nll) && (isnan(array_lr) || lx_rate_same(t[i].array_lr, array_lr)) &&
            (best == n || is_before(&t[i], &t[best])))
            best = i;
    return best;
}

size_t lx_rate_best(const struct lx_rate_try *t, size_t n)
{
    return best_with(t, n, (double)NAN);
}

size_t lx_rate_beside(const struct lx_rate_try *t, size_t n, size_t at, int side)
{
    size_t found = n;

    for (size_t i = 0; i < n; i++) {
        bool beyond = side < 0 ? t[i].lr < t[at].lr : t[i].lr > t[at].lr;
        bool nearer = found == n || (side < 0 ? t[i].lr > t[found].lr : t[i].lr < t[found].lr);

        if (lx_rate_same(t[i].array_lr, t[at].array_lr) && beyond && nearer)
            found = i;
    }
    return found;
}

bool lx_rate_at_edge(const struct lx_rate_try *t, size_t n, size_t at)
{
    return lx_rate_beside(t, n, at, -1) == n || lx_rate_beside(t, n, at, 1) == n;
}

size_t lx_rate_find(const struct lx_rate_try *t, size_t n, double lr, double array_lr)
{
    size_t at = 0;

    while (at < n && !(lx_rate_same(t[at].lr, lr) && lx_rate_same(t[at].array_lr, array_lr)))
        at++;
    return at;
}

/* lr / 2, lr and 2 lr as far as they are in reach and were not tried. */
static size_t around(const struct lx_rate_search *s, const struct lx_rate_try *t, size_t n,
                     double lr, double array_lr, struct lx_rate_try out[LX_RATE_NEXT])
{
    size_t found = 0;

    for (int k = -1; k <= 1; k++) {
        double rate = ldexp(lr, k);
        bool within = rate >= ldexp(s->start, -s->reach) && rate <= ldexp(s->start, s->reach);

        if (within && rate >= s->lowest && lx_rate_find(t, n, rate, array_lr) == n)
            out[found++] = (struct lx_rate_try){rate, array_lr, (double)NAN};
    }
    return found;
}

size_t lx_rate_next(const struct lx_rate_search *s, const struct lx_rate_try *t, size_t n,
                    struct lx_rate_try out[LX_RATE_NEXT])
{
    size_t found = around(s, t, n, s->start, s->array_lr, out);
    size_t best = best_with(t, n, s->array_lr);

    if (found == 0)
        found = around(s, t, n, t[best].lr, s->array_lr, out);
    if (found == 0 && s->other > 0)
        found = around(s, t, n, t[best].lr, s->other, out);
    if (found == 0) {
        best = lx_rate_best(t, n);
        found = around(s, t, n, t[best].lr, t[best].array_lr, out);
    }
    return found;
}

void lx_rate_bounds(const struct lx_rate_search *s, size_t *least, size_t *most)
{
    struct lx_rate_try first[LX_RATE_NEXT];
    size_t reach = (size_t)s->reach, whole = 2 * reach + 1;

    *least = around(s, NULL, 0, s->start, s->array_lr, first);
    *most = reach == 0 ? 1 : reach + *least - 1; /* a walk goes one way */
    if (s->other > 0) {
        *least += reach == 0 ? 1 : reach == 1 || s->lowest > 0 ? 2 : LX_RATE_NEXT;
        *most += whole;
    }
}
