/* Running another program and reading what it says. */
#ifndef LX_RUN_PROGRAM_H
#define LX_RUN_PROGRAM_H

#include "core/buf.h"
#include "core/err.h"

struct lx_program {
    struct lx_buf out, errors; /* what it wrote, each at least "" */
    int status;                /* exit status, 128 + N after signal N */
};

#define LX_PROGRAM_ARGS 16 /* at most, the NULL at the end counted */

/* Run argv[0], found in PATH, to its end, in a process group of its own (a Ctrl-C at the terminal is
 * for us to act on). A program that is not there is LX_EDATA, one that cannot be started or read is
 * LX_EIO; one that fails is not an error here.
 * Free with lx_program_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_program_run(const char *const *argv, struct lx_program *p, struct lx_err *err);
void lx_program_free(struct lx_program *p);

/* What the program wrote to stderr, else to stdout, on one line. */
const char *lx_program_complaint(struct lx_program *p);

#endif
