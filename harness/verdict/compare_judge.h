/* The verdict on one key. Used by compare.c only; everyone else wants compare.h. */
#ifndef LX_VERDICT_COMPARE_JUDGE_H
#define LX_VERDICT_COMPARE_JUDGE_H

#include "verdict/compare.h"

/* The rows of one key on one side, sorted by seed, each seed once; n is 0 where it is absent. */
struct lx_compare_group {
    const struct lx_rows *rows;
    const struct lx_row *const *row;
    size_t n;
};

/* Fill everything of *l but its key. */
void lx_compare_judge(const struct lx_compare_group *old, const struct lx_compare_group *new,
                      const struct lx_compare_options *o, struct lx_compare_line *l);

#endif
