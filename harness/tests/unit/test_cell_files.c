/* Finished cells: rows come back from their folder or packed, whole or not at all; and what is said of a
 * config that was changed. */
#include <stdlib.h>

#include "experiment/change.h"
#include "json/json.h"
#include "store/cell_files.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "tests/unit/folder_rig.h"

#define ID "0123456789abcdef"

static struct lx_err err;

static const char *const content[LX_CELL_FILE_COUNT] = {[LX_CELL_TRAIN] = "cell,step\n",
                                                        [LX_CELL_RUN] = "x\n",
                                                        [LX_CELL_BLOCKS] = "",
                                                        [LX_CELL_METRICS] = "a,b\n1,2\n"};

static const char *in_cells(const char *name)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/cells/%s", folder, name);
    return path;
}

static void fill(struct lx_cell_files *f)
{
    *f = (struct lx_cell_files){.done = true};
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_addn(&f->text[i], content[i], strlen(content[i]));
}

static void assert_content(const struct lx_cell_files *f)
{
    assert_true(f->done);
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        assert_int_equal(f->text[i].len, strlen(content[i]));
        assert_memory_equal(f->text[i].text, content[i], strlen(content[i]));
    }
}

static void pack(struct lx_buf *bytes)
{
    struct lx_cell_files f;

    fill(&f);
    CHECK_OK(lx_fs_mkdir(in_cells(""), &err));
    CHECK_OK(lx_cell_pack(folder, ID, &f, &err));
    CHECK_OK(lx_fs_read(in_cells(ID ".csv.gz"), bytes, &err));
    lx_cell_free(&f);
}

static void packed_files_come_back_and_have_the_same_bytes(void **state)
{
    struct lx_cell_files f;
    struct lx_buf first = {0}, second = {0};

    (void)state;
    CHECK_OK(lx_cell_read(folder, ID, &f, &err));
    assert_false(f.done);
    lx_cell_free(&f);
    pack(&first);
    CHECK_OK(lx_cell_read(folder, ID, &f, &err));
    assert_true(f.packed);
    assert_content(&f);
    lx_cell_free(&f);
    CHECK_OK(lx_fs_remove(in_cells(ID ".csv.gz"), &err));
    pack(&second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.text, second.text, first.len);
    lx_buf_free(&first);
    lx_buf_free(&second);
}

/* Nothing, or what was written: bits of the gzip header that mean nothing may change. */
static int read_or_refuse(void)
{
    struct lx_cell_files f;
    enum lx_code code = lx_cell_read(folder, ID, &f, &err);
    int refused = code != LX_OK;

    if (refused)
        assert_int_equal(code, LX_EFORMAT);
    else
        assert_content(&f);
    lx_cell_free(&f);
    return refused;
}

static void no_bit_of_a_packed_cell_can_change_what_is_read(void **state)
{
    struct lx_buf whole = {0};
    size_t refused = 0;

    (void)state;
    pack(&whole);
    for (size_t i = 0; i < whole.len * 8; i++) {
        whole.text[i / 8] = (char)(whole.text[i / 8] ^ (1 << i % 8));
        CHECK_OK(lx_fs_replace(in_cells(ID ".csv.gz"), whole.text, whole.len, &err));
        refused += (size_t)read_or_refuse();
        whole.text[i / 8] = (char)(whole.text[i / 8] ^ (1 << i % 8));
    }
    assert_true(refused > whole.len * 8 - 80);
    for (size_t n = 0; n < whole.len; n++) {
        CHECK_OK(lx_fs_replace(in_cells(ID ".csv.gz"), whole.text, n, &err));
        assert_true(read_or_refuse());
    }
    lx_buf_free(&whole);
}

static void a_packed_cell_is_of_its_own_name(void **state)
{
    struct lx_buf bytes = {0};
    struct lx_cell_files f;

    (void)state;
    pack(&bytes);
    CHECK_OK(lx_fs_write(in_cells("fedcba9876543210.csv.gz"), bytes.text, bytes.len, &err));
    CHECK_FAILS(lx_cell_read(folder, "fedcba9876543210", &f, &err), LX_EFORMAT,
                "broken: its sums are not those of a cell fedcba9876543210");
    lx_cell_free(&f);
    lx_buf_free(&bytes);
}

