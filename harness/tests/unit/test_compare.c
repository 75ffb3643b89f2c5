/* The rule of the gate: bands and standard errors worked out by hand, every kind of difference, and
 * what is refused. */
#include "compare_rig.h"
#include "stats/stats.h"

/* The verdict on the one key of both files. */
static enum lx_compare_verdict verdict(const char *old_rows, const char *new_rows,
                                       const struct lx_compare_options *o)
{
    struct lx_comparison c = compare(old_rows, new_rows, o);
    assert_int_equal(c.n, 1);
    enum lx_compare_verdict v = c.line[0].verdict;
    assert_int_equal(c.count[v], 1);
    assert_int_equal(c.failures, v <= LX_VERDICT_PROTOCOL);
    lx_compare_free(&c);
    return v;
}

/* A metric that can be negative. */
#define GAIN(value) ROW("a", "1", "context_gain", value, "", "ok")

/* The edge of each band itself is within; the next digit is beyond. */
static void test_bands(void **state)
{
    const struct lx_compare_options abs = {.metrics = "nll", .abs = 0.02};
    const struct lx_compare_options rel = {.metrics = "nll", .rel = 0.01};
    const struct lx_compare_options both = {.metrics = "nll", .abs = 0.05, .rel = 0.01};
    (void)state;
    const char *base = NLL("1", "2", "");
    assert_int_equal(verdict(base, NLL("1", "2.02", ""), &abs), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(base, NLL("1", "2.02000001", ""), &abs), LX_VERDICT_WORSE);
    assert_int_equal(verdict(base, NLL("1", "1.98", ""), &abs), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(base, NLL("1", "1.97999999", ""), &abs), LX_VERDICT_BETTER);
    assert_int_equal(verdict(base, NLL("1", "2.02", ""), &rel), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(base, NLL("1", "2.02000001", ""), &rel), LX_VERDICT_WORSE);
    assert_int_equal(verdict(base, NLL("1", "2.05", ""), &both), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(base, NLL("1", "2.0500001", ""), &both), LX_VERDICT_WORSE);
    assert_int_equal(verdict(base, base, &NONE), LX_VERDICT_SAME);
    assert_int_equal(verdict(base, NLL("1", "2.00000001", ""), &NONE), LX_VERDICT_WORSE);
    /* rel is of |baseline|: also of a negative one */
    const struct lx_compare_options gain = {.metrics = "context_gain", .rel = 0.01};
    assert_int_equal(verdict(GAIN("-2"), GAIN("-1.98"), &gain), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(GAIN("-2"), GAIN("-1.97"), &gain), LX_VERDICT_CHANGED);
}

/* Student's t of two degrees of freedom that is as rarely exceeded as sigma of a normal variable: its tail
 * is 1/2 - t / (2 sqrt(2 + t^2)), so it has a closed form. */
static double t_of_two(double sigma)
{
    double u = erf(sigma / sqrt(2)); /* 1 - 2 tail */

    return u * sqrt(2 / (1 - u * u));
}

/* Seeds 1, 2, 3: 2, 3, 4 -> 2.1, 3.2, 4.3. Differences 0.1, 0.2, 0.3: mean 0.2, sd 0.1,
 * se 0.1 / sqrt 3 - whatever the scatter of the seeds themselves. */
