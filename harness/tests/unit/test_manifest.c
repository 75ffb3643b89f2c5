/* Sums of finished files, half-done evaluations and live files: what was written comes back; what was cut
 * or changed in any bit of any byte is refused, and names the file. */
#include <unistd.h>

#include "store/disk.h"
#include "store/eval_checkpoint.h"
#include "store/heartbeat.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "tests/unit/folder_rig.h"

static struct lx_err err;
static const char *const names[] = {"one", "two"};

static void put(const char *name, const char *text, size_t n)
{
    CHECK_OK(lx_fs_write(path_of(name), text, n, &err));
}

/* SHA-256 of "abc" and of "" (FIPS 180-4, and everywhere). */
#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void write_both(void)
{
    const struct lx_manifest_file files[] = {{"one", "abc", 3}, {.name = "two"}};

    put("one", "abc", 3);
    put("two", "", 0);
    CHECK_OK(lx_manifest_write(folder, "s", files, 2, &err));
}

static bool found;

static enum lx_code check(void)
{
    const struct lx_manifest_file files[] = {{.name = names[0]}, {.name = names[1]}};

    return lx_manifest_check(folder, "s", files, 2, &found, &err);
}

static void a_manifest_is_what_sha256sum_writes(void **state)
{
    struct lx_buf text = {0};

    (void)state;
    CHECK_OK(check()); /* no manifest: nothing is known, and that is said */
    assert_false(found);
    write_both();
    CHECK_OK(lx_fs_read(path_of("s"), &text, &err));
    assert_string_equal(text.text, SHA_ABC "  one\n" SHA_EMPTY "  two\n");
    CHECK_OK(check());
    assert_true(found);
    lx_buf_free(&text);
}

/* A file that was given up: the rest is still checked, the sum is still there. */
static void a_file_can_be_given_up(void **state)
{
    const struct lx_manifest_file rest[] = {{.name = "two"}};
    struct lx_buf text = {0};

    (void)state;
    write_both();
    assert_false(lx_manifest_has_dropped(folder, "s", "one"));
    CHECK_OK(lx_manifest_drop(folder, "s", "one", &err));
    CHECK_OK(lx_manifest_drop(folder, "s", "one", &err)); /* twice is once */
    assert_true(lx_manifest_has_dropped(folder, "s", "one"));
    assert_false(lx_manifest_has_dropped(folder, "s", "two"));
    CHECK_OK(lx_fs_read(path_of("s"), &text, &err));
    assert_string_equal(text.text, "# dropped: " SHA_ABC "  one\n" SHA_EMPTY "  two\n");
    CHECK_OK(lx_fs_remove(path_of("one"), &err));
    CHECK_OK(lx_manifest_check(folder, "s", rest, 1, &found, &err));
    CHECK_FAILS(check(), LX_EFORMAT, "/one: no such file");
    put("two", "x", 1);
    CHECK_FAILS(lx_manifest_check(folder, "s", rest, 1, &found, &err), LX_EFORMAT, "/two: broken");
    CHECK_FAILS(lx_manifest_drop(folder, "s", "three", &err), LX_EFORMAT, "SHA-256 of three");
    CHECK_FAILS(lx_manifest_drop(folder, "none", "one", &err), LX_EDATA, "no such file");
    lx_buf_free(&text);
}

/* Every bit of a file in turn, and every length below its own: `refused` must hold each time. */
static void damage(const char *name, void (*refused)(void))
{
    struct lx_buf whole = {0};

    CHECK_OK(lx_fs_read(path_of(name), &whole, &err));
    for (size_t i = 0; i < whole.len * 8; i++) {
        whole.text[i / 8] = (char)(whole.text[i / 8] ^ (1 << i % 8));
        CHECK_OK(lx_fs_replace(path_of(name), whole.text, whole.len, &err));
        refused();
        whole.text[i / 8] = (char)(whole.text[i / 8] ^ (1 << i % 8));
    }
    for (size_t n = 0; n < whole.len; n++) {
        CHECK_OK(lx_fs_replace(path_of(name), whole.text, n, &err));
        refused();
    }
    lx_buf_addn(&whole, "x", 1);
    CHECK_OK(lx_fs_replace(path_of(name), whole.text, whole.len, &err));
    refused();
    CHECK_OK(lx_fs_replace(path_of(name), whole.text, whole.len - 1, &err));
    lx_buf_free(&whole);
}

static void change_refused(void)
{
    assert_int_equal(check(), LX_EFORMAT);
    assert_non_null(strstr(err.text, folder));
}

static void any_change_is_noticed(void **state)
{
    (void)state;
    write_both();
    damage("one", change_refused);
    CHECK_OK(check());
    damage("s", change_refused);
    CHECK_OK(check());
    put("two", "x", 1);
    CHECK_FAILS(check(), LX_EFORMAT, "/two: broken: its SHA-256 is ");
    CHECK_OK(lx_fs_remove(path_of("two"), &err));
    CHECK_FAILS(check(), LX_EFORMAT, "/two: no such file");
}

