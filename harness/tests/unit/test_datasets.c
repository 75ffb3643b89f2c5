/* Byte files as a dataset: where splits come from, what is read, what each failure says. */
#include <unistd.h>

#include "system/fs.h"
#include "tests/unit/dataset_open.h"
#include "tests/unit/folder_rig.h"

/* "one day\0two day\0" and the same through gzip -9n. */
static const char plain[16] = "one day\0two day";
static const unsigned char packed[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xcf, 0x4b, 0x55, 0x48, 0x49,
    0xac, 0x64, 0x28, 0x29, 0xcf, 0x07, 0xd3, 0x00, 0xaa, 0x06, 0x15, 0xc5, 0x10, 0x00, 0x00, 0x00};

static void write_file(const char *name, const void *data, size_t n)
{
    struct lx_err err;

    CHECK_OK(lx_fs_write(path_of(name), data, n, &err));
}

/* Options as JSON in which every @ stands for the folder of this test. */
static enum lx_code open_text(struct opened *o, const char *json, struct lx_err *err)
{
    char full[1024];
    size_t n = 0;

    for (const char *c = json; *c != '\0' && n + sizeof(folder) < sizeof(full); c++)
        n += (size_t)snprintf(full + n, sizeof(full) - n, "%.*s",
                              *c == '@' ? (int)sizeof(folder) : 1, *c == '@' ? folder : c);
    return open_dataset(o, "text", full, err);
}

static void check_tokens(const struct lx_stream *s, const void *want, size_t n)
{
    const unsigned char *bytes = want;

    assert_int_equal(s->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(s->tokens[i], bytes[i]);
    assert_null(s->floor_nll);
    assert_null(s->reach);
    assert_null(s->blind_nll);
}

static void test_plain_and_gzip_read_alike(void **state)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    CHECK_OK(open_text(
        &o, "{\"train\": \"@/plain\", \"valid\": \"@/packed\", \"test\": \"@/twice\"}", &err));
    assert_int_equal(o.ops->vocab(o.self), 256);
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
    check_tokens(&s, plain, sizeof(plain));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_VALID, &o.arena, &s, &err));
    check_tokens(&s, plain, sizeof(plain));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TEST, &o.arena, &s, &err));
    assert_int_equal(s.n, 2 * sizeof(plain));
    assert_int_equal(s.tokens[sizeof(plain)], 'o');
    lx_arena_free(&o.arena);
}

static void test_bytes_above_127_stay(void **state)
{
    unsigned char all[256];
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)(255 - i);
    write_file("all", all, sizeof(all));
    CHECK_OK(open_text(&o, "{\"train\": \"@/all\"}", &err));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
    check_tokens(&s, all, sizeof(all));
    lx_arena_free(&o.arena);
}

/* 100 bytes 0 .. 99: valid is a tenth, test a fifth, and both lie at the end. */
static void test_fractions_cut_in_order(void **state)
{
    unsigned char bytes[100];
    const size_t size[LX_SPLITS] = {70, 10, 20}, from[LX_SPLITS] = {0, 70, 80};
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    for (int i = 0; i < 100; i++)
        bytes[i] = (unsigned char)i;
    write_file("hundred", bytes, sizeof(bytes));
    CHECK_OK(open_text(
        &o, "{\"path\": \"@/hundred\", \"valid_fraction\": 0.1, \"test_fraction\": 0.2}", &err));
    for (int i = 0; i < LX_SPLITS; i++) {
        CHECK_OK(o.ops->load(o.self, (enum lx_split)i, &o.arena, &s, &err));
        check_tokens(&s, bytes + from[i], size[i]);
    }
    lx_arena_free(&o.arena);

    CHECK_OK(open_text(&o, "{\"path\": \"@/hundred\", \"limit\": 3}", &err));
    for (int i = 0; i < LX_SPLITS; i++) {
        const size_t first[LX_SPLITS] = {0, 90, 95};

        CHECK_OK(o.ops->load(o.self, (enum lx_split)i, &o.arena, &s, &err));
        check_tokens(&s, bytes + first[i], 3);
    }
    lx_arena_free(&o.arena);
}

static void test_limit_above_the_size_is_all(void **state)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    CHECK_OK(open_text(&o, "{\"train\": \"@/plain\", \"limit\": 2147483647}", &err));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
    assert_int_equal(s.n, sizeof(plain));
    lx_arena_free(&o.arena);
}

