/* The claims: a table to read, a list for a terminal. */
#include <math.h>
#include <string.h>

#include "report/claims_cells.h"
#include "report/report_tables.h"
#include "stats/stats.h"

/* "5 primary claims: 2 hold, 1 fails, 1 undecided, 1 not testable"; the role is left out where all are
 * primary. */
static void count_role(const struct lx_claim_results *r, int role, bool named, struct lx_buf *out)
{
    int n[4] = {0}, all = 0;

    for (size_t i = 0; i < r->n; i++)
        if (r->item[i].claim->role == role) {
            n[r->item[i].verdict]++;
            all++;
        }
    if (all == 0)
        return;
    lx_buf_printf(out, "%s%d %s%s%s: %d hold%s, %d fail%s, %d undecided", out->len > 0 ? "; " : "",
                  all, named ? lx_role_word(role) : "", named ? " " : "",
                  all == 1 ? "claim" : "claims", n[LX_CLAIM_HOLDS],
                  n[LX_CLAIM_HOLDS] == 1 ? "s" : "", n[LX_CLAIM_FAILS],
                  n[LX_CLAIM_FAILS] == 1 ? "s" : "", n[LX_CLAIM_UNDECIDED]);
    if (n[LX_CLAIM_NOT_TESTABLE] > 0)
        lx_buf_printf(out, ", %d not testable", n[LX_CLAIM_NOT_TESTABLE]);
}

void lx_claims_count(const struct lx_claim_results *r, struct lx_buf *out)
{
    struct lx_buf text = {0};
    bool named = false;

    for (size_t i = 0; i < r->n; i++)
        named |= r->item[i].claim->role != LX_CLAIM_PRIMARY;
    for (int role = LX_CLAIM_PRIMARY; role <= LX_CLAIM_CONTROL; role++)
        count_role(r, role, named, &text);
    lx_buf_add(out, text.failed || text.len == 0 ? "" : text.text);
    out->failed = out->failed || text.failed;
    lx_buf_free(&text);
}

/* The most seeds that were paired in one claim: what the sign-flip test can reach. */
static size_t most_paired(const struct lx_claim_results *r)
{
    size_t most = 0;

    for (size_t i = 0; i < r->n; i++)
        most = r->item[i].view.paired > most ? r->item[i].view.paired : most;
    return most;
}

static void explain(const struct lx_claim_results *r, struct lx_buf *out)
{
    size_t most = most_paired(r);
    bool text = false;

    for (size_t i = 0; i < r->n; i++)
        text |= r->item[i].view.text;
    lx_buf_add(out,
               "Effect: left side over right side (perplexities), or left minus right; where a "
               "plain number is claimed, the\n"
               "value itself. Mean over seeds with its 95% interval");
    lx_buf_add(out, text ? ": over more seeds and more text like these texts, or over seeds "
                           "alone, as it says.\n"
                         : ", over seeds alone: other text may say otherwise.\n");
    if (r->old)
        lx_buf_add(out, "Protocol longshot-1: no sums by block of text, and claims that name no "
                        "view look at non-overlapping windows.\n");
    lx_buf_add(out,
               "A claim holds (fails) if the effect lies on the claimed (other) side of the bound "
               "with p < 0.05, primary claims after Holm's\n"
               "correction over all primary claims here; it is undecided otherwise, and not "
               "testable where a premise is not met. Perplexities\n"
               "without a view must show it in both, last and non-overlapping. p: two-sided, that "
               "the effect is at the bound; seeds: how many\n"
               "are on the claimed side; sign flip: exact over paired seeds, one-sided towards the "
               "claim");
    if (most == 0 || most > LX_SIGN_FLIP_MAX)
        lx_buf_add(out, ".\n");
    else
        lx_buf_printf(out, ";\nwith %zu seed%s it cannot be below %.3g%s.\n", most,
                      most == 1 ? "" : "s", ldexp(1, -(int)most),
                      most < 5 ? ", so few seeds can decide large effects only" : "");
}

/* The columns of a table, each with what fills it. */
static void put_verdict(const struct lx_claim_result *x, const struct lx_study *s,
                        struct lx_buf *cell)
{
    (void)s;
    lx_cell_verdict(x, cell);
    lx_cell_text(cell, x->note[0] ? ": " : "");
    lx_cell_text(cell, x->note);
}

