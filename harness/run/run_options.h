/* How cells are run: the options that `run` and `tune` share, and what is done with them. */
#ifndef LX_RUN_RUN_OPTIONS_H
#define LX_RUN_RUN_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "cell/worker.h"
#include "core/err.h"
#include "experiment/experiment.h"
#include "launch/launcher.h"

/* Choices of --retry and --plots, and of --weights. */
enum { LX_RUN_YES, LX_RUN_NO };
enum { LX_RUN_KEEP, LX_RUN_DROP };

/* Choices of --style, which `report` has too. */
enum { LX_RUN_PAGE, LX_RUN_PAPER };
/* clang-format off */
#define LX_RUN_STYLE(field) \
    {"style", LX_OPT_CHOICE, field, LX_RUN_PAGE, 0, 0, "page|paper", \
     "paper: figures as wide as one or two columns of text, 8 pt, without titles (default: page)", 0}
/* clang-format on */

struct lx_run_options {
    const char *out; /* results folder; NULL: results/NAME */
    const char *launcher, *slurm;
    const char *products, *reuse, *tensorboard;
    int jobs, threads, retry, cells_per_task, plots, style, weights;
    size_t memory, disk;
    double checkpoint_every, hang_timeout, poll;
    double rate; /* as in struct lx_launch; lx_run_start measures it */
    bool fail_fast, keep_going, no_wait, pack;
};

#define LX_RUN_AT(field) offsetof(struct lx_run_options, field)

/* Lines of a table whose struct begins with a struct lx_run_options. */
/* clang-format off */
#define LX_RUN_OPTIONS \
    {"jobs", LX_OPT_INT, LX_RUN_AT(jobs), 0, 1, INT_MAX, "N", \
     "cells at a time (default: processors it may use / threads)", LX_OPT_LETTER('j')}, \
    {"threads", LX_OPT_INT, LX_RUN_AT(threads), 1, 1, INT_MAX, "N", \
     "threads of each cell (default: 1); results are the same bytes for any number", 0}, \
    {"memory", LX_OPT_BYTES, LX_RUN_AT(memory), 0, 0, 0, "BYTES", \
     "most memory of one cell, as 2G (default: what is available / N)", 0}, \
    {"checkpoint-every", LX_OPT_SECONDS, LX_RUN_AT(checkpoint_every), LX_CHECKPOINT_EVERY, \
     0, 0, "SEC", \
     "save the state of training this often, 0: only when interrupted (default: 60)", 0}, \
    {"tensorboard", LX_OPT_ARGUMENT, LX_RUN_AT(tensorboard), 0, 0, 0, "DIR", \
     "curves for TensorBoard, appended to DIR/ENCODING/seed-N-ID while the cells run", 0}, \
    {"fail-fast", LX_OPT_BOOL, LX_RUN_AT(fail_fast), 0, 0, 0, NULL, \
     "end the sweep with the first cell that fails", 0}, \
    {"keep-going", LX_OPT_BOOL, LX_RUN_AT(keep_going), 0, 0, 0, NULL, \
     "run the other cells all the same (the default)", 0}, \
    {"retry", LX_OPT_CHOICE, LX_RUN_AT(retry), -1, 0, 0, "yes|no", \
     "try cells again that failed in an earlier run (default: yes)", 0}, \
    {"hang-timeout", LX_OPT_SECONDS, LX_RUN_AT(hang_timeout), LX_HANG_TIMEOUT, 0, 0, "SEC", \
     "kill a cell that makes no progress for so long, 0: never (default: 1800)", 0}, \
    {"disk", LX_OPT_BYTES, LX_RUN_AT(disk), 0, 0, 0, "BYTES", \
     "most disk space to count on, as 2G (default: what is free)", 0}, \
    {"launcher", LX_OPT_ARGUMENT, LX_RUN_AT(launcher), 0, 0, 0, "local|slurm", \
     "workers on this machine, or tasks of a Slurm array job (default: local)", 0}, \
    {"slurm", LX_OPT_ARGUMENT, LX_RUN_AT(slurm), 0, 0, 0, "OPTIONS", \
     "for sbatch, as \"--partition=x --time=2:00:00\", or @FILE with lines of them", 0}, \
    {"cells-per-task", LX_OPT_INT, LX_RUN_AT(cells_per_task), 0, 1, INT_MAX, "N", \
     "cells that one Slurm task runs (default: about ten minutes' worth)", 0}, \
    {"no-wait", LX_OPT_BOOL, LX_RUN_AT(no_wait), 0, 0, 0, NULL, \
     "submit, with a job that merges and reports in the end, and leave", 0}, \
    {"poll", LX_OPT_SECONDS, LX_RUN_AT(poll), 15, 0, 0, "SEC", \
     "ask Slurm this often while waiting (default: 15)", 0}, \
    {"plots", LX_OPT_CHOICE, LX_RUN_AT(plots), 0, 0, 0, "yes|no", "draw plots (default: yes)", 0}, \
    LX_RUN_STYLE(LX_RUN_AT(style)), \
    {"reuse", LX_OPT_ARGUMENT, LX_RUN_AT(reuse), 0, 0, 0, "DIR[,DIR]", \
     "take trainings that are the same from these results folders, by id and sums", 0}, \
    {"weights", LX_OPT_CHOICE, LX_RUN_AT(weights), LX_RUN_KEEP, 0, 0, "keep|drop", \
     "drop: remove the trained weights of cells that are done (default: keep)", 0}, \
    {"pack", LX_OPT_BOOL, LX_RUN_AT(pack), 0, 0, 0, NULL, \
     "leave the rows of each cell in cells/ID.csv.gz, small enough to be committed", 0}
/* clang-format on */

/* What the options say together; then the launcher, limits, threads and signals are as they ask. */
LX_MUST_CHECK
enum lx_code lx_run_prepare(struct lx_run_options *o, const struct lx_launcher **launcher,
                            struct lx_err *err);

/* Check that the cells fit, save their plan, take over what there is to reuse, and say how long it will
 * take. The data of the plan is not kept. */
LX_MUST_CHECK
enum lx_code lx_run_start(struct lx_run_options *o, const struct lx_launcher *launcher,
                          struct lx_experiment *e,
                          enum lx_code (*save)(struct lx_experiment *e, struct lx_err *err),
                          struct lx_err *err);

/* Run every cell that is not done; as struct lx_launcher's run. */
LX_MUST_CHECK
enum lx_code lx_run_launch(const struct lx_run_options *o, const struct lx_launcher *launcher,
                           struct lx_experiment *e, bool *queued, struct lx_err *err);

#endif
