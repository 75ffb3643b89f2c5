/* What the cells of a run cost, by encoding and training length: runs.csv in, a table out.
 *
 * Unlike everything else in a report these are facts of a machine and of what else it did, not of the
 * experiment: they stand in files of their own, so that the other tables are the same bytes for
 * everyone. */
#ifndef LX_STUDY_COSTS_H
#define LX_STUDY_COSTS_H

#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "study/aggregate.h"

enum lx_cost_measure {
    LX_COST_TRAIN_SECONDS,
    LX_COST_RATE, /* training tokens a second */
    LX_COST_EVAL_SECONDS,
    LX_COST_PEAK, /* bytes */
    LX_COST_MEASURES
};

/* The cells of one encoding at one training length. */
struct lx_cost {
    const char *dataset, *encoding;
    int train_length; /* -1: metrics.csv has no row of the cell */
    int seeds, ok;    /* cells, and those of them that did not diverge: the statistics are theirs */
    double parameters;
    struct lx_stats stats[LX_COST_MEASURES];
};

struct lx_costs {
    struct lx_cost *item; /* (n) by dataset, training length, and the order of the encodings */
    size_t n;
    const char **cpu; /* (n_cpus) on what it ran */
    size_t n_cpus;
};

/* Read runs.csv; the study says how long the sequences of a cell were. */
LX_MUST_CHECK
enum lx_code lx_costs_read(const char *path, const struct lx_study *s, struct lx_arena *arena,
                           struct lx_costs *out, struct lx_err *err);

#endif
