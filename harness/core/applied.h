/* What a stack of schemes applies, as numbers: rows that the model makes by calling its hooks, and that
 * are printed as CSV or drawn. The kinds are in applied/hook_dump.h. */
#ifndef LX_CORE_APPLIED_H
#define LX_CORE_APPLIED_H

#include <stddef.h>

struct lx_applied {
    const char *kind;            /* static text */
    int head, position, channel; /* -1: none, or alike for all */
    double value;
};

struct lx_applied_rows {
    struct lx_applied *row; /* (n), malloc'd */
    size_t n, cap;
};

#endif
