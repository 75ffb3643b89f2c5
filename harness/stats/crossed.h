/* Intervals over more seeds and more text: contrasts of losses that were measured by seed and by block
 * of targets.
 *
 * Seeds and blocks are crossed random effects. What one model (an arm) gives for seed s and block b is
 *
 *     y(s, b) = mean + S(s) + B(b) + E(s, b)
 *
 * An arm is everything that one trained model says in a contrast: a loss, or the difference of its
 * losses at two lengths; its seeds are retrainings, independent of those of other arms. Blocks are the
 * same targets for every arm, so their effect is that of the sum over arms. With n seeds and K blocks
 *
 *     Var(effect) = sum over arms of Var(S + mean E) / n   +   Var(B of the sum) / K
 *
 * Seeds: sample variances of the seeds' means, joined by Welch 1947 over arms, n - 1 degrees of freedom
 * with one arm. Text: neighbouring blocks are of one story and not independent, so the variance is
 * read off the slowest cosine waves over the blocks (Muller 2007: each squared coefficient of wave 1 to
 * J estimates the variance of the mean, with J degrees of freedom, exact for independent
 * normal blocks), less what E explains of it.
 *
 * Half width: sqrt(t_seeds^2 V_seeds + t_text^2 V_text), each component with the quantile of its own
 * degrees of freedom (Banerjee 1961): at least the level whatever the ratio of the two, exact where one
 * of them is all. Satterthwaite's one t of estimated degrees of freedom falls below it, badly in the
 * tails that many claims at once are judged by: harness/tests/README.md has both by simulation. */
#ifndef LX_STATS_CROSSED_H
#define LX_STATS_CROSSED_H

#include <stddef.h>

#define LX_CROSSED_BLOCKS 64 /* blocks at most */

struct lx_crossed_arm {
    const double
        *y; /* (seeds, blocks), times the arm's factor in the contrast; see lx_crossed_shares */
    size_t seeds;
};

/* Of the effect: the sum over arms of their means. */
struct lx_crossed {
    double effect;
    double seed_var, seed_dof; /* variance of the effect over seeds; NaN: an arm has one seed */
    double text_var,
        text_dof; /* the same over text; NaN: too few blocks, an interval of seeds alone */
};

/* Blocks of one seed as an arm wants them, (blocks): their mean is the mean over all targets, the sum of
 * `sum` over that of `targets`, whatever the sizes of the blocks. */
void lx_crossed_shares(const double *sum, const double *targets, size_t blocks, double *y);

/* blocks: 1 .. LX_CROSSED_BLOCKS; 1: values that are not known by block. */
void lx_crossed_estimate(const struct lx_crossed_arm *arm, size_t arms, size_t blocks,
                         struct lx_crossed *out);

/* Half the width of the interval that misses with probability `miss` (0.05 for 95%); NaN without seeds
 * to tell. */
double lx_crossed_half_width(const struct lx_crossed *x, double miss);

/* The `miss` at which the interval just reaches `bound`: the two-sided p value. */
double lx_crossed_p(const struct lx_crossed *x, double bound);

#endif
