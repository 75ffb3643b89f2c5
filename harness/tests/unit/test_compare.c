/* The rule of the gate: bands and standard errors worked out by hand, every kind of difference, and
 * what is refused. */
#include "compare_rig.h"
#include "study/stats.h"

/* The verdict on the one key of both files. */
static enum lx_verdict verdict(const char *old_rows, const char *new_rows,
                               const struct lx_compare_options *o)
{
    struct lx_comparison c = compare(old_rows, new_rows, o);
    assert_int_equal(c.n, 1);
    enum lx_verdict v = c.line[0].verdict;
    assert_int_equal(c.count[v], 1);
    assert_int_equal(c.failures, v <= LX_VERDICT_PROTOCOL);
    lx_compare_free(&c);
    return v;
}

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
    assert_int_equal(verdict(NLL("1", "-2", ""), NLL("1", "-1.98", ""), &rel), LX_VERDICT_WITHIN);
    assert_int_equal(verdict(NLL("1", "-2", ""), NLL("1", "-1.97", ""), &rel), LX_VERDICT_WORSE);
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
    CHECK_NEAR(l->band, 0.1 / sqrt(3) * t_of_two(3), 1e-12); /* 19.2 standard errors */
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

/* Other seeds: 2, 4 (mean 3, sd sqrt 2, se 1) against 5, 5.6, 6.2 (mean 5.6, sd 0.6, se 0.6 / sqrt 3):
 * se = sqrt(1 + 0.12). */
static void test_quadrature(void **state)
{
    (void)state;
    struct lx_compare_options o = {.metrics = "nll", .sigma = 2};
    const char *old = NLL("1", "2", "") NLL("2", "4", "");
    const char *new = NLL("2", "5", "") NLL("3", "5.6", "") NLL("4", "6.2", "");
    double dof = 1.12 * 1.12 / (1.0 / 1 + 0.12 * 0.12 / 2); /* 1.245 */
    struct lx_comparison c = compare(old, new, &o);
    assert_false(c.line[0].paired);
    CHECK_NEAR(c.line[0].change, 2.6, 1e-14);
    CHECK_NEAR(c.line[0].se, sqrt(1.12), 1e-14);
    CHECK_NEAR(lx_t_tail(c.line[0].band / sqrt(1.12), dof), erfc(sqrt(2)) / 2, 1e-12);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WITHIN);
    lx_compare_free(&c);
    o.sigma = 1;
    assert_int_equal(verdict(old, new, &o), LX_VERDICT_WORSE);
}

/* The same seeds that do not share their fate: 1, 2, 3 -> 3, 1, 2. Differences 2, -1, -1: sd sqrt 3,
 * se 1, 2 degrees of freedom; as two samples each has sd 1, so se sqrt(2 / 3) and 4 degrees. */
static void test_unshared_fate(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 3};
    struct lx_comparison c = compare(NLL("1", "1", "") NLL("2", "2", "") NLL("3", "3", ""),
                                     NLL("1", "3", "") NLL("2", "1", "") NLL("3", "2", ""), &o);
    assert_false(c.line[0].paired);
    CHECK_NEAR(c.line[0].change, 0, 1e-15);
    CHECK_NEAR(c.line[0].se, sqrt(2.0 / 3), 1e-15);
    CHECK_NEAR(lx_t_tail(c.line[0].band / sqrt(2.0 / 3), 4), erfc(3 / sqrt(2)) / 2, 1e-12);
    lx_compare_free(&c);
}

/* One seed: the stated standard errors, 0.3 and 0.4 -> 0.5; none stated: no such band. */
static void test_stated(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .sigma = 2};
    struct lx_comparison c = compare(NLL("1", "2", "0.3"), NLL("1", "3", "0.4"), &o);
    CHECK_NEAR(c.line[0].se, 0.5, 1e-15);
    CHECK_NEAR(c.line[0].band, 1, 1e-15);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WITHIN);
    lx_compare_free(&c);
    /* two seeds on one side: 2, 4 has se 1, the other states 0.75 */
    c = compare(NLL("1", "2", "7") NLL("2", "4", "7"), NLL("1", "3", "0.75"), &o);
    CHECK_NEAR(c.line[0].se, 1.25, 1e-15);
    lx_compare_free(&c);
    c = compare(NLL("1", "2", ""), NLL("1", "3", "0.4"), &o);
    assert_true(isnan(c.line[0].se));
    CHECK_NEAR(c.line[0].band, 0, 0);
    assert_int_equal(c.line[0].verdict, LX_VERDICT_WORSE);
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
    assert_int_equal(verdict(NLL("1", "-1.7e308", ""), NLL("1", "1.7e308", ""), &o),
                     LX_VERDICT_WORSE);
}

static void test_direction(void **state)
{
    static const char *const lower[] = {"nll", "ppl", "bits_per_byte"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lx_compare_options o = {.metrics = lower[i], .abs = 0.1};
        char up[256], down[256];
        snprintf(down, sizeof down, "x,c,a,a,d,valid,1,4,8,last,2,%s,,,,,1,,64,8,ok,p1\n",
                 lower[i]);
        snprintf(up, sizeof up, "x,c,a,a,d,valid,1,4,8,last,2,%s,,,,,2,,64,8,ok,p1\n", lower[i]);
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
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
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
    CHECK_NEAR(o.rel, 1e-4, 0);
    CHECK_NEAR(o.sigma, 0, 0);
    assert_false(lx_compare_preset("Exact", &o));
}

static const struct CMUnitTest tests[] = {
    IN_FOLDER(test_bands),         IN_FOLDER(test_paired),         IN_FOLDER(test_quadrature),
    IN_FOLDER(test_unshared_fate), IN_FOLDER(test_stated),         IN_FOLDER(test_range),
    IN_FOLDER(test_direction),     IN_FOLDER(test_status),         IN_FOLDER(test_keys),
    IN_FOLDER(test_key_parts),     IN_FOLDER(test_protocol),       IN_FOLDER(test_overall_rows),
    IN_FOLDER(test_refused),       cmocka_unit_test(test_presets),
};

CHECK_MAIN(tests)
