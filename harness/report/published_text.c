/* Published tables beside ours. A paper's length stands beside our evaluation length at the nearest
 * multiple of the training length, if that is within 5%; every dataset of ours, and every training
 * length (or the paper's own alone, if we have it), gets a table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report_tables.h"
#include "text/format.h"

/* The tables that stand for one published table: sections of ours, as dataset and training length. */
struct scope {
    int dataset, train_length;
};

/* Ours beside one published number. */
struct beside {
    int length; /* 0: we have none near enough */
    struct lx_stats value, ratio;
};

static bool is_ppl(const struct lx_published *t)
{
    return strcmp(t->metric, "ppl") == 0;
}

/* The paper's value over its value at the training length; NaN if it gives none there. */
static double paper_ratio(const struct lx_published *t, const struct lx_published_row *row,
                          size_t k)
{
    for (size_t i = 0; i < t->n_lengths; i++)
        if (t->length[i] == t->train_length && is_ppl(t))
            return row->value[k] / row->value[i];
    return (double)NAN;
}

/* Our evaluation length nearest to the multiple at which the table's metric was measured, 0 if none is
 * within 5%. */
static int nearest(const struct lx_study *s, const struct lx_published *t, const struct scope *at,
                   double multiple)
{
    int metric = is_ppl(t) ? s->ppl : lx_intern_find(&s->rows.names, t->metric), found = 0;
    double best = log(1.05);

    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];
        const struct lx_section *sec = &s->section[g->section];
        double off = fabs(log((double)g->eval_length / sec->train_length / multiple));

        if (g->metric == metric && sec->dataset == at->dataset &&
            sec->train_length == at->train_length && off <= best) {
            best = off;
            found = g->eval_length;
        }
    }
    return found;
}

static enum lx_code find(const struct lx_study *s, const struct lx_published *t,
                         const struct lx_published_row *row, const struct scope *at, int length,
                         struct lx_arena *arena, struct lx_claim_found *out, struct lx_err *err)
{
    struct lx_claim_value v = {.encoding = row->encoding,
                               .evaluated_as = row->evaluated_as,
                               .metric = t->metric,
                               .mode = t->mode,
                               .layer = -1,
                               .head = -1,
                               .length = {length, false}};

    return lx_claim_find(s, &v, at->dataset, at->train_length, NULL, NULL, arena, out, err);
}

static enum lx_code look_beside(const struct lx_study *s, const struct lx_published *t,
                                const struct lx_published_row *row, size_t k,
                                const struct scope *at, struct lx_arena *arena, struct beside *out,
                                struct lx_err *err)
{
    struct lx_claim_found here, base;
    size_t m = 0, r = 0;
    double *value, *ratio;

    *out = (struct beside){.value = lx_stats_of(NULL, 0), .ratio = lx_stats_of(NULL, 0)};
    out->length = nearest(s, t, at, (double)t->length[k] / t->train_length);
    if (out->length == 0 || row->encoding == NULL)
        return LX_OK;
    if (find(s, t, row, at, out->length, arena, &here, err) != LX_OK ||
        find(s, t, row, at, at->train_length, arena, &base, err) != LX_OK ||
        lx_arena_get(arena, here.n + 1, sizeof(*value), &value, "published numbers", err) !=
            LX_OK ||
        lx_arena_get(arena, here.n + 1, sizeof(*ratio), &ratio, "published numbers", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < here.n; i++) {
        if (here.value[i].status != LX_ROW_OK)
            return LX_OK; /* a mean of the seeds that survived would flatter */
        value[m++] = is_ppl(t) ? exp(here.value[i].value) : here.value[i].value;
        for (size_t j = 0; j < base.n; j++)
            if (is_ppl(t) && base.value[j].seed == here.value[i].seed &&
                base.value[j].status == LX_ROW_OK)
                ratio[r++] = exp(here.value[i].value - base.value[j].value);
    }
    out->value = lx_stats_of(value, m);
    out->ratio = lx_stats_of(ratio, r);
    return LX_OK;
}

/* "19.73 +- 0.1 (x0.949)" */
static void put_value(double value, double spread, double ratio, struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);
    char number[24];