static void put_role(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    lx_cell_text(cell, x->claim->role == LX_CLAIM_PRIMARY ? "" : lx_role_word(x->claim->role));
}

static void put_claim(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    lx_cell_text(cell, x->claim->text);
    lx_cell_scope(x, s, cell);
}

static void put_premise(const struct lx_claim_result *x, const struct lx_study *s,
                        struct lx_buf *cell)
{
    (void)s;
    lx_cell_premises(x->claim, cell);
}

static void put_claimed(const struct lx_claim_result *x, const struct lx_study *s,
                        struct lx_buf *cell)
{
    (void)s;
    lx_cell_claimed(x, cell);
}

static void put_effect(const struct lx_claim_result *x, const struct lx_study *s,
                       struct lx_buf *cell)
{
    (void)s;
    lx_cell_effect(x->claim, x->view.effect, cell);
    lx_cell_text(cell, isnan(x->view.effect) ? "" : lx_claim_unit_after(x->claim));
}

static void put_interval(const struct lx_claim_result *x, const struct lx_study *s,
                         struct lx_buf *cell)
{
    (void)s;
    lx_cell_interval(x->claim, &x->view, cell);
}

static void put_kind(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    lx_cell_text(cell, lx_interval_word(&x->view));
}

/* "non-overlapping x0.985, x0.97 to x0.99" */
static void put_other(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    (void)s;
    if (x->other.mode == NULL)
        return;
    lx_cell_printf(cell, "%s ", lx_view_word(&x->other));
    lx_cell_effect(x->claim, x->other.effect, cell);
    if (isnan(x->other.low))
        return;
    lx_cell_text(cell, ", ");
    lx_cell_interval(x->claim, &x->other, cell);
}

static void put_paper(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    double paper = x->claim->paper;

    (void)s;
    lx_cell_effect(x->claim, lx_claim_as_ratio(x->claim) ? log(paper) : paper, cell);
    lx_cell_text(cell, x->paper_beyond ? " (on the other side)" : "");
}

/* "5 of 5" on the claimed side; where no seeds are paired, how many there are. */
static void put_seeds(const struct lx_claim_result *x, const struct lx_study *s,
                      struct lx_buf *cell)
{
    (void)s;
    if (x->view.paired > 0)
        lx_cell_printf(cell, "%zu of %zu", x->view.agree, x->view.paired);
    else
        lx_cell_printf(cell, "%zu", x->view.seeds);
}

static void put_p(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    lx_cell_chance(x->p, cell);
}

static void put_holm(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    lx_cell_chance(x->p_holm, cell);
}

static void put_flip(const struct lx_claim_result *x, const struct lx_study *s, struct lx_buf *cell)
{
    (void)s;
    lx_cell_chance(x->view.p_flip, cell);
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
    put_role(x, s, cell);
    lx_cell_text(cell, x->claim->role == LX_CLAIM_PRIMARY ? "" : ": ");
    lx_cell_verdict(x, cell);
    lx_cell_text(cell, x->note[0] ? " (" : "");
    lx_cell_text(cell, x->note);
    lx_cell_text(cell, x->note[0] ? ")" : "");
}

static void put_effect_and_interval(const struct lx_claim_result *x, const struct lx_study *s,
                                    struct lx_buf *cell)
{
    put_effect(x, s, cell);
    if (isnan(x->view.low))
        return;
    lx_cell_text(cell, ", ");
    put_interval(x, s, cell);
}

typedef void put_cell(const struct lx_claim_result *, const struct lx_study *, struct lx_buf *);

struct column {
    const char *head;
    bool p; /* the head begins with p, a quantity */
    bool right;
    bool optional; /* left out where no claim has anything for it */
    put_cell *put;
};

