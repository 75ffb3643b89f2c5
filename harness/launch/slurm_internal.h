/* What the files of the Slurm launcher share and nobody else sees. */
#ifndef LX_LAUNCH_SLURM_INTERNAL_H
#define LX_LAUNCH_SLURM_INTERNAL_H

#include "core/arena.h"
#include "core/buf.h"
#include "launch/slurm.h"
#include "plan/tasks.h"

#define LX_JOB_SIZE 32

/* ------------------------------------------------------------------ slurm_ask.c: Slurm's commands */

/* Tasks that one array may have. */
LX_MUST_CHECK enum lx_code lx_slurm_array_limit(size_t *out, struct lx_err *err);

/* Hand a script to sbatch; the id of the job goes to `job`. */
LX_MUST_CHECK
enum lx_code lx_slurm_submit(const char *script, char job[LX_JOB_SIZE], struct lx_err *err);

/* A task that Slurm has in its queue, waiting or running. */
struct lx_slurm_task {
    const char *job;
    size_t index;
    bool running;
    const char *reason; /* why it waits, in Slurm's words */
};

/* Which tasks of these jobs (ids with commas between) have not ended: lines for lx_slurm_next_task. */
LX_MUST_CHECK
enum lx_code lx_slurm_queue(const char *jobs, struct lx_buf *answer, struct lx_err *err);
/* Take a task from the answer, which is changed on the way; false: there are no more. */
bool lx_slurm_next_task(char **at, struct lx_slurm_task *out);

/* --------------------------------------------------------------------- slurm_script.c: the scripts */

/* The user's options as lines of a script; options that are the launcher's own are refused. */
LX_MUST_CHECK
enum lx_code lx_slurm_options(const char *text, struct lx_buf *lines, struct lx_err *err);

struct lx_slurm_script {
    const char *name;      /* of the experiment */
    const char *dir;       /* results folder, absolute, as the next two */
    const char *cwd;       /* where paths of data files begin */
    const char *program;   /* longshot */
    const char *options;   /* from lx_slurm_options */
    size_t number;         /* of the batch */
    size_t n_tasks, bytes; /* memory that the largest cell needs */
    const struct lx_slurm *s;
};

void lx_slurm_write_tasks(const struct lx_slurm_script *c, struct lx_buf *out);
/* Merges and reports when the jobs (ids with colons between) have ended, however they did. */
void lx_slurm_write_merge(const struct lx_slurm_script *c, const char *jobs, struct lx_buf *out);

/* ------------------------------------------------------------ slurm_batch.c: what was submitted */

struct lx_slurm_batch {
    size_t number;
    char job[LX_JOB_SIZE];
    struct lx_tasks tasks;
    bool *queued; /* (n_tasks) Slurm still has it */
};

struct lx_slurm_batches {
    const char *folder; /* DIR/slurm */
    struct lx_arena arena;
    struct lx_slurm_batch *batch;
    size_t n, cap;
    size_t last; /* highest number so far */

    /* Set by lx_slurm_batches_ask. */
    size_t running, waiting; /* tasks */
    char reason[64];         /* why the first one waits, "" if none does */
};

/* Batches of DIR/slurm that have not ended as far as is known; the folder need not exist. */
LX_MUST_CHECK
enum lx_code lx_slurm_batches_read(struct lx_slurm_batches *b, const char *folder,
                                   struct lx_err *err);
void lx_slurm_batches_free(struct lx_slurm_batches *b);

/* Ask Slurm which tasks it still has. On failure everything stays as it was. */
LX_MUST_CHECK enum lx_code lx_slurm_batches_ask(struct lx_slurm_batches *b, struct lx_err *err);

/* Remember that batches without a queued task are over. */
LX_MUST_CHECK enum lx_code lx_slurm_batches_retire(struct lx_slurm_batches *b, struct lx_err *err);

/* DIR/slurm/NUMBER.KIND; NULL: out of memory. */
const char *lx_slurm_path(struct lx_slurm_batches *b, size_t number, const char *kind);

/* Write down that batch `number` was submitted with these tasks. */
LX_MUST_CHECK
enum lx_code lx_slurm_batches_add(struct lx_slurm_batches *b, size_t number, const char *job,
                                  const struct lx_tasks *tasks, struct lx_err *err);

/* Ids of the jobs that have queued tasks, `separator` between them. */
void lx_slurm_batches_jobs(const struct lx_slurm_batches *b, const char *separator,
                           struct lx_buf *out);

/* ------------------------------------------------------- slurm_wait.c: until the tasks have ended */

struct lx_slurm_launch {
    const struct lx_slurm *s;
    struct lx_experiment *e;
    struct lx_arena arena;
    struct lx_buf options; /* of the user, as lines of a script */
    struct lx_slurm_batches batches;
    struct lx_slurm_script script;
    const char *folder; /* DIR/slurm, absolute */
    bool *done;         /* (cells) */
    size_t n_done;
    double start, work_before;
};

/* Bring `done` up to date. */
void lx_slurm_look(struct lx_slurm_launch *l);
/* Show progress until all cells are done, no task is left, or a signal came. */
void lx_slurm_wait(struct lx_slurm_launch *l);
/* LX_OK if all cells are done; else LX_EPARTIAL, after a line on each that is not. */
LX_MUST_CHECK enum lx_code lx_slurm_judge(struct lx_slurm_launch *l, struct lx_err *err);

#endif
