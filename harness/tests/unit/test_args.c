/* Command lines: every type of an option, its defaults, and what is said where one is wrong. */
#include <limits.h>

#include "check.h"
#include "text/args.h"

struct given {
    const char *out;
    int jobs, mode;
    size_t memory;
    double poll, band;
    bool fast;
};

#define AT(field) offsetof(struct given, field)

static const struct lx_option table[] = {
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "DIR", "where to", LX_OPT_LETTER('o')},
    {"jobs", LX_OPT_INT, AT(jobs), 7, 1, INT_MAX, "N", "how many", LX_OPT_LETTER('j')},
    {"mode", LX_OPT_CHOICE, AT(mode), -1, 0, 0, "one|two|three", "which", 0},
    {"memory", LX_OPT_BYTES, AT(memory), 0, 0, 0, "BYTES", "most of it", 0},
    {"poll", LX_OPT_SECONDS, AT(poll), 15, 0, 0, "SEC", "how often", 0},
    {"band", LX_OPT_REAL, AT(band), (double)NAN, 0, 0, "A", "how wide", 0},
    {"fast", LX_OPT_BOOL, AT(fast), 0, 0, 0, NULL, "at once", 0},
    {"secret", LX_OPT_INT, AT(jobs), 7, 0, INT_MAX, NULL, NULL, 0},
    {.type = LX_OPT_END},
};

enum { MOST = 12 };

static enum lx_code parse(const char *const *argv, struct given *g, int *n_rest, char **rest,
                          struct lx_err *err)
{
    static char text[MOST][32];
    bool help;
    int n = 0;

    for (; argv[n] != NULL; n++) {
        (void)snprintf(text[n], sizeof(text[n]), "%s", argv[n]);
        rest[n] = text[n];
    }
    return lx_args_parse(table, g, n, rest, n_rest, &help, err);
}

static void values(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const all[] = {"a",   "-ox",        "--jobs=3", "--mode",
                                      "two", "--memory",   "2K",       "--band",
                                      "0.5", "--poll=2.5", "--fast",   NULL};
    char *rest[MOST];
    struct lx_err err;
    struct given g;
    int n;

    (void)state;
    CHECK_OK(parse(none, &g, &n, rest, &err));
    assert_null(g.out);
    assert_true(n == 0 && g.jobs == 7 && g.mode == -1 && g.memory == 0 && !g.fast);
    assert_true(isnan(g.band));
    CHECK_NEAR(g.poll, 15, 0);
    CHECK_OK(parse(all, &g, &n, rest, &err));
    assert_int_equal(n, 1);
    assert_string_equal(rest[0], "a");
    assert_string_equal(g.out, "x");
    assert_true(g.jobs == 3 && g.mode == 1 && g.memory == 2048 && g.fast);
    CHECK_NEAR(g.band, 0.5, 0);
    CHECK_NEAR(g.poll, 2.5, 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *arg, *text;
    } cases[] = {
        {"--jbos=3", "unknown option --jbos (did you mean --jobs?)"},
        {"--secrets=3", "unknown option --secrets"},
        {"--jobs=0", "--jobs: must be at least 1, got 0"},
        {"-jx", "-j: must be a whole number, got \"x\""},
        {"--mode=tow", "--mode: must be one, two or three, got \"tow\" (did you mean \"two\"?)"},
        {"--fast=1", "--fast: takes no value, got \"1\""},
        {"--band=-1", "--band: must be a number of at least 0, got \"-1\""},
        {"--band=nan", "--band: must be a number of at least 0, got \"nan\""},
        {"--poll=-1", "--poll: must be a number of seconds from 0, got \"-1\""},
        {"--out", "--out: must be followed by DIR"},
        {"-z", "unknown option -z"},
    };
    char *rest[MOST];
    struct lx_err err;
    struct given g;
    int n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *argv[] = {cases[i].arg, NULL};

        CHECK_FAILS(parse(argv, &g, &n, rest, &err), LX_EUSAGE, cases[i].text);
    }
}

static void the_rest_is_kept_in_order(void **state)
{
    static const char *const argv[] = {"a", "--jobs", "2", "b", "--", "--fast", NULL};
    char *rest[MOST];
    struct lx_err err;
    struct given g;
    int n;

    (void)state;
    CHECK_OK(parse(argv, &g, &n, rest, &err));
    assert_int_equal(n, 3);
    assert_string_equal(rest[1], "b");
    assert_string_equal(rest[2], "--fast");
    assert_false(g.fast);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values),
    cmocka_unit_test(refusals),
    cmocka_unit_test(the_rest_is_kept_in_order),
};

CHECK_MAIN(tests)
