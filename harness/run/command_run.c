/* `run`: the whole path, from a config to tables and plots. */
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "report/report.h"
#include "run/command.h"
#include "run/disk.h"
#include "run/experiment.h"
#include "run/interrupt.h"
#include "run/merge.h"
#include "run/supervisor.h"
#include "run/worker.h"
#include "tensor/parallel.h"

static const char *out_dir, *plots, *retry;
static int jobs, threads = 1;
static size_t memory, disk;
static double checkpoint_every = LX_CHECKPOINT_EVERY, hang_timeout = LX_HANG_TIMEOUT;
static bool fail_fast, keep_going;

static const struct lx_arg args[] = {
    {"out", 'o', LX_ARG_TEXT, &out_dir, "DIR", "results folder (default: results/NAME)", 0},
    {"jobs", 'j', LX_ARG_COUNT, &jobs, "N", "cells at a time (default: processors / threads)", 1},
    {"threads", 0, LX_ARG_COUNT, &threads, "N",
     "threads of each cell (default: 1); results are the same bytes for any number", 1},
    {"memory", 0, LX_ARG_BYTES, &memory, "BYTES",
     "most memory of one cell, as 2G (default: what is available / N)", 0},
    {"checkpoint-every", 0, LX_ARG_SECONDS, &checkpoint_every, "SEC",
     "save the state of training this often, 0: only when interrupted (default: 60)", 0},
    {"fail-fast", 0, LX_ARG_FLAG, &fail_fast, NULL, "end the sweep with the first cell that fails",
     0},
    {"keep-going", 0, LX_ARG_FLAG, &keep_going, NULL,
     "run the other cells all the same (the default)", 0},
    {"retry", 0, LX_ARG_TEXT, &retry, "yes|no",
     "try cells again that failed in an earlier run (default: yes)", 0},
    {"hang-timeout", 0, LX_ARG_SECONDS, &hang_timeout, "SEC",
     "kill a cell that makes no progress for so long, 0: never (default: 1800)", 0},
    {"disk", 0, LX_ARG_BYTES, &disk, "BYTES",
     "most disk space to count on, as 2G (default: what is free)", 0},
    {"plots", 0, LX_ARG_TEXT, &plots, "yes|no", "draw plots (default: yes)", 0},
    {.type = LX_ARG_END},
};

static enum lx_code report(const struct lx_experiment *e, struct lx_err *err)
{
    struct lx_report_options o = {.no_plots = plots != NULL && strcmp(plots, "no") == 0};
    struct lx_buf text = {0};
    size_t n_done, n_cells;
    enum lx_code code = lx_merge(e->dir, &n_done, &n_cells, err);

    if (code != LX_OK || n_done == 0)
        return code;
    code = lx_report_make(e->dir, &o, err);
    if (code == LX_OK)
        code = lx_report_text(e->dir, &text, err);
    if (code == LX_OK)
        code = lx_command_print(&text, err);
    if (code == LX_OK)
        lx_log("tables: %s/table.md, .tex, .csv%s%s%s", e->dir,
               o.no_plots ? "" : "; plots: ", o.no_plots ? "" : e->dir,
               o.no_plots ? "" : "/plots/");
    if (code == LX_OK && lx_json_count(e->config.claims) > 0)
        lx_log("claims: %s/claims.md, .tex, .csv", e->dir);
    lx_buf_free(&text);
    return code;
}

/* The rows of what is done are merged and reported whether or not everything went well. */
static enum lx_code supervise_and_report(struct lx_experiment *e, struct lx_err *err)
{
    struct lx_supervisor s = {.jobs = jobs,
                              .memory_limit = memory,
                              .disk_limit = disk,
                              .checkpoint_every = checkpoint_every,
                              .hang_timeout = hang_timeout,
                              .fail_fast = fail_fast,
                              .skip_failed = retry != NULL && strcmp(retry, "no") == 0};
    enum lx_code code = lx_supervise(&s, e, err);
    struct lx_err later;

    if (code == LX_OK)
        return report(e, err);
    if (code == LX_EPARTIAL && report(e, &later) != LX_OK)
        lx_log_error(&later);
    return code;
}

static enum lx_code check_word(const char *option, const char *got, struct lx_err *err)
{
    if (got == NULL || strcmp(got, "yes") == 0 || strcmp(got, "no") == 0)
        return LX_OK;
    return lx_fail(err, LX_EUSAGE, "%s: must be yes or no, got \"%.80s\"", option, got);
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    enum lx_code code = lx_command_arity(&lx_command_run, n, 1, -1, err);

    if (code != LX_OK)
        return code;
    if (check_word("--plots", plots, err) || check_word("--retry", retry, err))
        return err->code;
    if (fail_fast && keep_going)
        return lx_fail(err, LX_EUSAGE,
                       "--fail-fast and --keep-going: must be one of them, not both");
    if (jobs == 0) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        jobs = cpus > 0 && cpus < 4096 ? (int)cpus / threads : 1;
        jobs = jobs > 0 ? jobs : 1;
    }
    if (memory == 0)
        memory = lx_memory_available() / (size_t)jobs;
    lx_parallel_threads_set(threads);
    lx_interrupt_watch(false);
    code = lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, out_dir, err);
    if (code == LX_OK)
        code = lx_plan_check_memory(&e.plan, memory, err);
    if (code == LX_OK)
        code = lx_disk_check(&e.plan, e.dir, jobs, disk, err);
    if (code == LX_OK)
        code = lx_experiment_save(&e, err);
    lx_plan_drop_data(&e.plan);
    if (code == LX_OK)
        code = supervise_and_report(&e, err);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_run = {
    .name = "run",
    .usage = "CONFIG [KEY=VALUE ...] [-o DIR] [-j N]",
    .help = "train and evaluate everything in a config, then make tables and plots",
    .more =
        "Run again to go on where it stopped: finished cells are skipped, failed ones tried "
        "again\n(--retry no: listed and left alone), interrupted ones go on from the last saved "
        "step, and "
        "end\nwith the same bytes. `longshot status DIR` shows the state of it from another "
        "shell.\n"
        "TERM, INT, USR1, USR2 and XCPU: finish the step, save, exit with 75; a second one exits "
        "at "
        "once.\n"
        "Overrides are paths into the config: train.steps=200 eval.lengths='[\"1x\",\"4x\"]'\n"
        "Files are written to the results folder; the main table goes to stdout.\n"
        "Exit status: 0 done, 1 failed, 2 usage or config error, 4 some cells failed, 75 "
        "interrupted.\n",
    .args = args,
    .run = run,
};
