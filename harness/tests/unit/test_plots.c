/* Figures beside other figures: what an earlier report drew does not stay beside what this one writes,
 * what is not ours does, and names from a foreign file make neither files elsewhere nor pictures that
 * cannot be drawn. */
#include <sys/stat.h>
#include <unistd.h>

#include "figure/figure_parts.h"
#include "figure/style.h"
#include "plot/heatmap.h"
#include "plot/plot.h"
#include "report/report.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

static struct lx_err err;

static bool exists(const char *name)
{
    return lx_fs_exists(path_of(name));
}

static void put(const char *name, const char *text)
{
    CHECK_OK(lx_fs_write(path_of(name), text, strlen(text), &err));
}

static void read_file(const char *name, struct lx_buf *out)
{
    CHECK_OK(lx_fs_read(path_of(name), out, &err));
}

/* Two lengths of one encoding in each mode, and an analysis. */
static void put_rows(const char *encoding, const char *const *modes, const char *analysis,
                     const char *status)
{
    struct lx_buf csv = {0};
    bool ok = strcmp(status, "ok") == 0;

    lx_buf_add(&csv, HEADER);
    for (; *modes != NULL; modes++)
        for (int length = 8; length <= 16; length += 8)
            lx_buf_printf(&csv, "e,c,%s,%s,d,v,1,8,%d,%s,,ppl,,,,,%s,,,,%s,p\n", encoding, encoding,
                          length, *modes, ok ? "4" : "", status);
    if (analysis != NULL)
        for (int length = 8; length <= 16; length += 8)
            lx_buf_printf(&csv, "e,c,%s,%s,d,v,1,8,%d,\"%s\",,context_gain,,,,,0.5,,,,ok,p\n",
                          encoding, encoding, length, analysis);
    put("metrics.csv", csv.text);
    lx_buf_free(&csv);
}

static const char *const both[] = {"nonoverlapping", "last", NULL}, *const one[] = {"last", NULL};

/* gnuplot's place is taken by a script that draws at once. */
static const struct lx_report_options *fake_gnuplot(void)
{
    static char program[400];
    static const struct lx_report_options o = {.gnuplot = program};

    put("fake", "#!/bin/sh\neval \"out=${3#out = }\"\n"
                "for kind in svg png pdf; do echo drawn >\"$out.$kind\"; done\n");
    (void)snprintf(program, sizeof(program), "%s", path_of("fake"));
    assert_int_equal(chmod(program, 0700), 0);
    return &o;
}

static void check_figure(const char *name, bool script, bool picture)
{
    static const char *const kinds[] = {"gp", "dat", "svg", "png", "pdf"};

    for (int k = 0; k < 5; k++) {
        char file[200];

        (void)snprintf(file, sizeof(file), "plots/%s.%s", name, kinds[k]);
        if (exists(file) != (k < 2 ? script : picture))
            fail_msg("%s is %s", file, exists(file) ? "there" : "not there");
    }
}

