/* report.html: well-formed whatever the names are, its numbers those of the metrics, equal bytes from
 * equal folders, and the sentences it says. */
#include <unistd.h>

#include "json/json.h"
#include "report/report.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"
#include "tests/unit/page_check.h"

static struct lx_err err;
static const struct lx_report_options tables_only = {.no_plots = true};

static void put(const char *name, const char *text)
{
    CHECK_OK(lx_fs_write(path_of(name), text, strlen(text), &err));
}

static void make_page(struct lx_buf *out)
{
    lx_buf_clear(out);
    CHECK_OK(lx_report_make(folder, &tables_only, NULL, &err));
    CHECK_OK(lx_fs_read(path_of("report.html"), out, &err));
}

static const char head[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

/* Rows of one scheme: perplexities `low` at 64 and `high` at 512, a little apart from seed to seed. */
static void add_scheme(struct lx_buf *rows, const char *name, int seeds, double low, double high)
{
    for (int seed = 1; seed <= seeds; seed++)
        for (int k = 0; k < 2; k++)
            lx_buf_printf(
                rows,
                "\"e\",%.9s%d,\"%s\",\"%s\",d,valid,%d,64,%d,nonoverlapping,,ppl,,,,,%.9g,,"
                "4096,8,ok,p\n",
                "c", (int)(rows->len % 100000), name, name, seed, k == 0 ? 64 : 512,
                (k == 0 ? low : high) + 0.01 * seed);
}

static void put_rows(const struct lx_buf *rows)
{
    CHECK_OK(lx_buf_check(rows, &err));
    put("metrics.csv", rows->text);
}

static void a_page_is_well_formed(void **state)
{
    static const char *const kept[] = {"metrics.csv", "train.csv", "config.json"};
    struct lx_buf page = {0}, again = {0};
    char from[128];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(from, sizeof(from), "harness/tests/fixtures/report/%s", kept[i]);
        CHECK_OK(lx_fs_read(from, &page, &err));
        put(kept[i], page.text);
    }
    make_page(&page);
    assert_true(page_check(page.text) > 100);
    make_page(&again);
    assert_string_equal(page.text, again.text);
    lx_buf_free(&page);
    lx_buf_free(&again);
}

/* Markup, ends of scripts, quotes, entities, controls and broken UTF-8 as names: all of it stays text. */
static void names_never_become_markup(void **state)
{
    static const char *const names[] = {"<img src=x onerror=alert(1)>",
                                        "</script><script>alert(2)</script>",
                                        "<!--",
                                        "a' onclick='alert(3)",
                                        "\"\" onclick=\"\"alert(4)",
                                        "&lt;&amp;&nosuch",
                                        "]]>\\u003c\\\\\"\"",
                                        "\xc3\x28\x01\x7f",
                                        "\xf0\x9f\xa6\x84 caf\xc3\xa9"};
    struct lx_buf rows = {0}, page = {0};

    (void)state;
    lx_buf_add(&rows, head);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        add_scheme(&rows, names[i], 2, 4, 5 + (double)i);
    put_rows(&rows);
    put("config.json",
        "{\"name\": \"</pre><script>alert(5)</script>\", \"claims\": [{\"id\": \"c\", \"text\": "
        "\"</td><b onclick=x>\", \"source\": \"http://example.org/<i>\", \"op\": \"<\", \"left\": "
        "{\"encoding\": \"<!--\", \"length\": 512}, \"right\": {\"length\": 64}}]}");
    make_page(&page);
    (void)page_check(page.text);
    assert_null(strstr(page.text, "<img"));
    assert_null(strstr(page.text, "<script>alert"));
    assert_non_null(strstr(page.text, "\xf0\x9f\xa6\x84 caf\xc3\xa9"));
    assert_non_null(strstr(page.text, "&#60;img src=x onerror=alert(1)&#62;"));
    lx_buf_free(&rows);
    lx_buf_free(&page);
}

