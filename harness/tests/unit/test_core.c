/* The small things everything stands on: error texts, arena, buffers, random streams, durations.
 * The generator is held against published outputs of xoshiro256**, the distributions against their
 * moments. */
#include "check.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/log.h"
#include "core/rng.h"

static struct lx_err err;

static void test_err_context(void **state)
{
    (void)state;
    assert_int_equal(lx_fail(&err, LX_ECONFIG, "must be at least %d, got %d", 1, 0), LX_ECONFIG);
    assert_int_equal(lx_wrap(&err, "encodings[%d].base", 2), LX_ECONFIG);
    assert_int_equal(lx_wrap(&err, "%s", "a.json"), LX_ECONFIG);
    assert_string_equal(err.text, "a.json: encodings[2].base: must be at least 1, got 0");
    assert_string_equal(err.hint, "");
    assert_int_equal(lx_hint(&err, "try %d", 1), LX_ECONFIG);
    assert_string_equal(err.hint, "try 1");
    assert_int_equal(lx_fail(&err, LX_EIO, "other"), LX_EIO);
    assert_string_equal(err.hint, "");
}

static void test_err_truncates(void **state)
{
    char big[3000];

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    (void)lx_fail(&err, LX_EIO, "%s", big);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    (void)lx_wrap(&err, "front");
    assert_int_equal(strncmp(err.text, "front: xxx", 10), 0);
    assert_true(strlen(err.text) < sizeof(err.text));
    for (size_t n = sizeof(err.text) - 8; n < sizeof(err.text) + 2; n++) {
        (void)lx_fail(&err, LX_EIO, "inner");
        (void)lx_wrap(&err, "%.*s", (int)n, big);
        assert_true(strlen(err.text) < sizeof(err.text));
    }
}

static void test_exit_status(void **state)
{
    (void)state;
    assert_int_equal(lx_exit_status(LX_OK), 0);
    assert_int_equal(lx_exit_status(LX_EUSAGE), 2);
    assert_int_equal(lx_exit_status(LX_ECONFIG), 2);
    assert_int_equal(lx_exit_status(LX_EDATA), 1);
    assert_int_equal(lx_exit_status(LX_ENOMEM), 1);
    assert_int_equal(lx_exit_status(LX_EREGRESSION), 3);
    assert_int_equal(lx_exit_status(LX_EPARTIAL), 4);
    assert_int_equal(lx_exit_status(LX_EINTERRUPT), 75);
}

