/* The plan of an experiment: one cell for each dataset, variant, encoding and seed, in that order.
 *
 * A cell has two names, both hashes of what determines a result. The train id covers what the
 * learned weights depend on: data, model, training, stack, seed, number type. The cell id covers
 * that, the evaluation and the labels of its rows. So an edited eval section, or a new id, evaluates
 * again without training again, and a finished cell is known wherever it stands in a config. */
#ifndef LX_PLAN_PLAN_H
#define LX_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/data.h"

#define LX_ID_SIZE 17 /* 16 hex digits and NUL */

struct lx_cell {
    size_t dataset, encoding, seed;     /* indices into the config */
    const struct lx_config_variant *v;  /* of the config, like e */
    const struct lx_config_encoding *e; /* what is trained and evaluated */
    struct lx_train_config train;       /* of v, with the rates of e */
    const char *suffix;                 /* "" or "[lr=0.001]": the swept values, part of labels */
    const char *label;                  /* id of the encoding, with the suffix */

    /* Set by lx_plan_resolve. */
    bool resolved;
    bool seen_in_training; /* what is evaluated is, token for token, what is trained on */
    char train_id[LX_ID_SIZE], id[LX_ID_SIZE];
    const char *metadata; /* JSON text for the checkpoint: model, train, encoding, dataset, seed */
    size_t parameters,
        scheme_parameters;          /* learned numbers, and those of them that are of schemes */
    double train_flops, eval_flops; /* at the streaming kernel's speed; see model/row_costs.h */
    double slowness;                /* the worst of its passes beside one without layers by rows */
    size_t data_bytes, train_bytes; /* needed to train, data included in train_bytes */
    double pass_flops; /* of the longest stretch between two signs of life: a step, a batch */
    size_t rows;       /* of its tables, at most */
    size_t eval_bytes; /* needed to evaluate at the longest length, data included */
    /* Targets of mode last, and of the windows from the front of the split, where it has fewer than are asked
     * for; else 0. */
    long long last_targets, front_targets;
};

struct lx_plan {
    const struct lx_config *config; /* kept */
    struct lx_arena arena;
    struct lx_cell *cells;
    size_t n;
    struct lx_data data; /* of one dataset at a time */
    size_t data_of;      /* index of that dataset; n_datasets: none */
};

/* Free with lx_plan_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_plan_make(struct lx_plan *p, const struct lx_config *config, struct lx_err *err);
void lx_plan_free(struct lx_plan *p);

/* Read the data of cell k (if it is not the data at hand), and fill in ids and estimates. */
LX_MUST_CHECK enum lx_code lx_plan_resolve(struct lx_plan *p, size_t k, struct lx_err *err);
LX_MUST_CHECK enum lx_code lx_plan_resolve_all(struct lx_plan *p, struct lx_err *err);

/* Say where the evaluated split of resolved cells is too short for what is asked: once a dataset and
 * variant. */
void lx_plan_warn(const struct lx_plan *p);

/* The data of cell k, of which nothing need be loaded yet. */
struct lx_data *lx_plan_data(struct lx_plan *p, size_t k);
/* Let go of the data in memory. */
void lx_plan_drop_data(struct lx_plan *p);

/* One line of JSON a cell, as `plan` prints it. */
LX_MUST_CHECK
enum lx_code lx_plan_write(struct lx_plan *p, struct lx_buf *out, struct lx_err *err);

/* This processor must be able to do the precisions that are asked for. */
LX_MUST_CHECK enum lx_code lx_plan_check_precision(const struct lx_plan *p, struct lx_err *err);

/* Every cell must be trainable in `limit` bytes (0: no limit); the message names the needs. */
LX_MUST_CHECK
enum lx_code lx_plan_check_memory(struct lx_plan *p, size_t limit, struct lx_err *err);

#endif
