/* Registrations: hashes that anybody can recompute, entries that only grow, every edit noticed, and marks
 * for whatever was claimed, run or left out after something was seen. */
#include <stdlib.h>
#include <unistd.h>

#include "core/hash.h"
#include "record/registration_write.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static char path[100];
static struct lx_err err;
static size_t tuned; /* cells of tuning that are finished */

static int begin(void **state)
{
    tuned = 0;
    if (make_folder(state) != 0)
        return 1;
    (void)snprintf(path, sizeof(path), "%s/" LX_REGISTRATION_FILE, folder);
    return 0;
}

/* Add an entry for these claims, seeds 1 .. seeds (fewer than 0: from 2 on) and cells, with so many
 * finished of 8. */
static void enter(const char *claims, int seeds, const char *const *cells, size_t n_cells,
                  size_t finished, const char *change)
{
    const uint64_t from_one[] = {1, 2, 3, 4};
    struct lx_registration_study s = {.seeds = seeds < 0 ? from_one + 1 : from_one,
                                      .n_seeds = (size_t)abs(seeds),
                                      .cells = cells,
                                      .n_cells = n_cells};
    const struct lx_registration_finished f = {.cells = finished, .of = 8, .tuned = tuned};
    struct lx_registration r;
    struct lx_json *list;
    struct lx_buf text = {0};
    bool lacks;

    CHECK_OK(lx_json_parse(claims, strlen(claims), "claims", &list, &err));
    s.claims = list;
    CHECK_OK(lx_registration_read(&r, folder, &err));
    assert_null(r.problem);
    CHECK_OK(lx_registration_lacks(&r, &s, &lacks, &err));
    assert_true(lacks);
    CHECK_OK(lx_registration_add(&r, &s, &f, change, &text, &err));
    CHECK_OK(lx_fs_write(path, text.text, text.len, &err));
    lx_registration_free(&r);
    CHECK_OK(lx_registration_read(&r, folder, &err));
    assert_null(r.problem);
    CHECK_OK(lx_registration_lacks(&r, &s, &lacks, &err));
    assert_false(lacks);
    lx_registration_free(&r);
    lx_json_free(list);
    lx_buf_free(&text);
}

static const char *const four[] = {"a1", "a2", "b1", "b2"};
static const char *const six[] = {"a1", "a2", "a3", "b1", "b2", "b3"};
static const char *const others[] = {"c1", "c2", "d1", "d2"};

#define FLAT "{\"id\": \"flat\", \"op\": \"<\", \"ratio\": 1.02}"
#define STEEP "{\"id\": \"flat\", \"op\": \">\", \"ratio\": 1.02}"
#define MORE "{\"id\": \"more\", \"op\": \"<\"}"

static void check_mark(const char *claim, const char *want)
{
    struct lx_registration r;
    struct lx_json *v;
    struct lx_buf mark = {0};

    CHECK_OK(lx_json_parse(claim, strlen(claim), "claim", &v, &err));
    CHECK_OK(lx_registration_read(&r, folder, &err));
    CHECK_OK(lx_registration_mark(&r, v, &mark, &err));
    assert_string_equal(mark.len > 0 ? mark.text : "", want);
    lx_buf_free(&mark);
    lx_registration_free(&r);
    lx_json_free(v);
}

/* By the words of the header, put together by hand. */
static void test_hash(void **state)
{
    static const char claim[] = "{\"id\":\"flat\",\"op\":\"<\",\"ratio\":1.02}";
    const uint64_t seeds[] = {1, 2};
    struct lx_registration_study s = {.seeds = seeds, .n_seeds = 2, .cells = four, .n_cells = 4};
    struct lx_json *list;
    char got[65], want[65], text[300];
    struct lx_hash h;

    (void)state;
    CHECK_OK(lx_json_parse("[" FLAT "]", strlen("[" FLAT "]"), "claims", &list, &err));
    s.claims = list;
    CHECK_OK(lx_registration_hash(&s, got, &err));
    lx_hash_init(&h);
    lx_hash_add(&h, claim, sizeof(claim) - 1);
    lx_hash_hex(&h, want);
    (void)snprintf(text, sizeof(text),
                   "longshot-registration-1\nclaim %s flat\nseeds 1 2\ncells a1 a2 b1 b2\n", want);
    lx_hash_init(&h);
    lx_hash_add(&h, text, strlen(text));
    lx_hash_hex(&h, want);
    assert_string_equal(got, want);
    lx_json_free(list);
}

