/* Option tables: defaults, every kind of wrong value with its whole message, write-back that reads
 * back, schema and help. */
#include <limits.h>

#include "check.h"
#include "text/nearest.h"
#include "text/options.h"

struct sample {
    int layers, mode;
    double base, scale;
    bool shared;
    const char *file, *note;
};

static const struct lx_option table[] = {
    {.key = "layers",
     .type = LX_OPT_INT,
     .offset = offsetof(struct sample, layers),
     .def = 4,
     .min = 1,
     .max = 64,
     .help = "number of blocks"},
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct sample, base),
     .def = 10000,
     .min = 0,
     .max = (double)INFINITY,
     .flags = LX_OPT_OPEN_MIN,
     .help = "base of the angles"},
    {.key = "scale",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct sample, scale),
     .def = (double)NAN,
     .min = -1,
     .max = 1,
     .help = "factor"},
    {.key = "shared",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct sample, shared),
     .def = 1,
     .help = "one table for all"},
    {.key = "file",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct sample, file),
     .flags = LX_OPT_REQUIRED,
     .help = "where it is"},
    {.key = "note",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct sample, note),
     .text = "none",
     .help = "free text"},
    {.key = "mode",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct sample, mode),
     .def = 1,
     .text = "clamp|wrap|interpolate",
     .help = "past the end"},
    {.type = LX_OPT_END},
};

static const char *const extra[] = {"stack", "evaluate_as", NULL};

static struct lx_err err;

static struct lx_json *json(const char *text)
{
    struct lx_json *root;

    CHECK_OK(lx_json_parse(text, strlen(text), "t", &root, &err));
    return root;
}

static void refuse(const char *text, const char *path, const char *want)
{
    struct lx_arena arena = {0};
    struct lx_json *root = json(text);
    struct sample s;

    assert_int_equal(lx_options_parse(table, root, path, extra, &s, &arena, &err), LX_ECONFIG);
    assert_string_equal(err.text, want);
    assert_int_equal(err.code, LX_ECONFIG);
    lx_arena_free(&arena);
    lx_json_free(root);
}

static void test_defaults(void **state)
{
    struct sample s;

    (void)state;
    memset(&s, 0xA5, sizeof(s));
    lx_options_default(table, &s);
    assert_int_equal(s.layers, 4);
    CHECK_NEAR(s.base, 10000, 0);
    assert_true(isnan(s.scale));
    assert_true(s.shared);
    assert_null(s.file);
    assert_string_equal(s.note, "none");
    assert_int_equal(s.mode, 1);
}

static void test_values(void **state)
{
    struct lx_arena arena = {0};
    struct lx_json *root =
        json("{\"layers\": 3.0, \"base\": 1e-3, \"scale\": -1, \"shared\": false,"
             "\"file\": \"a b\", \"mode\": \"interpolate\", \"stack\": []}");
    struct sample s;

    (void)state;
    CHECK_OK(lx_options_parse(table, root, "x", extra, &s, &arena, &err));
    lx_json_free(root);
    assert_int_equal(s.layers, 3);
    CHECK_NEAR(s.base, 1e-3, 0);
    CHECK_NEAR(s.scale, -1, 0);
    assert_false(s.shared);
    assert_string_equal(s.file, "a b"); /* lives on without the document */
    assert_string_equal(s.note, "none");
    assert_int_equal(s.mode, 2);
    lx_arena_free(&arena);
}

static void test_bounds(void **state)
{
    (void)state;
    refuse("{\"layers\": 0}", "encodings[2]", "encodings[2].layers: must be at least 1, got 0");
    refuse("{\"layers\": 65}", "model", "model.layers: must be at most 64, got 65");
    refuse("{\"layers\": 3.5}", "model", "model.layers: must be a whole number, got 3.5");
    refuse("{\"layers\": 3000000000}", "m", "m.layers: must be at most 64, got 3000000000");
    refuse("{\"layers\": -1e300}", "m", "m.layers: must be at least 1, got -1e300");
    refuse("{\"base\": 0}", "m", "m.base: must be greater than 0, got 0");
    refuse("{\"base\": -2}", "m", "m.base: must be greater than 0, got -2");
    refuse("{\"scale\": 1.0000001}", "", "scale: must be at most 1, got 1.0000001");
    refuse("{\"scale\": -1.5}", "", "scale: must be at least -1, got -1.5");
}

