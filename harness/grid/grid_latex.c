/* Grids for a paper: a float with booktabs rules. */
#include <string.h>

#include "grid/grid_internal.h"
#include "text/escape.h"

static const char *const symbols[] = {"--",     "$\\times$", "$\\pm$", "$<$",
                                      "$\\le$", "$>$",       "$\\ge$", "$<10^{-4}$"};

/* A number inside mathematics: 1.2e+07 as 1.2 \cdot 10^{7}. */
static void number(struct lx_buf *out, const char *text, size_t n)
{
    const char *e = memchr(text, 'e', n), *end = text + n;

    lx_buf_addn(out, text, e != NULL ? (size_t)(e - text) : n);
    if (e == NULL)
        return;
    for (e++; e < end && (*e == '+' || *e == '0'); e++)
        continue;
    lx_buf_printf(out, " \\cdot 10^{%.*s}", e < end ? (int)(end - e) : 1, e < end ? e : "0");
}

static void part(struct lx_buf *out, const struct lx_part *p)
{
    if (p->kind == LX_PART_SYMBOL) {
        lx_buf_add(out, symbols[p->symbol]);
    } else if (p->kind == LX_PART_MATH) {
        lx_buf_printf(out, "$%.*s$", (int)p->n, p->text);
    } else if (p->kind == LX_PART_MULTIPLE) {
        lx_buf_printf(out, "$%.*s\\times$", (int)p->n - 1, p->text); /* without its x */
    } else {
        lx_buf_add(out, p->best ? "$\\mathbf{" : "$");
        number(out, p->text, p->n);
        lx_buf_add(out, p->best ? "}" : "");
        lx_buf_add(out, p->n_spread > 0 ? " \\pm " : "");
        if (p->n_spread > 0)
            number(out, p->spread, p->n_spread);
        lx_buf_add(out, "$");
    }
}

static void cell(struct lx_buf *out, const char *text)
{
    lx_grid_parts(out, text, lx_escape_tex, part);
}

/* The cells of a row, or (NULL) the heads of the columns. */
static void cells(struct lx_buf *out, const struct lx_grid *g, const char *const *text)
{
    bool empty = false; /* no blank stands twice after an empty first cell */

    for (size_t c = 0; c < g->n_columns; c++) {
        const char *it = text != NULL ? text[c] : g->column[c].head;

        lx_buf_add(out, c == 0 ? "    " : empty ? "& " : " & ");
        cell(out, it);
        empty = c == 0 && it[0] == '\0';
    }
    lx_buf_add(out, " \\\\\n");
}

static void row(struct lx_buf *out, const struct lx_grid *g, size_t r)
{
    const struct lx_grid_row *x = &g->row[r];

    if (x->cell == NULL && x->across == NULL) {
        lx_buf_add(out, "    \\midrule\n");
    } else if (x->cell == NULL) {
        lx_buf_printf(out, "    \\multicolumn{%zu}{l}{\\emph{", g->n_columns);
        cell(out, x->across);
        lx_buf_add(out, "}} \\\\\n");
    } else {
        cells(out, g, x->cell);
    }
}

static void table(struct lx_buf *out, const struct lx_grid *g)
{
    lx_buf_add(out, "\n\\begin{table}\n  \\centering\n");
    if (g->latex_size != NULL)
        lx_buf_printf(out, "  %s\n", g->latex_size);
    lx_buf_add(out, "  \\caption{");
    cell(out, g->caption != NULL ? g->caption : "");
    lx_buf_add(out, "}\n  \\begin{tabular}{");
    for (size_t c = 0; c < g->n_columns; c++)
        lx_buf_add(out, g->column[c].latex != NULL ? g->column[c].latex
                        : g->column[c].right       ? "r"
                                                   : "l");
    lx_buf_add(out, "}\n    \\toprule\n");
    cells(out, g, NULL);
    lx_buf_add(out, "    \\midrule\n");
    for (size_t r = 0; r < g->n_rows; r++)
        row(out, g, r);
    lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
}

const struct lx_grid_writer lx_grid_latex = {.name = "latex",
                                             .floats = true,
                                             .narrow = true,
                                             .text = lx_escape_tex,
                                             .cell = cell,
                                             .table = table};
