/* The results folder of an experiment: names of its files, and rows in their formats. */
#ifndef LX_STORE_STORE_H
#define LX_STORE_STORE_H

#include <stdbool.h>

#include "config/data.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "eval/evaluate.h"

#define LX_METRICS_HEADER                                                                          \
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,"      \
    "stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,"         \
    "protocol"
#define LX_RUNS_HEADER                                                                             \
    "cell,experiment,encoding,dataset,seed,status,seconds,train_seconds,eval_seconds,"             \
    "tokens_per_second,parameters,peak_rss_bytes,blas_core,simd,cpu,version,commit,blas,compiler," \
    "start,end"
#define LX_TRAIN_COLUMNS "step,tokens,lr,train_nll,grad_norm" /* those a training knows */
#define LX_TRAIN_HEADER "cell," LX_TRAIN_COLUMNS
#define LX_BLOCKS_HEADER "cell,evaluated_as,eval_length,mode,stride,block,tokens,nll_sum"

/* DIR/cells/ID/FILE and DIR/checkpoints/TRAIN_ID/FILE: what is finished; file "" names the folder. */
LX_MUST_CHECK
enum lx_code lx_store_cell(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_store_checkpoint(const char *dir, const char *train_id, const char *file,
                                 struct lx_arena *arena, const char **out, struct lx_err *err);
#define LX_ERROR_FILE "error.txt" /* in DIR/work/ID: why the cell failed */
/* DIR/work/ID/FILE: what a cell or a training (ID or TRAIN_ID) has underway. */
LX_MUST_CHECK
enum lx_code lx_store_work(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err);

/* What the rows of one evaluation have in common. */
struct lx_row_label {
    const char *experiment, *cell, *encoding, *evaluated_as, *dataset;
    enum lx_split split;
    unsigned long long seed;
    int train_length;
};

/* Rows as text, without their headers. */
struct lx_store_rows {
    struct lx_buf metrics, blocks; /* of metrics.csv and blocks.csv */
};

void lx_store_rows_free(struct lx_store_rows *r);

/* Append the rows of an evaluation. */
void lx_store_metrics(const struct lx_row_label *label, const struct lx_metrics *m,
                      struct lx_store_rows *out);

#endif