/* A number counts as the float that it becomes. */
static void test_rounding(void **state)
{
    static const struct lx_option ratio[] = {
        {"ratio", LX_OPT_REAL, 0, 2, 1, 9, NULL, "factor above 1", LX_OPT_OPEN_MIN},
        {.type = LX_OPT_END},
    };
    struct lx_json *root = NULL;
    double x;

    (void)state;
    if (sizeof(real) == sizeof(double))
        return;
    refuse("{\"base\": 1e-50}", "m",
           "m.base: must be a number that a float tells from 0, got 1e-50");
    refuse("{\"base\": 1e39}", "m", "m.base: must be a number that a float holds, got 1e39");
    refuse("{\"scale\": -1e-50}", "m",
           "m.scale: must be a number that a float tells from 0, got -1e-50");
    CHECK_OK(lx_json_parse("{\"ratio\": 1.00000001}", 21, "j", &root, &err));
    CHECK_FAILS(lx_options_parse(ratio, root, "m", NULL, &x, NULL, &err), LX_ECONFIG,
                "m.ratio: must be greater than 1 when rounded to a float, got 1.00000001");
    lx_json_free(root);
}

static void test_int_range(void **state)
{
    static const struct lx_option wide[] = {
        {.key = "n", .type = LX_OPT_INT, .min = -(double)INFINITY, .max = (double)INFINITY},
        {.type = LX_OPT_END},
    };
    struct lx_json *root = json("{\"n\": 2147483647}");
    int n;

    (void)state;
    CHECK_OK(lx_options_parse(wide, root, "", NULL, &n, NULL, &err));
    assert_int_equal(n, INT_MAX);
    CHECK_OK(lx_json_set(root, "n", "-2147483648", &err));
    CHECK_OK(lx_options_parse(wide, root, "", NULL, &n, NULL, &err));
    assert_int_equal(n, INT_MIN);
    CHECK_OK(lx_json_set(root, "n", "2147483648", &err));
    CHECK_FAILS(lx_options_parse(wide, root, "", NULL, &n, NULL, &err), LX_ECONFIG,
                "n: must be at most 2147483647, got 2147483648");
    CHECK_OK(lx_json_set(root, "n", "-2147483649", &err));
    CHECK_FAILS(lx_options_parse(wide, root, "", NULL, &n, NULL, &err), LX_ECONFIG,
                "n: must be at least -2147483648, got -2147483649");
    lx_json_free(root);
}

static void test_types(void **state)
{
    (void)state;
    refuse("{\"layers\": \"4\"}", "model", "model.layers: must be a whole number, got \"4\"");
    refuse("{\"layers\": null}", "model", "model.layers: must be a whole number, got null");
    refuse("{\"base\": []}", "model", "model.base: must be a number, got an array");
    refuse("{\"base\": true}", "model", "model.base: must be a number, got true");
    refuse("{\"shared\": 1}", "model", "model.shared: must be true or false, got a number");
    refuse("{\"file\": {}}", "model", "model.file: must be a string, got an object");
    refuse("{\"mode\": 1}", "model",
           "model.mode: must be one of clamp, wrap, interpolate, got a number");
    refuse("[]", "model", "model: must be an object, got an array");
    refuse("3", "", "must be an object, got a number");
}

static void test_names(void **state)
{
    (void)state;
    refuse("{\"mode\": \"wrp\"}", "m",
           "m.mode: must be one of clamp, wrap, interpolate, got \"wrp\" (did you mean \"wrap\"?)");
    refuse("{\"mode\": \"zzzz\"}", "m",
           "m.mode: must be one of clamp, wrap, interpolate, got \"zzzz\"");
    refuse("{\"bas\": 1}", "encodings[2]",
           "encodings[2]: unknown key \"bas\" (did you mean \"base\"?)");
    refuse("{\"Layers\": 1}", "m", "m: unknown key \"Layers\" (did you mean \"layers\"?)");
    refuse("{\"evaluate-as\": 1}", "m",
           "m: unknown key \"evaluate-as\" (did you mean \"evaluate_as\"?)");
    refuse("{\"qqq\": 1}", "m", "m: unknown key \"qqq\"");
    refuse("{\"qqq\": 1}", "", "unknown key \"qqq\"");
}

