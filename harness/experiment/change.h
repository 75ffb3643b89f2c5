/* Runs do not mix: what becomes of the tables and plots of a results folder when a run with other cells
 * begins there.
 *
 * Cells and trainings are named by what they depend on, so those of several configs may be in one folder, and
 * an edited config finds again what it has in common with the one before. Tables and plots are of one config:
 * with another set of cells they move to DIR/earlier-DIGITS, with a copy of the config and the plan they
 * are of, a results folder for `report` and `compare` like any other. The digits are those of that plan, so
 * that going back and forth makes no more folders. */
#ifndef LX_EXPERIMENT_CHANGE_H
#define LX_EXPERIMENT_CHANGE_H

#include "core/buf.h"
#include "core/err.h"
#include "plan/plan.h"

/* Make way in DIR for `plan`, which is resolved, and its config as it will be written. Says in one line what
 * was changed and where the results of before are. LX_EFAILED: a process of this machine is at a cell that
 * the plan does not have. */
LX_MUST_CHECK
enum lx_code lx_change_make_way(const char *dir, const struct lx_plan *plan,
                                const struct lx_buf *config, struct lx_err *err);

/* Append what differs between two configs, "train.steps 150 -> 400, encodings + rope": at most a few. */
void lx_change_describe(const struct lx_json *before, const struct lx_json *after,
                        struct lx_buf *out);

#endif