static void test_paired(void **state)
{
    (void)state;
    struct lx_compare_options o = {.metrics = "nll", .sigma = 3};
    struct lx_comparison c =
        compare(NLL("1", "2", "9") NLL("2", "3", "9") NLL("3", "4", "9"),
                NLL("3", "4.3", "9") NLL("1", "2.1", "9") NLL("2", "3.2", "9"), &o);
    const struct lx_compare_line *l = &c.line[0];
    assert_true(l->paired);
    CHECK_NEAR(l->old.mean, 3, 1e-15);
    CHECK_NEAR(l->new.mean, 3.2, 1e-15);
    CHECK_NEAR(l->old.se, 1 / sqrt(3), 1e-15);
    CHECK_NEAR(l->change, 0.2, 1e-15);
    CHECK_NEAR(l->se, 0.1 / sqrt(3), 1e-15);
    CHECK_NEAR(l->band, 0.1 / sqrt(3) * LX_COMPARE_FAR, 1e-12); /* and not t's 19.2 of them */
    assert_int_equal(l->verdict, LX_VERDICT_WITHIN);
    lx_compare_free(&c);
    CHECK_NEAR(t_of_two(1.7853), 2 * sqrt(3), 1e-3); /* 0.2 / (0.1 / sqrt 3) = 3.4641 */
    o.sigma = 1.786;
    assert_int_equal(verdict(NLL("1", "2", "") NLL("2", "3", "") NLL("3", "4", ""),
                             NLL("1", "2.1", "") NLL("2", "3.2", "") NLL("3", "4.3", ""), &o),
                     LX_VERDICT_WITHIN);
    o.sigma = 1.785;
    assert_int_equal(verdict(NLL("1", "2", "") NLL("2", "3", "") NLL("3", "4", ""),
                             NLL("1", "2.1", "") NLL("2", "3.2", "") NLL("3", "4.3", ""), &o),
                     LX_VERDICT_WORSE);
}

/* Other seeds: 2, 4 (mean 3, sd sqrt 2) against 5, 5.6, 6.2 (mean 5.6): the scatter is the baseline's,
 * se = sqrt 2 sqrt(1/2 + 1/3), with one degree of freedom, whose t has tail 1/2 - atan(t) / pi. */
static void test_quadrature(void **state)
{
    (void)state;
    struct lx_compare_options o = {.metrics = "nll", .sigma = 1};
    const char *old = NLL("1", "2", "") NLL("2", "4", "");
    const char *new = NLL("2", "5", "") NLL("3", "5.6", "") NLL("4", "6.2", "");
    double t = tan(acos(-1.0) * (0.5 - erfc(1 / sqrt(2)) / 2));
    struct lx_comparison c = compare(old, new, &o);
    assert_false(c.line[0].paired);
    CHECK_NEAR(c.line[0].change, 2.6, 1e-14);
    CHECK_NEAR(c.line[0].se, sqrt(5.0 / 3), 1e-14);
    CHECK_NEAR(c.line[0].band, t * sqrt(5.0 / 3), 1e-12);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WORSE);
    lx_compare_free(&c);
    o.sigma = 2;
    assert_int_equal(verdict(old, new, &o), LX_VERDICT_WITHIN);
}

/* The same seeds that do not share their fate: 1, 2, 3 -> 3, 1, 2. Differences 2, -1, -1: sd sqrt 3,
 * se 1; the baseline's sd is 1, so se sqrt(2 / 3), with 2 degrees of freedom as well. */
static void test_unshared_fate(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 1};
    struct lx_comparison c = compare(NLL("1", "1", "") NLL("2", "2", "") NLL("3", "3", ""),
                                     NLL("1", "3", "") NLL("2", "1", "") NLL("3", "2", ""), &o);
    assert_false(c.line[0].paired);
    CHECK_NEAR(c.line[0].change, 0, 1e-15);
    CHECK_NEAR(c.line[0].se, sqrt(2.0 / 3), 1e-15);
    CHECK_NEAR(c.line[0].band, t_of_two(1) * sqrt(2.0 / 3), 1e-12);
    lx_compare_free(&c);
}

/* What is judged never widens its band: whatever the new seeds are, the scatter is that of 1, 2, 3. */
static void test_scatter_of_the_baseline(void **state)
{
    static const char *const third[] = {"3", "30", "1e9"};
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 3};
    for (size_t i = 0; i < 3; i++) {
        char new[512];
        (void)snprintf(new, sizeof(new), "%sx,c6,a,a,d,valid,6,4,8,last,2,nll,,,,,%s,,64,8,ok,p1\n",
                       NLL("4", "1", "") NLL("5", "2", ""), third[i]);
        struct lx_comparison c =
            compare(NLL("1", "1", "") NLL("2", "2", "") NLL("3", "3", ""), new, &o);
        CHECK_NEAR(c.line[0].se, sqrt(2.0 / 3), 1e-15);
        CHECK_NEAR(c.line[0].band, LX_COMPARE_FAR * sqrt(2.0 / 3), 1e-14);
        assert_int_equal(c.line[0].verdict, i == 0 ? LX_VERDICT_WITHIN : LX_VERDICT_WORSE);
        lx_compare_free(&c);
    }
}