static void test_required(void **state)
{
    struct lx_arena arena = {0};
    struct sample s;

    (void)state;
    refuse("{\"layers\": 2}", "dataset", "dataset.file: required, but missing");
    refuse("{}", "", "file: required, but missing");
    CHECK_FAILS(lx_options_parse(table, NULL, "d", NULL, &s, &arena, &err), LX_ECONFIG,
                "d.file: required, but missing");
    lx_arena_free(&arena);
}

static void test_write_reads_back(void **state)
{
    struct lx_arena arena = {0};
    struct lx_buf out = {0}, again = {0};
    struct lx_json_writer w = {.out = &out}, w2 = {.out = &again};
    struct lx_json *root = json("{\"file\": \"f\", \"base\": 0.1, \"mode\": \"clamp\"}");
    struct sample s;

    (void)state;
    CHECK_OK(lx_options_parse(table, root, "x", NULL, &s, &arena, &err));
    lx_json_free(root);
    lx_json_open_object(&w, NULL);
    lx_options_write(table, &s, &w);
    lx_json_close_object(&w);
    assert_string_equal(out.text, "{\"layers\":4,\"base\":0.1,\"shared\":true,\"file\":\"f\","
                                  "\"note\":\"none\",\"mode\":\"clamp\"}");
    root = json(out.text);
    CHECK_OK(lx_options_parse(table, root, "x", NULL, &s, &arena, &err));
    lx_json_open_object(&w2, NULL);
    lx_options_write(table, &s, &w2);
    lx_json_close_object(&w2);
    assert_string_equal(again.text, out.text);
    lx_json_free(root);
    lx_buf_free(&out);
    lx_buf_free(&again);
    lx_arena_free(&arena);
}

/* An option that came later is written only where it says something. */
static void test_later_options(void **state)
{
    struct later {
        int old, late;
        bool flag;
    };
    static const struct lx_option both[] = {
        {.key = "old",
         .type = LX_OPT_INT,
         .def = 2,
         .max = 9,
         .offset = offsetof(struct later, old)},
        {.key = "late",
         .type = LX_OPT_INT,
         .def = 3,
         .max = 9,
         .offset = offsetof(struct later, late),
         .flags = LX_OPT_LATER},
        {.key = "flag",
         .type = LX_OPT_BOOL,
         .def = 1,
         .offset = offsetof(struct later, flag),
         .flags = LX_OPT_LATER},
        {.type = LX_OPT_END},
    };
    static const char *const given[] = {"{}", "{\"late\": 3, \"flag\": true}", "{\"late\": 4}",
                                        "{\"flag\": false}"};
    static const char *const want[] = {"{\"old\":2}", "{\"old\":2}", "{\"old\":2,\"late\":4}",
                                       "{\"old\":2,\"flag\":false}"};

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct lx_arena arena = {0};
        struct lx_buf out = {0};
        struct lx_json_writer w = {.out = &out};
        struct lx_json *root = json(given[i]);
        struct later s;

        CHECK_OK(lx_options_parse(both, root, "x", NULL, &s, &arena, &err));
        lx_json_open_object(&w, NULL);
        lx_options_write(both, &s, &w);
        lx_json_close_object(&w);
        assert_string_equal(out.text, want[i]);
        lx_json_free(root);
        lx_buf_free(&out);
        lx_arena_free(&arena);
    }
}

/* Lists of numbers and maps of named settings. */
struct nested {
    struct lx_numbers list;
    struct lx_map map;
    double late;
};

struct inner {
    int count;
    struct lx_numbers init;
};

static const struct lx_option inner_table[] = {
    {.key = "count",
     .type = LX_OPT_INT,
     .offset = offsetof(struct inner, count),
     .def = 1,
     .min = 1,
     .max = 9,
     .help = "how many"},
    {.key = "init",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct inner, init),
     .min = -1,
     .max = 1,
     .help = "first values"},
    {.type = LX_OPT_END},
};

static const struct lx_map_entry inner_entry = {inner_table, sizeof(struct inner)};

static const struct lx_option nested_table[] = {
    {.key = "list",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct nested, list),
     .min = 0,
     .max = 10,
     .help = "a list",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "map",
     .type = LX_OPT_MAP,
     .offset = offsetof(struct nested, map),
     .text = &inner_entry,
     .help = "by name"},
    {.key = "late",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct nested, late),
     .def = 0.5,
     .max = 1,
     .help = "came later",
     .flags = LX_OPT_LATER},
    {.type = LX_OPT_END},
};

