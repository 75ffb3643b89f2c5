/* Claims: inequalities over metrics of named encodings and lengths, written in the config and
 * decided from metrics.csv and blocks.csv.gz.
 *
 *     {"id": "flat-8x", "text": "a at 8x is no worse than at 1x", "source": "Press et al. 2022, Table 5",
 *      "left": {"encoding": "a", "length": "8x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 1.02}
 *
 * says ppl(a, 8x) <= 1.02 ppl(a, 1x). Each side is one value a seed: a metric at a place, or
 * the difference of two ("minus"), or, on the right, a plain number. The effect is
 *
 *     left - times * right        op: effect < bound or > bound, for `within` |effect| < bound
 *
 * with perplexities as their logarithms, so that a ratio of perplexities is a difference of NLL and
 * `ratio` stands for a margin of ln ratio. What a claim leaves open, dataset or training length, it
 * claims for each of the study. A claim of losses that names no mode is made for `last` and for
 * `nonoverlapping`. What must hold before it can be tested at all is its `premise`. The grammar for
 * users is in configs/README.md, the meaning of verdicts in results/README.md. */
#ifndef LX_VERDICT_CLAIMS_H
#define LX_VERDICT_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"
#include "study/aggregate.h"
#include "study/contrast.h"
#include "text/length.h"
#include "text/options.h"
#include "tune/tuned.h"

/* Where one number a seed is found. NULL and 0: open; evaluated_as NULL: as trained; layer and head -1:
 * over all. */