/* One seed: the standard error that the baseline states, 0.3, on both sides: 0.3 sqrt 2; none stated: no
 * such band. A seed that the baseline has among others is held against the same one of it. */
static void test_stated(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 2};
    struct lx_comparison c = compare(NLL("1", "2", "0.3"), NLL("1", "2.8", "9"), &o);
    CHECK_NEAR(c.line[0].se, 0.3 * sqrt(2), 1e-15);
    CHECK_NEAR(c.line[0].band, 0.6 * sqrt(2), 1e-15);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WITHIN);
    lx_compare_free(&c);
    c = compare(NLL("1", "2", "7") NLL("2", "4", "7"), NLL("1", "3", "0.75"), &o);
    CHECK_NEAR(c.line[0].old.mean, 2, 0);
    CHECK_NEAR(c.line[0].change, 1, 0);
    CHECK_NEAR(c.line[0].se, sqrt(2) * sqrt(1.5), 1e-15);
    lx_compare_free(&c);
    c = compare(NLL("1", "2", ""), NLL("1", "3", "0.4"), &o);
    assert_true(isnan(c.line[0].se));
    CHECK_NEAR(c.line[0].band, 0, 0);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WORSE);
    lx_compare_free(&c);
}

/* ------------------------------------------------------------ outliers and what cannot be */

#define FIVE(a, b, c, d, e)                                                                        \
    NLL("1", a, "0.01")                                                                            \
    NLL("2", b, "0.01") NLL("3", c, "0.01") NLL("4", d, "0.01") NLL("5", e, "0.01")
#define OTHERS(a, b, c, d, e)                                                                      \
    NLL("6", a, "0.01")                                                                            \
    NLL("7", b, "0.01") NLL("8", c, "0.01") NLL("9", d, "0.01") NLL("10", e, "0.01")
#define BASE FIVE("1.5", "1.51", "1.49", "1.505", "1.495")

/* One seed of five is enough, however far; so are two, three and four. */
static void test_outliers(void **state)
{
    (void)state;
    struct lx_compare_options o = {.metrics = "nll"};
    assert_true(lx_compare_preset("curves", &o));
    assert_int_equal(verdict(BASE, FIVE("1.5", "1.51", "1.49", "1.505", "1.51"), &o),
                     LX_VERDICT_WITHIN);
    assert_int_equal(verdict(BASE, FIVE("1.5", "1.51", "1.49", "1.505", "1.6"), &o),
                     LX_VERDICT_WORSE);
    assert_int_equal(verdict(BASE, FIVE("1.5", "1.51", "1.49", "1.505", "4.5"), &o),
                     LX_VERDICT_WORSE);
    assert_int_equal(verdict(BASE, FIVE("1.5", "1.51", "1.49", "51.505", "51.5"), &o),
                     LX_VERDICT_WORSE);
    assert_int_equal(verdict(BASE, FIVE("4.5", "1.51", "4.49", "4.505", "1.5"), &o),
                     LX_VERDICT_WORSE);
    assert_int_equal(verdict(BASE, FIVE("4.5", "4.51", "4.49", "4.505", "1.5"), &o),
                     LX_VERDICT_WORSE);
    /* other seeds: the wide band of ten times abs */
    assert_int_equal(verdict(BASE, OTHERS("1.5", "1.51", "1.49", "1.505", "1.6"), &o),
                     LX_VERDICT_WITHIN);
    assert_int_equal(verdict(BASE, OTHERS("1.5", "1.51", "1.44", "1.44", "1.71"), &o),
                     LX_VERDICT_WORSE);
    struct lx_comparison c = compare(BASE, FIVE("1.5", "1.51", "51.5", "1.505", "1.6"), &o);
    assert_int_equal(c.line[0].reason, LX_BY_SEED);
    assert_int_equal(c.line[0].seed, 3); /* the furthest */
    CHECK_NEAR(c.line[0].own_to, 51.5, 0);
    lx_compare_free(&c);
    /* one seed far out for the better is an outlier; all of them are a gain beyond belief */
    assert_int_equal(verdict(BASE, FIVE("1.5", "1.51", "1.49", "1.505", "0.5"), &o),
                     LX_VERDICT_CHANGED);
    assert_int_equal(verdict(BASE, FIVE("0.5", "0.51", "0.49", "0.505", "0.495"), &o),
                     LX_VERDICT_SUSPICIOUS);
    assert_int_equal(verdict(BASE, FIVE("1.46", "1.47", "1.45", "1.465", "1.455"), &o),
                     LX_VERDICT_SUSPICIOUS); /* 0.04: seed by seed there is no scatter at all */
    assert_int_equal(verdict(BASE, FIVE("1.45", "1.49", "1.46", "1.47", "1.44"), &o),
                     LX_VERDICT_BETTER);
}