/* The order of members and white space say nothing; everything else does. */
static void test_canonical(void **state)
{
    static const char *const same[] = {"{\"a\": 1, \"b\": {\"x\": [1, 2], \"y\": null}}",
                                       "{\"b\":{\"y\":null,\"x\":[1.0,2]},\"a\":1}"};
    static const char *const other[] = {"{\"a\": 1, \"b\": {\"x\": [2, 1], \"y\": null}}",
                                        "{\"a\": \"1\", \"b\": {\"x\": [1, 2], \"y\": null}}",
                                        "{\"a\": 1, \"b\": {\"x\": [1, 2]}}"};
    char sum[5][65];

    (void)state;
    for (int i = 0; i < 5; i++) {
        const char *text = i < 2 ? same[i] : other[i - 2];
        struct lx_json *v;

        CHECK_OK(lx_json_parse(text, strlen(text), "claim", &v, &err));
        CHECK_OK(lx_registration_sum(v, sum[i], &err));
        lx_json_free(v);
    }
    assert_string_equal(sum[0], sum[1]);
    for (int i = 2; i < 5; i++)
        assert_string_not_equal(sum[0], sum[i]);
}

static void test_marks(void **state)
{
    (void)state;
    check_mark(FLAT, "not registered");
    enter("[" FLAT "]", 2, four, 4, 0, NULL);
    check_mark(FLAT, "");
    check_mark("{\"ratio\": 1.02, \"op\": \"<\", \"id\": \"flat\"}", "");
    check_mark(STEEP, "changed, not registered");
    check_mark(MORE, "added, not registered");
    enter("[" FLAT "," MORE "]", 2, four, 4, 3, NULL);
    check_mark(FLAT, "");
    check_mark(MORE, "added after 3 of 8 cells");
    enter("[" STEEP "]", 2, four, 4, 4, NULL);
    check_mark(STEEP, "changed after 4 of 8 cells");
    check_mark(FLAT, "");
    enter("[" FLAT "]", 3, six, 6, 5, NULL);
    check_mark(FLAT, "seeds added after 5 of 8 cells");
    enter("[" FLAT "]", 2, four, 4, 6, NULL); /* back to what was registered first */
    check_mark(FLAT, "");
    enter("[" FLAT "]", -1, (const char *const[]){"a2", "b2"}, 2, 6, NULL);
    check_mark(FLAT, "seeds dropped after 6 of 8 cells");
    enter("[" FLAT "]", 2, others, 4, 7, "train.steps 10 -> 20");
    check_mark(FLAT, "study changed after 7 of 8 cells; seeds added after 5 of 8 cells; seeds "
                     "dropped after 6 of 8 cells");
}

/* Before anything was finished, anybody may change his mind. */
static void test_nothing_seen(void **state)
{
    (void)state;
    enter("[" FLAT "]", 2, four, 4, 0, NULL);
    enter("[" STEEP "," MORE "]", 3, six, 6, 0, "train.steps 10 -> 20");
    enter("[" STEEP "," MORE "]", 2, others, 4, 0, "train.steps 20 -> 30");
    check_mark(STEEP, "");
    check_mark(MORE, "");
}

