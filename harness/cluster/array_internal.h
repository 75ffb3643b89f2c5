/* What the files of array jobs share and nobody else sees. */
#ifndef LX_CLUSTER_ARRAY_INTERNAL_H
#define LX_CLUSTER_ARRAY_INTERNAL_H

#include "cluster/array.h"
#include "core/arena.h"
#include "core/buf.h"
#include "launch/inventory.h"
#include "plan/task_list.h"

/* ------------------------------------------------------------ array_batch.c: what was submitted */

struct lx_array_batch {
    size_t number;
    char job[LX_JOB_SIZE];
    struct lx_tasks tasks;
    bool *queued; /* (n_tasks) the system still has it */
};

struct lx_array_batches {
    const struct lx_batch_system *system;
    const char *folder; /* DIR/NAME */
    struct lx_arena arena;
    struct lx_array_batch *batch;
    size_t n, cap;
    size_t last; /* highest number so far */

    /* Set by lx_array_batches_ask. */
    size_t running, waiting; /* tasks */
    char reason[64];         /* why the first one waits, "" if none does */
};

/* Batches of a folder that have not ended as far as known; it need not exist. */
LX_MUST_CHECK
enum lx_code lx_array_batches_read(struct lx_array_batches *b, const struct lx_batch_system *system,
                                   const char *folder, struct lx_err *err);
void lx_array_batches_free(struct lx_array_batches *b);

/* Ask which tasks are still there. On failure everything stays as it was. */
LX_MUST_CHECK enum lx_code lx_array_batches_ask(struct lx_array_batches *b, struct lx_err *err);

/* Remember that batches without a queued task are over. */
LX_MUST_CHECK enum lx_code lx_array_batches_retire(struct lx_array_batches *b, struct lx_err *err);

/* FOLDER/NUMBER.KIND. */
LX_MUST_CHECK
enum lx_code lx_array_path(struct lx_array_batches *b, size_t number, const char *kind,
                           const char **out, struct lx_err *err);

/* Write down that batch `number` was submitted with these tasks. */
LX_MUST_CHECK
enum lx_code lx_array_batches_add(struct lx_array_batches *b, size_t number, const char *job,
                                  const struct lx_tasks *tasks, struct lx_err *err);

/* Ids of the jobs that have queued tasks, `separator` between them. */
void lx_array_batches_jobs(const struct lx_array_batches *b, const char *separator,
                           struct lx_buf *out);

/* ------------------------------------------------------- array_wait.c: until the tasks have ended */

struct lx_array_launch {
    const struct lx_launcher *launcher;
    const struct lx_launch *l;
    struct lx_experiment *e;
    struct lx_arena arena;
    struct lx_buf options; /* of the user, as lines of a script */
    struct lx_array_batches batches;
    struct lx_array_script script;
    const char *folder; /* DIR/NAME, absolute */
    struct lx_inventory have;
    struct lx_err not_dropped; /* as in struct lx_pool */
    double start, work_before;
};

/* Bring `have` up to date. */
void lx_array_look(struct lx_array_launch *a);
/* Show progress until all cells are done, no task is left, or a signal came. */
void lx_array_wait(struct lx_array_launch *a);
/* LX_OK if all cells are done; else LX_EPARTIAL, after a line on each that is not. */
LX_MUST_CHECK enum lx_code lx_array_judge(struct lx_array_launch *a, struct lx_err *err);

#endif
