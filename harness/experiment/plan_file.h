/* Reading DIR/plan.jsonl: the cells of an experiment as its folder knows them. */
#ifndef LX_EXPERIMENT_PLAN_FILE_H
#define LX_EXPERIMENT_PLAN_FILE_H

#include "core/err.h"

struct lx_json;

/* config.json and plan.jsonl, as their manifest lists them. */
extern const char *const lx_plan_names[2];

/* DIR must be a folder; the message says what it is instead, and what there is of a name like it. */
LX_MUST_CHECK enum lx_code lx_plan_file_folder(const char *dir, struct lx_err *err);

/* DIR must be a results folder with a plan that is as it was written; the message says what it is
 * instead. A folder without plan.sha256 is taken as it is, with a word. */
LX_MUST_CHECK enum lx_code lx_plan_file_check(const char *dir, struct lx_err *err);

/* The cells in order, as {"id", "encoding", ...} objects; visit is called for each with the line parsed. */
LX_MUST_CHECK
enum lx_code lx_plan_visit(const char *dir,
                           enum lx_code (*visit)(void *ctx, const struct lx_json *cell,
                                                 struct lx_err *err),
                           void *ctx, struct lx_err *err);

#endif
