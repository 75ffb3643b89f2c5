/* AdamW over a parameter set (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2). */
#ifndef LX_TRAIN_ADAMW_H
#define LX_TRAIN_ADAMW_H

#include "tensor/paramset.h"
#include "train/train.h"

struct lx_adamw_state {
    real *m, *v;     /* (n_values) moments, in the order of the set */
    double *squares; /* (count) sums of squared gradients, an array each */
    int step;        /* steps taken */
};

LX_MUST_CHECK
enum lx_code lx_adamw_init(struct lx_adamw_state *s, const struct lx_paramset *ps,
                           struct lx_arena *arena, struct lx_err *err);

/* sqrt of the sum of squares of all gradients that are trained. */
double lx_adamw_norm(struct lx_adamw_state *s, struct lx_paramset *ps);

/* One step: gradients clipped to the global norm c->clip (norm is theirs), decay on the arrays that
 * declare it, bounds applied afterwards. Arrays of schemes learn at c->array_lr times lr, decay
 * included. */
void lx_adamw_step(struct lx_adamw_state *s, const struct lx_train_config *c, double lr,
                   double norm, struct lx_paramset *ps);

#endif
