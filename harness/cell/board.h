/* The curves of a cell for TensorBoard, appended while it runs.
 *
 *     DIR/ENCODING/seed-N-ID/events.out.tfevents.0.longshot      (of several datasets: DIR/ENCODING/DATASET/...)
 *
 * ID is the cell's: another config has other curves, never the rest of these. Scalars by training step:
 * train/nll, train/lr, train/grad_norm, a record for each row of train.csv; by evaluation length: ppl/MODE, or
 * ppl/MODE/STACK under another stack than the trained one. Each write is whole records. A cell that goes on
 * takes off what a killed process left half-written, and appends only what is not there. */
#ifndef LX_CELL_BOARD_H
#define LX_CELL_BOARD_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "plan/plan.h"

/* What was read of the rows of one kind. */
struct lx_board_rows {
    size_t at;      /* bytes */
    size_t n;       /* scalars that they gave */
    size_t written; /* of these, those that the file had from the start */
};

/* Whether the files of every cell of the plan, which is resolved, can be: DIR is made, and what is there of them must be folders
 * and regular files, no links. */
LX_MUST_CHECK
enum lx_code lx_board_check(const char *dir, const struct lx_plan *p, struct lx_err *err);

struct lx_board {
    int fd; /* -1: not asked for, or given up */
    struct lx_board_rows train, eval;
};

/* dir NULL: none. What fails here and later is logged once and costs the curves, never the cell. */
void lx_board_open(struct lx_board *b, const char *dir, const struct lx_plan *p,
                   const struct lx_cell *cell);
/* Append what `rows` has more than the last time: of train.csv, without header and cell ... */
void lx_board_train(struct lx_board *b, const struct lx_buf *rows);
/* ... or of metrics.csv, without header. */
void lx_board_eval(struct lx_board *b, const struct lx_buf *rows);
void lx_board_close(struct lx_board *b);

#endif
