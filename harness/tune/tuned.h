/* What tuning found, from the table of rates that it left (tune.csv): for those who take its rates, and
 * those who ask whether a number of a study depends on them. */
#ifndef LX_TUNE_TUNED_H
#define LX_TUNE_TUNED_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "tune/rates.h"

#define LX_TUNE_FOLDER "tune" /* in the results folder */
#define LX_TUNE_TABLE "tune.csv"

struct lx_tuned_row {
    const char *dataset, *mode, *encoding;
    int train_length, eval_length;
    double lr, array_lr, nll; /* nll: infinite where it diverged, NaN where there is none */
};

struct lx_tuned {
    struct lx_arena arena;
    struct lx_tuned_row *row; /* (n_rows) */
    size_t n_rows;
    struct lx_rates rates; /* n 0: nothing was tuned here; without names of the tries */
};

/* Read DIR/tune/tune.csv; without it there is nothing, which is no error. Free with lx_tuned_free, after a
 * failure too. */
LX_MUST_CHECK
enum lx_code lx_tuned_read(struct lx_tuned *t, const char *dir, struct lx_err *err);
/* Read that file, which must be there. */
LX_MUST_CHECK
enum lx_code lx_tuned_read_file(struct lx_tuned *t, const char *path, struct lx_err *err);
void lx_tuned_free(struct lx_tuned *t);

/* The table that `from` names: a file, or in a folder tune.csv, else tune/tune.csv. Whether it is there
 * is for the reader to find out. */
LX_MUST_CHECK
enum lx_code lx_tuned_find_file(const char *from, struct lx_arena *arena, const char **path,
                                struct lx_err *err);

/* The best rate of an encoding, whether it lies at the edge of those tried, and the tries beside it;
 * NULL: it was not tuned, or nothing is known. A name with swept values, "a[length=64]", is "a". */
const struct lx_rates_encoding *lx_tuned_find(const struct lx_tuned *t, const char *encoding);

/* Where an NLL of tuning is read. dataset NULL, or one that is not there where there is one alone: the
 * first. */
struct lx_tuned_place {
    const char *dataset, *mode;
    int train_length, eval_length;
};

/* NLL of a try: infinite where it diverged, NaN where there is none. */
double lx_tuned_try_nll(const struct lx_tuned *t, const struct lx_rates_encoding *e, size_t at,
                        const struct lx_tuned_place *place);

/* NLL of an encoding at its best rate (side 0) or the next lower (-1) or higher one (+1) with the same
 * multiple: infinite where that diverged, NaN where it was not tried or not read so. */
double lx_tuned_nll(const struct lx_tuned *t, const char *encoding,
                    const struct lx_tuned_place *place, int side);

#endif
