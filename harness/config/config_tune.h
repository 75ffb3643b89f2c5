/* The section `tune` of a config: how the rates of its encodings are looked for, the config of what is
 * trained for that, and the config with the rates that were found. */
#ifndef LX_CONFIG_CONFIG_TUNE_H
#define LX_CONFIG_CONFIG_TUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* A rate for an encoding, an index into the config's. */
struct lx_tune_rate {
    size_t encoding;
    double lr, array_lr;
};

/* Whether the rates of an encoding are to be found: those without an lr of their own, where there is a
 * section `tune`. */
bool lx_tune_asks(const struct lx_config *c, size_t encoding);
/* Whether there is any. */
bool lx_tune_pending(const struct lx_config *c);

/* Whether there is any whose rate is to come `from` elsewhere, where there is no table yet. */
bool lx_tune_awaits(const struct lx_config *c);
/* Fail if so: to train, rates must be known. */
LX_MUST_CHECK
enum lx_code lx_config_tune_table(const struct lx_config *c, struct lx_err *err);

/* Append the config that trains each of n encodings at a rate of its own, in this order, with the seed, the
 * data and the steps of tuning: "NAME-tune", encodings "a-lr-0.01", "a-lr-0.01-array_lr-10". It is
 * evaluated at all lengths of the study and at the training length, in all its modes and in `last`; of examples in `answers`. */
LX_MUST_CHECK
enum lx_code lx_tune_write_wave(const struct lx_config *c, const struct lx_tune_rate *rate,
                                size_t n, struct lx_buf *out, struct lx_err *err);

/* Append the config as it was given, its encodings with the n rates that were found for some of them. */
LX_MUST_CHECK
enum lx_code lx_tune_write_found(const struct lx_config *c, const struct lx_tune_rate *rate,
                                 size_t n, struct lx_buf *out, struct lx_err *err);

/* Where the rates come `from` elsewhere: their table into DIR/tune, where those look who ask for rates. A
 * table that is no longer there is left alone. */
LX_MUST_CHECK
enum lx_code lx_config_tune_keep(const struct lx_config *c, const char *dir, struct lx_err *err);

#endif
