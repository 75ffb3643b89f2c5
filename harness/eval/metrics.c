/* The list of numbers that an evaluation yields; see evaluate.h. */
#include <stdlib.h>
#include <string.h>

#include "eval/evaluate.h"

enum lx_code lx_metrics_add(struct lx_metrics *m, const struct lx_metric *row, struct lx_err *err)
{
    if (m->n == m->cap) {
        size_t cap = m->cap == 0 ? 256 : 2 * m->cap;
        struct lx_metric *rows = realloc(m->rows, cap * sizeof(*rows));

        if (rows == NULL)
            return lx_fail(err, LX_ENOMEM, "metrics: out of memory after %zu rows", m->n);
        m->rows = rows;
        m->cap = cap;
    }
    m->rows[m->n++] = *row;
    return LX_OK;
}

void lx_metrics_free(struct lx_metrics *m)
{
    free(m->rows);
    memset(m, 0, sizeof(*m));
}
