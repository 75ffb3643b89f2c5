/* The state of a training on disk: all that is needed to go on as if it had never stopped.
 *
 * A safetensors file: the weights by name, the moments as "adam.m.NAME" and "adam.v.NAME", in the
 * number type of the program, so that every bit comes back. __metadata__: format =
 * "longshot-state-1", train_id, step, numbers as hex words of their bits, the rows of train.csv so
 * far, and the SHA-256 of everything else. Two files are written in turn, each atomically, so that
 * the older one stands until the newer one is durable. */
#ifndef LX_TRAIN_STATE_H
#define LX_TRAIN_STATE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "train/train.h"

struct lx_state {
    struct lx_train_state *train; /* as lx_train_run hands it out */
    int steps;                    /* of the whole training: a state is of an earlier one; 0: any */
    double seconds;               /* of training so far, for the record */
    struct lx_buf *rows;          /* of train.csv so far, any text */
};

/* One file. Reading checks everything first: on failure nothing in *s has changed. A file of another
 * training, or of other arrays, is LX_EFORMAT, as a broken one is. */
LX_MUST_CHECK
enum lx_code lx_state_write(const char *path, const char *train_id, const struct lx_state *s,
                            struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_state_read(const char *path, const char *train_id, struct lx_state *s,
                           struct lx_err *err);

struct lx_state_files {
    const char *folder, *train_id; /* kept */
    const char *path[2];
    int next; /* which is written next */
};

/* FOLDER/state.0.safetensors and state.1.safetensors; the names go to the arena. */
LX_MUST_CHECK
enum lx_code lx_state_open(struct lx_state_files *f, const char *folder, const char *train_id,
                           struct lx_arena *arena, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_state_save(struct lx_state_files *f, const struct lx_state *s, struct lx_err *err);

/* Take in the newest file that is whole. A file that is not is reported and the other one is used;
 * without any, *found is false and *s as before. */
void lx_state_load(struct lx_state_files *f, struct lx_state *s, bool *found);

/* Remove both, and what killed writers left of them. */
LX_MUST_CHECK
enum lx_code lx_state_remove(const struct lx_state_files *f, struct lx_err *err);

#endif
