/* Worker processes: starting one for a cell, reading its progress, learning how it ended. */
#ifndef LX_LAUNCH_PROCESS_H
#define LX_LAUNCH_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"
#include "experiment/experiment.h"

struct lx_process {
    pid_t pid; /* 0: none */
    size_t k;  /* the cell */
    int fd;    /* read end of the progress pipe, -1: closed */
    char line[256];
    size_t line_len;
    double trained, evaluated; /* 0 .. 1 */
    double nll;                /* last training loss, NaN: none yet */
    long held_by;              /* another process that is at the cell: this one ends; 0: none */
    /* Kept by the owner. */
    bool begun;   /* it has said something */
    bool hung;    /* it was killed for saying nothing */
    double base;  /* fraction of the cell that was done when it began */
    double heard; /* clock of the last line */
};

/* What workers inherit: one BLAS thread, and kernels for this CPU unless the user chose. */
LX_MUST_CHECK enum lx_code lx_process_environment(struct lx_err *err);

struct lx_process_setup {
    const struct lx_experiment *e;
    const char *config; /* file that the worker reads: the config as it was planned with */
    size_t memory_limit;
    double checkpoint_every;
    const char *tensorboard; /* NULL: none */
};

/* Start `longshot cell` for cell k; its stderr goes to DIR/work/ID/log.txt, a folder that is there. */
LX_MUST_CHECK
enum lx_code lx_process_start(struct lx_process *p, const struct lx_process_setup *s, size_t k,
                              struct lx_err *err);

/* Take in what is in the pipe; whether there was a whole line. */
bool lx_process_read(struct lx_process *p);

/* Whether someone stopped it (SIGSTOP), so that it cannot say anything. */
bool lx_process_is_stopped(const struct lx_process *p);

/* Whether the process has ended; then its status is in *status (as of waitpid) and the pipe is
 * closed. */
bool lx_process_ended(struct lx_process *p, int *status);

#endif
