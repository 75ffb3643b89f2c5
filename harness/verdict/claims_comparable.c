/* Whether the two losses of a comparison are of the same targets. Other text is easier or harder by itself,
 * so a difference between places, views or texts says nothing about a scheme. */
#include <string.h>

#include "verdict/claims_internal.h"

bool lx_claim_pairs(const struct lx_claim *c, int pair, int *a, int *b)
{
    bool differences = c->left.has_minus;

    *a = differences ? 2 * pair : 0;
    *b = differences ? *a + 1 : 2;
    return (pair == 0 || differences) && lx_claim_value_at(c, *a) != NULL &&
           lx_claim_value_at(c, *b) != NULL;
}

/* Sliding and nonoverlapping windows score the same targets. */
static bool same_view(const char *a, const char *b)
{
    static const char *const stretch[] = {"nonoverlapping", "sliding"};
    int of_stretch = 0;

    if (a == NULL || b == NULL || strcmp(a, b) == 0)
        return true;
    for (int i = 0; i < 2; i++)
        of_stretch += (strcmp(a, stretch[i]) == 0) + (strcmp(b, stretch[i]) == 0);
    return of_stretch == 2;
}

static bool same_tokens(const struct lx_length *a, int train_a, const struct lx_length *b,
                        int train_b)
{
    double x = lx_length_tokens(a, train_a), y = lx_length_tokens(b, train_b);

    return !(x < y) && !(x > y);
}

/* Positions are places in windows of one length. */
static bool same_positions(const struct lx_claim_value *a, int train_a,
                           const struct lx_claim_value *b, int train_b)
{
    if (!a->positions && !b->positions)
        return true;
    return a->positions && b->positions && same_tokens(&a->lo, train_a, &b->lo, train_b) &&
           same_tokens(&a->hi, train_a, &b->hi, train_b) &&
           same_tokens(&a->length, train_a, &b->length, train_b);
}

static const char different_positions[] =
    "positions that differ are other tokens of the text: compare two readings of the same";
static const char different_views[] = "the views differ, and so do their targets";
static const char different_datasets[] = "losses of different datasets are not compared";

void lx_claim_comparable(const struct lx_claim *c, const char **why)
{
    *why = NULL;
    for (int pair = 0; pair < 2 && *why == NULL && lx_claim_of_losses(c); pair++) {
        const struct lx_claim_value *a, *b;
        int i, j, any = 1 << 20; /* a training length that no multiple is rounded at */

        if (!lx_claim_pairs(c, pair, &i, &j))
            continue;
        a = lx_claim_value_at(c, i);
        b = lx_claim_value_at(c, j);
        if (a->dataset != NULL && b->dataset != NULL && strcmp(a->dataset, b->dataset) != 0)
            *why = different_datasets;
        else if (!same_view(a->mode, b->mode))
            *why = different_views;
        else if (a->train_length == b->train_length &&
                 !same_positions(a, a->train_length ? a->train_length : any, b,
                                 b->train_length ? b->train_length : any) &&
                 a->length.multiple == b->length.multiple)
            *why = different_positions;
    }
}

/* The longest length tells where the windows of `last` end. */
static int longest(const struct lx_section *sec)
{
    return sec->n_lengths > 0 ? sec->length[sec->n_lengths - 1] : 0;
}

static const char *compare_found(const struct lx_study *s, const struct lx_claim_value *a,
                                 const struct lx_claim_found *fa, const struct lx_claim_value *b,
                                 const struct lx_claim_found *fb)
{
    const struct lx_section *x = &s->section[fa->section], *y = &s->section[fb->section];
    bool last = strcmp(lx_rows_name(&s->rows, x->mode), "last") == 0;

    if (x->dataset != y->dataset || x->split != y->split)
        return different_datasets;
    if (!same_view(lx_rows_name(&s->rows, x->mode), lx_rows_name(&s->rows, y->mode)))
        return different_views;
    if (!same_positions(a, x->train_length, b, y->train_length))
        return different_positions;
    if ((x->tokens > 0 && y->tokens > 0 && x->tokens != y->tokens) ||
        (last && (x->stride != y->stride || longest(x) != longest(y))))
        return "the two sides score different targets";
    return NULL;
}

void lx_claim_comparable_found(const struct lx_study *s, const struct lx_claim *c,
                               const struct lx_claim_found *found, const char **why)
{
    *why = NULL;
    for (int pair = 0; pair < 2 && *why == NULL && lx_claim_of_losses(c); pair++) {
        int i, j;

        if (lx_claim_pairs(c, pair, &i, &j))
            *why = compare_found(s, lx_claim_value_at(c, i), &found[i], lx_claim_value_at(c, j),
                                 &found[j]);
    }
}

bool lx_claim_one_text(const struct lx_study *s, const struct lx_claim *c,
                       const struct lx_claim_found *found)
{
    const struct lx_section *first = &s->section[found[0].section];

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(c, i);
        const struct lx_section *x;

        if (v == NULL)
            continue;
        x = &s->section[found[i].section];
        if (v->positions || x->mode != first->mode || x->stride != first->stride ||
            compare_found(s, lx_claim_value_at(c, 0), &found[0], v, &found[i]) != NULL)
            return false;
    }
    return true;
}
