/* How figures look: a colour for each name, bands, and PDFs that are the same bytes at any time. */
#include <sys/stat.h>
#include <unistd.h>

#include "figure/figure_parts.h"
#include "figure/gnuplot.h"
#include "figure/style.h"
#include "plot/plot.h"
#include "stats/stats.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static struct lx_err err;

/* Whichever encodings a study has and in whichever order, each has its colour, and no two look alike. */
static void colors_go_by_name(void **state)
{
    static const char *const most[] = {"alibi", "rope",       "t5",       "sinusoidal",
                                       "nope",  "kerple_log", "sandwich", "rope+alibi"};
    enum { N = sizeof(most) / sizeof(most[0]) };
    struct lx_series there[N] = {{0}}, back[N] = {{0}};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        there[i].look = lx_style_look(most[i], there, i);
        back[i].look = lx_style_look(most[N - 1 - i], back, i);
    }
    for (size_t i = 0; i < N; i++) {
        struct lx_style a = lx_style_of(there[i].look, 0);

        assert_string_equal(a.color, lx_style_of(back[N - 1 - i].look, 0).color);
        for (size_t k = 0; k < i; k++) {
            struct lx_style b = lx_style_of(there[k].look, 0);

            if (strcmp(a.color, b.color) == 0 && (i < 7 || strcmp(a.dash, b.dash) == 0))
                fail_msg("%s and %s look alike", most[i], most[k]);
        }
    }
}

/* Forty curves under any names are told apart. */
static void no_two_look_alike(void **state)
{
    struct lx_series s[40] = {{0}};

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "scheme_%zu", i * i);
        s[i].look = lx_style_look(name, s, i);
        for (size_t k = 0; k < i; k++) {
            struct lx_style a = lx_style_of(s[i].look, 0), b = lx_style_of(s[k].look, 0);

            if (strcmp(a.color, b.color) == 0 && strcmp(a.dash, b.dash) == 0 && a.point == b.point)
                fail_msg("curves %zu and %zu look alike", i, k);
        }
    }
}

/* Four seeds: lowest to highest. Five: mean -+ t(4) sd / sqrt(5), t(4) = 2.776445 for 95%. */
static void bands_are_intervals_from_five_seeds_on(void **state)
{
    const double v[] = {1, 2, 3, 4, 5}, wide[] = {1, 1, 1, 1, 40}, half = 2.776445 * sqrt(2.5 / 5);
    struct lx_stats four = lx_stats_of(v, 4), five = lx_stats_of(v, 5), w = lx_stats_of(wide, 5);
    struct lx_point p = {0};

    (void)state;
    lx_plot_band(&four, &p);
    CHECK_NEAR(p.lo, 1, 0);
    CHECK_NEAR(p.hi, 4, 0);
    lx_plot_band(&five, &p);
    CHECK_NEAR(p.lo, 3 - half, 1e-5);
    CHECK_NEAR(p.hi, 3 + half, 1e-5);
    lx_plot_band(&w, &p); /* reaches below 0, where a logarithmic axis has nothing */
    CHECK_NEAR(p.lo, 1, 0);
    assert_true(p.hi > w.mean);
}

/* Shares of 0.9 to 1 have an interval that ends at 1. */
static void bands_of_shares_end_at_one(void **state)
{
    const double v[] = {0.9, 1, 1, 1, 1};
    struct lx_stats stats = lx_stats_of(v, 5);
    struct lx_point point[2] = {{1, stats.mean, 0, 0, 5, 0, LX_ROW_OK},
                                {2, (double)NAN, (double)NAN, (double)NAN, 5, 5, LX_ROW_DIVERGED}};
    struct lx_curve curve = {NULL, point, 2};
    struct lx_panel p = {.curve = &curve, .n_curves = 1};

    (void)state;
    lx_plot_band(&stats, &point[0]);
    assert_true(point[0].hi > 1);
    lx_plot_within(&p, 0, 1);
    CHECK_NEAR(point[0].hi, 1, 0);
    assert_true(point[0].lo > 0.9 && point[0].lo < stats.mean);
    assert_true(isnan(point[1].hi));
}

