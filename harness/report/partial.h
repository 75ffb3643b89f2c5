/* Whether metrics.csv lacks cells of the plan: DIR/partial.json, which a merge leaves beside it, in words. */
#ifndef LX_REPORT_PARTIAL_H
#define LX_REPORT_PARTIAL_H

#include "core/arena.h"
#include "core/err.h"

struct lx_partial {
    const char *brief;   /* "PARTIAL: 4 of 16 cells"; NULL: nothing is missing */
    const char *missing; /* "t5 (journal: seeds 2, 3), alibi (journal: seed 1)" */
};

LX_MUST_CHECK
enum lx_code lx_partial_read(const char *dir, struct lx_arena *arena, struct lx_partial *out,
                             struct lx_err *err);

#endif
