/* Bisection, one measurement at a time; see bisect.h. */
#include "analysis/bisect.h"

#include <math.h>

static void end(struct lx_bisect *b, enum lx_bisect_state state, double at)
{
    b->state = state;
    b->at = at;
}

/* The target lies between lo and hi: found, or the next mean. */
static void narrow(struct lx_bisect *b)
{
    bool narrow_enough = b->hi <= b->lo * (1 + b->range.tolerance) || b->steps == LX_BISECT_STEPS;

    end(b, narrow_enough ? LX_BISECT_FOUND : LX_BISECT_MIDDLE, sqrt(b->lo * b->hi));
}

void lx_bisect_start(struct lx_bisect *b, const struct lx_bisect_range *range, bool rising,
                     double target, double value)
{
    *b = (struct lx_bisect){
        .range = *range, .rising = rising, .target = target, .lo = 1, .hi = 1, .at = 1};
    if (!isfinite(target) || !isfinite(value))
        end(b, LX_BISECT_BROKEN, 1);
    else if (!(value > target || value < target))
        end(b, LX_BISECT_FOUND, 1);
    else {
        b->up = (value < target) == rising;
        end(b, LX_BISECT_END, b->up ? range->highest : range->lowest);
    }
}

void lx_bisect_tell(struct lx_bisect *b, double value)
{
    /* Whether the number that is sought is larger than this one, if it is not this one. */
    bool beyond = value < b->target ? b->rising : !b->rising;

    if (!lx_bisect_asks(b))
        return;
    if (!isfinite(value)) {
        end(b, LX_BISECT_BROKEN, 1);
        return;
    }
    if (!(value > b->target || value < b->target)) {
        end(b, LX_BISECT_FOUND, b->at);
        return;
    }
    if (b->state == LX_BISECT_END && beyond == b->up) {
        end(b, LX_BISECT_MISSED, 1);
        return;
    }
    if (b->state == LX_BISECT_MIDDLE)
        b->steps++;
    if (beyond)
        b->lo = b->at;
    else
        b->hi = b->at;
    narrow(b);
}

bool lx_bisect_asks(const struct lx_bisect *b)
{
    return b->state == LX_BISECT_END || b->state == LX_BISECT_MIDDLE;
}

int lx_bisect_most(const struct lx_bisect_range *r)
{
    double wide = fmax(-log(r->lowest), log(r->highest)), narrow_enough = log1p(r->tolerance);
    int steps = wide > narrow_enough ? (int)ceil(log2(wide / narrow_enough)) : 0;

    return 2 + (steps < LX_BISECT_STEPS ? steps : LX_BISECT_STEPS);
}
