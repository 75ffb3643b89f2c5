/* Yardsticks in a study: n-grams of the training split as rows of tables, what is not trained, bins of
 * positions with their errors, which view claims read, and that two protocols are not mixed. */
#include <unistd.h>

#include "core/buf.h"
#include "plot/plot.h"
#include "report/table.h"
#include "study/aggregate.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"
#include "text/escape.h"
#include "verdict/claims.h"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

static struct lx_err err;
static struct lx_buf csv;
static struct lx_study study;

static int begin(void **state)
{
    csv = (struct lx_buf){0};
    study = (struct lx_study){0};
    lx_buf_add(&csv, HEADER);
    return make_folder(state);
}

static int end(void **state)
{
    lx_buf_free(&csv);
    lx_study_free(&study);
    return remove_folder(state);
}

static void row(const char *encoding, int T, const char *mode, const char *metric,
                const char *positions, double value, const char *se, int tokens,
                const char *protocol)
{
    lx_buf_printf(&csv, "toy,c-%s,%s,%s,d,valid,1,4,%d,%s,%s,%s,,,%s,%.9g,%s,%d,2,ok,%s\n",
                  encoding, encoding, encoding, T, mode, strcmp(mode, "last") == 0 ? "1" : "",
                  metric, positions, value, se, tokens, protocol);
}

/* An encoding at 4 (as trained) and 8 tokens; a table of pairs at 10, of triples at 6, of tokens at 20. */
static void encoding(const char *name, double at4, double at8, const char *protocol)
{
    for (int T = 4; T <= 8; T += 4) {
        double ppl = T == 4 ? at4 : at8;

        row(name, T, "last", "ppl", ",", ppl, "", 512, protocol);
        row(name, T, "last", "nll", ",", log(ppl), "", 512, protocol);
        row(name, T, "nonoverlapping", "ppl", ",", 2 * ppl, "", 4096, protocol);
        row(name, T, "nonoverlapping", "nll", ",", log(2 * ppl), "", 4096, protocol);
        row(name, T, "last", "nll_bigram", ",", log(10), "", 512, protocol);
        row(name, T, "last", "nll_trigram", ",", log(6), "", 512, protocol);
        row(name, T, "last", "nll_unigram", ",", log(20), "", 512, protocol);
    }
}

static enum lx_code make(void)
{
    struct lx_rows rows = {0};
    char path[128];
    enum lx_code code;

    (void)snprintf(path, sizeof(path), "%s/metrics.csv", folder);
    CHECK_OK(lx_fs_write(path, csv.text, csv.len, &err));
    CHECK_OK(lx_rows_read(path, &rows, &err));
    code = lx_study_make(&study, &rows, NULL, &err);
    lx_rows_free(&rows);
    return code;
}

static size_t section_of(const char *mode)
{
    size_t i = 0;

    while (i < study.n_sections &&
           strcmp(lx_rows_name(&study.rows, study.section[i].mode), mode) != 0)
        i++;
    assert_true(i < study.n_sections);
    return i;
}

static void tables_show_them_and_say_what_is_not_trained(void **state)
{
    struct lx_buf text = {0};
    size_t last, other;

    (void)state;
    encoding("good", 5, 12, "longshot-2"); /* worse than the table only where it was not trained */
    encoding("bad", 10, 9, "longshot-2");
    CHECK_OK(make());
    last = section_of("last");
    other = section_of("nonoverlapping");
    CHECK_NEAR(lx_study_yardstick(&study, last, LX_YARDSTICK_BIGRAM, 8), 10, 1e-7);
    CHECK_NEAR(lx_study_yardstick(&study, last, LX_YARDSTICK_UNIGRAM, 4), 20, 1e-7);
    assert_true(isnan(lx_study_yardstick(&study, last, LX_YARDSTICK_FLOOR, 8)));
    assert_true(isnan(lx_study_yardstick(&study, other, LX_YARDSTICK_BIGRAM, 8)));
    assert_false(lx_study_untrained(&study, last, 0));
    assert_true(lx_study_untrained(&study, last, 1));
    assert_false(lx_study_untrained(&study, other, 1)); /* there is nothing to tell it by */
    assert_true(lx_table_mark(&study, last, LX_MARK_UNTRAINED, "; ", lx_escape_plain, &text));
    assert_string_equal(text.text,
                        "; not trained (no better than the bigram table at 4 tokens): bad");
    lx_buf_clear(&text);
    assert_false(lx_table_mark(&study, other, LX_MARK_UNTRAINED, "; ", lx_escape_plain, &text));
    assert_int_equal(text.len, 0);
    CHECK_OK(lx_table_write(&study, &lx_grid_plain, &text, &err));
    assert_non_null(strstr(text.text,
                           "bigram table    10.00    10.00 \ntrigram table    6.00     6.00 \n\n"
                           "not trained (no better than the bigram table at 4 tokens): bad\n"));
    assert_non_null(strstr(text.text, "1 seed, only 512 target tokens"));
    assert_non_null(strstr(text.text, "1 seed, 4096 target tokens"));
    assert_null(strstr(text.text, "unigram"));
    lx_buf_clear(&text);
    CHECK_OK(lx_table_data(&study, &text, &err));
    assert_non_null(strstr(
        text.text, "d,valid,4,last,1,bad,bad,8,1,1,9,,0.9,,,19.9999999,9.99999997,6,ok,,,,\n"));
    lx_buf_clear(&text);
    CHECK_OK(lx_table_write(&study, &lx_grid_latex, &text, &err));
    assert_non_null(
        strstr(text.text, "; not trained (no better than the bigram table at 4 tokens): bad.}"));
    assert_non_null(strstr(text.text, "    \\midrule\n    bigram table & $10.00$"));
    lx_buf_free(&text);
}

