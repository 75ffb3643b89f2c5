/* Claims: what a value is in a study, effects and p against closed forms for two degrees of freedom,
 * verdicts, the grammar's refusals, and the files against fixtures/claims. */
#include <unistd.h>

#include "core/buf.h"
#include "report/report.h"
#include "system/fs.h"
#include "tests/unit/file_check.h"
#include "tests/unit/folder_rig.h"
#include "verdict/claims.h"
#include "verdict/published.h"

#define FIXTURE "harness/tests/fixtures/claims"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

static struct lx_err err;
static struct lx_buf csv; /* rows of the study under test */

static int begin(void **state)
{
    csv = (struct lx_buf){0};
    lx_buf_add(&csv, HEADER);
    return make_folder(state);
}

static int end(void **state)
{
    lx_buf_free(&csv);
    return remove_flat_folder(state);
}

/* One row: `place` is "layer,head,lo,hi", `value` a number or empty with another status. */
static void row(const char *encoding, const char *as, const char *dataset, int seed, int L, int T,
                const char *mode, const char *metric, const char *place, const char *value,
                int tokens, const char *status)
{
    lx_buf_printf(&csv, "toy,c-%s-%s-%d-%d,%s,%s,%s,valid,%d,%d,%d,%s,,%s,%s,%s,,%d,1,%s,p1\n",
                  encoding, dataset, seed, L, encoding, as, dataset, seed, L, T, mode, metric,
                  place, value, tokens, status);
}

/* nll and ppl of an encoding trained at 4, overall, nonoverlapping. */
static void nll(const char *encoding, int seed, int T, double v)
{
    char text[40], ppl[40];

    (void)snprintf(text, sizeof(text), "%.9g", v);
    (void)snprintf(ppl, sizeof(ppl), "%.9g", exp(v));
    row(encoding, encoding, "toy", seed, 4, T, "nonoverlapping", "nll", ",,,", text, 64, "ok");
    row(encoding, encoding, "toy", seed, 4, T, "nonoverlapping", "ppl", ",,,", ppl, 64, "ok");
}

/* The study of csv, and its claims (JSON) decided. */
static struct lx_study study;
static struct lx_arena arena;
static struct lx_claim_results results;

static void judge_rates(const char *claims, const struct lx_rate_places *rates)
{
    struct lx_rows rows = {0};
    struct lx_json *list;
    struct lx_claims parsed;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/metrics.csv", folder);
    CHECK_OK(lx_fs_write(path, csv.text, csv.len, &err));
    CHECK_OK(lx_rows_read(path, &rows, &err));
    CHECK_OK(lx_study_make(&study, &rows, NULL, &err));
    CHECK_OK(lx_json_parse(claims, strlen(claims), "claims", &list, &err));
    CHECK_OK(lx_claims_parse(&parsed, list, &arena, &err));
    CHECK_OK(lx_claims_judge(&parsed, &study, rates, &arena, &results, &err));
    lx_json_free(list);
}

#define judge(claims) judge_rates(claims, NULL)

static void drop(void)
{
    lx_study_free(&study);
    study = (struct lx_study){0};
    lx_arena_free(&arena);
    arena = (struct lx_arena){0};
}

#define CLAIM(id, rest) "{\"id\":\"" id "\",\"text\":\"t\",\"source\":\"s\"," rest "}"

/* P(|T| >= t) with two degrees of freedom. */
static double p2(double t)
{
    double r = sqrt(2 + t * t);

    return 2 / (r * (r + fabs(t)));
}

static void two_encodings(void)
{
    static const double a4[] = {1.5, 1.6, 1.7}, a8[] = {1.4, 1.4, 1.4}, b8[] = {1.9, 2.0, 2.1};

    for (int i = 0; i < 3; i++) {
        nll("a", i + 1, 4, a4[i]);
        nll("a", i + 1, 8, a8[i]);
        nll("b", i + 1, 4, 1.55);
        nll("b", i + 1, 8, b8[i]);
    }
}

