/* The supervisor: runs the cells of an experiment in worker processes, several side by side.
 *
 * Workers are started by exec of this very program (never by fork after BLAS), one BLAS thread each,
 * with the kernels that suit the CPU. A cell that fails (its worker says so, dies, is killed, or says
 * nothing for too long) is recorded with its cause and the others go on. The results do not depend on
 * the number of workers or on their order. */
#ifndef LX_LAUNCH_SUPERVISOR_H
#define LX_LAUNCH_SUPERVISOR_H

#include "core/err.h"
#include "store/experiment.h"

#define LX_HANG_TIMEOUT 1800.0 /* seconds */

struct lx_supervisor {
    int jobs;                /* workers at a time */
    size_t memory_limit;     /* bytes of one worker, 0: none */
    size_t disk_limit;       /* bytes that may be written, 0: what is free */
    double checkpoint_every; /* as in struct lx_worker */
    double hang_timeout;     /* a worker silent for so long (and for the time that its largest pass
                                takes on a slow machine) hangs; 0: never */
    bool fail_fast;          /* the first failure ends the sweep */
    bool skip_failed;        /* cells that failed in an earlier run stay failed */
};

/* Run every cell that is not done. LX_EPARTIAL: some failed; LX_EINTERRUPT: asked to stop, and all
 * workers have ended. */
LX_MUST_CHECK
enum lx_code lx_supervise(const struct lx_supervisor *s, struct lx_experiment *e,
                          struct lx_err *err);

#endif
