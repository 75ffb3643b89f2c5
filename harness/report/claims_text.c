/* The claims: a table to read, a list for a terminal, rows for programs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/metric_list.h"
#include "report/report_tables.h"
#include "study/stats.h"

static const char *const verdicts[] = {"holds", "fails", "undecided"};
static const char *const ops[] = {"<", "<=", ">", ">=", "within"};

/* A ratio of two perplexities is shown as one; differences of logarithms stay in nats. */
static bool as_ratio(const struct lx_claim *c)
{
    return c->ratio && !c->left.has_minus && !c->right.has_minus;
}

/* Of what an evaluation measures; an analysis is named with its unit where it is described. */
static const char *unit(const struct lx_claim *c)
{
    const struct lx_metric_info *m = lx_metric_find(c->metric);

    if (c->ratio)
        return "nats";
    return m != NULL && m->rows != 0 ? m->unit : "";
}

/* What follows an effect: " nats", or nothing. */
static const char *unit_after(const struct lx_claim *c)
{
    if (as_ratio(c))
        return "";
    return strcmp(unit(c), "nats") == 0 ? " nats" : strcmp(unit(c), "bits") == 0 ? " bits" : "";
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
    } else if (as_ratio(c)) {
        lx_cell_symbol(cell, LX_TIMES);
        lx_cell_printf(cell, r < 0.01 || r >= 1000 ? "%.3g" : "%.3f", r);
    } else {
        (void)snprintf(number, sizeof(number), sign ? "%+.4g" : "%.4g", v);
        lx_cell_math(cell, number);
    }
}

/* An effect, or the value that it is of. */
static void effect_of(const struct lx_claim *c, double effect, struct lx_buf *cell)
{
    double from = level(c);

    amount(c, isnan(from) ? effect : from + effect, isnan(from), cell);
}

static void claimed(const struct lx_claim *c, struct lx_buf *cell)
{
    static const enum lx_symbol symbols[] = {LX_LESS, LX_AT_MOST, LX_MORE, LX_AT_LEAST,
                                             LX_PLUS_MINUS};
    bool within = c->op == LX_CLAIM_WITHIN;
    double from = level(c);

    lx_cell_text(cell, within ? "within " : "");
    lx_cell_symbol(cell, symbols[c->op]);
    lx_cell_text(cell, within ? "" : " ");
    amount(c, c->margin + (within || isnan(from) ? 0 : from), false, cell);
    lx_cell_text(cell, unit_after(c));
    if (within && !isnan(from)) {
        lx_cell_text(cell, " of ");
        amount(c, from, false, cell);
    }
}

static void interval(const struct lx_claim_result *r, struct lx_buf *cell)
{
    effect_of(r->claim, r->low, cell);
    if (isnan(r->low))
        return;
    lx_cell_text(cell, " to ");
    effect_of(r->claim, r->high, cell);
}

/* "0.0021", "<1e-4": more digits would claim more than a few seeds can know. */
static void chance(double p, struct lx_buf *cell)
{
    if (isnan(p))
        lx_cell_symbol(cell, LX_NONE);
    else if (p < 1e-4)
        lx_cell_symbol(cell, LX_TINY);
    else
        lx_cell_printf(cell, "%.3g", p);
}

/* What the claim left open, where the study has several of it: " (books, trained at 64)". */
static void scope(const struct lx_claim_result *r, const struct lx_study *s, struct lx_buf *cell)
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

static void counts(const struct lx_claim_results *r, struct lx_buf *out)
{
    int n[3] = {0};

    for (size_t i = 0; i < r->n; i++)
        n[r->item[i].verdict]++;
    lx_buf_printf(out, "%zu claim%s: %d hold%s, %d fail%s, %d undecided", r->n,
                  r->n == 1 ? "" : "s", n[0], n[0] == 1 ? "s" : "", n[1], n[1] == 1 ? "s" : "",
                  n[2]);
}

