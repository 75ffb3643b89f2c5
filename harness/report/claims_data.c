/* The claims as rows for programs. */
#include <math.h>

#include "report/claims_cells.h"
#include "report/report_tables.h"
#include "stats/stats.h"

static const char *const ops[] = {"<", "<=", ">", ">=", "within"};

/* "a as b at 8x, last, trained at 64, layer 1, head 0, positions 4x to 8x" */
static void describe_value(const struct lx_claim_value *v, struct lx_buf *out)
{
    lx_buf_add(out, v->encoding);
    if (v->evaluated_as != NULL)
        lx_buf_printf(out, " as %s", v->evaluated_as);
    lx_buf_printf(out, " at %.9g%s", v->length.number, v->length.multiple ? "x" : "");
    if (v->mode != NULL)
        lx_buf_printf(out, ", %s", v->mode);
    if (v->dataset != NULL)
        lx_buf_printf(out, ", %s", v->dataset);
    if (v->train_length > 0)
        lx_buf_printf(out, ", trained at %d", v->train_length);
    if (v->layer >= 0)
        lx_buf_printf(out, ", layer %d", v->layer);
    if (v->head >= 0)
        lx_buf_printf(out, ", head %d", v->head);
    if (v->positions)
        lx_buf_printf(out, ", positions %.9g%s to %.9g%s", v->lo.number, v->lo.multiple ? "x" : "",
                      v->hi.number, v->hi.multiple ? "x" : "");
}

static void put_side(const struct lx_claim_side *side, struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);

    if (side->constant)
        lx_buf_printf(cell, "%.9g", side->number);
    else
        describe_value(&side->value, cell);
    if (side->has_minus) {
        lx_buf_add(cell, " minus ");
        describe_value(&side->minus, cell);
    }
    lx_grid_put(g);
}

static void put_premises(const struct lx_claim *c, struct lx_grid *g)
{
    lx_cell_premises(c, lx_grid_cell(g));
    lx_grid_put(g);
}

static const char *reason_of(const struct lx_claim_result *r)
{
    return r->premise[0] != '\0' ? r->premise : r->view.why;
}

static void put_data(const struct lx_claim_result *x, const struct lx_study *s, struct lx_grid *g)
{
    const struct lx_claim *c = x->claim;
    const struct lx_claim_view *view = &x->view, *other = &x->other;
    double paper = lx_claim_as_ratio(c) ? log(c->paper) : c->paper;
    bool few = view->paired > 0 && view->paired <= LX_SIGN_FLIP_MAX;
    double floor = few ? ldexp(1, -(int)view->paired) : (double)NAN;
    double v[] = {c->times,     isnan(c->margin) ? 0 : c->margin,
                  view->effect, view->low,
                  view->high,   paper,
                  x->p,         x->p_holm,
                  view->p_flip, floor};

    lx_grid_text(g, c->id);
    lx_grid_text(g, c->text);
    lx_grid_text(g, c->source);
    lx_grid_text(g, lx_rows_name(&s->rows, x->dataset));
    lx_grid_data(g, x->train_length >= 0 ? x->train_length : (double)NAN);
    lx_grid_text(g, c->metric);
    lx_grid_text(g, lx_claim_unit(c));
    put_side(&c->left, g);
    lx_grid_text(g, ops[c->op]);
    put_side(&c->right, g);
    for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++)
        lx_grid_data(g, v[k]);
    lx_grid_count(g, (long long)view->seeds);
    lx_grid_text(g, lx_verdict_word(x->verdict));
    lx_grid_text(g, x->note);
    lx_grid_text(g, lx_role_word(c->role));
    put_premises(c, g);
    lx_grid_text(g, x->verdict == LX_CLAIM_NOT_TESTABLE ? reason_of(x) : "");
    lx_grid_data(g, x->bound);
    lx_grid_text(g, lx_interval_word(view));
    lx_grid_text(g, x->both ? "both" : view->mode != NULL ? view->mode : "");
    lx_grid_count(g, (long long)view->agree);
    lx_grid_count(g, (long long)view->paired);
    lx_grid_text(g, other->mode != NULL ? other->mode : "");
    for (size_t k = 0; k < 3; k++) {
        double of_other[] = {other->effect, other->low, other->high};

        lx_grid_data(g, other->mode != NULL ? of_other[k] : (double)NAN);
    }
    lx_grid_text(g, x->paper_beyond ? "other side" : "");
    lx_grid_text(g, lx_claim_depends_on_rate(x) ? "depends on the rate" : "");
}

/* The table of g, if it is whole. */
static enum lx_code write_grid(const struct lx_grid *g, struct lx_buf *out, struct lx_err *err)
{
    if (lx_grid_check(g, err) != LX_OK)
        return err->code;
    lx_grid_csv.table(out, g);
    return lx_buf_check(out, err);
}

enum lx_code lx_claims_data(const struct lx_claim_results *r, const struct lx_study *s,
                            struct lx_buf *out, struct lx_err *err)
{
    static const char *const columns[] = {
        "claim",        "text",       "source",       "dataset",     "train_length",
        "metric",       "unit",       "left",         "op",          "right",
        "times",        "margin",     "effect",       "low",         "high",
        "paper",        "p_t",        "p_holm",       "p_sign_flip", "sign_flip_floor",
        "seeds",        "verdict",    "note",         "role",        "premise",
        "reason",       "bound",      "interval",     "view",        "seeds_agree",
        "seeds_paired", "other_view", "other_effect", "other_low",   "other_high",
        "paper_side",   "rate"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code;

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(&g, columns[c], false, 0);
    for (size_t i = 0; i < r->n; i++)
        put_data(&r->item[i], s, &g);
    code = write_grid(&g, out, err);
    lx_grid_free(&g);
    return code;
}
