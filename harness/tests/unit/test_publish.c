/* Folders that appear whole: one of several writers wins, nobody sees a part or a mixture, what is not
 * whole is replaced, and nothing is left of those that came too late or failed. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/fs.h"
#include "system/manifest.h"
#include "system/publish.h"
#include "tests/unit/folder_rig.h"

#define MANIFEST "sums.sha256"
#define WRITERS 4
#define FOLDERS 120

static struct lx_err err;
static const char *const names[] = {"a", "b"}, *const written[] = {"a", "b", MANIFEST};

/* A writer of two files with sums that carry its mark. */
struct writer {
    int mark, written;
    bool fails;
    const struct lx_publication
        *meanwhile; /* what another one publishes before this one has finished */
};

static enum lx_code put(const char *at, const char *name, int mark)
{
    char path[1024], text[64];
    int n = snprintf(text, sizeof(text), "%s of %d\n", name, mark);

    (void)snprintf(path, sizeof(path), "%s/%s", at, name);
    return lx_fs_write(path, text, (size_t)n, &err);
}

static enum lx_code write_both(void *ctx, const char *at, struct lx_err *e)
{
    struct writer *w = ctx;
    const struct lx_manifest_file files[] = {{.name = names[0]}, {.name = names[1]}};
    enum lx_code code = put(at, names[0], w->mark);
    bool mine;

    w->written++;
    if (w->meanwhile != NULL && code == LX_OK)
        code = lx_publish(w->meanwhile, &mine, e);
    if (w->fails)
        return lx_fail(e, LX_EIO, "no more");
    if (code == LX_OK)
        code = put(at, names[1], w->mark);
    return code == LX_OK ? lx_manifest_write(at, MANIFEST, files, 2, e) : code;
}

static bool is_whole(void *ctx, const char *at)
{
    const struct lx_manifest_file files[] = {{.name = names[0]}, {.name = names[1]}};
    struct lx_err why;
    bool found;

    (void)ctx;
    return lx_manifest_check(at, MANIFEST, files, 2, &found, &why) == LX_OK && found;
}

static int mark_of(const char *at)
{
    char path[1024];
    struct lx_buf text = {0};
    int mark;

    assert_true(is_whole(NULL, at));
    (void)snprintf(path, sizeof(path), "%s/b", at);
    CHECK_OK(lx_fs_read(path, &text, &err));
    mark = atoi(text.text + 5);
    lx_buf_free(&text);
    return mark;
}

static enum lx_code count(void *ctx, const char *name)
{
    (void)name;
    ++*(int *)ctx;
    return LX_OK;
}

static int entries(const char *at)
{
    int n = 0;

    CHECK_OK(lx_fs_list(at, count, &n, &err));
    return n;
}

static struct lx_publication publication(struct writer *w, const char *at)
{
    return (struct lx_publication){at, written, 3, w, write_both, is_whole};
}

static void the_first_stays(void **state)
{
    struct writer first = {.mark = 1}, second = {.mark = 2};
    char at[512];
    struct lx_publication a = publication(&first, at), b = publication(&second, at);
    bool mine;

    (void)state;
    (void)snprintf(at, sizeof(at), "%s", path_of("new/parents/x"));
    CHECK_OK(lx_publish_check(at, &err));
    CHECK_OK(lx_publish(&a, &mine, &err));
    assert_true(mine);
    assert_int_equal(mark_of(at), 1);
    CHECK_OK(lx_publish(&b, &mine, &err));
    assert_false(mine);
    assert_int_equal(second.written, 0); /* nothing to do */
    assert_int_equal(mark_of(at), 1);
    assert_int_equal(entries(path_of("new/parents")), 1);
}

static void who_comes_too_late_leaves_nothing(void **state)
{
    struct writer first = {.mark = 1}, second = {.mark = 2};
    char at[512];
    struct lx_publication a = publication(&first, at), b = publication(&second, at);
    bool mine;

    (void)state;
    (void)snprintf(at, sizeof(at), "%s", path_of("x"));
    second.meanwhile = &a;
    CHECK_OK(lx_publish(&b, &mine, &err));
    assert_false(mine);
    assert_int_equal(first.written + second.written, 2);
    assert_int_equal(mark_of(at), 1);
    assert_int_equal(entries(folder), 1);
}

static void what_is_not_whole_is_replaced(void **state)
{
    struct writer w = {.mark = 3};
    char at[512], other[1024];
    struct lx_publication p = publication(&w, at);
    bool mine;

    (void)state;
    (void)snprintf(at, sizeof(at), "%s", path_of("x"));
    CHECK_OK(lx_fs_mkdir(at, &err)); /* empty */
    CHECK_OK(lx_publish(&p, &mine, &err));
    assert_true(mine);
    CHECK_OK(put(at, "b", 4)); /* changed behind its back */
    assert_false(is_whole(NULL, at));
    (void)snprintf(other, sizeof(other), "%s/deep/er", at);
    CHECK_OK(lx_fs_mkdir(other, &err));
    w.mark = 5;
    CHECK_OK(lx_publish(&p, &mine, &err));
    assert_true(mine);
    assert_int_equal(mark_of(at), 5);
    assert_int_equal(entries(at), 3);
    assert_int_equal(entries(folder), 1);
}

