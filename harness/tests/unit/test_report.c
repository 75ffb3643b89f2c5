/* The report: statistics against numbers worked out by hand, statuses, tables and figures against
 * files in fixtures/report (small enough to be checked by hand too), and what is refused. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "figure/figure.h"
#include "figure/style.h"
#include "report/report.h"
#include "report/table.h"
#include "study/aggregate.h"
#include "system/fs.h"
#include "tests/unit/file_check.h"
#include "tests/unit/folder_rig.h"
#include "text/format.h"

#define FIXTURE "harness/tests/fixtures/report"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

static struct lx_err err;

/* Files, and the folder of plots, are all that a report may leave. */
static int remove_report(void **state)
{
    return lx_fs_remove_folder(path_of("plots"), &err) != LX_OK ? 1 : remove_flat_folder(state);
}

static void put(const char *name, const char *text)
{
    CHECK_OK(lx_fs_write(path_of(name), text, strlen(text), &err));
}

static void copy_fixture(const char *name)
{
    struct lx_buf text = {0};
    char path[256];
    (void)snprintf(path, sizeof(path), FIXTURE "/%s", name);
    CHECK_OK(lx_fs_read(path, &text, &err));
    put(name, text.text);
    lx_buf_free(&text);
}

static bool exists(const char *name)
{
    return lx_fs_exists(path_of(name));
}

static void make_fixture(const struct lx_report_options *o)
{
    copy_fixture("metrics.csv");
    copy_fixture("train.csv");
    copy_fixture("config.json");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
}

static void test_stats(void **state)
{
    (void)state;
    const double v[] = {1, 2, 4};
    struct lx_stats s = lx_stats_of(v, 3);
    assert_int_equal(s.n, 3);
    CHECK_NEAR(s.mean, 7.0 / 3, 1e-15);
    CHECK_NEAR(s.sd, sqrt(7.0 / 3), 1e-15); /* (16 + 1 + 25) / 9 / 2 */
    CHECK_NEAR(s.min, 1, 0);
    CHECK_NEAR(s.max, 4, 0);
    s = lx_stats_of(v, 1);
    CHECK_NEAR(s.mean, 1, 0);
    assert_true(isnan(s.sd));
    s = lx_stats_of(v, 0);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.mean) && isnan(s.sd) && isnan(s.min));
}

static void load_fixture(struct lx_study *s)
{
    struct lx_rows rows = {0};
    struct lx_json *config = NULL;
    CHECK_OK(lx_rows_read(FIXTURE "/metrics.csv", &rows, &err));
    CHECK_OK(lx_json_read(FIXTURE "/config.json", &config, &err));
    CHECK_OK(lx_study_make(s, &rows, config, &err));
    lx_json_free(config);
}

