/* Making grids, and the parts of a cell. Parts are told apart by control characters, which
 * foreign text has not: they become blanks there. \1 symbol, \2 mathematics, \3 or \4 (the best) an estimate, \5 a multiple; \6 stands between
 * mean and spread, \7 ends a part. */
#include "grid/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid/grid_internal.h"

void lx_cell_text(struct lx_buf *cell, const char *text)
{
    for (; *text != '\0'; text++)
        lx_buf_addn(cell, *text >= 1 && *text <= 7 ? " " : text, 1);
}

void lx_cell_printf(struct lx_buf *cell, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    lx_buf_add(cell, text);
}

void lx_cell_symbol(struct lx_buf *cell, enum lx_symbol s)
{
    lx_buf_printf(cell, "\1%c\7", 'a' + (int)s);
}

void lx_cell_math(struct lx_buf *cell, const char *number)
{
    lx_buf_printf(cell, "\2%s\7", number);
}

void lx_cell_estimate(struct lx_buf *cell, const char *mean, const char *spread, bool best)
{
    lx_buf_printf(cell, "%c%s\6%s\7", best ? '\4' : '\3', mean, spread);
}

void lx_cell_multiple(struct lx_buf *cell, const char *multiple)
{
    lx_buf_printf(cell, "\5%s\7", multiple);
}

struct lx_part lx_part_next(const char **cell)
{
    static const enum lx_part_kind kinds[] = {LX_PART_SYMBOL, LX_PART_MATH, LX_PART_ESTIMATE,
                                              LX_PART_ESTIMATE, LX_PART_MULTIPLE};
    const char *at = *cell;
    struct lx_part p = {.kind = LX_PART_TEXT, .text = at};

    if (*at == '\0')
        return (struct lx_part){.kind = LX_PART_END};
    if (*at > 5 || *at < 1) {
        p.n = strcspn(at, "\1\2\3\4\5");
        *cell = at + p.n;
        return p;
    }
    p.kind = kinds[*at - 1];
    p.best = *at == '\4';
    p.text = at + 1;
    p.n = strcspn(at + 1, "\6\7");
    p.spread = p.text + p.n + (p.text[p.n] == '\6');
    p.n_spread = p.text[p.n] == '\6' ? strcspn(p.spread, "\7") : 0;
    if (p.kind == LX_PART_SYMBOL)
        p.symbol = (enum lx_symbol)(p.text[0] - 'a');
    *cell = p.text + strcspn(p.text, "\7") + 1;
    return p;
}

void lx_grid_run(struct lx_buf *out, const char *text, size_t n,
                 void (*escape)(struct lx_buf *out, const char *text))
{
    struct lx_buf copy = {0};

    lx_buf_addn(&copy, text, n);
    lx_buf_add(&copy, "");
    if (copy.failed)
        out->failed = true;
    else
        escape(out, copy.text);
    lx_buf_free(&copy);
}

void lx_grid_parts(struct lx_buf *out, const char *cell,
                   void (*text)(struct lx_buf *out, const char *text),
                   void (*other)(struct lx_buf *out, const struct lx_part *p))
{
    for (struct lx_part p = lx_part_next(&cell); p.kind != LX_PART_END; p = lx_part_next(&cell))
        if (p.kind == LX_PART_TEXT)
            lx_grid_run(out, p.text, p.n, text);
        else
            other(out, &p);
}

void lx_grid_free(struct lx_grid *g)
{
    lx_arena_free(&g->arena);
    lx_buf_free(&g->cell);
    free(g->column);
    free(g->row);
    *g = (struct lx_grid){.n_rows = 0};
}

enum lx_code lx_grid_check(const struct lx_grid *g, struct lx_err *err)
{
    return g->failed ? lx_fail(err, LX_ENOMEM, "out of memory for a table") : LX_OK;
}

const char *lx_grid_keep(struct lx_grid *g, struct lx_buf *text)
{
    char *kept =
        text->failed ? NULL : lx_arena_text(&g->arena, text->text != NULL ? text->text : "");

    g->failed = g->failed || kept == NULL;
    lx_buf_clear(text);
    return kept;
}

void lx_grid_column(struct lx_grid *g, const char *head, bool right, size_t least)
{
    struct lx_grid_column *grown = realloc(g->column, (g->n_columns + 1) * sizeof(*grown));
    char *kept = head != NULL ? lx_arena_text(&g->arena, head) : NULL;

    g->failed = g->failed || grown == NULL || kept == NULL;
    if (grown != NULL)
        g->column = grown;
    if (!g->failed)
        g->column[g->n_columns++] = (struct lx_grid_column){kept, right, least, NULL};
}

static void add_row(struct lx_grid *g, struct lx_grid_row row)
{
    if (g->n_rows == g->room) {
        size_t room = g->room == 0 ? 64 : 2 * g->room;
        struct lx_grid_row *grown = realloc(g->row, room * sizeof(*grown));

        g->failed = g->failed || grown == NULL;
        if (grown == NULL)
            return;
        g->row = grown;
        g->room = room;
    }
    g->row[g->n_rows++] = row;
}

struct lx_buf *lx_grid_cell(struct lx_grid *g)
{
    lx_buf_clear(&g->cell);
    lx_buf_add(&g->cell, "");
    return &g->cell;
}

void lx_grid_put(struct lx_grid *g)
{
    const char *text = lx_grid_keep(g, &g->cell);

    if (!g->failed && g->at == 0) {
        g->making = lx_arena_take(&g->arena, g->n_columns + 1, sizeof(const char *));
        g->failed = g->making == NULL;
    }
    if (g->failed)
        return;
    g->making[g->at++] = text;
    if (g->at < g->n_columns)
        return;
    add_row(g, (struct lx_grid_row){.cell = g->making, .link = g->link, .kind = g->kind});
    g->at = 0;
    g->link = g->kind = NULL;
}

void lx_grid_text(struct lx_grid *g, const char *text)
{
    lx_cell_text(lx_grid_cell(g), text);
    lx_grid_put(g);
}

void lx_grid_number(struct lx_grid *g, double v, int decimals)
{
    struct lx_buf *cell = lx_grid_cell(g);

    if (isfinite(v))
        lx_cell_printf(cell, "%.*f", decimals, v);
    else
        lx_cell_symbol(cell, LX_NONE);
    lx_grid_put(g);
}

void lx_grid_data(struct lx_grid *g, double v)
{
    struct lx_buf *cell = lx_grid_cell(g);

    if (!isnan(v))
        lx_cell_printf(cell, "%.9g", v);
    lx_grid_put(g);
}

void lx_grid_count(struct lx_grid *g, long long n)
{
    lx_cell_printf(lx_grid_cell(g), "%lld", n);
    lx_grid_put(g);
}

void lx_grid_link(struct lx_grid *g, const char *link, const char *kind)
{
    g->link = lx_arena_text(&g->arena, link);
    g->kind = kind;
    g->failed = g->failed || g->link == NULL;
}

void lx_grid_label(struct lx_grid *g, const char *study, const char *what, const char *suffix)
{
    g->label = lx_arena_printf(&g->arena, "%s-%s%s", study, what, suffix);
    g->failed = g->failed || g->label == NULL;
}

void lx_grid_rule(struct lx_grid *g)
{
    add_row(g, (struct lx_grid_row){NULL});
}

void lx_grid_across(struct lx_grid *g, const char *text)
{
    char *kept = lx_arena_text(&g->arena, text);

    g->failed = g->failed || kept == NULL;
    add_row(g, (struct lx_grid_row){.across = kept});
}
