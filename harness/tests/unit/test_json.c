/* Strict JSON: what is taken, what is refused and where the error points. The refused texts are those
 * that lax readers let pass. */
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

/* Parse and write on one line. */
static void check_compact(const char *text, const char *want)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct lx_json *root = parse(text);

    lx_json_add_value(&w, NULL, root);
    CHECK_OK(lx_buf_check(&out, &err));
    assert_string_equal(out.text, want);
    lx_buf_free(&out);
    lx_json_free(root);
}

static void refuse(const char *text, size_t n, const char *part)
{
    struct lx_json *root = (struct lx_json *)&err;

    if (lx_json_parse(text, n, "f.json", &root, &err) == LX_OK)
        fail_msg("taken: %s", text);
    assert_int_equal(err.code, LX_ECONFIG);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: \"%s\" lacks \"%s\"", text, err.text, part);
    assert_null(root);
}

static void test_values(void **state)
{
    struct lx_json *r =
        parse(" {\"a\": 1.5, \"b\": [true, false, null], \"A\": \"x\", \"o\": {}}\r\n");
    const struct lx_json *b = lx_json_find(r, "b");

    (void)state;
    assert_int_equal(lx_json_type(r), LX_JSON_OBJECT);
    assert_int_equal(lx_json_count(r), 4);
    CHECK_NEAR(lx_json_number(lx_json_find(r, "a")), 1.5, 0.0);
    assert_string_equal(lx_json_text(lx_json_find(r, "A")), "x");
    assert_null(lx_json_find(r, "B"));
    assert_int_equal(lx_json_count(b), 3);
    assert_true(lx_json_bool(lx_json_first(b)));
    assert_false(lx_json_bool(lx_json_next(lx_json_first(b))));
    assert_int_equal(lx_json_type(lx_json_next(lx_json_next(lx_json_first(b)))), LX_JSON_NULL);
    assert_string_equal(lx_json_key(b), "b");
    assert_int_equal(lx_json_type(lx_json_find(r, "o")), LX_JSON_OBJECT);
    lx_json_free(r);
}

static void test_null_is_safe(void **state)
{
    (void)state;
    assert_int_equal(lx_json_type(NULL), LX_JSON_NULL);
    assert_null(lx_json_find(NULL, "a"));
    assert_null(lx_json_first(NULL));
    assert_null(lx_json_next(NULL));
    assert_null(lx_json_key(NULL));
    assert_null(lx_json_text(NULL));
    assert_int_equal(lx_json_count(NULL), 0);
    CHECK_NEAR(lx_json_number(NULL), 0.0, 0.0);
    assert_false(lx_json_bool(NULL));
    lx_json_free(NULL);
}

static void test_taken(void **state)
{
    (void)state;
    check_compact("0", "0");
    check_compact("-0", "-0");
    check_compact("1E+2", "100");
    check_compact("1e-400", "0");
    check_compact("0.1", "0.1");
    check_compact("\t[\r\n]", "[]");
    check_compact("\"\\u00e9\\ud83d\\ude00\\/\\b\"", "\"\xC3\xA9\xF0\x9F\x98\x80/\\b\"");
    check_compact("\"\x7F\xF4\x8F\xBF\xBF\"", "\"\x7F\xF4\x8F\xBF\xBF\"");
    check_compact("{\"\":{\"\":[]}}", "{\"\":{\"\":[]}}");
}

static const struct {
    const char *text, *part;
} refused_texts[] = {
    {"", "f.json: empty"},
    {" \n ", "f.json: empty"},
    {"\xEF\xBB\xBF{}", "line 1, column 1: begins with a byte order mark"},
    {"{} x", "line 1, column 4: expected the end of the text, got 'x'"},
    {"{}{}", "line 1, column 3: expected the end"},
    {"1 2", "line 1, column 3: expected the end"},
    {"[1,]", "line 1, column 4: a comma before"},
    {"{\"a\":1,}", "a comma before"},
    {"[1 2]", "expected ',' or ']', got '2'"},
    {"[,1]", "expected a value, got ','"},
    {"[", "got the end of the text"},
    {"{\"a\"", "expected ':' after the key, got the end of the text"},
    {"{\"a\" 1}", "expected ':' after the key, got '1'"},
    {"{a: 1}", "expected a key in double quotes, got 'a'"},
    {"{'a': 1}", "expected a key in double quotes"},
    {"{\n  \"a\": 1,\n  // no\n  \"b\": 2}", "line 3, column 3: expected a key"},
    {"[1, # no\n 2]", "comments are not allowed"},
    {"\"\xC3\xA9\xC3\xA9\" x", "line 1, column 6: expected the end"},
    {"01", "may not begin with a zero"},
    {"-01", "may not begin with a zero"},
    {"+1", "expected a value, got '+'"},
    {".5", "expected a value, got '.'"},
    {"1.", "expected a digit after the decimal point"},
    {"1.e5", "expected a digit after the decimal point"},
    {"1e", "expected a digit in the exponent"},
    {"1e+", "expected a digit in the exponent"},
    {"-", "expected a digit"},
    {"0x10", "expected the end of the text, got 'x'"},
    {"1e400", "too large for a double"},
    {"-1e400", "too large for a double"},
    {"NaN", "unknown word NaN"},
    {"-Infinity", "expected a digit"},
    {"nul", "unknown word nul"},
    {"True", "unknown word True"},
    {"truer", "unknown word truer"},
    {"\"a", "line 1, column 1: the string is never closed"},
    {"[\"a\n\"]", "line 1, column 2: "},
    {"\"a\nb\"", "not closed on its line"},
    {"\"\t\"", "control character"},
    {"\"\\x41\"", "unknown escape"},
    {"\"\\", "unknown escape"},
    {"\"\\u12\"", "four hexadecimal digits"},
    {"\"\\u00g0\"", "four hexadecimal digits"},
    {"\"\\u0000\"", "\\u0000"},
    {"\"\\ud800\"", "surrogate"},
    {"\"\\udc00\"", "surrogate"},
    {"\"\\ud800\\u0041\"", "surrogate"},
    {"\"\\ud800\\", "surrogate"},
    {"\"\x80\"", "invalid UTF-8"},
    {"\"\xC0\xAF\"", "invalid UTF-8"},
    {"\"\xE0\x80\x80\"", "invalid UTF-8"},
    {"\"\xED\xA0\x80\"", "invalid UTF-8"},
    {"\"\xF0\x80\x80\x80\"", "invalid UTF-8"},
    {"\"\xF4\x90\x80\x80\"", "invalid UTF-8"},
    {"\"\xF5\x80\x80\x80\"", "invalid UTF-8"},
    {"\"\xE2\x82\"", "invalid UTF-8"},
    {"\"\xE2", "invalid UTF-8"},
    {"\v1", "got byte 0x0b"},
    {"\xC2\xA0{}", "got byte 0xc2"},
    {"1234567890123456789012345678901234567890123456789012345678901234", "63 characters"},
};

