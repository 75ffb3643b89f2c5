/* The tests behind the claim table: Student's t against the finite series of Abramowitz & Stegun and
 * printed quantiles, sign flips against counts by hand and Fisher's, Holm by hand. */
#include "check.h"
#include "stats/stats.h"

/* A(t|n) = P(|T| <= t) for whole n: Abramowitz & Stegun 26.7.3 and 26.7.4. */
static double central(double t, int dof)
{
    double angle = atan(t / sqrt(dof)), s = sin(angle), c = cos(angle), sum = 0, term;
    const double pi = acos(-1.0);

    if (dof % 2 == 0) {
        term = 1;
        for (int k = 0; k <= dof - 2; k += 2) {
            sum += term;
            term *= c * c * (k + 1) / (k + 2);
        }
        return s * sum;
    }
    term = c;
    for (int k = 1; k <= dof - 2; k += 2) {
        sum += term;
        term *= c * c * (k + 1) / (k + 2);
    }
    return 2 / pi * (angle + s * sum);
}

static void test_t_tail(void **state)
{
    static const double at[] = {0, 1e-9, 0.1, 0.5, 1, 1.5, 2, 3, 5, 10, 30};

    (void)state;
    for (int dof = 1; dof <= 60; dof++)
        for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
            CHECK_NEAR(lx_t_tail(at[i], dof), (1 - central(at[i], dof)) / 2, 1e-13);
            CHECK_NEAR(lx_t_tail(-at[i], dof), (1 + central(at[i], dof)) / 2, 1e-13);
        }
}

/* Far out the difference from 1 would be all rounding: two degrees of freedom have a closed form. */
static void test_t_tail_far(void **state)
{
    (void)state;
    for (double t = 1; t < 1e12; t *= 10) {
        double r = sqrt(2 + t * t), want = 1 / (r * (r + t));

        CHECK_NEAR(lx_t_tail(t, 2) / want, 1, 1e-12);
    }
    CHECK_NEAR(lx_t_tail(1e200, 3), 0, 0);
    CHECK_NEAR(lx_t_tail((double)INFINITY, 3), 0, 0);
    assert_true(isnan(lx_t_tail((double)NAN, 3)) && isnan(lx_t_tail(1, 0)));
}

/* Printed in every table of t. */
static void test_t_quantile(void **state)
{
    static const struct {
        double p, dof, t;
    } table[] = {{0.025, 1, 12.706},  {0.025, 2, 4.303},  {0.025, 3, 3.182},  {0.025, 4, 2.776},
                 {0.025, 5, 2.571},   {0.025, 9, 2.262},  {0.025, 10, 2.228}, {0.025, 30, 2.042},
                 {0.025, 120, 1.980}, {0.005, 1, 63.657}, {0.005, 2, 9.925},  {0.005, 4, 4.604},
                 {0.05, 1, 6.314},    {0.05, 2, 2.920},   {0.05, 10, 1.812},  {0.001, 4, 7.173}};

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        CHECK_NEAR(lx_t_quantile(table[i].p, table[i].dof), table[i].t, 5.01e-4);
        CHECK_NEAR(lx_t_quantile(1 - table[i].p, table[i].dof), -table[i].t, 5.01e-4);
    }
    for (double p = 1e-6; p < 1; p += 0.0499)
        CHECK_NEAR(lx_t_tail(lx_t_quantile(p, 3), 3) / p, 1, 1e-12);
    assert_true(isnan(lx_t_quantile(0, 3)) && isnan(lx_t_quantile(1, 3)));
    CHECK_NEAR(lx_t_half_width(2, 4), 3.182, 5.01e-4); /* 3.182 * 2 / 2 */
    assert_true(isnan(lx_t_half_width(0, 1)) && isnan(lx_t_half_width(0, 0)));
}

/* Darwin's maize (1876), in eighths of an inch: Fisher, The Design of Experiments (1935), s. 17 and
 * 21, gives t = 2.148 and counts 863 of the 32768 sums at 314 or above. */
static void test_darwin(void **state)
{
    static const double d[15] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    double mean = 314.0 / 15, square = 0, t;

    (void)state;
    for (int i = 0; i < 15; i++)
        square += (d[i] - mean) * (d[i] - mean);
    t = mean / sqrt(square / 14 / 15);
    CHECK_NEAR(t, 2.148, 5e-4);
    CHECK_NEAR(2 * lx_t_tail(t, 14), 0.0497, 5e-5);
    CHECK_NEAR(lx_sign_flip(d, 15) * 32768, 863, 0);
}

static void test_sign_flip(void **state)
{
    static const double up[] = {3, 1, 2}, one_down[] = {-1, 2, 3}, down[] = {-1, -2, -3},
                        tie[] = {0.1, 0.2, -0.3}, zero[] = {0, 0};
    double many[LX_SIGN_FLIP_MAX + 1];

    (void)state;
    CHECK_NEAR(lx_sign_flip(up, 3), 1.0 / 8, 0);       /* the floor, 2^-3 */
    CHECK_NEAR(lx_sign_flip(one_down, 3), 2.0 / 8, 0); /* 6 and 4 */
    CHECK_NEAR(lx_sign_flip(down, 3), 1, 0);
    CHECK_NEAR(lx_sign_flip(up, 1), 0.5, 0);
    /* .1 + .2 - .3 is not 0 in binary, but ties with its mirror: five of the eight sums are >= 0 */
    CHECK_NEAR(lx_sign_flip(tie, 3), 5.0 / 8, 0);
    CHECK_NEAR(lx_sign_flip(zero, 2), 1, 0);
    for (int i = 0; i <= LX_SIGN_FLIP_MAX; i++)
        many[i] = 1;
    CHECK_NEAR(lx_sign_flip(many, LX_SIGN_FLIP_MAX), ldexp(1, -LX_SIGN_FLIP_MAX), 0);
    assert_true(isnan(lx_sign_flip(many, LX_SIGN_FLIP_MAX + 1)) && isnan(lx_sign_flip(many, 0)));
}

static void test_holm(void **state)
{
    static const double p[] = {0.04, 0.01, (double)NAN, 0.03, 0.02};
    static const double ties[] = {0.02, 0.02, 0.5, 0.9};
    double out[5];

    (void)state;
    lx_holm(p, 5, out); /* 4 x .01; 3 x .02; 2 x .03; then .04, which may not be below .06 */
    CHECK_NEAR(out[1], 0.04, 1e-15);
    CHECK_NEAR(out[4], 0.06, 1e-15);
    CHECK_NEAR(out[3], 0.06, 1e-15);
    CHECK_NEAR(out[0], 0.06, 1e-15);
    assert_true(isnan(out[2]));
    lx_holm(ties, 4, out); /* 4 x .02 for both; 2 x .5 and 1 x .9, at most 1 */
    CHECK_NEAR(out[0], 0.08, 1e-15);
    CHECK_NEAR(out[1], 0.08, 1e-15);
    CHECK_NEAR(out[2], 1, 0);
    CHECK_NEAR(out[3], 1, 0);
    lx_holm(p, 1, out);
    CHECK_NEAR(out[0], 0.04, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_t_tail),     cmocka_unit_test(test_t_tail_far),
    cmocka_unit_test(test_t_quantile), cmocka_unit_test(test_darwin),
    cmocka_unit_test(test_sign_flip),  cmocka_unit_test(test_holm),
};

CHECK_MAIN(tests)
