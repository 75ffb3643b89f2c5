/* Grids as plain text and as Markdown: both are read unrendered, so that columns are padded. */
#include <string.h>

#include "grid/grid_internal.h"
#include "json/json_scan.h"
#include "text/escape.h"

static const char *const ascii[] = {"-", "x", "+-", "<", "<=", ">", ">=", "<1e-4"};
static const char *const utf8[] = {"-", "\xc3\x97",     "\xc2\xb1", "<", "\xe2\x89\xa4",
                                   ">", "\xe2\x89\xa5", "<1e-4"};

/* "4.29 +- 0.02" with the sign as one character, in any text. */
static void estimate(struct lx_buf *out, const struct lx_part *p)
{
    lx_buf_addn(out, p->text, p->n);
    if (p->n_spread > 0) {
        lx_buf_printf(out, " %s ", utf8[LX_PLUS_MINUS]);
        lx_buf_addn(out, p->spread, p->n_spread);
    }
}

static void plain_part(struct lx_buf *out, const struct lx_part *p)
{
    if (p->kind == LX_PART_SYMBOL)
        lx_buf_add(out, ascii[p->symbol]);
    else
        estimate(out, p);
}

static void markdown_part(struct lx_buf *out, const struct lx_part *p)
{
    const char *mark = p->best ? "**" : "";

    if (p->kind == LX_PART_SYMBOL) {
        lx_buf_add(out, utf8[p->symbol]);
        return;
    }
    lx_buf_add(out, mark);
    estimate(out, p);
    lx_buf_add(out, mark);
}

static void plain_cell(struct lx_buf *out, const char *cell)
{
    lx_grid_parts(out, cell, lx_escape_plain, plain_part);
}

static void markdown_cell(struct lx_buf *out, const char *cell)
{
    lx_grid_parts(out, cell, lx_escape_markdown, markdown_part);
}

static void comment_cell(struct lx_buf *out, const char *cell)
{
    lx_grid_parts(out, cell, lx_escape_comment, markdown_part);
}

/* A cell with room for the mark of the best, after the number that it marks. */
static void marked_cell(struct lx_buf *out, const char *cell)
{
    bool marked = false;

    for (struct lx_part p = lx_part_next(&cell); p.kind != LX_PART_END; p = lx_part_next(&cell)) {
        if (p.kind == LX_PART_TEXT)
            lx_grid_run(out, p.text, p.n, lx_escape_plain);
        else
            plain_part(out, &p);
        if (p.kind == LX_PART_ESTIMATE) {
            lx_buf_add(out, p.best ? "*" : " ");
            marked = true;
        }
    }
    lx_buf_add(out, marked ? "" : " ");
}

/* How one format lays a table out. */
struct layout {
    const char *before, *between, *after; /* of a row */
    bool rules;                           /* say how columns are aligned */
    void (*cell)(struct lx_buf *out, const char *cell);
};

static void set_cell(const struct layout *l, const struct lx_grid *g, size_t column,
                     const char *cell, struct lx_buf *out)
{
    lx_buf_clear(out);
    lx_buf_add(out, "");
    (g->marked && !l->rules && g->column[column].right ? marked_cell : l->cell)(out, cell);
}

static void pad(struct lx_buf *out, const char *text, size_t width, bool right)
{
    size_t n = lx_utf8_count(text);

    for (size_t i = n; right && i < width; i++)
        lx_buf_add(out, " ");
    lx_buf_add(out, text);
    for (size_t i = n; !right && i < width; i++)
        lx_buf_add(out, " ");
}

/* Characters of the widest cell of a column. */
static size_t width_of(const struct layout *l, const struct lx_grid *g, size_t column,
                       struct lx_buf *text)
{
    size_t widest = g->column[column].least;

    for (size_t r = 0; r <= g->n_rows; r++) {
        size_t n;

        if (r > 0 && g->row[r - 1].cell == NULL)
            continue;
        set_cell(l, g, column, r == 0 ? g->column[column].head : g->row[r - 1].cell[column], text);
        n = text->failed ? 0 : lx_utf8_count(text->text);
        widest = n > widest ? n : widest;
    }
    return widest;
}

