/* Whether a results folder is as it was written, and whether it could be made again here: texts, cells,
 * tables, program, kernels, registration. Reads everything, changes nothing. */
#ifndef LX_RECORD_VERIFY_H
#define LX_RECORD_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

/* Who would make it again: as runs.csv has it. */
struct lx_verify_program {
    const char *version, *commit, *blas_core, *simd, *cpu;
};

enum lx_verify_state {
    LX_VERIFY_OK,
    LX_VERIFY_OTHER, /* no obstacle: the same numbers within their intervals, not to the byte */
    LX_VERIFY_MISSING,
    LX_VERIFY_DIFFERS,
    LX_VERIFY_STATES
};
extern const char *const lx_verify_names[LX_VERIFY_STATES]; /* "ok", "other", ... */

struct lx_verify_line {
    enum lx_verify_state state;
    const char *what; /* "texts", "cells", ... */
    const char *text;
};

struct lx_verify {
    struct lx_arena arena; /* holds every text */
    struct lx_verify_line *line;
    size_t n, cap;
    size_t count[LX_VERIFY_STATES];
};

/* A folder that cannot be looked at is an error; everything else is a line. Free with lx_arena_free
 * (&v->arena), after a failure too. */
LX_MUST_CHECK
enum lx_code lx_verify(struct lx_verify *v, const char *dir, const struct lx_verify_program *here,
                       struct lx_err *err);

#endif
