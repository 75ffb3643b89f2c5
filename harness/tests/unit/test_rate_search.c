/* The search for a rate on planted curves: it walks to the lowest point and one beyond, ends at its reach
 * and says so, prefers the lower of equals, passes over what diverged, and never asks twice. */
#include "tests/unit/check.h"
#include "tune/rate_search.h"

#define MOST 64

/* NLL by lr and multiple. */
typedef double curve(double lr, double array_lr);

struct outcome {
    struct lx_rate_try try[MOST];
    size_t n, waves, best;
};

static void run_search(const struct lx_rate_search *s, curve *f, struct outcome *o)
{
    struct lx_rate_try next[LX_RATE_NEXT];
    size_t asked, least, most;

    o->n = o->waves = 0;
    while ((asked = lx_rate_next(s, o->try, o->n, next)) > 0) {
        o->waves++;
        for (size_t i = 0; i < asked; i++) {
            assert_true(o->n < MOST && isnan(next[i].nll));
            for (size_t k = 0; k < o->n; k++)
                assert_true(o->try[k].lr != next[i].lr || o->try[k].array_lr != next[i].array_lr);
            o->try[o->n] = next[i];
            o->try[o->n++].nll = f(next[i].lr, next[i].array_lr);
        }
    }
    o->best = lx_rate_best(o->try, o->n);
    lx_rate_bounds(s, &least, &most);
    assert_in_range(o->n, least, most);
}

/* The lowest point of the planted curves, as a power of two from 0.01, and what multiples do there. */
static double lowest, lowest_multiplied, gain;

static double valley(double lr, double array_lr)
{
    double at = array_lr > 1 ? lowest_multiplied : lowest;

    return fabs(log2(lr / 0.01) - at) - (array_lr > 1 ? gain : 0);
}

static const struct lx_rate_search plain = {.start = 0.01, .reach = 4, .array_lr = 1};
static const struct lx_rate_search arrays = {.start = 0.01, .reach = 4, .array_lr = 1, .other = 10};

static void walks_to_the_lowest_point(void **state)
{
    static struct outcome o;

    (void)state;
    for (int k = -3; k <= 3; k++) {
        lowest = k;
        run_search(&plain, valley, &o);
        CHECK_NEAR(o.try[o.best].lr, ldexp(0.01, k), 0);
        assert_false(lx_rate_at_edge(o.try, o.n, o.best));
        assert_int_equal(o.n, abs(k) < 1 ? 3 : 3 + abs(k));
        CHECK_NEAR(o.try[lx_rate_beside(o.try, o.n, o.best, -1)].lr, ldexp(0.01, k - 1), 0);
        CHECK_NEAR(o.try[lx_rate_beside(o.try, o.n, o.best, 1)].lr, ldexp(0.01, k + 1), 0);
    }
}

static void ends_at_its_reach_and_says_so(void **state)
{
    static struct outcome o;

    (void)state;
    for (int side = -1; side <= 1; side += 2) {
        lowest = 9 * side;
        run_search(&plain, valley, &o);
        CHECK_NEAR(o.try[o.best].lr, ldexp(0.01, 4 * side), 0);
        assert_true(lx_rate_at_edge(o.try, o.n, o.best));
        assert_int_equal(lx_rate_beside(o.try, o.n, o.best, side), o.n);
        assert_int_equal(o.n, 3 + 3);
    }
    lowest = 0;
    run_search(&(struct lx_rate_search){.start = 0.01, .reach = 0, .array_lr = 1}, valley, &o);
    assert_int_equal(o.n, 1);
    assert_true(lx_rate_at_edge(o.try, o.n, o.best));
}

/* Exactly half way between two rates both are equal. */
static void of_equal_ones_the_lower(void **state)
{
    static struct outcome o;

    (void)state;
    lowest = 0.5;
    run_search(&plain, valley, &o);
    CHECK_NEAR(o.try[o.best].lr, 0.01, 0);
    lowest = lowest_multiplied = 0;
    gain = 0;
    run_search(&arrays, valley, &o);
    CHECK_NEAR(o.try[o.best].array_lr, 1, 0);
    assert_int_equal(o.n, 6);
}

static void multiples_at_the_best_and_its_neighbours(void **state)
{
    static struct outcome o;

    (void)state;
    lowest = 2;
    lowest_multiplied = 2;
    gain = -1;
    run_search(&arrays, valley, &o);
    CHECK_NEAR(o.try[o.best].array_lr, 1, 0);
    assert_int_equal(o.n, 5 + 3);
    /* better with a multiple, and best elsewhere: the walk goes on there */
    gain = 5;
    lowest_multiplied = -1;
    run_search(&arrays, valley, &o);
    CHECK_NEAR(o.try[o.best].array_lr, 10, 0);
    CHECK_NEAR(o.try[o.best].lr, 0.005, 0);
    assert_false(lx_rate_at_edge(o.try, o.n, o.best));
    assert_int_equal(o.n, 5 + 6);
    lowest_multiplied = -9;
    gain = 50;
    run_search(&arrays, valley, &o);
    CHECK_NEAR(o.try[o.best].lr, ldexp(0.01, -4), 0);
    assert_true(lx_rate_at_edge(o.try, o.n, o.best));
}

/* From 0.01 on everything diverges; or everything everywhere. */
static double cliff(double lr, double array_lr)
{
    (void)array_lr;
    return lr < 0.009 ? fabs(log2(lr / 0.005)) : (double)INFINITY;
}

static double desert(double lr, double array_lr)
{
    (void)lr;
    (void)array_lr;
    return (double)INFINITY;
}

static void what_diverges_is_worse_than_anything(void **state)
{
    static struct outcome o;

    (void)state;
    run_search(&plain, cliff, &o);
    CHECK_NEAR(o.try[o.best].lr, 0.005, 0);
    assert_false(lx_rate_at_edge(o.try, o.n, o.best));
    run_search(&arrays, desert, &o);
    CHECK_NEAR(o.try[o.best].lr, ldexp(0.01, -4), 0);
    assert_true(lx_rate_at_edge(o.try, o.n, o.best));
}

static void none_below_the_lowest_is_tried(void **state)
{
    static struct outcome o;

    (void)state;
    for (int reach = 0; reach <= 3; reach++)
        for (int other = 0; other <= 10; other += 10)
            for (int k = -3; k <= 3; k++) {
                struct lx_rate_search s = {
                    .start = 0.01, .lowest = 0.01, .reach = reach, .array_lr = 1, .other = other};

                lowest = lowest_multiplied = k;
                gain = 0;
                run_search(&s, valley, &o);
                for (size_t i = 0; i < o.n; i++)
                    assert_true(o.try[i].lr >= 0.01);
                if (reach == 1)
                    assert_int_equal(o.n, other > 0 ? 4 : 2);
            }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(walks_to_the_lowest_point),
    cmocka_unit_test(ends_at_its_reach_and_says_so),
    cmocka_unit_test(of_equal_ones_the_lower),
    cmocka_unit_test(multiples_at_the_best_and_its_neighbours),
    cmocka_unit_test(what_diverges_is_worse_than_anything),
    cmocka_unit_test(none_below_the_lowest_is_tried),
};

CHECK_MAIN(tests)
