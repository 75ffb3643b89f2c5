/* Analyses: what is measured on a trained model beyond perplexity.
 *
 *     "analyses": ["NAME", {"name": "NAME", "id": "...", "encodings": [...], "lengths": [...], option: value}]
 *
 * An analysis is one file analysis_NAME.c with one `const struct lx_analysis lx_analysis_NAME` and one
 * line in analysis_list.c. Options are a table; parsing, checks, help, the schema, cell ids, costs in
 * the plan, memory limits, progress, interruption and rows without a value (a length the stack cannot
 * process, a diverged model, no memory) come from here.
 *
 * It is run after the perplexities, on the trained weights under each stack that the cell is evaluated
 * under (the trained one and every evaluate_as), once for each of its lengths, rising. It must leave
 * the weights as it found them; nothing is ever trained anew. Whatever it draws at random comes from a
 * stream named after the cell's seed (core/rng.h), so that the same config gives the same bytes.
 *
 * One length of one analysis is a unit: an interrupted evaluation keeps the rows of finished units and
 * goes on behind them (an analysis with a memo is one unit, all its lengths). Rows: lx_analysis_row makes one whose mode is the analysis' id. An analysis that scores the same
 * targets as an evaluation mode uses lx_analysis_evaluate instead, with a suffix: its rows then have the
 * mode of the evaluation, and `evaluated_as` is the stack's id with the suffix. */
#ifndef LX_ANALYSIS_ANALYSIS_H
#define LX_ANALYSIS_ANALYSIS_H

#include "eval/evaluate.h"

#define LX_ANALYSES 16 /* of one config */

struct lx_analysis_call;

struct lx_analysis {
    const char *name;  /* key in configs: [a-z0-9_] */
    const char *title; /* a few words */
    const char *cite;  /* paper with arXiv id */
    const char *help;  /* one line: what its numbers say */
    const char *const
        *metrics;   /* names of its rows, NULL-terminated: those without a value have them
                                   too, and `describe` lists them */
    bool gradients; /* needs a model with gradients */
    bool prompts;   /* needs a dataset that makes prompts, at every length */
    bool masked; /* works for models that tell hidden tokens, with attention on both sides or not */

    size_t state_size;               /* bytes of self: parsed options, read-only after check */
    const struct lx_option *options; /* NULL: none */
    size_t memo_size; /* bytes kept from one length to the next of one stack, zeroed */

    /* Relations that a table cannot state; messages begin with the key. NULL: none. */
    enum lx_code (*check)(void *self, const struct lx_model_config *m, int train_length,
                          struct lx_err *err);

    /* What stands behind evaluated_as in the rows that it has lx_analysis_evaluate make: static text. NULL:
     * it evaluates nothing. Two of one config on one stack must differ in it, and their lengths must be
     * lengths of the evaluation. */
    const char *(*suffix)(const void *self);

    /* What stands behind evaluated_as in rows of its own mode that it has beside the plain ones, for
     * k = 0, 1, ..: static text, NULL behind the last. NULL: it has none. */
    const char *(*variant)(const void *self, int k);
    const char *const *variant_metrics; /* that these rows have besides `metrics`; NULL: none */

    /* What a split cannot give is LX_ECONFIG: it has `starts` windows of `longest` tokens, the longest
     * of its lengths, that differ (of the training split where it reads that, else of the evaluated
     * one). NULL: it reads no windows. Mostly lx_analysis_enough. */
    enum lx_code (*check_windows)(const void *self, size_t starts, int longest, struct lx_err *err);

    /* Whether it reads windows of the training split too. NULL: no. */
    bool (*train_split)(const void *self);

    /* Bytes of call->arena at length T (with a measuring arena, as lx_eval_bytes does it), and
     * floating-point operations of one stack at length T. */
    size_t (*bytes)(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T);
    double (*flops)(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T);

    /* Measure at length call->T and add rows. */
    enum lx_code (*run)(const void *self, struct lx_analysis_call *call, struct lx_err *err);
};

/* The registry: analysis_list.c is the only file that names analyses. */
int lx_analysis_count(void);
const struct lx_analysis *lx_analysis_at(int i);
const struct lx_analysis *lx_analysis_find(const char *name); /* NULL: unknown */

/* One element of "analyses". */
struct lx_analysis_item {
    const struct lx_analysis *ops;
    void *self;
    const char *id;    /* its mode in metrics.csv; default: the name */
    const char **only; /* (n_only) ids of evaluated stacks; n_only 0: all */
    size_t n_only;
    int lengths[LX_EVAL_LENGTHS]; /* tokens, rising; default: those of "eval" */
    int n_lengths;
    const struct lx_json *lengths_given; /* as typed, NULL: not given */
};

struct lx_analyses {
    struct lx_analysis_item item[LX_ANALYSES];
    size_t n;
};

/* Parse the list (NULL: none; it must outlive *a) under an evaluation and a model that are parsed already. */
LX_MUST_CHECK
enum lx_code lx_analyses_parse(struct lx_analyses *a, const struct lx_json *list, const char *path,
                               const struct lx_model_config *model,
                               const struct lx_eval_config *eval, int train_length,
                               struct lx_arena *arena, struct lx_err *err);
/* Whether the dataset can serve them all. */
LX_MUST_CHECK
enum lx_code lx_analyses_check_dataset(const struct lx_analyses *a, const char *path,
                                       const struct lx_dataset_ops *dataset,
                                       const void *dataset_self, struct lx_err *err);
