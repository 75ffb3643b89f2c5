/* How figures look: a colour for each name, bands, and PDFs that are the same bytes at any time. */
#include <sys/stat.h>
#include <unistd.h>

#include "plot/gnuplot.h"
#include "plot/plot.h"
#include "plot/style.h"
#include "study/stats.h"
#include "system/fs.h"
#include "tests/unit/check.h"

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

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/lx-looks-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return lx_fs_remove_folder(folder, &err) != LX_OK;
}

static const char *path_of(const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
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

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(colors_go_by_name),
    cmocka_unit_test(no_two_look_alike),
    cmocka_unit_test(bands_are_intervals_from_five_seeds_on),
    IN_FOLDER(the_date_of_a_pdf_is_always_the_same),
};

CHECK_MAIN(tests)