static const struct column wide[] = {{"verdict", false, false, false, put_verdict},
                                     {"role", false, false, true, put_role},
                                     {"claim", false, false, false, put_claim},
                                     {"premise", false, false, true, put_premise},
                                     {"claimed", false, true, false, put_claimed},
                                     {"effect", false, true, false, put_effect},
                                     {"95% interval", false, true, false, put_interval},
                                     {"over", false, false, true, put_kind},
                                     {"other view", false, false, true, put_other},
                                     {"paper", false, true, false, put_paper},
                                     {"seeds", false, true, false, put_seeds},
                                     {"", true, true, false, put_p},
                                     {" (Holm)", true, true, false, put_holm},
                                     {" (sign flip)", true, true, false, put_flip},
                                     {"source", false, false, false, put_source}};
static const struct column narrow[] = {
    {"claim", false, false, false, put_claim_and_source},
    {"claimed", false, true, false, put_claimed},
    {"effect, 95% interval", false, false, false, put_effect_and_interval},
    {"other view", false, false, true, put_other},
    {" (Holm)", true, true, false, put_holm},
    {"seeds", false, true, false, put_seeds},
    {"verdict", false, false, false, put_verdict_last}};

static const struct column paged[] = {{"verdict", false, false, false, put_verdict_last},
                                      {"claim", false, false, false, put_claim_and_source},
                                      {"premise", false, false, true, put_premise},
                                      {"claimed", false, true, false, put_claimed},
                                      {"effect", false, true, false, put_effect},
                                      {"95% interval", false, true, false, put_interval},
                                      {"over", false, false, true, put_kind},
                                      {"other view", false, false, true, put_other},
                                      {"paper", false, true, false, put_paper},
                                      {"seeds", false, true, false, put_seeds},
                                      {" (Holm)", true, true, false, put_holm},
                                      {" (sign flip)", true, true, false, put_flip}};

static bool is_wanted(const struct lx_claim_results *r, const struct lx_study *s,
                      const struct column *column, struct lx_grid *g)
{
    bool wanted = !column->optional;
    struct lx_buf cell = {0};

    for (size_t i = 0; i < r->n && !wanted; i++) {
        lx_buf_clear(&cell);
        column->put(&r->item[i], s, &cell);
        wanted = cell.len > 0;
    }
    g->failed = g->failed || cell.failed;
    lx_buf_free(&cell);
    return wanted;
}

/* The series that a claim compares, as a page shows them: "0 3". */
static void link_row(const struct lx_claim_result *x, const struct lx_study *s, struct lx_grid *g)
{
    struct lx_buf link = {0};

    lx_buf_add(&link, "");
    for (size_t i = 0; i < s->n_series; i++)
        if (lx_claim_uses(s, x->claim, i))
            lx_buf_printf(&link, "%s%zu", link.len > 0 ? " " : "", i);
    if (!link.failed)
        lx_grid_link(
            g, link.text,
            lx_verdict_word(x->verdict == LX_CLAIM_NOT_TESTABLE ? LX_CLAIM_UNDECIDED : x->verdict));
    g->failed = g->failed || link.failed;
    lx_buf_free(&link);
}

/* What breaks its lines in a paper: the type of its column. */
static const char *latex_of(put_cell *put)
{
    return put == put_claim_and_source                          ? "p{0.3\\linewidth}"
           : put == put_verdict_last                            ? "p{0.16\\linewidth}"
           : put == put_other || put == put_effect_and_interval ? "p{0.15\\linewidth}"
                                                                : NULL;
}

static void fill_grid(const struct lx_claim_results *r, const struct lx_study *s,
                      const struct column *column, size_t n, struct lx_grid *g)
{
    const struct column *wanted[sizeof(wide) / sizeof(wide[0])]; /* the longest list */
    struct lx_buf head = {0};
    size_t n_wanted = 0;

    for (size_t c = 0; c < n; c++) {
        if (!is_wanted(r, s, &column[c], g))
            continue;
        wanted[n_wanted++] = &column[c];
        if (column[c].p)
            lx_cell_math(&head, "p");
        lx_cell_text(&head, column[c].head);
        lx_grid_column(g, lx_grid_keep(g, &head), column[c].right, 0);
        if (!g->failed)
            g->column[g->n_columns - 1].latex = latex_of(column[c].put);
    }
    lx_buf_free(&head);
    for (size_t i = 0; i < r->n && !g->failed; i++) {
        link_row(&r->item[i], s, g);
        for (size_t c = 0; c < n_wanted; c++) {
            wanted[c]->put(&r->item[i], s, lx_grid_cell(g));
            lx_grid_put(g);
        }
    }
}