static void test_wrong_options_are_named(void **state)
{
    static const struct {
        const char *json, *part;
        enum lx_code code;
    } wrong[] = {
        {"{}", "path: must be given", LX_ECONFIG},
        {"{\"train\": \"@/absent\"}", "train: ", LX_EDATA},
        {"{\"train\": \"@/absent\"}", "/absent: no such file", LX_EDATA},
        {"{\"path\": \"@/absent\"}", "path: ", LX_EDATA},
        {"{\"path\": \"@/plain\", \"valid\": \"@/plain\"}", "valid: cannot be given together",
         LX_ECONFIG},
        {"{\"path\": \"@/plain\", \"valid_fraction\": 0.5, \"test_fraction\": 0.5}",
         "valid_fraction: valid_fraction + test_fraction must be below 1, got 1", LX_ECONFIG},
        {"{\"path\": \"@/plain\", \"limit\": -1}", "limit", LX_ECONFIG},
        {"{\"path\": \"@/plain\", \"test_fraction\": 1.5}", "test_fraction", LX_ECONFIG},
        {"{\"trian\": \"@/plain\"}", "train", LX_ECONFIG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct opened o;
        struct lx_err err;

        CHECK_FAILS(open_text(&o, wrong[i].json, &err), wrong[i].code, wrong[i].part);
        lx_arena_free(&o.arena);
    }
}

static void test_missing_splits_name_their_option(void **state)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    CHECK_OK(open_text(&o, "{\"train\": \"@/plain\"}", &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_VALID, &o.arena, &s, &err), LX_ECONFIG,
                "valid: must be given");
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TEST, &o.arena, &s, &err), LX_ECONFIG,
                "test: must be given");
    lx_arena_free(&o.arena);

    CHECK_OK(open_text(&o, "{\"path\": \"@/plain\", \"test_fraction\": 0}", &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TEST, &o.arena, &s, &err), LX_ECONFIG,
                "test_fraction: must be above 0");
    lx_arena_free(&o.arena);

    /* Five hundredths of 9 bytes round to nothing. */
    write_file("nine", "123456789", 9);
    CHECK_OK(open_text(&o, "{\"path\": \"@/nine\"}", &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_VALID, &o.arena, &s, &err), LX_EDATA,
                "must be large enough for a valid split, got 9 bytes");
    lx_arena_free(&o.arena);
}

static void check_broken(const char *name, const void *data, size_t n, const char *part)
{
    char json[64];
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    write_file(name, data, n);
    (void)snprintf(json, sizeof(json), "{\"train\": \"@/%s\"}", name);
    CHECK_OK(open_text(&o, json, &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err), LX_EDATA, "train: /");
    if (strstr(err.text, name) == NULL || strstr(err.text, part) == NULL ||
        strchr(err.text, '\n') != NULL)
        fail_msg("\"%s\" must be one line that names %s and says %s", err.text, name, part);
    lx_arena_free(&o.arena);
}

static void test_broken_files_are_named(void **state)
{
    unsigned char flipped[sizeof(packed)];

    (void)state;
    memcpy(flipped, packed, sizeof(packed));
    flipped[sizeof(packed) - 6] ^= 0x40; /* in the checksum */
    check_broken("empty", "", 0, "must not be empty");
    check_broken("cut_body", packed, sizeof(packed) - 14, "gzip");
    check_broken("cut_tail", packed, sizeof(packed) - 2, "gzip");
    check_broken("flipped", flipped, sizeof(flipped), "gzip");
}

/* A file that goes away between the plan and the run. */
static void test_vanished_file(void **state)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    write_file("brief", "x", 1);
    CHECK_OK(open_text(&o, "{\"train\": \"@/brief\"}", &err));
    CHECK_OK(lx_fs_remove(path_of("brief"), &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err), LX_EDATA, "train: ");
    lx_arena_free(&o.arena);
}

static void test_text_is_one_byte_a_token(void **state)
{
    struct opened o;
    struct lx_buf shown = {0}, tokens = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(open_text(&o, "{\"train\": \"@/plain\"}", &err));
    for (int i = 0; i < 256; i++)
        o.ops->text(o.self, i, &shown);
    CHECK_OK(lx_buf_check(&shown, &err));
    assert_int_equal(shown.len, 256);
    assert_int_equal(shown.text[0], '\n');
    for (int i = 1; i < 256; i++)
        assert_int_equal((unsigned char)shown.text[i], i);

    CHECK_OK(o.ops->encode(o.self, "a\0\xff", 3, &tokens, &err));
    assert_int_equal(tokens.len, 3 * sizeof(uint16_t));
    assert_memory_equal(tokens.text, ((const uint16_t[]){'a', 0, 0xff}), 3 * sizeof(uint16_t));
    lx_buf_free(&shown);
    lx_buf_free(&tokens);
    lx_arena_free(&o.arena);
}

static int make_files(void **state)
{
    unsigned char twice[2 * sizeof(packed)];

    if (make_folder(state) != 0)
        return -1;
    memcpy(twice, packed, sizeof(packed));
    memcpy(twice + sizeof(packed), packed, sizeof(packed));
    write_file("plain", plain, sizeof(plain));
    write_file("packed", packed, sizeof(packed));
    write_file("twice", twice, sizeof(twice));
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plain_and_gzip_read_alike),
    cmocka_unit_test(test_bytes_above_127_stay),
    cmocka_unit_test(test_fractions_cut_in_order),
    cmocka_unit_test(test_limit_above_the_size_is_all),
    cmocka_unit_test(test_wrong_options_are_named),
    cmocka_unit_test(test_missing_splits_name_their_option),
    cmocka_unit_test(test_broken_files_are_named),
    cmocka_unit_test(test_vanished_file),
    cmocka_unit_test(test_text_is_one_byte_a_token),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, make_files, remove_flat_folder);
}