static void test_groups(void **state)
{
    struct lx_study s = {0};
    (void)state;
    load_fixture(&s);
    assert_int_equal(s.n_sections, 2);
    assert_int_equal(s.n_series, 5);
    const char *const order[] = {"gamma", "alpha", "beta_x", "beta_x as beta|pi", "delta"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(s.series[i].label, order[i]);
    assert_string_equal(s.section[0].suffix, "-nonoverlapping");
    assert_string_equal(s.section[1].suffix, "-last");
    assert_int_equal(s.section[0].seeds_min, 1);
    assert_int_equal(s.section[0].seeds_max, 2);
    assert_int_equal(s.section[0].tokens, 64);
    assert_int_equal(s.section[1].stride, 2);

    const struct lx_group *g = lx_study_find(&s, 0, 1, s.ppl, 8);
    assert_non_null(g);
    assert_int_equal(g->n, 2);
    CHECK_NEAR(g->stats.mean, 6.5, 1e-12);
    CHECK_NEAR(g->stats.sd, sqrt(4.5), 1e-12);
    g = lx_study_find(&s, 0, 2, s.ppl, 8); /* one seed diverged */
    assert_int_equal(lx_group_status(g), LX_ROW_DIVERGED);
    assert_int_equal(g->count[LX_ROW_DIVERGED], 1);
    assert_int_equal(g->stats.n, 1);
    assert_null(lx_study_find(&s, 1, 0, s.ppl, 8));
    assert_true(lx_study_has(&s, 1, 1));
    assert_false(lx_study_has(&s, 1, 0));
    CHECK_NEAR(lx_study_yardstick(&s, 0, LX_YARDSTICK_FLOOR, 8), 2, 1e-8);
    assert_true(isnan(lx_study_yardstick(&s, 1, LX_YARDSTICK_FLOOR, 8)));

    size_t n;
    g = lx_study_range(&s, 0, 1, s.entropy_normalized, 8, &n);
    assert_int_equal(n, 6); /* three bins, over all heads and of one head */
    assert_int_equal(g[0].layer, -1);
    assert_int_equal(g[5].head, 1);
    lx_study_free(&s);
}

/* Seeds give 8/4 and 5/5: the mean of ratios is 1.5, the ratio of means would be 13/9. */
static void test_ratio(void **state)
{
    struct lx_study s = {0};
    struct lx_stats r;
    (void)state;
    load_fixture(&s);
    CHECK_OK(lx_study_ratio(&s, lx_study_find(&s, 0, 1, s.ppl, 8), &r, &err));
    assert_int_equal(r.n, 2);
    CHECK_NEAR(r.mean, 1.5, 1e-12);
    CHECK_NEAR(r.sd, sqrt(0.5), 1e-12);
    CHECK_OK(lx_study_ratio(&s, lx_study_find(&s, 0, 2, s.ppl, 8), &r, &err));
    assert_int_equal(r.n, 1); /* of the seed that lived: 9 / 3 */
    CHECK_NEAR(r.mean, 3, 1e-12);
    CHECK_OK(lx_study_ratio(&s, lx_study_find(&s, 0, 0, s.ppl, 8), &r, &err));
    assert_int_equal(r.n, 0);
    lx_study_free(&s);
}

static void test_tables(void **state)
{
    const struct lx_report_options no_plots = {.no_plots = true};
    struct lx_buf text = {0}, want = {0};
    (void)state;
    make_fixture(&no_plots);
    check_same_file(folder, "table.md", FIXTURE, "table.md");
    check_same_file(folder, "table.tex", FIXTURE, "table.tex");
    check_same_file(folder, "table.csv", FIXTURE, "table.csv");
    assert_false(exists("plots"));
    CHECK_OK(lx_report_make(folder, &no_plots, &text, &err));
    CHECK_OK(lx_fs_read(FIXTURE "/table.txt", &want, &err));
    assert_string_equal(text.text, want.text);
    lx_buf_free(&text);
    lx_buf_free(&want);
}

/* Rates of their own are a column, in the order of the rows; one for all is none. */
static void test_rates(void **state)
{
    const struct lx_report_options no_plots = {.no_plots = true};
    struct lx_buf text = {0};
    char path[256];

    (void)state;
    copy_fixture("metrics.csv");
    put("config.json",
        "{\"name\": \"tiny\", \"train\": {\"lr\": 0.002}, \"encodings\": [\"gamma\", "
        "{\"id\": \"alpha\", \"lr\": 0.01, \"array_lr\": 10}]}");
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    (void)snprintf(path, sizeof(path), "%s/table.md", folder);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_non_null(strstr(text.text, "| 0.01, arrays 0.1 |"));
    assert_non_null(strstr(text.text, "|            0.002 |"));
    lx_buf_free(&text);
    (void)snprintf(path, sizeof(path), "%s/table.csv", folder);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_non_null(strstr(text.text, ",ratio_high,lr,array_lr\n"));
    assert_non_null(strstr(text.text, ",0.01,10\n"));
    lx_buf_free(&text);
}

static void test_number(void **state)
{
    const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0.00"},         {4.249, "4.25"},       {99.994, "99.99"},
                 {99.996, "100.0"},   {123.45, "123.5"},     {999.96, "1000"},
                 {54321.4, "54321"},  {1234567, "1.23e+06"}, {0.00123, "0.0012"},
                 {-0.0714, "-0.071"}, {0.0996, "0.10"},      {1e300, "1.00e+300"}};
    char text[24];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lx_format_number(cases[i].v, cases[i].v, text);
        assert_string_equal(text, cases[i].text);
    }
    lx_format_number(0.004, 123.4, text);
    assert_string_equal(text, "0.0");
    lx_format_multiple(256, 128, text);
    assert_string_equal(text, "2x");
    lx_format_multiple(200, 128, text);
    assert_string_equal(text, "1.56x");
}

