/* The primary claims of several studies as one family of tests: one table, Holm over all of them. */
#include <math.h>
#include <string.h>

#include "core/log.h"
#include "report/claims_cells.h"
#include "report/report.h"
#include "report/report_internal.h"
#include "verdict/registration.h"

/* The folders, and what each said by itself. */
struct family {
    struct lx_arena arena;
    struct lx_report_folder *folder; /* (n) */
    struct lx_registration *registration;
    struct lx_claim_results **results;
    enum lx_claim_verdict **alone; /* of every result, in its own folder */
    size_t n, loaded;
    size_t primary, changed, verdict[4];
};

static enum lx_code allocate(struct family *f, size_t n, struct lx_err *err)
{
    f->n = n;
    if (lx_arena_get(&f->arena, n, sizeof(*f->folder), &f->folder, "the studies", err) ||
        lx_arena_get(&f->arena, n, sizeof(*f->registration), &f->registration, "the studies",
                     err) ||
        lx_arena_get(&f->arena, n, sizeof(*f->results), &f->results, "the studies", err) ||
        lx_arena_get(&f->arena, n, sizeof(*f->alone), &f->alone, "the studies", err))
        return err->code;
    return LX_OK;
}

static enum lx_code load(struct family *f, const char *dir, struct lx_err *err)
{
    size_t i = f->loaded++;
    const struct lx_claim_results *r = &f->folder[i].claims;

    f->folder[i].dir = dir;
    f->results[i] = &f->folder[i].claims;
    if (lx_report_load(dir, &f->folder[i], err) ||
        lx_registration_read(&f->registration[i], dir, err) ||
        lx_arena_get(&f->arena, r->n + 1, sizeof(*f->alone[i]), &f->alone[i], "verdicts", err))
        return err->code;
    for (size_t k = 0; k < r->n; k++)
        f->alone[i][k] = r->item[k].verdict;
    if (r->n == 0)
        lx_log("%s: no claims", dir);
    return LX_OK;
}

/* The same numbers twice would count twice. */
static enum lx_code check_twice(char **dir, size_t n, struct lx_err *err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(dir[i], dir[k]) == 0)
                return lx_fail(err, LX_EUSAGE, "%s: must be given once, got it twice", dir[i]);
    return LX_OK;
}

static const char *protocol_of(const struct lx_report_folder *x)
{
    return lx_rows_name(&x->study.rows, x->study.rows.row[0].protocol);
}

static bool is_primary(const struct lx_claim_result *r)
{
    return r->claim->role == LX_CLAIM_PRIMARY;
}

static void count(struct family *f)
{
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->results[i]->n; k++) {
            const struct lx_claim_result *r = &f->results[i]->item[k];

            if (!is_primary(r))
                continue;
            f->primary++;
            f->verdict[r->verdict]++;
            f->changed += r->verdict != f->alone[i][k];
        }
}

/* ------------------------------------------------------------------------------------- the table */

static enum lx_code mark_of(const struct family *f, size_t i, const struct lx_claim_result *r,
                            struct lx_buf *out, struct lx_err *err)
{
    const struct lx_json *v = lx_json_first(lx_json_find(f->folder[i].config, "claims"));

    for (; v != NULL; v = lx_json_next(v)) {
        const char *id = lx_json_text(lx_json_find(v, "id"));

        if (id != NULL && strcmp(id, r->claim->id) == 0)
            return lx_registration_mark(&f->registration[i], v, out, err);
    }
    return LX_OK;
}

static void put_claim(const struct family *f, size_t i, size_t k, struct lx_grid *g)
{
    const struct lx_claim_result *r = &f->results[i]->item[k];
    struct lx_buf *cell = lx_grid_cell(g);

    lx_cell_text(cell, r->claim->id);
    lx_cell_text(cell, ": ");
    lx_cell_text(cell, r->claim->text);
    lx_cell_scope(r, &f->folder[i].study, cell);
    lx_grid_put(g);
    lx_cell_claimed(r, lx_grid_cell(g));
    lx_grid_put(g);
    cell = lx_grid_cell(g);
    lx_cell_effect(r->claim, r->view.effect, cell);
    lx_cell_text(cell, lx_claim_unit_after(r->claim));
    lx_grid_put(g);
    lx_cell_interval(r->claim, &r->view, lx_grid_cell(g));
    lx_grid_put(g);
    lx_cell_chance(r->p, lx_grid_cell(g));
    lx_grid_put(g);
    lx_cell_chance(r->p_holm, lx_grid_cell(g));
    lx_grid_put(g);
    cell = lx_grid_cell(g);
    lx_cell_verdict(r, cell);
    lx_cell_text(cell, r->note[0] != '\0' ? ": " : "");
    lx_cell_text(cell, r->note);
    if (r->verdict != f->alone[i][k])
        lx_cell_printf(cell, " (in its own folder: %s)", lx_verdict_word(f->alone[i][k]));
    lx_grid_put(g);
}

static enum lx_code fill(const struct family *f, struct lx_grid *g, struct lx_err *err)
{
    static const struct {
        const char *head;
        bool right;
    } columns[] = {{"study", false},        {"claim", false},       {"claimed", true},
                   {"effect", true},        {"95% interval", true}, {"p", true},
                   {"p (Holm, all)", true}, {"verdict", false},     {"registration", false}};

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(g, columns[c].head, columns[c].right, 0);
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->results[i]->n; k++) {
            const struct lx_claim_result *r = &f->results[i]->item[k];
            struct lx_buf mark = {0};

            if (!is_primary(r))
                continue;
            lx_grid_text(g, f->folder[i].dir);
            put_claim(f, i, k, g);
            if (mark_of(f, i, r, &mark, err)) {
                lx_buf_free(&mark);
                return err->code;
            }
            lx_grid_text(g, mark.len > 0 ? mark.text : "before the first cell");
            lx_buf_free(&mark);
        }
    return lx_grid_check(g, err);
}

