/* The cells of a table. A mean is shown only where every seed gave a number: a mean over the seeds
 * that survived would flatter a scheme that diverges. (table.csv has it, with the count.) */
#include "report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/contrast.h"
#include "text/format.h"

/* A share has two decimals, however small. */
static void number(double v, double like, bool share, char out[24])
{
    if (share)
        (void)snprintf(out, 24, "%.2f", v);
    else
        lx_format_number(v, like, out);
}

static void fill_cell(const struct lx_group *g, const struct lx_stats *stats, int seeds, bool share,
                      struct lx_table_cell *cell)
{
    static const char *const notes[LX_ROW_STATUSES] = {"", "n/a", "oom", "diverged"};
    enum lx_report_status status = lx_group_status(g);
    if (status != LX_ROW_OK) {
        if (g->count[status] == g->n)
            (void)snprintf(cell->note, sizeof(cell->note), "%s", notes[status]);
        else
            (void)snprintf(cell->note, sizeof(cell->note), "%s (%d of %d)", notes[status],
                           g->count[status], g->n);
        return;
    }
    if (stats->n == 0)
        return;
    number(stats->mean, stats->mean, share, cell->mean);
    if (isfinite(stats->sd))
        number(stats->sd, stats->mean, share, cell->sd);
    if (stats->n < seeds)
        (void)snprintf(cell->note, sizeof(cell->note), "n=%d", stats->n);
}

/* Mark every cell that prints the same as the best mean of its column: the smallest, or largest. */
static void mark_best(struct lx_table *t, size_t column, const double *mean, bool largest)
{
    size_t best = t->n_rows;
    for (size_t r = 0; r < t->n_rows; r++)
        if (t->cell[r * t->n_columns + column].mean[0] && isfinite(mean[r]) &&
            (best == t->n_rows || (largest ? mean[r] > mean[best] : mean[r] < mean[best])))
            best = r;
    for (size_t r = 0; best < t->n_rows && r < t->n_rows; r++) {
        struct lx_table_cell *cell = &t->cell[r * t->n_columns + column];
        cell->best = isfinite(mean[r]) &&
                     strcmp(cell->mean, t->cell[best * t->n_columns + column].mean) == 0;
    }
}

/* Pairs, triples and the generator's own cost, where there are any; single tokens tell nothing more. */
static void add_yardsticks(const struct lx_study *s, size_t section, struct lx_table *t)
{
    for (int y = LX_YARDSTICK_BIGRAM; y < LX_YARDSTICKS; y++) {
        size_t r = t->n_rows;
        bool any = false;
        for (size_t c = 0; c < t->n_columns; c++) {
            double ppl = lx_study_yardstick(s, section, (enum lx_yardstick)y, t->column[c]);
            if (isnan(ppl))
                continue;
            lx_format_number(ppl, ppl, t->cell[r * t->n_columns + c].mean);
            any = true;
        }
        t->label[r] = lx_yardstick_label((enum lx_yardstick)y);
        t->n_rows += any;
        t->yardsticks += any;
    }
}

static int answers_metric(const struct lx_study *s)
{
    return lx_intern_find(&s->rows.names, "retrieval_accuracy");
}

bool lx_table_has_answers(const struct lx_study *s, size_t section)
{
    int metric = answers_metric(s);
    for (size_t i = 0; i < s->n_groups && metric >= 0; i++)
        if ((size_t)s->group[i].section == section && s->group[i].metric == metric)
            return s->section[section].n_lengths == 0;
    return false;
}

/* The rate of each row, where they differ. */
static enum lx_code add_rates(const struct lx_study *s, size_t section, struct lx_arena *arena,
                              struct lx_table *t, struct lx_err *err)
{
    size_t r = 0;

    if (!lx_study_rates_differ(s))
        return LX_OK;
    if (lx_arena_get(arena, t->n_rows + 1, sizeof(*t->rate), &t->rate, "table", err))
        return err->code;
    for (size_t i = 0; i < s->n_series; i++)
        if (lx_study_has(s, section, i))
            lx_series_rate_text(&s->series[i], t->rate[r++]);
    return LX_OK;
}

/* The columns of a block. */
static enum lx_code find_columns(const struct lx_study *s, size_t section,
                                 enum lx_table_block block, struct lx_arena *arena,
                                 struct lx_table *t, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    t->column = sec->length;
    t->n_columns = sec->n_lengths;
    t->depths = block == LX_TABLE_DEPTHS;
    if (block != LX_TABLE_ANSWERS && !t->depths)
        return LX_OK;
    if (lx_study_axis(s, section, answers_metric(s), false, arena, &t->column, &t->n_columns, err))
        return err->code;
    if (t->n_columns > 0)
        t->at_length = t->column[t->n_columns - 1];
    return t->depths ? lx_study_axis(s, section, answers_metric(s), true, arena, &t->column,
                                     &t->n_columns, err)
                     : LX_OK;
}

/* The group of a place; where a depth has none, a length without numbers says why. */
static const struct lx_group *group_at(const struct lx_study *s, size_t section, size_t series,
                                       enum lx_table_block block, const struct lx_table *t,
                                       size_t column)
{
    int metric = block == LX_TABLE_PPL || block == LX_TABLE_RATIO ? s->ppl : answers_metric(s);
    const struct lx_group *g, *all;
    size_t n;
    if (!t->depths)
        return lx_study_find(s, section, series, metric, t->column[column]);
    g = lx_study_range(s, section, series, metric, t->at_length, &n);
    for (size_t i = 0; i < n; i++)
        if (g[i].lo == t->column[column])
            return &g[i];
    all = lx_study_find(s, section, series, metric, t->at_length);
    return all != NULL && lx_group_status(all) != LX_ROW_OK ? all : NULL;
}

