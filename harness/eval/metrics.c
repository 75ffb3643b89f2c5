/* The list of numbers that an evaluation yields; see evaluate.h. */
#include <stdlib.h>
#include <string.h>

#include "eval/evaluate.h"

/* Room for one more of n items of `size` bytes; *list moves. */
static enum lx_code make_room(void *list, size_t n, size_t *cap, size_t size, struct lx_err *err)
{
    size_t more = *cap == 0 ? 16 : 2 * *cap;
    void *old, *grown;

    if (n < *cap)
        return LX_OK;
    memcpy(&old, list, sizeof(old));
    grown = realloc(old, more * size);
    if (grown == NULL)
        return lx_fail(err, LX_ENOMEM, "metrics: out of memory after %zu rows", n);
    memcpy(list, &grown, sizeof(grown));
    *cap = more;
    return LX_OK;
}

enum lx_code lx_metrics_add(struct lx_metrics *m, const struct lx_metric *row, struct lx_err *err)
{
    if (make_room(&m->rows, m->n, &m->cap, sizeof(*row), err))
        return err->code;
    m->rows[m->n++] = *row;
    return LX_OK;
}

enum lx_code lx_metrics_add_blocks(struct lx_metrics *m, const struct lx_metric_blocks *blocks,
                                   struct lx_err *err)
{
    if (make_room(&m->blocks, m->n_blocks, &m->cap_blocks, sizeof(*blocks), err))
        return err->code;
    m->blocks[m->n_blocks++] = *blocks;
    return LX_OK;
}

void lx_metrics_free(struct lx_metrics *m)
{
    free(m->rows);
    free(m->blocks);
    memset(m, 0, sizeof(*m));
}
