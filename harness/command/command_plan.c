/* `plan`: what a config would run, and what that would cost. */
#include <limits.h>

#include "command/command.h"
#include "config/config_tune.h"
#include "core/log.h"
#include "experiment/experiment.h"
#include "run/outlook.h"
#include "run/tuning.h"
#include "system/limits.h"

struct options {
    bool json, print_config;
    int jobs;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"json", LX_OPT_BOOL, AT(json), 0, 0, 0, NULL, "for programs: one JSON object a cell and line",
     0},
    {"jobs", LX_OPT_INT, AT(jobs), 0, 1, INT_MAX, "N",
     "cells at a time that the minutes are reckoned for (default: processors it may use)",
     LX_OPT_LETTER('j')},
    LX_COMMAND_PRINT_CONFIG(AT(print_config)),
    {.type = LX_OPT_END},
};

/* For people. */
static enum lx_code write_text(struct lx_plan *p, int cores, struct lx_buf *out, struct lx_err *err)
{
    struct lx_rate rate;
    bool known;

    if (lx_plan_resolve_all(p, err))
        return err->code;
    known = lx_outlook_rate(p, NULL, &rate);
    lx_outlook_table(p, known ? &rate : NULL, out);
    lx_buf_add(out, "\n");
    lx_outlook_head(p, out);
    lx_outlook_line(p, NULL, cores, known ? &rate : NULL, out);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}

static enum lx_code write_plan(const struct options *o, struct lx_plan *p, struct lx_buf *out,
                               struct lx_err *err)
{
    int cores = o->jobs > 0 ? o->jobs : lx_limits_cpus("");

    if (o->json)
        return lx_plan_write(p, out, err);
    return write_text(p, cores, out, err);
}

static enum lx_code print_plan(const struct options *o, struct lx_plan *p, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (write_plan(o, p, &text, err)) {
        code = err->code;
    } else {
        lx_plan_warn(p);
        code = lx_command_print(&text, err);
    }
    lx_buf_free(&text);
    return code;
}

static void tell_rest(const struct lx_tuning_state *t, size_t n_next, size_t n_study)
{
    if (t->settled)
        lx_log("rates are found: these are the %zu cells of the study", n_next);
    else
        lx_log("tuning: these %zu cells, %zu of them done; then %zu to %zu more, as they show; "
               "then %zu of the study at the rates found",
               n_next, t->n_done, t->least, t->most, n_study);
}

/* Until its rates are found, cells of the study have no ids: those that are next to find them are printed,
 * and how many follow is said. */
static enum lx_code plan_tuned(const struct options *o, struct lx_experiment *e, struct lx_err *err)
{
    struct lx_tuning_state t;
    struct lx_experiment next = {0};
    enum lx_code code = LX_OK;

    if (lx_tuning_look(&e->config, e->dir, &t, err) ||
        lx_experiment_open_text(&next, t.text.text, t.text.len, e->config.file, e->dir, err) ||
        print_plan(o, &next.plan, err))
        code = err->code;
    else
        tell_rest(&t, next.plan.n, e->plan.n);
    lx_experiment_close(&next);
    lx_buf_free(&t.text);
    return code;
}

/* Rates come from elsewhere, and are not there yet. */
static enum lx_code plan_awaiting(const struct options *o, struct lx_experiment *e,
                                  struct lx_err *err)
{
    if (print_plan(o, &e->plan, err))
        return err->code;
    lx_log("tune.from: %s: no such file: these are the cells at train.lr; the rates will give them "
           "other ids",
           e->config.tuning.table);
    return LX_OK;
}

static enum lx_code plan(const struct options *o, struct lx_experiment *e, struct lx_err *err)
{
    if (lx_tune_awaits(&e->config))
        return plan_awaiting(o, e, err);
    return lx_tune_pending(&e->config) ? plan_tuned(o, e, err) : print_plan(o, &e->plan, err);
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    struct lx_experiment e;
    enum lx_code code = lx_command_arity(&lx_command_plan, n, 1, -1, err);

    if (code != LX_OK)
        return code;
    if (o->print_config)
        return lx_command_print_config(argv[0], argv + 1, (size_t)n - 1, err);
    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, NULL, err))
        code = err->code;
    else
        code = plan(o, &e, err);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_plan = {
    .name = "plan",
    .usage = "CONFIG [KEY=VALUE ...] [--json] [--print-config]",
    .help = "show what a config would run, and what that costs",
    .more =
        "Minutes are reckoned from a second of training of the largest cell on this machine.\n"
        "--json prints an object for each cell, in their order: id, train_id, encoding, dataset,\n"
        "seed, lr (and array_lr unless 1), parameters, flops (training and evaluation,\n"
        "estimated), bytes (memory, laid out); the lines of a results folder's plan.jsonl.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