static void what_was_drawn_before_goes(void **state)
{
    const struct lx_report_options *o = fake_gnuplot();

    (void)state;
    put_rows("a", both, "far", "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("ppl_vs_length-nonoverlapping", true, true);
    check_figure("far_gain", true, true);
    put_rows("a", one, NULL, "ok"); /* a mode and the analysis are dropped */
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("ppl_vs_length-nonoverlapping", false, false);
    check_figure("ppl_vs_length-last", false, false);
    check_figure("far_gain", false, false);
    check_figure("ppl_vs_length", true, true);
    put_rows("a", one, NULL, "diverged"); /* nothing is left to draw */
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("ppl_vs_length", false, false);
    assert_false(exists("plots"));
}

static void tables_alone_have_no_old_pictures(void **state)
{
    const struct lx_report_options *o = fake_gnuplot(), tables = {.no_plots = true};

    (void)state;
    put_rows("a", both, "far", "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    put("plots/notes.txt", "mine");
    put("plots/mine.gp", "# Perplexity\n" LX_PLOT_MARK "ppl_vs_length-last.gp\nplot x\n");
    put("plots/short.gp", "plot x");
    put("plots/mine.png", "my picture");
    CHECK_OK(lx_report_make(folder, &tables, NULL, &err));
    check_figure("ppl_vs_length-last", false, false);
    check_figure("far_gain", false, false);
    assert_true(exists("plots/notes.txt") && exists("plots/mine.gp") && exists("plots/mine.png") &&
                exists("plots/short.gp"));
}

/* Without gnuplot the script is new and the picture would be old. */
static void no_picture_of_other_data_stays(void **state)
{
    const struct lx_report_options *o = fake_gnuplot(), none = {.gnuplot = "/nonexistent/gnuplot"};

    (void)state;
    put_rows("a", one, NULL, "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("ppl_vs_length", true, true);
    CHECK_OK(lx_report_make(folder, &none, NULL, &err));
    check_figure("ppl_vs_length", true, false);
}

/* One that has no terminal for PDF draws the rest, and an old PDF goes. */
static void a_gnuplot_without_pdf(void **state)
{
    const struct lx_report_options *o = fake_gnuplot();

    (void)state;
    put_rows("a", one, NULL, "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    assert_true(exists("plots/ppl_vs_length.pdf"));
    put("fake", "#!/bin/sh\neval \"out=${3#out = }\"\n"
                "for kind in svg png; do echo drawn >\"$out.$kind\"; done\n");
    assert_int_equal(chmod(path_of("fake"), 0700), 0);
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    assert_true(exists("plots/ppl_vs_length.svg"));
    assert_false(exists("plots/ppl_vs_length.pdf"));
}

/* The mode of a row is a name in a file that anyone may have written. */
static void names_stay_in_the_folder(void **state)
{
    const struct lx_report_options *o = fake_gnuplot();

    (void)state;
    put_rows("a", one, "../../up", "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("-.-..-up_gain", true, true);
    put_rows("a", one, "..", "ok");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    check_figure("-._gain", true, true);
    check_figure("-.-..-up_gain", false, false);
}

/* Two figures that want one name get one each. */
static void names_are_not_taken_twice(void **state)
{
    struct lx_plot_target to = {.dir = folder};
    struct lx_buf text = {0};
    const char *second;

    (void)state;
    lx_buf_add(&text, "x");
    assert_string_equal(lx_plot_name(&to, "a"), "a");
    CHECK_OK(lx_plot_put(&to, "a", &text, &text, &err));
    second = lx_plot_name(&to, "a");
    assert_string_equal(second, "a-2");
    CHECK_OK(lx_plot_put(&to, second, &text, &text, &err));
    assert_string_equal(lx_plot_name(&to, "a"), "a-3");
    assert_true(exists("a.gp") && exists("a-2.dat"));
    lx_plot_target_free(&to);
    lx_buf_free(&text);
}

/* A merge of some of the cells is told from a whole one wherever its numbers are. */
static void missing_cells_are_said_everywhere(void **state)
{
    static const char *const files[] = {
        "table.md", "table.tex", "claims.md",   "claims.tex",
        "costs.md", "costs.tex", "report.html", "plots/ppl_vs_length.gp"};
    const struct lx_report_options *o = fake_gnuplot();
    struct lx_buf text = {0};

    (void)state;
    put_rows("a", one, NULL, "ok");
    put("config.json",
        "{\"claims\": [{\"id\": \"c\", \"text\": \"t\", \"source\": \"s\", \"op\": \"<\", "
        "\"left\": {\"encoding\": \"a\", \"length\": 8}, \"right\": {\"length\": 16}}]}");
    put("runs.csv", "cell,encoding,dataset,status,cpu,parameters,train_seconds,tokens_per_second,"
                    "eval_seconds,peak_rss_bytes\nc,a,d,ok,X,1,1,1,1,1\n");
    put("partial.json",
        "{\"done\": 4, \"cells\": 16, \"missing\": [{\"id\": \"x\", \"encoding\": \"t5\", "
        "\"dataset\": \"d\", \"seed\": 2}, {\"id\": \"y\", \"encoding\": \"b_c\", "
        "\"dataset\": \"d\", \"seed\": 1}, {\"id\": \"z\", \"encoding\": \"t5\", "
        "\"dataset\": \"d\", \"seed\": 3}]}");
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        read_file(files[i], &text);
        if (strstr(text.text, "PARTIAL: 4 of 16 cells") == NULL)
            fail_msg("%s does not say that cells are missing", files[i]);
        if (i < 7 && strstr(text.text, "Missing: t5 (d: seeds 2, 3), b") == NULL)
            fail_msg("%s does not name the cells that are missing", files[i]);
    }
    lx_buf_clear(&text);
    CHECK_OK(lx_report_make(folder, o, &text, &err));
    assert_non_null(strstr(text.text,
                           "PARTIAL: 4 of 16 cells. Missing: t5 (d: seeds 2, 3), b_c (d: "
                           "seed 1)."));
    CHECK_OK(lx_fs_remove(path_of("partial.json"), &err));
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        read_file(files[i], &text);
        assert_null(strstr(text.text, "PARTIAL"));
    }
    put("partial.json", "{");
    CHECK_FAILS(lx_report_make(folder, o, NULL, &err), LX_EFORMAT, "partial.json");
    lx_buf_free(&text);
}

static double number_after(const char *text, const char *part)
{
    const char *at = strstr(text, part);

    assert_non_null(at);
    return strtod(at + strlen(part), NULL);
}

/* The words over the mark stand 16 pixels above the panel however many curves make it high. */
static void the_mark_keeps_its_distance(void **state)
{
    static const int counts[] = {3, 30, 60};
    const struct lx_report_options *o = fake_gnuplot();

    (void)state;
    for (int c = 0; c < 3; c++) {
        struct lx_buf csv = {0}, gp = {0};
        double height, graph;

        lx_buf_add(&csv, HEADER);
        for (int i = 0; i < counts[c]; i++)
            for (int length = 8; length <= 16; length += 8)
                lx_buf_printf(&csv, "e,c%d,n%d,n%d,d,v,1,8,%d,m,,ppl,,,,,%d,,,,ok,p\n", i, i, i,
                              length, i + 2);
        put("metrics.csv", csv.text);
        CHECK_OK(lx_report_make(folder, o, NULL, &err));
        read_file("plots/ppl_vs_length.gp", &gp);
        height = number_after(strchr(strstr(gp.text, "svg size "), ','), ",");
        graph = number_after(gp.text, "set label 'training length' at first 1, graph ");
        CHECK_NEAR((graph - 1) * (height - 84 - 78), 16, 1);
        lx_buf_free(&csv);
        lx_buf_free(&gp);
    }
}

/* A picture is never wider or higher than gnuplot can draw: 32767 pixels, at twice these. */
static void pictures_have_bounds(void **state)
{
    const struct lx_report_options *o = fake_gnuplot();
    struct lx_buf csv = {0}, gp = {0};
    static char name[5001];

    (void)state;
    memset(name, 'n', 5000);
    lx_buf_add(&csv, HEADER);
    for (int i = 0; i < 900; i++)
        lx_buf_printf(&csv, "e,c%d,\"%.*s[%d]\",\"%.*s[%d]\",d,v,1,8,8,m,,ppl,,,,,%d,,,,ok,p\n", i,
                      i == 0 ? 5000 : 50, name, i, i == 0 ? 5000 : 50, name, i, i + 2);
    put("metrics.csv", csv.text);
    CHECK_OK(lx_report_make(folder, o, NULL, &err));
    read_file("plots/ppl_vs_length.gp", &gp);
    assert_true(number_after(gp.text, "svg size ") < 16000);
    assert_true(number_after(strchr(strstr(gp.text, "svg size "), ','), ",") < 16000);
    lx_buf_free(&csv);
    lx_buf_free(&gp);
}

/* Wide labels of the tics move the panel, not the title of the axis off the page. */
static void titles_have_room(void **state)
{
    (void)state;
    assert_int_equal(lx_style_tic_width(0, 1), 3);
    assert_int_equal(lx_style_tic_width(-0.0003, 0.0001), 7);
    assert_int_equal(lx_style_tic_width(1000, 9000), 4);
}

static void draw(struct lx_applied *row, size_t n, struct lx_buf *gp)
{
    const struct lx_applied_rows rows = {row, n, n};
    enum lx_code code = lx_heatmap_draw(&rows, "it's", path_of("map.png"), &err);

    if (code != LX_OK && strstr(err.text, "gnuplot: not found") == NULL)
        fail_msg("%s", err.text);
    read_file("map.gp", gp);
}

/* One row is a line, numbers of heads are bars; colours are of what the values are. */
static void shapes_and_colors(void **state)
{
    struct lx_applied line[] = {{"bucket", -1, 0, -1, 0}, {"bucket", -1, 1, -1, 1}};
    struct lx_applied bars[] = {
        {"tau", 0, -1, -1, 1}, {"tau", 1, -1, -1, 2}, {"window", -1, -1, -1, 3}};
    struct lx_applied map[] = {{"dist", 0, 0, -1, -2},
                               {"dist", 0, 1, -1, 1},
                               {"dist", 1, 0, -1, 0},
                               {"dist", 1, 1, -1, 0}};
    struct lx_applied below[] = {{"dist", 0, 0, -1, 0},
                                 {"dist", 0, 1, -1, -3},
                                 {"dist", 1, 0, -1, 0},
                                 {"dist", 1, 1, -1, -1}};
    struct lx_applied level[] = {
        {"scale", -1, 0, -1, 2}, {"scale", -1, 1, -1, 2}, {"scale", -1, 2, -1, 2}};
    struct lx_applied nothing[] = {{"dist", 0, 0, -1, 0}, {"dist", 1, 0, -1, 0}};
    struct lx_applied channels[] = {{"value", -1, -1, 0, -1}, {"value", -1, -1, 19, 1}};
    struct lx_applied moved[] = {{"distance", -1, 1, -1, 2}, {"position_embed", -1, 1, -1, 2}};
    struct lx_applied angles[] = {{"rotation", -1, 0, 0, 0}, {"rotation", -1, 0, 2, 1}};
    const struct lx_applied_rows none = {NULL, 0, 0};
    struct lx_buf gp = {0};

    (void)state;
    draw(line, 2, &gp);
    assert_non_null(strstr(gp.text, "with linespoints"));
    assert_null(strstr(gp.text, "with image"));
    assert_non_null(strstr(gp.text, "title 'it''s'"));
    draw(bars, 3, &gp);
    assert_non_null(strstr(gp.text, "with boxes"));
    assert_non_null(strstr(gp.text, "keys a query sees"));
    draw(map, 4, &gp);
    assert_non_null(strstr(gp.text, "set cbrange [-2:2]")); /* signed: white at 0 */
    draw(below, 4, &gp);
    assert_non_null(strstr(gp.text, "set cbrange [-3:0]"));
    draw(level, 3, &gp);
    assert_non_null(strstr(gp.text, "set yrange [1:3]")); /* not blown up */
    draw(nothing, 2, &gp);
    assert_non_null(strstr(gp.text, "set cbrange [-1:1]"));
    draw(channels, 2, &gp);
    assert_non_null(strstr(gp.text, "set xlabel 'channel'"));
    assert_null(strstr(gp.text, "with labels")); /* no room for 20 numbers */
    draw(moved, 2, &gp);
    assert_non_null(strstr(gp.text, "set xlabel 'distance (tokens)'"));
    assert_non_null(strstr(gp.text, "set xlabel 'position (tokens)'"));
    assert_null(strstr(gp.text, "set ylabel 'value'"));
    draw(angles, 2, &gp);
    assert_non_null(strstr(gp.text, "set cbrange [-pi:pi]"));
    CHECK_FAILS(lx_heatmap_draw(&none, "x", path_of("no.png"), &err), LX_EUSAGE, "nothing to draw");
    assert_false(exists("no.gp"));
    lx_buf_free(&gp);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {
    IN_FOLDER(what_was_drawn_before_goes),
    IN_FOLDER(tables_alone_have_no_old_pictures),
    IN_FOLDER(no_picture_of_other_data_stays),
    IN_FOLDER(a_gnuplot_without_pdf),
    IN_FOLDER(names_stay_in_the_folder),
    IN_FOLDER(names_are_not_taken_twice),
    IN_FOLDER(missing_cells_are_said_everywhere),
    IN_FOLDER(the_mark_keeps_its_distance),
    IN_FOLDER(pictures_have_bounds),
    cmocka_unit_test(titles_have_room),
    IN_FOLDER(shapes_and_colors),
};

CHECK_MAIN(tests)
