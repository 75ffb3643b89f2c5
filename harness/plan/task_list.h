/* Task lists: which cells each task of an array job runs.
 *
 * A text file, one line a task, from task 0: "K:ID K:ID ...", K the place in the plan and ID the id
 * that the cell must have there, so that a list never runs cells it was not made for. */
#ifndef LX_PLAN_TASK_LIST_H
#define LX_PLAN_TASK_LIST_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "plan/plan.h"

struct lx_task_cell {
    size_t task, k;
    char id[LX_ID_SIZE];
};

struct lx_tasks {
    size_t n_tasks, n;          /* tasks, cells of all of them */
    struct lx_task_cell *cells; /* (n), by task */
};

/* Put `n` cells of a plan into tasks, in order: per_task cells each, or with per_task = 0 so many that
 * a task takes about LX_TASK_SECONDS by the plan's count of operations. Cells that share a training go
 * to one task. A task has one cell at least. */
#define LX_TASK_SECONDS 600.0
LX_MUST_CHECK
enum lx_code lx_tasks_make(const struct lx_plan *p, const size_t *cells, size_t n, size_t per_task,
                           struct lx_arena *arena, struct lx_tasks *out, struct lx_err *err);

LX_MUST_CHECK
enum lx_code lx_tasks_write(const char *path, const struct lx_tasks *t, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_tasks_read(const char *path, struct lx_arena *arena, struct lx_tasks *out,
                           struct lx_err *err);

/* Tasks first .. first + n_tasks - 1 as a list of their own, from task 0. */
LX_MUST_CHECK
enum lx_code lx_tasks_part(const struct lx_tasks *t, size_t first, size_t n_tasks,
                           struct lx_arena *arena, struct lx_tasks *out, struct lx_err *err);

#endif
