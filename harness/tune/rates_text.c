/* The table of learning rates: the best of each encoding, beside the one that is best for all. */
#include "tune/rates_text.h"

#include <math.h>
#include <string.h>

#include "text/format.h"

static const char note[] =
    ", at the training length and at the longest. Own rate: the lowest NLL at the training length, "
    "mean over datasets; common rate: the lowest mean over all encodings. In brackets the rank. A "
    "best rate at the edge of those tried is no best rate";

/* A section of a study, or a dataset of what was tuned, and its two lengths. */
struct view {
    const struct lx_rates *r;
    const struct lx_study *s;
    size_t section;
    const struct lx_tuned *tuned; /* NULL: a section */
    const char *dataset, *mode;
    int train_length;
    int lengths[2], n_lengths;
};

static double nll_of(const struct view *v, size_t item, size_t at, int length)
{
    const struct lx_rates_encoding *e = &v->r->item[item];
    const struct lx_tuned_place place = {.dataset = v->dataset,
                                         .mode = v->mode,
                                         .train_length = v->train_length,
                                         .eval_length = v->lengths[length]};

    if (v->tuned != NULL)
        return lx_tuned_try_nll(v->tuned, e, at, &place);
    return at < e->n ? lx_rates_nll(v->s, v->section, e->id[at], v->lengths[length]) : (double)NAN;
}

/* The try of an item that a column shows. */
static size_t try_of(const struct view *v, size_t item, bool common)
{
    return common ? lx_rates_common(v->r, item) : v->r->item[item].best;
}

/* 1 and the number of items that are lower. */
static int rank_of(const struct view *v, size_t item, bool common, int length)
{
    double own = nll_of(v, item, try_of(v, item, common), length);
    int rank = 1;

    for (size_t i = 0; i < v->r->n; i++)
        rank += nll_of(v, i, try_of(v, i, common), length) < own;
    return rank;
}

static void put_nll(struct lx_grid *g, double nll, int rank)
{
    struct lx_buf *cell = lx_grid_cell(g);

    if (isfinite(nll))
        lx_cell_printf(cell, "%.4f (%d)", nll, rank);
    else if (isnan(nll))
        lx_cell_symbol(cell, LX_NONE);
    else
        lx_cell_text(cell, "diverged");
    lx_grid_put(g);
}

static void put_rate(struct lx_grid *g, double rate)
{
    char number[40];

    lx_number_text(rate, number, sizeof(number));
    lx_grid_text(g, number);
}

static void add_row(const struct view *v, size_t item, struct lx_grid *g)
{
    const struct lx_rates_encoding *e = &v->r->item[item];

    lx_grid_text(g, e->encoding);
    if (e->best < e->n) {
        put_rate(g, e->try[e->best].lr);
        put_rate(g, e->try[e->best].array_lr);
    } else {
        lx_grid_text(g, "");
        lx_grid_text(g, "");
    }
    for (int common = 0; common < 2; common++)
        for (int k = 0; k < v->n_lengths; k++)
            put_nll(g, nll_of(v, item, try_of(v, item, common), k), rank_of(v, item, common, k));
    lx_grid_text(g, e->edge ? "at the edge" : "");
}

static void add_columns(const struct view *v, struct lx_grid *g)
{
    static const char *const who[] = {"own", "common"};
    lx_grid_column(g, "encoding", false, 0);
    lx_grid_column(g, "lr", true, 0);
    lx_grid_column(g, "array_lr", true, 0);
    for (int common = 0; common < 2; common++)
        for (int k = 0; k < v->n_lengths; k++) {
            struct lx_buf head = {0};
            char multiple[24];

            lx_format_multiple(v->lengths[k], v->train_length, multiple);
            lx_cell_printf(&head, "%s rate, ", who[common]);
            lx_cell_multiple(&head, multiple);
            lx_grid_column(g, lx_grid_keep(g, &head), true, 0);
            lx_buf_free(&head);
        }
    lx_grid_column(g, "best rate", false, 0);
}

static void name_view(const struct view *v, struct lx_buf *caption)
{
    lx_cell_text(caption,
                 v->tuned != NULL ? "Learning rates, as tuning found them: " : "Learning rates: ");
    if (v->tuned != NULL) {
        lx_cell_text(caption, v->dataset);
        lx_cell_printf(caption, ", trained at %d tokens", v->train_length);
    } else {
        lx_cell_text(caption, v->s->section[v->section].title);
        lx_cell_text(caption, ", ");
        lx_cell_text(caption, v->s->section[v->section].detail);
    }
}

static enum lx_code write_view(const struct view *v, const struct lx_grid_writer *w,
                               struct lx_buf *out, struct lx_err *err)
{
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf caption = {0};
    enum lx_code code;

