/* Grids for programs: fields as they are. */
#include "grid/grid_internal.h"
#include "text/csvfile.h"

static void text(struct lx_buf *out, const char *s)
{
    lx_buf_add(out, s);
}

/* Data have no symbols and no estimates; a number is its digits. */
static void part(struct lx_buf *out, const struct lx_part *p)
{
    if (p->kind != LX_PART_SYMBOL)
        lx_buf_addn(out, p->text, p->n);
}

static void cell(struct lx_buf *out, const char *s)
{
    lx_grid_parts(out, s, text, part);
}

static void table(struct lx_buf *out, const struct lx_grid *g)
{
    struct lx_buf field = {0};

    for (size_t r = 0; r <= g->n_rows; r++)
        for (size_t c = 0; c < g->n_columns && (r == 0 || g->row[r - 1].cell != NULL); c++) {
            lx_buf_clear(&field);
            lx_buf_add(&field, "");
            cell(&field, r == 0 ? g->column[c].head : g->row[r - 1].cell[c]);
            if (!field.failed)
                lx_csv_field(out, field.text);
            lx_buf_add(out, c + 1 < g->n_columns ? "," : "\n");
        }
    out->failed = out->failed || field.failed;
    lx_buf_free(&field);
}

const struct lx_grid_writer lx_grid_csv = {
    .name = "csv", .text = text, .cell = cell, .table = table};