    if (isnan(value)) {
        lx_cell_symbol(cell, LX_NONE);
        lx_grid_put(g);
        return;
    }
    lx_format_number(value, value, number);
    lx_cell_text(cell, number);
    if (!isnan(spread)) {
        lx_format_number(spread, value, number);
        lx_cell_text(cell, " ");
        lx_cell_symbol(cell, LX_PLUS_MINUS);
        lx_cell_printf(cell, " %s", number);
    }
    if (!isnan(ratio) && (ratio < 1 || ratio > 1)) {
        lx_cell_text(cell, " (");
        lx_cell_symbol(cell, LX_TIMES);
        lx_cell_printf(cell, ratio < 100 ? "%.3f)" : "%.3g)", ratio);
    }
    lx_grid_put(g);
}

static enum lx_code add_row(const struct lx_study *s, const struct lx_published *t,
                            const struct lx_published_row *row, const struct scope *at,
                            struct lx_grid *g, struct lx_err *err)
{
    lx_grid_text(g, row->name);
    lx_grid_text(g, "paper");
    for (size_t k = 0; k < t->n_lengths; k++)
        put_value(row->value[k], row->spread[k], paper_ratio(t, row, k), g);
    if (row->encoding == NULL)
        return LX_OK;
    lx_grid_text(g, row->evaluated_as ? row->evaluated_as : row->encoding);
    lx_grid_text(g, "here");
    for (size_t k = 0; k < t->n_lengths; k++) {
        struct beside b;

        if (look_beside(s, t, row, k, at, &g->arena, &b, err))
            return err->code;
        put_value(b.value.mean, b.value.sd, b.ratio.mean, g);
    }
    return LX_OK;
}

static void caption(const struct lx_study *s, const struct lx_published *t, const struct scope *at,
                    struct lx_buf *cell)
{
    lx_cell_text(cell, t->source);
    if (t->data != NULL) {
        lx_cell_text(cell, ", ");
        lx_cell_text(cell, t->data);
    }
    lx_cell_text(cell, t->certainty ? " (quoted second-hand); beside it, " : "; beside it, ");
    lx_cell_text(cell, lx_rows_name(&s->rows, at->dataset));
    lx_cell_printf(cell, " trained at %d tokens: ", at->train_length);
    lx_cell_text(cell, is_ppl(t) ? "perplexity and its ratio to the training length" : t->metric);
    lx_cell_text(cell, ".");
}

static void add_columns(const struct lx_published *t, struct lx_grid *g)
{
    struct lx_buf head = {0};
    char multiple[24];

    lx_grid_column(g, "", false, 0);
    lx_grid_column(g, "", false, 0);
    for (size_t k = 0; k < t->n_lengths; k++) {
        lx_format_multiple(t->length[k], t->train_length, multiple);
        lx_cell_printf(&head, "%d (", t->length[k]);
        lx_cell_multiple(&head, multiple);
        lx_cell_text(&head, ")");
        lx_grid_column(g, lx_grid_keep(g, &head), true, 0);
    }
    lx_buf_free(&head);
}

static enum lx_code write_table(const struct lx_study *s, const struct lx_published *t,
                                const struct scope *at, const struct lx_grid_writer *w,
                                struct lx_buf *out, struct lx_err *err)
{
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf words = {0};
    char place[80];
    enum lx_code code = LX_OK;

    add_columns(t, &g);
    for (size_t i = 0; i < t->n_rows && code == LX_OK; i++)
        code = add_row(s, t, &t->row[i], at, &g, err);
    caption(s, t, at, &words);
    g.caption = lx_grid_keep(&g, &words);
    (void)snprintf(place, sizeof(place), "%.60s-%d", lx_rows_name(&s->rows, at->dataset),
                   at->train_length);
    lx_grid_label(&g, lx_study_name(s), t->path, place);
    lx_buf_free(&words);
    if (code != LX_OK || lx_grid_check(&g, err)) {
        code = err->code;
    } else {
        if (!w->floats) {
            lx_buf_add(out, "\n");
            w->cell(out, g.caption);
            lx_buf_add(out, "\n\n");
        }
        w->table(out, &g);
    }
    lx_grid_free(&g);
    return code;
}

