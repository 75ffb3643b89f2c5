/* One row of attention, forward and backward, of every instruction set against its definition in
 * double: softmax, log-sum-exp, entropy, largest probability; what NaN, infinities and logits far
 * below the maximum do. */
#include "tests/simd_rig.h"

static void check_row(const struct lx_simd *s, size_t n, double a, double tau, bool biased,
                      double size)
{
    static struct definition d;
    real z[MOST + 1], bias[MOST + 1];
    struct lx_row_stats st;
    double tol;

    noise(z, n, size, n);
    noise(bias, n, 2, n + 7);
    define_row(&d, n, a, tau, biased ? bias : NULL, z);
    /* An error of the logits is that of p: relative, as large as the logits are. */
    tol = exp_error + 8 * eps * (1 + 4 * fabs(a) * size / tau + (biased ? 8 / tau : 0));
    s->attention_row(n, (real)a, (real)(1 / tau), biased ? bias : NULL, z, &st);
    CHECK_NEAR(st.max, d.max, 4 * eps * (1 + fabs(d.max)));
    CHECK_NEAR((double)st.max + log((double)st.sum), d.lse, tol * (1 + fabs(d.lse)));
    CHECK_NEAR(1 / (double)st.sum, d.max_prob, tol * d.max_prob * 4);
    CHECK_NEAR(st.entropy, d.entropy, tol * 4 * (1 + log((double)n)));
    assert_true(st.entropy >= 0);
    for (size_t j = 0; j < n; j++)
        CHECK_NEAR((double)z[j] / (double)st.sum, d.p[j], tol * d.p[j] * 4 + 1e-37);
    CHECK_NEAR(z[n], GUARD, 0);
}

static void attention_rows(const struct lx_simd *s, size_t n)
{
    check_row(s, n, 1, 1, false, 1);
    check_row(s, n, 0.25, 1, true, 3);
    check_row(s, n, 0.25, 0.5, true, 10);
    check_row(s, n, 0.5, 2, false, 4);
}

static void attention_row_is_a_softmax(void **state)
{
    (void)state;
    each(attention_rows);
}

/* exp alone: with a zero in the row the maximum is 0, so that z becomes exp(z), over its range. */
static void exponentials_are_accurate(void **state)
{
    double worst = 0;

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (int block = 0; block < 870; block++) {
            real z[101], x[101];
            struct lx_row_stats st;

            for (int j = 0; j <= 100; j++)
                x[j] = z[j] = (real)(-0.1 * block - 0.001 * j);
            z[100] = x[100] = 0;
            lx_simd_at(i)->attention_row(101, 1, 1, NULL, z, &st);
            for (int j = 0; j < 100; j++)
                worst = fmax(worst, fabs((double)z[j] / exp((double)x[j]) - 1));
        }
    }
    print_message("# exp: worst relative error %.3g\n", worst);
    CHECK_NEAR(worst, 0, exp_error);
}

/* A constant added to every logit changes no probability. */
static void attention_ignores_row_constants(void **state)
{
    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        real z[66], y[66], bias[66];
        struct lx_row_stats a, b;

        noise(z, 65, 2, 5);
        memcpy(y, z, sizeof(z));
        for (int j = 0; j < 65; j++)
            bias[j] = 50;
        lx_simd_at(i)->attention_row(65, 1, 1, NULL, z, &a);
        lx_simd_at(i)->attention_row(65, 1, 1, bias, y, &b);
        CHECK_NEAR((double)b.max - (double)a.max, 50, 100 * eps);
        CHECK_NEAR(a.entropy, b.entropy, 1000 * eps);
        for (int j = 0; j < 65; j++)
            CHECK_NEAR(z[j], y[j], 200 * eps);
    }
}

