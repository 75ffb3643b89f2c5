/* Wilson's interval of a share (Wilson 1927): k of n, at z standard deviations. Not empty at k = 0 and
 * k = n, where few trials leave a share uncertain all the same. */
#ifndef LX_STATS_WILSON_H
#define LX_STATS_WILSON_H

#include <math.h>

/* Both ends, in [0, 1]; n > 0. */
static inline void lx_wilson(double k, double n, double z, double *lo, double *hi)
{
    double p = k / n, square = z * z / n;
    double centre = (p + square / 2) / (1 + square);
    double half = z * sqrt(p * (1 - p) / n + square / (4 * n)) / (1 + square);

    *lo = fmax(centre - half, 0);
    *hi = fmin(centre + half, 1);
}

/* Half of its width at one standard deviation: the standard error that a share is given. */
static inline double lx_wilson_error(double k, double n)
{
    double p = k / n;

    return sqrt(p * (1 - p) / n + 1 / (4 * n * n)) / (1 + 1 / n);
}

/* The n that gave a share this error (below 1/2): the square of the half width, times (1 + u)^2 with
 * u = 1/n, is quadratic in u. */
static inline double lx_wilson_trials(double share, double error)
{
    double h = error * error, v = share * (1 - share);
    double a = 0.25 - h, b = v - 2 * h;

    return 2 * a / (sqrt(b * b + 4 * a * h) - b);
}

#endif
