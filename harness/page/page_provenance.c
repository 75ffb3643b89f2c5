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

/* "ok (29), diverged (1)", or how many there are of too many. */
static void values(const struct lx_csv *csv, size_t column, struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);
    size_t different = 0;

    for (size_t r = 0; r < csv->n_rows; r++) {
        const char *v = lx_csv_at(csv, r, column);
        size_t first = 0, n = 0;

        while (strcmp(lx_csv_at(csv, first, column), v) != 0)
            first++;
        if (first < r)
            continue;
        for (size_t k = r; k < csv->n_rows; k++)
            n += strcmp(lx_csv_at(csv, k, column), v) == 0;
        if (++different > VALUES)
            continue;
        lx_cell_text(cell, different > 1 ? ", " : "");
        lx_cell_text(cell, v[0] != '\0' ? v : "not given");
        if (n < csv->n_rows)
            lx_cell_printf(cell, " (%zu)", n);
    }
    if (different > VALUES)
        lx_cell_printf(cell, " and %zu more", different - VALUES);
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