/* One number and its text; *mean is what the best is chosen by. */
static enum lx_code make_cell(const struct lx_study *s, const struct lx_group *g,
                              enum lx_table_block block, struct lx_table_cell *cell, double *mean,
                              struct lx_err *err)
{
    const struct lx_section *sec = &s->section[g->section];
    struct lx_stats stats = g->stats;
    if (block == LX_TABLE_RATIO && lx_study_ratio(s, g, &stats, err) != LX_OK)
        return err->code;
    if (block == LX_TABLE_RATIO && g->eval_length == sec->train_length)
        stats.sd = (double)NAN; /* one by definition */
    fill_cell(g, &stats, sec->seeds_max, block == LX_TABLE_ANSWERS || block == LX_TABLE_DEPTHS,
              cell);
    *mean = stats.mean;
    return LX_OK;
}

/* The interval over seeds and text of perplexities in `last`, or of their ratios, at the longest length. */
static enum lx_code add_intervals(const struct lx_study *s, size_t section,
                                  enum lx_table_block block, struct lx_arena *arena,
                                  struct lx_table *t, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    int longest = sec->length[sec->n_lengths - 1];
    size_t r = 0;
    bool any = false;

    if (strcmp(lx_rows_name(&s->rows, sec->mode), "last") != 0 || s->blocks.n == 0)
        return LX_OK;
    if (lx_arena_get(arena, t->n_rows + 1, sizeof(*t->interval), &t->interval, "table", err))
        return err->code;
    for (size_t i = 0; i < s->n_series; i++) {
        const struct lx_group *g = lx_study_find(s, section, i, s->ppl, longest);
        struct lx_interval x;
        char end[2][24];

        if (!lx_study_has(s, section, i))
            continue;
        r++;
        if (g == NULL)
            continue;
        if (lx_group_interval(s, g, block == LX_TABLE_RATIO, &x, err) != LX_OK)
            return err->code;
        if (!x.text || isnan(x.low))
            continue;
        lx_format_interval(x.low, x.high, end);
        (void)snprintf(t->interval[r - 1], sizeof(t->interval[0]), "%.20s to %.20s", end[0],
                       end[1]);
        any = true;
    }
    t->interval = any ? t->interval : NULL;
    return LX_OK;
}

enum lx_code lx_table_make(const struct lx_study *s, size_t section, enum lx_table_block block,
                           struct lx_arena *arena, struct lx_table *t, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    size_t rows = s->n_series + LX_YARDSTICKS, columns;
    double *mean; /* (columns, rows) for the best */
    *t = (struct lx_table){0};
    if (find_columns(s, section, block, arena, t, err) != LX_OK)
        return err->code;
    columns = t->n_columns;
    if (lx_arena_get(arena, rows, sizeof(*t->label), &t->label, "table labels", err) != LX_OK ||
        lx_arena_get(arena, rows * columns + 1, sizeof(*t->cell), &t->cell, "table", err) !=
            LX_OK ||
        lx_arena_get(arena, rows * columns + 1, sizeof(*mean), &mean, "table", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < s->n_series; i++) {
        if (!lx_study_has(s, section, i))
            continue;
        size_t r = t->n_rows++;
        t->label[r] = s->series[i].label;
        for (size_t c = 0; c < columns; c++) {
            const struct lx_group *g = group_at(s, section, i, block, t, c);
            mean[c * rows + r] = (double)NAN;
            if (g != NULL && make_cell(s, g, block, &t->cell[r * columns + c], &mean[c * rows + r],
                                       err) != LX_OK)
                return err->code;
        }
    }
    for (size_t c = 0; c < columns; c++)
        if (block != LX_TABLE_RATIO || t->column[c] != sec->train_length)
            mark_best(t, c, mean + c * rows, block == LX_TABLE_ANSWERS || t->depths);
    if (block == LX_TABLE_PPL)
        add_yardsticks(s, section, t);
    if (add_rates(s, section, arena, t, err))
        return err->code;
    return block == LX_TABLE_PPL || block == LX_TABLE_RATIO
               ? add_intervals(s, section, block, arena, t, err)
               : LX_OK;
}

static const struct {
    bool (*on)(const struct lx_study *s, size_t section, size_t series);
    const char *before, *after; /* the training length */
} marks[LX_MARKS] = {
    [LX_MARK_UNTRAINED] = {lx_study_untrained, "not trained (no better than the bigram table at ",
                           " tokens): "},
    [LX_MARK_LEARNING] = {lx_study_learning, "still learning (trained at ",
                          " tokens, the loss fell by more than 1% in the last tenth): "},
    [LX_MARK_AHEAD] = {lx_study_ahead, "reads ahead (trained at ",
                       " tokens, better than the source of the text allows): "},
};

static void begin_mark(enum lx_table_mark mark, int length,
                       void (*escape)(struct lx_buf *out, const char *text), struct lx_buf *out)
{
    escape(out, marks[mark].before);
    lx_buf_printf(out, "%d", length);
    escape(out, marks[mark].after);
}

bool lx_table_mark(const struct lx_study *s, size_t section, enum lx_table_mark mark,
                   const char *before, void (*escape)(struct lx_buf *out, const char *text),
                   struct lx_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < s->n_series; i++) {
        if (!marks[mark].on(s, section, i))
            continue;
        lx_buf_add(out, any ? ", " : before);
        if (!any)
            begin_mark(mark, s->section[section].train_length, escape, out);
        escape(out, s->series[i].label);
        any = true;
    }
    return any;
}
