/* Bisection on planted functions whose inverse is known: both directions, both sides of 1, targets out of
 * reach, jumps, values that are not numbers, and how many values it asks for. */
#include "analysis/bisect.h"
#include "tests/unit/check.h"

static const struct lx_bisect_range range = {0.01, 100, 1e-5};

/* Runs a search; returns how many values it was told. */
static int search(struct lx_bisect *b, const struct lx_bisect_range *r, bool rising, double target,
                  double (*f)(double))
{
    int told = 0;

    lx_bisect_start(b, r, rising, target, f(1));
    for (; lx_bisect_asks(b); told++) {
        assert_true(b->at >= r->lowest && b->at <= r->highest);
        lx_bisect_tell(b, f(b->at));
    }
    assert_true(told <= lx_bisect_most(r));
    return told;
}

static double cube(double x)
{
    return x * x * x - 5;
}

static double falling_root(double x)
{
    return 3 - sqrt(x);
}

static double step_at_one_third(double x)
{
    return x < 1.0 / 3 ? -1 : 1;
}

static double constant(double x)
{
    return 0 * x + 2;
}

static double never(double x)
{
    return x < 1 ? (double)NAN : x;
}

static void finds_what_was_planted(void **state)
{
    static const double planted[] = {0.011, 0.3, 0.9999, 1.0001, 1.7, 42, 99};
    struct lx_bisect b;

    (void)state;
    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
        double x = planted[i];

        assert_true(search(&b, &range, true, cube(x), cube) > 1);
        assert_int_equal(b.state, LX_BISECT_FOUND);
        CHECK_NEAR(b.at / x, 1, range.tolerance);
        assert_true(search(&b, &range, false, falling_root(x), falling_root) > 1);
        assert_int_equal(b.state, LX_BISECT_FOUND);
        CHECK_NEAR(b.at / x, 1, range.tolerance);
    }
}

static void ends_of_the_range_are_found(void **state)
{
    struct lx_bisect b;

    (void)state;
    assert_int_equal(search(&b, &range, true, cube(100), cube), 1);
    CHECK_NEAR(b.at, 100, 0);
    assert_int_equal(search(&b, &range, false, falling_root(0.01), falling_root), 1);
    CHECK_NEAR(b.at, 0.01, 0);
    assert_int_equal(search(&b, &range, true, cube(1), cube), 0);
    CHECK_NEAR(b.at, 1, 0);
    assert_int_equal(b.state, LX_BISECT_FOUND);
}

static void says_what_is_out_of_reach(void **state)
{
    static const struct lx_bisect_range from_one = {1, 100, 1e-3}, to_one = {0.01, 1, 1e-3};
    struct lx_bisect b;

    (void)state;
    search(&b, &range, true, cube(0.009), cube);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    CHECK_NEAR(b.at, 1, 0);
    search(&b, &range, true, cube(101), cube);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &range, false, falling_root(101), falling_root);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &range, true, 3, constant);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &range, true, 1, constant);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &from_one, true, cube(0.5), cube);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &to_one, true, cube(2), cube);
    assert_int_equal(b.state, LX_BISECT_MISSED);
    search(&b, &to_one, true, cube(0.5), cube);
    assert_int_equal(b.state, LX_BISECT_FOUND);
}

static void what_is_not_a_number_breaks_it(void **state)
{
    struct lx_bisect b;

    (void)state;
    assert_int_equal(search(&b, &range, true, (double)NAN, cube), 0);
    assert_int_equal(b.state, LX_BISECT_BROKEN);
    assert_int_equal(search(&b, &range, true, 0.5, never), 1);
    assert_int_equal(b.state, LX_BISECT_BROKEN);
    CHECK_NEAR(b.at, 1, 0);
    lx_bisect_tell(&b, 0.5);
    assert_int_equal(b.state, LX_BISECT_BROKEN);
    lx_bisect_start(&b, &range, true, 0.5, (double)INFINITY);
    assert_int_equal(b.state, LX_BISECT_BROKEN);
}

/* No number has the value sought: it closes in on the jump; finer than doubles it stops all the same. */
static void stops_at_a_jump(void **state)
{
    static const struct lx_bisect_range too_fine = {0.01, 100, 1e-300};
    struct lx_bisect b;

    (void)state;
    search(&b, &range, true, 0, step_at_one_third);
    assert_int_equal(b.state, LX_BISECT_FOUND);
    CHECK_NEAR(3 * b.at, 1, range.tolerance);
    search(&b, &too_fine, true, 0, step_at_one_third);
    assert_int_equal(b.state, LX_BISECT_FOUND);
    assert_int_equal(b.steps, LX_BISECT_STEPS);
    CHECK_NEAR(3 * b.at, 1, 1e-14);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_what_was_planted),    cmocka_unit_test(ends_of_the_range_are_found),
    cmocka_unit_test(says_what_is_out_of_reach), cmocka_unit_test(what_is_not_a_number_breaks_it),
    cmocka_unit_test(stops_at_a_jump),
};

CHECK_MAIN(tests)
