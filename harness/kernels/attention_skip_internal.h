/* Which strips of queries get exactly nothing from a tile of keys, so that attention_head.c may leave
 * them out and its results stay the same.
 *
 * vec_exp is exactly 0 below -ZERO. A strip is left out where every logit x of it in the tile is
 * certain to be below `low` - ZERO, low being the least of its rows' running maxima (forward) or of
 * their logsumexps (backward). Then every weight p is exactly 0, no maximum moves, and what would be
 * added to sums, outputs and gradients is 0 times something finite. It is certain because
 *
 *     x = fl(fl(q.k) + bias / tau),     |fl(q.k)| <= (1 + g) sum |q_c k_c| <= (1 + g) |q| |k|
 *
 * by Cauchy and Schwarz, g = d u / (1 - d u), u the unit of rounding. Norms are computed with a
 * relative error of g/2 each: `reach`, 1.001 times their product, covers that and g for d up to
 * DEEPEST. The two further roundings of x are below 3 u (reach + |bias|), and of x - low below
 * u |low|: SLACK times all magnitudes covers them, and the half that is added covers what underflows in
 * the squares. Where something is not finite (or so large that its square is not), its norm is
 * infinity and nothing is left out: NaN goes where it went. Only the sign of a zero may differ, where a
 * sum underflowed to -0.
 *
 * The bound is worth something only where biases fall with the distance, and it does not know factors,
 * biases of keys or pairs, or keys that are always seen: with those, and where the attention matrix is
 * asked for, nothing is left out. */
#ifndef LX_KERNELS_ATTENTION_SKIP_INTERNAL_H
#define LX_KERNELS_ATTENTION_SKIP_INTERNAL_H

#include "kernels/attention_head_internal.h"

#ifdef LX_REAL_DOUBLE
#define ZERO 746.0 /* exp() of the C library is 0 below -745.14 */
#define SLACK 1e-14
#define LARGE 1e300
#else
#define ZERO 87.0
#define SLACK 1e-6
#define LARGE 1e37
#endif
enum { DEEPEST = 4096 };

static bool may_skip(const struct head *h)
{
    const struct lx_attention_head *a = h->a;

    return a->bias != NULL && !h->parts && a->always == 0 && a->attention == NULL && !a->dense &&
           h->cold > 0 && a->d <= DEEPEST;
}

/* Infinity for what is not finite. */
static double norm_of(real squares)
{
    return squares < (real)INFINITY ? sqrt((double)squares) : (double)INFINITY;
}

/* Of n reals together, n a multiple of VEC: at least as long as any part of them. */
static double norm_of_all(const real *x, size_t n)
{
    vec sum = vec_splat(0);

    for (size_t i = 0; i < n; i += (size_t)VEC)
        sum += vec_load(x + i) * vec_load(x + i);
    return norm_of(vec_sum(sum));
}

/* The longest key of a transposed tile. */
static double longest_key(const struct head *h, const real *tile)
{
    vec most = vec_splat(0), all = vec_splat(0);

    for (int j = 0; j < TILE; j += VEC) {
        vec sum = vec_splat(0);

        for (int c = 0; c < h->a->d; c++) {
            vec x = vec_load(tile + (size_t)c * TILE + j);

            sum += x * x;
        }
        most = vec_max(most, sum);
        all += sum; /* a maximum may lose NaN, a sum does not */
    }
    return vec_sum(all) < (real)INFINITY ? norm_of(vec_max_lane(most)) : (double)INFINITY;
}

/* Fills key_norm and value_norm, the largest of any tile; a tile with values that are not finite counts
 * as one with keys that are not. Values: `row` reals a key, zeros or nothing after the last. */
static void measure_keys(struct head *h, const real *values, size_t row, bool padded)
{
    const struct lx_attention_head *a = h->a;

    h->value_norm = 0;
    for (int j0 = 0; j0 < a->T; j0 += TILE) {
        size_t rows = padded ? TILE : (size_t)min_int(a->T - j0, TILE);
        double norm = norm_of_all(values + (size_t)j0 * row, rows * row);
        double *key = &h->key_norm[j0 / TILE];

        *key = longest_key(h, h->kt + (size_t)j0 * (size_t)a->d);
        if (norm < (double)INFINITY)
            h->value_norm = fmax(h->value_norm, norm);
        else
            *key = norm;
    }
}

/* The longest query of each strip. */
static void measure_queries(struct head *h)
{
    for (int r = 0; r < BLOCK; r++) {
        double norm = norm_of_all(h->q + r * h->P, (size_t)h->P),
               *strip = &h->query_norm[r / STRIP];

        if (r % STRIP == 0 || norm > *strip)
            *strip = norm;
    }
}

/* The same for the backward pass: a strip whose dL/dp might overflow counts as infinitely long. */
static void measure_queries_back(struct head *h, const real *delta)
{
    measure_queries(h);
    for (int r0 = 0; r0 < BLOCK; r0 += STRIP) {
        double most = norm_of_all(h->o + r0 * h->P, (size_t)STRIP * (size_t)h->P) * h->value_norm;

        for (int r = r0; r < r0 + STRIP; r++)
            most += fabs((double)delta[r]);
        if (!(most < LARGE))
            h->query_norm[r0 / STRIP] = (double)INFINITY;
    }
}

/* Least and largest bias over tau that a block of n queries from i0 on finds in the tile at j0. */
struct range {
    double lo, hi;
};

static struct range bias_range(const struct head *h, int i0, int n, int j0)
{
    const struct lx_attention_head *a = h->a;
    int from = max_int(a->T - 1 - (i0 + n - 1) + j0, 0);
    int to = min_int(a->T - 1 - i0 + j0 + TILE, a->T);
    vec lo = vec_splat((real)INFINITY), hi = -lo, all = vec_splat(0);
    struct range range;

    for (int c = from; c < to; c += VEC) {
        vec x = c + VEC <= to ? vec_load(a->bias + c)
                              : vec_load_part(a->bias + c, to - c, a->bias[from]);

        lo = -vec_max(-lo, -x);
        hi = vec_max(hi, x);
        all += x;
    }
    range.lo = -(double)vec_max_lane(-lo) * (double)h->cold;
    range.hi = (double)vec_max_lane(hi) * (double)h->cold;
    if (!(vec_sum(all) > -(real)INFINITY && vec_sum(all) < (real)INFINITY))
        range.hi = (double)INFINITY;
    return range;
}

/* Whether strip `strip` of the block gets nothing from tile `tile`. */
static bool gets_nothing(const struct head *h, int strip, int tile, struct range bias, double low)
{
    double reach = 1.001 * h->query_norm[strip] * h->key_norm[tile];
    double size = reach + fmax(fabs(bias.lo), fabs(bias.hi)) + fabs(low);

    return reach + bias.hi + 0.5 + SLACK * size < low - ZERO;
}

#endif