/* Tuning comes before the cells of the study have ids; what is claimed after it counts as claimed late. */
static void test_tuned(void **state)
{
    struct lx_buf text = {0};

    (void)state;
    enter("[" FLAT "]", 2, NULL, 0, 0, NULL);
    CHECK_OK(lx_fs_read(path, &text, &err));
    assert_null(strstr(text.text, "tuned")); /* nothing more than files without tuning have */
    lx_buf_free(&text);
    check_mark(FLAT, "");
    tuned = 5;
    enter("[" FLAT "]", 2, four, 4, 0, NULL); /* the study, now that its cells are known */
    check_mark(FLAT, "");
    enter("[" STEEP "," MORE "]", 2, four, 4, 0, NULL);
    check_mark(FLAT, "");
    check_mark(STEEP, "changed after tuning was looked at");
    check_mark(MORE, "added after tuning was looked at");
    enter("[" STEEP "," MORE "]", 3, six, 6, 2, NULL);
    check_mark(MORE, "added after tuning was looked at; seeds added after 2 of 8 cells");
    enter("[" FLAT "]", 2, four, 4, 3, NULL);
    check_mark(FLAT, "");
}

static void test_dropped(void **state)
{
    struct lx_registration r;
    struct lx_json *list;
    struct lx_buf ids = {0};

    (void)state;
    enter("[" FLAT "," MORE "]", 2, four, 4, 0, NULL);
    enter("[" FLAT "]", 2, four, 4, 4, NULL);
    enter("[" FLAT "]", 3, six, 6, 4, NULL);
    CHECK_OK(lx_registration_read(&r, folder, &err));
    assert_int_equal(r.n_now, 1);
    CHECK_OK(lx_json_parse("[" FLAT "]", strlen("[" FLAT "]"), "claims", &list, &err));
    lx_registration_dropped(&r, list, &ids);
    assert_string_equal(ids.text, "more");
    lx_buf_clear(&ids);
    lx_registration_dropped(&r, NULL, &ids);
    assert_string_equal(ids.text, "flat, more");
    lx_buf_free(&ids);
    lx_json_free(list);
    lx_registration_free(&r);
}

/* Every letter and digit of the file, changed: noticed, or no member of an entry. */
static void test_edits(void **state)
{
    struct lx_buf text = {0};
    size_t edits = 0;

    (void)state;
    enter("[" FLAT "]", 2, four, 4, 0, NULL);
    enter("[" FLAT "," MORE "]", 3, six, 6, 4, "train.steps 10 -> 20");
    CHECK_OK(lx_fs_read(path, &text, &err));
    for (size_t i = 0; i < text.len; i++) {
        struct lx_registration r;
        char was = text.text[i];

        if (!((was >= '0' && was <= '9') || (was >= 'a' && was <= 'z')))
            continue;
        text.text[i] = was == 'b' ? 'c' : was == '7' ? '8' : was < 'a' ? '7' : 'b';
        CHECK_OK(lx_fs_write(path, text.text, text.len, &err));
        CHECK_OK(lx_registration_read(&r, folder, &err));
        if (r.problem == NULL)
            fail_msg("byte %zu, %c for %c, is not noticed", i, text.text[i], was);
        assert_int_equal(r.n + r.n_claims, 0);
        lx_registration_free(&r);
        text.text[i] = was;
        edits++;
    }
    assert_true(edits > 500);
    check_mark(FLAT, "registration altered");
    lx_buf_free(&text);
}

/* An entry that is taken out, at the end alone, cannot be told from one that was never there; whoever has
 * the hash of it can. */
static void test_cut(void **state)
{
    static const char *const broken[] = {"", "{", "[]", "{\"format\": \"longshot-registration-1\"}",
                                         "{\"format\": \"another\", \"entries\": []}"};

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct lx_registration r;

        CHECK_OK(lx_fs_write(path, broken[i], strlen(broken[i]), &err));
        CHECK_OK(lx_registration_read(&r, folder, &err));
        assert_true(r.found);
        assert_non_null(r.problem);
        lx_registration_free(&r);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_hash, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_canonical, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_marks, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_nothing_seen, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_tuned, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_dropped, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_edits, begin, remove_folder),
    cmocka_unit_test_setup_teardown(test_cut, begin, remove_folder),
};

CHECK_MAIN(tests)
