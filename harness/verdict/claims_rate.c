/* What learning rates have to do with a claim: whether the best ones are known, and whether the verdict
 * would be another at those beside them.
 *
 * The study is trained at the best rates alone, so that the effect at another is its own effect, moved by
 * what the losses of tuning moved from the best rate to the next lower or higher one; one encoding at a
 * time. A loss that tuning did not read (of another training length, at positions, of a stack that was not
 * trained), or a rate at which training broke, tells nothing. */
#include <math.h>
#include <string.h>

#include "verdict/claims_internal.h"

enum lx_code lx_rate_places_make(const struct lx_tuned *tuned, const struct lx_json *config,
                                 struct lx_arena *arena, struct lx_rate_places *out,
                                 struct lx_err *err)
{
    struct lx_rate_of *of;

    *out = (struct lx_rate_places){.tuned = tuned};
    if (lx_arena_get(arena, tuned->rates.n + 1, sizeof(*of), &of, "rates", err))
        return err->code;
    out->item = of;
    for (size_t i = 0; i < tuned->rates.n; i++) {
        const struct lx_rates_encoding *e = &tuned->rates.item[i];
        struct lx_rate_of x = {.encoding = e->encoding, .place = LX_RATE_INSIDE};

        if (e->best >= e->n)
            continue;
        x.best = e->try[e->best].lr;
        x.used = lx_encoding_setting(config, e->encoding, "lr", (double)NAN);
        if (e->edge)
            x.place = lx_rate_beside(e->try, e->n, e->best, -1) == e->n ? LX_RATE_SMALLEST
                                                                        : LX_RATE_LARGEST;
        of[out->n++] = x;
    }
    return LX_OK;
}

enum lx_code lx_claim_rate_inside(const struct lx_court *k, const char *encoding, const char **why,
                                  struct lx_err *err)
{
    for (size_t i = 0; k->rates != NULL && i < k->rates->n; i++) {
        const struct lx_rate_of *x = &k->rates->item[i];

        if (!lx_claim_names(x->encoding, encoding) && !lx_claim_names(encoding, x->encoding))
            continue;
        if (x->place != LX_RATE_INSIDE)
            return lx_arena_format(k->arena, why, err,
                                   "the best rate of %s, %.9g, is the %s that was tried", encoding,
                                   x->best, x->place == LX_RATE_LARGEST ? "largest" : "smallest");
        if (fabs(x->used - x->best) > 1e-8 * x->best)
            return lx_arena_format(k->arena, why, err,
                                   "%s was trained at %.9g, and the best rate tried is %.9g",
                                   encoding, x->used, x->best);
        return LX_OK;
    }
    return lx_arena_format(k->arena, why, err, "cannot be read: no rates were tried for %s",
                           encoding);
}

/* Whether tuning reads losses like this one. */
static bool is_read(const struct lx_claim_value *v)
{
    return v->evaluated_as == NULL && !v->positions && !v->rank && !v->over;
}

/* By how much the loss of v at the neighbouring rate is above that at the best; NaN: not known. */
static double moved(const struct lx_court *k, const struct lx_claim_result *r,
                    const struct lx_claim_value *v, const char *mode, int side)
{
    const char *scope = r->dataset >= 0 ? lx_rows_name(&k->study->rows, r->dataset) : NULL;
    int L = v->train_length > 0 ? v->train_length : r->train_length;
    struct lx_tuned_place at = {.dataset = v->dataset != NULL ? v->dataset : scope,
                                .mode = v->mode != NULL ? v->mode : mode,
                                .train_length = L,
                                .eval_length = (int)lx_length_tokens(&v->length, L)};

    return is_read(v) ? lx_tuned_nll(k->rates->tuned, v->encoding, &at, side) -
                            lx_tuned_nll(k->rates->tuned, v->encoding, &at, 0)
                      : (double)NAN;
}

/* Whether the effect in a view changes sides when encoding e goes to the neighbouring rate. */
static bool turns_in(const struct lx_court *k, const struct lx_claim_result *r,
                     const struct lx_claim_view *view, const struct lx_rates_encoding *e, int side)
{
    const struct lx_claim *c = r->claim;
    double effect = view->effect;

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(c, i);

        if (v != NULL && lx_tuned_find(k->rates->tuned, v->encoding) == e)
            effect += lx_claim_factor(c, i) * moved(k, r, v, view->mode, side);
    }
    return isfinite(effect) &&
           lx_claim_on_side(c, r->bound, effect) != lx_claim_on_side(c, r->bound, view->effect);
}

/* Whether the claim reads beyond a training length: there rates matter most. */
static bool reads_beyond(const struct lx_claim_result *r)
{
    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(r->claim, i);
        int L = v == NULL || v->train_length <= 0 ? r->train_length : v->train_length;

        if (v != NULL && lx_length_tokens(&v->length, L) >= 2.0 * L)
            return true;
    }
    return false;
}

enum lx_code lx_claim_turns(const struct lx_court *k, struct lx_claim_result *r, struct lx_err *err)
{
    if (k->rates == NULL || k->rates->tuned == NULL || !lx_claim_of_losses(r->claim) ||
        isnan(r->view.effect) || r->view.mode == NULL || !reads_beyond(r))
        return LX_OK;
    for (size_t i = 0; i < k->rates->tuned->rates.n; i++)
        for (int side = -1; side <= 1; side += 2) {
            const struct lx_rates_encoding *e = &k->rates->tuned->rates.item[i];
            size_t at = e->best < e->n ? lx_rate_beside(e->try, e->n, e->best, side) : e->n;

            if (at < e->n && (turns_in(k, r, &r->view, e, side) ||
                              (r->both && turns_in(k, r, &r->other, e, side))))
                return lx_arena_format(k->arena, &r->turns, err,
                                       "depends on the rate: turns with %s at %.9g", e->encoding,
                                       e->try[at].lr);
        }
    return LX_OK;
}
