/* Subcommands: each is a usage line, a table of options and a function that is given what is left
 * of the command line. */
#ifndef LX_COMMAND_COMMAND_H
#define LX_COMMAND_COMMAND_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "text/args.h"

struct lx_command {
    const char *name;
    const char *usage;               /* what follows the name: "CONFIG [KEY=VALUE ...]" */
    const char *help;                /* one line, shown in the list of commands */
    const char *more;                /* NULL or paragraphs of --help */
    const struct lx_option *options; /* NULL: none */
    size_t options_size;             /* bytes of the struct that they are parsed into */
    bool computes; /* uses BLAS in this process: main starts it with the right kernels */
    bool hidden;   /* not in the list of commands */
    /* The options parsed, and n positional arguments; data goes to stdout. */
    enum lx_code (*run)(const void *options, int n, char **argv, struct lx_err *err);
    /* Instead of run, for one that is about the commands: all of them, up to NULL. */
    enum lx_code (*run_about)(const struct lx_command *const *all, int n, char **argv,
                              struct lx_err *err);
};

extern const struct lx_command lx_command_init, lx_command_tune, lx_command_run, lx_command_plan,
    lx_command_cell, lx_command_status, lx_command_merge, lx_command_report, lx_command_eval,
    lx_command_probe, lx_command_sample, lx_command_list, lx_command_describe, lx_command_bench,
    lx_command_version, lx_command_schema, lx_command_compare;
extern const struct lx_command lx_command_verify, lx_command_verdicts;
extern const struct lx_command lx_command_completion, lx_command_man;

/* All of them, up to NULL. */
extern const struct lx_command *const lx_commands[];

/* --products, of every command that computes or starts what computes. */
#define LX_COMMAND_PRODUCTS(at)                                                                    \
    {                                                                                              \
        "products", LX_OPT_ARGUMENT, at, 0, 0, 0, "WHO",                                           \
            "matrix products by our `own` kernels or by `openblas` (default: by processor)", 0     \
    }

/* --print-config, of commands that take a config. */
#define LX_COMMAND_PRINT_CONFIG(at)                                                                \
    {                                                                                              \
        "print-config", LX_OPT_BOOL, at, 0, 0, 0, NULL,                                            \
            "print the config with every override and default written out, and end", 0             \
    }

/* Do what it says. */
LX_MUST_CHECK enum lx_code lx_command_print_config(const char *path, char *const *overrides,
                                                   size_t n_overrides, struct lx_err *err);

/* Do what --products says (NULL: nothing), in this process and in those that it starts. */
LX_MUST_CHECK enum lx_code lx_command_choose_products(const char *products, struct lx_err *err);

/* Write a buffer to stdout; a closed pipe is LX_EIO. */
LX_MUST_CHECK enum lx_code lx_command_print(const struct lx_buf *text, struct lx_err *err);

/* The same for people: control characters and broken UTF-8, which may come from a file that somebody
 * else wrote, are spelled out (\xNN), so that they do not drive the terminal. */
LX_MUST_CHECK enum lx_code lx_command_show(const struct lx_buf *text, struct lx_err *err);

/* The number of positional arguments must lie in min .. max (max < 0: any); names for messages. */
LX_MUST_CHECK
enum lx_code lx_command_arity(const struct lx_command *c, int n, int min, int max,
                              struct lx_err *err);

#endif
