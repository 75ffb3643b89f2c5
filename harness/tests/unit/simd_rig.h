/* Shared by the tests of the inner loops: sizes, noise, roundings, and softmax by its definition.
 *
 * `eps` is the unit of rounding of the type that is tested; tolerances are multiples of it, with the
 * factor saying how many roundings add up. exp in float is a polynomial, good to exp_error. */
#ifndef LX_TESTS_SIMD_RIG_H
#define LX_TESTS_SIMD_RIG_H

#include <float.h>
#include <stdbool.h>

#include "core/rng.h"
#include "kernels/simd.h"
#include "tests/unit/check.h"

#ifdef LX_REAL_DOUBLE
static const double eps = DBL_EPSILON;
static const double exp_error = 4 * DBL_EPSILON;
#else
static const double eps = (double)FLT_EPSILON;
static const double exp_error = 3e-7;
#endif

#define MOST 1000 /* largest size; arrays have room for one guard value more */

static const size_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, MOST};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* A value behind the end of an array shows a loop that writes too far. */
#define GUARD ((real)12345)

static inline void noise(real *x, size_t n, double size, uint64_t seed)
{
    struct lx_rng rng;

    lx_rng_init(&rng, seed, "noise");
    for (size_t i = 0; i < n; i++)
        x[i] = (real)(size * lx_rng_normal(&rng));
    x[n] = GUARD;
}

/* Every size, for every table. */
static inline void each(void (*test)(const struct lx_simd *s, size_t n))
{
    for (int i = 0; i < lx_simd_count(); i++)
        for (size_t k = 0; k < SIZES; k++)
            test(lx_simd_at(i), sizes[k]);
}

/* Softmax of (a z + bias) / tau in double, with log-sum-exp, and the entropy as -sum p ln p. */
struct definition {
    double s[MOST], p[MOST];
    double max, lse, entropy, max_prob;
};

static inline void define_row(struct definition *d, size_t n, double a, double tau,
                              const real *bias, const real *z)
{
    double sum = 0;

    d->max = -HUGE_VAL;
    for (size_t j = 0; j < n; j++) {
        d->s[j] = (a * (double)z[j] + (bias != NULL ? (double)bias[j] : 0)) / tau;
        d->max = fmax(d->max, d->s[j]);
    }
    for (size_t j = 0; j < n; j++)
        sum += exp(d->s[j] - d->max);
    d->lse = d->max + log(sum);
    d->entropy = d->max_prob = 0;
    for (size_t j = 0; j < n; j++) {
        d->p[j] = exp(d->s[j] - d->lse);
        d->entropy -= d->p[j] > 0 ? d->p[j] * log(d->p[j]) : 0;
        d->max_prob = fmax(d->max_prob, d->p[j]);
    }
}

#endif
