/* The names of what `merge` and `report` write into a results folder. A new file of theirs has its line in
 * result_names.c: then it makes way for results of other cells, and counts as old beside new rows. */
#ifndef LX_RESULTS_RESULT_NAMES_H
#define LX_RESULTS_RESULT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* Number i, from 0; NULL: there are no more. Files, and last one folder, the figures. */
const char *lx_result_name(size_t i);

/* Whether DIR has any of them; any that a report made. */
LX_MUST_CHECK enum lx_code lx_result_any(const char *dir, bool *any, struct lx_err *err);
LX_MUST_CHECK enum lx_code lx_result_reported(const char *dir, bool *any, struct lx_err *err);

#endif