struct lx_claim_value {
    const char *encoding, *evaluated_as, *dataset, *metric, *mode;
    int train_length, layer, head;
    struct lx_length length;
    bool positions; /* only those in [lo, hi) of the window */
    struct lx_length lo, hi;
    /* Instead of the metric 1 / place among the encodings of the study, seed by seed; equal values share
     * the mean of their places. */
    bool rank;
    int over; /* 1: the mean over the datasets of the study */
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

/* Primary claims are one family of tests; the others are judged each by itself. A control is a test of
 * the program or of a premise, not a question. */
enum lx_claim_role { LX_CLAIM_PRIMARY, LX_CLAIM_SECONDARY, LX_CLAIM_CONTROL };

/* Seeds that do not reach this are left out of a claim: they did not learn what it is about. */
struct lx_claim_gate {
    bool given;
    const char *metric, *mode; /* mode NULL: that of the value */
    struct lx_length length;
    double at_least;
};

enum lx_premise_kind {
    LX_PREMISE_CLAIM,       /* an earlier claim holds, in the same scope */
    LX_PREMISE_COMPARISON,  /* a comparison without a name of its own holds */
    LX_PREMISE_FAR_CONTEXT, /* some scheme that was trained at this length uses it */
    LX_PREMISE_CONVERGED,   /* trained at 2x reads 2x no worse than trained at 1x reads 1x */
    LX_PREMISE_RATE_INSIDE, /* the best rate is not at the edge of those that were tried */
    LX_PREMISE_TRAINED      /* below the table of byte pairs; asked of every claim, too */
};

struct lx_claim;

struct lx_premise {
    int kind;             /* enum lx_premise_kind */
    const char *name;     /* as in the config: "far_context", the id of a claim, "a comparison" */
    const char *encoding; /* of a standard premise; NULL: every encoding of the claim */
    const struct lx_claim *claim; /* of the first two kinds */
};

struct lx_claim {
    const char *path; /* "claims[2]" */
    const char *id, *text, *source;
    const char *metric;
    bool ratio;      /* about perplexities: shown as a ratio, `margin` is the ln of it */
    int op;          /* enum lx_claim_op */
    int role;        /* enum lx_claim_role */
    double margin;   /* in the unit of the metric, nats for perplexities; NaN: not given */
    double smallest; /* effect that counts, in the same unit; NaN: not given */
    double times;    /* factor on the right side */
    double paper;    /* the effect that the paper's own numbers give; NaN: not known */
    struct lx_claim_side left, right;
    struct lx_claim_gate gate;
    struct lx_premise *premise;
    size_t n_premises;
};

struct lx_claims {
    struct lx_claim *item;
    size_t n;
};

/* The option tables, for the published schema. */
extern const struct lx_option lx_claim_options[], lx_claim_value_options[], lx_claim_gate_options[],
    lx_comparison_options[], lx_premise_options[];

/* Parse the member `claims` of a config (NULL: none). Encodings, datasets and lengths are names here:
 * whether they exist is for the caller to check. */
LX_MUST_CHECK
enum lx_code lx_claims_parse(struct lx_claims *c, const struct lx_json *list,
                             struct lx_arena *arena, struct lx_err *err);

/* The values of a claim; NULL where it has none: left, left.minus, right, right.minus. */
enum { LX_CLAIM_VALUES = 4 };
const struct lx_claim_value *lx_claim_value_at(const struct lx_claim *c, int i);

/* Whether it compares losses (perplexities or NLL), which depend on the text they are of. */
bool lx_claim_of_losses(const struct lx_claim *c);

/* Two losses are compared on the same targets, or each is a difference on targets of its own. *why: NULL,
 * or what is compared that must not be, as far as the claim itself tells. */
void lx_claim_comparable(const struct lx_claim *c, const char **why);

enum lx_claim_verdict { LX_CLAIM_HOLDS, LX_CLAIM_FAILS, LX_CLAIM_UNDECIDED, LX_CLAIM_NOT_TESTABLE };

/* What one view of the text says of a claim. */
struct lx_claim_view {
    const char *mode;         /* NULL: of a metric without views */
    size_t seeds;             /* the fewest of the models that take part */
    size_t most;              /* seeds of the model that has most */
    size_t agree, paired;     /* of `paired` seeds that all models have, on the claimed side */
    double effect, low, high; /* mean over seeds and its 95% interval; NaN: unknown */
    bool text;                /* the interval speaks of text, too; else of seeds alone */
    double p;                 /* two-sided, that the effect is at the bound */
    double p_flip;            /* sign-flip test over paired seeds, one-sided, towards the claim */
    const char *why;          /* "" or why there is no p */
    bool refused;             /* because the sides are not comparable */
};

/* One claim for one dataset and training length. The effect is left - times * right, without the
 * margin, in the unit of the metric, nats for perplexities. */
struct lx_claim_result {
    const struct lx_claim *claim;
    int dataset, train_length; /* -1 where the claim itself names them */
    double bound; /* that the effect is held against: the margin, or the smallest effect */
    struct lx_claim_view view;  /* that was judged; of two the first */
    struct lx_claim_view other; /* the other one, to show; mode NULL: there is none */
    bool both;                  /* the claim was made for both */
    double p;                   /* of the view, of both the larger */
    double p_holm;              /* after Holm, over the primary claims; NaN for others */
    enum lx_claim_verdict verdict;
    const char *note;    /* "" or why it is undecided or not testable, and what to know */
    const char *premise; /* "" or the premise that is not met, and why */
    bool paper_beyond;   /* the paper's own number is on the other side of the bound */
    const char *gated;   /* "" or how many seeds `requires` left out */
    const char *turns;   /* "" or at which rate beside the best it would be another verdict */
    const char *holds_at, *fails_at; /* "" or at which other lengths it would, without Holm */
};

struct lx_claim_results {
    struct lx_claim_result *item;
    size_t n;
    bool old; /* a folder of the first protocol */
};

/* What tuning left: whether the best rate of an encoding lies at the edge of what was tried, and whether
 * the study has it. */
enum lx_rate_place { LX_RATE_INSIDE, LX_RATE_SMALLEST, LX_RATE_LARGEST };
struct lx_rate_places {
    const struct lx_rate_of {
        const char *encoding;
        enum lx_rate_place place;
        double best, used; /* used NaN: not known */
    } * item;
    size_t n;
    const struct lx_tuned *tuned; /* to read losses beside the best rates; NULL: there are none */
};

/* The rates of a study: what tuning found, and what the encodings of its config.json were trained at. Lives
 * in the arena; *tuned must outlive it. */
LX_MUST_CHECK
enum lx_code lx_rate_places_make(const struct lx_tuned *tuned, const struct lx_json *config,
                                 struct lx_arena *arena, struct lx_rate_places *out,
                                 struct lx_err *err);

/* Decide all claims. rates: NULL: nothing was tuned. */
LX_MUST_CHECK
enum lx_code lx_claims_judge(const struct lx_claims *c, const struct lx_study *s,
                             const struct lx_rate_places *rates, struct lx_arena *arena,
                             struct lx_claim_results *out, struct lx_err *err);

/* Whether a verdict that was reached turns at a rate beside the best. */
bool lx_claim_depends_on_rate(const struct lx_claim_result *r);

/* Decide n results again as one family: Holm over the primary claims of all of them. */
LX_MUST_CHECK
enum lx_code lx_claims_family(struct lx_claim_results *const *results, size_t n,
                              struct lx_arena *arena, struct lx_err *err);

/* The seeds of a value, by rising seed. */
struct lx_claim_found {
    struct lx_seed_value *value; /* (n) */
    size_t n, dropped;           /* dropped: by the gate */
    size_t section, series;      /* where it was found; of several datasets the first */
    const char *why;             /* NULL, or why there is nothing to be had */
};

/* dataset and train_length fill in what the value leaves open, mode too: NULL: any. gate: NULL or not
 * given: every seed. */
LX_MUST_CHECK
enum lx_code lx_claim_find(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                           int train_length, const char *mode, const struct lx_claim_gate *gate,
                           struct lx_arena *arena, struct lx_claim_found *out, struct lx_err *err);

/* Whether one of the values that a claim compares is of this series. */
bool lx_claim_uses(const struct lx_study *s, const struct lx_claim *c, size_t series);

/* A row's name is that of the config, apart from swept values: "a[lr=0.001]+b" is "a+b". A name that
 * gives the swept values must give them all. */
bool lx_claim_names(const char *row, const char *wanted);

#endif
