/* Ridge regression by Cholesky decomposition; see ridge.h. */
#include "analysis/ridge.h"

#include <math.h>

enum lx_code lx_ridge_init(struct lx_ridge *r, size_t D, struct lx_arena *arena, struct lx_err *err)
{
    double **const vectors[] = {&r->sum, &r->cross, &r->weight, &r->scale};
    double **const matrices[] = {&r->outer, &r->square};

    *r = (struct lx_ridge){.D = D};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        if (lx_arena_get(arena, D, sizeof(double), vectors[i], "ridge regression", err))
            return err->code;
    for (size_t i = 0; i < sizeof(matrices) / sizeof(matrices[0]); i++)
        if (lx_arena_get(arena, D * D, sizeof(double), matrices[i], "ridge regression", err))
            return err->code;
    return LX_OK;
}

void lx_ridge_add(struct lx_ridge *r, const real *x, double y)
{
    r->n += 1;
    r->y += y;
    r->y2 += y * y;
    for (size_t i = 0; i < r->D; i++) {
        double xi = (double)x[i];
        double *row = r->outer + i * r->D;

        r->sum[i] += xi;
        r->cross[i] += xi * y;
        for (size_t j = i; j < r->D; j++)
            row[j] += xi * (double)x[j];
    }
}

/* Covariance of the standardised features plus the penalty into `square`, that with y into `weight`. */
static bool standardise(struct lx_ridge *r, double penalty)
{
    size_t D = r->D;
    double n = r->n;

    if (n < 1 || !isfinite(r->y2))
        return false;
    for (size_t i = 0; i < D; i++) {
        double mean = r->sum[i] / n, power = r->outer[i * D + i] / n;
        double variance = power - mean * mean;

        if (!isfinite(variance))
            return false;
        /* what rounding leaves of a constant */
        r->scale[i] = variance > 1e-12 * power ? 1 / sqrt(variance) : 0;
    }
    for (size_t i = 0; i < D; i++) {
        for (size_t j = i; j < D; j++) {
            double c = r->outer[i * D + j] / n - r->sum[i] / n * (r->sum[j] / n);

            r->square[j * D + i] = c * r->scale[i] * r->scale[j] + (i == j ? penalty : 0);
        }
        r->weight[i] = (r->cross[i] / n - r->sum[i] / n * (r->y / n)) * r->scale[i];
    }
    return true;
}

/* A = L L' in the lower half of a. */
static bool decompose(double *a, size_t D)
{
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = a[i * D + j];

            for (size_t k = 0; k < j; k++)
                s -= a[i * D + k] * a[j * D + k];
            if (i == j && !(s > 0))
                return false;
            a[i * D + j] = i == j ? sqrt(s) : s / a[j * D + j];
        }
    return true;
}

bool lx_ridge_solve(struct lx_ridge *r, double penalty)
{
    size_t D = r->D;
    const double *a = r->square;
    double *w = r->weight;

    if (!standardise(r, penalty) || !decompose(r->square, D))
        return false;
    for (size_t i = 0; i < D; i++) {
        for (size_t k = 0; k < i; k++)
            w[i] -= a[i * D + k] * w[k];
        w[i] /= a[i * D + i];
    }
    for (size_t i = D; i-- > 0;) {
        for (size_t k = i + 1; k < D; k++)
            w[i] -= a[k * D + i] * w[k];
        w[i] /= a[i * D + i];
    }
    r->bias = r->y / r->n;
    for (size_t i = 0; i < D; i++) {
        w[i] *= r->scale[i];
        r->bias -= w[i] * r->sum[i] / r->n;
    }
    return true;
}

double lx_ridge_predict(const struct lx_ridge *r, const real *x)
{
    double y = r->bias;

    for (size_t i = 0; i < r->D; i++)
        y += r->weight[i] * (double)x[i];
    return y;
}