/* Seeds, the fewest and the most that decided a claim: "3", "1 to 3". */
static void seed_range(const struct lx_claim_results *r, size_t *least, size_t *most)
{
    *least = *most = r->n > 0 ? r->item[0].n : 0;
    for (size_t i = 0; i < r->n; i++) {
        *least = r->item[i].n < *least ? r->item[i].n : *least;
        *most = r->item[i].n > *most ? r->item[i].n : *most;
    }
}

static void explain(const struct lx_claim_results *r, struct lx_buf *out)
{
    size_t least, most;

    seed_range(r, &least, &most);
    lx_buf_add(out,
               "Effect: left side over right side (perplexities), or left minus right, paired by "
               "seed; where a plain number is claimed, the\n"
               "value itself. Mean over seeds with its 95% interval (Student's t).\n"
               "A claim holds (fails) if the effect lies on the claimed (other) side of the bound "
               "with p < 0.05 after Holm's correction\n"
               "over all claims here, and is undecided otherwise. p: two-sided paired t; sign "
               "flip: exact, one-sided towards the claim");
    if (most == 0 || most > LX_SIGN_FLIP_MAX)
        lx_buf_add(out, ".\n");
    else
        lx_buf_printf(out, ";\nwith %zu seed%s it cannot be below %.3g%s.\n", most,
                      most == 1 ? "" : "s", ldexp(1, -(int)most),
                      most < 5 ? ", so few seeds can decide large effects only" : "");
}

/* The columns of a wide table, each with what fills it. */
static void put_verdict(const struct lx_claim_result *x, const struct lx_study *s,
                        struct lx_buf *cell)
{
    (void)s;
    lx_cell_printf(cell, "%s%s", verdicts[x->verdict], x->note[0] ? ": " : "");
    lx_cell_text(cell, x->note);
}

static void put_claim(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    lx_cell_text(cell, x->claim->text);
    scope(x, s, cell);
}

static void put_claimed(const struct lx_claim_result *x, const struct lx_study *s,
                        struct lx_buf *cell)
{
    (void)s;
    claimed(x->claim, cell);
}

static void put_effect(const struct lx_claim_result *x, const struct lx_study *s,
                       struct lx_buf *cell)
{
    (void)s;
    effect_of(x->claim, x->effect, cell);
    lx_cell_text(cell, unit_after(x->claim));
}

static void put_interval(const struct lx_claim_result *x, const struct lx_study *s,
                         struct lx_buf *cell)
{
    (void)s;
    interval(x, cell);
}

static void put_paper(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    (void)s;
    effect_of(x->claim, as_ratio(x->claim) ? log(x->claim->paper) : x->claim->paper, cell);
}

static void put_seeds(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    (void)s;
    lx_cell_printf(cell, "%zu", x->n);
}

static void put_p(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    chance(x->p_t, cell);
}

static void put_holm(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    chance(x->p_holm, cell);
}

static void put_flip(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    chance(x->p_flip, cell);
}

static void put_source(const struct lx_claim_result *x, const struct lx_study *s,
                       struct lx_buf *cell)
{
    (void)s;
    lx_cell_text(cell, x->claim->source);
}

static void put_claim_and_source(const struct lx_claim_result *x, const struct lx_study *s,
                                 struct lx_buf *cell)
{
    put_claim(x, s, cell);
    lx_cell_text(cell, " [");
    lx_cell_text(cell, x->claim->source);
    lx_cell_text(cell, "]");
}

static void put_verdict_last(const struct lx_claim_result *x, const struct lx_study *s,
                             struct lx_buf *cell)
{
    (void)s;
    lx_cell_printf(cell, "%s%s", verdicts[x->verdict], x->note[0] ? " (" : "");
    lx_cell_text(cell, x->note);
    lx_cell_text(cell, x->note[0] ? ")" : "");
}

struct column {
    const char *head;
    bool p; /* the head begins with p, a quantity */
    bool right;
    void (*put)(const struct lx_claim_result *, const struct lx_study *, struct lx_buf *);
};

