/* What the writers share: the parts of a cell. Users want grid.h. */
#ifndef LX_GRID_GRID_INTERNAL_H
#define LX_GRID_GRID_INTERNAL_H

#include "grid/grid.h"

enum lx_part_kind {
    LX_PART_END,
    LX_PART_TEXT,
    LX_PART_SYMBOL,
    LX_PART_MATH,
    LX_PART_ESTIMATE,
    LX_PART_MULTIPLE
};

struct lx_part {
    enum lx_part_kind kind;
    enum lx_symbol symbol;
    bool best;
    const char *text, *spread; /* not NUL-terminated: */
    size_t n, n_spread;
};

/* The next part of a cell; *cell moves past it. */
struct lx_part lx_part_next(const char **cell);

/* Append a cell through functions for text and for the other parts. */
void lx_grid_parts(struct lx_buf *out, const char *cell,
                   void (*text)(struct lx_buf *out, const char *text),
                   void (*other)(struct lx_buf *out, const struct lx_part *p));

/* Append n bytes of text through a function that wants a terminated one. */
void lx_grid_run(struct lx_buf *out, const char *text, size_t n,
                 void (*escape)(struct lx_buf *out, const char *text));

#endif