#define KEY "cell weights"

static void checkpoint_refused(void)
{
    struct lx_store_rows rows = {0};

    assert_int_equal(lx_eval_checkpoint_load(path_of("p"), KEY, &rows), 0);
    assert_int_equal(rows.metrics.len + rows.blocks.len, 0);
    lx_store_rows_free(&rows);
}

static void a_half_done_evaluation_comes_back_whole_or_not_at_all(void **state)
{
    struct lx_store_rows rows = {0}, back = {0};

    (void)state;
    checkpoint_refused();
    lx_buf_add(&rows.metrics, "a,1\nb,2\n");
    CHECK_OK(lx_eval_checkpoint_save(path_of("p"), KEY, 11, &rows, &err)); /* no blocks */
    assert_int_equal(lx_eval_checkpoint_load(path_of("p"), KEY, &back), 11);
    assert_string_equal(back.metrics.text, "a,1\nb,2\n");
    assert_int_equal(back.blocks.len, 0);
    lx_buf_add(&rows.blocks, "c,3\n");
    CHECK_OK(lx_eval_checkpoint_save(path_of("p"), KEY, 12, &rows, &err));
    lx_buf_add(&back.blocks, "before\n");
    assert_int_equal(lx_eval_checkpoint_load(path_of("p"), KEY, &back), 12);
    assert_string_equal(back.metrics.text, "a,1\nb,2\na,1\nb,2\n");
    assert_string_equal(back.blocks.text, "before\nc,3\n");
    damage("p", checkpoint_refused);
    assert_int_equal(lx_eval_checkpoint_load(path_of("p"), "cell other weights", &back), 0);
    assert_string_equal(back.blocks.text, "before\nc,3\n");
    lx_store_rows_free(&rows);
    lx_store_rows_free(&back);
}

/* A live file steers nothing but what people see; whatever is in it, reading it gives sane numbers. */
static void live_is_sane(void)
{
    struct lx_heartbeat_view v;

    if (!lx_heartbeat_read(path_of("live"), &v))
        return;
    assert_true(v.done >= 0.0 && v.done <= 1.0 && v.rate >= 0.0 && v.steps >= 0 && v.process >= 0);
}

static void a_live_file_says_how_far_a_cell_is(void **state)
{
    char path[512];
    struct lx_heartbeat l = {
        .path = path, .label = "x", .fd = -1, .train_flops = 300.0, .eval_flops = 100.0};
    struct lx_heartbeat_view v;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", path_of("live"));
    assert_true(lx_heartbeat_train(&l, 10, 100, (double)NAN, true));
    assert_true(lx_heartbeat_read(path, &v));
    assert_string_equal(v.state, "training");
    CHECK_NEAR(v.done, 30.0 / 400.0, 1e-12);
    assert_true(isnan(v.nll) && v.is_of_here && v.age < 60.0);
    assert_true(lx_heartbeat_eval(&l, 0.5, true));
    assert_true(lx_heartbeat_read(path, &v));
    assert_string_equal(v.state, "evaluating");
    CHECK_NEAR(v.done, 350.0 / 400.0, 1e-12);
    assert_true(v.rate > 0.0);
    lx_heartbeat_end(&l, true);
    assert_true(lx_heartbeat_read(path, &v));
    assert_string_equal(v.state, "interrupted");
    damage("live", live_is_sane);
    lx_heartbeat_end(&l, false);
    assert_false(lx_heartbeat_read(path, &v));
}

static void free_space_is_that_of_the_nearest_folder(void **state)
{
    char deep[512];

    (void)state;
    (void)snprintf(deep, sizeof(deep), "%s/not/there/yet", folder);
    assert_true(lx_disk_free(folder) > 0);
    /* others write meanwhile: the same within a gigabyte */
    CHECK_NEAR((double)lx_disk_free(deep), (double)lx_disk_free(folder), 1e9);
    assert_true(lx_disk_free("nothing-of-this-name") > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_manifest_is_what_sha256sum_writes, make_folder,
                                    remove_flat_folder),
    cmocka_unit_test_setup_teardown(a_file_can_be_given_up, make_folder, remove_flat_folder),
    cmocka_unit_test_setup_teardown(any_change_is_noticed, make_folder, remove_flat_folder),
    cmocka_unit_test_setup_teardown(a_half_done_evaluation_comes_back_whole_or_not_at_all,
                                    make_folder, remove_flat_folder),
    cmocka_unit_test_setup_teardown(a_live_file_says_how_far_a_cell_is, make_folder,
                                    remove_flat_folder),
    cmocka_unit_test_setup_teardown(free_space_is_that_of_the_nearest_folder, make_folder,
                                    remove_flat_folder),
};

CHECK_MAIN(tests)
