/* The output formats of the gate on hostile names, and that an update is whole or not at all. */
#define _XOPEN_SOURCE 700

#include <signal.h>
#include <sys/resource.h>

#include "compare/compare_report.h"
#include "compare_rig.h"
#include "json/json.h"

/* ---------------------------------------------------------------------- formats */

/* Markup of all four formats, a quote, control characters, broken and odd UTF-8. */
static const char HOSTILE[] =
    "x,c,\"]]><&'|`\x1b[2J\n\xff\xef\xbf\xbe\xc2\x9b\xc3\xa9\"\"{\\\",\"]]><&'|`\x1b["
    "2J\n\xff\xef\xbf\xbe"
    "\xc2\x9b\xc3\xa9\"\"{\\\",\"--><b>\",valid,1,4,8,last,2,nll,,,,,%s,,64,8,ok,\"<p>\"\n";

static struct lx_buf written(const struct lx_comparison *c, const char *format, bool update)
{
    struct lx_buf out = {0};
    assert_non_null(lx_compare_format_find(format));
    CHECK_OK(lx_compare_format_find(format)->write(c, update, &out, &err));
    return out;
}

static struct lx_comparison hostile(void)
{
    char old_rows[512], new_rows[512];
    (void)snprintf(old_rows, sizeof(old_rows), HOSTILE, "2");
    (void)snprintf(new_rows, sizeof(new_rows), HOSTILE, "3");
    return compare(old_rows, new_rows, &NONE);
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

/* A small reader of the XML that is written: declaration, elements that nest, attributes, entities,
 * allowed characters. Fails the test otherwise; returns the number of elements. */
static size_t check_xml(const char *s)
{
    char open[16][32];
    size_t depth = 0, elements = 0;
    assert_int_equal(strncmp(s, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", 39), 0);
    s = strchr(s, '\n') + 1;
    while (*s) {
        assert_true((unsigned char)*s >= 0x20 || *s == '\n');
        if (*s == '&') {
            assert_true(strncmp(s, "&amp;", 5) == 0 || strncmp(s, "&lt;", 4) == 0 ||
                        strncmp(s, "&gt;", 4) == 0 || strncmp(s, "&quot;", 6) == 0);
        }
        if (*s != '<') {
            assert_true(*s != '>');
            s++;
            continue;
        }
        bool closing = s[1] == '/';
        s += 1 + closing;
        size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz-");
        assert_true(len > 0 && len < 32);
        if (closing) {
            assert_true(depth-- > 0);
            assert_true(strlen(open[depth]) == len && strncmp(open[depth], s, len) == 0);
            s += len;
            assert_true(*s++ == '>');
            continue;
        }
        assert_true(depth < 16);
        (void)snprintf(open[depth++], 32, "%.*s", (int)len, s);
        elements++;
        for (s += len; *s == ' ';) {
            size_t name = strspn(++s, "abcdefghijklmnopqrstuvwxyz");
            assert_true(name > 0 && s[name] == '=' && s[name + 1] == '"');
            s += name + 2;
            size_t value = strcspn(s, "\"<\n");
            assert_true(s[value] == '"');
            for (size_t i = 0; i < value; i++)
                assert_true((unsigned char)s[i] >= 0x20 &&
                            (s[i] != '&' || memchr(s + i, ';', value - i) != NULL));
            s += value + 1;
        }
        if (*s == '/') {
            depth--;
            s++;
        }
        assert_true(*s++ == '>');
    }
    assert_int_equal(depth, 0);
    return elements;
}

static void test_junit(void **state)
{
    (void)state;
    struct lx_comparison c = hostile();
    struct lx_buf out = written(&c, "junit", false);
    assert_int_equal(check_xml(out.text), 8); /* suites, suite, properties, 3, case, failure */
    assert_non_null(strstr(out.text, "tests=\"1\" failures=\"1\""));
    assert_non_null(strstr(out.text,
                           "name=\"]]&gt;&lt;&amp;'|`\\x1b[2J\\x0a\\xff\\xef\\xbf\\xbe"
                           "\\xc2\\x9b\xc3\xa9&quot;{\\, --&gt;&lt;b&gt;/valid, 4 -&gt; 8,"
                           " last/2, nll\""));
    assert_non_null(strstr(out.text,
                           "<failure type=\"worse\" message=\"worse: 2 -&gt; 3 (+1, +50%; "
                           "band 0)\"/>"));
    lx_buf_free(&out);
    lx_compare_free(&c);
    /* what passes says what happened, but is no failure */
    c = compare(NLL("1", "2", ""), NLL("1", "1", ""), &NONE);
    out = written(&c, "junit", false);
    assert_int_equal(check_xml(out.text), 8);
    assert_non_null(strstr(out.text, "failures=\"0\""));
    assert_non_null(
        strstr(out.text, "<system-out>better: 2 -&gt; 1 (-1, -50%; band 0)</system-out>"));
    lx_buf_free(&out);
    lx_compare_free(&c);
}

static void test_json(void **state)
{
    (void)state;
    struct lx_comparison c = hostile();
    struct lx_buf out = written(&c, "json", false);
    struct lx_json *root = NULL;
    CHECK_OK(lx_json_parse(out.text, out.len, "json", &root, &err));
    const struct lx_json *key = lx_json_first(lx_json_find(root, "keys"));
    assert_false(lx_json_bool(lx_json_find(root, "passed")));
    assert_int_equal(lx_json_count(lx_json_find(root, "keys")), 1);
    assert_string_equal(lx_json_text(lx_json_find(key, "verdict")), "worse");
    assert_string_equal(lx_json_text(lx_json_find(key, "dataset")), "--><b>");
    assert_non_null(strstr(lx_json_text(lx_json_find(key, "encoding")), "]]><&'|`\x1b[2J\n"));
    CHECK_NEAR(lx_json_number(lx_json_find(lx_json_find(key, "new"), "value")), 3, 0);
    CHECK_NEAR(lx_json_number(lx_json_find(key, "change")), 1, 0);
    assert_null(lx_json_find(key, "stderr")); /* unknown: left out */
    CHECK_NEAR(lx_json_number(lx_json_find(lx_json_find(root, "count"), "worse")), 1, 0);
    lx_json_free(root);
    lx_buf_free(&out);
    lx_compare_free(&c);
}

static void test_text(void **state)
{
    (void)state;
    struct lx_comparison c = hostile();
    struct lx_buf out = written(&c, "text", false);
    assert_null(strchr(out.text, '\x1b'));
    assert_null(strchr(out.text, '\xff'));
    assert_non_null(strstr(out.text, "worse (1):\n  ]]><&'|`\\x1b[2J\\x0a\\xff"));
    assert_non_null(strstr(out.text,
                           "  2 -> 3 (+1, +50%; band 0)\n\n1 key: 1 worse\nFAIL: find the "
                           "change that did it; "));
    lx_buf_free(&out);
    out = written(&c, "markdown", false);
    assert_null(strchr(out.text, '\x1b'));
    /* one table: heading, rule and one row of ten cells */
    const char *row = strstr(out.text, "| \\]\\]\\>");
    assert_non_null(row);
    assert_int_equal(count_of(row, "\n"), 3); /* the row, a blank line, the outcome */
    assert_int_equal(count_of(row, "|") - count_of(row, "\\|"), 11);
    assert_non_null(strstr(out.text, "### Extrapolation curves: FAIL\n"));
    lx_buf_free(&out);
    lx_compare_free(&c);
}

/* Improvements are apart, what is within the band is counted only, an update lists that too. */
static void test_sections(void **state)
{
    (void)state;
    const struct lx_compare_options o = {.metrics = "nll", .abs = 0.1, .allow_extra = true};
    struct lx_comparison c =
        compare(ROW("a", "1", "nll", "2", "", "ok") ROW("b", "1", "nll", "2", "", "ok")
                    ROW("c", "1", "nll", "2", "", "ok") ROW("d", "1", "nll", "2", "", "ok"),
                ROW("a", "1", "nll", "2", "", "ok") ROW("b", "1", "nll", "1", "", "ok")
                    ROW("c", "1", "nll", "2.05", "", "ok") ROW("d", "1", "nll", "", "", "diverged")
                        ROW("e", "1", "nll", "2", "", "ok"),
                &o);
    struct lx_buf out = written(&c, "text", false);
    assert_non_null(
        strstr(out.text, "\nworse (1):\n  d, d/valid, 4 -> 8, last/2, nll  2 -> diverged\n"));
    assert_non_null(strstr(out.text, "\nnot in the baseline (1, not a failure):\n"
                                     "  1 encoding: e (1 key)\n"));
    assert_non_null(strstr(out.text, "\nbetter (1, not a failure):\n  b, "));
    assert_null(strstr(out.text, "  a, "));
    assert_null(strstr(out.text, "  c, "));
    assert_non_null(strstr(out.text, "5 keys: 1 equal, 1 within the band, 1 better, "
                                     "1 not in the baseline, 1 worse\nFAIL: find "));
    lx_buf_free(&out);
    out = written(&c, "text", true);
    assert_non_null(strstr(out.text,
                           "\nchanged within the band (1):\n  c, d/valid, 4 -> 8, last/2, "
                           "nll  2 -> 2.05 (+0.05, +2.5%; band 0.1)\n"));
    assert_null(strstr(out.text, "FAIL"));
    lx_buf_free(&out);
    lx_compare_free(&c);
}

/* The largest change first, each relative to its baseline; a lost number before all. */
static void test_sorted(void **state)
{
    (void)state;
    struct lx_comparison c =
        compare(ROW("a", "1", "nll", "2", "", "ok") ROW("b", "1", "nll", "8", "", "ok")
                    ROW("c", "1", "nll", "2", "", "ok") ROW("d", "1", "nll", "2", "", "ok"),
                ROW("a", "1", "nll", "2.5", "", "ok") ROW("b", "1", "nll", "9", "", "ok")
                    ROW("c", "1", "nll", "4", "", "ok") ROW("d", "1", "nll", "", "", "diverged"),
                &NONE);
    struct lx_buf out = written(&c, "text", false);
    const char *a = strstr(out.text, "  a, "), *b = strstr(out.text, "  b, ");
    const char *third = strstr(out.text, "  c, "), *lost = strstr(out.text, "  d, ");
    assert_true(lost < third && third < a && a < b);
    lx_buf_free(&out);
    lx_compare_free(&c);
}

#define AT_LENGTH "x,c,e%d,e%d,d,valid,1,4,%d,last,2,nll,,,,,2,,64,8,ok,p1\n"
#define OF_VALUE "x,c,e%02d,e%02d,d,valid,1,4,8,last,2,nll,,,,,%d,,64,8,ok,p1\n"

/* What one side lacks as a whole is named as a whole; what is left is listed. */
static void test_groups(void **state)
{
    struct lx_buf old = {0}, new = {0};
    (void)state;
    for (int e = 0; e < 10; e++)
        for (int length = 8; length <= 32; length *= 2) {
            lx_buf_printf(&old, AT_LENGTH, e, e, length);
            if (e >= 8 && !(e == 8 && length == 16))
                lx_buf_printf(&new, AT_LENGTH, e, e, length);
        }
    struct lx_comparison c = compare(old.text, new.text, &NONE);
    struct lx_buf out = written(&c, "text", false);
    assert_non_null(strstr(out.text,
                           "\nmissing (25):\n  8 encodings: e0, e1, e2, e3, e4, e5, e6, e7 "
                           "(24 keys)\n  e8, d/valid, 4 -> 16, last/2, nll  2 -> -\n"));
    assert_non_null(strstr(out.text, "\nFAIL: finish the run that lacks keys"));
    lx_buf_free(&out);
    out = written(&c, "markdown", false);
    assert_non_null(strstr(out.text, "- 8 encodings: e0, "));
    assert_non_null(strstr(out.text, "| e8 | d/valid | 4 | 16 |"));
    lx_buf_free(&out);
    lx_compare_free(&c);
    c = compare(new.text, old.text, &NONE);
    out = written(&c, "text", false);
    assert_non_null(strstr(out.text, "\nnot in the baseline (25):\n  8 encodings: "));
    assert_non_null(strstr(out.text, "\nFAIL: --allow-extra lets new keys pass"));
    lx_buf_free(&out);
    lx_compare_free(&c);
    lx_buf_free(&old);
    lx_buf_free(&new);
}

/* Nothing in common is said once, with what differs, and not as lists of all keys. */
static void test_disjoint(void **state)
{
    (void)state;
    struct lx_comparison c =
        compare("x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n"
                "x,c,b,b,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
                "x,c,a,a,other,valid,1,4,16,last,2,nll,,,,,2,,64,8,ok,p1\n", &NONE);
    struct lx_buf out = written(&c, "text", false);
    assert_non_null(strstr(out.text, "\nno key in common:\n  datasets: d/valid -> other/valid\n"
                                     "  evaluation lengths: 8 -> 16\n\n3 keys: "));
    assert_null(strstr(out.text, "missing ("));
    assert_non_null(strstr(out.text, "\nFAIL: no key in common: run the config of the baseline"));
    lx_buf_free(&out);
    out = written(&c, "markdown", false);
    assert_non_null(
        strstr(out.text, "**no key in common**\n\n- datasets: d/valid -\\> other/valid\n"));
    lx_buf_free(&out);
    lx_compare_free(&c);
}

/* Many lines of one verdict are cut, but not where all is to be accepted. */
static void test_cut(void **state)
{
    struct lx_buf old = {0}, new = {0};
    (void)state;
    for (int e = 0; e < 60; e++) {
        lx_buf_printf(&old, OF_VALUE, e, e, 2);
        lx_buf_printf(&new, OF_VALUE, e, e, 3);
    }
    struct lx_comparison c = compare(old.text, new.text, &NONE);
    struct lx_buf out = written(&c, "text", false);
    assert_int_equal(count_of(out.text, " last/2, nll  "), 50);
    assert_non_null(strstr(out.text, "  ... and 10 more: --format json has all\n"));
    lx_buf_free(&out);
    out = written(&c, "text", true);
    assert_int_equal(count_of(out.text, " last/2, nll  "), 60);
    lx_buf_free(&out);
    lx_compare_free(&c);
    lx_buf_free(&old);
    lx_buf_free(&new);
}

/* What differs between the configs is said setting by setting; names, claims and seeds change nothing. */
static void test_settings(void **state)
{
    static const char OLD[] =
        "{\"name\": \"a\", \"train\": {\"lr\": 0.01, \"steps\": 3}, \"seeds\": [1],"
        " \"encodings\": [{\"id\": \"x\", \"stack\": [{\"name\": \"rope\", "
        "\"base\": 100}]}, {\"id\": \"y\"}], \"claims\": []}";
    static const char NEW[] =
        "{\"name\": \"b\", \"train\": {\"lr\": 0.02, \"steps\": 3}, \"seeds\": [1, 2],"
        " \"encodings\": [{\"id\": \"z\"}, {\"id\": \"x\", \"stack\": [{\"name\": "
        "\"rope\", \"base\": 500}]}], \"claims\": [1]}";
    char dir[2][96], path[300];
    struct lx_comparison c;
    struct lx_buf out;
    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(dir[i], sizeof(dir[i]), "%s/%d", folder, i);
        CHECK_OK(lx_fs_mkdir(dir[i], &err));
        (void)snprintf(path, sizeof(path), "%s/metrics.csv", dir[i]);
        put(path, NLL("1", "2", ""));
        (void)snprintf(path, sizeof(path), "%s/config.json", dir[i]);
        CHECK_OK(lx_fs_write(path, i ? NEW : OLD, strlen(i ? NEW : OLD), &err));
    }
    CHECK_OK(lx_compare_make(dir[0], false, dir[1], &NONE, &c, &err));
    out = written(&c, "text", false);
    assert_non_null(strstr(out.text, "\nconfig: differs\n  train.lr: 0.01 -> 0.02\n"
                                     "  seeds: [1] -> [1,2]\n"
                                     "  encodings.x.stack.rope.base: 100 -> 500\n"
                                     "  encodings.y: {\"id\":\"y\"} -> not given\n"
                                     "  encodings.z: not given -> {\"id\":\"z\"}\n"));
    lx_buf_free(&out);
    lx_compare_free(&c);
    /* a config that cannot be read explains nothing, and fails nothing */
    CHECK_OK(lx_fs_write(path, "{", 1, &err));
    CHECK_OK(lx_compare_make(dir[0], false, dir[1], &NONE, &c, &err));
    out = written(&c, "text", false);
    assert_non_null(strstr(out.text, "\nconfig: not known of both sides\n"));
    lx_buf_free(&out);
    lx_compare_free(&c);
    for (int i = 0; i < 2; i++)
        CHECK_OK(lx_fs_remove_folder(dir[i], &err));
}

/* The last line says what to do. */
static void test_advice(void **state)
{
    static const struct {
        const char *old, *new, *last;
        bool exact, update;
    } cases[] = {
        {NLL("1", "2", ""), NLL("1", "2", ""), "\nPASS: nothing to do\n", false, false},
        {NLL("1", "2", ""), NLL("1", "1.9", ""), "\nPASS: --update makes ", false, false},
        {NLL("1", "2", ""), NLL("1", "1.9", ""), "\nFAIL: numbers became better ", true, false},
        {NLL("1", "2", ""), NLL("1", "-1", ""), "\nFAIL: numbers that cannot be: ", false, false},
        {NLL("1", "2", ""), NLL("1", "3", ""), "\nUPDATE: NEW becomes the baseline\n", false, true},
        {NLL("1", "2", ""), "x,c,a,a,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p2\n",
         "\nFAIL: measured under other rules: ", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct lx_compare_options o = {.metrics = "nll", .exact = cases[i].exact};
        struct lx_comparison c = compare(cases[i].old, cases[i].new, &o);
        struct lx_buf out = written(&c, "text", cases[i].update);
        const char *last = strstr(out.text, cases[i].last);
        assert_non_null(last);
        assert_int_equal(count_of(last + 1, "\n"), 1);
        lx_buf_free(&out);
        lx_compare_free(&c);
    }
}

/* A baseline of one seed tells no scatter: a gain over it is no gain yet, and both formats say why, and what
 * to do. 12% with a standard error of 2% over the text is far from ten of them. */
static void test_one_seed(void **state)
{
    static const struct {
        const char *old, *new, *last;
        size_t suspicious, lone;
    } cases[] = {
        {NLL("1", "2", "0.04"), NLL("1", "1.76", "0.04"),
         "PASS: but the baseline has one seed, and a gain", 1, 1},
        {NLL("1", "2", "0.04"), NLL("1", "2.01", "0.04"),
         "PASS: nothing to do, but a baseline of three seeds or more would tell", 0, 1},
        {NLL("1", "2", "0.04"), NLL("1", "2.5", "0.04"), "FAIL: find the change that did it", 0, 1},
        {NLL("1", "2", "") NLL("2", "2.1", ""), NLL("1", "1.9", "") NLL("2", "2.05", ""),
         "PASS: ", 0, 0},
    };
    struct lx_compare_options o = {.metrics = "nll"};

    (void)state;
    assert_true(lx_compare_preset("curves", &o));
    o.metrics = "nll";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const char *const formats[] = {"text", "markdown"};
        struct lx_comparison c = compare(cases[i].old, cases[i].new, &o);

        assert_int_equal(c.count[LX_VERDICT_SUSPICIOUS], cases[i].suspicious);
        assert_int_equal(c.lone, cases[i].lone);
        for (int f = 0; f < 2; f++) {
            struct lx_buf out = written(&c, formats[f], false);

            assert_non_null(strstr(out.text, cases[i].last));
            assert_int_equal(strstr(out.text, "\nseeds: the baseline has one, so nothing") != NULL,
                             cases[i].lone > 0);
            lx_buf_free(&out);
        }
        lx_compare_free(&c);
    }
}

/* ----------------------------------------------------------------------- update */

static void check_file(const char *path, const char *rows)
{
    struct lx_buf got = {0}, want = {0};
    CHECK_OK(lx_fs_read(path, &got, &err));
    lx_buf_printf(&want, "%s%s", HEADER, rows);
    assert_string_equal(got.text, want.text);
    lx_buf_free(&got);
    lx_buf_free(&want);
}

static enum lx_code count_one(void *ctx, const char *name)
{
    (void)name;
    ++*(int *)ctx;
    return LX_OK;
}

/* The baseline gets the rows a gate looks at, of all metrics, byte by byte as they stand in NEW. */
static void test_update(void **state)
{
    (void)state;
    const char *kept = "x,c,\"a,\"\"b\",a,d,valid,1,4,8,last,2,nll,,,,,2.50,,64,8,ok,p1\n";
    const char *dropped = "x,c,a,a,d,valid,1,4,8,last,2,nll,0,,,,9,,64,8,ok,p1\n";
    const char *ppl = ROW("a", "1", "ppl", "9", "", "ok");
    char rows[1024], want[1024];
    (void)snprintf(rows, sizeof(rows), "%s%s%s", kept, dropped, ppl);
    (void)snprintf(want, sizeof(want), "%s%s", kept, ppl);
    struct lx_comparison c = compare(NLL("1", "2", ""), rows, &NONE);
    assert_int_equal(c.n, 2); /* nll alone is compared */
    CHECK_OK(lx_compare_update(&c, &err));
    check_file(old_path, want);
    lx_compare_free(&c);
    /* again: nothing changes, and no temporary file is left */
    CHECK_OK(lx_compare_make(old_path, true, new_path, &NONE, &c, &err));
    assert_int_equal(c.failures, 0);
    CHECK_OK(lx_compare_update(&c, &err));
    check_file(old_path, want);
    lx_compare_free(&c);
    int files = 0;
    CHECK_OK(lx_fs_list(folder, count_one, &files, &err));
    assert_int_equal(files, 2);
}

static void test_update_creates(void **state)
{
    char path[160], made[192];
    struct lx_comparison c;
    (void)state;
    put(new_path, NLL("1", "2", ""));
    (void)snprintf(path, sizeof(path), "%s/base/line", folder);
    (void)snprintf(made, sizeof(made), "%s/metrics.csv", path);
    CHECK_OK(lx_compare_make(path, true, new_path, &NONE, &c, &err));
    assert_int_equal(c.count[LX_VERDICT_EXTRA], 1);
    CHECK_OK(lx_compare_update(&c, &err));
    check_file(made, NLL("1", "2", ""));
    lx_compare_free(&c);
    assert_int_equal(unlink(made), 0);
    assert_int_equal(rmdir(path), 0);
    (void)snprintf(path, sizeof(path), "%s/base", folder);
    assert_int_equal(rmdir(path), 0);
}

/* The config of the new rows is kept beside them, and one that is not theirs goes. */
static void test_update_keeps_the_config(void **state)
{
    static const char CONFIG[] = "{\"train\": {\"lr\": 0.01}}\n";
    char of_new[160], of_old[160];
    struct lx_buf got = {0};
    (void)state;
    struct lx_comparison c = compare(NLL("1", "2", ""), NLL("1", "3", ""), &NONE);
    (void)snprintf(of_new, sizeof(of_new), "%s/new.config.json", folder);
    (void)snprintf(of_old, sizeof(of_old), "%s/old.config.json", folder);
    CHECK_OK(lx_fs_write(of_new, CONFIG, strlen(CONFIG), &err));
    CHECK_OK(lx_compare_update(&c, &err));
    CHECK_OK(lx_fs_read(of_old, &got, &err));
    assert_string_equal(got.text, CONFIG);
    CHECK_OK(lx_fs_remove(of_new, &err));
    CHECK_OK(lx_compare_update(&c, &err));
    assert_false(lx_fs_exists(of_old));
    lx_buf_free(&got);
    lx_compare_free(&c);
}

/* A write that fails leaves the old baseline whole and nothing beside it. The file size limit makes
 * it fail in the middle; the signal that comes with it is ignored. */
static void test_update_fails(void **state)
{
    (void)state;
    char huge[4096] = "";
    for (int i = 0; i < 20; i++) {
        char row[160];
        (void)snprintf(row, sizeof(row), "x,c,e%d,e,d,valid,1,4,8,last,2,nll,,,,,2,,64,8,ok,p1\n",
                       i);
        strncat(huge, row, sizeof(huge) - strlen(huge) - 1);
    }
    struct lx_comparison c = compare(NLL("1", "2", ""), huge, &NONE);
    struct rlimit was, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 512;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum lx_code code = lx_compare_update(&c, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(code, LX_EIO);
    check_file(old_path, NLL("1", "2", ""));
    int files = 0;
    CHECK_OK(lx_fs_list(folder, count_one, &files, &err));
    assert_int_equal(files, 2);
    /* also where the config was already written: rows and config belong together */
    char of_old[160], of_new[160];
    struct lx_buf got = {0};
    (void)snprintf(of_old, sizeof(of_old), "%s/old.config.json", folder);
    (void)snprintf(of_new, sizeof(of_new), "%s/new.config.json", folder);
    CHECK_OK(lx_fs_write(of_old, "{\"of\": 1}", 9, &err));
    CHECK_OK(lx_fs_write(of_new, "{\"of\": 2}", 9, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    code = lx_compare_update(&c, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(code, LX_EIO);
    CHECK_OK(lx_fs_read(of_old, &got, &err));
    assert_string_equal(got.text, "{\"of\": 1}");
    lx_buf_free(&got);
    lx_compare_free(&c);
}

/* The results of a run are a record, not a baseline. */
static void test_update_refuses_results(void **state)
{
    char runs[96];
    (void)state;
    (void)snprintf(runs, sizeof(runs), "%s/runs.csv", folder);
    put(runs, "");
    struct lx_comparison c = compare(NLL("1", "2", ""), NLL("1", "3", ""), &NONE);
    CHECK_FAILS(lx_compare_update(&c, &err), LX_EUSAGE, "belongs to the results of a run");
    check_file(old_path, NLL("1", "2", ""));
    lx_compare_free(&c);
}

static const struct CMUnitTest tests[] = {
    IN_FOLDER(test_junit),
    IN_FOLDER(test_json),
    IN_FOLDER(test_text),
    IN_FOLDER(test_sections),
    IN_FOLDER(test_sorted),
    IN_FOLDER(test_groups),
    IN_FOLDER(test_disjoint),
    IN_FOLDER(test_cut),
    IN_FOLDER(test_settings),
    IN_FOLDER(test_advice),
    IN_FOLDER(test_one_seed),
    IN_FOLDER(test_update_keeps_the_config),
    IN_FOLDER(test_update),
    IN_FOLDER(test_update_creates),
    IN_FOLDER(test_update_fails),
    IN_FOLDER(test_update_refuses_results),
};

CHECK_MAIN(tests)