static void test_effect(void **state)
{
    const struct lx_claim_result *r;
    double t = sqrt(12.0), half = 4.302652730 * 0.1 / sqrt(3.0);

    (void)state;
    two_encodings();
    judge("[" CLAIM("less",
                    "\"left\":{\"encoding\":\"a\",\"length\":\"2x\"},\"op\":\"<\","
                    "\"smallest\":0,\"right\":{\"length\":\"1x\"}") "," /* d = -.1, -.2, -.3 */
          CLAIM("more", "\"left\":{\"encoding\":\"b\",\"length\":8},\"op\":\">=\","
                        "\"right\":{\"encoding\":\"a\"},\"ratio\":1.5") "]"); /* .5, .6, .7 */
    assert_int_equal(results.n, 2);
    r = &results.item[0];
    assert_int_equal(r->view.seeds, 3);
    CHECK_NEAR(r->view.effect, -0.2, 1e-12);
    CHECK_NEAR(r->view.low, -0.2 - half, 1e-8);
    CHECK_NEAR(r->view.high, -0.2 + half, 1e-8);
    CHECK_NEAR(r->p, p2(t), 1e-9);
    CHECK_NEAR(r->view.p_flip, 1.0 / 8, 0);
    assert_int_equal(r->verdict, LX_CLAIM_UNDECIDED); /* p = 0.074 */
    assert_string_equal(r->note, "");
    r = &results.item[1];
    CHECK_NEAR(r->view.effect, 0.6, 1e-12);
    CHECK_NEAR(r->p, p2((0.6 - log(1.5)) / (0.1 / sqrt(3.0))), 1e-9);
    CHECK_NEAR(r->p_holm, fmin(1, 2 * fmin(r->p, results.item[0].p)), 1e-9);
    drop();
}

/* Seeds so close that everything is decided; Holm then takes one verdict back. */
static void test_verdicts(void **state)
{
    static const double noise[] = {-0.001, 0, 0.001};

    (void)state;
    for (int i = 0; i < 3; i++) {
        nll("a", i + 1, 4, 1.5);
        nll("a", i + 1, 8, 1.6 + noise[i]);
        nll("a", i + 1, 16, 1.5);
        nll("b", i + 1, 8, 1.503 + noise[i]);
    }
    judge(
        "[" CLAIM("holds", "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\">\",\"right\":"
                           "{\"length\":4}") "," //
        CLAIM("fails", "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\"<=\",\"right\":"
                       "{\"length\":4},\"ratio\":1.05") "," //
        CLAIM("near", "\"left\":{\"encoding\":\"b\",\"length\":8},\"op\":\"within\",\"right\":"
                      "{\"encoding\":\"a\",\"length\":4},\"ratio\":1.05") "," //
        CLAIM("far", "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\"within\",\"right\":"
                     "{\"length\":4},\"ratio\":1.05") "," //
        CLAIM("equal",
              "\"left\":{\"encoding\":\"a\",\"length\":16},\"smallest\":0,\"op\":\"<=\",\"right\":"
              "{\"length\":4}") "," //
        CLAIM("unequal",
              "\"left\":{\"encoding\":\"a\",\"length\":16},\"smallest\":0,\"op\":\"<\",\"right\":"
              "{\"length\":4}") "," //
        CLAIM("holm",
              "\"left\":{\"encoding\":\"b\",\"length\":8},\"smallest\":0,\"op\":\">\",\"right\":"
              "{\"encoding\":\"a\",\"length\":4}") "]");
    const enum lx_claim_verdict want[] = {LX_CLAIM_HOLDS,    LX_CLAIM_FAILS, LX_CLAIM_HOLDS,
                                          LX_CLAIM_FAILS,    LX_CLAIM_HOLDS, LX_CLAIM_FAILS,
                                          LX_CLAIM_UNDECIDED};
    for (size_t i = 0; i < 7; i++)
        if (results.item[i].verdict != want[i])
            fail_msg("%s: %d, expected %d", results.item[i].claim->id, results.item[i].verdict,
                     want[i]);
    /* .003 over .001/sqrt 3: p = .035 alone; the two exact ones count with p 1, last of seven */
    CHECK_NEAR(results.item[6].p, p2(3 * sqrt(3.0)), 1e-6);
    CHECK_NEAR(results.item[6].p_holm, 3 * results.item[6].p, 1e-6);
    assert_string_equal(results.item[6].note, "clear by itself, not after Holm");
    assert_string_equal(results.item[4].note, "both sides are the same numbers; clearly not at 2x");
    /* within: the nearest bound is ln 1.05 - .003 away; the worse of two sign flips is at the floor */
    CHECK_NEAR(results.item[2].p, p2((log(1.05) - 0.003) / (0.001 / sqrt(3.0))), 1e-9);
    CHECK_NEAR(results.item[2].view.p_flip, 1.0 / 8, 0);
    CHECK_NEAR(results.item[3].view.p_flip, 1, 0);
    drop();
}

