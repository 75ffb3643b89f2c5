/* What tuning found, from the folder that `tune` left in a results folder: for those who ask whether a
 * number of the study depends on its rate. */
#ifndef LX_TUNE_TUNED_H
#define LX_TUNE_TUNED_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "study/aggregate.h"
#include "tune/rates.h"

#define LX_TUNE_FOLDER "tune" /* in the results folder */

struct lx_tuned {
    struct lx_arena arena;
    struct lx_study study;
    struct lx_json *config;
    struct lx_rates rates; /* n 0: nothing was tuned here */
};

/* Read DIR/tune/config.json and metrics.csv; without them there is nothing, which is no error. Free with
 * lx_tuned_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_tuned_read(struct lx_tuned *t, const char *dir, struct lx_err *err);
void lx_tuned_free(struct lx_tuned *t);

/* The best rate of an encoding, whether it lies at the edge of those tried, and the tries beside it;
 * NULL: it was not tuned, or nothing is known. A name with swept values, "a[length=64]", is "a". */
const struct lx_rates_encoding *lx_tuned_find(const struct lx_tuned *t, const char *encoding);

/* NLL of an encoding at a length, in a mode, on a dataset, at its best rate (side 0) or the next lower
 * (-1) or higher one (+1) with the same multiple: infinite where that diverged, NaN where it was not
 * tried or not read so. dataset NULL: the only one, or the first. */
double lx_tuned_nll(const struct lx_tuned *t, const char *encoding, const char *dataset,
                    const char *mode, int eval_length, int side);

#endif
