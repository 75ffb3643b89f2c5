/* Words and numbers of claims; see claims_cells.h. */
#include "report/claims_cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/metric_list.h"

/* A ratio of two perplexities is shown as one; differences of logarithms stay in nats. */
bool lx_claim_as_ratio(const struct lx_claim *c)
{
    return c->ratio && !c->left.has_minus && !c->right.has_minus;
}

/* Of what an evaluation measures; an analysis is named with its unit where it is described. */
const char *lx_claim_unit(const struct lx_claim *c)
{
    const struct lx_metric_info *m = lx_metric_find(c->metric);

    if (c->ratio)
        return "nats";
    return m != NULL && m->rows != 0 ? m->unit : "";
}

/* What follows an effect: " nats", or nothing. */
const char *lx_claim_unit_after(const struct lx_claim *c)
{
    if (lx_claim_as_ratio(c))
        return "";
    return strcmp(lx_claim_unit(c), "nats") == 0   ? " nats"
           : strcmp(lx_claim_unit(c), "bits") == 0 ? " bits"
                                                   : "";
}

/* A value that is held against a plain number is shown itself, not how far it is from it: what that
 * number is; NaN: the effect is shown. */
static double level(const struct lx_claim *c)
{
    return c->right.constant && !c->ratio ? c->times * c->right.number : (double)NAN;
}

/* v, in the unit of the metric or nats, as it is shown. */
static void amount(const struct lx_claim *c, double v, bool sign, struct lx_buf *cell)
{
    char number[32];
    double r = exp(v);

    if (isnan(v)) {
        lx_cell_symbol(cell, LX_NONE);
    } else if (lx_claim_as_ratio(c)) {
        lx_cell_symbol(cell, LX_TIMES);
        lx_cell_printf(cell, r < 0.01 || r >= 1000 ? "%.3g" : "%.3f", r);
    } else {
        (void)snprintf(number, sizeof(number), sign ? "%+.4g" : "%.4g", v);
        lx_cell_math(cell, number);
    }
}

/* An effect, or the value that it is of. */
void lx_cell_effect(const struct lx_claim *c, double effect, struct lx_buf *cell)
{
    double from = level(c);

    amount(c, isnan(from) ? effect : from + effect, isnan(from), cell);
}

void lx_cell_claimed(const struct lx_claim_result *r, struct lx_buf *cell)
{
    static const enum lx_symbol symbols[] = {LX_LESS, LX_AT_MOST, LX_MORE, LX_AT_LEAST,
                                             LX_PLUS_MINUS};
    const struct lx_claim *c = r->claim;
    bool within = c->op == LX_CLAIM_WITHIN;
    double from = level(c);

    lx_cell_text(cell, within ? "within " : "");
    lx_cell_symbol(cell, symbols[c->op]);
    lx_cell_text(cell, within ? "" : " ");
    amount(c, r->bound + (within || isnan(from) ? 0 : from), false, cell);
    lx_cell_text(cell, lx_claim_unit_after(c));
    if (within && !isnan(from)) {
        lx_cell_text(cell, " of ");
        amount(c, from, false, cell);
    }
}

void lx_cell_interval(const struct lx_claim *c, const struct lx_claim_view *v, struct lx_buf *cell)
{
    lx_cell_effect(c, v->low, cell);
    if (isnan(v->low))
        return;
    lx_cell_text(cell, " to ");
    lx_cell_effect(c, v->high, cell);
}

/* "0.0021", "<1e-4": more digits would claim more than a few seeds can know. */
void lx_cell_chance(double p, struct lx_buf *cell)
{
    if (isnan(p))
        lx_cell_symbol(cell, LX_NONE);
    else if (p < 1e-4)
        lx_cell_symbol(cell, LX_TINY);
    else
        lx_cell_printf(cell, "%.3g", p);
}

/* What the claim left open, where the study has several of it: " (books, trained at 64)". */
void lx_cell_scope(const struct lx_claim_result *r, const struct lx_study *s, struct lx_buf *cell)
{
    bool datasets = false, lengths = false;

    for (size_t i = 1; i < s->n_sections; i++) {
        datasets |= s->section[i].dataset != s->section[0].dataset;
        lengths |= s->section[i].train_length != s->section[0].train_length;
    }
    datasets &= r->dataset >= 0;
    lengths &= r->train_length >= 0;
    if (!datasets && !lengths)
        return;
    lx_cell_text(cell, " (");
    if (datasets)
        lx_cell_text(cell, lx_rows_name(&s->rows, r->dataset));
    if (lengths)
        lx_cell_printf(cell, "%strained at %d", datasets ? ", " : "", r->train_length);
    lx_cell_text(cell, ")");
}

const char *lx_verdict_word(enum lx_claim_verdict v)
{
    static const char *const words[] = {"holds", "fails", "undecided", "not testable"};

    return words[v];
}

const char *lx_role_word(int role)
{
    static const char *const words[] = {"primary", "secondary", "control"};

    return words[role];
}

const char *lx_interval_word(const struct lx_claim_view *v)
{
    if (isnan(v->low))
        return "";
    return v->text ? "seeds and text" : "seeds alone";
}

const char *lx_view_word(const struct lx_claim_view *v)
{
    if (v->mode == NULL)
        return "";
    return strcmp(v->mode, "nonoverlapping") == 0 ? "non-overlapping" : v->mode;
}

bool lx_claim_in_one_view(const struct lx_claim_result *r)
{
    return !r->both && r->view.mode != NULL &&
           (r->verdict == LX_CLAIM_HOLDS || r->verdict == LX_CLAIM_FAILS);
}

void lx_cell_verdict(const struct lx_claim_result *r, struct lx_buf *cell)
{
    lx_cell_text(cell, lx_verdict_word(r->verdict));
    if (lx_claim_in_one_view(r))
        lx_cell_printf(cell, " (%s only)", lx_view_word(&r->view));
}

void lx_cell_premises(const struct lx_claim *c, struct lx_buf *cell)
{
    for (size_t i = 0; i < c->n_premises; i++) {
        lx_cell_text(cell, i > 0 ? ", " : "");
        lx_cell_text(cell, c->premise[i].name);
    }
}