static const struct column wide[] = {
    {"verdict", false, false, put_verdict},      {"claim", false, false, put_claim},
    {"claimed", false, true, put_claimed},       {"effect", false, true, put_effect},
    {"95% interval", false, true, put_interval}, {"paper", false, true, put_paper},
    {"seeds", false, true, put_seeds},           {"", true, true, put_p},
    {" (Holm)", true, true, put_holm},           {" (sign flip)", true, true, put_flip},
    {"source", false, false, put_source}};
static const struct column narrow[] = {{"claim", false, false, put_claim_and_source},
                                       {"claimed", false, true, put_claimed},
                                       {"effect", false, true, put_effect},
                                       {"95% interval", false, true, put_interval},
                                       {" (Holm)", true, true, put_holm},
                                       {" (flip)", true, true, put_flip},
                                       {"verdict", false, false, put_verdict_last}};

static const struct column paged[] = {
    {"verdict", false, false, put_verdict},      {"claim", false, false, put_claim_and_source},
    {"claimed", false, true, put_claimed},       {"effect", false, true, put_effect},
    {"95% interval", false, true, put_interval}, {"paper", false, true, put_paper},
    {"seeds", false, true, put_seeds},           {" (Holm)", true, true, put_holm},
    {" (sign flip)", true, true, put_flip}};

/* The series that a claim compares, as a page shows them: "0 3". */
static void link_row(const struct lx_claim_result *x, const struct lx_study *s, struct lx_grid *g)
{
    struct lx_buf link = {0};

    lx_buf_add(&link, "");
    for (size_t i = 0; i < s->n_series; i++)
        if (lx_claim_uses(s, x->claim, i))
            lx_buf_printf(&link, "%s%zu", link.len > 0 ? " " : "", i);
    if (!link.failed)
        lx_grid_link(g, link.text, verdicts[x->verdict]);
    g->failed = g->failed || link.failed;
    lx_buf_free(&link);
}

static void fill_grid(const struct lx_claim_results *r, const struct lx_study *s,
                      const struct column *column, size_t n, struct lx_grid *g)
{
    struct lx_buf head = {0};

    for (size_t c = 0; c < n; c++) {
        lx_buf_clear(&head);
        if (column[c].p)
            lx_cell_math(&head, "p");
        lx_cell_text(&head, column[c].head);
        lx_grid_column(g, head.failed ? "" : head.text, column[c].right, 0);
    }
    lx_buf_free(&head);
    for (size_t i = 0; i < r->n && !g->failed; i++) {
        link_row(&r->item[i], s, g);
        for (size_t c = 0; c < n; c++) {
            column[c].put(&r->item[i], s, lx_grid_cell(g));
            lx_grid_put(g);
        }
    }
}

/* A line or two for each claim. */
static void write_list(const struct lx_claim_results *r, const struct lx_study *s,
                       const struct lx_grid_writer *w, struct lx_buf *out)
{
    struct lx_buf cell = {0};

    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];

        lx_buf_clear(&cell);
        lx_cell_printf(&cell, "%-9s  ", verdicts[x->verdict]);
        lx_cell_text(&cell, x->claim->id);
        lx_cell_text(&cell, ": ");
        put_claim(x, s, &cell);
        if (!cell.failed)
            w->cell(out, cell.text);
        lx_buf_add(out, "\n           ");
        lx_buf_clear(&cell);
        put_effect(x, s, &cell);
        if (!isnan(x->low)) {
            lx_cell_text(&cell, ", 95% interval ");
            interval(x, &cell);
        }
        lx_cell_text(&cell, ", claimed ");
        claimed(x->claim, &cell);
        lx_cell_printf(&cell, "; %zu seed%s", x->n, x->n == 1 ? "" : "s");
        if (!isnan(x->p_t)) {
            lx_cell_text(&cell, ", p ");
            chance(x->p_t, &cell);
            lx_cell_text(&cell, " (Holm ");
            chance(x->p_holm, &cell);
            lx_cell_text(&cell, ")");
        }
        lx_cell_text(&cell, x->note[0] ? "; " : "");
        lx_cell_text(&cell, x->note);
        if (!cell.failed)
            w->cell(out, cell.text);
        lx_buf_add(out, "\n");
    }
    out->failed = out->failed || cell.failed;
    lx_buf_free(&cell);
}

