/* What a merge says is missing: DIR/partial.json (experiment/merge.h), in words. */
#ifndef LX_RESULTS_PARTIAL_H
#define LX_RESULTS_PARTIAL_H

#include "core/arena.h"
#include "core/err.h"

#define LX_PARTIAL_FILE "partial.json"

struct lx_partial {
    const char *brief;   /* "PARTIAL: 4 of 16 cells"; NULL: nothing is missing */
    const char *missing; /* "t5 (journal: seeds 2, 3), alibi (journal: seed 1)" */
};

/* Texts are in the arena. A folder without the file lacks nothing. */
LX_MUST_CHECK
enum lx_code lx_partial_read(const char *dir, struct lx_arena *arena, struct lx_partial *out,
                             struct lx_err *err);

#endif
