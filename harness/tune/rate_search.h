/* The search for a learning rate: which rates to try next, given the loss at those tried.
 *
 * Rates are start * 2^k, |k| <= reach. It begins with three around the start and walks on while the best
 * lies at the edge of what was tried. Where a scheme has arrays of its own, it tries a multiple of the rate
 * for them at the best rate and its neighbours, and walks on from there if that is better. What comes
 * next depends on nothing but what is known, so a search goes on where it was. */
#ifndef LX_TUNE_RATE_SEARCH_H
#define LX_TUNE_RATE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct lx_rate_try {
    double lr, array_lr;
    double nll; /* infinite: diverged; NaN: not known */
};

struct lx_rate_search {
    double start;
    double lowest;   /* none below it is tried; 0: any */
    int reach;       /* factors of two from the start, each way, at most */
    double array_lr; /* the multiple to begin with */
    double other;    /* the other multiple to try; 0: none */
};

/* Whether two rates, or two multiples, are one. They are the start times a power of two, or numbers of the
 * config: equal means equal bits. */
bool lx_rate_same(double a, double b);

/* The try of a rate and multiple; n: there is none. */
size_t lx_rate_find(const struct lx_rate_try *t, size_t n, double lr, double array_lr);

/* The lowest loss; of equal ones the lower rate, then the lower multiple. n: none is known. */
size_t lx_rate_best(const struct lx_rate_try *t, size_t n);

/* The next lower (side -1) or higher (+1) rate tried with the multiple of t[at]; n: none. */
size_t lx_rate_beside(const struct lx_rate_try *t, size_t n, size_t at, int side);

/* Whether t[at] is the lowest or the highest rate tried with its multiple. */
bool lx_rate_at_edge(const struct lx_rate_try *t, size_t n, size_t at);

/* The most that one question is answered with. */
#define LX_RATE_NEXT 3

/* What to try next, their nll NaN; 0: the search is over. All n tries must be known. */
size_t lx_rate_next(const struct lx_rate_search *s, const struct lx_rate_try *t, size_t n,
                    struct lx_rate_try out[LX_RATE_NEXT]);

/* How many tries a whole search takes, at least and at most. */
void lx_rate_bounds(const struct lx_rate_search *s, size_t *least, size_t *most);

#endif
