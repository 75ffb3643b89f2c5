/* `run`: the whole path, from a config to tables and plots. */
#include "command/command.h"
#include "config/config_tune.h"
#include "core/log.h"
#include "experiment/merge.h"
#include "record/register.h"
#include "report/report.h"
#include "run/run_options.h"
#include "run/tuning.h"
#include "system/fs.h"
#include "verdict/registration.h"

struct options {
    struct lx_run_options run; /* first */
    bool print_hash, registers, print_config;
};

static const struct lx_option options[] = {
    {"out", LX_OPT_ARGUMENT, LX_RUN_AT(out), 0, 0, 0, "DIR",
     "results folder (default: results/NAME)", LX_OPT_LETTER('o')},
    LX_RUN_OPTIONS,
    LX_COMMAND_PRODUCTS(LX_RUN_AT(products)),
    {"print-hash", LX_OPT_BOOL, offsetof(struct options, print_hash), 0, 0, 0, NULL,
     "print the hash of claims, seeds and cells, to be published before, and run nothing", 0},
    {"register", LX_OPT_BOOL, offsetof(struct options, registers), 0, 0, 0, NULL,
     "write claims, seeds and cells into registration.json, print their hash, and run nothing", 0},
    LX_COMMAND_PRINT_CONFIG(offsetof(struct options, print_config)),
    {.type = LX_OPT_END},
};

static void say_where(const struct lx_experiment *e, bool plots)
{
    lx_log("tables: %s/table.md, .tex, .csv%s%s%s", e->dir, plots ? "; plots: " : "",
           plots ? e->dir : "", plots ? "/plots/" : "");
    if (lx_json_count(e->config.claims) > 0)
        lx_log("claims: %s/claims.md, .tex, .csv", e->dir);
    lx_log("all on one page to open or send: %s/report.html", e->dir);
}

static enum lx_code report(struct lx_experiment *e, const struct lx_run_options *given,
                           struct lx_err *err)
{
    struct lx_report_options o = {.no_plots = given->plots == LX_RUN_NO,
                                  .paper = given->style == LX_RUN_PAPER,
                                  .defaults = lx_config_defaults};
    struct lx_buf text = {0};
    struct lx_merged merged;
    enum lx_code code;

    if (!lx_experiment_is_saved(e))
        lx_log("%s: another run has begun there meanwhile: the tables are those of its cells",
               e->dir);
    code = lx_merge(e->dir, given->pack, &merged, err);

    if (code != LX_OK || merged.n_done == 0)
        return code;
    if (lx_report_make(e->dir, &o, &text, err) || lx_command_show(&text, err))
        code = err->code;
    else
        say_where(e, !o.no_plots);
    lx_buf_free(&text);
    return code;
}

/* The rows of what is done are merged and reported whether or not everything went well. */
static enum lx_code launch_and_report(const struct lx_run_options *o,
                                      const struct lx_launcher *launcher, struct lx_experiment *e,
                                      struct lx_err *err)
{
    struct lx_err later;
    bool queued = false;
    enum lx_code code = lx_run_launch(o, launcher, e, &queued, err);

    if (code == LX_EPARTIAL && report(e, o, &later) != LX_OK)
        lx_log_error(&later);
    if (code != LX_OK)
        return code;
    if (!queued)
        return report(e, o, err);
    lx_log("the same command without --no-wait waits for them; `longshot status %s` shows "
           "them",
           e->dir);
    return LX_OK;
}

/* Find the rates that the config asks for, and open the experiment that has them. */
static enum lx_code tune(const struct lx_experiment *e, struct lx_run_options *o,
                         const struct lx_launcher *launcher, struct lx_experiment *tuned,
                         struct lx_err *err)
{
    struct lx_buf found = {0};
    enum lx_code code = LX_OK;

    if (lx_tuning_run(&e->config, e->dir, o, launcher, &found, err) ||
        lx_experiment_open_text(tuned, found.text, found.len, e->config.file, o->out, err))
        code = err->code;
    lx_buf_free(&found);
    return code;
}

static enum lx_code check_rates(const struct lx_experiment *e, struct lx_err *err)
{
    if (!lx_tune_pending(&e->config))
        return LX_OK;
    (void)lx_fail(err, LX_EUSAGE,
                  "--print-hash: must go with rates that are known, since cells are named by them");
    return lx_hint(err, "`longshot tune` finds them and prints the config that has them");
}

static enum lx_code print_hash(int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    struct lx_buf text = {0};
    char hash[65];
    enum lx_code code = LX_OK;

    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, NULL, err) ||
        check_rates(&e, err) || lx_register_hash(&e, hash, err)) {
        code = err->code;
        goto done;
    }
    lx_buf_printf(&text, "%s\n", hash);
    code = lx_command_print(&text, err);
done:
    lx_buf_free(&text);
    lx_experiment_close(&e);
    return code;
}

static enum lx_code print_last(const struct lx_registration *r, struct lx_buf *text,
                               struct lx_err *err)
{
    if (r->n == 0)
        return lx_fail(err, LX_EDATA, "--register: nothing was written down: %s",
                       r->problem != NULL ? r->problem : "no entry");
    lx_buf_printf(text, "%s\n", r->entry[r->n - 1].hash);
    return lx_command_print(text, err);
}

static enum lx_code print_registered(const char *dir, struct lx_err *err)
{
    struct lx_registration r;
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_registration_read(&r, dir, err) || print_last(&r, &text, err))
        code = err->code;
    lx_buf_free(&text);
    lx_registration_free(&r);
    return code;
}

/* Rates name the cells: without them claims and seeds are written down alone. */
static enum lx_code only_register(struct lx_experiment *e, struct lx_err *err)
{
    if (lx_json_first(e->config.claims) == NULL) /* asked before the folder is made */
        return lx_fail(err, LX_EUSAGE, "--register: must go with claims, has none");
    if (lx_tune_pending(&e->config) ? lx_fs_mkdir(e->dir, err) ||
                                          lx_register_claims(&e->config, e->dir, err)
                                    : lx_register(e, err))
        return err->code;
    return print_registered(e->dir, err);
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *all = given;
    struct lx_run_options o = all->run;
    const struct lx_launcher *launcher;
    struct lx_experiment asked, tuned = {0}, *e = &asked;
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_run, n, 1, -1, err) ||
        lx_command_choose_products(o.products, err) || lx_run_prepare(&o, &launcher, err))
        return err->code;
    if (all->print_hash)
        return print_hash(n, argv, err);
    if (all->print_config)
        return lx_command_print_config(argv[0], argv + 1, (size_t)n - 1, err);
    if (lx_experiment_open(&asked, argv[0], argv + 1, (size_t)n - 1, o.out, err)) {
        code = err->code;
        goto done;
    }
    if (all->registers) {
        code = only_register(&asked, err);
        goto done;
    }
    if (lx_tune_pending(&asked.config))
        e = &tuned;
    if ((e == &tuned && tune(&asked, &o, launcher, &tuned, err)) ||
        lx_run_start(&o, launcher, e, lx_register, err) || launch_and_report(&o, launcher, e, err))
        code = err->code;
done:
    lx_experiment_close(&tuned);
    lx_experiment_close(&asked);
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
