/* Training: random windows, AdamW, warm-up and cosine, global-norm clipping.
 *
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), betas 0.9 / 0.95, eps 1e-8, decoupled decay on
 * matrices only. Same seed = same first weights and same windows for every scheme. A loss that is
 * not finite ends the run as diverged: a result, not an error. Objective masked: each window's tokens
 * are its own targets, hidden ones scored, which are drawn from a stream of their own; the hidden read
 * as the last token of the model's vocabulary. */
#ifndef LX_TRAIN_TRAIN_H
#define LX_TRAIN_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/rng.h"
#include "datasets/dataset.h"
#include "model/transformer.h"
#include "objective/masking.h"
#include "text/options.h"

struct lx_train_config {
    int length;       /* tokens of a training sequence, L            */
    int batch_tokens; /* tokens of a step; a multiple of length      */
    int steps;
    double lr;           /* peak learning rate                       */
    double array_lr;     /* of the scheme's own arrays, as a multiple of lr */
    int warmup;          /* steps of linear warm-up                  */
    double final_lr;     /* lr at the last step, as a fraction of lr */
    double weight_decay; /* on matrices                              */
    double clip;         /* largest global norm of the gradient      */
    double beta1, beta2, eps;
    double restart_at; /* part of the steps after which warm-up and cosine begin anew; 0: never */
    int precision;     /* enum lx_precision                                */
    int log_every;     /* steps a row of train.csv stands for            */
    struct lx_masking masking; /* what is learned: the next token, or hidden ones */
    double stop_at;            /* share of right answers that ends the training; 0: never */
    int stop_every;            /* steps after which it is asked                  */
};

extern const struct lx_option lx_train_options[]; /* the "train" section */

/* Relations (batch_tokens a multiple of length, warmup < steps); messages begin with the key. */
LX_MUST_CHECK
enum lx_code lx_train_config_check(const struct lx_train_config *c, struct lx_err *err);

/* Learning rate of step 0 .. steps-1. */
double lx_train_lr(const struct lx_train_config *c, int step);

/* One row of train.csv: means over the steps since the row before. */
struct lx_train_row {
    int step; /* steps done */
    long long tokens;
    double lr, train_nll, grad_norm;
};

/* All that one step leaves to the next. The arrays are those in use, not copies. */
struct lx_train_state {
    int step;           /* steps done */
    struct lx_rng data; /* which windows come next */
    double nll, norm;   /* sums since the last row, ... */
    int tallied;        /* ... over so many steps */
    double last_nll;    /* sum over the steps that count for the result's last_nll, ... */
    int last_n;         /* ... so many of them */
    struct lx_paramset *params;
    real *m, *v; /* (params->n_values) moments of AdamW */
};

struct lx_train_watch {
    /* (optional) Called for each row and, with row NULL, after each step; returning false stops. */
    bool (*seen)(void *ctx, int step, double loss, const struct lx_train_row *row);
    void *ctx;
    /* (optional) Called once before the first step with the state of step 0: may put another one in
     * its place, that of the same training at a later step. */
    void (*resume)(void *ctx, struct lx_train_state *s);
    /* (optional) Called after each step but the last, behind `seen`, as the time to save the state.
     * stopping: no step follows. Must not change anything. */
    void (*keep)(void *ctx, const struct lx_train_state *s, bool stopping);
    /* (optional) Called after every stop_every steps if there is a stop_at: whether it was reached. Must
     * depend on the weights and the step alone. */
    bool (*learned)(void *ctx, int step);
};

struct lx_train_result {
    bool diverged;
    int steps;       /* steps done */
    double last_nll; /* mean NLL of the last rows (up to 5% of the steps) */
    bool stopped;    /* the watch asked to stop */
    bool learned;    /* stop_at was reached, and the steps left were not done */
};

/* Bytes that training needs beyond the model itself: moments, activations, one batch. */
size_t lx_train_bytes(const struct lx_model *m, const struct lx_train_config *c);

/* Train m (values already filled) on the stream. The arena holds moments and activations. A run that
 * was stopped, and resumed from what `keep` was given, ends with the same bits. */
LX_MUST_CHECK
enum lx_code lx_train_run(struct lx_model *m, const struct lx_train_config *c,
                          const struct lx_stream *stream, uint64_t seed,
                          const struct lx_train_watch *watch, struct lx_arena *arena,
                          struct lx_train_result *out, struct lx_err *err);

#endif
