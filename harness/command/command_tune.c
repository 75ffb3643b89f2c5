/* `tune`: find the rates that a config asks for. */
#include "command/command.h"
#include "config/config_tune.h"
#include "core/log.h"
#include "run/run_options.h"
#include "run/tuning.h"
#include "system/fs.h"

struct options {
    struct lx_run_options run; /* first */
    const char *file;
};

static const struct lx_option options[] = {
    {"out", LX_OPT_ARGUMENT, offsetof(struct options, file), 0, 0, 0, "FILE",
     "file of the config with the rates (default: stdout)", LX_OPT_LETTER('o')},
    {"dir", LX_OPT_ARGUMENT, LX_RUN_AT(out), 0, 0, 0, "DIR",
     "results folder of the study, tuning is in DIR/tune (default: results/NAME)", 0},
    LX_RUN_OPTIONS,
    LX_COMMAND_PRODUCTS(LX_RUN_AT(products)),
    {.type = LX_OPT_END},
};

static enum lx_code find(const struct lx_experiment *e, struct lx_run_options *o,
                         const struct lx_launcher *launcher, struct lx_buf *found,
                         struct lx_err *err)
{
    const struct lx_config *c = &e->config;

    if (c->tune == NULL) {
        (void)lx_fail(err, LX_ECONFIG, "%s: tune: must be given", c->file);
        return lx_hint(err, "\"tune\": {} in the config takes every default");
    }
    if (!lx_tune_pending(c)) {
        lx_log("%s: every encoding has its lr, there is nothing to find", c->file);
        return lx_tune_write_found(c, NULL, 0, found, err);
    }
    return lx_tuning_run(c, e->dir, o, launcher, found, err);
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct options o = *(const struct options *)given;
    const struct lx_launcher *launcher;
    struct lx_experiment e;
    struct lx_buf found = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_tune, n, 1, -1, err) ||
        lx_command_choose_products(o.run.products, err) || lx_run_prepare(&o.run, &launcher, err))
        return err->code;
    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, o.run.out, err) ||
        find(&e, &o.run, launcher, &found, err))
        code = err->code;
    else
        code = o.file != NULL ? lx_fs_write(o.file, found.text, found.len, err)
                              : lx_command_print(&found, err);
    lx_buf_free(&found);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_tune = {
    .name = "tune",
    .usage = "CONFIG [KEY=VALUE ...] [-o FILE] [-j N]",
    .help = "find a learning rate for each encoding, and print the config that has them",
    .more =
        "The section `tune` of the config says where the search begins and how far it goes; {} "
        "takes\nevery default. Encodings that have an lr keep it. `run` of such a config does the "
        "same\nbefore anything else.\n"
        "Run again to go on where it stopped: cells that are done are not run again.\n"
        "Tables of all rates that were tried: DIR/tune/tune.md, .tex, .csv; a figure: "
        "DIR/tune/plots/lr*.\n"
        "Exit status: 0 done, 1 failed, 2 usage or config error, 4 some cells failed, 75 "
        "interrupted.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
