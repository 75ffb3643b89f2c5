/* Changing and writing JSON: overrides by path (all or nothing), copies, the one canonical text, and
 * numbers with the fewest digits that read back. */
#include "check.h"
#include "json/json.h"

static struct lx_err err;

static struct lx_json *parse(const char *text)
{
    struct lx_json *root;

    CHECK_OK(lx_json_parse(text, strlen(text), "t", &root, &err));
    assert_non_null(root);
    return root;
}

static void check_set(const char *before, const char *path, const char *value, const char *after)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct lx_json *root = parse(before);

    CHECK_OK(lx_json_set(root, path, value, &err));
    lx_json_add_value(&w, NULL, root);
    assert_string_equal(out.text, after);
    lx_buf_free(&out);
    lx_json_free(root);
}

static void test_set(void **state)
{
    (void)state;
    check_set("{\"a\":{\"b\":1,\"c\":2}}", "a.b", "3", "{\"a\":{\"b\":3,\"c\":2}}");
    check_set("{\"a\":{\"b\":1}}", "a", "[1,{\"x\":null}]", "{\"a\":[1,{\"x\":null}]}");
    check_set("{\"a\":[{\"b\":1},{\"b\":2}]}", "a[1].b", "true",
              "{\"a\":[{\"b\":1},{\"b\":true}]}");
    check_set("{\"a\":[[1,2]]}", "a[0][1]", "9", "{\"a\":[[1,9]]}");
    check_set("{}", "name", "books", "{\"name\":\"books\"}");
    check_set("{}", "name", "\"3\"", "{\"name\":\"3\"}");
    check_set("{}", "name", "", "{\"name\":\"\"}");
    check_set("{}", "name", "1e400", "{\"name\":\"1e400\"}");
    check_set("{}", "a.b.c", "1", "{\"a\":{\"b\":{\"c\":1}}}");
    check_set("{\"a\":{}}", "a.b.c", "{\"d\":1}", "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}");
    check_set("{\"A\":1}", "a", "2", "{\"A\":1,\"a\":2}");
}

/* A failed override says why and changes nothing. */
static void refuse_set(const char *path, const char *value, const char *part)
{
    static const char before[] = "{\"a\":[1],\"n\":2,\"o\":{}}";
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct lx_json *root = parse(before);

    CHECK_FAILS(lx_json_set(root, path, value, &err), LX_ECONFIG, part);
    lx_json_add_value(&w, NULL, root);
    assert_string_equal(out.text, before);
    lx_buf_free(&out);
    lx_json_free(root);
}

static void test_set_refused(void **state)
{
    char deep[200], *p = deep;

    (void)state;
    refuse_set("a[1]", "0", "a[1]: no such array element");
    refuse_set("o[0]", "0", "o[0]: no such array element");
    refuse_set("o.x[0]", "0", "o.x[0]: no such array element");
    refuse_set("n.x", "0", "n: is a number, so it has no member \"x\"");
    refuse_set("a.x", "0", "a: is an array, so it has no member \"x\"");
    refuse_set("a[0].x.y", "0", "a[0]: is a number, so it has no member \"x\"");
    refuse_set("", "0", "must be a path");
    refuse_set(".a", "0", "must be a path");
    refuse_set("a.", "0", "must be a path");
    refuse_set("a..b", "0", "must be a path");
    refuse_set("[0]", "0", "must be a path");
    refuse_set("a[]", "0", "must be a path");
    refuse_set("a[-1]", "0", "must be a path");
    refuse_set("a[0", "0", "must be a path");
    refuse_set("a[0]b", "0", "must be a path");
    refuse_set("a]", "0", "must be a path");
    refuse_set("a[99999999999999999999999]", "0", "must be a path");
    refuse_set("x", "\xFF", "valid UTF-8");
    refuse_set("\xFF", "1", "valid UTF-8");
    for (int i = 0; i < 65; i++)
        p += snprintf(p, sizeof(deep) - (size_t)(p - deep), "%sx", i > 0 ? "." : "");
    refuse_set(deep, "1", "nested deeper");
}

static void test_clone_and_replace(void **state)
{
    struct lx_json *r = parse("{\"a\":{\"b\":[1]},\"c\":2}"), *copy;

    (void)state;
    CHECK_OK(lx_json_clone(lx_json_find(r, "a"), &copy, &err));
    CHECK_OK(lx_json_replace(r, "a", lx_json_find(r, "c"), &err));
    CHECK_OK(lx_json_replace(r, "new", copy, &err));
    CHECK_NEAR(lx_json_number(lx_json_find(r, "a")), 2, 0);
    assert_int_equal(lx_json_count(lx_json_find(lx_json_find(copy, "b"), "x")), 0);
    CHECK_NEAR(lx_json_number(lx_json_first(lx_json_find(copy, "b"))), 1, 0);
    lx_json_free(copy);
    CHECK_NEAR(lx_json_number(lx_json_first(lx_json_find(lx_json_find(r, "new"), "b"))), 1, 0);
    lx_json_free(r);
}

static void test_writer(void **state)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out, .indent = true};

    (void)state;
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "t", "q\"\\\n\x01\xFF/");
    lx_json_open_array(&w, "list");
    lx_json_add_int(&w, NULL, -9007199254740993LL);
    lx_json_add_number(&w, NULL, 2.5);
    lx_json_close_array(&w);
    lx_json_open_array(&w, "none");
    lx_json_close_array(&w);
    lx_json_open_object(&w, "inner");
    lx_json_add_bool(&w, "yes", true);
    lx_json_close_object(&w);
    lx_json_add_text(&w, "null", NULL);
    lx_json_close_object(&w);
    assert_string_equal(out.text, "{\n"
                                  "  \"t\": \"q\\\"\\\\\\n\\u0001\xEF\xBF\xBD/\",\n"
                                  "  \"list\": [\n"
                                  "    -9007199254740993,\n"
                                  "    2.5\n"
                                  "  ],\n"
                                  "  \"none\": [],\n"
                                  "  \"inner\": {\n"
                                  "    \"yes\": true\n"
                                  "  },\n"
                                  "  \"null\": null\n"
                                  "}");
    lx_buf_free(&out);
}

static void test_number_text(void **state)
{
    static const struct {
        double v;
        const char *want;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {100000, "100000"},
        {0.1, "0.1"},
        {1e-5, "1e-5"},
        {0.0001, "0.0001"},
        {1e20, "1e20"},
        {1.5e300, "1.5e300"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"},
        {123456789012345, "123456789012345"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
    };
    char got[40];
    uint64_t bits = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lx_number_text(cases[i].v, got, sizeof(got));
        assert_string_equal(got, cases[i].want);
    }
    for (int i = 0; i < 20000; i++) {
        double v, back;

        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&v, &bits, sizeof(v));
        if (!isfinite(v))
            continue;
        lx_number_text(v, got, sizeof(got));
        back = strtod(got, NULL);
        assert_memory_equal(&back, &v, sizeof(v));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_set),
    cmocka_unit_test(test_set_refused),
    cmocka_unit_test(test_clone_and_replace),
    cmocka_unit_test(test_writer),
    cmocka_unit_test(test_number_text),
};

CHECK_MAIN(tests)
