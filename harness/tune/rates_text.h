/* The table of a study of rates. */
#ifndef LX_TUNE_RATES_TEXT_H
#define LX_TUNE_RATES_TEXT_H

#include "core/buf.h"
#include "core/err.h"
#include "grid/grid.h"
#include "study/aggregate.h"
#include "tune/rates.h"
#include "tune/tuned.h"

/* What is best for each encoding and for all; as rows for programs every NLL by rate. Appended. */
LX_MUST_CHECK
enum lx_code lx_rates_write(const struct lx_rates *r, const struct lx_study *s,
                            const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err);
/* The same of a study whose rates were found by tuning: what the rankings were at rates of their own and at
 * one for all. Nothing where nothing was tuned. */
LX_MUST_CHECK
enum lx_code lx_tuned_write(const struct lx_tuned *t, const struct lx_grid_writer *w,
                            struct lx_buf *out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_rates_data(const struct lx_rates *r, const struct lx_study *s, struct lx_buf *out,
                           struct lx_err *err);

#endif