static void test_refused(void **state)
{

    (void)state;
    for (size_t i = 0; i < sizeof(refused_texts) / sizeof(refused_texts[0]); i++)
        refuse(refused_texts[i].text, strlen(refused_texts[i].text), refused_texts[i].part);
}

static void test_nul_bytes(void **state)
{
    (void)state;
    refuse("{}\0", 3, "line 1, column 3: expected the end of the text, got a NUL byte");
    refuse("[1\0]", 4, "got a NUL byte");
    refuse("\"a\0b\"", 5, "got a NUL byte");
    refuse("\0", 1, "got a NUL byte");
}

static void test_every_prefix_is_refused(void **state)
{
    static const char text[] =
        "{\"a\":[1,-2.5e-3,\"\\ud83d\\ude00\xC3\xA9\",true,null],\"b\":{\"c\":{}}}";
    struct lx_json *root;

    (void)state;
    for (size_t n = 0; n + 1 < sizeof(text) - 1; n++) {
        /* A block of the exact size: the sanitizer sees a read behind it. */
        char *copy = malloc(n > 0 ? n : 1);

        assert_non_null(copy);
        memcpy(copy, text, n);
        refuse(copy, n, "f.json: ");
        free(copy);
    }
    CHECK_OK(lx_json_parse(text, sizeof(text) - 1, "t", &root, &err));
    lx_json_free(root);
}

static void test_depth(void **state)
{
    char text[200];
    struct lx_json *root;

    (void)state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    CHECK_OK(lx_json_parse(text, 128, "t", &root, &err));
    lx_json_free(root);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    refuse(text, 130, "line 1, column 65: nested deeper than 64");
    /* Siblings do not nest. */
    text[0] = '[';
    for (size_t i = 0; i < 65; i++)
        memcpy(text + 1 + 3 * i, i < 64 ? "[]," : "[]]", 3);
    CHECK_OK(lx_json_parse(text, 196, "t", &root, &err));
    assert_int_equal(lx_json_count(root), 65);
    lx_json_free(root);
}

static void test_duplicate_keys(void **state)
{
    struct lx_json *r;

    (void)state;
    refuse("{\"a\":1,\"b\":2,\"a\":3}", 19, "f.json: a: duplicate key");
    refuse("{\"a\":1,\"\\u0061\":3}", 18, "f.json: a: duplicate key");
    refuse("{\"m\":[0,{\"x\":{\"k\":1,\"k\":1}}]}", 29, "f.json: m[1].x.k: duplicate key");
    refuse("[{\"p\":[1]},{\"k\":[],\"k\":[]}]", 27, "f.json: [1].k: duplicate key");
    r = parse("{\"a\":1,\"A\":2,\"b\":{\"a\":3}}");
    CHECK_NEAR(lx_json_number(lx_json_find(r, "A")), 2, 0);
    lx_json_free(r);
}

static void test_missing_file(void **state)
{
    struct lx_json *root;

    (void)state;
    CHECK_FAILS(lx_json_read("/nonexistent/c.json", &root, &err), LX_ECONFIG,
                "/nonexistent/c.json: no such file");
    assert_null(root);
    CHECK_FAILS(lx_json_read("/", &root, &err), LX_ECONFIG, "is a folder");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_values),       cmocka_unit_test(test_null_is_safe),
    cmocka_unit_test(test_taken),        cmocka_unit_test(test_refused),
    cmocka_unit_test(test_nul_bytes),    cmocka_unit_test(test_every_prefix_is_refused),
    cmocka_unit_test(test_depth),        cmocka_unit_test(test_duplicate_keys),
    cmocka_unit_test(test_missing_file),
};

CHECK_MAIN(tests)
