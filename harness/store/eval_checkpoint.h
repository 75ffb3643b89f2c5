/* A half-done evaluation on disk: how many of its units (stack, length, mode) are finished and the rows
 * they gave, so that an interrupted or killed cell goes on behind them.
 *
 * One line "longshot-eval-2 UNITS BYTES SHA256", then that many bytes of rows as in metrics.csv, then rows
 * as in blocks.csv. The sum covers the rows, the numbers and a key that names cell and weights: a file
 * that is cut, changed or of other weights is reported and never used. */
#ifndef LX_STORE_EVAL_CHECKPOINT_H
#define LX_STORE_EVAL_CHECKPOINT_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "store/store.h"

#define LX_EVAL_CHECKPOINT_FILE "eval.part"

LX_MUST_CHECK
enum lx_code lx_eval_checkpoint_save(const char *path, const char *key, int units,
                                     const struct lx_store_rows *rows, struct lx_err *err);

/* Append the rows of the finished units to `rows` and return their number; 0: there is nothing of
 * use. */
int lx_eval_checkpoint_load(const char *path, const char *key, struct lx_store_rows *rows);

#endif