/* Rows for programs: numbers in full, without units. */
static enum lx_code fill_data(const struct family *f, struct lx_grid *g, struct lx_err *err)
{
    static const char *const columns[] = {
        "study",        "experiment", "protocol",      "claim", "text",        "source", "dataset",
        "train_length", "unit",       "effect",        "low",   "high",        "p",      "p_holm",
        "seeds",        "verdict",    "verdict_alone", "note",  "registration"};

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(g, columns[c], false, 0);
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->results[i]->n; k++) {
            const struct lx_claim_result *r = &f->results[i]->item[k];
            const struct lx_rows *rows = &f->folder[i].study.rows;
            const double v[] = {r->view.effect, r->view.low, r->view.high, r->p, r->p_holm};
            struct lx_buf mark = {0};

            if (!is_primary(r))
                continue;
            lx_grid_text(g, f->folder[i].dir);
            lx_grid_text(g, lx_rows_name(rows, rows->row[0].experiment));
            lx_grid_text(g, protocol_of(&f->folder[i]));
            lx_grid_text(g, r->claim->id);
            lx_grid_text(g, r->claim->text);
            lx_grid_text(g, r->claim->source);
            lx_grid_text(g, lx_rows_name(rows, r->dataset));
            lx_grid_data(g, r->train_length >= 0 ? r->train_length : (double)NAN);
            lx_grid_text(g, lx_claim_unit(r->claim));
            for (size_t c = 0; c < sizeof(v) / sizeof(v[0]); c++)
                lx_grid_data(g, v[c]);
            lx_grid_count(g, (long long)r->view.seeds);
            lx_grid_text(g, lx_verdict_word(r->verdict));
            lx_grid_text(g, lx_verdict_word(f->alone[i][k]));
            lx_grid_text(g, r->note);
            if (mark_of(f, i, r, &mark, err)) {
                lx_buf_free(&mark);
                return err->code;
            }
            lx_grid_text(g, mark.len > 0 ? mark.text : "");
            lx_buf_free(&mark);
        }
    return lx_grid_check(g, err);
}

/* What the family is, and what it changes. */
static void explain(const struct family *f, struct lx_buf *out)
{
    lx_buf_printf(out,
                  "%zu primary claim%s of %zu stud%s: %zu hold, %zu fail, %zu undecided, %zu not "
                  "testable; Holm's correction over all of them, %zu verdict%s changed by it.",
                  f->primary, f->primary == 1 ? "" : "s", f->n, f->n == 1 ? "y" : "ies",
                  f->verdict[LX_CLAIM_HOLDS], f->verdict[LX_CLAIM_FAILS],
                  f->verdict[LX_CLAIM_UNDECIDED], f->verdict[LX_CLAIM_NOT_TESTABLE], f->changed,
                  f->changed == 1 ? "" : "s");
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(protocol_of(&f->folder[i]), protocol_of(&f->folder[0])) != 0) {
            lx_buf_printf(out, " Protocols differ: %s has %s, %s has %s.", f->folder[0].dir,
                          protocol_of(&f->folder[0]), f->folder[i].dir, protocol_of(&f->folder[i]));
            return;
        }
}

static enum lx_code write(const struct family *f, const struct lx_grid_writer *w,
                          struct lx_buf *out, struct lx_err *err)
{
    struct lx_grid g = {.latex_size = "\\footnotesize\n  \\setlength{\\tabcolsep}{4pt}"};
    struct lx_buf words = {0}, caption = {0};
    bool data = w == &lx_grid_csv;
    enum lx_code code;

    explain(f, &words);
    if ((data ? fill_data(f, &g, err) : fill(f, &g, err)) || lx_buf_check(&words, err)) {
        code = err->code;
    } else {
        lx_cell_text(&caption, words.text);
        g.caption = lx_grid_keep(&g, &caption);
        if (!data && !w->floats) {
            w->text(out, words.text);
            lx_buf_add(out, "\n\n");
        }
        w->table(out, &g);
        code = lx_grid_check(&g, err) ? err->code : lx_buf_check(out, err);
    }
    lx_buf_free(&words);
    lx_buf_free(&caption);
    lx_grid_free(&g);
    return code;
}

static enum lx_code judge(struct family *f, char **dir, size_t n, struct lx_err *err)
{
    if (check_twice(dir, n, err) || allocate(f, n, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (load(f, dir[i], err))
            return err->code;
    if (lx_claims_family(f->results, n, &f->arena, err))
        return err->code;
    count(f);
    for (size_t i = 1; i < n; i++)
        if (strcmp(protocol_of(&f->folder[i]), protocol_of(&f->folder[0])) != 0)
            lx_log("warning: %s is of protocol %s, %s of %s: their numbers are not of one kind",
                   dir[0], protocol_of(&f->folder[0]), dir[i], protocol_of(&f->folder[i]));
    return f->primary > 0 ? LX_OK : lx_fail(err, LX_EDATA, "no primary claims in these folders");
}

enum lx_code lx_verdicts_write(char **dir, size_t n, const struct lx_grid_writer *w,
                               struct lx_buf *out, struct lx_err *err)
{
    struct family f = {.n = 0};
    enum lx_code code = LX_OK;

    if (judge(&f, dir, n, err) || write(&f, w, out, err))
        code = err->code;
    for (size_t i = 0; i < f.loaded; i++) {
        lx_report_unload(&f.folder[i]);
        lx_registration_free(&f.registration[i]);
    }
    lx_arena_free(&f.arena);
    return code;
}
