/* The "train" section of a config, and the learning rate over the steps. */
#include <math.h>

#include "train/train.h"

const struct lx_option lx_train_options[] = {
    {"length", LX_OPT_INT, offsetof(struct lx_train_config, length), 128, 1, 1 << 20, NULL,
     "tokens of a training sequence, L", 0},
    {"batch_tokens", LX_OPT_INT, offsetof(struct lx_train_config, batch_tokens), 4096, 1, 1 << 24,
     NULL, "tokens of a step; a multiple of length", 0},
    {"steps", LX_OPT_INT, offsetof(struct lx_train_config, steps), 1000, 0, 100000000, NULL,
     "optimiser steps", 0},
    {"lr", LX_OPT_REAL, offsetof(struct lx_train_config, lr), 0.001, 0, 10, NULL,
     "peak learning rate", LX_OPT_OPEN_MIN},
    {"warmup", LX_OPT_INT, offsetof(struct lx_train_config, warmup), 100, 0, 100000000, NULL,
     "steps of linear warm-up", 0},
    {"final_lr", LX_OPT_REAL, offsetof(struct lx_train_config, final_lr), 0.1, 0, 1, NULL,
     "learning rate at the end of the cosine, as a fraction of lr", 0},
    {"weight_decay", LX_OPT_REAL, offsetof(struct lx_train_config, weight_decay), 0.1, 0, 10, NULL,
     "decoupled decay of matrices", 0},
    {"clip", LX_OPT_REAL, offsetof(struct lx_train_config, clip), 1.0, 0, 1e9, NULL,
     "largest global norm of the gradient, 0 = no clipping", 0},
    {"beta1", LX_OPT_REAL, offsetof(struct lx_train_config, beta1), 0.9, 0, 0.999999, NULL,
     "AdamW decay of the first moment", 0},
    {"beta2", LX_OPT_REAL, offsetof(struct lx_train_config, beta2), 0.95, 0, 0.999999, NULL,
     "AdamW decay of the second moment", 0},
    {"eps", LX_OPT_REAL, offsetof(struct lx_train_config, eps), 1e-8, 0, 1, NULL,
     "AdamW denominator offset", LX_OPT_OPEN_MIN},
    {"restart_at", LX_OPT_REAL, offsetof(struct lx_train_config, restart_at), 0, 0, 1, NULL,
     "part of the steps after which the learning rate warms up and falls anew, 0 = never",
     LX_OPT_LATER},
    {"array_lr", LX_OPT_REAL, offsetof(struct lx_train_config, array_lr), 1, 0, 1000000, NULL,
     "learning rate of the scheme's own arrays, as a multiple of lr",
     LX_OPT_OPEN_MIN | LX_OPT_LATER},
    {"precision", LX_OPT_CHOICE, offsetof(struct lx_train_config, precision), LX_FLOAT32, 0, 0,
     LX_PRECISION_NAMES,
     "of the products of linear layers and of the head; bf16: rounded to bfloat16, with sums, "
     "weights and "
     "all else in float32",
     LX_OPT_LATER},
    {"log_every", LX_OPT_INT, offsetof(struct lx_train_config, log_every), 10, 1, 1000000, NULL,
     "steps a row of train.csv stands for", 0},
    {"objective", LX_OPT_CHOICE, offsetof(struct lx_train_config, masking.objective),
     LX_OBJECTIVE_NEXT, 0, 0, "next|masked",
     "what is learned and scored: the next token, or hidden ones from all others in sight",
     LX_OPT_LATER},
    {"mask_share", LX_OPT_REAL, offsetof(struct lx_train_config, masking.share), 0.15, 0, 0.9, NULL,
     "masked: part of a sequence's tokens that are hidden", LX_OPT_OPEN_MIN | LX_OPT_LATER},
    {"mask_span", LX_OPT_REAL, offsetof(struct lx_train_config, masking.span), 1, 1, 1000, NULL,
     "masked: mean length of a run of hidden tokens; 1 = each by itself", LX_OPT_LATER},
    {"stop_at", LX_OPT_REAL, offsetof(struct lx_train_config, stop_at), 0, 0, 1, NULL,
     "share of right answers at the largest trained size that ends the training, 0 = never",
     LX_OPT_LATER},
    {"stop_every", LX_OPT_INT, offsetof(struct lx_train_config, stop_every), 250, 1, 100000000,
     NULL, "steps after which stop_at is asked, on 256 fresh examples", LX_OPT_LATER},
    {.type = LX_OPT_END},
};

/* The first step of the second run of the learning rate; 0: there is one run. */
static int restart_step(const struct lx_train_config *c)
{
    return (int)lround(c->restart_at * c->steps);
}

/* Warm-up and cosine over all steps of c. */
static double one_run(const struct lx_train_config *c, int step)
{
    const double pi = 3.14159265358979323846;
    double t;

    if (step < c->warmup)
        return c->lr * (step + 1) / c->warmup;
    if (c->steps - c->warmup <= 1)
        return c->lr;
    t = (double)(step - c->warmup) / (c->steps - 1 - c->warmup);
    return c->lr * (c->final_lr + (1 - c->final_lr) * 0.5 * (1 + cos(pi * t)));
}

enum lx_code lx_train_config_check(const struct lx_train_config *c, struct lx_err *err)
{
    if (c->batch_tokens % c->length != 0)
        return lx_fail(err, LX_ECONFIG, "batch_tokens: must be a multiple of length = %d, got %d",
                       c->length, c->batch_tokens);
    if (c->warmup > c->steps && c->steps > 0) {
        (void)lx_fail(err, LX_ECONFIG, "warmup: must be at most steps = %d, got %d", c->steps,
                      c->warmup);
        return lx_hint(err, "beside %d steps, say, \"warmup\": %d", c->steps, c->steps / 10);
    }
    if (c->restart_at > 0 && c->steps > 0 &&
        (restart_step(c) <= c->warmup || c->steps - restart_step(c) <= c->warmup))
        return lx_fail(
            err, LX_ECONFIG,
            "restart_at: must leave more than warmup = %d of %d steps on both sides, got "
            "%g",
            c->warmup, c->steps, c->restart_at);
    return LX_OK;
}

double lx_train_lr(const struct lx_train_config *c, int step)
{
    int first = restart_step(c);
    struct lx_train_config part = *c;

    if (first == 0)
        return one_run(c, step);
    part.steps = step < first ? first : c->steps - first;
    return one_run(&part, step < first ? step : step - first);
}
