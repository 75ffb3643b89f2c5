/* The results folder of an experiment: names of its files, and rows in their formats. */
#ifndef LX_STORE_STORE_H
#define LX_STORE_STORE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "eval/evaluate.h"
#include "plan/plan.h"

#define LX_METRICS_HEADER                                                                          \
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,"      \
    "stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,"         \
    "protocol"
#define LX_RUNS_HEADER                                                                             \
    "cell,experiment,encoding,dataset,seed,status,seconds,train_seconds,eval_seconds,"             \
    "tokens_per_second,parameters,peak_rss_bytes,blas_core,simd,cpu,version"
#define LX_TRAIN_HEADER "cell,step,tokens,lr,train_nll,grad_norm"

/* DIR/cells/ID/FILE and DIR/checkpoints/TRAIN_ID/FILE: what is finished; file "" names the folder. */
LX_MUST_CHECK
enum lx_code lx_store_cell(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_store_checkpoint(const char *dir, const char *train_id, const char *file,
                                 struct lx_arena *arena, const char **out, struct lx_err *err);
/* DIR/work/ID/FILE: what a cell or a training (ID or TRAIN_ID) has underway. */
LX_MUST_CHECK
enum lx_code lx_store_work(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err);

/* The files of a finished cell as their seal lists them, and last the seal. */
#define LX_CELL_FILE_COUNT 3
extern const char *const lx_cell_files[LX_CELL_FILE_COUNT + 1];

/* Whether a cell is done: all its files are there and as they were written. LX_EFORMAT: it was done,
 * and the text says what was changed since. */
LX_MUST_CHECK
enum lx_code lx_store_check(const char *dir, const char *id, bool *done, struct lx_err *err);
bool lx_store_done(const char *dir, const char *id);

/* config.json and plan.jsonl, as their seal lists them. */
extern const char *const lx_plan_files[2];
/* DIR must be a results folder with a plan that is as it was written; the message says what it is
 * instead. */
LX_MUST_CHECK enum lx_code lx_store_check_folder(const char *dir, struct lx_err *err);

/* What the rows of one evaluation have in common. */
struct lx_row_label {
    const char *experiment, *cell, *encoding, *evaluated_as, *dataset;
    enum lx_split split;
    unsigned long long seed;
    int train_length;
};

/* Append the rows in the format of metrics.csv, without the header. */
void lx_store_metrics(const struct lx_row_label *label, const struct lx_metrics *m,
                      struct lx_buf *out);

/* What training left behind, DIR/checkpoints/TRAIN_ID/train.json. */
struct lx_train_record {
    bool diverged;
    int steps;
    double seconds, tokens_per_second, last_nll; /* last_nll NaN: unknown */
};

void lx_store_record(const struct lx_train_record *r, struct lx_buf *out);
LX_MUST_CHECK
enum lx_code lx_store_read_record(const char *path, struct lx_train_record *r, struct lx_err *err);

/* Hold a cell for as long as this process runs: *fd >= 0. Another holder: *fd = -1 and its process
 * id in *holder. The lock ends with the process, however it ends. It keeps workers of one machine from
 * doing the same twice, which would be a waste and no harm; where files cannot be locked, *fd >= 0. */
LX_MUST_CHECK
enum lx_code lx_store_lock(const char *path, int *fd, long *holder, struct lx_err *err);
/* Process that holds a cell's lock, 0 for none, -1 for one whose id is not known here (of another
 * container). */
long lx_store_holder(const char *path);

#endif