/* n curves over eight lengths, in one panel or two. */
static void write_figure(size_t n, size_t n_panels, bool paper, struct lx_buf *gp)
{
    static struct lx_series series[40];
    static struct lx_point point[8];
    static struct lx_curve curve[40];
    static char label[40][24];
    const struct lx_tic tics[] = {{1, "1x\n64"}, {1.1, "1.1x\n70"}, {8, "8x\n512"}};
    struct lx_figure f = {.name = "a",
                          .title = "A title",
                          .note = "a note",
                          .legend_title = "at 8x",
                          .n_panels = n_panels};
    struct lx_buf dat = {0};

    for (int i = 0; i < 8; i++)
        point[i] = (struct lx_point){i + 1, 3 + i, 3 + i, 4 + i, 3, 0, LX_ROW_OK};
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(label[i], sizeof(label[i]), "scheme_number_%zu", i);
        series[i] = (struct lx_series){.look = (int)i, .label = label[i]};
        curve[i] = (struct lx_curve){&series[i], point, 8};
    }
    for (size_t k = 0; k < n_panels; k++)
        f.panel[k] = (struct lx_panel){.xlabel = "evaluation length (multiple of the training "
                                                 "length, tokens)",
                                       .ylabel = "perplexity",
                                       .x = LX_AXIS_LOG,
                                       .x_min = 0.9,
                                       .x_max = 9,
                                       .y_cap = (double)NAN,
                                       .mark = (double)NAN,
                                       .tic = tics,
                                       .n_tics = 3,
                                       .symbol_every = 1,
                                       .curve = curve,
                                       .n_curves = n};
    lx_buf_clear(gp);
    CHECK_OK(lx_figure_write(&f, paper, gp, &dat, &err));
    lx_buf_free(&dat);
}

/* Every label at a place on the screen begins and, taken 5.8 pixels a letter, ends on it. */
static void check_words(const struct lx_buf *gp, double width)
{
    for (const char *at = gp->text; (at = strstr(at, "set label 'scheme")) != NULL; at++) {
        const char *quote = strchr(at + 11, '\''), *place = strstr(at, "at screen ");
        double letters = (double)(quote - at - 11), x, y;

        assert_int_equal(sscanf(place, "at screen %lf, screen %lf", &x, &y), 2);
        if (!(x >= 0 && x * width + 5.8 * letters <= width && y > 0.01 && y < 1))
            fail_msg("clipped: %.60s", at);
    }
}

static void paper_is_as_wide_as_columns_of_text(void **state)
{
    struct lx_buf gp = {0};

    (void)state;
    write_figure(4, 1, true, &gp);
    assert_non_null(strstr(gp.text, "pdfcairo size 3.3000in"));
    assert_non_null(strstr(gp.text, "pngcairo size 990,")); /* 300 dots an inch */
    assert_non_null(strstr(gp.text, "DejaVu Sans,8'"));
    assert_non_null(strstr(gp.text, "\n# a note\n")); /* for the caption */
    assert_null(strstr(gp.text, "set label 'A title'"));
    assert_null(strstr(gp.text, "set key at"));
    assert_non_null(strstr(gp.text, "\"evaluation length\\n(multiple")); /* too long for one line */
    assert_null(strstr(gp.text, "1.1x"));                                /* no room beside 1x */
    check_words(&gp, LX_CANVAS_SINGLE);
    write_figure(4, 2, true, &gp);
    assert_non_null(strstr(gp.text, "pdfcairo size 6.9000in"));
    write_figure(40, 1, true, &gp);
    assert_non_null(strstr(gp.text, "pdfcairo size 6.9000in"));
    check_words(&gp, LX_CANVAS_DOUBLE);
    write_figure(4, 1, false, &gp);
    assert_non_null(strstr(gp.text, "set label 'A title'"));
    assert_non_null(strstr(gp.text, "set key at"));
    assert_non_null(strstr(gp.text, "1.1x"));
    lx_buf_free(&gp);
}

