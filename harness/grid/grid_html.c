/* Grids for a page: a table that a screen reader can walk, each group of rows a body of its own. */
#include "grid/grid_internal.h"
#include "text/escape.h"

static const char *const symbols[] = {"\xe2\x80\x93", "\xc3\x97",           "\xc2\xb1",
                                      "&lt;",         "\xe2\x89\xa4",       "&gt;",
                                      "\xe2\x89\xa5", "&lt;10<sup>-4</sup>"};

static void part(struct lx_buf *out, const struct lx_part *p)
{
    if (p->kind == LX_PART_SYMBOL) {
        lx_buf_add(out, symbols[p->symbol]);
        return;
    }
    lx_buf_add(out, p->best ? "<b>" : p->kind == LX_PART_MATH ? "<i>" : "");
    lx_grid_run(out, p->text, p->n, lx_escape_html);
    lx_buf_add(out, p->best ? "</b>" : p->kind == LX_PART_MATH ? "</i>" : "");
    if (p->n_spread == 0)
        return;
    lx_buf_add(out, " <small>\xc2\xb1\xc2\xa0");
    lx_grid_run(out, p->spread, p->n_spread, lx_escape_html);
    lx_buf_add(out, "</small>");
}

static void cell(struct lx_buf *out, const char *text)
{
    lx_grid_parts(out, text, lx_escape_html, part);
}

static void heads(struct lx_buf *out, const struct lx_grid *g)
{
    lx_buf_add(out, "<thead><tr>");
    for (size_t c = 0; c < g->n_columns; c++) {
        lx_buf_printf(out, "<th scope=\"col\"%s>", g->column[c].right ? " class=\"r\"" : "");
        cell(out, g->column[c].head);
        lx_buf_add(out, "</th>");
    }
    lx_buf_add(out, "</tr></thead>\n<tbody>\n");
}

/* The first cell names the row; where the row is about something, it is a link to it. */
static void row(struct lx_buf *out, const struct lx_grid *g, const struct lx_grid_row *x)
{
    if (x->link != NULL)
        lx_buf_printf(out, "<tr class=\"%s\">", x->kind);
    else
        lx_buf_add(out, "<tr>");
    for (size_t c = 0; c < g->n_columns; c++) {
        if (c == 0)
            lx_buf_add(out, "<th scope=\"row\">");
        else
            lx_buf_add(out, g->column[c].right ? "<td class=\"r\">" : "<td>");
        if (c == 0 && x->link != NULL)
            lx_buf_printf(out, "<a href=\"#charts\" data-show=\"%s\">", x->link);
        cell(out, x->cell[c]);
        lx_buf_add(out, c == 0 && x->link != NULL ? "</a>" : "");
        lx_buf_add(out, c == 0 ? "</th>" : "</td>");
    }
    lx_buf_add(out, "</tr>\n");
}

static void table(struct lx_buf *out, const struct lx_grid *g)
{
    lx_buf_add(out, "<div class=\"wide\"><table class=\"data\">");
    if (g->caption != NULL) {
        lx_buf_add(out, "<caption>");
        cell(out, g->caption);
        lx_buf_add(out, "</caption>");
    }
    lx_buf_add(out, "\n");
    heads(out, g);
    for (size_t r = 0; r < g->n_rows; r++) {
        const struct lx_grid_row *x = &g->row[r];

        if (x->cell != NULL) {
            row(out, g, x);
        } else if (x->across != NULL) {
            lx_buf_printf(out, "<tr class=\"across\"><th scope=\"colgroup\" colspan=\"%zu\">",
                          g->n_columns);
            cell(out, x->across);
            lx_buf_add(out, "</th></tr>\n");
        } else if (r + 1 < g->n_rows) {
            lx_buf_add(out, "</tbody>\n<tbody>\n");
        }
    }
    lx_buf_add(out, "</tbody></table></div>\n");
}

const struct lx_grid_writer lx_grid_html = {
    .name = "html", .floats = true, .text = lx_escape_html, .cell = cell, .table = table};
