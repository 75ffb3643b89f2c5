/* `run`: the whole path, from a config to tables and plots. */
#include <string.h>

#include "cell/worker.h"
#include "command/command.h"
#include "core/log.h"
#include "launch/slurm.h"
#include "launch/supervisor.h"
#include "report/report.h"
#include "store/disk.h"
#include "store/experiment.h"
#include "store/merge.h"
#include "system/interrupt.h"
#include "system/limits.h"
#include "tensor/parallel.h"

static const char *out_dir, *plots, *retry, *launcher, *slurm_options;
static int jobs, cells_per_task, threads = 1;
static size_t memory, disk;
static double checkpoint_every = LX_CHECKPOINT_EVERY, hang_timeout = LX_HANG_TIMEOUT;
static double poll_every = 15.0;
static bool fail_fast, keep_going, no_wait;

static const struct lx_arg args[] = {
    {"out", 'o', LX_ARG_TEXT, &out_dir, "DIR", "results folder (default: results/NAME)", 0},
    {"jobs", 'j', LX_ARG_COUNT, &jobs, "N",
     "cells at a time (default: processors it may use / threads)", 1},
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
    {"launcher", 0, LX_ARG_TEXT, &launcher, "local|slurm",
     "workers on this machine, or tasks of a Slurm array job (default: local)", 0},
    {"slurm", 0, LX_ARG_TEXT, &slurm_options, "OPTIONS",
     "for sbatch, as \"--partition=x --time=2:00:00\", or @FILE with lines of them", 0},
    {"cells-per-task", 0, LX_ARG_COUNT, &cells_per_task, "N",
     "cells that one Slurm task runs (default: about ten minutes' worth)", 1},
    {"no-wait", 0, LX_ARG_FLAG, &no_wait, NULL,
     "submit, with a job that merges and reports in the end, and leave", 0},
    {"poll", 0, LX_ARG_SECONDS, &poll_every, "SEC",
     "ask Slurm this often while waiting (default: 15)", 0},
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

static bool is_slurm(void)
{
    return launcher != NULL && strcmp(launcher, "slurm") == 0;
}

static enum lx_code launch(struct lx_experiment *e, bool *queued, struct lx_err *err)
{
    const struct lx_slurm slurm = {.options = slurm_options,
                                   .cells_per_task = cells_per_task,
                                   .at_once = jobs,
                                   .threads = threads,
                                   .memory_limit = memory,
                                   .checkpoint_every = checkpoint_every,
                                   .poll = poll_every,
                                   .no_wait = no_wait,
                                   .no_plots = plots != NULL && strcmp(plots, "no") == 0};
    const struct lx_supervisor s = {.jobs = jobs,
                                    .memory_limit = memory,
                                    .disk_limit = disk,
                                    .checkpoint_every = checkpoint_every,
                                    .hang_timeout = hang_timeout,
                                    .fail_fast = fail_fast,
                                    .skip_failed = retry != NULL && strcmp(retry, "no") == 0};

    *queued = false;
    return is_slurm() ? lx_slurm_run(&slurm, e, queued, err) : lx_supervise(&s, e, err);
}

/* The rows of what is done are merged and reported whether or not everything went well. */
static enum lx_code launch_and_report(struct lx_experiment *e, struct lx_err *err)
{
    struct lx_err later;
    bool queued;
    enum lx_code code = launch(e, &queued, err);

    if (code == LX_OK && queued)
        lx_log("the same command without --no-wait waits for them; `longshot status %s` shows "
               "them",
               e->dir);
    else if (code == LX_OK)
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

static enum lx_code check_options(struct lx_err *err)
{
    if (check_word("--plots", plots, err) || check_word("--retry", retry, err))
        return err->code;
    if (fail_fast && keep_going)
        return lx_fail(err, LX_EUSAGE,
                       "--fail-fast and --keep-going: must be one of them, not both");
    if (launcher != NULL && strcmp(launcher, "local") != 0 && !is_slurm())
        return lx_fail(err, LX_EUSAGE, "--launcher: must be local or slurm, got \"%.80s\"",
                       launcher);
    if (!is_slurm() && (slurm_options != NULL || cells_per_task > 0 || no_wait))
        return lx_fail(err, LX_EUSAGE, "%s: must go with --launcher slurm",
                       slurm_options != NULL ? "--slurm"
                       : no_wait             ? "--no-wait"
                                             : "--cells-per-task");
    if (is_slurm() && (fail_fast || retry != NULL || disk > 0))
        return lx_fail(err, LX_EUSAGE, "%s: must go with --launcher local",
                       fail_fast       ? "--fail-fast"
                       : retry != NULL ? "--retry"
                                       : "--disk");
    return LX_OK;
}

/* What one machine can bear; a cluster has limits of its own. */
static void choose_limits(void)
{
    if (is_slurm())
        return;
    if (jobs == 0) {
        jobs = lx_limits_cpus("") / threads;
        jobs = jobs > 0 ? jobs : 1;
    }
    if (memory == 0)
        memory = lx_limits_memory("") / (size_t)jobs;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    enum lx_code code = lx_command_arity(&lx_command_run, n, 1, -1, err);

    if (code == LX_OK)
        code = check_options(err);
    if (code != LX_OK)
        return code;
    choose_limits();
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
        code = launch_and_report(&e, err);
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
        "--launcher slurm: submit to a cluster, wait, merge; run again to submit what is neither "
        "done nor queued;\n-j is then the most tasks at a time.\n"
        "Overrides are paths into the config: train.steps=200 eval.lengths='[\"1x\",\"4x\"]'\n"
        "Files are written to the results folder; the main table goes to stdout.\n"
        "Exit status: 0 done, 1 failed, 2 usage or config error, 4 some cells failed, 75 "
        "interrupted.\n",
    .args = args,
    .run = run,
};
