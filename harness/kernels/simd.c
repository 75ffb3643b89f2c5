/* The inner loops; see simd.h. This file is compiled several times with LX_SIMD naming the
 * instruction set: the loops are plain C that the compiler vectorises under `omp simd`, whose
 * reductions state that the order of the lanes is free (and then fixed by the build). */
#include "kernels/simd.h"

#include <math.h>
#include <string.h>

#include "kernels/simd_tables.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define TEXT2(a) #a
#define TEXT(a) TEXT2(a)

/* exp(x) for x <= 0 (and up to 88): Cody-Waite reduction and a degree-6 polynomial; relative error
 * below 2.5e-7 in float. Below -87 it is exactly 0, NaN stays NaN. */
static inline real fast_exp(real x)
{
#ifdef LX_REAL_DOUBLE
    return exp(x);
#else
    const float magic =
        12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
    float c = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    float t = c * 1.44269504088896341f + magic;
    float n = t - magic;
    float r = c - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.0f / 720.0f;
    int32_t bits, shift;

    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    memcpy(&bits, &p, sizeof(bits));
    memcpy(&shift, &t, sizeof(shift));
    bits = (int32_t)((uint32_t)bits + ((uint32_t)shift << 23));
    memcpy(&p, &bits, sizeof(p));
    return x < -87.0f ? 0.0f : x == x ? p : x;
#endif
}

/* tanh form: 0.5 x (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3); with s = sigmoid(2u) that is
 * x s, and its derivative s + x s (1 - s) 2 u'. */
#define GELU_C ((real)0.7978845608028654)
#define GELU_K ((real)0.044715)

static inline real sigmoid(real t)
{
    real e = fast_exp(t > 0 ? -t : t);

    return (t > 0 ? (real)1 : e) / ((real)1 + e);
}

static void gelu(size_t n, const real *x, real *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real u = GELU_C * (x[i] + GELU_K * x[i] * x[i] * x[i]);

        y[i] = x[i] * sigmoid(2 * u);
    }
}

static void gelu_back(size_t n, const real *x, const real *dy, real *dx)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real u = GELU_C * (x[i] + GELU_K * x[i] * x[i] * x[i]);
        real du = GELU_C * (1 + 3 * GELU_K * x[i] * x[i]);
        real s = sigmoid(2 * u);

        dx[i] = dy[i] * (s + 2 * x[i] * s * (1 - s) * du);
    }
}

static void norm_row(size_t n, const real *x, const real *w, const real *b, real *y, real *mean,
                     real *rstd)
{
    real m = 0, var = 0, r;

#pragma omp simd reduction(+ : m)
    for (size_t i = 0; i < n; i++)
        m += x[i];
    m /= (real)n;
#pragma omp simd reduction(+ : var)
    for (size_t i = 0; i < n; i++)
        var += (x[i] - m) * (x[i] - m);
    var /= (real)n;
    r = (real)(1.0 / sqrt((double)var + 1e-5));
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - m) * r * w[i] + b[i];
    *mean = m;
    *rstd = r;
}

static void norm_row_back(size_t n, const real *x, const real *w, real mean, real rstd,
                          const real *dy, real *dx, real *dw, real *db)
{
    real sum = 0, sum_x = 0; /* of dxhat and dxhat * xhat */

#pragma omp simd reduction(+ : sum, sum_x)
    for (size_t i = 0; i < n; i++) {
        real g = dy[i] * w[i];

        sum += g;
        sum_x += g * (x[i] - mean) * rstd;
    }
    sum /= (real)n;
    sum_x /= (real)n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real xhat = (x[i] - mean) * rstd;

        dx[i] += (dy[i] * w[i] - sum - xhat * sum_x) * rstd;
        dw[i] += dy[i] * xhat;
        db[i] += dy[i];
    }
}

static double loss_row(size_t n, const real *z, int target, real weight, real *dz)
{
    real max = -(real)INFINITY, sum = 0, factor;
    real zt = z[target];

#pragma omp simd reduction(max : max)
    for (size_t j = 0; j < n; j++)
        max = z[j] > max ? z[j] : max;
    if (dz == NULL) {
#pragma omp simd reduction(+ : sum)
        for (size_t j = 0; j < n; j++)
            sum += fast_exp(z[j] - max);
        return log((double)sum) + ((double)max - (double)zt);
    }
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        real e = fast_exp(z[j] - max);

        dz[j] = e;
        sum += e;
    }
    factor = weight / sum;
#pragma omp simd
    for (size_t j = 0; j < n; j++)
        dz[j] *= factor;
    dz[target] -= weight;
    return log((double)sum) + ((double)max - (double)zt);
}

static real exp_row(size_t n, real max, const real *x, real *y)
{
    real sum = 0;

#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        real t = x[j] - max, e = t < (real)-87 ? 0 : fast_exp(t);

        y[j] = e;
        sum += e;
    }
    return sum;
}

static void add(size_t n, const real *x, real *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale(size_t n, real a, real *y)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] *= a;
}

static real dot(size_t n, const real *x, const real *y)
{
    real sum = 0;

#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static double square_sum(size_t n, const real *x)
{
    double total = 0;

    for (size_t start = 0; start < n; start += 1024) {
        size_t end = n - start < 1024 ? n : start + 1024;
        real sum = 0;

#pragma omp simd reduction(+ : sum)
        for (size_t i = start; i < end; i++)
            sum += x[i] * x[i];
        total += (double)sum;
    }
    return total;
}

static void adamw(size_t n, const struct lx_adamw *o, const real *g, real *w, real *m, real *v)
{
    real step = o->lr / o->bias1;
    real root = (real)(1.0 / sqrt((double)o->bias2));
    real keep = 1 - o->lr * o->decay;

#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        real gi = g[i] * o->grad_scale;
        real mi = o->beta1 * m[i] + (1 - o->beta1) * gi;
        real vi = o->beta2 * v[i] + (1 - o->beta2) * gi * gi;

        m[i] = mi;
        v[i] = vi;
#ifdef LX_REAL_DOUBLE
        w[i] = keep * w[i] - step * mi / (sqrt(vi) * root + o->eps);
#else
        w[i] = keep * w[i] - step * mi / (sqrtf(vi) * root + o->eps);
#endif
    }
}

const struct lx_simd JOIN(lx_simd_, LX_SIMD) = {
    .name = TEXT(LX_SIMD),
    .attention_forward = JOIN(lx_attention_forward_, LX_SIMD),
    .attention_backward = JOIN(lx_attention_backward_, LX_SIMD),
    .attention_scratch = JOIN(lx_attention_scratch_, LX_SIMD),
    .product = JOIN(lx_product_, LX_SIMD),
    .multiply_adds = JOIN(lx_multiply_adds_, LX_SIMD),
    .gelu = gelu,
    .gelu_back = gelu_back,
    .norm_row = norm_row,
    .norm_row_back = norm_row_back,
    .loss_row = loss_row,
    .exp_row = exp_row,
    .add = add,
    .scale = scale,
    .dot = dot,
    .square_sum = square_sum,
    .adamw = adamw,
};