/* What cannot be decided says why, and never has an interval of no width. */
static void test_undecided(void **state)
{
    (void)state;
    nll("a", 1, 4, 1.5);
    nll("a", 1, 8, 1.4);
    for (int i = 1; i <= 3; i++) {
        nll("b", i, 4, 1.5);
        if (i > 1)
            nll("b", i, 8, 1.4 + 0.01 * i);
    }
    row("b", "b", "toy", 1, 4, 8, "nonoverlapping", "nll", ",,,", "", 0, "diverged");
    row("b", "b", "toy", 1, 4, 8, "nonoverlapping", "ppl", ",,,", "", 0, "diverged");
    nll("c", 2, 8, 1.4);
    nll("c", 3, 8, 1.3);
    judge("[" CLAIM("one", "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\"<\",\"right\":"
                           "{\"length\":4}") "," //
          CLAIM("broken", "\"left\":{\"encoding\":\"b\",\"length\":8},\"op\":\"<\",\"right\":"
                          "{\"length\":4}") "," //
          CLAIM("gone", "\"left\":{\"encoding\":\"x\",\"length\":8},\"op\":\"<\",\"right\":"
                        "{\"length\":4}") "," //
          CLAIM("length", "\"left\":{\"encoding\":\"a\",\"length\":64},\"op\":\"<\",\"right\":"
                          "{\"length\":4}") "," //
          CLAIM("metric", "\"left\":{\"encoding\":\"a\",\"length\":8,\"metric\":\"erf\"},"
                          "\"op\":\"<\",\"right\":8") "," //
          CLAIM("apart", "\"left\":{\"encoding\":\"c\",\"length\":8},\"op\":\"<\",\"right\":"
                         "{\"encoding\":\"a\"}") "," //
          CLAIM("partly", "\"left\":{\"encoding\":\"c\",\"length\":8},\"op\":\"<\",\"right\":"
                          "{\"encoding\":\"b\",\"length\":4}") "]");
    static const char *const note[] = {
        "one seed",         "seed 1: diverged",       "no rows of x", "no ppl of a at 64",
        "no erf of a at 8", "one seed has all of it", "2 of 3 seeds"};
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(results.item[i].note, note[i]);
        assert_int_equal(results.item[i].verdict, LX_CLAIM_UNDECIDED);
        if (i < 6)
            assert_true(isnan(results.item[i].view.low) && isnan(results.item[i].p));
    }
    CHECK_NEAR(results.item[0].view.effect, -0.1, 1e-12);
    assert_int_equal(results.item[6].view.seeds, 2);
    drop();
}

