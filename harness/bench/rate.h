/* How fast this machine trains a given model, from a second of it: what the minutes of a plan are
 * reckoned from. */
#ifndef LX_BENCH_RATE_H
#define LX_BENCH_RATE_H

#include "bench/bench.h"
#include "core/buf.h"
#include "core/err.h"
#include "model/transformer.h"
#include "stack/stack.h"
#include "train/train.h"

struct lx_rate {
    double
        gflops; /* 10^9 operations of its training steps a second of processor time, on one core */
    double share; /* processor time by the clock: below 1 where others use the core */
};

/* A core that gave the probe less than this is busy. */
#define LX_RATE_BUSY 0.8

/* Steps of this model under this stack, in a process of its own, for about a second. */
LX_MUST_CHECK
enum lx_code lx_rate_probe(const struct lx_model_config *model, const struct lx_train_config *train,
                           const struct lx_stack *stack, struct lx_rate *out, struct lx_err *err);

/* What such a process does: `shape` is what lx_rate_probe puts on its command line, one line is printed. */
LX_MUST_CHECK
enum lx_code lx_rate_print(const char *shape, const struct lx_bench_stack *stack,
                           struct lx_buf *out, struct lx_err *err);

#endif