/* One rule, wherever the rows are: the folder first, if it is whole. */
static void a_folder_comes_first_if_it_is_whole(void **state)
{
    struct lx_manifest_file files[LX_CELL_FILE_COUNT];
    struct lx_buf bytes = {0};
    struct lx_cell_files f;
    char path[512];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", in_cells(ID));
    CHECK_OK(lx_fs_mkdir(path, &err));
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        (void)snprintf(path, sizeof(path), "%s/cells/" ID "/%s", folder, lx_cell_names[i]);
        CHECK_OK(lx_fs_write(path, content[i], strlen(content[i]), &err));
        files[i] = (struct lx_manifest_file){.name = lx_cell_names[i]};
    }
    CHECK_OK(lx_cell_read(folder, ID, &f, &err));
    assert_content(&f);
    assert_non_null(strstr(f.note, "no cell.sha256: taken as it is"));
    lx_cell_free(&f);
    CHECK_OK(lx_manifest_write(in_cells(ID), LX_MANIFEST_CELL, files, LX_CELL_FILE_COUNT, &err));
    pack(&bytes);
    CHECK_OK(lx_cell_read(folder, ID, &f, &err));
    assert_content(&f);
    assert_false(f.packed);
    assert_string_equal(f.note, "");
    lx_cell_free(&f);
    CHECK_OK(lx_fs_write(path, "a,b\n1,3\n", 8, &err));
    assert_false(lx_cell_folder_is_whole(folder, ID));
    CHECK_OK(lx_cell_read(folder, ID, &f, &err));
    assert_true(f.packed);
    assert_content(&f);
    assert_non_null(strstr(f.note, "metrics.csv: broken"));
    lx_cell_free(&f);
    CHECK_OK(lx_fs_remove(in_cells(ID ".csv.gz"), &err));
    CHECK_FAILS(lx_cell_read(folder, ID, &f, &err), LX_EFORMAT, "metrics.csv: broken");
    assert_false(f.done);
    lx_cell_free(&f);
    assert_false(lx_cell_is_done(folder, ID));
    lx_buf_free(&bytes);
}

static void changes_are_named(void **state)
{
    static const struct {
        const char *before, *after, *said;
    } cases[] = {
        {"{\"train\":{\"steps\":150}}", "{\"train\":{\"steps\":400}}", "train.steps 150 -> 400"},
        {"{\"seeds\":[1]}", "{\"seeds\":[1,2]}", "seeds [1] -> [1,2]"},
        {"{\"encodings\":[{\"id\":\"a\"},{\"id\":\"b\",\"x\":1}]}",
         "{\"encodings\":[{\"id\":\"b\",\"x\":2},{\"id\":\"c\"}]}",
         "encodings - a, encodings.b.x 1 -> 2, encodings + c"},
        {"{\"encodings\":[{\"id\":\"a\"},{\"id\":\"b\"}]}",
         "{\"encodings\":[{\"id\":\"b\"},{\"id\":\"a\"}]}",
         "the content of the data, or the protocol"},
        {"{\"a\":1,\"claims\":[1]}", "{\"b\":2,\"claims\":[2]}", "- a, + b"},
        {"{\"x\":[1]}", "{\"x\":{\"sweep\":[1]}}", "x [1] -> {\"sweep\":[1]}"},
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1}",
         "{\"a\":2,\"b\":2,\"c\":2,\"d\":2,\"e\":2,\"f\":2}",
         "a 1 -> 2, b 1 -> 2, c 1 -> 2, d 1 -> 2 and 2 more"},
        {"{}", "{\"a\":{}}", "{} -> {\"a\":{}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_json *before, *after;
        struct lx_buf said = {0};

        CHECK_OK(lx_json_parse(cases[i].before, strlen(cases[i].before), "a", &before, &err));
        CHECK_OK(lx_json_parse(cases[i].after, strlen(cases[i].after), "b", &after, &err));
        lx_change_describe(before, after, &said);
        assert_string_equal(said.text + (said.text[0] == ' '), cases[i].said);
        lx_buf_free(&said);
        lx_json_free(before);
        lx_json_free(after);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(packed_files_come_back_and_have_the_same_bytes, make_folder,
                                    remove_folder),
    cmocka_unit_test_setup_teardown(no_bit_of_a_packed_cell_can_change_what_is_read, make_folder,
                                    remove_folder),
    cmocka_unit_test_setup_teardown(a_packed_cell_is_of_its_own_name, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(a_folder_comes_first_if_it_is_whole, make_folder,
                                    remove_folder),
    cmocka_unit_test(changes_are_named),
};

CHECK_MAIN(tests)
