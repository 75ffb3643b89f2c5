/* Grids for a paper: a float with booktabs rules. */
#include <stdlib.h>
#include <string.h>

#include "grid/grid_internal.h"
#include "text/escape.h"

/* Characters of a column in small type, of a line across the page, and lines of a page. */
enum { COLUMN = 56, LINE = 80, PAGE = 42 };

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

/* Text whose long names may break after an underscore. */
static void escape_broken(struct lx_buf *out, const char *text)
{
    for (const char *next; *text != '\0'; text = next) {
        next = strchr(text, '_');
        next = next != NULL ? next + 1 : text + strlen(text);
        lx_grid_run(out, text, (size_t)(next - text), lx_escape_tex);
        lx_buf_add(out, next[-1] == '_' ? "\\allowbreak{}" : "");
    }
}

/* The cells of a row, or (NULL) the heads of the columns. */
static void cells(struct lx_buf *out, const struct lx_grid *g, const char *const *text)
{
    bool empty = false; /* no blank stands twice after an empty first cell */

    for (size_t c = 0; c < g->n_columns; c++) {
        const char *it = text != NULL ? text[c] : g->column[c].head;

        lx_buf_add(out, c == 0 ? "    " : empty ? "& " : " & ");
        lx_grid_parts(out, it, g->column[c].latex != NULL ? escape_broken : lx_escape_tex, part);
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

/* Characters of a cell as they are set, about. */
static size_t width_of(const char *text)
{
    size_t n = 0;

    for (struct lx_part p = lx_part_next(&text); p.kind != LX_PART_END; p = lx_part_next(&text))
        n += p.kind == LX_PART_SYMBOL ? 1 : p.n + (p.n_spread > 0 ? p.n_spread + 3 : 0);
    return n;
}

/* Characters of a line in a column that breaks its lines: of "p{0.3\\linewidth}" 0.3 of a line's. */
static size_t broken(const struct lx_grid_column *c)
{
    return 1 + (size_t)(LINE * strtod(c->latex + 2, NULL));
}

/* Characters of the widest row, with two between columns; one that breaks its lines counts as it is set. */
static size_t table_width(const struct lx_grid *g)
{
    size_t sum = 0;

    for (size_t c = 0; c < g->n_columns; c++) {
        size_t widest = width_of(g->column[c].head);

        for (size_t r = 0; r < g->n_rows; r++)
            if (g->row[r].cell != NULL && width_of(g->row[r].cell[c]) > widest)
                widest = width_of(g->row[r].cell[c]);
        sum += (g->column[c].latex != NULL ? broken(&g->column[c]) : widest) + 2;
    }
    return sum;
}

/* Lines that a row takes. */
static size_t height_of(const struct lx_grid *g, size_t r)
{
    size_t most = 1;

    for (size_t c = 0; c < g->n_columns && g->row[r].cell != NULL; c++) {
        size_t lines = g->column[c].latex != NULL
                           ? 1 + width_of(g->row[r].cell[c]) / broken(&g->column[c])
                           : 1;

        most = lines > most ? lines : most;
    }
    return most;
}

static bool is_rule(const struct lx_grid_row *x)
{
    return x->cell == NULL && x->across == NULL;
}

/* The end of the rows that fit on a page from `first` on: at a rule if one is in the second half. */
static size_t page_end(const struct lx_grid *g, size_t first)
{
    size_t lines = 0, rule = 0, r = first;

    for (; r < g->n_rows && lines + height_of(g, r) <= PAGE; r++) {
        lines += height_of(g, r);
        if (r > first && is_rule(&g->row[r]) && g->row[r - 1].across == NULL && lines > PAGE / 2)
            rule = r;
    }
    r = r == first ? first + 1 : r;
    return r < g->n_rows && rule > 0 ? rule : r;
}

/* "tab:study-costs": what a reference can hold of the label. */
static void add_label(const struct lx_grid *g, struct lx_buf *out)
{
    if (g->label == NULL)
        return;
    lx_buf_add(out, "\\label{tab:");
    for (const char *c = g->label; *c != '\0'; c++)
        lx_buf_addn(out,
                    (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                            (*c >= '0' && *c <= '9') || *c == '.' || *c == '-'
                        ? c
                        : "-",
                    1);
    lx_buf_add(out, "}");
}

/* A float of rows from `first` to `end`. A table of more than a column goes across the page, in small
 * type; what is wider still is scaled to fit. */
static void one_float(struct lx_buf *out, const struct lx_grid *g, size_t first, size_t end)
{
    size_t width = table_width(g);
    const char *star = width > COLUMN ? "*" : "";

    lx_buf_printf(out, "\n\\begin{table%s}\n  \\centering\n", star);
    if (g->latex_size != NULL)
        lx_buf_printf(out, "  %s\n", g->latex_size);
    else if (width > COLUMN)
        lx_buf_add(out, "  \\footnotesize\n  \\setlength{\\tabcolsep}{4pt}\n");
    lx_buf_add(out, "  \\caption{");
    if (first == 0)
        cell(out, g->caption != NULL ? g->caption : "");
    lx_buf_add(out, first > 0 ? "The table before, continued.}" : "}");
    if (first == 0)
        add_label(g, out);
    lx_buf_add(out, "\n  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
                    "  \\begin{tabular}{");
    for (size_t c = 0; c < g->n_columns; c++)
        lx_buf_add(out, g->column[c].latex != NULL ? g->column[c].latex
                        : g->column[c].right       ? "r"
                                                   : "l");
    lx_buf_add(out, "}\n    \\toprule\n");
    cells(out, g, NULL);
    lx_buf_add(out, "    \\midrule\n");
    for (size_t r = first; r < end; r++)
        row(out, g, r);
    lx_buf_printf(out, "    \\bottomrule\n  \\end{tabular}}\n\\end{table%s}\n", star);
}

static void table(struct lx_buf *out, const struct lx_grid *g)
{
    size_t first = 0;

    do {
        size_t end = page_end(g, first);

        one_float(out, g, first, end);
        first = end < g->n_rows && is_rule(&g->row[end]) ? end + 1 : end;
    } while (first < g->n_rows);
}

const struct lx_grid_writer lx_grid_latex = {.name = "latex",
                                             .floats = true,
                                             .narrow = true,
                                             .text = lx_escape_tex,
                                             .cell = cell,
                                             .table = table};
