/* Whether a claim that is made for one length says the contrary at another.
 *
 * "a is no worse than b at 4x" may be true, and at 8x the other way round. The values that read farthest, from
 * twice the training length on, are read at the other such lengths of the study in turn, and the claim is
 * tested there as it was; the rest stays. It is shown with the verdict and does not change it. */
#include <math.h>

#include "verdict/claims_internal.h"

static struct lx_claim_value *value_of(struct lx_claim *c, int i)
{
    struct lx_claim_value *const at[LX_CLAIM_VALUES] = {&c->left.value, &c->left.minus,
                                                        &c->right.value, &c->right.minus};

    return at[i];
}

/* Training lengths that a value reads; 0: not known. */
static double reach_of(const struct lx_claim_result *r, const struct lx_claim_value *v)
{
    int L = v->train_length > 0 ? v->train_length : r->train_length;

    return L > 0 ? lx_length_tokens(&v->length, L) / L : 0;
}

/* The farthest that values read; 0: that cannot be moved. */
static double farthest(const struct lx_claim_result *r)
{
    double far = 0;

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(r->claim, i);

        if (v != NULL && v->positions)
            return 0;
        if (v != NULL)
            far = fmax(far, reach_of(r, v));
    }
    return far < 2 ? 0 : far;
}

/* What the claim would be, and its verdict without Holm, with `reach` in the place of the farthest. */
static enum lx_code test_at(const struct lx_court *k, const struct lx_claim_result *r, double far,
                            double reach, enum lx_claim_verdict *verdict, struct lx_err *err)
{
    struct lx_claim moved = *r->claim;
    struct lx_claim_result there = *r;

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(r->claim, i);

        if (v != NULL && fabs(reach_of(r, v) - far) < 1e-9 * far)
            value_of(&moved, i)->length = (struct lx_length){.number = reach, .multiple = true};
    }
    there.claim = &moved;
    if (lx_claim_test(k, &there, err))
        return err->code;
    *verdict = isnan(there.p) || there.view.refused ? LX_CLAIM_UNDECIDED
                                                    : lx_claim_verdict_at(&there, there.p);
    return LX_OK;
}

/* The next of the study's lengths above `above`, in training lengths; 0: there is none. */
static double next_reach(const struct lx_study *s, double above)
{
    double next = 0;

    for (size_t i = 0; i < s->n_sections; i++)
        for (size_t n = 0; n < s->section[i].n_lengths; n++) {
            double reach = (double)s->section[i].length[n] / s->section[i].train_length;

            if (reach > above * (1 + 1e-9) && (next == 0 || reach < next))
                next = reach;
        }
    return next;
}

enum lx_code lx_claim_elsewhere(const struct lx_court *k, struct lx_claim_result *r,
                                struct lx_err *err)
{
    double far = isnan(r->p) ? 0 : farthest(r);

    for (double reach = next_reach(k->study, 2 - 1e-6); far > 0 && reach > 0;
         reach = next_reach(k->study, reach)) {
        enum lx_claim_verdict there;
        const char **to;

        if (fabs(reach - far) < 1e-9 * far)
            continue;
        if (test_at(k, r, far, reach, &there, err))
            return err->code;
        to = there == LX_CLAIM_HOLDS ? &r->holds_at : there == LX_CLAIM_FAILS ? &r->fails_at : NULL;
        if (to != NULL && lx_arena_format(k->arena, to, err, "%s%s%.9gx", *to,
                                          (*to)[0] != '\0'     ? ", "
                                          : to == &r->holds_at ? "but holds at "
                                                               : "clearly not at ",
                                          reach))
            return err->code;
    }
    return LX_OK;
}