/* Differences of differences, plain numbers, positions, attention's last bin, layers, modes. */
static void test_values(void **state)
{
    (void)state;
    for (int i = 1; i <= 2; i++) {
        nll("a", i, 4, 1.5);
        nll("a", i, 8, 1.2 + 0.1 * i);
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "nll", ",,0,4", "2", 30, "ok");
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "nll", ",,4,6", "1", 10, "ok");
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "nll", ",,6,8", "4", 30, "ok");
        row("a", "a", "toy", i, 4, 8, "sliding", "nll", ",,,", "1", 64, "ok");
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "heat", ",,0,4", "7", 8, "ok");
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "heat", ",,4,8", "9", 8, "ok");
        row("a", "a", "toy", i, 4, 8, "nonoverlapping", "heat", "1,0,4,8", "11", 8, "ok");
    }
    judge(
        "[" CLAIM("minus", "\"left\":{\"encoding\":\"a\",\"length\":4,\"mode\":\"nonoverlapping\","
                           "\"minus\":{\"length\":8}},"
                           "\"op\":\">=\",\"times\":3,\"right\":{\"encoding\":\"a\",\"length\":8,"
                           "\"mode\":\"nonoverlapping\",\"minus\":{\"mode\":\"sliding\"}}") "," //
        CLAIM("bins", "\"left\":{\"encoding\":\"a\",\"length\":8,\"metric\":\"nll\","
                      "\"positions\":[\"1x\",\"2x\"]},\"op\":\"<\",\"right\":2.5") "," //
        CLAIM("ragged", "\"left\":{\"encoding\":\"a\",\"length\":8,\"metric\":\"nll\","
                        "\"positions\":[5,8]},\"op\":\"<\",\"right\":2.5") "," //
        CLAIM("heat", "\"left\":{\"encoding\":\"a\",\"length\":8,\"metric\":\"heat\"},"
                      "\"op\":\"<\",\"right\":{\"layer\":1,\"head\":0},\"margin\":-0.5") "," //
        CLAIM("number", "\"left\":{\"encoding\":\"a\",\"length\":4},\"op\":\"<\",\"right\":4") "]");
    /* 1.5 - 1.3 - 3 (1.3 - 1), and 1.5 - 1.4 - 3 (1.4 - 1) */
    CHECK_NEAR(results.item[0].view.effect, (-0.7 - 1.1) / 2, 1e-12);
    CHECK_NEAR(results.item[1].view.effect, (1 * 10 + 4 * 30) / 40.0 - 2.5, 1e-12);
    assert_string_equal(results.item[2].note, "no nll of a at 8 in bins that tile these positions");
    CHECK_NEAR(results.item[3].view.effect, 9 - 11, 1e-12);
    CHECK_NEAR(results.item[4].view.effect, 1.5 - log(4), 1e-12);
    drop();
}

/* What a claim leaves open is claimed for each dataset and training length. */
static void test_scopes(void **state)
{
    static const char *const dataset[] = {"x", "y"};

    (void)state;
    for (int d = 0; d < 2; d++)
        for (int L = 4; L <= 8; L *= 2)
            for (int T = L; T <= 2 * L; T *= 2) {
                char name[32], value[32];

                (void)snprintf(name, sizeof(name), "a[length=%d]", L);
                (void)snprintf(value, sizeof(value), "%d", 100 * d + 10 * L + T);
                row(name, name, dataset[d], 1, L, T, "nonoverlapping", "nll", ",,,", value, 8,
                    "ok");
                row(name, name, dataset[d], 1, L, T, "nonoverlapping", "ppl", ",,,", "1", 8, "ok");
            }
    judge(
        "[" CLAIM("open", "\"left\":{\"encoding\":\"a\",\"length\":\"2x\"},\"op\":\"<\",\"right\":"
                          "{\"length\":\"1x\"}") "," //
        CLAIM("dataset", "\"left\":{\"encoding\":\"a\",\"length\":8,\"train_length\":4},"
                         "\"op\":\"<\",\"right\":{\"train_length\":8}") "," //
        CLAIM("closed", "\"left\":{\"encoding\":\"a[length=4]\",\"length\":8,\"train_length\":4,"
                        "\"dataset\":\"y\"},\"op\":\"<\",\"right\":{\"dataset\":\"x\"}") "]");
    static const double effect[] = {4, 8, 4, 8, -40, -40};
    static const int length[] = {4, 8, 4, 8, -1, -1, -1};
    assert_int_equal(results.n, 7);
    for (size_t i = 0; i < 7; i++) {
        if (i < 6)
            CHECK_NEAR(results.item[i].view.effect, effect[i], 1e-12);
        assert_int_equal(results.item[i].train_length, length[i]);
    }
    assert_int_equal(results.item[6].verdict, LX_CLAIM_NOT_TESTABLE);
    assert_string_equal(results.item[6].note, "losses of different datasets are not compared");
    assert_string_equal(lx_rows_name(&study.rows, results.item[3].dataset), "y");
    assert_int_equal(results.item[6].dataset, -1);
    drop();
}

