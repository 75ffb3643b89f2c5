/* What tuning leaves in a folder, read back: best rates, their neighbours, edges, and the same in the tables
 * of the report. The rows are written by hand. */
#include <unistd.h>

#include "report/report.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"
#include "tune/rates_text.h"
#include "tune/tuned.h"

#define HEADER                                                                                     \
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,"      \
    "stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,"         \
    "protocol\n"

static struct lx_buf rows, config;

/* Means over the two datasets; each dataset is a quarter off. a: best inside. b: best with a multiple, and
 * one diverged beside it. c: best at the edge. */
static const struct {
    const char *id, *rates;
    double nll, at_8x;
} tries[] = {
    {"a-lr-0.02", "\"lr\": 0.02", 2.5, 3},
    {"a-lr-0.005", "\"lr\": 0.005", 2.75, 3.5},
    {"a-lr-0.01", "\"lr\": 0.01", 2.25, 3.25},
    {"b-lr-0.005", "\"lr\": 0.005", 3, 3},
    {"b-lr-0.01", "\"lr\": 0.01", 2.5, 2.5},
    {"b-lr-0.02", "\"lr\": 0.02", 3, 3},
    {"b-lr-0.01-array_lr-10", "\"lr\": 0.01, \"array_lr\": 10", 2.4, 2.75},
    {"b-lr-0.02-array_lr-10", "\"lr\": 0.02, \"array_lr\": 10", (double)INFINITY, (double)INFINITY},
    {"b-lr-0.005-array_lr-10", "\"lr\": 0.005, \"array_lr\": 10", 2.6, 2.6},
    {"c-lr-0.005", "\"lr\": 0.005", 3, 3},
    {"c-lr-0.01", "\"lr\": 0.01", 2.9, 3},
    {"c-lr-0.02", "\"lr\": 0.02", 2.8, 3},
    {"other", "\"lr\": 0.02", 1, 1},
    {"d-lr-0.01", "\"lr\": 0.02", 1, 1}, /* its name tells another rate */
};

static void add_row(const char *id, const char *dataset, int length, const char *metric, double v)
{
    lx_buf_printf(&rows, "x-tune,%s%s,%s,%s,%s,valid,101,16,%d,last,4,%s,,,,,", id, dataset, id, id,
                  dataset, length, metric);
    if (isfinite(v))
        lx_buf_printf(&rows, "%.9g,0.01,4096,64,ok,p\n", v);
    else
        lx_buf_add(&rows, ",,,,diverged,p\n");
}

static void add_try(size_t i)
{
    for (int d = 0; d < 2; d++)
        for (int k = 0; k < 2; k++) {
            double v = (k == 0 ? tries[i].nll : tries[i].at_8x) + (d == 0 ? -0.25 : 0.25);

            add_row(tries[i].id, d == 0 ? "d" : "e", k == 0 ? 16 : 128, "nll", v);
            add_row(tries[i].id, d == 0 ? "d" : "e", k == 0 ? 16 : 128, "ppl", exp(v));
        }
    lx_buf_printf(&config, "%s{\"id\": \"%s\", \"stack\": [], %s}", i > 0 ? ", " : "", tries[i].id,
                  tries[i].rates);
}

static void put(const char *name, const char *text)
{
    struct lx_err err;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/tune/%s", folder, name);
    CHECK_OK(lx_fs_write(path, text, strlen(text), &err));
}

static int set_up(void **state)
{
    struct lx_err err;

    assert_int_equal(make_folder(state), 0);
    CHECK_OK(lx_fs_mkdir(path_of("tune"), &err));
    lx_buf_add(&rows, HEADER);
    lx_buf_add(&config, "{\"name\": \"x-tune\", \"encodings\": [");
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
        add_try(i);
    lx_buf_add(&config, "]}");
    put("metrics.csv", rows.text);
    put("config.json", config.text);
    CHECK_OK(
        lx_report_make(path_of("tune"), &(struct lx_report_options){.no_plots = true}, NULL, &err));
    return 0;
}

static int tear_down(void **state)
{
    lx_buf_free(&rows);
    lx_buf_free(&config);
    return remove_folder(state);
}

static double nll(const struct lx_tuned *t, const char *encoding, const char *dataset,
                  const char *mode, int length, int side)
{
    const struct lx_tuned_place at = {dataset, mode, 16, length};

    return lx_tuned_nll(t, encoding, &at, side);
}

