/* CSV: RFC 4180's cases, what is refused and on which line, and that whatever is written comes back
 * unchanged. */
#include "check.h"
#include "core/rng.h"
#include "text/csvfile.h"

static struct lx_err err;

static void parse(const char *text, struct lx_arena *arena, struct lx_csv *csv)
{
    CHECK_OK(lx_csv_parse(text, strlen(text), "t.csv", arena, csv, &err));
}

static void refuse(const char *text, size_t n, const char *part)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;
    enum lx_code code = lx_csv_parse(text, n, "t.csv", &arena, &csv, &err);

    if (code != LX_EFORMAT)
        fail_msg("%s: code %d", text, (int)code);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: \"%s\" lacks \"%s\"", text, err.text, part);
    lx_arena_free(&arena);
}

static void test_plain(void **state)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;

    (void)state;
    parse("a,b,c\n1, 2 ,\n\n,\"x,\"\"y\"\"\n z\",3\r\n", &arena, &csv);
    assert_int_equal(csv.n_columns, 3);
    assert_int_equal(csv.n_rows, 2);
    assert_string_equal(csv.header[2], "c");
    assert_string_equal(lx_csv_at(&csv, 0, 0), "1");
    assert_string_equal(lx_csv_at(&csv, 0, 1), " 2 ");
    assert_string_equal(lx_csv_at(&csv, 0, 2), "");
    assert_string_equal(lx_csv_at(&csv, 1, 0), "");
    assert_string_equal(lx_csv_at(&csv, 1, 1), "x,\"y\"\n z");
    assert_string_equal(lx_csv_at(&csv, 1, 2), "3");
    assert_int_equal(lx_csv_column(&csv, "b"), 1);
    assert_int_equal(lx_csv_column(&csv, "B"), -1);
    lx_arena_free(&arena);
}

static void test_edges(void **state)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;

    (void)state;
    parse("a", &arena, &csv); /* no line end */
    assert_int_equal(csv.n_rows, 0);
    parse("\xEF\xBB\xBF"
          "a,b\n1,2",
          &arena, &csv);
    assert_string_equal(csv.header[0], "a");
    assert_string_equal(lx_csv_at(&csv, 0, 1), "2");
    parse("a,b\n\"\",\"\"", &arena, &csv);
    assert_int_equal(csv.n_rows, 1);
    assert_string_equal(lx_csv_at(&csv, 0, 1), "");
    parse("a,b\r\n,\r\n", &arena, &csv);
    assert_int_equal(csv.n_rows, 1);
    lx_arena_free(&arena);
}

static void test_refused(void **state)
{
    (void)state;
    refuse("", 0, "t.csv: empty");
    refuse("\n\r\n", 3, "t.csv: empty");
    refuse("a,b\n1\n", 6, "line 2: must have 2 fields, got 1");
    refuse("a,b\n1,2\n\n1,2,3\n", 15, "line 4: must have 2 fields, got 3");
    refuse("a,b\n\"x\ny\",1\n1\n", 14, "line 4: must have 2 fields, got 1");
    refuse("a,b\n\"x\ny\",1,2\n", 14, "line 2: must have 2 fields, got 3");
    refuse("a,b\n1,x\"y\n", 10, "line 2: misplaced quote");
    refuse("a,b\n1,\"x\"y\n", 11, "line 2: misplaced quote");
    refuse("a,b\n1,\"x\" \n", 11, "line 2: misplaced quote");
    refuse("a,b\n1,2\n1,\"x\n2,3\n", 17, "line 3: the quoted field is never closed");
    refuse("a,b\n1,\0\n", 8, "line 2: has a NUL byte");
    refuse("a,b,a\n", 6, "line 1: two columns are named \"a\"");
}

static void test_missing_file(void **state)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;

    (void)state;
    CHECK_FAILS(lx_csv_read("/nonexistent.csv", &arena, &csv, &err), LX_EDATA, "no such file");
    lx_arena_free(&arena);
}

static void test_quoting(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain", "plain"},   {"", ""},           {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""},
        {"a\nb", "\"a\nb\""}, {"\r", "\"\r\""},   {" a", "\" a\""},   {"a b", "a b"},
        {"\"", "\"\"\"\""},   {"a\t", "\"a\t\""}, {"x;y", "x;y"},
    };
    struct lx_buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lx_buf_clear(&out);
        lx_csv_field(&out, cases[i].text);
        assert_string_equal(out.text, cases[i].want);
    }
    lx_buf_free(&out);
}

static void test_numbers(void **state)
{
    struct lx_buf out = {0};

    (void)state;
    lx_csv_number(&out, 1.0 / 3);
    lx_buf_add(&out, "|");
    lx_csv_number(&out, (double)NAN);
    lx_buf_add(&out, "|");
    lx_csv_number(&out, (double)INFINITY);
    lx_buf_add(&out, "|");
    lx_csv_number(&out, -1e-30);
    assert_string_equal(out.text, "0.333333333||inf|-1e-30");
    lx_buf_free(&out);
}

/* Random tables of the characters that matter. */
static void test_round_trip(void **state)
{
    static const char letters[] = ",\"\r\n \tab";
    struct lx_rng rng;

    (void)state;
    lx_rng_init(&rng, 1, "test/csv");
    for (int round = 0; round < 500; round++) {
        struct lx_arena arena = {0};
        struct lx_buf text = {0};
        struct lx_csv csv;
        char cell[12][8];

        lx_buf_add(&text, "h1,h2,h3\n");
        for (size_t i = 0; i < 12; i++) {
            size_t n = (size_t)lx_rng_below(&rng, 8);

            for (size_t j = 0; j < n; j++)
                cell[i][j] = letters[lx_rng_below(&rng, sizeof(letters) - 1)];
            cell[i][n] = '\0';
            lx_csv_field(&text, cell[i]);
            lx_buf_add(&text, i % 3 == 2 ? (round % 2 == 0 ? "\n" : "\r\n") : ",");
        }
        parse(text.text, &arena, &csv);
        assert_int_equal(csv.n_rows, 4);
        for (size_t i = 0; i < 12; i++)
            assert_string_equal(lx_csv_at(&csv, i / 3, i % 3), cell[i]);
        lx_buf_free(&text);
        lx_arena_free(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plain),      cmocka_unit_test(test_edges),
    cmocka_unit_test(test_refused),    cmocka_unit_test(test_missing_file),
    cmocka_unit_test(test_quoting),    cmocka_unit_test(test_numbers),
    cmocka_unit_test(test_round_trip),
};

CHECK_MAIN(tests)