static void test_names(void **state)
{
    (void)state;
    assert_true(lx_claim_names("a", "a") && lx_claim_names("a[lr=1]", "a"));
    assert_true(lx_claim_names("a[lr=1]+x", "a+x") && lx_claim_names("a[lr=1]", "a[lr=1]"));
    assert_false(lx_claim_names("a[lr=1]", "a[lr=2]") || lx_claim_names("ab[lr=1]", "a"));
    assert_false(lx_claim_names("a", "a[lr=1]") || lx_claim_names("a[lr=1]+x", "a"));
    row("a[lr=1]", "a[lr=1]", "toy", 1, 4, 4, "nonoverlapping", "nll", ",,,", "1", 8, "ok");
    row("a[lr=1]", "a[lr=1]", "toy", 1, 4, 4, "nonoverlapping", "ppl", ",,,", "1", 8, "ok");
    row("a[lr=2]", "a[lr=2]", "toy", 1, 4, 4, "nonoverlapping", "nll", ",,,", "3", 8, "ok");
    row("a[lr=2]", "a[lr=2]", "toy", 1, 4, 4, "nonoverlapping", "ppl", ",,,", "1", 8, "ok");
    judge(
        "[" CLAIM("which", "\"left\":{\"encoding\":\"a\",\"length\":4},\"op\":\"<\",\"right\":1") //
        "," CLAIM("said", "\"left\":{\"encoding\":\"a[lr=2]\",\"length\":4},\"op\":\"<\",\"right\":"
                          "{\"encoding\":\"a[lr=1]\"}") "]");
    assert_non_null(strstr(results.item[0].note, "a was swept: give the values"));
    CHECK_NEAR(results.item[1].view.effect, 2, 1e-12);
    drop();
}

/* A best rate at the edge of those that were tried is no best rate. */
static void test_rates(void **state)
{
    static const char claims[] =
        "[" CLAIM("edge",
                  "\"premise\":[\"rate_inside\"],\"left\":{\"encoding\":\"a\",\"length\":8},"
                  "\"op\":\"<\",\"right\":{\"encoding\":\"b\"}") "," //
        CLAIM("one",
              "\"premise\":[{\"name\":\"rate_inside\",\"encoding\":\"a\"}],\"left\":"
              "{\"encoding\":\"a\",\"length\":8},\"op\":\"<\",\"right\":{\"encoding\":\"b\"}") "]";
    const struct lx_rate_of of[] = {{"a", LX_RATE_INSIDE, 1, 1}, {"b", LX_RATE_LARGEST, 0.04, 1}};
    const struct lx_rate_of used = {"a", LX_RATE_INSIDE, 0.01, 0.02};
    const struct lx_rate_places rates = {of, 2, NULL}, other = {&used, 1, NULL};

    (void)state;
    two_encodings();
    judge_rates(claims, &rates);
    assert_int_equal(results.item[0].verdict, LX_CLAIM_NOT_TESTABLE);
    assert_non_null(strstr(results.item[0].note, "rate of b, 0.04, is the largest that was tried"));
    assert_int_equal(results.item[1].verdict, LX_CLAIM_HOLDS);
    drop();
    judge_rates(claims, &other);
    assert_non_null(strstr(results.item[1].note, "a was trained at 0.02, and the best rate tried"));
    drop();
    judge_rates(claims, NULL);
    assert_string_equal(results.item[1].note,
                        "premise rate_inside: cannot be read: no rates were tried for a");
    drop();
}

