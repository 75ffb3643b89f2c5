/* Bisection of a measured, monotone function of a positive number, one measurement at a time: the
 * caller measures at `at` and tells. So many searches can share one measurement.
 *
 * It starts from the value at 1, then looks at the end of [lowest, highest] that lies towards the
 * target; if that end does not reach it, no number between does, and the search has missed. Else the
 * target stays between two measured numbers, whose geometric mean comes next, until they are a factor
 * of 1 + tolerance apart or LX_BISECT_STEPS means were measured. */
#ifndef LX_ANALYSIS_BISECT_H
#define LX_ANALYSIS_BISECT_H

#include <stdbool.h>

#define LX_BISECT_STEPS 60

struct lx_bisect_range {
    double lowest, highest; /* lowest <= 1 <= highest */
    double tolerance;       /* > 0 */
};

enum lx_bisect_state {
    LX_BISECT_END,    /* `at` is an end of the range: to be measured */
    LX_BISECT_MIDDLE, /* to be measured */
    LX_BISECT_FOUND,  /* `at` is the result */
    LX_BISECT_MISSED, /* no number in the range reaches the target; `at` is 1 */
    LX_BISECT_BROKEN  /* a value or the target was not finite; `at` is 1 */
};

struct lx_bisect {
    struct lx_bisect_range range;
    enum lx_bisect_state state;
    bool rising, up; /* up: what is sought is larger than 1 */
    double target, lo, hi, at;
    int steps; /* means measured */
};

/* `value`: the function at 1. rising: whether it grows with its argument. */
void lx_bisect_start(struct lx_bisect *b, const struct lx_bisect_range *range, bool rising,
                     double target, double value);

/* The function at b->at. Nothing happens to a search that is over. */
void lx_bisect_tell(struct lx_bisect *b, double value);

/* Whether b->at is still to be measured. */
bool lx_bisect_asks(const struct lx_bisect *b);

/* The most values a search is told. */
int lx_bisect_most(const struct lx_bisect_range *range);

#endif
