/* Folders held open: what is outside stays as it is, whatever links and swaps there are inside; files
 * that are none; names exchanged. */
#define _XOPEN_SOURCE 700

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "system/folder.h"
#include "system/fs.h"

static struct lx_err err;
static char top[64], was[512];

/* Every test works in a folder of its own, with one beside it that nothing may touch. */
static int set_up(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/lx-test-folder-XXXXXX");
    if (mkdtemp(top) == NULL || getcwd(was, sizeof(was)) == NULL || chdir(top) != 0 ||
        lx_fs_mkdir("outside/sub", &err) || lx_fs_mkdir("in", &err) ||
        lx_fs_write("outside/file", "precious", 8, &err) ||
        lx_fs_write("outside/sub/file", "precious", 8, &err))
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return chdir(was) != 0 || lx_fs_remove_folder(top, &err) ? -1 : 0;
}

static void check_outside(void)
{
    static const char *const files[] = {"outside/file", "outside/sub/file"};

    for (int i = 0; i < 2; i++) {
        struct lx_buf text = {0};

        CHECK_OK(lx_fs_read(files[i], &text, &err));
        assert_string_equal(text.text, "precious");
        lx_buf_free(&text);
    }
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void test_links_are_removed_not_followed(void **state)
{
    (void)state;
    assert_int_equal(symlink("../outside", "in/link"), 0);
    assert_int_equal(symlink("nowhere", "in/dangling"), 0);
    CHECK_OK(lx_fs_mkdir("in/a/b", &err));
    assert_int_equal(symlink("../../../outside/file", "in/a/b/file"), 0);
    assert_int_equal(symlink("../../../outside", "in/a/b/folder"), 0);
    assert_int_equal(mkfifo("in/a/pipe", 0666), 0);
    CHECK_OK(lx_fs_remove_folder("in/link", &err));
    assert_false(is_there("in/link"));
    CHECK_OK(lx_fs_remove_folder("in/dangling", &err));
    assert_false(is_there("in/dangling"));
    CHECK_OK(lx_fs_remove_folder("in/a/", &err));
    assert_false(is_there("in/a"));
    CHECK_OK(lx_fs_remove_folder("in", &err));
    assert_false(is_there("in"));
    CHECK_OK(lx_fs_remove_folder("in", &err));
    CHECK_OK(lx_fs_remove_folder("no/such", &err));
    check_outside();
}

static void test_a_link_is_no_folder(void **state)
{
    struct lx_folder f;

    (void)state;
    assert_int_equal(symlink("../outside", "in/link"), 0);
    CHECK_FAILS(lx_folder_open("in/link", &f, &err), LX_EDATA, "in/link: is a link or a file");
    CHECK_FAILS(lx_folder_open("outside/file", &f, &err), LX_EDATA, "is a link or a file");
    CHECK_OK(lx_folder_open("in/none", &f, &err));
    assert_int_equal(f.fd, -1);
    CHECK_FAILS(lx_fs_mkdir_own("in/link", &err), LX_EIO, "is a symbolic link");
    CHECK_OK(lx_fs_mkdir_own("in/real", &err));
}

static enum lx_code remove_it(void *ctx, const char *name)
{
    return lx_folder_remove(ctx, name, &err);
}

/* Someone puts a link in the place of the folder that is being emptied. */
static void test_swapped_meanwhile(void **state)
{
    struct lx_folder f;

    (void)state;
    CHECK_OK(lx_fs_write("in/file", "x", 1, &err));
    CHECK_OK(lx_fs_mkdir("in/sub", &err));
    CHECK_OK(lx_folder_open("in", &f, &err));
    assert_int_equal(rename("in", "moved"), 0);
    assert_int_equal(symlink("outside", "in"), 0);
    CHECK_OK(lx_folder_list(&f, remove_it, &f, &err));
    lx_folder_close(&f);
    assert_true(is_there("moved"));
    assert_false(is_there("moved/file"));
    assert_false(is_there("moved/sub"));
    check_outside();
}

static void test_folders_inside(void **state)
{
    struct lx_folder f, g;

    (void)state;
    CHECK_OK(lx_fs_mkdir("in/sub", &err));
    CHECK_OK(lx_fs_write("in/sub/file", "x", 1, &err));
    assert_int_equal(symlink("../outside", "in/link"), 0);
    CHECK_OK(lx_folder_open("in", &f, &err));
    CHECK_OK(lx_folder_enter(&f, "none", &g, &err));
    assert_int_equal(g.fd, -1);
    CHECK_FAILS(lx_folder_enter(&f, "link", &g, &err), LX_EDATA, "in/link: is a link or a file");
    CHECK_OK(lx_folder_enter(&f, "sub", &g, &err));
    CHECK_OK(lx_folder_remove(&g, "file", &err));
    CHECK_OK(lx_folder_remove(&g, "file", &err));
    lx_folder_close(&g);
    lx_folder_close(&f);
    assert_false(is_there("in/sub/file"));
}

static void refuse_to_read(const char *path, const char *part)
{
    struct lx_buf text = {0};

    CHECK_FAILS(lx_fs_read(path, &text, &err), LX_EDATA, part);
    assert_null(text.text);
}

/* None of these ends, or even opens, if it is waited for. */
static void test_what_is_no_file(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "in/socket"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0), fd;

    (void)state;
    assert_int_equal(mkfifo("in/pipe", 0666), 0);
    assert_true(s >= 0);
    assert_int_equal(bind(s, (const struct sockaddr *)&name, sizeof(name)), 0);
    refuse_to_read("in/pipe", "in/pipe: is a pipe, not a file");
    refuse_to_read("in/socket", "in/socket: is a pipe or a socket, not a file");
    refuse_to_read("/dev/zero", "/dev/zero: is a device, not a file");
    refuse_to_read("in", "in: is a folder, not a file");
    CHECK_FAILS(lx_fs_write("in/pipe", "x", 1, &err), LX_EIO, "nobody reads from it");
    assert_int_equal(symlink("../outside/file", "in/link"), 0);
    CHECK_FAILS(lx_fs_open("in/link", O_RDONLY | O_NOFOLLOW, &fd, &err), LX_EDATA,
                "in/link: is a symbolic link, not a file");
    CHECK_FAILS(lx_fs_open("in/none", O_RDONLY, &fd, &err), LX_EDATA, "no such file");
    assert_int_equal(close(s), 0);
}