static enum lx_code write_table(const struct lx_claim_results *r, const struct lx_study *s,
                                const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err)
{
    struct lx_grid g = {.latex_size = "\\footnotesize\n  \\setlength{\\tabcolsep}{4pt}"};
    struct lx_buf caption = {0};
    enum lx_code code;

    if (w->narrow)
        fill_grid(r, s, narrow, sizeof(narrow) / sizeof(narrow[0]), &g);
    else if (w == &lx_grid_html)
        fill_grid(r, s, paged, sizeof(paged) / sizeof(paged[0]), &g);
    else
        fill_grid(r, s, wide, sizeof(wide) / sizeof(wide[0]), &g);
    lx_cell_text(&caption, "Claims of the literature, checked. ");
    explain(r, &caption);
    g.caption = lx_grid_keep(&g, &caption);
    lx_buf_free(&caption);
    code = lx_grid_check(&g, err);
    if (code == LX_OK) {
        if (w->narrow)
            g.column[0].latex = "p{0.3\\linewidth}";
        w->table(out, &g);
    }
    lx_grid_free(&g);
    return code;
}

enum lx_code lx_claims_write(const struct lx_claim_results *r, const struct lx_study *s,
                             const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err)
{
    if (w == &lx_grid_plain) {
        counts(r, out);
        lx_buf_add(out, "\n\n");
        write_list(r, s, w, out);
        return lx_buf_check(out, err);
    }
    if (!w->floats) {
        lx_buf_add(out, "## Claims\n\n");
        counts(r, out);
        lx_buf_add(out, ".\n\n");
    }
    if (write_table(r, s, w, out, err))
        return err->code;
    if (!w->floats) {
        lx_buf_add(out, "\n");
        explain(r, out);
    }
    return lx_buf_check(out, err);
}

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

static void put_data(const struct lx_claim_result *x, const struct lx_study *s, struct lx_grid *g)
{
    const struct lx_claim *c = x->claim;
    double paper = as_ratio(c) ? log(c->paper) : c->paper;
    double floor = x->n > 0 && x->n <= LX_SIGN_FLIP_MAX ? ldexp(1, -(int)x->n) : (double)NAN;
    double v[] = {c->times, c->margin, x->effect, x->low,    x->high,
                  paper,    x->p_t,    x->p_holm, x->p_flip, floor};

    lx_grid_text(g, c->id);
    lx_grid_text(g, c->text);
    lx_grid_text(g, c->source);
    lx_grid_text(g, lx_rows_name(&s->rows, x->dataset));
    lx_grid_data(g, x->train_length >= 0 ? x->train_length : (double)NAN);
    lx_grid_text(g, c->metric);
    lx_grid_text(g, unit(c));
    put_side(&c->left, g);
    lx_grid_text(g, ops[c->op]);
    put_side(&c->right, g);
    for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++)
        lx_grid_data(g, v[k]);
    lx_grid_count(g, (long long)x->n);
    lx_grid_text(g, verdicts[x->verdict]);
    lx_grid_text(g, x->note);
}

enum lx_code lx_claims_data(const struct lx_claim_results *r, const struct lx_study *s,
                            struct lx_buf *out, struct lx_err *err)
{
    static const char *const columns[] = {
        "claim",   "text",  "source", "dataset", "train_length", "metric",          "unit",
        "left",    "op",    "right",  "times",   "margin",       "effect",          "low",
        "high",    "paper", "p_t",    "p_holm",  "p_sign_flip",  "sign_flip_floor", "seeds",
        "verdict", "note"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code;

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(&g, columns[c], false, 0);
    for (size_t i = 0; i < r->n; i++)
        put_data(&r->item[i], s, &g);
    code = lx_grid_check(&g, err);
    if (code == LX_OK)
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code != LX_OK ? code : lx_buf_check(out, err);
}