static void test_arena_blocks(void **state)
{
    static const size_t sizes[] = {1, 7, 64, 65, 4096, 65536, 65537, 1000000, 3, 60000, 60000};
    struct lx_arena a = {0};
    unsigned char *p[sizeof(sizes) / sizeof(sizes[0])];
    size_t n = sizeof(sizes) / sizeof(sizes[0]);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        p[i] = lx_arena_take(&a, sizes[i], 1);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 64, 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(p[i][j], 0);
        memset(p[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(p[i][j], i + 1); /* no block overlaps another */
    lx_arena_free(&a);
    assert_int_equal(a.used, 0);
}

static void test_arena_measure(void **state)
{
    struct lx_arena real_arena = {0}, counting = {.measure = true};
    double *p = (double *)&err;

    (void)state;
    for (size_t n = 1; n < 3000; n = n * 3 + 1) {
        assert_non_null(lx_arena_take(&real_arena, n, 8));
        assert_null(lx_arena_take(&counting, n, 8));
    }
    assert_int_equal(real_arena.used, counting.used);
    CHECK_OK(lx_arena_get(&counting, 10, 8, &p, "x", &err));
    assert_null(p);
    /* Counting needs no memory: more than there is can be counted. */
    assert_null(lx_arena_take(&counting, (size_t)1 << 50, 1));
    assert_true(counting.used > (size_t)1 << 50);
    assert_null(counting.chunks);
    lx_arena_free(&real_arena);
}

static void test_arena_overflow(void **state)
{
    struct lx_arena a = {0};
    void *p;

    (void)state;
    assert_null(lx_arena_take(&a, SIZE_MAX / 2, 3));
    assert_null(lx_arena_take(&a, SIZE_MAX, 1));
    CHECK_FAILS(lx_arena_get(&a, SIZE_MAX / 4, 8, &p, "scores", &err), LX_ENOMEM,
                "scores: out of memory");
    assert_null(p);
    assert_int_equal(a.used, 0);
    lx_arena_free(&a);
}

static void test_arena_text(void **state)
{
    struct lx_arena a = {0};
    char *big;

    (void)state;
    assert_string_equal(lx_arena_text(&a, "abc"), "abc");
    assert_string_equal(lx_arena_textn(&a, "abc", 2), "ab");
    assert_string_equal(lx_arena_printf(&a, "%s-%d", "k", 7), "k-7");
    big = lx_arena_printf(&a, "%0100000d", 1);
    assert_int_equal(strlen(big), 100000);
    lx_arena_free(&a);
}

static void test_buf(void **state)
{
    struct lx_buf b = {0};

    (void)state;
    CHECK_OK(lx_buf_check(&b, &err));
    for (int i = 0; i < 1000; i++)
        lx_buf_printf(&b, "%d,", i);
    assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(b.text), b.len);
    assert_int_equal(strncmp(b.text, "0,1,2,3,", 8), 0);
    assert_string_equal(b.text + b.len - 8, "998,999,");
    lx_buf_clear(&b);
    assert_string_equal(b.text, "");
    lx_buf_addn(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    lx_buf_free(&b);
    assert_null(b.text);
}

static void test_buf_failure_sticks(void **state)
{
    struct lx_buf b = {0};

    (void)state;
    lx_buf_add(&b, "kept");
    b.failed = true; /* as after a failed allocation */
    lx_buf_add(&b, "more");
    lx_buf_printf(&b, "%d", 1);
    assert_string_equal(b.text, "kept");
    CHECK_FAILS(lx_buf_check(&b, &err), LX_ENOMEM, "out of memory");
    lx_buf_free(&b);
}

/* Outputs of the authors' xoshiro256** for the state {1, 2, 3, 4}. */
static void test_rng_published(void **state)
{
    static const uint64_t want[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct lx_rng r = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_true(lx_rng_next(&r) == want[i]);
}

static void test_rng_streams(void **state)
{
    static const char *const names[] = {"", "a", "b", "ab", "init/x", "data/train"};
    uint64_t first[12];
    size_t n = 0;
    double sum = 0.0;

    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        for (size_t i = 0; i < 6; i++) {
            struct lx_rng r, same;

            lx_rng_init(&r, seed, names[i]);
            lx_rng_init(&same, seed, names[i]);
            first[n] = lx_rng_next(&r);
            assert_true(first[n] == lx_rng_next(&same));
            for (size_t j = 0; j < n; j++)
                assert_true(first[j] != first[n]);
            n++;
        }
    }
    /* Streams of neighbouring seeds and names do not correlate: sum of 10^5 products of two uniforms
     * centred at 0 has standard deviation sqrt(1e5) / 12 = 26.4. */
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct lx_rng x, y;

        lx_rng_init(&x, seed, "a");
        lx_rng_init(&y, seed + 1, "a");
        for (int i = 0; i < 1000; i++)
            sum += (lx_rng_uniform(&x) - 0.5) * (lx_rng_uniform(&y) - 0.5);
    }
    CHECK_NEAR(sum, 0.0, 5 * 26.4);
}

/* Five standard deviations of each estimate; the seed is fixed, so a pass is a pass for good. */
static void test_rng_moments(void **state)
{
    const int n = 400000;
    double u1 = 0, u2 = 0, z1 = 0, z2 = 0, z3 = 0, z4 = 0, root = sqrt(n);
    struct lx_rng r;

    (void)state;
    lx_rng_init(&r, 7, "moments");
    for (int i = 0; i < n; i++) {
        double u = lx_rng_uniform(&r), z = lx_rng_normal(&r);

        assert_true(u >= 0.0 && u < 1.0);
        assert_true(isfinite(z));
        u1 += u;
        u2 += u * u;
        z1 += z;
        z2 += z * z;
        z3 += z * z * z;
        z4 += z * z * z * z;
    }
    CHECK_NEAR(u1 / n, 0.5, 5 * sqrt(1.0 / 12) / root);
    CHECK_NEAR(u2 / n, 1.0 / 3, 5 * sqrt(4.0 / 45) / root);
    CHECK_NEAR(z1 / n, 0.0, 5 / root);
    CHECK_NEAR(z2 / n, 1.0, 5 * sqrt(2.0) / root);
    CHECK_NEAR(z3 / n, 0.0, 5 * sqrt(15.0) / root);
    CHECK_NEAR(z4 / n, 3.0, 5 * sqrt(96.0) / root);
}

/* Chi-square over 7 values has 6 degrees of freedom: above 40 with probability under 1e-6. A bound
 * of three quarters of 2^64, where a plain remainder would favour the lowest third two to one, must
 * split evenly at the middle. */
static void test_rng_below(void **state)
{
    const uint64_t huge = (UINT64_C(1) << 63) + (UINT64_C(1) << 62);
    int count[7] = {0}, n = 70000, low = 0;
    double chi = 0;
    struct lx_rng r;

    (void)state;
    lx_rng_init(&r, 3, "below");
    for (int i = 0; i < n; i++) {
        uint64_t v = lx_rng_below(&r, 7);

        assert_true(v < 7);
        count[v]++;
    }
    for (int i = 0; i < 7; i++)
        chi += (count[i] - n / 7.0) * (count[i] - n / 7.0) / (n / 7.0);
    assert_true(chi < 40);
    for (int i = 0; i < 10000; i++) {
        uint64_t v = lx_rng_below(&r, huge);

        assert_true(v < huge);
        low += v < huge / 2 ? 1 : 0;
    }
    CHECK_NEAR(low, 5000, 5 * 50);
    for (int i = 0; i < 100; i++)
        assert_true(lx_rng_below(&r, 1) == 0);
}

static void test_duration(void **state)
{
    static const struct {
        double seconds;
        const char *want;
    } cases[] = {
        {0, "0s"},
        {12.4, "12s"},
        {59.6, "1m00s"},
        {200, "3m20s"},
        {3599.4, "59m59s"},
        {3720, "1h02m"},
        {86400 * 2 + 3600 * 3, "2d03h"},
        {-1, "?"},
        {(double)NAN, "?"},
        {(double)INFINITY, "?"},
    };
    char got[32];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lx_log_duration(cases[i].seconds, got);
        assert_string_equal(got, cases[i].want);
    }
}

static void test_clock_is_monotonic(void **state)
{
    double last = lx_clock();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        double now = lx_clock();

        assert_true(now >= last);
        last = now;
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_err_context),        cmocka_unit_test(test_err_truncates),
    cmocka_unit_test(test_exit_status),        cmocka_unit_test(test_arena_blocks),
    cmocka_unit_test(test_arena_measure),      cmocka_unit_test(test_arena_overflow),
    cmocka_unit_test(test_arena_text),         cmocka_unit_test(test_buf),
    cmocka_unit_test(test_buf_failure_sticks), cmocka_unit_test(test_rng_published),
    cmocka_unit_test(test_rng_streams),        cmocka_unit_test(test_rng_moments),
    cmocka_unit_test(test_rng_below),          cmocka_unit_test(test_duration),
    cmocka_unit_test(test_clock_is_monotonic),
};

CHECK_MAIN(tests)
