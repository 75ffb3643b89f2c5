/* A worker: trains and evaluates one cell of a plan, and writes its files.
 *
 *     DIR/checkpoints/TRAIN_ID/  model.safetensors, train.csv, train.json, train.sha256
 *     DIR/cells/ID/              train.csv, run.csv, metrics.csv, cell.sha256
 *     DIR/work/TRAIN_ID/         state.0.safetensors and state.1.safetensors, until training is done
 *     DIR/work/ID/               live.json (how far it is) and eval.part, until the cell is done
 *
 * The first two appear whole, when all is done (system/publish.h). A training that another cell already
 * did is not repeated, one that was interrupted or killed goes on from its newest state, an evaluation
 * after its last finished unit. A finished file that is no longer as it was written is reported and made
 * again. */
#ifndef LX_CELL_WORKER_H
#define LX_CELL_WORKER_H

#include <stddef.h>

#include "core/err.h"
#include "plan/plan.h"

#define LX_CHECKPOINT_EVERY 60.0 /* seconds */

struct lx_worker {
    const char *dir;         /* results folder of the experiment */
    size_t memory_limit;     /* bytes, 0: none */
    double checkpoint_every; /* seconds between saved states, 0: only on a signal */
    const char *tensorboard; /* folder of board.h; NULL: no curves */
    int progress_fd;         /* lines of store/heartbeat.h; -1: to stderr */
};

/* Run cell k unless it is done. LX_EINTERRUPT when a signal asked to stop. */
LX_MUST_CHECK
enum lx_code lx_worker_run(const struct lx_worker *w, struct lx_plan *p, size_t k,
                           struct lx_err *err);

#endif
