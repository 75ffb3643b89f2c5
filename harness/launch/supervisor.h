/* The supervisor: runs the cells of an experiment in worker processes, several side by side.
 *
 * Workers are started by exec of this very program (never by fork after BLAS), one BLAS thread each,
 * with the kernels that suit the CPU. A cell that fails (its worker says so, dies, is killed, or says
 * nothing for too long) is recorded with its cause and the others go on. The results do not depend on
 * the number of workers or on their order. */
#ifndef LX_LAUNCH_SUPERVISOR_H
#define LX_LAUNCH_SUPERVISOR_H

#include "launch/launcher.h"

extern const struct lx_launcher lx_launcher_local;

#endif