/* "4 of 5 seeds, p 0.01 (Holm 0.03)" */
static void list_evidence(const struct lx_claim_result *x, const struct lx_study *s,
                          struct lx_buf *cell)
{
    put_seeds(x, s, cell);
    lx_cell_text(cell, x->view.paired == 1 || (x->view.paired == 0 && x->view.seeds == 1)
                           ? " seed"
                           : " seeds");
    if (isnan(x->p))
        return;
    lx_cell_text(cell, ", p ");
    lx_cell_chance(x->p, cell);
    if (isnan(x->p_holm))
        return;
    lx_cell_text(cell, " (Holm ");
    lx_cell_chance(x->p_holm, cell);
    lx_cell_text(cell, ")");
}

static void list_numbers(const struct lx_claim_result *x, const struct lx_study *s,
                         struct lx_buf *cell)
{
    put_effect(x, s, cell);
    if (!isnan(x->view.low)) {
        lx_cell_text(cell, ", 95% interval ");
        lx_cell_interval(x->claim, &x->view, cell);
        lx_cell_printf(cell, " (%s)", lx_interval_word(&x->view));
    }
    lx_cell_text(cell, ", claimed ");
    lx_cell_claimed(x, cell);
    lx_cell_text(cell, "; ");
    list_evidence(x, s, cell);
    lx_cell_text(cell, x->other.mode != NULL ? "; " : "");
    put_other(x, s, cell);
    if (x->paper_beyond) {
        lx_cell_text(cell, "; the paper's own number is on the other side: ");
        lx_cell_effect(x->claim,
                       lx_claim_as_ratio(x->claim) ? log(x->claim->paper) : x->claim->paper, cell);
    }
    lx_cell_text(cell, x->note[0] ? "; " : "");
    lx_cell_text(cell, x->note);
}

/* Two lines for each claim. */
static void write_list(const struct lx_claim_results *r, const struct lx_study *s,
                       const struct lx_grid_writer *w, struct lx_buf *out)
{
    struct lx_buf cell = {0};

    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];

        lx_buf_clear(&cell);
        lx_cell_printf(&cell, "%-9s  ", lx_verdict_word(x->verdict));
        lx_cell_text(&cell, x->claim->id);
        if (lx_claim_in_one_view(x))
            lx_cell_printf(&cell, " (%s only)", lx_view_word(&x->view));
        if (x->claim->role != LX_CLAIM_PRIMARY)
            lx_cell_printf(&cell, " (%s)", lx_role_word(x->claim->role));
        lx_cell_text(&cell, ": ");
        put_claim(x, s, &cell);
        if (!cell.failed)
            w->cell(out, cell.text);
        lx_buf_add(out, "\n           ");
        lx_buf_clear(&cell);
        list_numbers(x, s, &cell);
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
    enum lx_code code = LX_OK;

    if (w->narrow)
        fill_grid(r, s, narrow, sizeof(narrow) / sizeof(narrow[0]), &g);
    else if (w == &lx_grid_html)
        fill_grid(r, s, paged, sizeof(paged) / sizeof(paged[0]), &g);
    else
        fill_grid(r, s, wide, sizeof(wide) / sizeof(wide[0]), &g);
    lx_cell_text(&caption, "Claims of the literature, checked. ");
    explain(r, &caption);
    g.caption = lx_grid_keep(&g, &caption);
    lx_grid_label(&g, lx_study_name(s), "claims", "");
    lx_buf_free(&caption);
    if (lx_grid_check(&g, err))
        code = err->code;
    else
        w->table(out, &g);
    lx_grid_free(&g);
    return code;
}

enum lx_code lx_claims_write(const struct lx_claim_results *r, const struct lx_study *s,
                             const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err)
{
    if (w == &lx_grid_plain) {
        lx_claims_count(r, out);
        lx_buf_add(out, "\n\n");
        write_list(r, s, w, out);
        return lx_buf_check(out, err);
    }
    if (!w->floats) {
        lx_buf_add(out, "## Claims\n\n");
        lx_claims_count(r, out);
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
