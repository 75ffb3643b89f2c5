/* The tables of a study to read: perplexities and their ratios, right answers by length and depth. */
#include <math.h>
#include <stdio.h>

#include "report/report_tables.h"
#include "report/table.h"
#include "study/contrast.h"
#include "text/format.h"

/* One block of a section: rows are encodings. */
struct block {
    enum lx_table_block kind;
    const char *name;    /* in labels */
    const char *caption; /* of a float; NULL: part of the float before, under `across` */
    const char *across;
};

static void head_cell(const struct lx_section *sec, const struct lx_table *t, size_t c,
                      struct lx_buf *out)
{
    char multiple[24];

    if (t->depths) {
        lx_cell_printf(out, "%d%%", t->column[c]);
        return;
    }
    lx_format_multiple(t->column[c], sec->train_length, multiple);
    lx_cell_printf(out, "%d (", t->column[c]);
    lx_cell_multiple(out, multiple);
    lx_cell_text(out, ")");
}

static enum lx_code add_columns(const struct lx_section *sec, const struct lx_table *t,
                                struct lx_grid *g, struct lx_err *err)
{
    struct lx_buf head = {0};

    lx_grid_column(g, "encoding", false, 0);
    if (t->rate != NULL)
        lx_grid_column(g, "rate", true, 0);
    for (size_t c = 0; c < t->n_columns; c++) {
        head_cell(sec, t, c, &head);
        lx_grid_column(g, lx_grid_keep(g, &head), true, 0);
    }
    if (t->interval != NULL) {
        lx_cell_printf(&head, "95%% at %d, seeds and text", sec->length[sec->n_lengths - 1]);
        lx_grid_column(g, lx_grid_keep(g, &head), true, 0);
    }
    g->padded = g->marked = true;
    lx_buf_free(&head);
    return lx_grid_check(g, err);
}

static void add_cell(const struct lx_table_cell *c, struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);

    if (c->mean[0] != '\0')
        lx_cell_estimate(cell, c->mean, c->sd, c->best);
    else if (c->note[0] == '\0')
        lx_cell_symbol(cell, LX_NONE);
    if (c->note[0] != '\0')
        lx_cell_printf(cell, c->mean[0] != '\0' ? " (%s)" : "%s", c->note);
    lx_grid_put(g);
}

/* Add the rows of a block, and the columns before the first. */
static enum lx_code add_block(const struct lx_study *s, size_t section, const struct block *b,
                              struct lx_grid *g, struct lx_err *err)
{
    struct lx_table t;

    if (lx_table_make(s, section, b->kind, &g->arena, &t, err) ||
        (g->n_columns == 0 && add_columns(&s->section[section], &t, g, err)))
        return err->code;
    if (b->across != NULL) {
        lx_grid_rule(g);
        lx_grid_across(g, b->across);
        lx_grid_rule(g);
    }
    for (size_t r = 0; r < t.n_rows; r++) {
        if (t.yardsticks > 0 && r + t.yardsticks == t.n_rows)
            lx_grid_rule(g);
        lx_grid_text(g, t.label[r]);
        if (t.rate != NULL)
            lx_grid_text(g, t.rate[r]);
        for (size_t c = 0; c < t.n_columns; c++)
            add_cell(&t.cell[r * t.n_columns + c], g);
        if (g->n_columns > t.n_columns + 1 + (t.rate != NULL))
            lx_grid_text(g, t.interval != NULL ? t.interval[r] : "");
    }
    return lx_grid_check(g, err);
}

static const struct block perplexity[] = {
    {LX_TABLE_PPL, "perplexity", "Perplexity by evaluation length", NULL},
    {LX_TABLE_RATIO, NULL, NULL, "ratio to the perplexity at the training length"}};
static const struct block answers[] = {
    {LX_TABLE_ANSWERS, "answers", "Share of right answers by prompt length", NULL},
    {LX_TABLE_DEPTHS, "depths", "Share of right answers at the longest length by depth of the fact",
     NULL}};

static const char *caption_of(const struct lx_study *s, size_t section, const char *what,
                              struct lx_grid *g)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_buf text = {0};
    const char *kept;

    lx_cell_text(&text, what);
    lx_cell_text(&text, ": ");
    lx_cell_text(&text, sec->title);
    lx_cell_text(&text, "; ");
    lx_cell_text(&text, sec->detail);
    if (sec->seeds_max > 1) {
        lx_cell_text(&text, "; mean ");
        lx_cell_symbol(&text, LX_PLUS_MINUS);
        lx_cell_text(&text, " standard deviation over seeds");
    }
    for (int m = 0; m < LX_MARKS; m++)
        (void)lx_table_mark(s, section, (enum lx_table_mark)m, "; ", lx_cell_text, &text);
    lx_cell_text(&text, ".");
    kept = lx_grid_keep(g, &text);
    lx_buf_free(&text);
    return kept;
}

