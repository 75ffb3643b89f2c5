/* Which tokens are hidden: how many, in what runs, anywhere, and the same at every length. */
#include <math.h>
#include <string.h>

#include "objective/masking.h"
#include "tests/unit/check.h"

enum { N = 64, DRAWS = 4000 };

/* Runs of hidden tokens in a circle. */
static int runs_of(const unsigned char *hidden, int n)
{
    int runs = 0;

    for (int i = 0; i < n; i++)
        runs += hidden[i] && !hidden[(i + n - 1) % n];
    return runs;
}

static void check_draws(double share, double span, int n, int count, int runs)
{
    const struct lx_masking m = {.share = share, .span = span};
    double at[N] = {0}, part = (double)count / n, spread = sqrt(DRAWS * part * (1 - part));
    unsigned char hidden[N];
    struct lx_rng rng;

    lx_rng_init(&rng, 1, "mask");
    for (int k = 0; k < DRAWS; k++) {
        int sum = 0;

        lx_masking_draw(&m, &rng, n, hidden);
        for (int i = 0; i < n; i++) {
            assert_true(hidden[i] <= 1);
            sum += hidden[i];
            at[i] += hidden[i];
        }
        assert_int_equal(sum, count);
        if (runs > 0)
            assert_int_equal(runs_of(hidden, n), runs);
    }
    /* No place is hidden more often than another: the ends of a sequence are places like any other. */
    for (int i = 0; i < n; i++)
        if (fabs(at[i] - DRAWS * part) > 5 * spread)
            fail_msg("share %g, span %g: place %d of %d hidden %g times of %d", share, span, i, n,
                     at[i], DRAWS);
}

static void shares_and_runs_are_those_asked_for(void **state)
{
    (void)state;
    check_draws(0.15, 1, 64, 10, 0);
    check_draws(0.15, 3, 64, 10, 3);
    check_draws(0.5, 4, 64, 32, 8);
    check_draws(0.9, 2, 20, 18, 2); /* as many runs as there are tokens between them */
    check_draws(0.01, 3, 10, 1, 1); /* at least one */
}

/* Four tokens in two runs are 1 and 3, 2 and 2, or 3 and 1, each as likely. */
static void every_cut_is_as_likely(void **state)
{
    const struct lx_masking m = {.share = 0.4, .span = 2};
    int even = 0, n = 10;
    struct lx_rng rng;

    (void)state;
    lx_rng_init(&rng, 2, "mask");
    for (int k = 0; k < DRAWS; k++) {
        unsigned char hidden[N];
        int start = 0, length = 0;

        lx_masking_draw(&m, &rng, n, hidden);
        assert_int_equal(runs_of(hidden, n), 2);
        while (!hidden[start] || hidden[(start + n - 1) % n])
            start++;
        while (hidden[(start + length) % n])
            length++;
        assert_in_range(length, 1, 3);
        even += length == 2;
    }
    assert_true(fabs(even - DRAWS / 3.0) < 5 * sqrt(DRAWS * 2 / 9.0));
}

static void evaluation_hides_the_same_at_every_length(void **state)
{
    enum { LONG = 1000, BLOCK = 48 };
    static const int lengths[] = {16, 48, 96, 100, 1000};
    const struct lx_masking m = {.share = 0.15, .span = 3};
    unsigned char all[LONG], part[LONG], room[BLOCK];
    int sum = 0;

    (void)state;
    lx_masking_targets(&m, BLOCK, 0, LONG, room, all);
    for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
        for (int from = 0; from < LONG; from += lengths[k]) {
            int n = LONG - from < lengths[k] ? LONG - from : lengths[k];

            lx_masking_targets(&m, BLOCK, from, n, room, part);
            assert_memory_equal(part, all + from, (size_t)n);
        }
    for (int i = 0; i < LONG / BLOCK * BLOCK; i++)
        sum += all[i];
    assert_int_equal(sum, LONG / BLOCK * 7); /* round(0.15 x 48) */
}

static void hidden_tokens_read_as_the_mask(void **state)
{
    uint16_t tokens[] = {3, 4, 5, 6};
    const unsigned char hidden[] = {0, 1, 0, 1};

    (void)state;
    lx_masking_apply(4, hidden, 11, tokens);
    assert_int_equal(tokens[0], 3);
    assert_int_equal(tokens[1], 11);
    assert_int_equal(tokens[2], 5);
    assert_int_equal(tokens[3], 11);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shares_and_runs_are_those_asked_for),
    cmocka_unit_test(every_cut_is_as_likely),
    cmocka_unit_test(evaluation_hides_the_same_at_every_length),
    cmocka_unit_test(hidden_tokens_read_as_the_mask),
};

CHECK_MAIN(tests)
