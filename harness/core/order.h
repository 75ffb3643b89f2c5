/* Comparing whole numbers as qsort wants it: negative, 0 or positive, whatever their size. Chained for
 * several keys: c = lx_order(a->x, b->x); c = c ? c : lx_order(a->y, b->y). */
#ifndef LX_CORE_ORDER_H
#define LX_CORE_ORDER_H

static inline int lx_order(long long a, long long b)
{
    return (a > b) - (a < b);
}

#endif