/* Means that agree while the middle seeds have moved: 0, 10, 20, 21, 22 -> 8.6, 14.6, 14.6, 14.6, 20.6
 * has mean 14.6 both times, medians 20 and 14.6. */
static void test_median(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 0.2};
    struct lx_comparison c =
        compare(FIVE("1", "11", "21", "22", "23"), FIVE("9.6", "15.6", "15.6", "15.6", "21.6"), &o);
    CHECK_NEAR(c.line[0].change, 0, 1e-14);
    assert_int_equal(c.line[0].reason, LX_BY_MEDIAN);
    CHECK_NEAR(c.line[0].own_from, 21, 0);
    CHECK_NEAR(c.line[0].own_to, 15.6, 0);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_BETTER);
    lx_compare_free(&c);
}

/* Exact: any change, better or worse, and changes that cancel in the mean. */
static void test_exact(void **state)
{
    struct lx_compare_options o = {.metrics = "nll"};
    struct lx_comparison c;
    (void)state;
    assert_true(lx_compare_preset("exact", &o));
    assert_int_equal(verdict(BASE, BASE, &o), LX_VERDICT_SAME);
    assert_int_equal(verdict(NLL("1", "2", ""), NLL("1", "2.00002", ""), &o), LX_VERDICT_WITHIN);
    c = compare(NLL("1", "2", ""), NLL("1", "1.6", ""), &o);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_BETTER);
    assert_int_equal(c.failures, 1);
    lx_compare_free(&c);
    c = compare(NLL("1", "2", "") NLL("2", "3", ""), NLL("1", "2.01", "") NLL("2", "2.99", ""), &o);
    CHECK_NEAR(c.line[0].change, 0, 1e-15);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WORSE);
    assert_int_equal(c.failures, 1);
    lx_compare_free(&c);
    c = compare(ROW("a", "1", "nll", "", "", "diverged"), NLL("1", "2", ""), &o);
    assert_int_equal(c.failures, 1); /* a number where there was none is a change */
    lx_compare_free(&c);
}

static void test_impossible(void **state)
{
    static const struct {
        const char *metric, *value;
        bool can_be;
    } cases[] = {{"nll", "-1", false},
                 {"nll", "0", false},
                 {"nll", "1e-400", false},
                 {"nll", "0.001", true},
                 {"ppl", "1", false},
                 {"ppl", "0.5", false},
                 {"ppl", "1.001", true},
                 {"bits_per_byte", "0", false},
                 {"attention_entropy", "-0.1", false},
                 {"attention_entropy_normalized", "1.01", false},
                 {"attention_entropy_normalized", "1.00000001", true}, /* rounding */
                 {"attention_max_prob", "1.5", false},
                 {"retrieval_accuracy", "1", true},
                 {"context_gain", "-5", true},
                 {"a_metric_of_mine", "-5", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int exact = 0; exact < 2; exact++) {
            struct lx_compare_options o = {.metrics = "all"};
            char new[400];
            assert_true(lx_compare_preset(exact ? "exact" : "curves", &o));
            (void)snprintf(new, sizeof(new), "x,c,a,a,d,valid,1,4,8,last,2,%s,,,,,%s,,64,8,ok,p1\n",
                           cases[i].metric, cases[i].value);
            struct lx_comparison c = compare(new, new, &o);
            assert_int_equal(c.count[LX_VERDICT_IMPOSSIBLE], !cases[i].can_be);
            assert_int_equal(c.failures, !cases[i].can_be);
            if (!cases[i].can_be)
                CHECK_FAILS(lx_compare_update(&c, &err), LX_EFORMAT, "which cannot be");
            lx_compare_free(&c);
        }
}

/* Bands are widened for the keys that are judged together, and never beyond FAR. */
static void test_many_keys(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 1};
    char rows[8192] = "";
    for (int k = 0; k < 20; k++)
        for (int seed = 1; seed <= 3; seed++)
            (void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows),
                           "x,c%d,e%02d,e%02d,d,valid,%d,4,8,last,2,nll,,,,,%d,,64,8,ok,p1\n", seed,
                           k, k, seed, seed);
    char other[8192];
    (void)snprintf(other, sizeof(other), "%s", rows);
    for (char *p = other; (p = strstr(p, ",nll,,,,,3,")) != NULL; p++)
        p[9] = '4'; /* the third seed of each key moves: no two sides are identical */
    struct lx_comparison c = compare(rows, other, &o);
    assert_int_equal(c.common, 20);
    double tail = erfc(1 / sqrt(2)) / 2 / 20;
    CHECK_NEAR(lx_t_tail(c.line[0].band / c.line[0].se, 2), tail, 1e-12);
    lx_compare_free(&c);
}