/* STUDY-perplexity-SUFFIX; of an analysis, which perplexities do not tell apart, its name too. */
static void label(const struct lx_study *s, size_t section, const char *name, struct lx_grid *g)
{
    const struct lx_section *sec = &s->section[section];
    char place[256];

    (void)snprintf(place, sizeof(place), "%s%s%s", sec->n_lengths == 0 ? "-" : "",
                   sec->n_lengths == 0 ? sec->stem : "", sec->suffix);
    lx_grid_label(g, lx_study_name(s), name, place);
}

/* A float: one block, or two in one table. */
static enum lx_code write_float(const struct lx_study *s, size_t section, const struct block *b,
                                size_t n, const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err)
{
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < n && code == LX_OK; i++)
        code = add_block(s, section, &b[i], &g, err);
    g.caption = caption_of(s, section, b[0].caption, &g);
    label(s, section, b[0].name, &g);
    if (code != LX_OK || lx_grid_check(&g, err))
        code = err->code;
    else
        w->table(out, &g);
    lx_grid_free(&g);
    return code;
}

static bool has_base(const struct lx_section *sec)
{
    for (size_t i = 0; i < sec->n_lengths; i++)
        if (sec->length[i] == sec->train_length)
            return true;
    return false;
}

static enum lx_code write_floats(const struct lx_study *s, size_t section,
                                 const struct lx_grid_writer *w, struct lx_buf *out,
                                 struct lx_err *err)
{
    if (!lx_table_has_answers(s, section))
        return write_float(s, section, perplexity, has_base(&s->section[section]) ? 2 : 1, w, out,
                           err);
    return write_float(s, section, &answers[0], 1, w, out, err) ||
                   write_float(s, section, &answers[1], 1, w, out, err)
               ? err->code
               : LX_OK;
}

/* What stands before a block where tables have no captions. */
static void lead(const struct lx_section *sec, enum lx_table_block kind, bool markdown,
                 struct lx_buf *out)
{
    const char *spread = sec->seeds_max > 1 ? ", mean \xc2\xb1 standard deviation over seeds" : "";
    const char *best = markdown ? "in bold" : "marked *", *end = markdown ? ":" : "";

    if (kind == LX_TABLE_PPL || kind == LX_TABLE_ANSWERS)
        lx_buf_printf(out, "\n%s%s (best of a column %s)%s\n\n",
                      kind == LX_TABLE_PPL ? "Perplexity" : "Share of right answers", spread, best,
                      end);
    else if (kind == LX_TABLE_RATIO)
        lx_buf_printf(out, "\nRatio to the perplexity at the training length%s%s\n\n",
                      sec->seeds_max > 1 ? " (per seed, then mean and deviation)" : "", end);
    else
        lx_buf_printf(out,
                      "\nThe same at the longest length, by depth of the fact (0%%: at the "
                      "front)%s\n\n",
                      end);
}

static enum lx_code write_words(const struct lx_study *s, size_t section,
                                const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    const struct block *b = lx_table_has_answers(s, section) ? answers : perplexity;

    for (int i = 0; i < 2; i++) {
        const struct block plain = {.kind = b[i].kind};
        struct lx_grid g = {.n_rows = 0};

        if (b[i].kind == LX_TABLE_RATIO && !has_base(sec)) {
            lx_buf_add(out, "\nThe training length was not evaluated: no ratios to it.\n");
            continue;
        }
        lead(sec, b[i].kind, w == &lx_grid_markdown, out);
        if (add_block(s, section, &plain, &g, err)) {
            lx_grid_free(&g);
            return err->code;
        }
        w->table(out, &g);
        lx_grid_free(&g);
        for (int m = 0; m < LX_MARKS && b[i].kind == LX_TABLE_PPL; m++)
            if (lx_table_mark(s, section, (enum lx_table_mark)m, "\n", w->text, out))
                lx_buf_add(out, w == &lx_grid_markdown ? ".\n" : "\n");
    }
    return LX_OK;
}

/* Whether a section has anything for a table. */
static bool has_table(const struct lx_study *s, size_t section)
{
    return s->section[section].n_lengths > 0 || lx_table_has_answers(s, section) ||
           lx_study_asks(s, section);
}

