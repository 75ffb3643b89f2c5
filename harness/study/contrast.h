/* Contrasts: sums of values of a study, times factors, with what seeds and text leave open.
 *
 * A value has a number for each seed, and where it is a loss also the shares of the blocks of its targets
 * (study/blocks.h). Terms that come from one trained model are summed seed by seed and make one arm;
 * different models are arms of their own, and their seeds are not paired. Blocks are the same targets
 * for all terms, or they are not used. The interval is that of stats/crossed.h. */
#ifndef LX_STUDY_CONTRAST_H
#define LX_STUDY_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "stats/crossed.h"
#include "study/aggregate.h"

/* What one seed says. */
struct lx_seed_value {
    long long seed;
    double value;
    enum lx_report_status status;
    const double *share; /* (blocks) their mean is the value; NULL: not known by block */
    size_t blocks;
};

struct lx_term {
    const struct lx_seed_value *value; /* (n) */
    size_t n;
    double factor;
    int model; /* equal for terms of one trained model */
};

struct lx_contrast {
    struct lx_crossed at; /* of the sum, the offset included */
    bool text;            /* the interval speaks of text as well as of seeds */
    size_t least, most;   /* seeds of the arms */
    double *seed;         /* (paired) the sum for every seed that all arms have */
    size_t paired;
    long long broken; /* a seed without a number, if `status` is not ok */
    enum lx_report_status status;
};

/* n >= 1 terms. by_block false: their blocks are not the same targets, seeds speak alone. A seed without
 * a number leaves the contrast unknown: to leave it out would flatter whatever broke. */
LX_MUST_CHECK
enum lx_code lx_contrast_make(const struct lx_term *term, size_t n, double offset, bool by_block,
                              struct lx_arena *arena, struct lx_contrast *out, struct lx_err *err);

/* The values of a group; for a group of the perplexity or NLL over all targets with shares of blocks, if
 * the study has them. Perplexities are read as their logarithms. */
LX_MUST_CHECK
enum lx_code lx_group_values(const struct lx_study *s, const struct lx_group *g,
                             struct lx_arena *arena, struct lx_seed_value **out,
                             struct lx_err *err);

/* The 95% interval of the mean of a group, the one that all tables, figures and sentences show. That of a
 * perplexity, or of its ratio to that at the training length, is made of mean NLL and then exponentiated:
 * it lies about the geometric mean and never reaches 0. Other metrics have no ratio. NaN: one seed, a seed
 * without a number, or nothing at the training length. */
struct lx_interval {
    double low, high;
    bool text; /* over seeds and text; else over seeds alone */
};

LX_MUST_CHECK
enum lx_code lx_group_interval(const struct lx_study *s, const struct lx_group *g, bool ratio,
                               struct lx_interval *out, struct lx_err *err);

/* Whether two groups of one section, metric and length are told apart: the 95% interval of the difference of
 * their means, as claims make it, does not hold 0. */
LX_MUST_CHECK
enum lx_code lx_groups_differ(const struct lx_study *s, const struct lx_group *a,
                              const struct lx_group *b, bool *differ, struct lx_err *err);

#endif
