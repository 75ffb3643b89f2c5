/* The launcher for Slurm: the cells of an experiment as tasks of array jobs.
 *
 * DIR/slurm/ holds what was submitted. Batch N, one array job, is
 *     N.json    the config, so that editing the experiment changes nothing for what is queued
 *     N.tasks   the cells of each task (see tasks.h)
 *     N.sh      what sbatch was given
 *     N.job     the id of the job; renamed to N.ended when Slurm knows it no more
 *     N.K.log   what task K said, in all its lives
 * A task runs `longshot cell --list`. Before the end of its time Slurm sends USR1, the cell saves its
 * state, and the script asks Slurm to queue the task again; a preempted or requeued task saves on
 * TERM. So a task may be shorter than its cells. Nothing depends on when, where or how often a task
 * runs: results appear whole in DIR/cells, and what is there is never done again. */
#ifndef LX_LAUNCH_SLURM_H
#define LX_LAUNCH_SLURM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "store/experiment.h"

struct lx_slurm {
    const char *options; /* for sbatch: "--partition=x --time=1:00:00", or "@FILE" of such lines;
                                NULL: none */
    int cells_per_task;  /* 0: enough for about LX_TASK_SECONDS */
    int at_once;         /* tasks of one array running at a time, 0: as Slurm sees fit */
    int threads;         /* of a cell, and processors of a task */
    size_t memory_limit; /* bytes, passed on to `cell`; 0: what is available there */
    double checkpoint_every; /* as in struct lx_worker */
    double poll;             /* seconds between questions to Slurm while waiting */
    bool no_wait;            /* submit, and a job that merges when all have ended */
    bool no_plots;           /* for that job */
};

/* Submit the cells that are neither done nor queued, and wait until all tasks have ended. LX_EPARTIAL:
 * cells are missing then; LX_EINTERRUPT: stopped waiting, the jobs go on. With no_wait, LX_OK and
 * *queued: jobs are on their way. */
LX_MUST_CHECK
enum lx_code lx_slurm_run(const struct lx_slurm *s, struct lx_experiment *e, bool *queued,
                          struct lx_err *err);

#endif
