/* Two metrics.csv held against each other: did an extrapolation curve change?
 *
 * A key is a point of a curve: encoding, evaluated_as, dataset, split, train_length, eval_length,
 * mode, stride and metric. The change of the mean over seeds is held against
 *     band = max(abs, rel * |baseline|, K * standard error of the change),
 * where the scatter is that of the baseline's seeds alone: what is judged must not widen its own band.
 * Each seed, and the median, are held against bands of their own; compare_judge.c has the rule. */
#ifndef LX_COMPARE_COMPARE_H
#define LX_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "study/aggregate.h"

/* In the order in which a report lists them. */
enum lx_compare_verdict {
    LX_VERDICT_IMPOSSIBLE, /* a number that the metric cannot have */
    LX_VERDICT_WORSE,      /* beyond a band in the bad direction, or a number lost */
    LX_VERDICT_CHANGED,    /* beyond a band where neither direction is good */
    LX_VERDICT_MISSING,    /* in the baseline only */
    LX_VERDICT_EXTRA,      /* in the new rows only */
    LX_VERDICT_PROTOCOL,   /* measured under other rules, or on other targets */
    LX_VERDICT_SUSPICIOUS, /* a gain beyond LX_COMPARE_FAR standard errors, or over one seed */
    LX_VERDICT_BETTER,
    LX_VERDICT_WITHIN, /* not equal, but within the band */
    LX_VERDICT_SAME,   /* equal in every seed */
    LX_VERDICTS
};

const char *lx_compare_verdict_name(enum lx_compare_verdict v); /* "worse", "changed", ... */

/* Standard errors that no band is wider than, and beyond which a gain is suspicious. */
#define LX_COMPARE_FAR 10

struct lx_compare_options {
    const char *metrics;    /* names separated by commas, or "all" */
    double abs, rel, sigma; /* finite, not negative; sigma 0: seeds are compared one by one */
    bool exact;             /* a change for the better fails, too */
    bool allow_extra;       /* keys that the baseline lacks do not fail */
};

/* The rule of a preset: "exact" or "curves". False: no such preset. */
bool lx_compare_preset(const char *name, struct lx_compare_options *o);

struct lx_compare_key {
    const char *dataset, *split, *encoding, *evaluated_as, *metric, *mode;
    int train_length, stride, eval_length; /* stride -1: none */
};

/* One side of a key; seeds is 0 where the key is absent. */
struct lx_compare_side {
    int seeds, ok;                /* rows, and those of them with a number */
    enum lx_report_status status; /* the worst of the rows */
    double mean;                  /* of the ok rows, NaN: none */
    double se;                    /* of that mean, NaN: unknown */
    long long tokens;             /* scored targets of a row, -1: not stated */
    const char *protocol;
};

/* What decided, beside the mean. */
enum lx_compare_reason { LX_BY_MEAN, LX_BY_MEDIAN, LX_BY_SEED };

struct lx_compare_line {
    struct lx_compare_key key;
    struct lx_compare_side old, new;
    bool paired;             /* the change was taken seed by seed */
    double change, se, band; /* of the mean; NaN where there is no number to compare */
    enum lx_compare_reason reason;
    long long seed;                    /* BY_SEED: the one that lies furthest out */
    double own_from, own_to, own_band; /* BY_SEED, BY_MEDIAN: from what to what, and its band */
    double size; /* of the change, relative to the baseline; infinite: a number lost */
    enum lx_compare_verdict verdict;
};

/* A setting that differs between the two configs; old or new NULL: not there. */
struct lx_compare_setting {
    const char *path, *old, *new;
};

struct lx_comparison {
    struct lx_compare_options options;
    struct lx_arena arena;
    struct lx_study old_study, new_study;
    const char *old_path, *new_path;
    struct lx_compare_line *line; /* (n) sorted by key */
    size_t n;
    size_t common; /* keys that both sides have */
    size_t count[LX_VERDICTS];
    size_t failures; /* lines that fail the comparison */
    size_t lone; /* lines with a band that should know the scatter of seeds, of a baseline of one */
    size_t *gate; /* (n_gate) numbers of the lines of new_path that a baseline holds, rising */
    size_t n_gate;
    bool has_configs;                   /* both sides have their config */
    struct lx_compare_setting *setting; /* (n_settings) in which they differ */
    size_t n_settings;
};

/* Read and compare. old_path or new_path: a metrics.csv or a folder with one. old_may_lack: a
 * baseline that does not exist counts as empty. Free *c after a failure too. */
LX_MUST_CHECK
enum lx_code lx_compare_make(const char *old_path, bool old_may_lack, const char *new_path,
                             const struct lx_compare_options *o, struct lx_comparison *c,
                             struct lx_err *err);
void lx_compare_free(struct lx_comparison *c);

bool lx_compare_fails(const struct lx_comparison *c, enum lx_compare_verdict v);

/* Put the rows of new_path that comparisons look at (all metrics) in place of old_path, as they
 * stand, and a copy of its config beside them. Impossible numbers are no baseline. */
LX_MUST_CHECK
enum lx_code lx_compare_update(const struct lx_comparison *c, struct lx_err *err);

#endif
