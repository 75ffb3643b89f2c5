/* Launchers: who runs the cells of an experiment. Which there are: run/launcher_list.h. */
#ifndef LX_LAUNCH_LAUNCHER_H
#define LX_LAUNCH_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "experiment/experiment.h"

#define LX_HANG_TIMEOUT 1800.0 /* seconds */

/* What was asked for. Which of it goes with one launcher alone says its table of options. */
struct lx_launch {
    int jobs;                /* cells, or tasks, at a time; 0: as many as a batch system gives */
    int threads;             /* of a cell */
    size_t memory_limit;     /* bytes of one cell; 0: what is available where it runs */
    size_t disk_limit;       /* bytes that may be written, 0: what is free */
    double checkpoint_every; /* as in struct lx_worker */
    const char *tensorboard; /* as there */
    double hang_timeout;     /* a worker silent for so long (and for the time that its largest pass
                              * takes on a slow machine) hangs; 0: never */
    bool fail_fast;          /* the first failure ends the sweep */
    bool skip_failed;        /* cells that failed in an earlier run stay failed */
    bool drop_weights;       /* remove those of trainings whose cells are all done */
    const char *options; /* for a batch system: "--partition=x --time=1:00:00", or "@FILE" of lines
                              * of them; NULL: none */
    int cells_per_task;  /* 0: enough for about LX_TASK_SECONDS */
    double rate;  /* 10^9 operations a second that an idle core was measured to do; 0: it was not */
    double poll;  /* seconds between questions to a batch system while waiting */
    bool no_wait; /* submit, and a job that merges when all have ended */
    bool no_plots, paper; /* for that job */
};

struct lx_batch_system;

struct lx_launcher {
    const char *name;
    const char *help;
    const char *const *options;          /* of `run` that go with this one; NULL ends */
    const struct lx_batch_system *batch; /* NULL: cells run on this machine */
    /* Run every cell that is not done. LX_EPARTIAL: some failed or are missing. LX_EINTERRUPT: asked to
     * stop. *queued: none is known to have failed, but jobs are on their way. */
    enum lx_code (*run)(const struct lx_launcher *self, const struct lx_launch *l,
                        struct lx_experiment *e, bool *queued, struct lx_err *err);
};

#endif