/* Draw with a program of this text in the place of gnuplot; the bytes of the PDF. */
static bool draw(const char *program, struct lx_buf *pdf)
{
    char path[400];
    bool found, drawn;

    (void)snprintf(path, sizeof(path), "%s", path_of("fake"));
    CHECK_OK(lx_fs_write(path, program, strlen(program), &err));
    assert_int_equal(chmod(path, 0700), 0);
    CHECK_OK(lx_gnuplot_draw(path, folder, "a", &found, &drawn, &err));
    assert_true(found);
    if (drawn)
        CHECK_OK(lx_fs_read(path_of("a.pdf"), pdf, &err));
    return drawn;
}

#define FAKE "#!/bin/sh\neval \"out=${3#out = }\"\necho svg >\"$out.svg\"\necho png >\"$out.png\"\n"

static void the_date_of_a_pdf_is_always_the_same(void **state)
{
    static const char want[] = "%PDF\0/CreationDate (D:19700101000000Z)\nend\0\n";
    struct lx_buf pdf = {0};

    (void)state;
    assert_true(draw(FAKE "printf '%%PDF\\0/CreationDate (D:20261128022235Z)\\nend\\0\\n' "
                          ">\"$out.pdf\"\n",
                     &pdf));
    assert_int_equal(pdf.len, sizeof(want) - 1);
    assert_memory_equal(pdf.text, want, sizeof(want) - 1);
    assert_true(draw(FAKE "printf '/CreationDate (D:20' >\"$out.pdf\"\n", &pdf)); /* cut off */
    assert_string_equal(pdf.text, "/CreationDate (D:19");
    assert_true(draw(FAKE "printf '/CreationDate (D:' >\"$out.pdf\"\n", &pdf));
    assert_string_equal(pdf.text, "/CreationDate (D:");
    assert_true(draw(FAKE ": >\"$out.pdf\"\n", &pdf));
    assert_int_equal(pdf.len, 0);
    assert_false(draw(FAKE, &pdf)); /* no terminal for it */
    lx_buf_free(&pdf);
}

/* A title that is too long for its figure goes on in a second line; nothing of it is lost. */
static void long_titles_are_broken(void **state)
{
    static const char *const cases[][2] = {
        {"short", "'short'"},
        {"exactly ten", "'exactly'.\"\\n\".'ten'"},
        {"it's one of several lines", "'it''s one'.\"\\n\".'of several'.\"\\n\".'lines'"},
        {"unbreakable-name", "'unbreakabl'.\"\\n\".'e-name'"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
         "'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_buf out = {0};

        lx_figure_title(&out, cases[i][0], 10);
        assert_false(out.failed);
        assert_string_equal(out.text, cases[i][1]);
        lx_buf_free(&out);
    }
}

/* Nothing but zeros, as of a task that nobody learned, is drawn on an axis that can be read, with one zero. */
static void zeros_have_an_axis(void **state)
{
    struct lx_point zero[2] = {{.x = 1}, {.x = 2}};
    struct lx_curve curve = {.point = zero, .n = 2};
    struct lx_panel panel = {.curve = &curve, .n_curves = 1, .x_min = 1, .x_max = 2};
    struct lx_buf tics = {0};
    double lo, hi;
    bool log_y;

    (void)state;
    lx_figure_range(&panel, &lo, &hi, &log_y);
    assert_false(log_y);
    assert_true(lo < -0.04 && lo > -0.1 && hi > 0.04 && hi < 0.1);
    lx_style_even_tics(lo, hi, &tics);
    assert_string_equal(tics.text, "-0.04, -0.02, 0, 0.02, 0.04");
    lx_buf_clear(&tics);
    lx_style_even_tics(-0.001, 0.04, &tics); /* the first is at zero from below */
    assert_string_equal(tics.text, "0, 0.01, 0.02, 0.03, 0.04");
    lx_buf_free(&tics);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(colors_go_by_name),
    cmocka_unit_test(no_two_look_alike),
    cmocka_unit_test(long_titles_are_broken),
    cmocka_unit_test(zeros_have_an_axis),
    cmocka_unit_test(bands_are_intervals_from_five_seeds_on),
    cmocka_unit_test(bands_of_shares_end_at_one),
    cmocka_unit_test(paper_is_as_wide_as_columns_of_text),
    IN_FOLDER(the_date_of_a_pdf_is_always_the_same),
};

CHECK_MAIN(tests)