/* What a link points to is not ours: the link goes, a folder comes. */
static void a_link_is_replaced_and_not_followed(void **state)
{
    struct writer w = {.mark = 9};
    char at[512], elsewhere[512];
    struct lx_publication p = publication(&w, at);
    struct stat st;
    bool mine;

    (void)state;
    (void)snprintf(at, sizeof(at), "%s", path_of("x"));
    (void)snprintf(elsewhere, sizeof(elsewhere), "%s", path_of("elsewhere"));
    CHECK_OK(lx_fs_mkdir(elsewhere, &err));
    CHECK_OK(put(elsewhere, "a", 10)); /* a part: not whole */
    for (int dangling = 0; dangling < 2; dangling++) {
        CHECK_OK(lx_fs_remove_folder(at, &err));
        assert_int_equal(symlink(dangling ? path_of("nowhere") : elsewhere, at), 0);
        CHECK_OK(lx_publish(&p, &mine, &err));
        assert_true(mine);
        assert_int_equal(mark_of(at), 9);
        assert_int_equal(lstat(at, &st), 0);
        assert_true(S_ISDIR(st.st_mode));
    }
    assert_int_equal(entries(elsewhere), 1);
    assert_int_equal(entries(folder), 2);
}

static void a_failure_leaves_what_was_there(void **state)
{
    struct writer w = {.mark = 6, .fails = true};
    char at[512];
    struct lx_publication p = publication(&w, at);
    bool mine;

    (void)state;
    (void)snprintf(at, sizeof(at), "%s", path_of("x"));
    CHECK_FAILS(lx_publish(&p, &mine, &err), LX_EIO, "no more");
    assert_false(mine);
    assert_int_equal(entries(folder), 0);
    CHECK_OK(lx_fs_mkdir(at, &err));
    CHECK_OK(put(at, "a", 7));
    CHECK_FAILS(lx_publish(&p, &mine, &err), LX_EIO, "no more");
    assert_int_equal(entries(folder), 1);
    assert_int_equal(entries(at), 1);
}

static void a_file_in_the_way_is_named_before_the_work(void **state)
{
    struct writer w = {.mark = 8};
    struct lx_publication p = publication(&w, path_of("x"));
    bool mine;

    (void)state;
    CHECK_OK(lx_fs_write(p.folder, "", 0, &err));
    CHECK_FAILS(lx_publish_check(p.folder, &err), LX_EIO,
                "/x: cannot make folder: a file of this name exists");
    CHECK_FAILS(lx_publish(&p, &mine, &err), LX_EIO, "/x: cannot make folder");
    assert_int_equal(w.written, 0);
    assert_int_equal(entries(folder), 1);
}

static const char *folder_of(int i)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/%03d", folder, i);
    return path;
}

/* Every third folder begins with a part of another time: there, two may replace what the other one has
 * just put in the place of it. */
static bool was_empty(int i)
{
    return i % 3 != 0;
}

/* One of the processes: publishes every folder; the exit status says how it went, "mine" go to the pipe. */
static void work(int mark, int out)
{
    for (int i = 0; i < FOLDERS; i++) {
        struct writer w = {.mark = mark};
        struct lx_publication p = publication(&w, folder_of(i));
        unsigned char won = (unsigned char)i;
        bool mine;

        if (lx_publish(&p, &mine, &err) != LX_OK) {
            (void)fprintf(stderr, "%s\n", err.text);
            _exit(1);
        }
        if (was_empty(i) && !is_whole(NULL, p.folder))
            _exit(3);
        if (mine && write(out, &won, 1) != 1)
            _exit(2);
    }
    _exit(0);
}

/* Processes that end the same at the same time. */
static void many_writers_leave_one_whole_each(void **state)
{
    int ends[2], wins[FOLDERS] = {0};
    pid_t pids[WRITERS];
    unsigned char won;

    (void)state;
    for (int i = 0; i < FOLDERS; i++) {
        if (was_empty(i))
            continue;
        CHECK_OK(lx_fs_mkdir(folder_of(i), &err));
        CHECK_OK(put(folder_of(i), "a", 99));
    }
    assert_int_equal(pipe(ends), 0);
    for (int w = 0; w < WRITERS; w++) {
        pids[w] = fork();
        assert_true(pids[w] >= 0);
        if (pids[w] == 0)
            work(w, ends[1]);
    }
    (void)close(ends[1]);
    while (read(ends[0], &won, 1) == 1)
        wins[won]++;
    (void)close(ends[0]);
    for (int w = 0; w < WRITERS; w++) {
        int status;

        assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < FOLDERS; i++) {
        int mark = mark_of(folder_of(i));

        assert_true(mark >= 0 && mark < WRITERS);
        assert_true(wins[i] >= 1);
        if (was_empty(i)) /* only the first could win */
            assert_int_equal(wins[i], 1);
    }
    assert_int_equal(entries(folder), FOLDERS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_first_stays, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(who_comes_too_late_leaves_nothing, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(what_is_not_whole_is_replaced, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(a_link_is_replaced_and_not_followed, make_folder,
                                    remove_folder),
    cmocka_unit_test_setup_teardown(a_failure_leaves_what_was_there, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(a_file_in_the_way_is_named_before_the_work, make_folder,
                                    remove_folder),
    cmocka_unit_test_setup_teardown(many_writers_leave_one_whole_each, make_folder, remove_folder),
};

CHECK_MAIN(tests)
