/* What the compare*.c files share; everyone else wants compare.h. */
#ifndef LX_COMPARE_COMPARE_INTERNAL_H
#define LX_COMPARE_COMPARE_INTERNAL_H

#include "compare/compare.h"

/* The rows of one key on one side, sorted by seed, each seed once; n is 0 where it is absent. */
struct lx_compare_group {
    const struct lx_study *study;
    const struct lx_row *row;
    size_t n;
};

/* Fill everything of *l but its key. keys: how many are judged together, which bands are widened for. */
LX_MUST_CHECK
enum lx_code lx_compare_judge(const struct lx_compare_group *old,
                              const struct lx_compare_group *new,
                              const struct lx_compare_options *o, size_t keys,
                              struct lx_compare_line *l, struct lx_err *err);

/* The config that belongs to a metrics.csv: config.json beside it; beside another file NAME.csv it is
 * NAME.config.json. NULL: out of memory. */
char *lx_compare_config_path(struct lx_arena *arena, const char *metrics);

/* Fill has_configs and the settings. A side without a config is no error. */
LX_MUST_CHECK
enum lx_code lx_compare_configs(struct lx_comparison *c, struct lx_err *err);

#endif
