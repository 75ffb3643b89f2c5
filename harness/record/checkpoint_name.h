/* Checkpoints by name: `results/mine:rope/1` is the weights of encoding rope, seed 1, in that results
 * folder. */
#ifndef LX_RECORD_CHECKPOINT_NAME_H
#define LX_RECORD_CHECKPOINT_NAME_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

/* What a command was given where a checkpoint is asked for, as the path of a file: a file as it is,
 * DIR:ENCODING/SEED, DIR:ENCODING/SEED/DATASET, or less of it where that names one training. */
LX_MUST_CHECK
enum lx_code lx_checkpoint_named(const char *given, struct lx_arena *arena, const char **path,
                                 struct lx_err *err);

/* The trainings of a results folder, one a line under a head: name, dataset, train_id, whether the weights
 * are there. */
LX_MUST_CHECK
enum lx_code lx_checkpoint_index(const char *dir, struct lx_buf *out, struct lx_err *err);

#endif
