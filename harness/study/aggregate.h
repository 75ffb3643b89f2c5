/* Rows grouped over seeds, and the statistics of each group.
 *
 * A section is what one table shows: a dataset and split, a training length, a mode (and its
 * stride). A series is one line of it: an encoding as trained, or evaluated as another stack. A
 * group is one cell of it: the same metric at the same place from every seed. */
#ifndef LX_STUDY_AGGREGATE_H
#define LX_STUDY_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "json/json.h"
#include "study/blocks.h"
#include "study/rows.h"

#define LX_FEW_TARGETS 1000 /* below it numbers are said to be of few targets */

struct lx_stats {
    int n;
    double mean;
    double sd; /* sample standard deviation (n - 1); NaN when n < 2 */
    double min, max;
};

/* Statistics of n values; mean, min and max are NaN when n is 0. */
struct lx_stats lx_stats_of(const double *v, size_t n);

struct lx_group {
    int section, series, metric, eval_length, layer, head, lo, hi; /* -1: over all */
    size_t first; /* its rows are lx_study.rows.row[first .. first + n), sorted by seed */
    int n;        /* rows: one a seed */
    int count[LX_ROW_STATUSES];
    struct lx_stats stats; /* over the rows that are ok */
};

struct lx_series {
    int encoding, evaluated_as;
    int rank;    /* of the encoding */
    int look;    /* of the encoding: colour, dash and shape (figure/style.h) */
    int variant; /* 0: evaluated as trained */
    char *label; /* "a", or "a as b" */
    /* Learning rate it was trained at, and the multiple of its schemes' own arrays; NaN: its name says it, or
     * the config says no number. */
    double lr, array_lr;
};

struct lx_section {
    int dataset, split, train_length, mode, stride;
    int *length; /* (n_lengths) evaluation lengths, rising */
    size_t n_lengths;
    int seeds_min, seeds_max; /* over the groups of perplexity */
    long long tokens;         /* target tokens scored, -1 unless equal everywhere */
    char *title;              /* "journal, trained at 128 tokens" */
    char *detail;             /* "valid split, non-overlapping windows, 3 seeds" */
    char *stem;   /* the mode as a file name: figures of an analysis are named after it */
    char *suffix; /* "" or "-journal-128-last": what tells its files from others */
};

/* Readers that are no model of the study: n-grams of the training split, and the generator of made-up
 * data. They read the same targets, so one number stands for a section and length. */
enum lx_yardstick {
    LX_YARDSTICK_UNIGRAM,
    LX_YARDSTICK_BIGRAM,
    LX_YARDSTICK_TRIGRAM,
    LX_YARDSTICK_FLOOR,
    LX_YARDSTICKS
};

/* "bigram table". */
const char *lx_yardstick_label(enum lx_yardstick y);

struct lx_study {
    struct lx_rows rows; /* sorted */
    struct lx_section *section;
    size_t n_sections;
    struct lx_series *series; /* in the order of the config */
    size_t n_series;
    struct lx_group *group; /* sorted by the first eight members */
    size_t n_groups;
    int ppl, nll, entropy, entropy_normalized; /* metric ids, -1: not in the file */
    int yardstick[LX_YARDSTICKS];              /* the same */
    struct lx_block_list blocks;               /* of NLL; empty: the folder has none */
    struct lx_train_point *train;              /* (n_train) logged losses; NULL: not read */
    size_t n_train;
};

/* Take the rows (also on failure) and group them. config: the resolved config, whose `encodings`
 * give the order; NULL or without it: the order of the file. */
LX_MUST_CHECK
enum lx_code lx_study_make(struct lx_study *s, struct lx_rows *rows, const struct lx_json *config,
                           struct lx_err *err);
/* Add a note to what every section says of itself, and so to every table and figure; NULL: none. */
LX_MUST_CHECK
enum lx_code lx_study_note(struct lx_study *s, const char *note, struct lx_err *err);
/* Read blocks.csv.gz of the same folder. */
LX_MUST_CHECK
enum lx_code lx_study_blocks(struct lx_study *s, const char *path, struct lx_err *err);
/* Read train.csv of the same folder. */
LX_MUST_CHECK
enum lx_code lx_study_train(struct lx_study *s, const char *path, struct lx_err *err);
void lx_study_free(struct lx_study *s);

/* Whether encodings of the study were trained at rates that differ. */
bool lx_study_rates_differ(const struct lx_study *s);

