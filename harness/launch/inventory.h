/* What is there of an experiment before and while its cells are run: which are done, and what a person
 * should know of that. */
#ifndef LX_LAUNCH_INVENTORY_H
#define LX_LAUNCH_INVENTORY_H

#include "core/err.h"
#include "experiment/experiment.h"

struct lx_inventory {
    bool *done;      /* (cells) */
    size_t n_done;   /* of them */
    size_t n_packed; /* of those, known from cells/ID.csv.gz alone */
};

/* Look at every cell. Said in the log: rows that are broken or without sums, and weights of finished cells
 * that are missing or broken without having been given up (`tell_weights`); those are trained again only
 * when a cell that is not done needs them. */
LX_MUST_CHECK
enum lx_code lx_inventory_take(const struct lx_experiment *e, bool tell_weights,
                               struct lx_arena *arena, struct lx_inventory *out,
                               struct lx_err *err);

/* Cell k is done now: its weights go, unless a cell of the same training is still to be done. What cannot
 * be removed is said at once and stays; *failed is the first of that. */
void lx_inventory_drop_weights(const struct lx_experiment *e, const bool *done, size_t k,
                               struct lx_err *failed);

#endif