static void test_nested_round_trip(void **state)
{
    static const char *const given[] = {
        "{}", "{\"list\": 3}", "{\"list\": [1, 2.5]}",
        "{\"map\": {\"b\": {\"init\": [0, 1]}, \"c\": {}, \"a\": {\"count\": 2}}, \"late\": 0.25}"};
    static const char *const want[] = {"{}", "{\"list\":[3]}", "{\"list\":[1,2.5]}",
                                       "{\"map\":{\"a\":{\"count\":2},\"b\":{\"count\":1,"
                                       "\"init\":[0,1]},\"c\":{\"count\":1}},\"late\":0.25}"};

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const char *text = given[i];

        for (int pass = 0; pass < 2; pass++) { /* what is written is taken, and written alike */
            struct lx_arena arena = {0};
            struct lx_buf out = {0};
            struct lx_json_writer w = {.out = &out};
            struct lx_json *root = json(text);
            struct nested s;

            CHECK_OK(lx_options_parse(nested_table, root, "x", NULL, &s, &arena, &err));
            lx_json_open_object(&w, NULL);
            lx_options_write(nested_table, &s, &w);
            lx_json_close_object(&w);
            assert_string_equal(out.text, want[i]);
            text = want[i];
            lx_json_free(root);
            lx_buf_free(&out);
            lx_arena_free(&arena);
        }
    }
}

static void test_nested_errors(void **state)
{
    static const char *const cases[][2] = {
        {"{\"list\": []}", "x.list: must not be empty"},
        {"{\"list\": \"3\"}", "x.list: must be a list of numbers, got \"3\""},
        {"{\"list\": 0}", "x.list: must be greater than 0, got 0"},
        {"{\"list\": [1, 11]}", "x.list[1]: must be at most 10, got 11"},
        {"{\"list\": [1, true]}", "x.list[1]: must be a number, got true"},
        {"{\"map\": [1]}", "x.map: must be an object, got an array"},
        {"{\"map\": {\"r\": 1}}", "x.map.r: must be an object, got a number"},
        {"{\"map\": {\"r\": {\"count\": 0}}}", "x.map.r.count: must be at least 1, got 0"},
        {"{\"map\": {\"r\": {\"init\": [2]}}}", "x.map.r.init[0]: must be at most 1, got 2"},
        {"{\"map\": {\"r\": {\"cuont\": 2}}}", "x.map.r: unknown key \"cuont\" (did you mean"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_arena arena = {0};
        struct lx_json *root = json(cases[i][0]);
        struct nested s;

        CHECK_FAILS(lx_options_parse(nested_table, root, "x", NULL, &s, &arena, &err), LX_ECONFIG,
                    cases[i][1]);
        lx_json_free(root);
        lx_arena_free(&arena);
    }
}

static void test_nested_words(void **state)
{
    struct lx_buf out = {0}, help = {0};
    struct lx_json_writer w = {.out = &out};

    (void)state;
    lx_json_open_object(&w, NULL);
    lx_options_schema(nested_table, &w);
    lx_json_close_object(&w);
    assert_non_null(strstr(out.text,
                           "\"list\":{\"type\":[\"number\",\"array\"],\"exclusiveMinimum\":0,"
                           "\"maximum\":10,\"items\":{\"type\":\"number\","));
    assert_non_null(strstr(out.text,
                           "\"additionalProperties\":{\"type\":\"object\",\"properties\":{"
                           "\"count\":{\"type\":\"integer\""));
    lx_options_help(nested_table, &help);
    assert_non_null(strstr(help.text, "\n      count  whole"));
    lx_buf_free(&out);
    lx_buf_free(&help);
}

static void test_schema(void **state)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};

    (void)state;
    lx_json_open_object(&w, NULL);
    lx_options_schema(table, &w);
    lx_json_close_object(&w);
    assert_string_equal(
        out.text,
        "{\"layers\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":64,\"default\":4,"
        "\"description\":\"number of blocks\"},"
        "\"base\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"default\":10000,"
        "\"description\":\"base of the angles\"},"
        "\"scale\":{\"type\":\"number\",\"minimum\":-1,\"maximum\":1,\"description\":\"factor\"},"
        "\"shared\":{\"type\":\"boolean\",\"default\":true,"
        "\"description\":\"one table for all\"},"
        "\"file\":{\"type\":\"string\",\"description\":\"where it is\"},"
        "\"note\":{\"type\":\"string\",\"default\":\"none\",\"description\":\"free text\"},"
        "\"mode\":{\"type\":\"string\",\"enum\":[\"clamp\",\"wrap\",\"interpolate\"],"
        "\"default\":\"wrap\",\"description\":\"past the end\"}}");
    lx_buf_free(&out);
}

