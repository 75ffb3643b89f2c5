/* Merging: the rows of an experiment's cells into metrics.csv, runs.csv and train.csv.
 *
 * Rows are sorted by their columns alone, so that the files say nothing about which cell finished
 * first. Cells that are not done are left out. */
#ifndef LX_STORE_MERGE_H
#define LX_STORE_MERGE_H

#include <stddef.h>

#include "core/err.h"

/* Merge DIR by the cells of DIR/plan.jsonl. *n_done of *n_cells were there. */
LX_MUST_CHECK
enum lx_code lx_merge(const char *dir, size_t *n_done, size_t *n_cells, struct lx_err *err);

/* The cells of DIR/plan.jsonl in order, as {"id", "encoding", ...} objects; visit is called for
 * each with the line parsed. */
struct lx_json;
LX_MUST_CHECK
enum lx_code lx_plan_visit(const char *dir,
                           enum lx_code (*visit)(void *ctx, const struct lx_json *cell,
                                                 struct lx_err *err),
                           void *ctx, struct lx_err *err);

#endif