/* The program's own files take the place of a link; others are written through it. */
static void test_own_files(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink("../outside/file", "in/link"), 0);
    CHECK_OK(lx_fs_write_own("in/link", "mine", 4, &err));
    assert_int_equal(lstat("in/link", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(chmod("in/link", 0600), 0);
    CHECK_OK(lx_fs_write("in/link", "again", 5, &err));
    assert_int_equal(lstat("in/link", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    check_outside();
}

static void test_adopted(void **state)
{
    struct lx_buf text = {0};

    (void)state;
    CHECK_OK(lx_fs_write("in/temp", "drawn", 5, &err));
    CHECK_OK(lx_fs_adopt("in/temp", "in/picture", &err));
    assert_false(is_there("in/temp"));
    CHECK_OK(lx_fs_read("in/picture", &text, &err));
    assert_string_equal(text.text, "drawn");
    lx_buf_free(&text);
    CHECK_FAILS(lx_fs_adopt("in/temp", "in/picture", &err), LX_EDATA, "in/temp: no such file");
    assert_int_equal(symlink("../outside/file", "in/temp"), 0);
    CHECK_FAILS(lx_fs_adopt("in/temp", "in/picture", &err), LX_EDATA, "is a symbolic link");
    check_outside();
}

static void test_exchange(void **state)
{
    struct stat st;
    bool done;

    (void)state;
    CHECK_OK(lx_fs_mkdir("in/new", &err));
    assert_int_equal(symlink("../outside", "in/old"), 0);
    CHECK_OK(lx_fs_exchange("in/new", "in/none", &done, &err));
    assert_false(done);
    CHECK_OK(lx_fs_exchange("in/new", "in/old", &done, &err));
    if (!done)
        skip(); /* a file system that cannot */
    assert_int_equal(lstat("in/old", &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(lstat("in/new", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    CHECK_OK(lx_fs_remove_folder("in/new", &err));
    check_outside();
}

#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
    FOLDER_TEST(test_links_are_removed_not_followed),
    FOLDER_TEST(test_a_link_is_no_folder),
    FOLDER_TEST(test_swapped_meanwhile),
    FOLDER_TEST(test_folders_inside),
    FOLDER_TEST(test_what_is_no_file),
    FOLDER_TEST(test_own_files),
    FOLDER_TEST(test_adopted),
    FOLDER_TEST(test_exchange),
};

CHECK_MAIN(tests)
