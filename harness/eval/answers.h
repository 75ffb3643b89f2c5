/* Evaluation mode `answers`: examples of a dataset by size, whether the answer is given.
 *
 * At evaluation length T the size is floor(T N / L), with N the largest size of training and L its length:
 * "2x" is twice the size. `examples` of each size are drawn from the dataset's own seed, so that every
 * scheme and seed is asked the same; `points` sizes between the length before and this one. Examples of
 * a pass have equally many inputs, so nothing is padded: T in every hook is that number. */
#ifndef LX_EVAL_ANSWERS_H
#define LX_EVAL_ANSWERS_H

#include "eval/evaluate.h"

#define LX_ANSWERS_POINTS 64

/* Sizes that are asked at the i-th length, rising, into sizes (LX_ANSWERS_POINTS); how many. */
int lx_answers_sizes(const struct lx_eval_config *c, const struct lx_example_ops *ops,
                     const void *self, int train_length, int i, int *sizes);

/* Whether examples of all sizes asked for can be made; messages begin with the dataset's key. */
LX_MUST_CHECK
enum lx_code lx_answers_check(const struct lx_eval_config *c, const struct lx_example_ops *ops,
                              const void *self, int train_length, struct lx_err *err);

/* Tokens that are read at length T, from above, and bytes that it takes. */
double lx_answers_tokens(const struct lx_eval_config *c, int T);
size_t lx_answers_bytes(const struct lx_model *m, const struct lx_eval_config *c, int T);

struct lx_answers_call {
    struct lx_model *m;
    const struct lx_eval_config *c;
    const struct lx_stream *stream;         /* its examples are asked for */
    int length;                             /* index in c->lengths */
    struct lx_metric blank;                 /* what the rows have in common */
    bool (*seen)(void *ctx, double tokens); /* (optional) so many more were read; false stops */
    void *ctx;
};

/* All sizes of one length, and its rows; `diverged` is set instead if a loss is not finite. */
LX_MUST_CHECK
enum lx_code lx_answers_run(const struct lx_answers_call *call, struct lx_metrics *out,
                            bool *diverged, struct lx_err *err);

/* Rows without a value. */
LX_MUST_CHECK
enum lx_code lx_answers_status(const struct lx_metric *blank, const char *status,
                               struct lx_metrics *out, struct lx_err *err);

/* Share of n fresh examples of the training split, of the largest size that is trained, whose answer is
 * given; `draw` tells one set of examples from another. */
LX_MUST_CHECK
enum lx_code lx_answers_share(struct lx_model *m, const struct lx_stream *stream, int n,
                              uint64_t draw, double *share, struct lx_err *err);

#endif
