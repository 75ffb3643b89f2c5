/* A config, its plan and its results folder, opened together. */
#ifndef LX_EXPERIMENT_EXPERIMENT_H
#define LX_EXPERIMENT_EXPERIMENT_H

#include "config/config.h"
#include "core/err.h"
#include "plan/plan.h"
#include "store/store.h"

struct lx_experiment {
    struct lx_config config;
    struct lx_plan plan;
    const char *dir; /* results folder: as given, else results/NAME */
};

/* Close after a failure too. */
LX_MUST_CHECK
enum lx_code lx_experiment_open(struct lx_experiment *e, const char *config_path, char **overrides,
                                size_t n_overrides, const char *dir, struct lx_err *err);
/* The same of a config that is no file: n bytes of text that messages call `file`. */
LX_MUST_CHECK
enum lx_code lx_experiment_open_text(struct lx_experiment *e, const char *text, size_t n,
                                     const char *file, const char *dir, struct lx_err *err);
void lx_experiment_close(struct lx_experiment *e);

/* Write DIR/config.json (resolved), DIR/plan.jsonl (as `plan` prints it) and their sums,
 * DIR/plan.sha256, unless they are there with the same content. Tables and plots of other cells make way
 * first (experiment/change.h). */
LX_MUST_CHECK enum lx_code lx_experiment_save(struct lx_experiment *e, struct lx_err *err);

/* Whether DIR still has this plan: another run may have begun there meanwhile. True where that cannot be
 * told. */
bool lx_experiment_is_saved(struct lx_experiment *e);

#endif
