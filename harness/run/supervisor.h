/* The supervisor: runs the cells of an experiment in worker processes, several side by side.
 *
 * Workers are started by exec of this very program (never by fork after BLAS), one BLAS thread each,
 * with the kernels that suit the CPU. A cell that fails is reported and the others go on. The
 * results do not depend on the number of workers or on their order. */
#ifndef LX_RUN_SUPERVISOR_H
#define LX_RUN_SUPERVISOR_H

#include "core/err.h"
#include "run/experiment.h"

struct lx_supervisor {
    int jobs;                /* workers at a time */
    size_t memory_limit;     /* bytes of one worker, 0: none */
    double checkpoint_every; /* as in struct lx_worker */
};

/* Run every cell that is not done. LX_EPARTIAL: some failed; LX_EINTERRUPT: asked to stop, and all
 * workers have ended. */
LX_MUST_CHECK
enum lx_code lx_supervise(const struct lx_supervisor *s, struct lx_experiment *e,
                          struct lx_err *err);

#endif
