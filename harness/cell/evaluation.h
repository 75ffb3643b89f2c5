/* Evaluating a saved checkpoint under a stack, its own or another: from file to rows. */
#ifndef LX_CELL_EVALUATION_H
#define LX_CELL_EVALUATION_H

#include <stdbool.h>

#include "config/config.h"
#include "config/data.h"
#include "core/buf.h"
#include "core/err.h"
#include "store/store.h"

struct lx_evaluation {
    const struct lx_config_variant *v;
    const struct lx_config_stack *stack;
    bool other;          /* not the stack that was trained */
    bool yardsticks;     /* n-grams of the training split, too */
    const char *weights; /* the checkpoint; NULL: training diverged, there is none */
    struct lx_data *data;
    size_t memory_limit; /* bytes in all, 0: none */
    size_t data_bytes;   /* already taken of it */
    struct lx_row_label label;
    struct lx_eval_watch watch; /* its `unit` is not looked at */
    /* (optional) Called when a unit (see lx_eval_watch) is complete and its rows are appended. */
    void (*unit_done)(void *ctx);
};

/* Units of an evaluation under a stack, analyses included. */
int lx_evaluation_units(const struct lx_config_variant *v, const struct lx_config_stack *s);

/* Append the rows. */
LX_MUST_CHECK
enum lx_code lx_evaluation_run(const struct lx_evaluation *e, struct lx_store_rows *rows,
                               struct lx_err *err);

#endif
