/* One cell at work: what the parts of a worker share. worker.c holds the cell and writes its files,
 * job_train.c trains or finds the weights, job_eval.c evaluates them. */
#ifndef LX_CELL_JOB_H
#define LX_CELL_JOB_H

#include "cell/worker.h"
#include "core/arena.h"
#include "core/buf.h"
#include "plan/plan.h"
#include "store/heartbeat.h"
#include "store/store.h"
#include "train/state.h"

struct lx_job {
    const struct lx_worker *w;
    struct lx_plan *plan;
    struct lx_cell *cell;
    struct lx_data *data;
    struct lx_arena paths;
    struct lx_heartbeat live;
    /* Training. */
    struct lx_buf train_rows; /* of train.csv, without header and cell */
    struct lx_train_record record;
    struct lx_state_files states;
    double saved;   /* clock of the last state, or of the first step */
    double trained; /* clock when training would have begun if it had never been interrupted */
    /* Evaluation. */
    struct lx_buf rows;        /* of metrics.csv, without header */
    const char *partial, *key; /* the file of finished units, and what it must be of */
    int units, stack;          /* finished units; stacks before the one at hand */
    double eval_seconds;
};

/* A file of what the cell has underway, or of its checkpoint. */
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
/* Fill j->rows, beginning behind the units that were finished before. */
LX_MUST_CHECK enum lx_code lx_job_evaluate(struct lx_job *j, struct lx_err *err);

#endif
