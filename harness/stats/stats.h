/* Tests on paired differences: Student's t, the exact sign-flip test, Holm's correction.
 *
 * d is (n), one difference a seed. Pure functions; NaN is the answer where there is none, so that
 * one seed never gets an error bar. */
#ifndef LX_STATS_STATS_H
#define LX_STATS_STATS_H

#include <stddef.h>

#define LX_SIGN_FLIP_MAX 20 /* 2^20 sums */

/* P(T > t) for Student's t with dof >= 1 degrees of freedom. */
double lx_t_tail(double t, double dof);

/* The t that P(T > t) = p, 0 < p < 1. */
double lx_t_quantile(double p, double dof);

/* Half the width of the 95% interval of the mean: t_{0.975, n-1} sd / sqrt n. NaN for n < 2. */
double lx_t_half_width(double sd, size_t n);

/* One-sided sign-flip test: the share of the 2^n ways to give the differences signs whose sum is at
 * least the observed one. It assumes no more than that a difference is as likely to be -d as d, and
 * is never below 2^-n. NaN for n = 0 or n > LX_SIGN_FLIP_MAX. */
double lx_sign_flip(const double *d, size_t n);

/* Holm 1979: out[i] is p[i] adjusted for all the p that are not NaN; NaN stays NaN. */
void lx_holm(const double *p, size_t n, double *out);

#endif
