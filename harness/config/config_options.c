/* Options that belong to the config alone; those of model, train and eval are with what they steer. */
#include <math.h>

#include "config/config.h"

/* The bounds are those of `train`. */
const struct lx_option lx_rate_options[] = {
    {"lr", LX_OPT_REAL, offsetof(struct lx_config_encoding, lr), (double)NAN, 0, 10, NULL,
     "peak learning rate of this encoding; default: that of train", LX_OPT_OPEN_MIN},
    {"array_lr", LX_OPT_REAL, offsetof(struct lx_config_encoding, array_lr), (double)NAN, 0,
     1000000, NULL,
     "learning rate of its schemes' own arrays, as a multiple; default: that of train",
     LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

const struct lx_option lx_tune_options[] = {
    {"from", LX_OPT_TEXT, offsetof(struct lx_tune_config, from), 0, 0, 0, NULL,
     "results folder or tune.csv whose rates are taken; then nothing is tuned, and no other key is "
     "given",
     0},
    {"start", LX_OPT_REAL, offsetof(struct lx_tune_config, start), 0.01, 0, 10, NULL,
     "rate to begin with; its half and its double are tried, too", LX_OPT_OPEN_MIN},
    {"lowest", LX_OPT_REAL, offsetof(struct lx_tune_config, lowest), 0, 0, 10, NULL,
     "no rate below it is tried; with it at start and reach 1: start and its double alone",
     LX_OPT_LATER},
    {"reach", LX_OPT_INT, offsetof(struct lx_tune_config, reach), 5, 0, 10, NULL,
     "factors of two from the start, up or down, at most", 0},
    {"array_lr", LX_OPT_REAL, offsetof(struct lx_tune_config, array_lr), 10, 0, 1000000, NULL,
     "multiple tried for the arrays of schemes beside 1, 0 = none", 0},
    {"seed", LX_OPT_INT, offsetof(struct lx_tune_config, seed), 101, 0, 2147483647, NULL,
     "seed of what is trained to find rates; none of the study's", 0},
    {"steps", LX_OPT_INT, offsetof(struct lx_tune_config, steps), 0, 0, 100000000, NULL,
     "optimiser steps of each, 0 = those of train", 0},
    {"split", LX_OPT_CHOICE, offsetof(struct lx_tune_config, split), LX_SPLIT_VALID, 0, 0,
     LX_SPLIT_NAMES, "split that rates are chosen on", 0},
    {.type = LX_OPT_END},
};
