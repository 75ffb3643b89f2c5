/* Evaluation: token-weighted NLL over the same target tokens at every length, and the attention's
 * entropy. The protocol "longshot-2" is defined in results/README.md.
 *
 * Targets are stream tokens 1 .. N; a window of T targets starting at a has the inputs a-1 .. a+T-2:
 * its first prediction sees one token. Where hidden tokens are told, its inputs are the targets. */
#ifndef LX_EVAL_EVALUATE_H
#define LX_EVAL_EVALUATE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "datasets/dataset.h"
#include "json/json.h"
#include "model/transformer.h"
#include "objective/masking.h"
#include "text/options.h"

#define LX_PROTOCOL "longshot-2"
#define LX_EVAL_LENGTHS 32
#define LX_EVAL_BLOCKS 64 /* of targets that follow each other, for intervals over text */

enum lx_eval_mode { LX_MODE_NONOVERLAPPING, LX_MODE_SLIDING, LX_MODE_LAST, LX_MODE_ANSWERS };
#define LX_MODES 4
#define LX_WINDOW_MODES 3 /* the first ones read windows of a stream, the last examples */

struct lx_ngram;

struct lx_eval_config {
    int lengths[LX_EVAL_LENGTHS]; /* tokens, ascending; "2x" in a config is 2 * train length */
    int n_lengths;
    bool modes[LX_MODES];
    int tokens;       /* targets asked for, in nonoverlapping and sliding           */
    int last_tokens;  /* targets asked for in last; 0 in a config: half of tokens   */
    int stride;       /* sliding and last: targets scored a window; 0: L/4          */
    int split;        /* enum lx_split                                              */
    bool attention;   /* measure entropy and max-probability                       */
    bool per_head;    /* attention of each layer and head beside the mean over all */
    int batch_tokens; /* tokens of a forward pass (at least one window)          */
    int precision;    /* enum lx_precision                                       */
    /* Not of the section: what the model was trained for, and the length it was trained at. Masked:
     * windows hold the targets themselves, hidden ones are scored, the same at every length. */
    struct lx_masking masking;
    int train_length;
    int examples; /* mode answers: of each size                                */
    int points;   /* mode answers: sizes at each length                         */
};

extern const struct lx_option lx_eval_options[]; /* the scalar keys of the "eval" section */

const char *lx_eval_mode_name(enum lx_eval_mode m);

/* Parse the whole section: scalars by table, "lengths" (numbers or "2x") and "modes" by hand. `examples`:
 * the dataset is made of examples, which mode answers alone reads. */
LX_MUST_CHECK
enum lx_code lx_eval_config_parse(struct lx_eval_config *c, const struct lx_json *obj,
                                  const char *path, int train_length, bool examples,
                                  struct lx_arena *arena, struct lx_err *err);
/* A list like "lengths" (NULL: 1x, 2x, 4x, 8x) into lengths[LX_EVAL_LENGTHS]. */
LX_MUST_CHECK
enum lx_code lx_eval_lengths_parse(const struct lx_json *list, const char *path, int train_length,
                                   int *lengths, int *n, struct lx_err *err);

/* After the rest: what the model was trained for, and the modes that make sense then; `modes` (NULL: not
 * given) as in the section. */
LX_MUST_CHECK
enum lx_code lx_eval_config_masking(struct lx_eval_config *c, const struct lx_masking *masking,
                                    const struct lx_json *modes, const char *path,
                                    struct lx_err *err);
void lx_eval_config_write(const struct lx_eval_config *c, struct lx_json_writer *w);

/* One number of metrics.csv. Fields below 0 (or NaN) are left empty. */
struct lx_metric {
    const char *metric; /* static text */
    int eval_length;
    const char *mode; /* static text: an evaluation mode, or the id of an analysis */
    int stride;       /* 0: empty */
    int layer, head, position_lo, position_hi;
    double value, stderr_value;
    long long tokens, windows;
    const char *suffix; /* static text behind evaluated_as, NULL: none */
    const char *status; /* ok, diverged, not_applicable, out_of_memory */
};

