/* Command lines: one table of options a command, from which they are parsed and explained.
 *
 * "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE"; "--" ends the options. What remains are
 * positional arguments. An unknown option gets a "did you mean". */
#ifndef LX_TEXT_ARGS_H
#define LX_TEXT_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

enum lx_arg_type {
    LX_ARG_END,
    LX_ARG_FLAG,   /* bool, no value            */
    LX_ARG_TEXT,   /* const char *              */
    LX_ARG_COUNT,  /* int, at least min         */
    LX_ARG_BYTES,  /* size_t, suffix K, M or G  */
    LX_ARG_SECONDS /* double, at least 0        */
};

struct lx_arg {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum lx_arg_type type;
    void *target;
    const char *value; /* what the value is called in the help */
    const char *help;  /* NULL: not shown */
    int min;           /* COUNT */
};

/* Parse argv[0 .. argc-1], the command's name not included. Positional arguments are moved to the
 * front of argv, in order; *n_rest is their number. *help: --help or -h was there, and nothing
 * after it was looked at. */
LX_MUST_CHECK
enum lx_code lx_args_parse(const struct lx_arg *table, int argc, char **argv, int *n_rest,
                           bool *help, struct lx_err *err);

/* The table as aligned lines. */
void lx_args_help(const struct lx_arg *table, struct lx_buf *out);

/* "512M", "2G", "1000000": bytes. `what` names it in messages. */
LX_MUST_CHECK
enum lx_code lx_args_bytes(const char *text, const char *what, size_t *out, struct lx_err *err);
/* "60", "0.5": seconds. */
LX_MUST_CHECK
enum lx_code lx_args_seconds(const char *text, const char *what, double *out, struct lx_err *err);
/* A whole number of at least min. */
LX_MUST_CHECK
enum lx_code lx_args_count(const char *text, const char *what, int min, int *out,
                           struct lx_err *err);

#endif