/* Perplexities near the end of the range must not make an infinite band that lets all pass. */
static void test_range(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 1};
    struct lx_comparison c = compare(NLL("1", "1e308", "") NLL("2", "1.4e308", ""),
                                     NLL("1", "1.5e308", "") NLL("2", "1.7e308", ""), &o);
    CHECK_NEAR(c.line[0].old.mean / 1.2e308, 1, 1e-15);
    CHECK_NEAR(c.line[0].change / 4e307, 1, 1e-14);
    CHECK_NEAR(c.line[0].se / 1e307, 1, 1e-14);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WORSE);
    lx_compare_free(&c);
    const struct lx_compare_options gain = {.metrics = "context_gain", .sigma = 1};
    assert_int_equal(verdict(GAIN("-1.7e308"), GAIN("1.7e308"), &gain), LX_VERDICT_CHANGED);
}

static void test_direction(void **state)
{
    static const char *const lower[] = {"nll", "ppl", "bits_per_byte"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lx_compare_options o = {.metrics = lower[i], .abs = 0.1};
        char up[256], down[256];
        (void)snprintf(down, sizeof(down), "x,c,a,a,d,valid,1,4,8,last,2,%s,,,,,3,,64,8,ok,p1\n",
                       lower[i]);
        (void)snprintf(up, sizeof(up), "x,c,a,a,d,valid,1,4,8,last,2,%s,,,,,4,,64,8,ok,p1\n",
                       lower[i]);
        assert_int_equal(verdict(down, up, &o), LX_VERDICT_WORSE);
        assert_int_equal(verdict(up, down, &o), LX_VERDICT_BETTER);
    }
    const struct lx_compare_options o = {.metrics = "attention_max_prob", .abs = 0.1};
    const char *lo = ROW("a", "1", "attention_max_prob", "0.2", "", "ok");
    const char *hi = ROW("a", "1", "attention_max_prob", "0.4", "", "ok");
    assert_int_equal(verdict(lo, hi, &o), LX_VERDICT_CHANGED);
    assert_int_equal(verdict(hi, lo, &o), LX_VERDICT_CHANGED);
}

static void test_status(void **state)
{
    (void)state;
    const struct lx_compare_options wide = {.metrics = "nll", .abs = 1e6};
    const char *ok = NLL("1", "2", "");
    const char *gone = ROW("a", "1", "nll", "", "", "diverged");
    const char *cannot = ROW("a", "1", "nll", "", "", "not_applicable");
    const char *memory = ROW("a", "1", "nll", "", "", "out_of_memory");
    const char *const bad[] = {gone, cannot, memory};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(verdict(ok, bad[i], &wide), LX_VERDICT_WORSE);
        assert_int_equal(verdict(bad[i], ok, &wide), LX_VERDICT_BETTER);
        assert_int_equal(verdict(bad[i], bad[i], &wide), LX_VERDICT_SAME);
    }
    assert_int_equal(verdict(gone, cannot, &wide), LX_VERDICT_WORSE); /* unexplained: look at it */
    /* one seed of two, then both; and back */
    const char *half = NLL("1", "2", "") ROW("a", "2", "nll", "", "", "diverged");
    const char *none =
        ROW("a", "1", "nll", "", "", "diverged") ROW("a", "2", "nll", "", "", "diverged");
    assert_int_equal(verdict(half, none, &wide), LX_VERDICT_WORSE);
    assert_int_equal(verdict(none, half, &wide), LX_VERDICT_BETTER);
    assert_int_equal(verdict(half, half, &wide), LX_VERDICT_SAME);
    /* the same share lost: the seeds that are left are compared */
    const char *half_up = NLL("1", "3", "") ROW("a", "2", "nll", "", "", "diverged");
    assert_int_equal(verdict(half, half_up, &NONE), LX_VERDICT_WORSE);
}