static void write_rule(const struct layout *l, const struct lx_grid *g, const size_t *width,
                       struct lx_buf *out)
{
    for (size_t c = 0; c < g->n_columns; c++) {
        lx_buf_add(out, l->rules ? "|" : c > 0 ? "--" : "");
        for (size_t i = 0; i < width[c] + l->rules; i++)
            lx_buf_add(out, "-");
        if (l->rules)
            lx_buf_add(out, g->column[c].right ? ":" : "-");
    }
    lx_buf_add(out, l->rules ? "|\n" : "\n");
}

static void write_padded(const struct layout *l, const struct lx_grid *g, struct lx_buf *out)
{
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    size_t *width = lx_arena_take(&arena, g->n_columns + 1, sizeof(*width));

    for (size_t c = 0; width != NULL && c < g->n_columns; c++)
        width[c] = width_of(l, g, c, &text);
    for (size_t r = 0; width != NULL && !text.failed && r <= g->n_rows; r++) {
        if (r > 0 && g->row[r - 1].cell == NULL)
            continue; /* rules and titles inside a table are for paper */
        for (size_t c = 0; c < g->n_columns; c++) {
            set_cell(l, g, c, r == 0 ? g->column[c].head : g->row[r - 1].cell[c], &text);
            lx_buf_add(out, c == 0 ? l->before : l->between);
            pad(out, text.failed ? "" : text.text, width[c], g->column[c].right);
        }
        lx_buf_add(out, l->after);
        if (r == 0)
            write_rule(l, g, width, out);
    }
    out->failed = out->failed || text.failed || width == NULL;
    lx_buf_free(&text);
    lx_arena_free(&arena);
}

/* Markdown that is not padded: cells of sentences would make lines that no one can read. */
static void write_loose(const struct lx_grid *g, void (*set)(struct lx_buf *out, const char *cell),
                        struct lx_buf *out)
{
    for (size_t r = 0; r <= g->n_rows; r++) {
        if (r > 0 && g->row[r - 1].cell == NULL)
            continue;
        lx_buf_add(out, "|");
        for (size_t c = 0; c < g->n_columns; c++) {
            const char *cell = r == 0 ? g->column[c].head : g->row[r - 1].cell[c];

            lx_buf_add(out, cell[0] != '\0' || r > 0 ? " " : "");
            set(out, cell);
            lx_buf_add(out, " |");
        }
        lx_buf_add(out, "\n");
        for (size_t c = 0; r == 0 && c < g->n_columns; c++)
            lx_buf_add(out, g->column[c].right ? "|---:" : "|---");
        lx_buf_add(out, r == 0 ? "|\n" : "");
    }
}

static void markdown_table(struct lx_buf *out, const struct lx_grid *g)
{
    static const struct layout layout = {"| ", " | ", " |\n", true, markdown_cell};

    if (g->padded)
        write_padded(&layout, g, out);
    else
        write_loose(g, markdown_cell, out);
}

static void comment_table(struct lx_buf *out, const struct lx_grid *g)
{
    write_loose(g, comment_cell, out);
}

static void plain_table(struct lx_buf *out, const struct lx_grid *g)
{
    static const struct layout layout = {"", "  ", "\n", false, plain_cell};

    write_padded(&layout, g, out);
}

const struct lx_grid_writer lx_grid_plain = {
    .name = "text", .text = lx_escape_plain, .cell = plain_cell, .table = plain_table};

const struct lx_grid_writer lx_grid_markdown = {
    .name = "markdown", .text = lx_escape_markdown, .cell = markdown_cell, .table = markdown_table};

/* Markdown for the comment that a service shows under a change: foreign text is no link and no mention. */
const struct lx_grid_writer lx_grid_comment = {
    .name = "comment", .text = lx_escape_comment, .cell = comment_cell, .table = comment_table};