/* Names that are markup to Markdown, TeX or gnuplot. */
static void test_hostile_names(void **state)
{
    static const char *const NAMES[] = {"a}b{",   "q\"\"uo",       "it's", "back`touch pwned`",
                                        "h#a%s$", "x'; system(1)", "end\\"};
    struct lx_buf csv = {0}, gp = {0};
    char path[256];
    (void)state;
    lx_buf_add(&csv, HEADER);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        for (int length = 8; length <= 16; length += 8)
            lx_buf_printf(&csv,
                          "e,c%zu,\"%s\",\"%s\",\"d`touch pwned`}'\\\",v,1,8,%d,m{,,ppl,,,,,%d,,,,"
                          "ok,p\n",
                          i, NAMES[i], NAMES[i], length, length);
    put("metrics.csv", csv.text);
    CHECK_OK(lx_report_make(folder, NULL, NULL, &err));
    (void)snprintf(path, sizeof(path), "%s/plots/ppl_vs_length.gp", folder);
    CHECK_OK(lx_fs_read(path, &gp, &err));
    assert_non_null(strstr(gp.text, "it''s'"));
    assert_non_null(strstr(gp.text, "x''; system(1)'"));
    assert_non_null(strstr(gp.text, "end\\'"));
    assert_false(exists("plots/pwned"));
    assert_true(exists("plots/ppl_vs_length.svg"));
    lx_buf_clear(&gp);
    (void)snprintf(path, sizeof(path), "%s/table.tex", folder);
    CHECK_OK(lx_fs_read(path, &gp, &err));
    assert_non_null(strstr(gp.text, "h\\#a\\%s\\$ &"));
    assert_non_null(strstr(gp.text, "a\\}b\\{ &"));
    assert_non_null(strstr(gp.text, "end\\textbackslash{} &"));
    lx_buf_free(&csv);
    lx_buf_free(&gp);
}

static enum lx_code refuse_temp(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == '.' ? lx_fail(&err, LX_EFAILED, "left: %s", name) : LX_OK;
}

/* Whatever gnuplot did, nothing temporary is left. */
static void check_no_temp(void)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/plots", folder);
    CHECK_OK(lx_fs_list(path, refuse_temp, NULL, &err));
}

static void test_figures(void **state)
{
    static const char *const KEPT[] = {
        "ppl_vs_length-nonoverlapping.gp",     "ppl_vs_length-nonoverlapping.dat",
        "entropy_vs_length-nonoverlapping.gp", "entropy_vs_length-nonoverlapping.dat",
        "nll_by_position-nonoverlapping.dat",  "training_curves.dat"};
    static const char *const STEMS[] = {"ppl_vs_length-nonoverlapping", "ppl_vs_length-last",
                                        "entropy_vs_length-nonoverlapping",
                                        "nll_by_position-nonoverlapping", "training_curves"};
    char name[128];
    struct lx_buf once = {0}, twice = {0};
    (void)state;
    make_fixture(NULL);
    for (size_t i = 0; i < sizeof(KEPT) / sizeof(KEPT[0]); i++) {
        (void)snprintf(name, sizeof(name), "plots/%s", KEPT[i]);
        check_same_file(folder, name, FIXTURE, KEPT[i]);
    }
    for (size_t i = 0; i < sizeof(STEMS) / sizeof(STEMS[0]); i++) {
        (void)snprintf(name, sizeof(name), "plots/%s.svg", STEMS[i]);
        assert_true(exists(name));
        (void)snprintf(name, sizeof(name), "plots/%s.png", STEMS[i]);
        assert_true(exists(name));
    }
    check_no_temp();
    /* The mode "last" has neither bins nor entropies here. */
    assert_false(exists("plots/nll_by_position-last.gp"));
    assert_false(exists("plots/entropy_vs_length-last.gp"));

    (void)snprintf(name, sizeof(name), "%s/plots/ppl_vs_length-nonoverlapping.svg", folder);
    CHECK_OK(lx_fs_read(name, &once, &err));
    CHECK_OK(lx_report_make(folder, NULL, NULL, &err));
    CHECK_OK(lx_fs_read(name, &twice, &err));
    assert_string_equal(once.text, twice.text);
    assert_non_null(strstr(once.text, "beta_x (diverged past 1x, 1 of 2 seeds)"));
    assert_non_null(strstr(once.text, "gamma (n/a past 1x)"));
    lx_buf_free(&once);
    lx_buf_free(&twice);
}

