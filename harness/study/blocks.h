/* blocks.csv.gz: sums of NLL by block of targets, as the contrasts of stats/crossed.h want them. */
#ifndef LX_STUDY_BLOCKS_H
#define LX_STUDY_BLOCKS_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "stats/crossed.h"
#include "study/rows.h"

/* One evaluation of one cell. Names are ids of lx_rows.names. */
struct lx_blocks {
    int cell, evaluated_as, mode, eval_length, stride; /* stride -1: empty */
    size_t n;
    double y[LX_CROSSED_BLOCKS]; /* (n) shares: their mean is the NLL over all targets */
};

struct lx_block_list {
    struct lx_blocks *item; /* (n) sorted by the first five members */
    size_t n;
};

/* Read PATH; cells without rows of metrics are left out. Memory from the arena. */
LX_MUST_CHECK
enum lx_code lx_blocks_read(const char *path, const struct lx_rows *rows, struct lx_arena *arena,
                            struct lx_block_list *out, struct lx_err *err);

/* The blocks of the evaluation that a row of overall NLL or perplexity is of; NULL: there are none (a
 * folder of an earlier protocol, or a row without a number). */
const struct lx_blocks *lx_blocks_of(const struct lx_block_list *list, const struct lx_row *row);

#endif