enum lx_code lx_table_section(const struct lx_study *s, size_t section,
                              const struct lx_grid_writer *w, struct lx_buf *out,
                              struct lx_err *err)
{
    if (lx_study_asks(s, section))
        return lx_answers_write(s, section, w, out, err);
    if (has_table(s, section) && (w->floats ? write_floats : write_words)(s, section, w, out, err))
        return err->code;
    return lx_buf_check(out, err);
}

enum lx_code lx_table_write(const struct lx_study *s, const struct lx_grid_writer *w,
                            struct lx_buf *out, struct lx_err *err)
{
    size_t before = out->len; /* a blank line between sections */

    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];

        if (!has_table(s, i))
            continue;
        if (!w->floats) {
            lx_buf_add(out, w != &lx_grid_markdown && out->len > before ? "\n" : "");
            lx_buf_printf(out, w == &lx_grid_markdown ? "\n## %s\n\n%s.\n" : "%s\n%s\n", sec->title,
                          sec->detail);
        }
        if (lx_table_section(s, i, w, out, err))
            return err->code;
    }
    return lx_answers_overall(s, w, out, err) ? err->code : lx_buf_check(out, err);
}

/* Intervals of perplexity and ratio over seeds and text; empty where text is not known. */
static enum lx_code add_interval_data(const struct lx_study *s, const struct lx_group *x,
                                      struct lx_grid *g, struct lx_err *err)
{
    for (int ratio = 0; ratio < 2; ratio++) {
        struct lx_interval i;

        if (lx_group_interval(s, x, ratio > 0, &i, err) != LX_OK)
            return err->code;
        lx_grid_data(g, i.text ? i.low : (double)NAN);
        lx_grid_data(g, i.text ? i.high : (double)NAN);
    }
    return LX_OK;
}

enum lx_code lx_table_data(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    static const char *const columns[] = {
        "dataset",     "split",        "train_length", "mode",      "stride",
        "encoding",    "evaluated_as", "eval_length",  "seeds",     "seeds_ok",
        "ppl_mean",    "ppl_std",      "ratio_mean",   "ratio_std", "ppl_floor",
        "ppl_unigram", "ppl_bigram",   "ppl_trigram",  "status",    "ppl_low",
        "ppl_high",    "ratio_low",    "ratio_high",   "lr",        "array_lr"};
    const size_t n_columns = sizeof(columns) / sizeof(columns[0]);
    bool rates = lx_study_rates_differ(s);
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (size_t c = 0; c < n_columns - (rates ? 0 : 2); c++)
        lx_grid_column(&g, columns[c], false, 0);
    for (size_t i = 0; i < s->n_groups && code == LX_OK; i++) {
        const struct lx_group *x = &s->group[i];
        const struct lx_section *sec = &s->section[x->section];
        const struct lx_series *series = &s->series[x->series];
        struct lx_stats ratio;

        if (x->metric != s->ppl || x->layer >= 0 || x->head >= 0 || x->lo >= 0)
            continue;
        code = lx_study_ratio(s, x, &ratio, err);
        if (code != LX_OK)
            break;
        lx_grid_text(&g, lx_rows_name(&s->rows, sec->dataset));
        lx_grid_text(&g, lx_rows_name(&s->rows, sec->split));
        lx_grid_count(&g, sec->train_length);
        lx_grid_text(&g, lx_rows_name(&s->rows, sec->mode));
        lx_grid_data(&g, sec->stride >= 0 ? sec->stride : (double)NAN);
        lx_grid_text(&g, lx_rows_name(&s->rows, series->encoding));
        lx_grid_text(&g, lx_rows_name(&s->rows, series->evaluated_as));
        lx_grid_count(&g, x->eval_length);
        lx_grid_count(&g, x->n);
        lx_grid_count(&g, x->stats.n);
        lx_grid_data(&g, x->stats.mean);
        lx_grid_data(&g, x->stats.sd);
        lx_grid_data(&g, ratio.mean);
        lx_grid_data(&g, ratio.sd);
        for (int k = 0; k < LX_YARDSTICKS; k++) /* the floor stood first before there were tables */
            lx_grid_data(&g, lx_study_yardstick(
                                 s, (size_t)x->section,
                                 (enum lx_yardstick)((LX_YARDSTICK_FLOOR + k) % LX_YARDSTICKS),
                                 x->eval_length));
        lx_grid_text(&g, lx_report_status_name(lx_group_status(x)));
        code = add_interval_data(s, x, &g, err);
        if (rates) {
            lx_grid_data(&g, series->lr);
            lx_grid_data(&g, series->array_lr);
        }
    }
    if (code != LX_OK || lx_grid_check(&g, err))
        code = err->code;
    else
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code != LX_OK ? code : lx_buf_check(out, err);
}