/* The numbers that the script draws from are the means of the study. */
static void numbers_are_those_of_the_metrics(void **state)
{
    struct lx_buf rows = {0}, page = {0};
    struct lx_json *data = NULL;
    const struct lx_json *curve;
    const char *from, *to;
    int n = 0;

    (void)state;
    lx_buf_add(&rows, head);
    add_scheme(&rows, "first", 3, 4, 1234.5678);
    add_scheme(&rows, "second", 3, 3.25, 3.5);
    put_rows(&rows);
    make_page(&page);
    from = strstr(page.text, "id=\"data\">");
    assert_non_null(from);
    from += strlen("id=\"data\">");
    to = strstr(from, "</script>");
    CHECK_OK(lx_json_parse(from, (size_t)(to - from), "data", &data, &err));
    curve = lx_json_first(lx_json_find(data, "charts"));
    curve = lx_json_first(lx_json_find(curve, "c"));
    for (; curve != NULL; curve = lx_json_next(curve), n++) {
        static const double want[2][2] = {{4.02, 1234.5878}, {3.27, 3.52}};
        const struct lx_json *y = lx_json_first(lx_json_find(curve, "y"));
        int s = (int)lx_json_number(lx_json_find(curve, "s"));

        CHECK_NEAR(lx_json_number(y), want[s][0], 1e-4 * want[s][0]);
        CHECK_NEAR(lx_json_number(lx_json_next(y)), want[s][1], 1e-4 * want[s][1]);
        CHECK_NEAR(lx_json_number(lx_json_find(curve, "n")), 3, 0);
    }
    assert_int_equal(n, 2);
    lx_json_free(data);
    lx_buf_free(&rows);
    lx_buf_free(&page);
}

/* Student's t of three seeds 0.01 apart: 4.302653 * 0.01 / sqrt 3 = 0.0248. */
static void sentences_say_what_the_numbers_are(void **state)
{
    struct lx_buf rows = {0}, page = {0};

    (void)state;
    lx_buf_add(&rows, head);
    add_scheme(&rows, "flat", 3, 4, 4.01);
    add_scheme(&rows, "twin", 3, 4, 4.01);
    add_scheme(&rows, "bent", 3, 3, 3.3);
    add_scheme(&rows, "broken", 3, 3, 30);
    put_rows(&rows);
    make_page(&page);
    assert_non_null(strstr(page.text, "<b>bent</b> is best at 8x: 3.32 [3.30, 3.34] "));
    assert_non_null(strstr(page.text, "<li>2 of 4 within 2% of their perplexity at the training "
                                      "length, at 8x: flat, twin.</li>"));
    assert_non_null(strstr(page.text, "training length: broken (from 8x)"));
    lx_buf_clear(&rows);
    lx_buf_add(&rows, head);
    add_scheme(&rows, "flat", 1, 4, 4.01);
    add_scheme(&rows, "bent", 1, 3, 3.3);
    put_rows(&rows);
    make_page(&page);
    assert_non_null(strstr(page.text, "best at 8x: 3.31 (one seed, no interval)"));
    lx_buf_free(&rows);
    lx_buf_free(&page);
}

/* Forty schemes: the eight best and those of claims are shown at first, and the page stays small. */
static void a_large_study_begins_with_its_best(void **state)
{
    struct lx_buf rows = {0}, page = {0};
    size_t on = 0;

    (void)state;
    lx_buf_add(&rows, head);
    for (int i = 0; i < 40; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "s%02d", i);
        add_scheme(&rows, name, 3, 4, 5 + i);
    }
    put_rows(&rows);
    put("config.json",
        "{\"claims\": [{\"id\": \"c\", \"text\": \"t\", \"source\": \"s\", \"op\": \"<\", "
        "\"left\": {\"encoding\": \"s39\", \"length\": 512}, \"right\": {\"length\": 64}}]}");
    make_page(&page);
    (void)page_check(page.text);
    for (const char *at = page.text; (at = strstr(at, "aria-pressed=\"true\"")) != NULL; at++)
        on++;
    assert_int_equal(on, 9);
    assert_true(page.len < 500000);
    lx_buf_free(&rows);
    lx_buf_free(&page);
}

/* A study of rates: its figure is on the page, with a curve and a button for each encoding. */
static void rates_are_on_the_page(void **state)
{
    struct lx_buf rows = {0}, page = {0}, config = {0};

    (void)state;
    lx_buf_add(&rows, head);
    lx_buf_add(&config, "{\"encodings\": [");
    for (int i = 0; i < 6; i++) {
        char name[24];

        (void)snprintf(name, sizeof(name), "%s-lr-%g", i < 3 ? "flat" : "bent",
                       0.25 * (1 << i % 3));
        lx_buf_printf(&config, "%s{\"id\": \"%s\", \"name\": \"%s\", \"lr\": %g}",
                      i > 0 ? ", " : "", name, name, 0.25 * (1 << i % 3));
        for (int length = 64; length <= 512; length *= 8)
            lx_buf_printf(&rows,
                          "e,c%d,%s,%s,d,valid,1,64,%d,last,,nll,,,,,%g,,4096,8,ok,p\n"
                          "e,c%d,%s,%s,d,valid,1,64,%d,last,,ppl,,,,,%g,,4096,8,ok,p\n",
                          i, name, name, length, 1.5 + 0.1 * i, i, name, name, length, 4.5 + i);
    }
    lx_buf_add(&config, "]}");
    CHECK_OK(lx_buf_check(&config, &err));
    put("config.json", config.text);
    put_rows(&rows);
    make_page(&page);
    (void)page_check(page.text);
    assert_true(lx_fs_exists(path_of("tune.csv")));
    assert_non_null(
        strstr(page.text, "<b>NLL by learning rate: d, trained at 64 tokens: NLL at 8x"));
    assert_non_null(
        strstr(page.text, "<button type=\"button\" data-s=\"7\" aria-pressed=\"true\">"));
    assert_null(strstr(page.text, "data-s=\"8\""));
    assert_non_null(strstr(page.text, "{\"s\":7,\"y\":[1.8,1.9,2]"));
    lx_buf_free(&rows);
    lx_buf_free(&config);
    lx_buf_free(&page);
}