    add_columns(v, &g);
    for (size_t i = 0; i < v->r->n; i++)
        add_row(v, i, &g);
    name_view(v, &caption);
    lx_cell_text(&caption, ". ");
    lx_cell_text(&caption, strcmp(v->mode, "answers") == 0
                               ? "NLL of the answer in nats"
                               : "NLL in nats over the last tokens of each window");
    lx_cell_text(&caption, note);
    if (isfinite(v->r->common)) {
        char number[40];

        lx_number_text(v->r->common, number, sizeof(number));
        lx_cell_text(&caption, ". Common rate: ");
        lx_cell_text(&caption, number);
        lx_cell_text(&caption, v->r->common_edge ? ", at the edge of those tried by all" : "");
    }
    lx_cell_text(&caption, ".");
    g.caption = lx_grid_keep(&g, &caption);
    code = lx_grid_check(&g, err);
    if (code != LX_OK)
        goto done;
    if (!w->floats) {
        lx_buf_add(out, "\n");
        w->cell(out, g.caption);
        lx_buf_add(out, "\n\n");
    }
    w->table(out, &g);
done:
    lx_buf_free(&caption);
    lx_grid_free(&g);
    return code;
}

enum lx_code lx_rates_write(const struct lx_rates *r, const struct lx_study *s,
                            const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err)
{
    for (size_t k = 0; k < s->n_sections; k++) {
        const struct lx_section *sec = &s->section[k];
        struct view v = {.s = s,
                         .r = r,
                         .section = k,
                         .mode = lx_rows_name(&s->rows, sec->mode),
                         .train_length = sec->train_length,
                         .n_lengths = 1};

        if (!lx_rates_section(s, k))
            continue;
        v.lengths[0] = sec->train_length;
        v.lengths[1] = lx_rates_longest(s, k);
        v.n_lengths += v.lengths[1] != v.lengths[0];
        if (write_view(&v, w, out, err))
            return err->code;
    }
    return lx_buf_check(out, err);
}

/* Whether a row is the first of its dataset and training length; *longest is the longest length there. */
static bool begins_view(const struct lx_tuned *t, size_t i, int *longest)
{
    const struct lx_tuned_row *x = &t->row[i];

    *longest = 0;
    for (size_t k = 0; k < t->n_rows; k++) {
        const struct lx_tuned_row *y = &t->row[k];

        if (strcmp(x->dataset, y->dataset) != 0 || x->train_length != y->train_length ||
            strcmp(y->mode, x->mode) != 0)
            continue;
        if (k < i)
            return false;
        *longest = y->eval_length > *longest ? y->eval_length : *longest;
    }
    return lx_rates_mode(x->mode);
}

enum lx_code lx_tuned_write(const struct lx_tuned *t, const struct lx_grid_writer *w,
                            struct lx_buf *out, struct lx_err *err)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct lx_tuned_row *x = &t->row[i];
        struct view v = {.r = &t->rates,
                         .tuned = t,
                         .dataset = x->dataset,
                         .mode = x->mode,
                         .train_length = x->train_length,
                         .lengths = {x->train_length},
                         .n_lengths = 1};

        if (!begins_view(t, i, &v.lengths[1]))
            continue;
        v.n_lengths += v.lengths[1] > v.lengths[0];
        if (write_view(&v, w, out, err))
            return err->code;
    }
    return lx_buf_check(out, err);
}

static void add_data(const struct lx_study *s, size_t section, const struct lx_rates_encoding *e,
                     size_t at, int length, struct lx_grid *g)
{
    const struct lx_section *sec = &s->section[section];
    double nll = lx_rates_nll(s, section, e->id[at], length);
    bool diverged = !isfinite(nll) && !isnan(nll);

    lx_grid_text(g, lx_rows_name(&s->rows, sec->dataset));
    lx_grid_text(g, lx_rows_name(&s->rows, sec->split));
    lx_grid_count(g, sec->train_length);
    lx_grid_text(g, lx_rows_name(&s->rows, sec->mode));
    lx_grid_text(g, e->encoding);
    lx_grid_data(g, e->try[at].lr);
    lx_grid_data(g, e->try[at].array_lr);
    lx_grid_count(g, length);
    lx_grid_data(g, diverged ? (double)NAN : nll);
    lx_grid_text(g, diverged ? "diverged" : isnan(nll) ? "not_applicable" : "ok");
    lx_grid_text(g, at != e->best ? "" : e->edge ? "edge" : "best");
}

enum lx_code lx_rates_data(const struct lx_rates *r, const struct lx_study *s, struct lx_buf *out,
                           struct lx_err *err)
{
    static const char *const columns[] = {"dataset",  "split",  "train_length", "mode",
                                          "encoding", "lr",     "array_lr",     "eval_length",
                                          "nll",      "status", "choice"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        lx_grid_column(&g, columns[i], false, 0);
    for (size_t k = 0; k < s->n_sections; k++)
        for (size_t i = 0; i < r->n; i++)
            for (size_t t = 0; t < r->item[i].n; t++)
                for (int length = 0; (length = lx_rates_longer(s, k, length)) > 0;)
                    add_data(s, k, &r->item[i], t, length, &g);
    if (lx_grid_check(&g, err))
        code = err->code;
    else
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code == LX_OK ? lx_buf_check(out, err) : code;
}