/* Both views must say it; the one that is named is judged alone. */
static void test_views(void **state)
{
    static const char *const value[2][2] = {{"1.5", "1.4"},
                                            {"1.3", "1.4"}}; /* last, nonoverlapping */

    (void)state;
    for (int i = 1; i <= 3; i++)
        for (int T = 4; T <= 8; T *= 2)
            for (int m = 0; m < 2; m++) {
                const char *mode = m == 0 ? "last" : "nonoverlapping";

                row("a", "a", "toy", i, 4, T, mode, "nll", ",,,", value[m][T / 8], 64, "ok");
                row("a", "a", "toy", i, 4, T, mode, "ppl", ",,,", "4", 64, "ok");
            }
    judge("[" CLAIM("both", "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\"<\",\"right\":"
                            "{\"length\":4}") "," //
          CLAIM("last", "\"left\":{\"encoding\":\"a\",\"length\":8,\"mode\":\"last\"},\"op\":\"<\","
                        "\"right\":{\"length\":4}") "," //
          CLAIM("other", "\"left\":{\"encoding\":\"a\",\"length\":8,\"mode\":\"nonoverlapping\"},"
                         "\"op\":\">=\",\"right\":{\"length\":4}") "]");
    assert_int_equal(results.item[0].verdict, LX_CLAIM_UNDECIDED);
    assert_string_equal(results.item[0].note, "the two views disagree");
    assert_true(results.item[0].both && !results.item[1].both);
    assert_int_equal(results.item[1].verdict, LX_CLAIM_HOLDS);
    CHECK_NEAR(results.item[1].view.effect, -0.1, 1e-9);
    assert_string_equal(results.item[1].other.mode, "nonoverlapping");
    CHECK_NEAR(results.item[1].other.effect, 0.1, 1e-9);
    assert_int_equal(results.item[2].verdict, LX_CLAIM_HOLDS);
    assert_string_equal(results.item[2].other.mode, "last");
    drop();
}

/* Seeds pair nothing between two models: Welch's interval, though their differences are all alike. */
static void test_unpaired(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        nll("a", i, 8, 1.5 + 0.1 * i);
        nll("b", i, 8, 1.4 + 0.1 * i);
    }
    judge("[" CLAIM("apart",
                    "\"left\":{\"encoding\":\"a\",\"length\":8},\"op\":\">\",\"smallest\":0,"
                    "\"right\":{\"encoding\":\"b\"}") "]");
    CHECK_NEAR(results.item[0].view.effect, 0.1, 1e-9);
    /* se = sqrt(2 (.1)^2 / 3) = .0816, four degrees of freedom: t(.975, 4) = 2.776445 */
    CHECK_NEAR(results.item[0].view.high, 0.1 + 2.776445105 * 0.1 * sqrt(2.0 / 3), 1e-7);
    assert_int_equal(results.item[0].view.agree, 3);
    assert_false(results.item[0].view.text);
    assert_int_equal(results.item[0].verdict, LX_CLAIM_UNDECIDED);
    drop();
}

