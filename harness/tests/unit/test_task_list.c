/* Task lists: how cells are grouped, by number, by estimate and by what they share, and that a list
 * reads back as it was written or not at all. */
#include <unistd.h>

#include "check.h"
#include "plan/task_list.h"
#include "system/fs.h"

#define CELLS 8
#define SECOND 2e10 /* operations that tasks.c takes to be a second */

static struct lx_err err;
static struct lx_cell cells[CELLS];
static struct lx_plan plan = {.cells = cells, .n = CELLS};
static const size_t all[CELLS] = {0, 1, 2, 3, 4, 5, 6, 7};

/* Cells of so many seconds each, each with a training of its own. */
static void make_cells(double seconds)
{
    for (int k = 0; k < CELLS; k++) {
        cells[k] = (struct lx_cell){.train_flops = 0.75 * seconds * SECOND,
                                    .eval_flops = 0.25 * seconds * SECOND};
        (void)snprintf(cells[k].id, LX_ID_SIZE, "%016x", 0x1d00 + k);
        (void)snprintf(cells[k].train_id, LX_ID_SIZE, "%016x", 0x7a00 + k);
    }
}

/* "0 1|2 3|": the cells of each task. */
static void check_groups(const size_t *which, size_t n, size_t per_task, const char *want)
{
    struct lx_arena arena = {0};
    struct lx_buf got = {0};
    struct lx_tasks t;

    CHECK_OK(lx_tasks_make(&plan, which, n, per_task, &arena, &t, &err));
    for (size_t i = 0; i < t.n; i++) {
        bool last = i + 1 == t.n || t.cells[i + 1].task != t.cells[i].task;

        assert_string_equal(t.cells[i].id, cells[t.cells[i].k].id);
        lx_buf_printf(&got, "%zu%s", t.cells[i].k, last ? "|" : " ");
    }
    assert_string_equal(got.text, want);
    assert_int_equal(t.n_tasks, t.cells[t.n - 1].task + 1);
    lx_buf_free(&got);
    lx_arena_free(&arena);
}

static void test_by_number(void **state)
{
    static const size_t some[] = {1, 4, 6};

    (void)state;
    make_cells(1.0);
    check_groups(all, CELLS, 1, "0|1|2|3|4|5|6|7|");
    check_groups(all, CELLS, 3, "0 1 2|3 4 5|6 7|");
    check_groups(all, CELLS, 100, "0 1 2 3 4 5 6 7|");
    check_groups(some, 3, 2, "1 4|6|");
}

/* Tasks of at most LX_TASK_SECONDS (600), but one cell at least. */
static void test_by_estimate(void **state)
{
    (void)state;
    make_cells(1.0);
    check_groups(all, CELLS, 0, "0 1 2 3 4 5 6 7|");
    make_cells(190.0);
    check_groups(all, CELLS, 0, "0 1 2|3 4 5|6 7|");
    make_cells(301.0);
    check_groups(all, CELLS, 0, "0|1|2|3|4|5|6|7|");
    make_cells(36000.0);
    check_groups(all, CELLS, 0, "0|1|2|3|4|5|6|7|");
    make_cells(10.0);
    cells[2].train_flops = 3600.0 * SECOND;
    check_groups(all, CELLS, 0, "0 1|2|3 4 5 6 7|");
}

/* A training that several cells share is done in one task, once. */
static void test_shared_training(void **state)
{
    (void)state;
    make_cells(1.0);
    memcpy(cells[6].train_id, cells[1].train_id, LX_ID_SIZE);
    check_groups(all, CELLS, 2, "0 1 6|2 3|4 5|7|");
}

static void test_file(void **state)
{
    static const char *const broken[] = {
        "0",
        "0:0000000000001d00",                       /* no line end */
        "0:0000000000001d00 \n",                    /* a space too many */
        "0:0000000000001d00  1:0000000000001d01\n", /* here, too */
        "0:1d00\n",                                 /* a short id */
        "0:0000000000001d000\n",                    /* a long one */
        "-1:0000000000001d00\n",                    /* no number */
        "99999999999999999999:0000000000001d00\n",  /* not in any plan */
        "\n",                                       /* a task without a cell */
        "0:0000000000001d00\n\n",                   /* another */
        "0:0000000000001D00\n",                     /* not as we write it */
    };
    char path[] = "/tmp/lx-test-tasks-XXXXXX";
    int fd = mkstemp(path);
    struct lx_arena arena = {0};
    struct lx_tasks t, part, back;

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    make_cells(1.0);
    CHECK_OK(lx_tasks_make(&plan, all, CELLS, 3, &arena, &t, &err));
    CHECK_OK(lx_tasks_part(&t, 1, 2, &arena, &part, &err));
    CHECK_OK(lx_tasks_write(path, &part, &err));
    CHECK_OK(lx_tasks_read(path, &arena, &back, &err));
    assert_int_equal(back.n_tasks, 2);
    assert_int_equal(back.n, 5);
    for (size_t i = 0; i < back.n; i++) {
        assert_int_equal(back.cells[i].k, 3 + i);
        assert_int_equal(back.cells[i].task, i / 3);
        assert_string_equal(back.cells[i].id, cells[3 + i].id);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        CHECK_OK(lx_fs_write(path, broken[i], strlen(broken[i]), &err));
        CHECK_FAILS(lx_tasks_read(path, &arena, &back, &err), LX_EFORMAT, "must be K:ID");
    }
    CHECK_OK(lx_fs_write(path, "", 0, &err));
    CHECK_OK(lx_tasks_read(path, &arena, &back, &err));
    assert_int_equal(back.n_tasks, 0);
    (void)unlink(path);
    lx_arena_free(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_by_number),
    cmocka_unit_test(test_by_estimate),
    cmocka_unit_test(test_shared_training),
    cmocka_unit_test(test_file),
};

CHECK_MAIN(tests)
