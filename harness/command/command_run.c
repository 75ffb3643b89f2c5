/* `run`: the whole path, from a config to tables and plots. */
#include <limits.h>

#include "cell/worker.h"
#include "command/command.h"
#include "command/outlook.h"
#include "core/log.h"
#include "launch/launcher.h"
#include "launch/reuse.h"
#include "record/register.h"
#include "report/report.h"
#include "store/disk.h"
#include "store/experiment.h"
#include "store/merge.h"
#include "system/fs.h"
#include "system/interrupt.h"
#include "system/limits.h"
#include "tensor/parallel.h"

enum { YES, NO };
enum { KEEP, DROP };

struct options {
    const char *out, *launcher, *slurm;
    const char *products, *reuse;
    int jobs, threads, retry, cells_per_task, plots, weights;
    size_t memory, disk;
    double checkpoint_every, hang_timeout, poll, rate;
    bool fail_fast, keep_going, no_wait, pack, print_config, print_hash;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "DIR", "results folder (default: results/NAME)",
     LX_OPT_LETTER('o')},
    {"jobs", LX_OPT_INT, AT(jobs), 0, 1, INT_MAX, "N",
     "cells at a time (default: processors it may use / threads)", LX_OPT_LETTER('j')},
    {"threads", LX_OPT_INT, AT(threads), 1, 1, INT_MAX, "N",
     "threads of each cell (default: 1); results are the same bytes for any number", 0},
    {"memory", LX_OPT_BYTES, AT(memory), 0, 0, 0, "BYTES",
     "most memory of one cell, as 2G (default: what is available / N)", 0},
    {"checkpoint-every", LX_OPT_SECONDS, AT(checkpoint_every), LX_CHECKPOINT_EVERY, 0, 0, "SEC",
     "save the state of training this often, 0: only when interrupted (default: 60)", 0},
    {"fail-fast", LX_OPT_BOOL, AT(fail_fast), 0, 0, 0, NULL,
     "end the sweep with the first cell that fails", 0},
    {"keep-going", LX_OPT_BOOL, AT(keep_going), 0, 0, 0, NULL,
     "run the other cells all the same (the default)", 0},
    {"retry", LX_OPT_CHOICE, AT(retry), -1, 0, 0, "yes|no",
     "try cells again that failed in an earlier run (default: yes)", 0},
    {"hang-timeout", LX_OPT_SECONDS, AT(hang_timeout), LX_HANG_TIMEOUT, 0, 0, "SEC",
     "kill a cell that makes no progress for so long, 0: never (default: 1800)", 0},
    {"disk", LX_OPT_BYTES, AT(disk), 0, 0, 0, "BYTES",
     "most disk space to count on, as 2G (default: what is free)", 0},
    {"launcher", LX_OPT_ARGUMENT, AT(launcher), 0, 0, 0, "local|slurm",
     "workers on this machine, or tasks of a Slurm array job (default: local)", 0},
    {"slurm", LX_OPT_ARGUMENT, AT(slurm), 0, 0, 0, "OPTIONS",
     "for sbatch, as \"--partition=x --time=2:00:00\", or @FILE with lines of them", 0},
    {"cells-per-task", LX_OPT_INT, AT(cells_per_task), 0, 1, INT_MAX, "N",
     "cells that one Slurm task runs (default: about ten minutes' worth)", 0},
    {"no-wait", LX_OPT_BOOL, AT(no_wait), 0, 0, 0, NULL,
     "submit, with a job that merges and reports in the end, and leave", 0},
    {"poll", LX_OPT_SECONDS, AT(poll), 15, 0, 0, "SEC",
     "ask Slurm this often while waiting (default: 15)", 0},
    {"plots", LX_OPT_CHOICE, AT(plots), 0, 0, 0, "yes|no", "draw plots (default: yes)", 0},
    LX_COMMAND_PRODUCTS(AT(products)),
    {"reuse", LX_OPT_ARGUMENT, AT(reuse), 0, 0, 0, "DIR[,DIR]",
     "take trainings that are the same from these results folders, by id and sums", 0},
    {"weights", LX_OPT_CHOICE, AT(weights), KEEP, 0, 0, "keep|drop",
     "drop: remove the trained weights of cells that are done (default: keep)", 0},
    {"print-hash", LX_OPT_BOOL, AT(print_hash), 0, 0, 0, NULL,
     "print the hash of claims, seeds and cells, to be published before, and run nothing", 0},
    {"pack", LX_OPT_BOOL, AT(pack), 0, 0, 0, NULL,
     "leave the rows of each cell in cells/ID.csv.gz, small enough to be committed", 0},
    LX_COMMAND_PRINT_CONFIG(AT(print_config)),
    {.type = LX_OPT_END},
};

static enum lx_code report(struct lx_experiment *e, const struct options *given, struct lx_err *err)
{
    struct lx_report_options o = {.no_plots = given->plots == NO, .defaults = lx_config_defaults};
    struct lx_buf text = {0};
    struct lx_merged merged;
    enum lx_code code;

    if (!lx_experiment_is_saved(e))
        lx_log("%s: another run has begun there meanwhile: the tables are those of its cells",
               e->dir);
    code = lx_merge(e->dir, given->pack, &merged, err);

    if (code != LX_OK || merged.n_done == 0)
        return code;
    code = lx_report_make(e->dir, &o, err);
    if (code == LX_OK && (lx_report_text(e->dir, &text, err) || lx_command_show(&text, err)))
        code = err->code;
    if (code == LX_OK)
        lx_log("tables: %s/table.md, .tex, .csv%s%s%s", e->dir,
               o.no_plots ? "" : "; plots: ", o.no_plots ? "" : e->dir,
               o.no_plots ? "" : "/plots/");
    if (code == LX_OK && lx_json_count(e->config.claims) > 0)
        lx_log("claims: %s/claims.md, .tex, .csv", e->dir);
    lx_buf_free(&text);
    return code;
}