/* Far below the maximum a probability is exactly 0 and leaves the entropy alone, whatever its size. */
static void vanishing_logits_give_exact_zeros(void **state)
{
    static const double low[] = {-1e3, -1e5, -1e30, -(double)INFINITY};

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (size_t k = 0; k < sizeof(low) / sizeof(low[0]); k++) {
            real z[40];
            struct lx_row_stats st;

            for (int j = 0; j < 40; j++)
                z[j] = j % 4 == 1 ? 3 : (real)low[k];
            lx_simd_at(i)->attention_row(40, 1, 1, NULL, z, &st);
            CHECK_NEAR(st.sum, 10, 0);
            CHECK_NEAR(st.entropy, log(10), 4 * eps);
            for (int j = 0; j < 40; j++)
                CHECK_NEAR(z[j], j % 4 == 1 ? 1 : 0, 0);
        }
    }
}

/* One NaN, wherever it stands and whatever its bits say, must reach the sum; likewise +infinity, which
 * has no softmax. */
static void attention_passes_nan_on(void **state)
{
#ifdef LX_REAL_DOUBLE
    const real bad[] = {(real)NAN, -(real)NAN, nan("1"), nan("511"), (real)INFINITY};
#else
    const real bad[] = {NAN, -NAN, nanf("1"), nanf("511"), INFINITY};
#endif

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (size_t at = 0; at < 37; at++) {
            for (int k = 0; k < 5; k++) {
                real z[38];
                struct lx_row_stats st;

                noise(z, 37, 1, 3);
                z[at] = bad[k];
                lx_simd_at(i)->attention_row(37, 1, 1, NULL, z, &st);
                assert_true(!isfinite(st.sum));
                assert_true(!isfinite(st.entropy));
            }
        }
    }
}

/* The three forms of the backward pass against ds = p (dp - sum p dp) / tau in double. */
static void check_back(const struct lx_simd *s, size_t n, double a, double tau, int form)
{
    static struct definition d;
    real z[MOST + 1], bias[MOST + 1], dp[MOST + 1], dbias[MOST + 1], kept[MOST + 1], before[MOST];
    double delta = 0, tol = exp_error + 100 * eps;

    noise(z, n, 2, n);
    noise(bias, n, 2, n + 1);
    noise(dp, n, 1, n + 2);
    noise(dbias, n, 1, n + 3);
    memcpy(kept, dp, sizeof(kept));
    memcpy(before, dbias, sizeof(before));
    define_row(&d, n, a, tau, form > 0 ? bias : NULL, z);
    for (size_t j = 0; j < n; j++)
        delta += d.p[j] * (double)dp[j];
    s->attention_row_back(n, (real)a, (real)(1 / tau), form > 0 ? bias : NULL, (real)d.lse,
                          (real)delta, z, dp, form == 2 ? dbias : NULL);
    for (size_t j = 0; j < n; j++) {
        double ds = d.p[j] * ((double)kept[j] - delta) / tau;

        CHECK_NEAR(z[j], d.p[j], tol * d.p[j] * 4);
        CHECK_NEAR(dp[j], a * ds, tol * 4 * d.p[j] * (fabs((double)kept[j]) + fabs(delta)) / tau);
        CHECK_NEAR((double)dbias[j] - (double)before[j], form == 2 ? ds : 0,
                   form == 2 ? tol * (1 + fabs((double)before[j])) : 0);
    }
    CHECK_NEAR(z[n], GUARD, 0);
    CHECK_NEAR(dp[n], GUARD, 0);
    CHECK_NEAR(dbias[n], GUARD, 0);
}

static void attention_rows_back(const struct lx_simd *s, size_t n)
{
    for (int form = 0; form < 3; form++) {
        check_back(s, n, 0.5, 1, form);
        check_back(s, n, -0.25, 0.5, form);
        check_back(s, n, 1, 3, form);
    }
}

static void attention_row_back_is_its_gradient(void **state)
{
    (void)state;
    each(attention_rows_back);
}

#ifdef LX_REAL_DOUBLE
/* f = sum c p of a row, by the forward loop itself. */
static double value_of(const struct lx_simd *s, size_t n, const real *z, const real *bias,
                       const real *c)
{
    real e[64];
    struct lx_row_stats st;
    double f = 0;

    memcpy(e, z, n * sizeof(*e));
    s->attention_row(n, 0.7, 1.25, bias, e, &st);
    for (size_t j = 0; j < n; j++)
        f += c[j] * e[j] / st.sum;
    return f;
}

