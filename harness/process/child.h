/* Child processes: the one place that starts them.
 *
 * A child reads from /dev/null, has the signals that we ignore at their defaults, and nothing of ours
 * open but what it was given. One that is run to its end is in a process group of its own (a Ctrl-C at
 * the terminal is for us to act on) and never outlives the call: it ends with its program, at its
 * deadline, or when we are told to stop. */
#ifndef LX_PROCESS_CHILD_H
#define LX_PROCESS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"

#define LX_CHILD_ARGS 24 /* at most, the NULL at the end counted */
#define LX_CHILD_FD 3    /* where a child finds `extra` */

struct lx_child_spec {
    const char *const *argv; /* argv[0] is looked for in PATH */
    bool self;               /* this program again, whatever argv[0] says */
    const char *folder;      /* where it runs; NULL: here */
    bool our_errors;         /* its stderr is ours, and not kept */
    size_t most;             /* bytes of stdout; one that says more is ended; 0: 64 MB */
    double seconds;          /* deadline; 0: none, below 0: LX_CHILD_SECONDS */
};

/* What a program that answers may take, seconds: an hour's hang is better known after five minutes. The
 * environment variable of this name says otherwise. */
#define LX_CHILD_SECONDS 300.0

struct lx_child {
    struct lx_buf out, errors; /* what it wrote, each at least ""; of errors the first 64 kB */
    int status;                /* exit status, 128 + N after signal N */
};

/* Run it to its end. A program that is not there is LX_EDATA; one that cannot be started or read, or
 * that is past its deadline, LX_EIO; LX_EINTERRUPT: we were told to stop. One that fails is no error.
 * Free with lx_child_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_child_run(const struct lx_child_spec *spec, struct lx_child *child,
                          struct lx_err *err);
void lx_child_free(struct lx_child *child);

/* What the program wrote to stderr, else to stdout, on one line. */
const char *lx_child_complaint(struct lx_child *child);

/* For children that run along: descriptors for stdout, stderr and LX_CHILD_FD (-1: /dev/null, none). The
 * child is in our process group. Of spec only argv, self and folder count. */
struct lx_child_ends {
    int out, errors, extra;
};
LX_MUST_CHECK
enum lx_code lx_child_start(const struct lx_child_spec *spec, const struct lx_child_ends *ends,
                            pid_t *pid, struct lx_err *err);

/* A pipe that children do not inherit, both ends above LX_CHILD_FD, fd[0] not waited for. After a
 * failure both are -1. */
LX_MUST_CHECK enum lx_code lx_child_pipe(int fd[2], struct lx_err *err);

/* Whether it has ended; then *status is as of waitpid. */
bool lx_child_ended(pid_t pid, int *status);

/* At the head of main: put /dev/null onto each of the descriptors 0 to 2 that is closed, so that no file
 * or pipe of ours takes its place. A program that calls it is also ended with one line where its limits
 * leave the libraries no room to start: see startup.c. */
void lx_startup(void);

#endif
