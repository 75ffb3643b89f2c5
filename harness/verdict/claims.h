/* Claims: inequalities over metrics of named encodings and lengths, written in the config and
 * decided from metrics.csv, paired by seed.
 *
 *     {"id": "flat-8x", "text": "a at 8x is no worse than at 1x", "source": "Press et al. 2022, Table 5",
 *      "left": {"encoding": "a", "length": "8x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 1.02}
 *
 * says ppl(a, 8x) <= 1.02 ppl(a, 1x). Each side is one value a seed: a metric at a place, or
 * the difference of two ("minus"), or, on the right, a plain number. For every seed
 *
 *     d = left - times * right - margin          op: d < 0 or d > 0, for `within` |d + margin| < margin
 *
 * with perplexities as their logarithms, so that a ratio of perplexities is a difference of NLL and
 * `ratio` stands for a margin of ln ratio. What a claim leaves open, dataset or training length, it
 * claims for each of the study. The grammar for users is in configs/README.md. */
#ifndef LX_VERDICT_CLAIMS_H
#define LX_VERDICT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "study/aggregate.h"
#include "text/json.h"
#include "text/length.h"
#include "text/options.h"

/* Where one number a seed is found. NULL and 0: open; evaluated_as NULL: as trained; mode NULL: the
 * first of nonoverlapping, last, sliding that has it; layer and head -1: over all. */
struct lx_claim_value {
    const char *encoding, *evaluated_as, *dataset, *metric, *mode;
    int train_length, layer, head;
    struct lx_length length;
    bool positions; /* only those in [lo, hi) of the window */
    struct lx_length lo, hi;
};

struct lx_claim_side {
    const char *path; /* in the config, for messages: "claims[2].left" */
    bool constant;
    double number; /* if constant: a value, or a difference (of perplexities: in nats) */
    struct lx_claim_value value;
    bool has_minus;
    struct lx_claim_value minus;
};

enum lx_claim_op { LX_CLAIM_LT, LX_CLAIM_LE, LX_CLAIM_GT, LX_CLAIM_GE, LX_CLAIM_WITHIN };

struct lx_claim {
    const char *path; /* "claims[2]" */
    const char *id, *text, *source;
    const char *metric;
    bool ratio;    /* about perplexities: shown as a ratio, `margin` is the ln of it */
    int op;        /* enum lx_claim_op */
    double margin; /* in the unit of the metric, nats for perplexities */
    double times;  /* factor on the right side */
    double paper;  /* the effect that the paper's own numbers give; NaN: not known */
    struct lx_claim_side left, right;
};

struct lx_claims {
    struct lx_claim *item;
    size_t n;
};

/* The option tables, for the published schema. */
extern const struct lx_option lx_claim_options[], lx_claim_value_options[];

/* Parse the member `claims` of a config (NULL: none). Encodings, datasets and lengths are names here:
 * whether they exist is for the caller to check. */
LX_MUST_CHECK
enum lx_code lx_claims_parse(struct lx_claims *c, const struct lx_json *list,
                             struct lx_arena *arena, struct lx_err *err);

enum lx_claim_verdict { LX_CLAIM_HOLDS, LX_CLAIM_FAILS, LX_CLAIM_UNDECIDED };

/* One claim for one dataset and training length. The effect is left - times * right, without the
 * margin, in the unit of the metric, nats for perplexities. */
struct lx_claim_result {
    const struct lx_claim *claim;
    int dataset, train_length; /* -1 where the claim itself names them */
    size_t n;                  /* seeds with all numbers */
    double effect, low, high;  /* mean over seeds and its 95% interval; NaN: unknown */
    double p_t;                /* paired t, two-sided, that the effect is at the margin */
    double p_holm;             /* the same after Holm, over all results of the table */
    double p_flip;             /* sign-flip test, one-sided, towards what is claimed */
    enum lx_claim_verdict verdict;
    const char *note; /* "" or why it could not be decided */
};

struct lx_claim_results {
    struct lx_claim_result *item;
    size_t n;
};

/* Decide all claims. */
LX_MUST_CHECK
enum lx_code lx_claims_judge(const struct lx_claims *c, const struct lx_study *s,
                             struct lx_arena *arena, struct lx_claim_results *out,
                             struct lx_err *err);

/* One number a seed, by rising seed: what a value is in this study. */
struct lx_claim_point {
    long long seed;
    double value;
    enum lx_report_status status;
};

/* dataset and train_length fill in what the value leaves open. *why: NULL, or why there is nothing
 * to be had. */
LX_MUST_CHECK
enum lx_code lx_claim_find(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                           int train_length, struct lx_arena *arena, struct lx_claim_point **point,
                           size_t *n, const char **why, struct lx_err *err);

/* Whether one of the values that a claim compares is of this series. */
bool lx_claim_uses(const struct lx_study *s, const struct lx_claim *c, size_t series);

/* A row's name is that of the config, apart from swept values: "a[lr=0.001]+b" is "a+b". A name that
 * gives the swept values must give them all. */
bool lx_claim_names(const char *row, const char *wanted);

#endif
