/* One cell at work: what the phases of a worker share. worker.c holds the cell and writes its files,
 * job_train.c trains or finds the weights, job_eval.c evaluates them; each keeps its own state. */
#ifndef LX_CELL_JOB_H
#define LX_CELL_JOB_H

#include "cell/board.h"
#include "cell/worker.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/provenance.h"
#include "plan/plan.h"
#include "store/heartbeat.h"
#include "store/store.h"
#include "store/training.h"

struct lx_job {
    const struct lx_worker *w;
    struct lx_plan *plan;
    struct lx_cell *cell;
    struct lx_data *data;
    struct lx_arena paths;
    struct lx_heartbeat heartbeat;
    struct lx_board board;
    /* What training gave. */
    struct lx_buf train_rows; /* of train.csv, without header and cell */
    struct lx_train_record record;
    /* What evaluation gave. */
    struct lx_store_rows rows;
    double eval_seconds;
    char start[LX_UTC_SIZE]; /* of this process's work on the cell */
};

/* A file of what the cell has underway, or of its checkpoint; "" names the folder. */
LX_MUST_CHECK
enum lx_code lx_job_work_path(struct lx_job *j, const char *file, const char **out,
                              struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_job_checkpoint_path(struct lx_job *j, const char *file, const char **out,
                                    struct lx_err *err);
/* One file of a folder that is being written. */
LX_MUST_CHECK
enum lx_code lx_job_write(struct lx_job *j, const char *folder, const char *name,
                          const struct lx_buf *text, struct lx_err *err);
/* LX_EINTERRUPT, with its text. */
enum lx_code lx_job_interrupted(struct lx_err *err);

/* Have the weights in DIR/checkpoints/TRAIN_ID, those that are there or newly trained ones. */
LX_MUST_CHECK enum lx_code lx_job_train(struct lx_job *j, struct lx_err *err);
/* Fill j->rows, beginning after the units that were finished before. */
LX_MUST_CHECK enum lx_code lx_job_evaluate(struct lx_job *j, struct lx_err *err);

#endif
