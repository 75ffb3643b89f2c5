/* Tuning: the rates that a config asks for, found wave by wave in a results folder of their own,
 * DIR/tune. Each wave is an experiment like any other; its cells are known by their ids, so that what is
 * done is not done again, whatever the search asks next. */
#ifndef LX_RUN_TUNING_H
#define LX_RUN_TUNING_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "core/buf.h"
#include "core/err.h"
#include "run/run_options.h"

/* Write down what is claimed, train what is missing, tell what was found on stderr, make the tables and figures of DIR/tune, and append
 * the config with the rates filled in to *found. LX_EPARTIAL: cells failed, and the search cannot go on. */
LX_MUST_CHECK
enum lx_code lx_tuning_run(const struct lx_config *c, const char *dir, struct lx_run_options *o,
                           const struct lx_launcher *launcher, struct lx_buf *found,
                           struct lx_err *err);

/* How far tuning is, without running anything. */
struct lx_tuning_state {
    bool settled;         /* all rates are known, and *text is the config that has them */
    size_t n_done, n_now; /* cells that are done, and that can be run now */
    size_t least, most;   /* cells that follow these, at least and at most */
    struct lx_buf text;   /* else it is the config of the wave that is next; free it */
};

LX_MUST_CHECK
enum lx_code lx_tuning_look(const struct lx_config *c, const char *dir, struct lx_tuning_state *out,
                            struct lx_err *err);

#endif
