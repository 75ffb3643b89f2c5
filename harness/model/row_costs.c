/* Costs of attention row by row; see row_costs.h.
 *
 * The numbers here, in hooks.c and in the schemes are from `longshot bench --pairs 2` on one core of an
 * Intel Golden Cove server that did other work too: the ratio r of processor time to nope's, in training
 * at 128 tokens and in evaluation with entropy at 1024, 4 layers of 128 with 4 heads, is (r - 1) times
 * the operations of a token, for each of its queries and keys. Those of whole rows alone: r = 1.15 and
 * 5.2. Between pairs r varied by up to a third, so a plan is good to a factor of two. Wider heads than 32
 * cost more where a scheme makes products of its own, options like dape's kernel, too. */
#include "model/row_costs.h"

#include "model/work.h"

/* The row itself: products in blocks, the loops over its keys, the softmax. */
static const struct lx_enc_cost row = {1370, 780};

double lx_row_costs(const struct lx_model *m, int T, bool training)
{
    struct lx_model then = *m; /* what acts until some step is counted as if it always did */
    bool both = lx_model_both(&m->config);
    double sum = 0, keys = both ? T : T / 2.0;

    then.stack.progress = training ? 0 : 1;
    for (int l = 0; l < m->config.layers; l++) {
        struct lx_enc_call c = {.layer = l, .B = 1, .T = T, .both = both};
        struct lx_enc_cost own = lx_stack_row_cost(&then.stack, &c);

        if (lx_model_by_rows(&then, &c))
            sum += training ? row.training + own.training : row.forward + own.forward;
    }
    return sum * m->config.heads * keys;
}

double lx_row_slowness(const struct lx_model *m, int T, bool training)
{
    double plain = (training ? 3.0 : 1.0) * lx_model_flops(&m->config, T);

    return 1 + lx_row_costs(m, T, training) / plain;
}
