/* Running another program and reading what it says. */
#ifndef LX_SYSTEM_CHILD_H
#define LX_SYSTEM_CHILD_H

#include "core/buf.h"
#include "core/err.h"

struct lx_child {
    struct lx_buf out, errors; /* what it wrote, each at least "" */
    int status;                /* exit status, 128 + N after signal N */
};

#define LX_PROGRAM_ARGS 16 /* at most, the NULL at the end counted */

/* Run argv[0], found in PATH, to its end, in a process group of its own (a Ctrl-C at the terminal is
 * for us to act on). A program that is not there is LX_EDATA, one that cannot be started or read is
 * LX_EIO; one that fails is not an error here.
 * Free with lx_child_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_child_run(const char *const *argv, struct lx_child *p, struct lx_err *err);
void lx_child_free(struct lx_child *p);

/* What the program wrote to stderr, else to stdout, on one line. */
const char *lx_child_complaint(struct lx_child *p);

#endif