/* Write one element with every default as an object of the array that is open; its lengths in tokens,
 * or (resolved = false) as they were typed, if they were. */
void lx_analysis_write(const struct lx_analysis_item *item, bool resolved,
                       struct lx_json_writer *w);

/* Whether it is run on the stack of that id. */
bool lx_analysis_applies(const struct lx_analysis_item *item, const char *stack_id);

/* Units on the stack of that id. */
int lx_analyses_units(const struct lx_analyses *a, const char *stack_id);
/* The longest length of all, 0: none. */
int lx_analyses_longest(const struct lx_analyses *a);
/* Whether an analysis of that stack needs gradients. */
bool lx_analyses_gradients(const struct lx_analyses *a, const char *stack_id);
/* Costs on the stack of that id: the largest bytes, operations in all. */
size_t lx_analyses_bytes(const struct lx_analyses *a, const char *stack_id,
                         const struct lx_model *m, const struct lx_eval_config *c);
double lx_analyses_flops(const struct lx_analyses *a, const char *stack_id,
                         const struct lx_model_config *m, const struct lx_eval_config *c);

/* What analyses may look at. */
struct lx_analysis_subject {
    struct lx_model *m;   /* trained; with gradients if one needs them */
    const char *stack_id; /* the stack it is evaluated under */
    const struct lx_eval_config *eval;
    const struct lx_stream *stream; /* the evaluated split */
    const double *token_bytes;      /* (V) */
    const struct lx_dataset_ops *dataset;
    const void *dataset_self; /* for dataset->text and ->encode */
    /* Any split, loaded when first asked for (calibration reads the training split). */
    enum lx_code (*load)(void *ctx, enum lx_split split, const struct lx_stream **out,
                         struct lx_err *err);
    void *load_ctx;
    uint64_t seed; /* of the cell: its first weights, and the analysis' own streams */
    /* How it was trained: the stack (NULL: that of m; else set up for the training length alone and
     * without learned values), and windows of the training length that were read (0: not known). */
    const struct lx_stack *trained_as;
    long long trained_windows;
    bool diverged;              /* no weights: rows say so and nothing is computed */
    size_t memory_limit;        /* bytes, 0: none */
    struct lx_eval_watch watch; /* skip and unit count the units of these analyses alone */
};

/* Run those that apply, and append their rows. */
LX_MUST_CHECK
enum lx_code lx_analyses_run(const struct lx_analyses *a, const struct lx_analysis_subject *s,
                             struct lx_metrics *out, struct lx_err *err);

/* ------------------------------------------------------------------ for the analyses themselves */

struct lx_analysis_call {
    const struct lx_analysis_subject *subject;
    const struct lx_analysis_item *item;
    struct lx_model *m;     /* subject->m */
    int T;                  /* the length at hand */
    int longest;            /* of all lengths of this analysis that the stack can process */
    struct lx_arena *arena; /* freed after this length */
    void *memo;             /* memo_size bytes, kept over the lengths */
    struct lx_metrics *out;
    double done, total; /* operations, for the progress line */
};

/* A row at this length with mode = the analysis' id, and everything else empty. */
struct lx_metric lx_analysis_row(const struct lx_analysis_call *c, const char *metric);

/* To be called between units of work of a few seconds at most: `part` of this length is done, 0 to
 * 1. LX_EINTERRUPT: stop. */
LX_MUST_CHECK
enum lx_code lx_analysis_seen(struct lx_analysis_call *c, double part, struct lx_err *err);

/* Score the evaluation's own targets at this length, in every mode of `config` (a copy of
 * subject->eval, say without attention), with the model as it now reads. Rows get `suffix` (static
 * text) behind evaluated_as. The work stands for the parts before .. before + part of this length. */
LX_MUST_CHECK
enum lx_code lx_analysis_evaluate(struct lx_analysis_call *c, const struct lx_eval_config *config,
                                  const char *suffix, double before, double part,
                                  struct lx_err *err);

/* Window k of n: the index in the stream of the first input of a window of `length` tokens (inputs
 * start .. start+length-1, targets one further). The n ends are spread evenly over the split and do not
 * depend on `length`, so that all lengths up to c->longest predict the same last tokens. */
size_t lx_analysis_window(const struct lx_analysis_call *c, int k, int n, int length);

/* Tokens from the beginning of window 0 to that of window k of n, `room` tokens being between the first
 * and the last. */
size_t lx_analysis_shift(size_t room, int k, int n);

/* LX_ECONFIG if a split whose windows of `longest` tokens begin at `starts` places has no n that differ. */
LX_MUST_CHECK
enum lx_code lx_analysis_enough(int n, size_t starts, int longest, struct lx_err *err);

/* Inputs and targets of the windows k .. k+B-1 of n, each (B, length); next may be NULL. */
void lx_analysis_tokens(const struct lx_analysis_call *c, int k, int B, int n, int length,
                        uint16_t *tokens, uint16_t *next);

/* Windows of `length` tokens that go through the model at once: eval.batch_tokens of them, at least
 * one. */
int lx_analysis_batch(const struct lx_eval_config *c, int length);

/* Put the first weights (before training) into the model; the trained ones are kept and come back with
 * lx_analysis_trained. Not nested. */
LX_MUST_CHECK
enum lx_code lx_analysis_untrained(struct lx_analysis_call *c, real **kept, struct lx_err *err);
void lx_analysis_trained(struct lx_analysis_call *c, const real *kept);
/* Bytes of the arena that this takes. */
size_t lx_analysis_untrained_bytes(const struct lx_model *m);

#endif