/* "0.005", "0.005, arrays 0.05" with the multiple of arrays as the rate it makes, or "". */
void lx_series_rate_text(const struct lx_series *x, char out[48]);

/* A number of `train` (lr, array_lr) as the config gives it to an encoding; `usual` where it gives none,
 * NaN where several, or the encoding is not there. A name with swept values, "a[length=64]", is "a". */
double lx_encoding_setting(const struct lx_json *config, const char *encoding, const char *key,
                           double usual);

/* Whether the rows are of the first protocol, longshot-1: without sums by block of text. */
bool lx_study_old(const struct lx_study *s);

/* What the experiment is called. */
const char *lx_study_name(const struct lx_study *s);

/* The overall group (no layer, head or position); NULL: none. */
const struct lx_group *lx_study_find(const struct lx_study *s, size_t section, size_t series,
                                     int metric, int eval_length);

/* The groups of one metric at one length, all layers, heads and positions; *n of them. */
const struct lx_group *lx_study_range(const struct lx_study *s, size_t section, size_t series,
                                      int metric, int eval_length, size_t *n);

/* What stands for the group: ok only if every row is, else the worst status in it. */
enum lx_report_status lx_group_status(const struct lx_group *g);

/* Ratio to the training length: every seed's value over the same seed's value at the training
 * length, then statistics over seeds. n is 0 where the training length was not evaluated. */
LX_MUST_CHECK
enum lx_code lx_study_ratio(const struct lx_study *s, const struct lx_group *g,
                            struct lx_stats *out, struct lx_err *err);

/* Perplexity of a yardstick on the targets of this length: exp of its mean NLL; NaN where there is
 * none. */
double lx_study_yardstick(const struct lx_study *s, size_t section, enum lx_yardstick y,
                          int eval_length);

/* Whether the series, evaluated as it was trained, is not below the bigram table at its training length
 * (mean over seeds): it has not learned what a table knows. False where it cannot be told. */
bool lx_study_untrained(const struct lx_study *s, size_t section, size_t series);

/* Whether the loss of a series still fell by more than 1% over the last tenth of training, by a line through
 * what its seeds logged, twice its standard error from level. False without train.csv. */
bool lx_study_learning(const struct lx_study *s, size_t section, size_t series);

/* Whether the series is better at some length than the source of the text itself can be, by more than 1%:
 * it must see the targets that it is asked for. False where there is no floor to tell it by. */
bool lx_study_ahead(const struct lx_study *s, size_t section, size_t series);

/* What occurs among the groups of a metric in this section, rising: evaluation lengths, or first
 * positions (`positions`). Memory from the arena. */
LX_MUST_CHECK
enum lx_code lx_study_axis(const struct lx_study *s, size_t section, int metric, bool positions,
                           struct lx_arena *arena, int **at, size_t *n, struct lx_err *err);

/* The series has rows in this section. */
bool lx_study_has(const struct lx_study *s, size_t section, size_t series);

/* Answers to examples (evaluation mode `answers`), in asked.c. Who does not answer at the trained sizes did
 * not fail to generalise: a seed whose exact match at the training length is below LX_LEARNED is left out
 * at longer lengths, and counted. */
#define LX_LEARNED 0.9

/* A section of answers, without perplexities. */
bool lx_study_asks(const struct lx_study *s, size_t section);

struct lx_learned {
    struct lx_stats stats; /* over the seeds that count */
    int seeds, learned;    /* all of them, and those that learned the task */
    bool gated;            /* only those count: longer than trained, and it is known who learned */
    const struct lx_group *group; /* all seeds; NULL: not measured */
};

/* A metric at a length. */
LX_MUST_CHECK
enum lx_code lx_study_learned(const struct lx_study *s, size_t section, size_t series,
                              const char *metric, int length, struct lx_learned *out,
                              struct lx_err *err);

/* The mean of a metric that is the same for every encoding, NaN: there is none; and the largest size that
 * was asked at a length, 0: none. */
double lx_study_chance(const struct lx_study *s, size_t section, const char *metric, int length);
int lx_study_size(const struct lx_study *s, size_t section, int length);

/* The largest multiple of the training length up to which exact match is 0.9 or more at every length
 * asked, in the mean over seeds; 0: not even there. */
double lx_study_reach(const struct lx_study *s, size_t section, size_t series);

/* Lengths of a section of answers, rising; memory from the arena. */
LX_MUST_CHECK
enum lx_code lx_study_asked(const struct lx_study *s, size_t section, struct lx_arena *arena,
                            int **length, size_t *n, struct lx_err *err);

#endif
