/* The cells of a table. A mean is shown only where every seed gave a number: a mean over the seeds
 * that survived would flatter a scheme that diverges. (table.csv has it, with the count.) */
#include "report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/csvfile.h"

void lx_table_multiple(int length, int train_length, char out[24])
{
    if (length % train_length == 0)
        snprintf(out, 24, "%dx", length / train_length);
    else
        snprintf(out, 24, "%.3gx", (double)length / train_length);
}

void lx_table_number(double v, double like, char out[24])
{
    double size = fabs(like);
    if (size > 0 && size < 0.0995)
        snprintf(out, 24, "%.2g", v);
    else if (size < 99.995)
        snprintf(out, 24, "%.2f", v);
    else if (size < 999.95)
        snprintf(out, 24, "%.1f", v);
    else if (size < 999999.5)
        snprintf(out, 24, "%.0f", v);
    else
        snprintf(out, 24, "%.2e", v);
}

static void fill_cell(const struct lx_group *g, const struct lx_stats *stats, int seeds,
                      struct lx_table_cell *cell)
{
    static const char *const NOTE[LX_ROW_STATUSES] = {"", "n/a", "oom", "diverged"};
    enum lx_report_status status = lx_group_status(g);
    if (status != LX_ROW_OK) {
        if (g->count[status] == g->n)
            snprintf(cell->note, sizeof cell->note, "%s", NOTE[status]);
        else
            snprintf(cell->note, sizeof cell->note, "%s (%d of %d)", NOTE[status], g->count[status],
                     g->n);
        return;
    }
    if (stats->n == 0)
        return;
    lx_table_number(stats->mean, stats->mean, cell->mean);
    if (isfinite(stats->sd))
        lx_table_number(stats->sd, stats->mean, cell->sd);
    if (stats->n < seeds)
        snprintf(cell->note, sizeof cell->note, "n=%d", stats->n);
}

/* Mark every cell that prints the same as the smallest mean of its column. */
static void mark_best(struct lx_table *t, size_t column, const double *mean)
{
    size_t best = t->n_rows;
    for (size_t r = 0; r < t->n_rows; r++)
        if (t->cell[r * t->n_columns + column].mean[0] && isfinite(mean[r]) &&
            (best == t->n_rows || mean[r] < mean[best]))
            best = r;
    for (size_t r = 0; best < t->n_rows && r < t->n_rows; r++) {
        struct lx_table_cell *cell = &t->cell[r * t->n_columns + column];
        cell->best = isfinite(mean[r]) &&
                     strcmp(cell->mean, t->cell[best * t->n_columns + column].mean) == 0;
    }
}

static void add_floor(const struct lx_study *s, size_t section, struct lx_table *t)
{
    size_t r = t->n_rows;
    for (size_t c = 0; c < t->n_columns; c++) {
        double floor = lx_study_floor(s, section, t->length[c]);
        if (isnan(floor))
            continue;
        lx_table_number(floor, floor, t->cell[r * t->n_columns + c].mean);
        t->floor = true;
    }
    t->label[r] = "generator floor";
    t->n_rows += t->floor;
}

enum lx_code lx_table_make(const struct lx_study *s, size_t section, enum lx_table_block block,
                           struct lx_arena *arena, struct lx_table *t, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    size_t rows = s->n_series + 1, columns = sec->n_lengths;
    double *mean; /* (columns, rows) for the best */
    *t = (struct lx_table){.n_columns = columns, .length = sec->length};
    if (lx_arena_get(arena, rows, sizeof *t->label, &t->label, "table labels", err) != LX_OK ||
        lx_arena_get(arena, rows * columns + 1, sizeof *t->cell, &t->cell, "table", err) != LX_OK ||
        lx_arena_get(arena, rows * columns + 1, sizeof *mean, &mean, "table", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < s->n_series; i++) {
        if (!lx_study_has(s, section, i))
            continue;
        size_t r = t->n_rows++;
        t->label[r] = s->series[i].label;
        for (size_t c = 0; c < columns; c++) {
            const struct lx_group *g = lx_study_find(s, section, i, s->ppl, sec->length[c]);
            struct lx_stats stats;
            mean[c * rows + r] = (double)NAN;
            if (g == NULL)
                continue;
            stats = g->stats;
            if (block == LX_TABLE_RATIO && lx_study_ratio(s, g, &stats, err) != LX_OK)
                return err->code;
            if (block == LX_TABLE_RATIO && sec->length[c] == sec->train_length)
                stats.sd = (double)NAN; /* one by definition */
            fill_cell(g, &stats, sec->seeds_max, &t->cell[r * columns + c]);
            mean[c * rows + r] = stats.mean;
        }
    }
    for (size_t c = 0; c < columns; c++)
        if (block == LX_TABLE_PPL || sec->length[c] != sec->train_length)
            mark_best(t, c, mean + c * rows);
    if (block == LX_TABLE_PPL)
        add_floor(s, section, t);
    return LX_OK;
}

enum lx_code lx_table_csv(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "dataset,split,train_length,mode,stride,encoding,evaluated_as,eval_length,"
                    "seeds,seeds_ok,ppl_mean,ppl_std,ratio_mean,ratio_std,ppl_floor,status\n");
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];
        const struct lx_section *sec = &s->section[g->section];
        const struct lx_series *series = &s->series[g->series];
        struct lx_stats ratio;
        if (g->metric != s->ppl || g->layer >= 0 || g->head >= 0 || g->lo >= 0)
            continue;
        if (lx_study_ratio(s, g, &ratio, err) != LX_OK)
            return err->code;
        lx_csv_field(out, lx_rows_name(&s->rows, sec->dataset));
        lx_buf_add(out, ",");
        lx_csv_field(out, lx_rows_name(&s->rows, sec->split));
        lx_buf_printf(out, ",%d,", sec->train_length);
        lx_csv_field(out, lx_rows_name(&s->rows, sec->mode));
        lx_buf_add(out, ",");
        if (sec->stride >= 0)
            lx_buf_printf(out, "%d", sec->stride);
        lx_buf_add(out, ",");
        lx_csv_field(out, lx_rows_name(&s->rows, series->encoding));
        lx_buf_add(out, ",");
        lx_csv_field(out, lx_rows_name(&s->rows, series->evaluated_as));
        lx_buf_printf(out, ",%d,%d,%d,", g->eval_length, g->n, g->stats.n);
        double v[5] = {g->stats.mean, g->stats.sd, ratio.mean, ratio.sd,
                       lx_study_floor(s, (size_t)g->section, g->eval_length)};
        for (int k = 0; k < 5; k++) {
            lx_csv_number(out, v[k]);
            lx_buf_add(out, ",");
        }
        lx_buf_printf(out, "%s\n", lx_report_status_name(lx_group_status(g)));
    }
    return lx_buf_check(out, err);
}
