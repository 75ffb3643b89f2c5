/* Ridge regression in closed form, in double: samples are added a row at a time, and the weights come
 * from the sums alone, so that memory does not grow with the samples.
 *
 * With features standardised over the samples (z = (x - mean) / sd; constant ones left out) and a
 * centred target, the weights minimise  mean (y - z w)^2 + penalty |w|^2. */
#ifndef LX_ANALYSIS_RIDGE_H
#define LX_ANALYSIS_RIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"

struct lx_ridge {
    size_t D;
    double n;
    double *sum;   /* (D) of x                    */
    double *outer; /* (D, D) of x x', upper half  */
    double *cross; /* (D) of x y                  */
    double y, y2;
    /* After lx_ridge_solve: prediction = bias + x . weight */
    double *weight; /* (D) */
    double bias;
    double *square; /* (D, D) and (D): to solve in */
    double *scale;
};

/* In a measuring arena the bytes are counted. */
LX_MUST_CHECK
enum lx_code lx_ridge_init(struct lx_ridge *r, size_t D, struct lx_arena *arena,
                           struct lx_err *err);
void lx_ridge_add(struct lx_ridge *r, const real *x, double y);

/* False: the sums are not finite, or there are none. penalty > 0. */
bool lx_ridge_solve(struct lx_ridge *r, double penalty);
double lx_ridge_predict(const struct lx_ridge *r, const real *x);

#endif
