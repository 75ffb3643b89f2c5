/* Command lines: one table of options a command (options.h), from which they are parsed and explained.
 *
 * "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE"; "--" ends the options. What remains are
 * positional arguments. An unknown option gets a "did you mean". Types of an option: BOOL (a flag, no
 * value), ARGUMENT, INT, REAL, CHOICE, BYTES ("512M"), SECONDS (0 to 1e9). One without help is not shown. */
#ifndef LX_TEXT_ARGS_H
#define LX_TEXT_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "text/options.h"

/* Set the fields of self to their defaults, then parse argv[0 .. argc-1], the command's name not
 * included. Positional arguments are moved to the front of argv, in order; *n_rest is their number.
 * *help: --help or -h was there, and nothing after it was looked at. */
LX_MUST_CHECK
enum lx_code lx_args_parse(const struct lx_option *table, void *self, int argc, char **argv,
                           int *n_rest, bool *help, struct lx_err *err);

/* The table as aligned lines. */
void lx_args_help(const struct lx_option *table, struct lx_buf *out);

/* "512M", "2G", "1000000": bytes. `what` names it in messages. */
LX_MUST_CHECK
enum lx_code lx_args_bytes(const char *text, const char *what, size_t *out, struct lx_err *err);
/* "60", "0.5": seconds. */
LX_MUST_CHECK
enum lx_code lx_args_seconds(const char *text, const char *what, double *out, struct lx_err *err);
/* A finite number of at least min. */
LX_MUST_CHECK
enum lx_code lx_args_number(const char *text, const char *what, double min, double *out,
                            struct lx_err *err);
/* A whole number of at least min. */
LX_MUST_CHECK
enum lx_code lx_args_count(const char *text, const char *what, int min, int *out,
                           struct lx_err *err);

#endif
