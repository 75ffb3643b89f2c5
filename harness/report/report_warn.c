/* What whoever reads a report should know beforehand, on stderr. */
#include "core/log.h"
#include "report/report_internal.h"
#include "report/table.h"
#include "study/kinds.h"

/* Once for what was trained alike, whichever way it was read. */
static void warn_marks(const char *dir, const struct lx_study *s)
{
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *a = &s->section[i], *b = i > 0 ? a - 1 : NULL;

        if (b != NULL && a->dataset == b->dataset && a->train_length == b->train_length)
            continue;
        for (int m = 0; m < LX_MARKS; m++) {
            struct lx_buf text = {0};

            if (lx_table_mark(s, i, (enum lx_table_mark)m, "", lx_grid_plain.text, &text) &&
                !text.failed)
                lx_log("warning: %s: %s: %s", dir, lx_rows_name(&s->rows, a->dataset), text.text);
            lx_buf_free(&text);
        }
    }
}

/* A paper whose own number contradicts what it is said to claim: most likely the claim is not its own. */
static void warn_papers(const char *dir, const struct lx_claim_results *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->item[i].paper_beyond && (i == 0 || r->item[i - 1].claim != r->item[i].claim))
            lx_log("warning: %s: claim %s: the paper's own number, %g, is on the other side of the "
                   "bound",
                   dir, r->item[i].claim->id, r->item[i].claim->paper);
}

/* Whoever takes such a rate for the best should know. */
static void warn_edges(const char *dir, const struct lx_rates *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_rates_encoding *e = &r->item[i];

        if (e->edge)
            lx_log("warning: %s: %s: the best rate, %g, is the %s tried", dir, e->encoding,
                   e->try[e->best].lr,
                   lx_rate_beside(e->try, e->n, e->best, -1) == e->n ? "lowest" : "highest");
    }
}

void lx_report_warn(const struct lx_report_folder *f)
{
    warn_marks(f->dir, &f->study);
    warn_edges(f->dir, &f->rates);
    lx_kinds_tell(f->dir);
    warn_papers(f->dir, &f->claims);
}