static enum lx_code launch(const struct options *o, const struct lx_launcher *launcher,
                           struct lx_experiment *e, bool *queued, struct lx_err *err)
{
    const struct lx_launch l = {.jobs = o->jobs,
                                .threads = o->threads,
                                .memory_limit = o->memory,
                                .disk_limit = o->disk,
                                .checkpoint_every = o->checkpoint_every,
                                .hang_timeout = o->hang_timeout,
                                .fail_fast = o->fail_fast,
                                .skip_failed = o->retry == NO,
                                .drop_weights = o->weights == DROP,
                                .options = o->slurm,
                                .cells_per_task = o->cells_per_task,
                                .poll = o->poll,
                                .rate = o->rate,
                                .no_wait = o->no_wait,
                                .no_plots = o->plots == NO};

    return launcher->run(launcher, &l, e, queued, err);
}

/* The rows of what is done are merged and reported whether or not everything went well. */
static enum lx_code launch_and_report(const struct options *o, const struct lx_launcher *launcher,
                                      struct lx_experiment *e, struct lx_err *err)
{
    struct lx_err later;
    bool queued = false;
    enum lx_code code = launch(o, launcher, e, &queued, err);

    if (code == LX_OK && queued)
        lx_log("the same command without --no-wait waits for them; `longshot status %s` shows "
               "them",
               e->dir);
    else if (code == LX_OK)
        return report(e, o, err);
    if (code == LX_EPARTIAL && report(e, o, &later) != LX_OK)
        lx_log_error(&later);
    return code;
}

static enum lx_code check_options(const struct options *o, const struct lx_launcher *launcher,
                                  struct lx_err *err)
{
    const struct {
        const char *name;
        bool given;
    } options_of_launchers[] = {{"slurm", o->slurm != NULL},
                                {"no-wait", o->no_wait},
                                {"cells-per-task", o->cells_per_task > 0},
                                {"fail-fast", o->fail_fast},
                                {"retry", o->retry >= 0},
                                {"disk", o->disk > 0}};

    if (o->fail_fast && o->keep_going)
        return lx_fail(err, LX_EUSAGE,
                       "--fail-fast and --keep-going: must be one of them, not both");
    if (o->weights == DROP && o->no_wait)
        return lx_fail(err, LX_EUSAGE, "--weights drop: must go without --no-wait");
    for (size_t i = 0; i < sizeof(options_of_launchers) / sizeof(options_of_launchers[0]); i++)
        if (options_of_launchers[i].given &&
            lx_launcher_check_option(launcher, options_of_launchers[i].name, err))
            return err->code;
    return LX_OK;
}

/* What one machine can bear; a cluster has limits of its own. */
static void choose_limits(struct options *o, const struct lx_launcher *launcher)
{
    if (launcher->batch != NULL)
        return;
    if (o->jobs == 0) {
        o->jobs = lx_limits_cpus("") / o->threads;
        o->jobs = o->jobs > 0 ? o->jobs : 1;
    }
    if (o->memory == 0)
        o->memory = lx_limits_memory("") / (size_t)o->jobs;
    lx_fs_limit(o->memory);
}

static enum lx_code print_hash(int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    struct lx_buf text = {0};
    char hash[65];
    enum lx_code code;

    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, NULL, err) ||
        lx_register_hash(&e, hash, err)) {
        code = err->code;
    } else {
        lx_buf_printf(&text, "%s\n", hash);
        code = lx_command_print(&text, err);
    }
    lx_buf_free(&text);
    lx_experiment_close(&e);
    return code;
}

/* How long it will take; 10^9 operations a second of a core, 0: not measured. */
static double tell_outlook(const struct options *o, const struct lx_experiment *e)
{
    struct lx_rate rate;
    struct lx_buf line = {0};
    bool known = lx_outlook_rate(&e->plan, e->dir, &rate);

    if (known)
        lx_outlook_line(&e->plan, e->dir, o->jobs * o->threads, &rate, &line);
    if (known && !line.failed)
        lx_log("%s", line.text);
    lx_buf_free(&line);
    return known ? rate.gflops : 0;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct options o = *(const struct options *)given;
    const struct lx_launcher *launcher;
    struct lx_experiment e;
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_run, n, 1, -1, err) ||
        lx_command_choose_products(o.products, err) ||
        lx_launcher_find(o.launcher, &launcher, err) || check_options(&o, launcher, err))
        return err->code;
    if (o.print_hash)
        return print_hash(n, argv, err);
    if (o.print_config)
        return lx_command_print_config(argv[0], argv + 1, (size_t)n - 1, err);
    choose_limits(&o, launcher);
    lx_parallel_threads_set(o.threads);
    lx_interrupt_watch(false);
    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, o.out, err) ||
        lx_plan_check_memory(&e.plan, o.memory, err) ||
        lx_disk_check(&e.plan, e.dir, o.jobs, o.disk, o.weights == DROP, err) ||
        lx_register(&e, err) || (o.reuse != NULL && lx_reuse_trainings(&e, o.reuse, err)))
        code = err->code;
    lx_plan_drop_data(&e.plan);
    if (code == LX_OK && launcher->batch == NULL)
        o.rate = tell_outlook(&o, &e);
    if (code == LX_OK)
        code = launch_and_report(&o, launcher, &e, err);
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
        "Overrides are paths into the config: train.steps=200 eval.lengths=1x,4x seeds=1..5\n"
        "Files are written to the results folder; the main table goes to stdout.\n"
        "Exit status: 0 done, 1 failed, 2 usage or config error, 4 some cells failed, 75 "
        "interrupted.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