static const struct {
    const char *json, *message;
} bad_claims[] = {
    {"{}", "claims: must be an array, got an object"},
    {"[3]", "claims[0]: must be an object, got a number"},
    {"[{\"id\":\"a\",\"text\":\"t\"}]", "claims[0].source: required, but missing"},
    {"[" CLAIM("", "\"op\":\"<\"") "]", "claims[0]: id, text and source must not be empty"},
    {"[" CLAIM("x", "\"op\":\"<\"") "]", "claims[0].left: must be given"},
    {"[" CLAIM("x", "\"op\":\"==\"") "]", "claims[0].op: must be one of"},
    {"[" CLAIM("x", "\"op\":\"<\",\"lfet\":1") "]", "did you mean \"left\"?"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":4") "]", "claims[0].left: must be an object"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"length\":4}") "]",
     "claims[0].left.encoding: must be given"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\"}") "]",
     "claims[0].left.length: must be given"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":\"2y\"}") "]",
     "claims[0].left.length: must be a number of tokens or a multiple of the training length "
     "like \"2x\", got \"2y\""},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":0}") "]",
     "claims[0].left.length: must be above 0"},
    {"[" CLAIM("x",
               "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4,\"positions\":[4]}") "]",
     "claims[0].left.positions: must be [from, to), two lengths"},
    {"[" CLAIM("x",
               "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4,\"positions\":[4,4]}") "]",
     "claims[0].left.positions: must rise"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4},\"right\":true") "]",
     "claims[0].right: must be an object, got true or false"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4},\"right\":0") "]",
     "claims[0].right: must be above 0, got 0"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4},\"right\":"
                    "{\"metric\":\"nll\"}") "]",
     "claims[0].right.metric: must be the metric of left, ppl, got nll"},
    {"[" CLAIM("x", "\"op\":\"<\",\"left\":{\"encoding\":\"a\",\"length\":4,\"minus\":"
                    "{\"length\":8}},\"right\":{\"length\":8}") "]",
     "claims[0].right.minus: must be given, as in claims[0].left"},
};

static const struct {
    const char *more, *message;
} bad_factors[] = {
    {"\"margin\":0.1", "claims[0].margin: must be ratio instead for ppl"},
    {"\"ratio\":0", "claims[0].ratio: must be"},
    {"\"times\":2", "claims[0].times: must be ratio instead, unless right has a minus, got 2"},
};

static void test_refused(void **state)
{
    static const char good[] =
        "\"left\":{\"encoding\":\"a\",\"length\":\"2x\"},\"op\":\"<\",\"right\":{\"length\":4}";
    struct lx_arena a = {0};
    struct lx_claims c;
    struct lx_json *list;
    char text[600];

    (void)state;
    for (size_t i = 0; i < sizeof(bad_claims) / sizeof(bad_claims[0]); i++) {
        CHECK_OK(lx_json_parse(bad_claims[i].json, strlen(bad_claims[i].json), "x", &list, &err));
        CHECK_FAILS(lx_claims_parse(&c, list, &a, &err), LX_ECONFIG, bad_claims[i].message);
        lx_json_free(list);
    }
    for (size_t i = 0; i < sizeof(bad_factors) / sizeof(bad_factors[0]); i++) {
        (void)snprintf(text, sizeof(text), "[{\"id\":\"x\",\"text\":\"t\",\"source\":\"s\",%s,%s}]",
                       good, bad_factors[i].more);
        CHECK_OK(lx_json_parse(text, strlen(text), "x", &list, &err));
        CHECK_FAILS(lx_claims_parse(&c, list, &a, &err), LX_ECONFIG, bad_factors[i].message);
        lx_json_free(list);
    }
    (void)snprintf(text, sizeof(text),
                   "[{\"id\":\"x\",\"text\":\"t\",\"source\":\"s\",%s},"
                   "{\"id\":\"x\",\"text\":\"t\",\"source\":\"s\",%s}]",
                   good, good);
    CHECK_OK(lx_json_parse(text, strlen(text), "x", &list, &err));
    CHECK_FAILS(lx_claims_parse(&c, list, &a, &err), LX_ECONFIG,
                "claims[1].id: must be unique, got \"x\" as in claims[0]");
    lx_json_free(list);
    lx_arena_free(&a);
}

#define TABLE(rest) "[{\"source\":\"s\",\"certainty\":\"verified\",\"train_length\":512" rest "}]"