static void test_help(void **state)
{
    struct lx_buf out = {0};

    (void)state;
    lx_options_help(table, &out);
    assert_string_equal(
        out.text, "  layers  whole       4         1..64                     number of blocks\n"
                  "  base    number      10000     > 0                       base of the angles\n"
                  "  scale   number      unset     -1..1                     factor\n"
                  "  shared  true/false  true      -                         one table for all\n"
                  "  file    text        required  -                         where it is\n"
                  "  note    text        none      -                         free text\n"
                  "  mode    choice      wrap      clamp, wrap, interpolate  past the end\n");
    lx_buf_free(&out);
}

static void test_choice_name(void **state)
{
    const struct lx_option *mode = &table[6];
    char name[32];

    (void)state;
    lx_option_choice_name(mode, 0, name, sizeof(name));
    assert_string_equal(name, "clamp");
    lx_option_choice_name(mode, 2, name, sizeof(name));
    assert_string_equal(name, "interpolate");
    lx_option_choice_name(mode, 3, name, sizeof(name));
    assert_string_equal(name, "?");
    lx_option_choice_name(mode, -1, name, sizeof(name));
    assert_string_equal(name, "?");
}

static void test_nearest(void **state)
{
    static const char *const names[] = {"length", "batch_tokens", "steps", "lr", "weight_decay"};
    static const struct {
        const char *got, *want;
    } cases[] = {
        {"lenght", "length"},
        {"batchtokens", "batch_tokens"},
        {"step", "steps"},
        {"LR", "lr"},
        {"l", NULL},
        {"weight-decay", "weight_decay"},
        {"Learning_Rate", "lr"},
        {"seq_len", "length"},
        {"epochs", "steps"},
        {"hidden_size", NULL}, /* d_model is not among the names */
        {"wei", "weight_decay"},
        {"stpes", "steps"},
        {"lx", "lr"},
        {"temperature", NULL},
        {"", NULL},
        {"we", NULL},
    };
    char longest[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *near = lx_nearest(cases[i].got, names, 5);

        if (cases[i].want == NULL)
            assert_null(near);
        else
            assert_string_equal(near != NULL ? near : "nothing", cases[i].want);
    }
    memset(longest, 'l', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(lx_nearest(longest, names, 5));
}

/* Words of others come before spelling, and only for names that are there. */
static void test_words_of_others(void **state)
{
    static const char *const names[] = {"sine_table", "sink", "row_table", "rows"};
    static const struct lx_word words[] = {{"sin", "sine_table"},  {"no_row", "rows"},
                                           {"table", "row_table"}, {"table", "sine_table"},
                                           {"gone", "nothing"},    {NULL, NULL}};
    static const struct {
        const char *got, *want;
    } cases[] = {
        {"sin", "x: unknown \"sin\" (did you mean \"sine_table\"?)"},
        {"No-Row", "x: unknown \"No-Row\" (did you mean \"rows\"?)"},
        {"table", "x: unknown \"table\" (did you mean \"row_table\" or \"sine_table\"?)"},
        {"sinc", "x: unknown \"sinc\" (did you mean \"sink\"?)"},
        {"gone", "x: unknown \"gone\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)lx_fail_unknown_word(&err, LX_ECONFIG, cases[i].got, words, names, 4, "x: unknown");
        assert_string_equal(err.text, cases[i].want);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_defaults),
    cmocka_unit_test(test_values),
    cmocka_unit_test(test_bounds),
    cmocka_unit_test(test_rounding),
    cmocka_unit_test(test_int_range),
    cmocka_unit_test(test_types),
    cmocka_unit_test(test_names),
    cmocka_unit_test(test_required),
    cmocka_unit_test(test_write_reads_back),
    cmocka_unit_test(test_nested_round_trip),
    cmocka_unit_test(test_nested_errors),
    cmocka_unit_test(test_nested_words),
    cmocka_unit_test(test_later_options),
    cmocka_unit_test(test_schema),
    cmocka_unit_test(test_help),
    cmocka_unit_test(test_choice_name),
    cmocka_unit_test(test_nearest),
    cmocka_unit_test(test_words_of_others),
};

CHECK_MAIN(tests)