static void best_rates_and_their_neighbours(void **state)
{
    const struct lx_rates_encoding *e;
    struct lx_tuned t;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_tuned_read(&t, folder, &err));
    assert_int_equal(t.rates.n, 3);
    e = lx_tuned_find(&t, "a[length=16]");
    assert_non_null(e);
    CHECK_NEAR(e->try[e->best].lr, 0.01, 0);
    CHECK_NEAR(e->try[e->best].nll, 2.25, 1e-8);
    assert_false(e->edge);
    CHECK_NEAR(nll(&t, "a", "d", "last", 128, 0), 3, 1e-8);
    CHECK_NEAR(nll(&t, "a", "e", "last", 128, 0), 3.5, 1e-8);
    CHECK_NEAR(nll(&t, "a", "d", "last", 128, 1), 2.75, 1e-8);
    CHECK_NEAR(nll(&t, "a", NULL, "last", 128, -1), 3.25, 1e-8);
    assert_true(isnan(nll(&t, "a", "d", "last", 64, 0)));
    assert_true(isnan(nll(&t, "a", "d", "sliding", 128, 0)));
    assert_true(isnan(nll(&t, "z", "d", "last", 128, 0)));
    assert_null(lx_tuned_find(&t, "aa"));
    assert_null(lx_tuned_find(&t, "a-lr-0.01"));
    /* with a multiple; what diverged is a neighbour, and worse */
    e = lx_tuned_find(&t, "b");
    CHECK_NEAR(e->try[e->best].array_lr, 10, 0);
    CHECK_NEAR(e->try[e->best].lr, 0.01, 0);
    assert_false(e->edge);
    CHECK_NEAR(nll(&t, "b", "d", "last", 16, -1), 2.35, 1e-8);
    assert_true(isinf(nll(&t, "b", "d", "last", 16, 1)));
    /* the edge, and nothing beyond */
    e = lx_tuned_find(&t, "c");
    assert_true(e->edge);
    CHECK_NEAR(e->try[e->best].lr, 0.02, 0);
    assert_true(isnan(nll(&t, "c", "d", "last", 16, 1)));
    /* a dataset that is not there, where there are two; another training length */
    assert_true(isnan(nll(&t, "a", "z", "last", 128, 0)));
    assert_true(isnan(lx_tuned_nll(&t, "a", &(struct lx_tuned_place){"d", "last", 32, 128}, 0)));
    lx_tuned_free(&t);
}

static void nothing_where_nothing_was_tuned(void **state)
{
    struct lx_tuned t;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_tuned_read(&t, "/nowhere", &err));
    assert_int_equal(t.rates.n, 0);
    assert_null(lx_tuned_find(&t, "a"));
    lx_tuned_free(&t);
}

static void the_report_has_both_rankings(void **state)
{
    struct lx_report_options o = {.no_plots = true};
    struct lx_err err;
    struct lx_buf text = {0};

    (void)state;
    CHECK_OK(lx_report_make(path_of("tune"), &o, NULL, &err));
    CHECK_OK(lx_fs_read(path_of("tune/tune.md"), &text, &err));
    /* dataset d: a quarter below the means. At 8x c is third alone and second at 0.01 */
    assert_non_null(strstr(text.text, "| a | 0.01 | 1 | 2.0000 (1) | 3.0000 (3) | 2.0000 (1) | "
                                      "3.0000 (3) |  |"));
    assert_non_null(strstr(text.text, "| c | 0.02 | 1 | 2.5500 (3) | 2.7500 (2) | 2.6500 (3) | "
                                      "2.7500 (2) | at the edge |"));
    /* (2.25 + 2.5 + 2.9) / 3 is the lowest mean at one rate */
    assert_non_null(strstr(text.text, "Common rate: 0.01."));
    lx_buf_clear(&text);
    CHECK_OK(lx_fs_read(path_of("tune/tune.csv"), &text, &err));
    assert_non_null(strstr(text.text, "\nd,valid,16,last,a,0.01,1,128,3,ok,best\n"));
    assert_non_null(strstr(text.text, "\ne,valid,16,last,b,0.02,10,16,,diverged,\n"));
    assert_non_null(strstr(text.text, "\nd,valid,16,last,c,0.02,1,16,2.55,ok,edge\n"));
    lx_buf_free(&text);
}

/* The same two rankings in the tables of the study that takes the rates, from tune.csv alone. */
static void the_study_has_both_rankings_too(void **state)
{
    struct lx_tuned t;
    struct lx_buf text = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_tuned_read(&t, folder, &err));
    CHECK_NEAR(t.rates.common, 0.01, 0);
    CHECK_OK(lx_tuned_write(&t, &lx_grid_markdown, &text, &err));
    assert_non_null(strstr(text.text, "| a | 0.01 | 1 | 2.0000 (1) | 3.0000 (3) | 2.0000 (1) | "
                                      "3.0000 (3) |  |"));
    assert_non_null(strstr(text.text, "| c | 0.02 | 1 | 2.5500 (3) | 2.7500 (2) | 2.6500 (3) | "
                                      "2.7500 (2) | at the edge |"));
    assert_non_null(strstr(text.text, "Common rate: 0.01."));
    lx_buf_free(&text);
    lx_tuned_free(&t);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(best_rates_and_their_neighbours),
    cmocka_unit_test(nothing_where_nothing_was_tuned),
    cmocka_unit_test(the_report_has_both_rankings),
    cmocka_unit_test(the_study_has_both_rankings_too),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, set_up, tear_down);
}
