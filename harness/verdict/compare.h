/* Two metrics.csv held against each other: did an extrapolation curve get worse?
 *
 * A key is a point of a curve: encoding, evaluated_as, dataset, split, train_length, eval_length,
 * mode, stride and metric. Its seeds are averaged, and the change of the mean is held against
 *     band = max(abs, rel * |baseline|, sigma * standard error of the change).
 * The standard error comes from the differences seed by seed where both sides have the same seeds
 * (sd / sqrt n), or from both sides apart, in quadrature: what gives the narrower band. A side of a
 * single seed has no spread over seeds: what its row states as `stderr` takes the place. sigma is that of
 * a normal variable, widened for few seeds as Student's t asks (Welch 1947 for two sides). */
#ifndef LX_VERDICT_COMPARE_H
#define LX_VERDICT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "study/rows.h"

/* In the order in which a report lists them. */
enum lx_verdict {
    LX_VERDICT_WORSE,    /* beyond the band in the bad direction, or a number lost */
    LX_VERDICT_CHANGED,  /* beyond the band where neither direction is good */
    LX_VERDICT_MISSING,  /* in the baseline only */
    LX_VERDICT_EXTRA,    /* in the new rows only */
    LX_VERDICT_PROTOCOL, /* measured under other rules, or on other targets */
    LX_VERDICT_BETTER,
    LX_VERDICT_WITHIN, /* not equal, but within the band */
    LX_VERDICT_SAME,   /* equal in every seed */
    LX_VERDICTS
};

const char *lx_verdict_name(enum lx_verdict v); /* "worse", "changed", ... */

struct lx_compare_options {
    const char *metrics;    /* names separated by commas, or "all" */
    double abs, rel, sigma; /* finite, not negative */
    bool allow_extra;       /* keys that the baseline lacks do not fail */
};

/* The bands of a preset: "exact" or "curves". False: no such preset. */
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

struct lx_compare_line {
    struct lx_compare_key key;
    struct lx_compare_side old, new;
    bool paired;             /* the change was taken seed by seed */
    double change, se, band; /* NaN where there is no number to compare; se NaN: unknown */
    enum lx_verdict verdict;
};

struct lx_comparison {
    struct lx_compare_options options;
    struct lx_arena arena;
    struct lx_rows old_rows, new_rows;
    const char *old_path, *new_path;
    struct lx_compare_line *line; /* (n) sorted by key */
    size_t n;
    size_t count[LX_VERDICTS];
    size_t failures; /* lines that fail the comparison */
    size_t *gate;    /* (n_gate) numbers of the lines of new_path that a baseline holds, rising */
    size_t n_gate;
};

/* Read and compare. old_path or new_path: a metrics.csv or a folder with one. old_may_lack: a
 * baseline that does not exist counts as empty. Free *c after a failure too. */
LX_MUST_CHECK
enum lx_code lx_compare_make(const char *old_path, bool old_may_lack, const char *new_path,
                             const struct lx_compare_options *o, struct lx_comparison *c,
                             struct lx_err *err);
void lx_compare_free(struct lx_comparison *c);

bool lx_compare_fails(const struct lx_comparison *c, enum lx_verdict v);

/* Put the rows of new_path that comparisons look at (all metrics) in place of old_path, as they
 * stand, at once or not at all. */
LX_MUST_CHECK
enum lx_code lx_compare_update(const struct lx_comparison *c, struct lx_err *err);

enum lx_compare_format {
    LX_COMPARE_TEXT,
    LX_COMPARE_MARKDOWN,
    LX_COMPARE_JUNIT,
    LX_COMPARE_JSON,
    LX_COMPARE_FORMATS
};

/* Append the result. update: the new rows become the baseline, so text and Markdown list all that
 * changed and judge nothing. */
LX_MUST_CHECK
enum lx_code lx_compare_write(const struct lx_comparison *c, enum lx_compare_format format,
                              bool update, struct lx_buf *out, struct lx_err *err);

#endif
