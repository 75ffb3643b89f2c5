/* A finished training: DIR/checkpoints/TRAIN_ID. Its record, and what has become of its weights. */
#ifndef LX_STORE_TRAINING_H
#define LX_STORE_TRAINING_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

/* train.json. */
struct lx_train_record {
    bool diverged;
    int steps;
    double seconds, tokens_per_second, last_nll; /* last_nll NaN: unknown */
};

void lx_train_record_write(const struct lx_train_record *r, struct lx_buf *out);

/* Its files in the order of the manifest, and last its own. Diverged: there are no weights. */
enum { LX_TRAINING_FILE_COUNT = 3 };
extern const char *const lx_training_names[LX_TRAINING_FILE_COUNT + 1];

enum lx_weights {
    LX_WEIGHTS_WHOLE,
    LX_WEIGHTS_NONE,    /* training diverged */
    LX_WEIGHTS_DROPPED, /* given up on purpose: the manifest says so */
    LX_WEIGHTS_MISSING, /* there is no training */
    LX_WEIGHTS_BROKEN   /* there is one, but its files are not as they were written */
};
extern const char *const lx_weights_names[LX_WEIGHTS_BROKEN + 1];

struct lx_training {
    enum lx_weights weights;
    struct lx_train_record record; /* but for MISSING and BROKEN */
    char note[400]; /* "", why they are missing or broken, or what else there is to say */
};

/* Look at a training, its sums included. The same rule for whoever needs the weights and for whoever only
 * tells about them. */
void lx_training_check(const char *dir, const char *train_id, struct lx_training *t);

/* Give up the weights of a finished training, whole or not: the manifest says so before the file goes. No
 * error where there are none. */
LX_MUST_CHECK
enum lx_code lx_training_drop_weights(const char *dir, const char *train_id, struct lx_err *err);

#endif
