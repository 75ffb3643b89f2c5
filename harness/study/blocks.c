/* Reading blocks.csv.gz; see blocks.h. */
#include "study/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "text/csvfile.h"

enum column { CELL, EVALUATED_AS, EVAL_LENGTH, MODE, STRIDE, BLOCK, TOKENS, SUM, COLUMNS };

static const char *const names[COLUMNS] = {"cell",   "evaluated_as", "eval_length", "mode",
                                           "stride", "block",        "tokens",      "nll_sum"};

/* An evaluation while its rows come in. */
struct sums {
    double nll[LX_CROSSED_BLOCKS], targets[LX_CROSSED_BLOCKS];
};

static int by_place(const void *pa, const void *pb)
{
    const struct lx_blocks *a = pa, *b = pb;
    int c = lx_order(a->cell, b->cell);

    c = c ? c : lx_order(a->evaluated_as, b->evaluated_as);
    c = c ? c : lx_order(a->mode, b->mode);
    c = c ? c : lx_order(a->eval_length, b->eval_length);
    return c ? c : lx_order(a->stride, b->stride);
}

/* A number of at least `min`; an empty field is -1 where that is allowed (min -1). */
static enum lx_code number(const struct lx_csv *csv, const char *path, size_t row, size_t column,
                           double min, double *out, struct lx_err *err)
{
    const char *text = lx_csv_at(csv, row, column);
    char *end;

    *out = -1;
    if (text[0] == '\0' && min < 0)
        return LX_OK;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || !(*out >= min) || !(*out < 1e15))
        return lx_fail(err, LX_EFORMAT,
                       "%s: line %zu: %s: must be a number of at least %g, got '%.40s'", path,
                       row + 2, csv->header[column], min, text);
    return LX_OK;
}

/* The evaluation that a row is of; its rows follow each other, block by block. */
static enum lx_code add_row(const struct lx_csv *csv, const char *path, size_t r, const size_t *at,
                            const struct lx_rows *rows, struct lx_block_list *list,
                            struct sums *sums, struct lx_err *err)
{
    double length, stride, block, tokens, sum;
    struct lx_blocks b = {.cell = lx_intern_find(&rows->names, lx_csv_at(csv, r, at[CELL])),
                          .evaluated_as =
                              lx_intern_find(&rows->names, lx_csv_at(csv, r, at[EVALUATED_AS])),
                          .mode = lx_intern_find(&rows->names, lx_csv_at(csv, r, at[MODE]))};
    struct lx_blocks *last = list->n > 0 ? &list->item[list->n - 1] : NULL;

    if (number(csv, path, r, at[EVAL_LENGTH], 1, &length, err) ||
        number(csv, path, r, at[STRIDE], -1, &stride, err) ||
        number(csv, path, r, at[BLOCK], 0, &block, err) ||
        number(csv, path, r, at[TOKENS], 1, &tokens, err) ||
        number(csv, path, r, at[SUM], 0, &sum, err))
        return err->code;
    if (b.cell < 0 || b.evaluated_as < 0 || b.mode < 0)
        return LX_OK;
    b.eval_length = (int)length;
    b.stride = (int)stride;
    if (block <= 0 && (last == NULL || by_place(last, &b) != 0)) {
        list->item[list->n++] = b;
        last = &list->item[list->n - 1];
    }
    if (last == NULL || by_place(last, &b) != 0 || last->n == LX_CROSSED_BLOCKS ||
        block < (double)last->n || block > (double)last->n)
        return lx_fail(err, LX_EFORMAT,
                       "%s: line %zu: block: must count 0, 1, .. to %d at most, got %g", path,
                       r + 2, LX_CROSSED_BLOCKS - 1, block);
    sums[list->n - 1].nll[last->n] = sum;
    sums[list->n - 1].targets[last->n++] = tokens;
    return LX_OK;
}

enum lx_code lx_blocks_read(const char *path, const struct lx_rows *rows, struct lx_arena *arena,
                            struct lx_block_list *out, struct lx_err *err)
{
    struct lx_csv csv;
    struct sums *sums;
    size_t at[COLUMNS], most = 0;

    *out = (struct lx_block_list){0};
    if (lx_csv_read(path, arena, &csv, err))
        return err->code;
    for (int c = 0; c < COLUMNS; c++) {
        int found = lx_csv_column(&csv, names[c]);

        if (found < 0)
            return lx_fail(err, LX_EFORMAT, "%s: the column '%s' is missing", path, names[c]);
        at[c] = (size_t)found;
    }
    for (size_t r = 0; r < csv.n_rows; r++)
        most += strcmp(lx_csv_at(&csv, r, at[BLOCK]), "0") == 0;
    if (lx_arena_get(arena, most + 1, sizeof(*out->item), &out->item, "blocks", err) ||
        lx_arena_get(arena, most + 1, sizeof(*sums), &sums, "blocks", err))
        return err->code;
    for (size_t r = 0; r < csv.n_rows; r++)
        if (add_row(&csv, path, r, at, rows, out, sums, err))
            return err->code;
    for (size_t i = 0; i < out->n; i++)
        lx_crossed_shares(sums[i].nll, sums[i].targets, out->item[i].n, out->item[i].y);
    qsort(out->item, out->n, sizeof(*out->item), by_place);
    for (size_t i = 1; i < out->n; i++)
        if (by_place(&out->item[i - 1], &out->item[i]) == 0)
            return lx_fail(err, LX_EFORMAT, "%s: two sets of blocks of one evaluation (%s, %s)",
                           path, lx_rows_name(rows, out->item[i].cell),
                           lx_rows_name(rows, out->item[i].mode));
    return LX_OK;
}

const struct lx_blocks *lx_blocks_of(const struct lx_block_list *list, const struct lx_row *row)
{
    const struct lx_blocks key = {.cell = row->cell,
                                  .evaluated_as = row->evaluated_as,
                                  .mode = row->mode,
                                  .eval_length = row->eval_length,
                                  .stride = row->stride};

    return list->n == 0 ? NULL : bsearch(&key, list->item, list->n, sizeof(*list->item), by_place);
}