static void test_published_refused(void **state)
{
    static const struct {
        const char *json, *message;
    } bad[] = {
        {"3", "published: must be an array, got a number"},
        {"[{\"certainty\":\"verified\",\"train_length\":1}]",
         "published[0].source: required, but missing"},
        {"[{\"source\":\"s\",\"train_length\":1}]",
         "published[0].certainty: required, but missing"},
        {"[{\"source\":\"s\",\"certainty\":\"recalled\",\"train_length\":1}]",
         "published[0].certainty: must be one of"},
        {TABLE(""), "published[0].lengths: must be an array of tokens"},
        {TABLE(",\"lengths\":[512,512]"),
         "published[0].lengths[1]: must ascend, got 512 after 512"},
        {TABLE(",\"lengths\":[\"1x\"]"), "published[0].lengths[0]: must be a whole number"},
        {TABLE(",\"lengths\":[512]"), "published[0].rows: must be a non-empty array"},
        {TABLE(",\"lengths\":[512],\"rows\":[{}]"),
         "published[0].rows[0]: name or encoding must be given"},
        {TABLE(",\"lengths\":[512],\"rows\":[{\"name\":\"x\"}]"),
         "published[0].rows[0].values: must be given"},
        {TABLE(",\"lengths\":[512],\"rows\":[{\"name\":\"x\",\"values\":[1,2]}]"),
         "published[0].rows[0].values: must be an array of 1 numbers, as lengths"},
        {TABLE(",\"lengths\":[512],\"rows\":[{\"name\":\"x\",\"values\":[\"1\"]}]"),
         "published[0].rows[0].values[0]: must be a number or null, got a string"},
    };
    struct lx_arena a = {0};
    struct lx_published_list p;
    struct lx_json *list;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_OK(lx_json_parse(bad[i].json, strlen(bad[i].json), "x", &list, &err));
        CHECK_FAILS(lx_published_parse(&p, list, &a, &err), LX_ECONFIG, bad[i].message);
        lx_json_free(list);
    }
    lx_arena_free(&a);
}

static void put(const char *name, const char *text, size_t n)
{
    CHECK_OK(lx_fs_write(path_of(name), text, n, &err));
}

/* The whole report, in every format, and no trace of it once the config says nothing. */
static void test_files(void **state)
{
    static const char *const names[] = {"claims.md", "claims.tex", "claims.csv", "published.csv"};
    static const struct lx_report_options no_plots = {.no_plots = true};
    struct lx_buf config = {0}, text = {0}, want = {0};

    (void)state;
    two_encodings();
    nll("c", 1, 4, 1.5);
    nll("c", 1, 8, 1.4);
    CHECK_OK(lx_fs_read(FIXTURE "/config.json", &config, &err));
    put("config.json", config.text, config.len);
    put("metrics.csv", csv.text, csv.len);
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    for (size_t i = 0; i < 4; i++)
        check_same_file(folder, names[i], FIXTURE, names[i]);
    CHECK_OK(lx_report_make(folder, &no_plots, &text, &err));
    CHECK_OK(lx_fs_read(FIXTURE "/claims.txt", &want, &err));
    assert_non_null(strstr(text.text, want.text));
    put("config.json", "{}", 2);
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    for (size_t i = 0; i < 4; i++)
        assert_false(lx_fs_exists(path_of(names[i])));
    put("config.json", "{\"claims\": 3}", 13);
    CHECK_FAILS(lx_report_make(folder, &no_plots, NULL, &err), LX_EFORMAT,
                "config.json: claims: must be an array, got a number");
    lx_buf_free(&config);
    lx_buf_free(&text);
    lx_buf_free(&want);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_effect, begin, end),
    cmocka_unit_test_setup_teardown(test_verdicts, begin, end),
    cmocka_unit_test_setup_teardown(test_undecided, begin, end),
    cmocka_unit_test_setup_teardown(test_values, begin, end),
    cmocka_unit_test_setup_teardown(test_scopes, begin, end),
    cmocka_unit_test_setup_teardown(test_names, begin, end),
    cmocka_unit_test_setup_teardown(test_rates, begin, end),
    cmocka_unit_test_setup_teardown(test_views, begin, end),
    cmocka_unit_test_setup_teardown(test_unpaired, begin, end),
    cmocka_unit_test(test_refused),
    cmocka_unit_test(test_published_refused),
    cmocka_unit_test_setup_teardown(test_files, begin, end),
};

CHECK_MAIN(tests)