/* Put a study into a folder of the folder. */
static void put_study(const char *name, const char *config, const struct lx_buf *rows)
{
    char path[200];

    CHECK_OK(lx_fs_mkdir(path_of(name), &err));
    (void)snprintf(path, sizeof(path), "%s/config.json", name);
    put(path, config);
    (void)snprintf(path, sizeof(path), "%s/metrics.csv", name);
    CHECK_OK(lx_buf_check(rows, &err));
    put(path, rows->text);
}

/* One page over folders with all that a name may hold, one that cannot be read, and one without results. */
static void an_index_shows_every_study(void **state)
{
    static const char config[] =
        "{\"notes\": [\"Does <i>bent</i> hold?\", \"Asked \\u0026 "
        "answered\"], \"claims\": [{\"id\": \"c\", \"text\": \"t\", \"source\": \"s\", \"op\": "
        "\"<\", \"left\": {\"encoding\": \"bent\", \"length\": 512}, \"right\": {\"encoding\": "
        "\"flat\", \"length\": 512}}]}";
    struct lx_buf rows = {0}, page = {0};

    (void)state;
    lx_buf_add(&rows, head);
    add_scheme(&rows, "flat", 3, 4, 4.01);
    add_scheme(&rows, "bent", 3, 3, 3.3);
    put_study("b&\"x#?%<i>", config, &rows);
    put("b&\"x#?%<i>/report.html", "x");
    put_study("a", "{\"name\": \"a\"}", &rows);
    put_study("c", config, &rows);
    put("c/table.md", "x");
    put("c/claims.md", "x");
    lx_buf_clear(&rows);
    lx_buf_add(&rows, "no,metrics\n");
    put_study("broken<", "{}", &rows);
    CHECK_OK(lx_fs_mkdir(path_of("empty"), &err));
    CHECK_OK(lx_report_index(folder, &err));
    CHECK_OK(lx_fs_read(path_of("index.html"), &page, &err));
    assert_true(page_check_all(page.text, true) > 50);
    assert_non_null(strstr(page.text, "<p>4 studies.</p>"));
    assert_non_null(
        strstr(page.text, "href=\"./b%26%22x%23%3F%25%3Ci%3E/report.html\">e</a></h2>"));
    assert_null(strstr(page.text, "href=\"./a/"));
    assert_non_null(strstr(page.text, "href=\"./c/claims.md\">"));
    assert_non_null(strstr(page.text, "makes it. The link is to claims.md.</p>"));
    assert_non_null(
        strstr(page.text, "<p>Does &#60;i&#62;bent&#60;/i&#62; hold?</p>\n<p>Asked &#38;"));
    assert_non_null(
        strstr(page.text, "bent, 3.32 at 8x</td><td>1 claim: 1 holds, 0 fail, 0 undec"));
    assert_non_null(strstr(page.text, "bent, 3.32 at 8x</td><td>no claims</td>"));
    assert_non_null(strstr(page.text, "broken&#60;</a></th><td>\xe2\x80\x93</td>"));
    assert_null(strstr(page.text, "empty"));
    lx_buf_free(&rows);
    lx_buf_free(&page);
}

static void an_index_of_nothing_is_refused(void **state)
{
    (void)state;
    CHECK_OK(lx_fs_mkdir(path_of("empty"), &err));
    CHECK_FAILS(lx_report_index(folder, &err), LX_EDATA, "no folder in it holds results");
    assert_false(lx_fs_exists(path_of("index.html")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {TEST(a_page_is_well_formed),
                                          TEST(names_never_become_markup),
                                          TEST(numbers_are_those_of_the_metrics),
                                          TEST(sentences_say_what_the_numbers_are),
                                          TEST(a_large_study_begins_with_its_best),
                                          TEST(rates_are_on_the_page),
                                          TEST(an_index_shows_every_study),
                                          TEST(an_index_of_nothing_is_refused)};

CHECK_MAIN(tests)