static void figures_draw_them(void **state)
{
    struct lx_plot_target to = {.dir = folder};
    struct lx_buf text = {0};
    char path[128];

    (void)state;
    encoding("good", 5, 12, "longshot-2");
    CHECK_OK(make());
    CHECK_OK(lx_plot_ppl(&study, section_of("last"), &to, &err));
    (void)snprintf(path, sizeof(path), "%s/ppl_vs_length-last.gp", folder);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_non_null(strstr(text.text, "title '10.00  bigram table', \\\n"));
    assert_non_null(strstr(text.text, "6.00  trigram table'\n"));
    assert_non_null(strstr(text.text, " maxrows 3 ")); /* none is dropped from the legend */
    lx_buf_free(&text);
    lx_plot_target_free(&to);
}

/* The band takes the error over windows in, and the note counts the targets. */
static void positions_show_their_errors(void **state)
{
    struct lx_plot_target to = {.dir = folder};
    struct lx_buf text = {0};
    char path[128];

    (void)state;
    encoding("a", 5, 6, "longshot-2");
    row("a", 8, "nonoverlapping", "nll", "0,4", 2, "0.25", 2000, "longshot-2");
    row("a", 8, "nonoverlapping", "nll", "4,8", 1.5, "0.125", 900, "longshot-2");
    CHECK_OK(make());
    CHECK_OK(lx_plot_position(&study, section_of("nonoverlapping"), &to, &err));
    (void)snprintf(path, sizeof(path), "%s/nll_by_position-nonoverlapping.dat", folder);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_non_null(strstr(text.text, " 2 1.75 2.25 1 ok"));
    assert_non_null(strstr(text.text, " 1.5 1.375 1.625 1 ok"));
    (void)snprintf(path, sizeof(path), "%s/nll_by_position-nonoverlapping.gp", folder);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_non_null(strstr(
        text.text, "; band: one standard error over windows, only down to 900 targets a point"));
    lx_buf_free(&text);
    lx_plot_target_free(&to);
}

/* A claim that names no view: last, but nonoverlapping first in folders of the first protocol. */
static void claims_read_last_first(void **state)
{
    static const char *const protocol[] = {"longshot-1", "longshot-2"};
    static const char text[] =
        "[{\"id\":\"x\",\"text\":\"t\",\"source\":\"s\",\"op\":\"<\",\"right\":3,"
        "\"left\":{\"encoding\":\"a\",\"length\":8}}]";

    for (int i = 0; i < 2; i++) {
        struct lx_arena arena = {0};
        struct lx_claims claims = {0};
        struct lx_claim_results results;
        struct lx_json *list;

        if (i > 0)
            assert_int_equal(end(state) + begin(state), 0);
        encoding("a", 5, 6, protocol[i]);
        CHECK_OK(make());
        CHECK_OK(lx_json_parse(text, strlen(text), "x", &list, &err));
        CHECK_OK(lx_claims_parse(&claims, list, &arena, &err));
        CHECK_OK(lx_claims_judge(&claims, &study, NULL, &arena, &results, &err));
        CHECK_NEAR(3 * exp(results.item[0].view.effect), i == 0 ? 12 : 6, 1e-7);
        CHECK_NEAR(3 * exp(results.item[0].other.effect), i == 0 ? 6 : 12, 1e-7);
        assert_int_equal(results.item[0].both, i > 0);
        lx_json_free(list);
        lx_arena_free(&arena);
    }
}

static void protocols_are_not_mixed(void **state)
{
    (void)state;
    encoding("a", 5, 6, "longshot-1");
    encoding("b", 5, 6, "longshot-2");
    CHECK_FAILS(
        make(), LX_EFORMAT,
        "lines 2 and 16 are of two protocols (longshot-1, longshot-2), which are not compared");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

static const struct CMUnitTest tests[] = {
    TEST(tables_show_them_and_say_what_is_not_trained),
    TEST(figures_draw_them),
    TEST(positions_show_their_errors),
    TEST(claims_read_last_first),
    TEST(protocols_are_not_mixed),
};

CHECK_MAIN(tests)