static void test_keys(void **state)
{
    (void)state;
    const char *a = ROW("a", "1", "nll", "2", "", "ok");
    const char *ab = ROW("a", "1", "nll", "2", "", "ok") ROW("b", "1", "nll", "3", "", "ok");
    struct lx_compare_options o = NONE;
    struct lx_comparison c = compare(ab, a, &o);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.line[1].verdict, LX_VERDICT_MISSING);
    assert_string_equal(c.line[1].key.encoding, "b");
    assert_int_equal(c.failures, 1);
    lx_compare_free(&c);
    c = compare(a, ab, &o);
    assert_int_equal(c.line[1].verdict, LX_VERDICT_EXTRA);
    assert_int_equal(c.failures, 1);
    lx_compare_free(&c);
    o.allow_extra = true; /* excuses new keys, never missing ones */
    c = compare(a, ab, &o);
    assert_int_equal(c.failures, 0);
    lx_compare_free(&c);
    c = compare(ab, a, &o);
    assert_int_equal(c.failures, 1);
    lx_compare_free(&c);
}

/* A change in any part of the key makes it another key: one missing, one extra. */
static void test_key_parts(void **state)
{
    static const char *const variants[] = {
        "x,c,A,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,A,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,D,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,test,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,5,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,4,9,last,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,4,8,sliding,2,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,4,8,last,3,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,4,8,last,,nll,,,,,2,,64,8,ok,p1\n",
        "x,c,a,a,d,valid,1,4,8,last,2,ppl,,,,,2,,64,8,ok,p1\n",
    };
    const struct lx_compare_options o = {.metrics = "all"};
    (void)state;
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct lx_comparison c = compare(NLL("1", "2", ""), variants[i], &o);
        assert_int_equal(c.n, 2);
        assert_int_equal(c.count[LX_VERDICT_MISSING], 1);
        assert_int_equal(c.count[LX_VERDICT_EXTRA], 1);
        lx_compare_free(&c);
    }
    /* experiment and cell are no part of it */
    assert_int_equal(
        verdict(NLL("1", "2", ""), "y,k,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n", &o),
        LX_VERDICT_SAME);
}

static void test_protocol(void **state)
{
    (void)state;
    const struct lx_compare_options wide = {.metrics = "nll", .abs = 1e6};
    const char *base = NLL("1", "2", "");
    assert_int_equal(verdict(base, "x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p2\n", &wide),
                     LX_VERDICT_PROTOCOL);
    assert_int_equal(verdict(base, "x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,65,8,ok,p1\n", &wide),
                     LX_VERDICT_PROTOCOL);
}

/* Layers, heads and positions are no curves; attention has its last bin of positions instead. */
static void test_overall_rows(void **state)
{
    static const char OLD[] =
        "x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,nll,,,0,4,5,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,nll,0,,,,6,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,,,0,4,1,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,,,4,8,2,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,0,0,4,8,3,,64,8,ok,p1\n";
    static const char NEW[] =
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,0,0,4,8,9,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,,,4,8,2.5,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,attention_entropy,,,0,4,9,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,nll,0,,,,9,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,nll,,,0,4,9,,64,8,ok,p1\n"
        "x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n";
    const struct lx_compare_options o = {.metrics = "all"};
    (void)state;
    struct lx_comparison c = compare(OLD, NEW, &o);
    assert_int_equal(c.n, 2);
    assert_string_equal(c.line[0].key.metric, "attention_entropy");
    CHECK_NEAR(c.line[0].old.mean, 2, 0);
    CHECK_NEAR(c.line[0].new.mean, 2.5, 0);
    assert_int_equal(c.line[1].verdict, LX_VERDICT_SAME);
    assert_int_equal(c.n_gate, 2); /* lines 3 and 7 of NEW */
    assert_int_equal(c.gate[0], 3);
    assert_int_equal(c.gate[1], 7);
    lx_compare_free(&c);
}