static void test_gnuplot_missing(void **state)
{
    const struct lx_report_options o = {.gnuplot = "/nonexistent/gnuplot"};
    (void)state;
    make_fixture(&o);
    assert_true(exists("table.md"));
    assert_true(exists("plots/ppl_vs_length-nonoverlapping.gp"));
    assert_true(exists("plots/training_curves.dat"));
    assert_false(exists("plots/ppl_vs_length-nonoverlapping.svg"));
}

/* A gnuplot that complains and fails: its words are in the error, no picture is left. */
static void test_gnuplot_fails(void **state)
{
    char program[128];
    const struct lx_report_options o = {.gnuplot = program};
    (void)state;
    put("fake", "#!/bin/sh\neval \"out=${3#out = }\"\necho half >$out.svg\n"
                "printf '\\n plot x\\n      ^\\n line 7: no   such\\n' >&2\nexit 3\n");
    (void)snprintf(program, sizeof(program), "%s/fake", folder);
    assert_int_equal(chmod(program, 0700), 0);
    copy_fixture("metrics.csv");
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EFAILED,
                "plots/ppl_vs_length-nonoverlapping.gp: ");
    assert_non_null(strstr(err.text, "exit status 3: plot x line 7: no such"));
    check_no_temp();
    assert_false(exists("plots/ppl_vs_length-nonoverlapping.svg"));
    assert_true(exists("table.md"));
}

/* A gnuplot that ends well and draws nothing. */
static void test_gnuplot_idle(void **state)
{
    const struct lx_report_options o = {.gnuplot = "true"};
    (void)state;
    copy_fixture("metrics.csv");
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EIO, "left no picture");
}

static void test_log_tics(void **state)
{
    const struct {
        double lo, hi;
        const char *tics;
    } cases[] = {{3, 25, "3, 4, 5, 6, 8, 10, 15, 20"},
                 {4, 6, "4, 4.5, 5, 5.5, 6"},
                 {2.9, 210, "3, 5, 10, 20, 30, 50, 100, 200"},
                 {1, 1e6, "1, 10, 100, 1000, 10000, 100000, 1e+06"},
                 {0.02, 0.09, "0.02, 0.03, 0.04, 0.05, 0.06, 0.08"}};
    struct lx_buf out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lx_buf_clear(&out);
        lx_style_log_tics(cases[i].lo, cases[i].hi, &out);
        assert_string_equal(out.text, cases[i].tics);
    }
    lx_buf_free(&out);
}

static void test_styles_differ(void **state)
{
    (void)state;
    for (int a = 0; a < 42; a++)
        for (int b = 0; b < a; b++) {
            struct lx_style x = lx_style_of(a, 0), y = lx_style_of(b, 0);
            if (strcmp(x.color, y.color) == 0 && strcmp(x.dash, y.dash) == 0 && x.point == y.point)
                fail_msg("curves %d and %d look the same", b, a);
        }
    assert_string_equal(lx_style_of(3, 1).color, lx_style_of(3, 0).color);
    assert_string_not_equal(lx_style_of(3, 1).dash, lx_style_of(3, 0).dash);
}

/* An explosion is capped: the axis ends at 30 times the lowest perplexity, an arrow stands there,
 * and the band of the curve is not drawn beyond. */
