/* Biases asked pair by pair, for both paths of attention; see attention_internal.h. */
#include <math.h>

#include "attention/attention_internal.h"

struct lx_enc_call lx_attention_call(const struct lx_attention *a, int b)
{
    struct lx_enc_call c = a->call;

    c.B = 1;
    if (c.pos != NULL)
        c.pos += (size_t)b * (size_t)a->T;
    return c;
}

bool lx_attention_by_positions(const struct lx_attention *a)
{
    return a->dist != NULL && a->call.pos != NULL;
}

int lx_attention_sides(const struct lx_attention *a)
{
    return a->call.both ? 2 : 1;
}

size_t lx_attention_side(const struct lx_attention *a, bool ahead, int h)
{
    return (size_t)((ahead ? a->H : 0) + h) * (size_t)a->reach;
}

void lx_attention_pair(const struct lx_attention *a, const struct lx_enc_call *c, int h, int i,
                       int j0, int n, real *bias)
{
    const real *heads = lx_attention_by_positions(a) ? a->dist : NULL;
    size_t side[2] = {lx_attention_side(a, false, h), lx_attention_side(a, true, h)};

    for (int j = 0; heads != NULL && j < n; j++) {
        const real *table = heads + side[j0 + j > i ? 1 : 0];
        double d = fabs(c->pos[i] - c->pos[j0 + j]), part = d - floor(d);
        size_t at = (size_t)d;

        bias[j] += part > 0 ? table[at] + (real)part * (table[at + 1] - table[at]) : table[at];
    }
    if (a->pair)
        lx_stack_pair(a->stack, c, h, i, j0, n, bias);
}

void lx_attention_pair_back(const struct lx_attention *a, const struct lx_enc_call *c, int h, int i,
                            int j0, int n, const real *dbias, real *dheads, double *sums)
{
    size_t side[2] = {lx_attention_side(a, false, h), lx_attention_side(a, true, h)};

    for (int j = 0; dheads != NULL && j < n; j++) {
        real *dtable = dheads + side[j0 + j > i ? 1 : 0];
        double d = fabs(c->pos[i] - c->pos[j0 + j]), part = d - floor(d);
        size_t at = (size_t)d;

        dtable[at] += (real)(1 - part) * dbias[j];
        if (part > 0)
            dtable[at + 1] += (real)part * dbias[j];
    }
    if (sums != NULL)
        lx_stack_pair_back(a->stack, c, a->H, h, i, j0, n, dbias, sums);
}
