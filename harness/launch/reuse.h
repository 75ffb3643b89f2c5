/* Trainings of other results folders: what was trained there need not be trained here again.
 *
 * A training is named by a hash of what determines its weights (TRAIN_ID), so one of the same name is the
 * same training, whatever else its folder is about. Nothing is looked for that was not named, and nothing
 * is taken whose sums are not right: what is taken is copied, and the folder it came from may go. */
#ifndef LX_LAUNCH_REUSE_H
#define LX_LAUNCH_REUSE_H

#include "core/err.h"
#include "experiment/experiment.h"

/* Copy into e->dir every training that a cell without rows needs, that is not there, and that one of
 * `folders` (results folders, between commas; the first that has it) holds whole, its weights included. A
 * line on stderr says how many. LX_EUSAGE: one of them is no results folder, or is e->dir itself. */
LX_MUST_CHECK
enum lx_code lx_reuse_trainings(const struct lx_experiment *e, const char *folders,
                                struct lx_err *err);

#endif