static enum lx_code put_data(const struct lx_study *s, const struct lx_published *t,
                             const struct lx_published_row *row, const struct scope *at, size_t k,
                             struct lx_grid *g, struct lx_err *err)
{
    const char *texts[] = {t->source,     t->certainty ? "secondhand" : "verified",
                           t->data,       t->metric,
                           t->mode,       row->name,
                           row->encoding, row->evaluated_as};
    struct beside b;

    if (isnan(row->value[k]))
        return LX_OK;
    if (look_beside(s, t, row, k, at, &g->arena, &b, err))
        return err->code;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        lx_grid_text(g, texts[i] != NULL ? texts[i] : "");
    lx_grid_count(g, t->train_length);
    lx_grid_count(g, t->length[k]);
    lx_grid_data(g, row->value[k]);
    lx_grid_data(g, row->spread[k]);
    lx_grid_data(g, paper_ratio(t, row, k));
    lx_grid_text(g, lx_rows_name(&s->rows, at->dataset));
    lx_grid_count(g, at->train_length);
    lx_grid_data(g, b.value.n > 0 ? b.length : (double)NAN);
    lx_grid_count(g, b.value.n);
    lx_grid_data(g, b.value.mean);
    lx_grid_data(g, b.value.sd);
    lx_grid_data(g, b.ratio.mean);
    lx_grid_data(g, b.ratio.sd);
    return LX_OK;
}

/* Section i is the first of its dataset and training length, and fits the table. */
static bool opens_scope(const struct lx_study *s, size_t i, const struct lx_published *t)
{
    bool ours = false;

    if (t->dataset != NULL &&
        strcmp(t->dataset, lx_rows_name(&s->rows, s->section[i].dataset)) != 0)
        return false;
    for (size_t k = 0; k < s->n_sections; k++) {
        const struct lx_section *sec = &s->section[k];

        if (k < i && sec->dataset == s->section[i].dataset &&
            sec->train_length == s->section[i].train_length)
            return false;
        ours |= sec->train_length == t->train_length;
    }
    return !ours || s->section[i].train_length == t->train_length;
}

enum lx_code lx_published_write(const struct lx_published_list *p, const struct lx_study *s,
                                const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err)
{
    if (!w->floats)
        lx_buf_add(out, "\n## Published numbers\n\nThe papers' models, data and tokens are others: "
                        "compare the ratios, not the values.\n");
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < s->n_sections; k++) {
            const struct scope at = {s->section[k].dataset, s->section[k].train_length};

            if (opens_scope(s, k, &p->item[i]) && write_table(s, &p->item[i], &at, w, out, err))
                return err->code;
        }
    return lx_buf_check(out, err);
}

/* The rows of all tables, a row a number. */
static enum lx_code put_all(const struct lx_published_list *p, const struct lx_study *s,
                            struct lx_grid *g, struct lx_err *err)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < s->n_sections; k++) {
            const struct scope at = {s->section[k].dataset, s->section[k].train_length};
            const struct lx_published *t = &p->item[i];

            for (size_t cell = 0; opens_scope(s, k, t) && cell < t->n_rows * t->n_lengths; cell++)
                if (put_data(s, t, &t->row[cell / t->n_lengths], &at, cell % t->n_lengths, g, err))
                    return err->code;
        }
    return lx_grid_check(g, err);
}

enum lx_code lx_published_data(const struct lx_published_list *p, const struct lx_study *s,
                               struct lx_buf *out, struct lx_err *err)
{
    static const char *const columns[] = {"source",       "certainty",    "data",
                                          "metric",       "mode",         "name",
                                          "encoding",     "evaluated_as", "paper_train_length",
                                          "paper_length", "paper_value",  "paper_spread",
                                          "paper_ratio",  "dataset",      "train_length",
                                          "eval_length",  "seeds",        "value_mean",
                                          "value_std",    "ratio_mean",   "ratio_std"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(&g, columns[c], false, 0);
    if (put_all(p, s, &g, err))
        code = err->code;
    else
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code != LX_OK ? code : lx_buf_check(out, err);
}
