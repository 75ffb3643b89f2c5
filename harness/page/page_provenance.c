/* Where the numbers come from: whatever runs.csv says alike of all cells or of many, and the sum of the
 * file that everything here was computed from. */
#include <stdlib.h>
#include <string.h>

#include "grid/grid.h"
#include "page/page_internal.h"
#include "text/csvfile.h"

enum { VALUES = 6 }; /* of one column that are told apart */

/* Names of a cell, and what differs from cell to cell: tables show them. */
static bool is_of_a_cell(const char *column)
{
    static const char *const own[] = {"cell",          "experiment",    "encoding",
                                      "dataset",       "seed",          "seconds",
                                      "train_seconds", "eval_seconds",  "tokens_per_second",
                                      "parameters",    "peak_rss_bytes"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(column, own[i]) == 0)
            return true;
    return false;
}

/* How often a value is in the column; false: it came before this row. */
static bool count_value(const struct lx_csv *csv, size_t column, size_t row, size_t *n)
{
    const char *v = lx_csv_at(csv, row, column);

    *n = 0;
    for (size_t k = 0; k < csv->n_rows; k++) {
        bool same = strcmp(lx_csv_at(csv, k, column), v) == 0;

        if (same && k < row)
            return false;
        *n += same;
    }
    return true;
}

/* The first and the last in the order of the alphabet, which is that of times. */
static void put_range(const struct lx_csv *csv, size_t column, struct lx_buf *cell)
{
    const char *low = NULL, *high = NULL;

    for (size_t r = 0; r < csv->n_rows; r++) {
        const char *v = lx_csv_at(csv, r, column);

        if (v[0] == '\0')
            continue;
        low = low == NULL || strcmp(v, low) < 0 ? v : low;
        high = high == NULL || strcmp(v, high) > 0 ? v : high;
    }
    lx_cell_text(cell, low != NULL ? low : "not given");
    lx_cell_text(cell, " to ");
    lx_cell_text(cell, high != NULL ? high : "not given");
}

/* "ok (29), diverged (1)", or from where to where the many go. */
static void values(const struct lx_csv *csv, size_t column, struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);
    size_t different = 0, n;

    for (size_t r = 0; r < csv->n_rows && different <= VALUES; r++)
        different += count_value(csv, column, r, &n);
    if (different > VALUES)
        put_range(csv, column, cell);
    for (size_t r = 0, put = 0; r < csv->n_rows && different <= VALUES; r++) {
        const char *v = lx_csv_at(csv, r, column);

        if (!count_value(csv, column, r, &n))
            continue;
        lx_cell_text(cell, put++ > 0 ? ", " : "");
        lx_cell_text(cell, v[0] != '\0' ? v : "not given");
        if (n < csv->n_rows)
            lx_cell_printf(cell, " (%zu)", n);
    }
    lx_grid_put(g);
}

static void add_hours(const struct lx_csv *csv, struct lx_grid *g)
{
    int at = lx_csv_column(csv, "seconds");
    double sum = 0;

    if (at < 0)
        return;
    for (size_t r = 0; r < csv->n_rows; r++)
        sum += strtod(lx_csv_at(csv, r, (size_t)at), NULL);
    lx_grid_text(g, "cell hours");
    lx_grid_number(g, sum / 3600, 2);
}

static void fill(const struct lx_page *p, const struct lx_csv *csv, struct lx_grid *g)
{
    lx_grid_column(g, "what", false, 0);
    lx_grid_column(g, "value", false, 0);
    if (csv->n_rows > 0) {
        lx_grid_text(g, "cells");
        lx_grid_count(g, (long long)csv->n_rows);
        add_hours(csv, g);
    }
    for (size_t c = 0; c < csv->n_columns && csv->n_rows > 0; c++)
        if (!is_of_a_cell(csv->header[c])) {
            lx_grid_text(g, csv->header[c]);
            values(csv, c, g);
        }
    lx_grid_text(g, "metrics.csv, SHA-256");
    lx_grid_text(g, p->metrics_sum);
}

enum lx_code lx_page_provenance(const struct lx_page *p, struct lx_buf *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_grid g = {.n_rows = 0};
    struct lx_csv csv = {0};
    enum lx_code code = LX_OK;

    if (p->runs != NULL && lx_csv_read(p->runs, &arena, &csv, err)) {
        lx_arena_free(&arena);
        return err->code;
    }
    fill(p, &csv, &g);
    if (lx_grid_check(&g, err))
        code = err->code;
    else
        lx_grid_html.table(out, &g);
    lx_grid_free(&g);
    lx_arena_free(&arena);
    return code;
}
