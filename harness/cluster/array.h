/* Array jobs: the cells of an experiment as tasks of a batch system.
 *
 * DIR/NAME/, after the launcher, holds what was submitted. Batch N, one array job, is
 *     N.json    the config, so that editing the experiment changes nothing for what is queued
 *     N.tasks   the cells of each task (see plan/task_list.h)
 *     N.sh      the script that was submitted
 *     N.job     the id of the job; renamed to N.ended once the system no longer lists it
 *     N.K.log   what task K said, in all its lives
 * A task runs `longshot cell --list`. Before the end of its time it gets a signal, the cell saves its state,
 * and the script has the task queued again; a preempted or requeued task saves on TERM. So a task may be
 * shorter than its cells. Nothing depends on when, where or how often a task runs: results appear whole in
 * DIR/cells, and what is there is never done again. */
#ifndef LX_CLUSTER_ARRAY_H
#define LX_CLUSTER_ARRAY_H

#include "core/buf.h"
#include "launch/launcher.h"

#define LX_JOB_SIZE 32

/* A task that the system has in its queue, waiting or running. */
struct lx_array_task {
    const char *job;
    size_t index;
    bool running;
    const char *reason; /* why it waits, in the system's words */
};

/* What a script is about. */
struct lx_array_script {
    const char *name;      /* of the experiment */
    const char *dir;       /* results folder, absolute, as the next two */
    const char *cwd;       /* where paths of data files begin */
    const char *program;   /* longshot */
    const char *options;   /* lines from the hook of that name */
    size_t number;         /* of the batch */
    size_t n_tasks, bytes; /* memory that the largest cell needs */
    const struct lx_launch *l;
};

/* What differs between batch systems. */
struct lx_batch_system {
    const char *title; /* "Slurm" */
    const char *cancel,
        *go_on;              /* commands that end a job, and that let a held one go on: for hints */
    const char *const *held; /* parts of reasons of tasks that wait for a person; NULL ends */
    /* The user's options (as in struct lx_launch) as lines of a script; the launcher's own are refused. */
    enum lx_code (*options)(const char *text, struct lx_buf *lines, struct lx_err *err);
    /* Tasks that one array may have, at least 1. */
    enum lx_code (*array_limit)(size_t *out, struct lx_err *err);
    /* Hand in a script; the id of the job goes to `job`. */
    enum lx_code (*submit)(const char *script, char job[LX_JOB_SIZE], struct lx_err *err);
    /* Which tasks of these jobs (ids with commas between) have not ended: text for next_task, which takes a
     * task from it and changes it on the way; false: there are no more. */
    enum lx_code (*queue)(const char *jobs, struct lx_buf *answer, struct lx_err *err);
    bool (*next_task)(char **at, struct lx_array_task *out);
    /* The script of an array, and that of a job which merges and reports when the jobs (ids with colons
     * between) have ended, however they did. */
    void (*write_tasks)(const struct lx_array_script *c, struct lx_buf *out);
    void (*write_merge)(const struct lx_array_script *c, const char *jobs, struct lx_buf *out);
};

/* Submit the cells that are neither done nor queued, and wait until all tasks have ended. LX_EPARTIAL:
 * cells are missing then; LX_EINTERRUPT: stopped waiting, the jobs go on. With no_wait, LX_OK and
 * *queued: jobs are on their way. The `run` of a launcher that has a batch system. */
LX_MUST_CHECK
enum lx_code lx_array_run(const struct lx_launcher *self, const struct lx_launch *l,
                          struct lx_experiment *e, bool *queued, struct lx_err *err);

#endif