static void test_axis_is_capped(void **state)
{
    struct lx_buf csv = {0}, gp = {0};
    char path[256];
    (void)state;
    lx_buf_add(&csv, HEADER);
    for (int length = 8; length <= 16; length += 8) {
        lx_buf_printf(&csv, "e,c,flat,flat,d,v,1,8,%d,m,,ppl,,,,,4,,,,ok,p\n", length);
        lx_buf_printf(&csv, "e,d,wild,wild,d,v,1,8,%d,m,,ppl,,,,,%s,,,,ok,p\n", length,
                      length == 8 ? "4" : "1e9");
    }
    put("metrics.csv", csv.text);
    CHECK_OK(lx_report_make(folder, NULL, NULL, &err));
    (void)snprintf(path, sizeof(path), "%s/plots/ppl_vs_length.gp", folder);
    CHECK_OK(lx_fs_read(path, &gp, &err));
    const char *range = strstr(gp.text, "set yrange [");
    double lo, hi;
    assert_non_null(range);
    assert_int_equal(sscanf(range, "set yrange [%lf:%lf]", &lo, &hi), 2);
    assert_true(lo < 4 && hi > 120 && hi < 200);
    assert_non_null(strstr(gp.text, "set arrow from first 2, graph 0.94"));
    assert_non_null(strstr(gp.text, "arrow: above the axis"));
    lx_buf_free(&csv);
    lx_buf_free(&gp);
}

/* One row, with one field replaced; the report must refuse it in these words. */
static void refuse_row(const char *row, const char *words)
{
    struct lx_buf csv = {0};
    const struct lx_report_options o = {.no_plots = true};
    lx_buf_printf(&csv, "%s%s%s\n", HEADER, "e,c,a,a,d,v,1,8,8,m,,ppl,,,,,4,,,,ok,p\n", row);
    put("metrics.csv", csv.text);
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EFORMAT, words);
    if (strstr(err.text, "metrics.csv: ") == NULL)
        fail_msg("\"%s\" does not name the file", err.text);
    lx_buf_free(&csv);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,4x,,,,ok,p",
               "line 3: value: must be a finite number, got '4x'");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,nan,,,,ok,p", "line 3: value: must be a finite");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,1e999,,,,ok,p", "line 3: value: must be a finite");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,0x10,,,,ok,p", "line 3: value: must be a finite");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,,,,,ok,p", "line 3: value: must be a finite");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,4,,,,diverged,p", "line 3: value: must be empty");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,ppl,,,,,4,,,,fine,p", "line 3: status: must be ok, ");
    refuse_row("e,c,a,a,d,v,1,8,0,m,,ppl,,,,,4,,,,ok,p", "line 3: eval_length: must be a whole");
    refuse_row("e,c,a,a,d,v,1,8,9999999999,m,,ppl,,,,,4,,,,ok,p", "line 3: eval_length: ");
    refuse_row("e,c,a,a,d,v,1,-8,8,m,,ppl,,,,,4,,,,ok,p", "line 3: train_length: ");
    refuse_row("e,c,a,a,d,v,one,8,16,m,,ppl,,,,,4,,,,ok,p", "line 3: seed: must be a whole");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,nll,,,4,4,4,,,,ok,p", "line 3: position_hi: must be above");
    refuse_row("e,c,a,a,d,v,1,8,16,m,,nll,,,4,,4,,,,ok,p", "line 3: position_hi: must be above");
    refuse_row("e,c,a,a,,v,1,8,16,m,,ppl,,,,,4,,,,ok,p", "line 3: dataset: must not be empty");
    refuse_row("e,c,a,a,d,v,1,8,8,m,,ppl,,,,,5,,,,ok,p",
               "lines 2 and 3 are the same observation (c, ppl)");
    refuse_row("e,other,a,a,d,v,1,8,8,m,,ppl,,,,,5,,,,ok,p",
               "lines 2 and 3 differ in their cell only (c, other)");
}

static void test_refused_files(void **state)
{
    const struct lx_report_options o = {.no_plots = true};
    struct lx_buf csv = {0};
    (void)state;
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EDATA, "metrics.csv: no such file");
    put("metrics.csv", HEADER);
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EFORMAT, "metrics.csv: has no rows");
    put("metrics.csv", "experiment,cell\ne,c\n");
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EFORMAT,
                "metrics.csv: the column 'encoding' is missing");
    lx_buf_printf(&csv, "%se,c,a,a,d,v,1,8,8,m,,nll,,,,,4,,,,ok,p\n", HEADER);
    put("metrics.csv", csv.text);
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_EFORMAT,
                "has no rows of the metric ppl");
    copy_fixture("metrics.csv");
    put("train.csv", "cell,step,tokens,lr,train_nll,grad_norm\nalpha-1,0,0,1,x,1\n");
    CHECK_FAILS(lx_report_make(folder, NULL, NULL, &err), LX_EFORMAT,
                "train.csv: line 2: train_nll: ");
    put("config.json", "{");
    CHECK_FAILS(lx_report_make(folder, &o, NULL, &err), LX_ECONFIG, "config.json");
    lx_buf_free(&csv);
}

