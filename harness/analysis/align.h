/* Attention alignment: temperatures at which a trained model's attention, in windows of T tokens, is on
 * average as spread as in windows of the training length L.
 *
 * Chi, Fan, Rudnicky 2024, arXiv:2311.00684. Two statistics of a query's attention weights a stand for
 * its spread: the entropy -sum a ln a and the largest a. Dividing all of a row's logits z by a temperature
 * t moves both one way only: dH/dt = Var_a(z) / t^3 >= 0, and the largest a falls. So each temperature
 * is found by bisection on attention as the model really has it (analysis/bisect.h).
 *
 * An adaptation: the paper aligns encoders, in which every query sees all n keys. In a causal decoder
 * query i sees i + 1, so a mean over a whole window mixes many lengths, and its first L rows are those of
 * a short window, which need no alignment. The rows of the last half stand for the window here (`skip`
 * is the part left out): from L to T each of them sees T/L times as many keys, so that uniform
 * attention, say, is out by ln(T/L) exactly as in an encoder. skip 0 is the mean over all rows. Means are
 * taken over rows, windows and the heads of a group: all, those of a layer, or one.
 *
 * Layers are aligned from the first to the last, each under the temperatures already found below it;
 * the heads of a layer do not see each other and are searched at once. With one temperature for the
 * model, layers act on what earlier ones changed, so that the mean need not be monotone; bisection
 * then still ends where it crosses the target. */
#ifndef LX_ANALYSIS_ALIGN_H
#define LX_ANALYSIS_ALIGN_H

#include "analysis/analysis.h"
#include "analysis/bisect.h"

enum lx_align_strategy { LX_ALIGN_ENTROPY, LX_ALIGN_MAX_PROB, LX_ALIGN_STRATEGIES };
enum lx_align_per { LX_ALIGN_MODEL, LX_ALIGN_LAYER, LX_ALIGN_HEAD };

struct lx_align_config {
    int strategy, per; /* of the two enums */
    int windows;
    double skip;
    struct lx_bisect_range range;
    int train_length;
};

/* Rows of an option table for all of it but the strategy and the training length; `keys` comes before the
 * keys, `at` is the offset of the struct. */
#define LX_ALIGN_OPTIONS(keys, at)                                                                 \
    {keys "per",                                                                                   \
     LX_OPT_CHOICE,                                                                                \
     (at) + offsetof(struct lx_align_config, per),                                                 \
     LX_ALIGN_MODEL,                                                                               \
     0,                                                                                            \
     0,                                                                                            \
     "model|layer|head",                                                                           \
     "what has a temperature of its own",                                                          \
     0},                                                                                           \
        {keys "windows",                                                                           \
         LX_OPT_INT,                                                                               \
         (at) + offsetof(struct lx_align_config, windows),                                         \
         32,                                                                                       \
         1,                                                                                        \
         1 << 20,                                                                                  \
         NULL,                                                                                     \
         "windows of the training split that attention is measured on",                            \
         0},                                                                                       \
        {keys "skip",                                                                              \
         LX_OPT_REAL,                                                                              \
         (at) + offsetof(struct lx_align_config, skip),                                            \
         0.5,                                                                                      \
         0,                                                                                        \
         1,                                                                                        \
         NULL,                                                                                     \
         "part of a window whose queries do not count; 0 = all count, 1 = the last alone",         \
         0},                                                                                       \
        {keys "lowest",                                                                            \
         LX_OPT_REAL,                                                                              \
         (at) + offsetof(struct lx_align_config, range.lowest),                                    \
         0.015625,                                                                                 \
         0.01,                                                                                     \
         1,                                                                                        \
         NULL,                                                                                     \
         "temperatures are not searched below",                                                    \
         0},                                                                                       \
        {keys "highest",                                                                           \
         LX_OPT_REAL,                                                                              \
         (at) + offsetof(struct lx_align_config, range.highest),                                   \
         64,                                                                                       \
         1,                                                                                        \
         100,                                                                                      \
         NULL,                                                                                     \
         "temperatures are not searched above",                                                    \
         0},                                                                                       \
    {                                                                                              \
        keys "tolerance", LX_OPT_REAL, (at) + offsetof(struct lx_align_config, range.tolerance),   \
            0.001, 1e-6, 0.1, NULL, "relative width to which a temperature is known", 0            \
    }

/* "+align-STRATEGY", and "-layer" or "-head" behind it: what stands behind evaluated_as. */
const char *lx_align_suffix(int strategy, int per);

/* Means by head, each (layers, heads): lx_align_mean takes those of a group. */
struct lx_align_means {
    double *of[LX_ALIGN_STRATEGIES];
};

struct lx_align {
    const struct lx_align_config *config;
    struct lx_analysis_call *call;
    struct lx_analysis_subject train; /* the subject with the training split */
    struct lx_analysis_call text;     /* its windows */
    int L, T, layers, heads, longest, B;
    struct lx_work *work;
    uint16_t *tokens;                /* (B, longest)            */
    unsigned char *hidden;           /* (longest) NULL: nothing is hidden */
    real *rows[LX_ALIGN_STRATEGIES]; /* (B, layers, heads, longest) */
    real *temperature;               /* (layers, heads) the result */
    struct lx_bisect *search;        /* (groups) */
    struct lx_align_means target, before, after;
    double done, total;    /* operations of the search */
    double earlier, share; /* of the whole analysis at this length: done already, and this part */
};

/* Heads of a group: from, to over (layers, heads). */
int lx_align_groups(const struct lx_align_config *c, const struct lx_model_config *m);
void lx_align_group(const struct lx_align_config *c, const struct lx_model_config *m, int group,
                    int *from, int *to);
double lx_align_mean(const struct lx_align_means *a, int strategy, int from, int to);

/* Memory from the arena; with a measuring one it is counted. */
LX_MUST_CHECK
enum lx_code lx_align_take(struct lx_align *a, const struct lx_align_config *config,
                           const struct lx_model *m, const struct lx_eval_config *eval, int T,
                           struct lx_arena *arena, struct lx_err *err);

/* Operations of the search at most. */
double lx_align_flops(const struct lx_align_config *c, const struct lx_model_config *m, int T);

/* Find the temperatures for call->T. The model's own temperature is NULL afterwards as before: who
 * wants the result sets it. before, share: for the progress of the analysis, what was done of this
 * length and what part of it this is. */
LX_MUST_CHECK
enum lx_code lx_align_find(struct lx_align *a, struct lx_analysis_call *call, double before,
                           double share, struct lx_err *err);

/* Of the groups first .. end-1 together: "ok" if a temperature was found for one of them. */
const char *lx_align_status(const struct lx_align *a, int first, int end);

/* What stands for n temperatures: their geometric mean. */
double lx_align_overall(const real *temperature, int n);

/* What a search leaves behind: `status` of all groups, and the temperatures if it is "ok". */
struct lx_align_result {
    real *temperature; /* (layers, heads) of the caller's */
    const char *status;
};

/* Take, find, and free again; `tell` (NULL: nothing) adds rows about what was found. */
LX_MUST_CHECK
enum lx_code lx_align_solve(const struct lx_align_config *config, struct lx_analysis_call *call,
                            double before, double share,
                            enum lx_code (*tell)(struct lx_analysis_call *call,
                                                 const struct lx_align *a, struct lx_err *err),
                            struct lx_align_result *out, struct lx_err *err);

/* Bytes that this takes while it lasts. */
size_t lx_align_bytes(const struct lx_align_config *config, const struct lx_model *m,
                      const struct lx_eval_config *eval, int T);

#endif
