/* metrics.csv and train.csv as typed rows: names interned, numbers checked, empty cells explicit.
 *
 * Everything the report shows comes from these two files, so what is wrong in them is an error with
 * file, line and column, never a silently shorter table. */
#ifndef LX_STUDY_ROWS_H
#define LX_STUDY_ROWS_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "text/intern.h"

enum lx_report_status { LX_ROW_OK, LX_ROW_NOT_APPLICABLE, LX_ROW_OUT_OF_MEMORY, LX_ROW_DIVERGED };
enum { LX_ROW_STATUSES = 4 }; /* in rising order of how bad it is: the worst names a mixed group */

/* "ok", "not_applicable", "out_of_memory", "diverged": as the files spell it. */
const char *lx_report_status_name(enum lx_report_status s);

/* One observation. Names are ids of lx_rows.names; -1 stands for an empty cell. */
struct lx_row {
    int experiment, cell, encoding, evaluated_as, dataset, split, mode, metric, protocol;
    int train_length, eval_length, stride, layer, head, lo, hi;
    int rank, variant; /* order of the encoding, and of evaluated_as within it (0: as trained) */
    long long seed, tokens;
    double value;        /* NaN unless status is ok */
    double stderr_value; /* NaN: the file gives none */
    enum lx_report_status status;
    size_t line;
};

struct lx_rows {
    struct lx_arena arena; /* holds every text */
    struct lx_intern names;
    struct lx_row *row;
    size_t n;
};

/* A zeroed struct lx_rows is empty; free it after a failure too. */
void lx_rows_free(struct lx_rows *r);

LX_MUST_CHECK
enum lx_code lx_rows_read(const char *path, struct lx_rows *r, struct lx_err *err);

/* The text of a name id; "" for -1. */
const char *lx_rows_name(const struct lx_rows *r, int id);

/* One logged step of train.csv; cell is an id of rows.names, -1 for a cell without metrics. */
struct lx_train_point {
    int cell;
    double step, tokens, nll; /* nll NaN: not finite, the run diverged there */
};

/* Read train.csv; cells are looked up among the names of r. Free *out with free(). */
LX_MUST_CHECK
enum lx_code lx_rows_read_train(const char *path, const struct lx_rows *r,
                                struct lx_train_point **out, size_t *n, struct lx_err *err);

#endif
