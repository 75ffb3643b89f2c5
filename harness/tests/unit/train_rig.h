/* The tiny model and the usual training section of the tests of training. */
#ifndef LX_TESTS_TRAIN_RIG_H
#define LX_TESTS_TRAIN_RIG_H

#include "tests/unit/model_rig.h"
#include "train/train.h"

enum { L = 8, V = 8 };

static const struct lx_model_config config = {
    .layers = 1, .d_model = 16, .heads = 2, .d_ff = 32, .vocab = V};

static const struct lx_train_config usual = {.length = L,
                                             .batch_tokens = 4 * L,
                                             .steps = 20,
                                             .lr = 0.01,
                                             .array_lr = 1,
                                             .warmup = 5,
                                             .final_lr = 0.1,
                                             .weight_decay = 0.1,
                                             .clip = 1,
                                             .beta1 = 0.9,
                                             .beta2 = 0.95,
                                             .eps = 1e-8,
                                             .log_every = 10};

#endif
