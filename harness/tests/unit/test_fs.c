/* Files: atomic writes that leave nothing behind, folders, and gzip data made by the gzip program,
 * cut and damaged at every byte. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "system/fs.h"

static struct lx_err err;
static char dir[64];
static char path_text[128];

static const char *in_dir(const char *name)
{
    (void)snprintf(path_text, sizeof(path_text), "%s/%s", dir, name);
    return path_text;
}

static enum lx_code add_name(void *ctx, const char *name)
{
    struct lx_buf *names = ctx;

    lx_buf_printf(names, "%s ", name);
    return LX_OK;
}

static void check_names(const char *want)
{
    struct lx_buf names = {0};

    lx_buf_add(&names, "");
    CHECK_OK(lx_fs_list(dir, add_name, &names, &err));
    assert_string_equal(names.text, want);
    lx_buf_free(&names);
}

static enum lx_code remove_name(void *ctx, const char *name)
{
    struct lx_err ignored;

    (void)ctx;
    return lx_fs_remove(in_dir(name), &ignored);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/lx-test-fs-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    if (lx_fs_list(dir, remove_name, NULL, &err) != LX_OK)
        return -1;
    return rmdir(dir);
}

static void check_content(const char *name, const char *want)
{
    struct lx_buf got = {0};

    CHECK_OK(lx_fs_read(in_dir(name), &got, &err));
    assert_int_equal(got.len, strlen(want));
    assert_string_equal(got.text, want);
    lx_buf_free(&got);
}

static void test_write_and_read(void **state)
{
    (void)state;
    CHECK_OK(lx_fs_write(in_dir("a"), "hello", 5, &err));
    check_content("a", "hello");
    CHECK_OK(lx_fs_write(in_dir("a"), "shorter", 2, &err));
    check_content("a", "sh");
    CHECK_OK(lx_fs_write(in_dir("empty"), NULL, 0, &err));
    check_content("empty", "");
    check_names("a empty ");
    assert_true(lx_fs_exists(in_dir("a")));
    assert_false(lx_fs_exists(in_dir("b")));
}

static void test_large(void **state)
{
    size_t n = 300001;
    char *data = malloc(n);
    struct lx_buf got = {0};

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * i >> 3);
    CHECK_OK(lx_fs_write(in_dir("large"), data, n, &err));
    CHECK_OK(lx_fs_read(in_dir("large"), &got, &err));
    assert_int_equal(got.len, n);
    assert_memory_equal(got.text, data, n);
    lx_buf_free(&got);
    free(data);
}

static void test_read_refused(void **state)
{
    struct lx_buf out = {0};

    (void)state;
    CHECK_FAILS(lx_fs_read(in_dir("none"), &out, &err), LX_EDATA, "none: no such file");
    CHECK_FAILS(lx_fs_read_gz(in_dir("none"), &out, &err), LX_EDATA, "none: no such file");
    CHECK_FAILS(lx_fs_read(dir, &out, &err), LX_EDATA, "is a folder");
    lx_buf_free(&out);
}

static void test_failed_write_leaves_nothing(void **state)
{
    (void)state;
    CHECK_FAILS(lx_fs_write(in_dir("no/such/file"), "x", 1, &err), LX_EIO, "cannot create");
    CHECK_OK(lx_fs_mkdir(in_dir("folder"), &err));
    CHECK_FAILS(lx_fs_write(in_dir("folder"), "x", 1, &err), LX_EIO, "cannot replace");
    check_names("folder ");
}

static void test_special_targets(void **state)
{
    char target[160];
    struct stat st;

    (void)state;
    CHECK_OK(lx_fs_write("/dev/null", "x", 1, &err));
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    /* A link stays a link. */
    CHECK_OK(lx_fs_write(in_dir("real"), "old", 3, &err));
    (void)snprintf(target, sizeof(target), "%s/link", dir);
    assert_int_equal(symlink("real", target), 0);
    CHECK_OK(lx_fs_write(target, "new", 3, &err));
    assert_int_equal(lstat(target, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    check_content("real", "new");
    check_names("link real ");
}

/* What cannot be looked at is not missing: two links that point to each other. */
static void test_not_to_be_looked_at(void **state)
{
    struct lx_buf out = {0};
    struct stat st;
    bool there;

    (void)state;
    assert_int_equal(symlink("b", in_dir("a")), 0);
    assert_int_equal(symlink("a", in_dir("b")), 0);
    assert_true(lx_fs_exists(in_dir("a")));
    CHECK_FAILS(lx_fs_look(in_dir("a"), &there, &err), LX_EIO, "cannot look at it");
    CHECK_OK(lx_fs_look(in_dir("none"), &there, &err));
    assert_false(there);
    CHECK_FAILS(lx_fs_read(in_dir("a"), &out, &err), LX_EIO, "cannot open");
    CHECK_FAILS(lx_fs_write(in_dir("a"), "x", 1, &err), LX_EIO, "cannot create");
    assert_int_equal(lstat(in_dir("a"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(unlink(in_dir("a")) + unlink(in_dir("b")), 0);
    lx_buf_free(&out);
}

static void check_kind(const char *name, enum lx_fs_kind of_end, enum lx_fs_kind of_name)
{
    enum lx_fs_kind kind;

    CHECK_OK(lx_fs_look_at(in_dir(name), &kind, &err));
    assert_int_equal(kind, of_end);
    CHECK_OK(lx_fs_look_at_itself(in_dir(name), &kind, &err));
    assert_int_equal(kind, of_name);
}

/* What is there, what is not, and what cannot be seen, which is none of these. */
static void test_kinds(void **state)
{
    enum lx_fs_kind kind;

    (void)state;
    CHECK_OK(lx_fs_write(in_dir("file"), "x", 1, &err));
    assert_int_equal(mkdir(in_dir("folder"), 0700), 0);
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    assert_int_equal(symlink("folder", in_dir("to_folder")), 0);
    assert_int_equal(symlink("nothing", in_dir("to_nothing")), 0);
    assert_int_equal(symlink("round", in_dir("round")), 0);
    check_kind("file", LX_FS_FILE, LX_FS_FILE);
    check_kind("folder", LX_FS_FOLDER, LX_FS_FOLDER);
    check_kind("pipe", LX_FS_FILE, LX_FS_FILE);
    check_kind("to_folder", LX_FS_FOLDER, LX_FS_LINK);
    check_kind("to_nothing", LX_FS_NONE, LX_FS_LINK);
    check_kind("missing", LX_FS_NONE, LX_FS_NONE);
    check_kind("file/below", LX_FS_NONE, LX_FS_NONE);
    CHECK_FAILS(lx_fs_look_at(in_dir("round"), &kind, &err), LX_EIO, "round: cannot look at it");
    CHECK_OK(lx_fs_look_at_itself(in_dir("round"), &kind, &err));
    assert_int_equal(kind, LX_FS_LINK);
    CHECK_FAILS(lx_fs_look_at_itself(in_dir("round/below"), &kind, &err), LX_EIO,
                "below: cannot look at it");
}

/* A read that fails leaves no memory behind, whoever forgets to free. */
static void test_failed_read_is_empty(void **state)
{
    struct lx_buf out = {0};

    (void)state;
    lx_buf_add(&out, "old");
    CHECK_FAILS(lx_fs_read(in_dir("none"), &out, &err), LX_EDATA, "no such file");
    assert_null(out.text);
    lx_buf_add(&out, "old");
    CHECK_FAILS(lx_fs_read(in_dir("."), &out, &err), LX_EDATA, "is a folder");
    assert_null(out.text);
}

static void test_mode_follows_umask(void **state)
{
    mode_t old = umask(027);
    struct stat st;

    (void)state;
    CHECK_OK(lx_fs_write(in_dir("m"), "x", 1, &err));
    (void)umask(old);
    assert_int_equal(stat(in_dir("m"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void test_folders(void **state)
{
    struct stat st;

    (void)state;
    CHECK_OK(lx_fs_mkdir(in_dir("a/b/c"), &err));
    CHECK_OK(lx_fs_mkdir(in_dir("a/b/c"), &err));
    CHECK_OK(lx_fs_mkdir(in_dir("a/b//d/"), &err));
    assert_int_equal(stat(in_dir("a/b/d"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    CHECK_OK(lx_fs_write(in_dir("file"), "x", 1, &err));
    CHECK_FAILS(lx_fs_mkdir(in_dir("file"), &err), LX_EIO, "a file of this name exists");
    CHECK_FAILS(lx_fs_mkdir(in_dir("file/x"), &err), LX_EIO, "cannot make folder");
    CHECK_OK(lx_fs_remove(in_dir("a/b/c"), &err));
    CHECK_OK(lx_fs_remove(in_dir("a/b/d"), &err));
    CHECK_OK(lx_fs_remove(in_dir("a/b"), &err));
    CHECK_OK(lx_fs_remove(in_dir("never-was"), &err));
}

static enum lx_code stop_at_b(void *ctx, const char *name)
{
    (*(int *)ctx)++;
    return strcmp(name, "b") == 0 ? LX_EFAILED : LX_OK;
}

static void test_list(void **state)
{
    int visited = 0;

    (void)state;
    CHECK_OK(lx_fs_write(in_dir("c"), "", 0, &err));
    CHECK_OK(lx_fs_write(in_dir("b"), "", 0, &err));
    CHECK_OK(lx_fs_write(in_dir("a"), "", 0, &err));
    CHECK_OK(lx_fs_write(in_dir(".hidden"), "", 0, &err));
    check_names(".hidden a b c ");
    assert_int_equal(lx_fs_list(dir, stop_at_b, &visited, &err), LX_EFAILED);
    assert_int_equal(visited, 3);
    CHECK_FAILS(lx_fs_list("/nonexistent", stop_at_b, &visited, &err), LX_EDATA, "no such folder");
}

/* gzip -9 fox: with a name and a time in its header. */
static const unsigned char fox_gz[] = {
    0x1f, 0x8b, 0x08, 0x08, 0x00, 0x4c, 0x02, 0x6b, 0x02, 0x03, 0x66, 0x6f, 0x78, 0x00,
    0x1d, 0x8a, 0xc7, 0x01, 0x80, 0x20, 0x0c, 0x45, 0xef, 0x4e, 0xf1, 0x07, 0x70, 0x29,
    0x90, 0x60, 0x83, 0x84, 0x6e, 0x99, 0x5e, 0xe4, 0xf8, 0x4a, 0xd9, 0x08, 0xb1, 0xee,
    0xcb, 0x09, 0x9d, 0xe4, 0x62, 0x58, 0xb9, 0x71, 0x54, 0x1f, 0x32, 0xa4, 0x51, 0x42,
    0xe9, 0xd9, 0xa9, 0xf7, 0x81, 0x91, 0x75, 0x86, 0x62, 0x33, 0x4c, 0x07, 0x64, 0x47,
    0xf4, 0x5f, 0x3c, 0x7d, 0xa2, 0x11, 0xf0, 0x6e, 0x43, 0x00, 0x00, 0x00};
static const char fox[] = "the quick brown fox jumps over the lazy dog, and the dog sleeps on\n";
/* gzip -n9 */
static const unsigned char second_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                          0x03, 0x2b, 0x4e, 0x4d, 0xce, 0xcf, 0x4b, 0x51, 0xc8,
                                          0x4d, 0xcd, 0x4d, 0x4a, 0x2d, 0xe2, 0x02, 0x00, 0x36,
                                          0x18, 0x4b, 0x0e, 0x0e, 0x00, 0x00, 0x00};

static void check_gz(const void *data, size_t n, const char *want)
{
    struct lx_buf got = {0};

    CHECK_OK(lx_fs_write(in_dir("x.gz"), data, n, &err));
    CHECK_OK(lx_fs_read_gz(in_dir("x.gz"), &got, &err));
    assert_int_equal(got.len, strlen(want));
    assert_string_equal(got.text, want);
    lx_buf_free(&got);
}

static void refuse_gz(const void *data, size_t n, const char *part)
{
    struct lx_buf got = {0};

    CHECK_OK(lx_fs_write(in_dir("x.gz"), data, n, &err));
    CHECK_FAILS(lx_fs_read_gz(in_dir("x.gz"), &got, &err), LX_EDATA, part);
    assert_non_null(strstr(err.text, "x.gz: "));
    lx_buf_free(&got);
}

static void test_gzip(void **state)
{
    static const unsigned char nothing[] = {0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03,
                                            0x03, 0,    0,    0, 0, 0, 0, 0, 0, 0};
    unsigned char both[sizeof(fox_gz) + sizeof(second_gz)];

    (void)state;
    check_gz(fox_gz, sizeof(fox_gz), fox);
    check_gz("not packed", 10, "not packed");
    check_gz(nothing, sizeof(nothing), "");
    memcpy(both, fox_gz, sizeof(fox_gz));
    memcpy(both + sizeof(fox_gz), second_gz, sizeof(second_gz));
    check_gz(both, sizeof(both),
             "the quick brown fox jumps over the lazy dog, and the dog sleeps on\n"
             "second member\n");
}

static void test_gzip_truncated(void **state)
{
    unsigned char both[sizeof(fox_gz) + sizeof(second_gz)];

    (void)state;
    memcpy(both, fox_gz, sizeof(fox_gz));
    memcpy(both + sizeof(fox_gz), second_gz, sizeof(second_gz));
    for (size_t n = 0; n < sizeof(both); n++) {
        if (n != sizeof(fox_gz)) /* a whole first member is a whole file */
            refuse_gz(both, n, "truncated gzip file");
    }
}

/* Every byte behind the header is covered by the code, the checksum or the length. */
static void test_gzip_damaged(void **state)
{
    unsigned char copy[sizeof(fox_gz)];

    (void)state;
    for (size_t i = 14; i < sizeof(fox_gz); i++) {
        struct lx_buf got = {0};

        memcpy(copy, fox_gz, sizeof(copy));
        copy[i] ^= 0x55;
        CHECK_OK(lx_fs_write(in_dir("x.gz"), copy, sizeof(copy), &err));
        CHECK_FAILS(lx_fs_read_gz(in_dir("x.gz"), &got, &err), LX_EDATA, " gzip file");
        lx_buf_free(&got);
    }
    memcpy(copy, fox_gz, sizeof(copy));
    copy[sizeof(copy) - 6] ^= 1;
    refuse_gz(copy, sizeof(copy), "corrupt gzip file: incorrect data check");
    memcpy(copy, fox_gz, sizeof(copy));
    copy[sizeof(copy) - 1] ^= 1;
    refuse_gz(copy, sizeof(copy), "corrupt gzip file: incorrect length check");
}

static void test_gzip_trailing(void **state)
{
    unsigned char more[sizeof(fox_gz) + 3];

    (void)state;
    memcpy(more, fox_gz, sizeof(fox_gz));
    memcpy(more + sizeof(fox_gz), "xyz", 3);
    refuse_gz(more, sizeof(more), "3 bytes of something else from byte");
    refuse_gz(more, sizeof(fox_gz) + 1, "1 bytes of something else");
}

static void write_for_ever(const char *path)
{
    for (;;)
        if (lx_fs_write(path, "whole", 5, &err) != LX_OK)
            _exit(1);
}

static void *sleep_for_ever(void *unused)
{
    for (;;)
        (void)poll(NULL, 0, 1000);
    return unused;
}

/* A signal that ends the program waits until a file has its name, also if there is a thread that could take it
 * meanwhile. */
static void test_ended_by_signal(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    (void)state;
    for (int i = 0; i < 30; i++) {
        void (*before)(int);
        pid_t pid;
        int status = 0;

        CHECK_OK(lx_fs_write(in_dir("x"), "whole", 5, &err));
        before = signal(signals[i % 3], SIG_DFL); /* what is in the background may ignore it */
        pid = fork();
        if (pid == 0) {
            pthread_t thread;

            if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
                _exit(1);
            write_for_ever(in_dir("x"));
        }
        assert_true(pid > 0 && before != SIG_ERR);
        (void)signal(signals[i % 3], before);
        (void)poll(NULL, 0, 3 + i % 3);
        assert_int_equal(kill(pid, signals[i % 3]), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i % 3]);
        check_names("x ");
        check_content("x", "whole");
    }
}

#define FS_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
    FS_TEST(test_write_and_read),
    FS_TEST(test_large),
    FS_TEST(test_read_refused),
    FS_TEST(test_failed_write_leaves_nothing),
    FS_TEST(test_special_targets),
    FS_TEST(test_not_to_be_looked_at),
    FS_TEST(test_kinds),
    FS_TEST(test_failed_read_is_empty),
    FS_TEST(test_ended_by_signal),
    FS_TEST(test_mode_follows_umask),
    FS_TEST(test_list),
    FS_TEST(test_gzip),
    FS_TEST(test_gzip_truncated),
    FS_TEST(test_gzip_damaged),
    FS_TEST(test_gzip_trailing),
    FS_TEST(test_folders),
};

CHECK_MAIN(tests)
