/* Variance components of crossed seeds and blocks; see crossed.h. */
#include "stats/crossed.h"

#include <math.h>
#include <stdbool.h>

#include "stats/stats.h"

#define WAVES 12         /* of 64 blocks: periods of 11 blocks and longer */
#define BLOCKS_A_WAVE 5  /* fewer blocks, fewer waves */
#define SMALLEST_P 1e-15 /* below it nothing is told apart */

static const double PI = 3.14159265358979323846;

/* Mean, and the sum of squares around it, as numbers come in. */
struct spread {
    double n, mean, square;
};

static void add(struct spread *s, double v)
{
    double d = v - s->mean;

    s->n += 1;
    s->mean += d / s->n;
    s->square += d * (v - s->mean);
}

/* Variance of the mean; NaN for one number. */
static double mean_variance(const struct spread *s)
{
    return s->n > 1 ? s->square / (s->n - 1) / s->n : (double)NAN;
}

void lx_crossed_shares(const double *sum, const double *targets, size_t blocks, double *y)
{
    double total = 0, n = 0, mean;

    for (size_t b = 0; b < blocks; b++) {
        total += sum[b];
        n += targets[b];
    }
    mean = total / n;
    for (size_t b = 0; b < blocks; b++)
        y[b] = mean + (sum[b] - mean * targets[b]) * (double)blocks / n;
}

static double row_mean(const double *y, size_t blocks)
{
    double sum = 0;

    for (size_t b = 0; b < blocks; b++)
        sum += y[b];
    return sum / (double)blocks;
}

/* Effect, and the seeds' part: Welch's sum of variances and its degrees of freedom. */
static void over_seeds(const struct lx_crossed_arm *arm, size_t arms, size_t blocks,
                       struct lx_crossed *out)
{
    double var = 0, fourth = 0, least = INFINITY;

    out->effect = 0;
    for (size_t a = 0; a < arms; a++) {
        struct spread seeds = {0};
        double v, dof = (double)arm[a].seeds - 1;

        for (size_t s = 0; s < arm[a].seeds; s++)
            add(&seeds, row_mean(arm[a].y + s * blocks, blocks));
        v = mean_variance(&seeds);
        out->effect += seeds.mean;
        var += v;
        fourth += v * v / dof;
        least = fmin(least, dof);
    }
    out->seed_var = var;
    out->seed_dof = var > 0 ? fmax(var * var / fourth, least) : least;
    if (isnan(var))
        out->seed_dof = (double)NAN;
}

/* The text's part. A wave's coefficient, divided by sqrt K, has the variance of a mean over K blocks. */
static void over_text(const struct lx_crossed_arm *arm, size_t arms, size_t blocks,
                      struct lx_crossed *out)
{
    size_t waves = blocks / BLOCKS_A_WAVE < WAVES ? blocks / BLOCKS_A_WAVE : WAVES;
    double K = (double)blocks, all = 0, residual = 0, wave[LX_CROSSED_BLOCKS];

    out->text_var = out->text_dof = (double)NAN;
    if (waves == 0)
        return;
    for (size_t j = 1; j <= waves; j++) {
        double sum = 0;

        for (size_t b = 0; b < blocks; b++)
            wave[b] = sqrt(2) / K * cos(PI * (double)j * ((double)b + 0.5) / K);
        for (size_t a = 0; a < arms; a++) {
            struct spread seeds = {0};

            for (size_t s = 0; s < arm[a].seeds; s++) {
                double coefficient = 0;

                for (size_t b = 0; b < blocks; b++)
                    coefficient += wave[b] * arm[a].y[s * blocks + b];
                add(&seeds, coefficient);
            }
            sum += seeds.mean;
            if (arm[a].seeds > 1)
                residual += mean_variance(&seeds);
        }
        all += sum * sum;
    }
    out->text_var = fmax(all - residual, 0) / (double)waves;
    out->text_dof = (double)waves;
}

void lx_crossed_estimate(const struct lx_crossed_arm *arm, size_t arms, size_t blocks,
                         struct lx_crossed *out)
{
    over_seeds(arm, arms, blocks, out);
    over_text(arm, arms, blocks, out);
}

/* Square of the half width; tail: half of what the interval may miss. */
static double square_width(const struct lx_crossed *x, double tail)
{
    double seeds = lx_t_quantile(tail, x->seed_dof), text = 0;

    if (x->text_var > 0)
        text = lx_t_quantile(tail, x->text_dof);
    return seeds * seeds * x->seed_var + (x->text_var > 0 ? text * text * x->text_var : 0);
}

double lx_crossed_half_width(const struct lx_crossed *x, double miss)
{
    return sqrt(square_width(x, miss / 2));
}

double lx_crossed_p(const struct lx_crossed *x, double bound)
{
    double d = x->effect - bound, square = d * d, lo = log(SMALLEST_P), hi = 0;
    bool spread = x->seed_var > 0 || x->text_var > 0;

    if (isnan(x->seed_var))
        return (double)NAN;
    if (!spread || !(square > 0))
        return square > 0 ? 0 : 1;
    for (int i = 0; i < 60 && lo < hi; i++) {
        double mid = (lo + hi) / 2;

        if (square_width(x, exp(mid) / 2) > square)
            lo = mid;
        else
            hi = mid;
    }
    return exp(hi);
}
