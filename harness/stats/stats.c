/* Student's t by the incomplete beta function, sign flips by enumeration, Holm by definition. */
#include "stats/stats.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

/* The continued fraction of I_x(a, b) (Abramowitz & Stegun 26.5.8), evaluated from the front by
 * Lentz's rule. It converges fast for x < (a + 1)/(a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d;

    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step;

        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        step = c * d;
        f *= step;
        if (fabs(step - 1) < DBL_EPSILON)
            break;
    }
    return f;
}

/* I_x(a, b); y = 1 - x is given too, because the caller knows it without cancellation. */
static double incomplete_beta(double x, double y, double a, double b)
{
    double front;

    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(y, b, a) / b;
}

double lx_t_tail(double t, double dof)
{
    double square = t * t, half;

    if (isnan(t) || !(dof >= 1))
        return (double)NAN;
    half = isinf(square)
               ? 0
               : incomplete_beta(dof / (dof + square), square / (dof + square), dof / 2, 0.5) / 2;
    return t >= 0 ? half : 1 - half;
}

double lx_t_quantile(double p, double dof)
{
    double lo = 0, hi = 1;

    if (!(p > 0 && p < 1) || !(dof >= 1))
        return (double)NAN;
    if (p > 0.5)
        return -lx_t_quantile(1 - p, dof);
    while (lx_t_tail(hi, dof) > p)
        hi *= 2;
    for (int i = 0; i < 200 && lo < hi; i++) {
        double mid = lo + (hi - lo) / 2;

        if (mid <= lo || mid >= hi)
            break;
        if (lx_t_tail(mid, dof) > p)
            lo = mid;
        else
            hi = mid;
    }
    return hi;
}

double lx_t_half_width(double sd, size_t n)
{
    if (n < 2)
        return (double)NAN;
    return lx_t_quantile(0.025, (double)n - 1) * sd / sqrt((double)n);
}

double lx_sign_flip(const double *d, size_t n)
{
    double sum = 0, size = 0;
    uint32_t all, hits = 0;

    if (n == 0 || n > LX_SIGN_FLIP_MAX)
        return (double)NAN;
    for (size_t i = 0; i < n; i++) {
        sum += d[i];
        size += fabs(d[i]);
    }
    all = (uint32_t)1 << n;
    /* A tie counts; rounding must not turn one into a miss. */
    for (uint32_t signs = 0; signs < all; signs++) {
        double flipped = 0;

        for (size_t i = 0; i < n; i++)
            flipped += signs >> i & 1 ? -d[i] : d[i];
        hits += flipped >= sum - 1e-12 * size;
    }
    return (double)hits / all;
}

void lx_holm(const double *p, size_t n, double *out)
{
    size_t tests = 0;

    for (size_t i = 0; i < n; i++)
        tests += isnan(p[i]) ? 0 : 1;
    /* The k-th smallest (k from 0) is multiplied by tests - k; no one falls below one before it. */
    for (size_t i = 0; i < n; i++) {
        out[i] = isnan(p[i]) ? p[i] : 0;
        for (size_t j = 0; j < n && !isnan(p[i]); j++) {
            size_t before = 0;

            if (!(p[j] <= p[i]))
                continue;
            for (size_t k = 0; k < n; k++)
                before += p[k] < p[j] || (k < j && p[k] <= p[j]);
            out[i] = fmax(out[i], fmin(1, p[j] * (double)(tests - before)));
        }
    }
}