static void check_refused(const char *old_rows, const char *new_rows, const char *metrics,
                          enum lx_code code, const char *part)
{
    const struct lx_compare_options o = {.metrics = metrics};
    struct lx_comparison c;
    put(old_path, old_rows);
    put(new_path, new_rows);
    CHECK_FAILS(lx_compare_make(old_path, false, new_path, &o, &c, &err), code, part);
    lx_compare_free(&c);
}

static void test_refused(void **state)
{
    const char *ok = NLL("1", "2", "");
    struct lx_comparison c;
    (void)state;
    check_refused(ok, NLL("1", "2", "") NLL("1", "2", ""), "nll", LX_EFORMAT,
                  "new.csv: lines 2 and 3 are the same observation");
    check_refused(ok, NLL("1", "2", "") "x,c,a,a,d,valid,2,4,8,last,2,nll,,,,,2,,64,8,ok,p2\n",
                  "nll", LX_EFORMAT, "two protocols");
    check_refused(ok, ok, "nl", LX_EUSAGE, "did you mean \"nll\"");
    check_refused(ok, ok, "nll,", LX_EUSAGE, "no row of \"\"");
    check_refused(ok, ok, "nll,entropy", LX_EUSAGE, "no row of \"entropy\"");
    check_refused(NLL("1", "2", "-1"), ok, "nll", LX_EFORMAT, "stderr: must be at least 0");
    check_refused(NLL("1", "nan", ""), ok, "nll", LX_EFORMAT, "must be a finite number");
    check_refused("x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,\n", ok, "nll", LX_EFORMAT,
                  "protocol: must not be empty");
    check_refused("x,c,a,a,d,valid,1,4,8,last,2,nll,0,,,,2,,64,8,ok,p\n",
                  "x,c,a,a,d,valid,1,4,8,last,2,nll,0,,,,2,,64,8,ok,p\n", "all", LX_EFORMAT,
                  "has no row over all layers and heads");
    CHECK_OK(lx_fs_remove(old_path, &err));
    CHECK_FAILS(lx_compare_make(old_path, false, new_path, &NONE, &c, &err), LX_EDATA,
                "old.csv: no such file");
    lx_compare_free(&c);
    CHECK_FAILS(lx_compare_make(folder, false, new_path, &NONE, &c, &err), LX_EDATA,
                "has no metrics.csv");
    lx_compare_free(&c);
}

static void test_presets(void **state)
{
    struct lx_compare_options o = NONE;
    (void)state;
    assert_true(lx_compare_preset("curves", &o));
    assert_true(o.abs > 0 && o.rel > 0 && o.sigma > 0);
    assert_true(lx_compare_preset("exact", &o));
    CHECK_NEAR(o.abs, 0, 0);
    CHECK_NEAR(o.rel, 1e-5, 0);
    CHECK_NEAR(o.sigma, 0, 0);
    assert_true(o.exact);
    assert_false(lx_compare_preset("Exact", &o));
}

static const struct CMUnitTest tests[] = {
    IN_FOLDER(test_bands),
    IN_FOLDER(test_paired),
    IN_FOLDER(test_quadrature),
    IN_FOLDER(test_unshared_fate),
    IN_FOLDER(test_scatter_of_the_baseline),
    IN_FOLDER(test_stated),
    IN_FOLDER(test_outliers),
    IN_FOLDER(test_median),
    IN_FOLDER(test_exact),
    IN_FOLDER(test_impossible),
    IN_FOLDER(test_many_keys),
    IN_FOLDER(test_range),
    IN_FOLDER(test_direction),
    IN_FOLDER(test_status),
    IN_FOLDER(test_keys),
    IN_FOLDER(test_key_parts),
    IN_FOLDER(test_protocol),
    IN_FOLDER(test_overall_rows),
    IN_FOLDER(test_refused),
    cmocka_unit_test(test_presets),
};

CHECK_MAIN(tests)
