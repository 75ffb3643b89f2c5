/* `merge` and `report`: from the rows of cells to tables and plots, without computing anything. */
#include <stdio.h>

#include "command/command.h"
#include "config/config.h"
#include "core/log.h"
#include "experiment/merge.h"
#include "experiment/plan_file.h"
#include "report/report.h"
#include "run/run_options.h"
#include "store/garbage.h"
#include "study/kinds.h"
#include "system/fs.h"

struct merge_options {
    bool pack;
};

static const struct lx_option merge_options[] = {
    {"pack", LX_OPT_BOOL, offsetof(struct merge_options, pack), 0, 0, 0, NULL,
     "also leave the rows of each cell in cells/ID.csv.gz, small enough to be committed", 0},
    {.type = LX_OPT_END},
};

struct report_options {
    bool no_plots, index;
    int style;
};

#define AT(field) offsetof(struct report_options, field)

static const struct lx_option report_options[] = {
    {"no-plots", LX_OPT_BOOL, AT(no_plots), 0, 0, 0, NULL, "tables only", 0},
    LX_RUN_STYLE(AT(style)),
    {"index", LX_OPT_BOOL, AT(index), 0, 0, 0, NULL,
     "one page over the results folders in DIR: DIR/index.html", 0},
    {.type = LX_OPT_END},
};

static enum lx_code run_merge(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct merge_options *o = given;
    struct lx_merged merged;

    if (lx_command_arity(&lx_command_merge, n, 1, 1, err) ||
        lx_merge(argv[0], o->pack, &merged, err))
        return err->code;
    lx_kinds_tell(argv[0]);
    lx_log("%s: %zu of %zu cells merged", argv[0], merged.n_done, merged.n_cells);
    return LX_OK;
}

const struct lx_command lx_command_merge = {
    .name = "merge",
    .usage = "DIR [--pack]",
    .help = "put the rows of finished cells together: metrics.csv, runs.csv, train.csv",
    .more =
        "DIR is a results folder in which `run` or `cell` left plan.jsonl and cells/. Where\ncells "
        "are missing, partial.json says which.\n",
    .options = merge_options,
    .options_size = sizeof(struct merge_options),
    .run = run_merge,
};

/* Whether a run has begun in dir, and nothing of it has been merged. */
static bool is_unmerged(const char *dir)
{
    char plan[4096], metrics[4096];

    (void)snprintf(plan, sizeof(plan), "%s/plan.jsonl", dir);
    (void)snprintf(metrics, sizeof(metrics), "%s/metrics.csv", dir);
    return lx_fs_exists(plan) && !lx_fs_exists(metrics);
}

static enum lx_code run_report(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct report_options *given_options = given;
    struct lx_report_options o = {.no_plots = given_options->no_plots,
                                  .paper = given_options->style == LX_RUN_PAPER,
                                  .defaults = lx_config_defaults};
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_report, n, 1, 1, err) || lx_plan_file_folder(argv[0], err))
        return err->code;
    if (given_options->index) {
        lx_collect_temps(argv[0]);
        return lx_report_index(argv[0], err);
    }
    if (lx_report_make(argv[0], &o, &text, err) || lx_command_show(&text, err))
        code = err->code;
    lx_buf_free(&text);
    return code != LX_OK && is_unmerged(argv[0])
               ? lx_hint(err, "`longshot merge %.100s` puts together what is done there", argv[0])
               : code;
}

const struct lx_command lx_command_report = {
    .name = "report",
    .usage = "DIR [--no-plots] [--style paper] | --index DIR",
    .help = "make tables, plots and verdicts on claims from DIR/metrics.csv",
    .more =
        "Needs nothing but the CSV files in DIR, and config.json for the order of the encodings "
        "and\nthe claims: edited there, claims are judged anew.\n"
        "--index makes no report: it shows what is in the folders, and links their report.html.\n",
    .options = report_options,
    .options_size = sizeof(struct report_options),
    .run = run_report,
};
