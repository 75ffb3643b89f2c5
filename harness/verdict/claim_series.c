/* Which lines of a study a claim is about, for those who show them beside it. */
#include "verdict/claims.h"

static bool means(const struct lx_study *s, const struct lx_claim_value *v,
                  const struct lx_series *x)
{
    if (v->encoding == NULL || !lx_claim_names(lx_rows_name(&s->rows, x->encoding), v->encoding))
        return false;
    return v->evaluated_as == NULL
               ? x->evaluated_as == x->encoding
               : lx_claim_names(lx_rows_name(&s->rows, x->evaluated_as), v->evaluated_as);
}

bool lx_claim_uses(const struct lx_study *s, const struct lx_claim *c, size_t series)
{
    const struct lx_claim_side *const sides[] = {&c->left, &c->right};

    for (int i = 0; i < 2; i++)
        if ((!sides[i]->constant && means(s, &sides[i]->value, &s->series[series])) ||
            (sides[i]->has_minus && means(s, &sides[i]->minus, &s->series[series])))
            return true;
    return false;
}