static double slope(const struct lx_simd *s, size_t n, real *x, const real *z, const real *bias,
                    const real *c)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    double kept = *x, sum = 0;

    for (int i = 0; i < 4; i++) {
        *x = kept + 1e-3 * at[i];
        sum += weight[i] * value_of(s, n, z, bias, c);
    }
    *x = kept;
    return sum / (12e-3);
}

/* The pair of loops agrees with finite differences, in z and in the biases. */
static void attention_row_back_matches_finite_differences(void **state)
{
    enum { N = 19 };

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        const struct lx_simd *s = lx_simd_at(i);
        real z[N + 1], bias[N + 1], c[N + 1], p[N + 1], dp[N + 1], dbias[N + 1] = {0};
        struct lx_row_stats st;

        noise(z, N, 1, 1);
        noise(bias, N, 1, 2);
        noise(c, N, 1, 3);
        memcpy(p, z, sizeof(p));
        s->attention_row(N, 0.7, 1.25, bias, p, &st);
        memcpy(p, z, sizeof(p));
        memcpy(dp, c, sizeof(dp));
        s->attention_row_back(N, 0.7, 1.25, bias, st.max + log(st.sum), value_of(s, N, z, bias, c),
                              p, dp, dbias);
        for (size_t j = 0; j < N; j++) {
            CHECK_NEAR(dp[j], slope(s, N, &z[j], z, bias, c), 1e-11);
            CHECK_NEAR(dbias[j], slope(s, N, &bias[j], z, bias, c), 1e-11);
        }
    }
}
#endif

/* Everything a loop returns, for the same numbers at a place `shift` reals into a block. */
static void results_at(const struct lx_simd *s, size_t n, size_t shift, double out[8])
{
    static real block[4][MOST + 64];
    real *z = block[0] + shift, *w = block[1] + shift, *b = block[2] + shift, *y = block[3] + shift;
    real mean, rstd;
    struct lx_row_stats st;

    noise(z, n, 2, 1);
    noise(w, n, 1, 2);
    noise(b, n, 1, 3);
    out[0] = (double)s->dot(n, z, w);
    out[1] = s->square_sum(n, z);
    out[2] = s->loss_row(n, z, (int)(n / 3), 1, NULL);
    out[3] = s->loss_row(n, z, (int)(n / 3), 1, y);
    s->norm_row(n, z, w, b, y, &mean, &rstd);
    out[4] = (double)mean;
    out[5] = (double)rstd;
    s->attention_row(n, (real)0.5, 1, b, z, &st);
    out[6] = (double)st.sum;
    out[7] = (double)st.entropy;
}

/* Sums are taken in the same order wherever the numbers lie in memory. */
static void alignments(const struct lx_simd *s, size_t n)
{
    double first[8], other[8];

    results_at(s, n, 0, first);
    for (size_t shift = 1; shift <= 16; shift++) {
        results_at(s, n, shift, other);
        for (int k = 0; k < 8; k++)
            if (memcmp(&first[k], &other[k], sizeof(double)) != 0)
                fail_msg("%s: n %zu: result %d depends on alignment: %.17g at 0, %.17g at %zu",
                         s->name, n, k, first[k], other[k], shift);
    }
}

static void alignment_does_not_matter(void **state)
{
    (void)state;
    each(alignments);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(attention_row_is_a_softmax),
    cmocka_unit_test(exponentials_are_accurate),
    cmocka_unit_test(attention_ignores_row_constants),
    cmocka_unit_test(vanishing_logits_give_exact_zeros),
    cmocka_unit_test(attention_passes_nan_on),
    cmocka_unit_test(attention_row_back_is_its_gradient),
    cmocka_unit_test(alignment_does_not_matter),
#ifdef LX_REAL_DOUBLE
    cmocka_unit_test(attention_row_back_matches_finite_differences),
#endif
};

CHECK_MAIN(tests)