/* Every cell diverged: tables say so, and there is nothing to draw. */
static void test_nothing_finite(void **state)
{
    struct lx_buf csv = {0}, md = {0};
    char path[256];
    (void)state;
    lx_buf_printf(&csv, "%se,c,a,a,d,v,1,8,8,m,,ppl,,,,,,,,,diverged,p\n", HEADER);
    put("metrics.csv", csv.text);
    CHECK_OK(lx_report_make(folder, NULL, NULL, &err));
    (void)snprintf(path, sizeof(path), "%s/table.md", folder);
    CHECK_OK(lx_fs_read(path, &md, &err));
    assert_non_null(strstr(md.text, "| a        | diverged |"));
    assert_false(exists("plots/ppl_vs_length.gp"));
    lx_buf_free(&csv);
    lx_buf_free(&md);
}

/* A sweep puts its values behind the id of the config; the config still orders the names. */
static void test_sweep_order(void **state)
{
    static const char *const NAMES[] = {"a[lr=1]", "a[lr=2]", "ab", "b", "zz"};
    static const char *const ORDER[] = {"b", "a[lr=1]", "a[lr=2]", "ab", "zz"};
    const char config_text[] = "{\"encodings\": [\"b\", \"zz2\", {\"id\": \"a\"}]}";
    struct lx_buf csv = {0};
    struct lx_rows rows = {0};
    struct lx_study s = {0};
    struct lx_json *config = NULL;
    char path[256];
    (void)state;
    lx_buf_add(&csv, HEADER);
    for (int i = 0; i < 5; i++)
        lx_buf_printf(&csv, "e,c%d,\"%s\",\"%s\",d,v,1,8,8,m,,ppl,,,,,4,,,,ok,p\n", i, NAMES[i],
                      NAMES[i]);
    put("metrics.csv", csv.text);
    (void)snprintf(path, sizeof(path), "%s/metrics.csv", folder);
    CHECK_OK(lx_json_parse(config_text, strlen(config_text), "c", &config, &err));
    CHECK_OK(lx_rows_read(path, &rows, &err));
    CHECK_OK(lx_study_make(&s, &rows, config, &err));
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(s.series[i].label, ORDER[i]);
    lx_study_free(&s);
    lx_json_free(config);
    lx_buf_free(&csv);
}

/* The table of names grows many times over and loses nothing. */
static void test_many_names(void **state)
{
    struct lx_intern names = {0};
    static char text[5000][16];
    int id;
    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) {
            (void)snprintf(text[i], sizeof(text[i]), "n%d", i);
            CHECK_OK(lx_intern_add(&names, text[i], &id, &err));
            assert_int_equal(id, i);
        }
    assert_int_equal(names.n, 5000);
    assert_int_equal(lx_intern_find(&names, "n4999"), 4999);
    assert_int_equal(lx_intern_find(&names, "n5000"), -1);
    lx_intern_free(&names);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_report)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_stats),
    cmocka_unit_test(test_groups),
    cmocka_unit_test(test_ratio),
    cmocka_unit_test(test_number),
    cmocka_unit_test(test_log_tics),
    cmocka_unit_test(test_styles_differ),
    cmocka_unit_test(test_many_names),
    IN_FOLDER(test_tables),
    IN_FOLDER(test_rates),
    IN_FOLDER(test_hostile_names),
    IN_FOLDER(test_figures),
    IN_FOLDER(test_gnuplot_missing),
    IN_FOLDER(test_gnuplot_fails),
    IN_FOLDER(test_gnuplot_idle),
    IN_FOLDER(test_axis_is_capped),
    IN_FOLDER(test_refusals),
    IN_FOLDER(test_refused_files),
    IN_FOLDER(test_nothing_finite),
    IN_FOLDER(test_sweep_order),
};

CHECK_MAIN(tests)
