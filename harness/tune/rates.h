/* Learning rates as a result: encodings of a study that differ in their rate alone, and which is best.
 *
 * An encoding of the config that has an lr and is named after it, "a-lr-0.01" or "a-lr-0.01-array_lr-10"
 * (as `tune` and sweeps of lr name them), is a try of the encoding "a". The best try has the
 * lowest NLL at the training length in mode `last`, the mean over datasets and seeds; where examples are
 * asked, in mode `answers`: that of the answer. */
#ifndef LX_TUNE_RATES_H
#define LX_TUNE_RATES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "json/json.h"
#include "study/aggregate.h"
#include "tune/rate_search.h"

struct lx_rates_encoding {
    const char *encoding;
    struct lx_rate_try *try; /* (n) by array_lr, then lr */
    const char **id;         /* (n) what each is called in the rows */
    size_t n;
    size_t best; /* index of a try; n: none is known */
    bool edge;   /* the best is the lowest or the highest tried: better ones may lie beyond */
};

struct lx_rates {
    struct lx_rates_encoding *item; /* (n) in the order of the config; 0: no study of rates */
    size_t n;
    double
        common; /* of the rates tried by all (at the first multiple of each) the one with the lowest
                    * mean NLL; NaN: there is none */
    bool common_edge; /* it is the lowest or the highest of those */
};

/* Memory from the arena; names are those of the config. */
LX_MUST_CHECK
enum lx_code lx_rates_make(const struct lx_study *s, const struct lx_json *config,
                           struct lx_arena *arena, struct lx_rates *out, struct lx_err *err);

/* Fill in the common rate. */
void lx_rates_find_common(struct lx_rates *r);

/* Whether rates are compared in a mode, and in this section. */
bool lx_rates_mode(const char *mode);
bool lx_rates_section(const struct lx_study *s, size_t section);

/* The next longer length at which they are compared there; 0: there is none. */
int lx_rates_longer(const struct lx_study *s, size_t section, int length);
int lx_rates_longest(const struct lx_study *s, size_t section);

/* NLL of a try in a section: infinite where it diverged, NaN where there is none. */
double lx_rates_nll(const struct lx_study *s, size_t section, const char *id, int eval_length);

/* The try of an encoding at the common rate; n: none. */
size_t lx_rates_common(const struct lx_rates *r, size_t item);

#endif