/* Sums of NLL by block of targets, of one mode at one length: the k-th of n scored targets, in the order
 * of the text, is in block k * blocks / n. */
struct lx_metric_blocks {
    int eval_length;
    const char *mode;   /* static text */
    int stride;         /* 0: empty */
    const char *suffix; /* as in lx_metric */
    int n;              /* blocks: LX_EVAL_BLOCKS, or as many as targets */
    double nll[LX_EVAL_BLOCKS];
    long long tokens[LX_EVAL_BLOCKS];
};

struct lx_metrics {
    struct lx_metric *rows; /* malloc'd; freed by lx_metrics_free */
    size_t n, cap;
    struct lx_metric_blocks *blocks; /* malloc'd, too */
    size_t n_blocks, cap_blocks;
};

LX_MUST_CHECK
enum lx_code lx_metrics_add(struct lx_metrics *m, const struct lx_metric *row, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_metrics_add_blocks(struct lx_metrics *m, const struct lx_metric_blocks *blocks,
                                   struct lx_err *err);
void lx_metrics_free(struct lx_metrics *m);

/* What is read: the evaluated split, the bytes of each token's text (V), and, if yardsticks are wanted,
 * tables of the training split. */
struct lx_eval_text {
    const struct lx_stream *stream;
    const double *token_bytes;
    const struct lx_ngram *table; /* NULL: no yardsticks */
};

/* Operations of scoring at length T in every mode of c; stream NULL: a split that has all that c asks. */
double lx_eval_flops(const struct lx_model_config *m, const struct lx_eval_config *c, int T,
                     const struct lx_stream *stream);

/* Position bins of curves: 0, 1, 2-3, 4-7, 8-15, then four to an octave. */
int lx_eval_bin(int position);
int lx_eval_bin_start(int bin);

/* Bytes that evaluation at length T needs beyond the model itself. */
size_t lx_eval_bytes(const struct lx_model *m, const struct lx_eval_config *c, int T);

struct lx_eval_watch {
    bool (*seen)(void *ctx, double done, double total); /* tokens; false stops */
    void *ctx;
    /* A unit is one mode at one length, in the order of the rows. The first `skip` were evaluated
     * before and give no rows; after each other one `unit` (optional) is called with all rows. */
    int skip;
    void (*unit)(void *ctx, const struct lx_metrics *rows);
};

/* Units of an evaluation. */
int lx_eval_units(const struct lx_eval_config *c);

/* Evaluate at every length and mode; rows are appended to out. Lengths above the stack's limit give
 * not_applicable, those over memory_limit bytes out_of_memory (0: no limit). diverged: the model is
 * broken; rows say so and nothing is computed. */
LX_MUST_CHECK
enum lx_code lx_evaluate(struct lx_model *m, const struct lx_eval_config *c,
                         const struct lx_eval_text *text, bool diverged, size_t memory_limit,
                         const struct lx_eval_watch *watch, struct lx_metrics *out,
                         struct lx_err *err);

/* The same at one length only, in every mode of c and on the same targets, whatever memory it takes;
 * `suffix` (NULL: none) tells the rows from those of the plain evaluation: static text that goes
 * behind evaluated_as. Of the watch only `seen` is looked at. Analyses want lx_analysis_evaluate. */
LX_MUST_CHECK
enum lx_code lx_evaluate_length(struct lx_model *m, const struct lx_eval_config *c,
                                const struct lx_eval_text *text, int T, const char *suffix,
                                const struct lx_eval_watch *watch, struct lx_metrics *out,
                                struct lx_err *err);

/* Rows without a value in its stead, in every mode of c. */
LX_MUST_CHECK
enum lx_code lx_evaluate_status(const struct lx_eval_config *c, int T, const char *suffix,
                                const char *status, struct lx_metrics *out, struct lx_err *err);

#endif
