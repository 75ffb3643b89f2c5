/* CSV tables; see csvfile.h. The only file that knows libcsv.
 *
 * libcsv is fed a line at a time, so that its callbacks know the line. Two of its habits are turned
 * off: it does not trim spaces here (a field is what stands between the commas) and it never sees a
 * NUL byte (cells are C strings). All cells share one block of the arena: no field can need more
 * than its own bytes in the file plus a NUL, for which its comma or line end pays. */
#include "text/csvfile.h"

#include <csv.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/fs.h"

#define MAX_COLUMNS 4096

struct reader {
    const char *name;
    struct lx_err *err;
    enum lx_code code;  /* first failure inside a callback */
    size_t line;        /* being fed, from 1 */
    size_t record_line; /* where the current record began */
    char *pool;         /* text of the cells */
    size_t pool_used, pool_size;
    const char **cells; /* header first */
    size_t n_cells, cap;
    size_t n_columns; /* 0 until the header is complete */
    size_t n_records;
    size_t n_in_record;
};

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void on_field(void *text, size_t n, void *ctx)
{
    struct reader *r = ctx;
    char *cell = r->pool + r->pool_used;

    if (r->code != LX_OK)
        return;
    if (r->n_columns == 0 && r->n_in_record >= MAX_COLUMNS) {
        r->code = lx_fail(r->err, LX_EFORMAT, "%s: line %zu: more than %d columns", r->name,
                          r->record_line, MAX_COLUMNS);
        return;
    }
    if (r->n_cells == r->cap) {
        size_t cap = r->cap == 0 ? 256 : r->cap * 2;
        const char **p = realloc(r->cells, cap * sizeof(*p));

        if (p == NULL) {
            r->code = lx_fail(r->err, LX_ENOMEM, "%s: out of memory for %zu cells", r->name, cap);
            return;
        }
        r->cells = p;
        r->cap = cap;
    }
    if (n >= r->pool_size - r->pool_used) {
        r->code = lx_fail(r->err, LX_EFORMAT, "%s: line %zu: field too long", r->name, r->line);
        return;
    }
    if (n > 0)
        memcpy(cell, text, n);
    cell[n] = '\0';
    r->pool_used += n + 1;
    r->cells[r->n_cells++] = cell;
    r->n_in_record++;
}

static void check_header(struct reader *r)
{
    r->n_columns = r->n_in_record;
    for (size_t i = 0; i < r->n_columns; i++)
        for (size_t j = 0; j < i && r->code == LX_OK; j++)
            if (strcmp(r->cells[i], r->cells[j]) == 0)
                r->code = lx_fail(r->err, LX_EFORMAT, "%s: line %zu: two columns are named \"%s\"",
                                  r->name, r->record_line, r->cells[i]);
}

static void on_record(int end, void *ctx)
{
    struct reader *r = ctx;

    (void)end;
    if (r->code != LX_OK)
        return;
    if (r->n_columns == 0)
        check_header(r);
    else if (r->n_in_record != r->n_columns)
        r->code = lx_fail(r->err, LX_EFORMAT, "%s: line %zu: must have %zu fields, got %zu",
                          r->name, r->record_line, r->n_columns, r->n_in_record);
    r->n_records++;
    r->n_in_record = 0;
}

static enum lx_code csv_failed(struct reader *r, int status)
{
    if (r->code != LX_OK)
        return r->code;
    if (status == CSV_EPARSE)
        return lx_fail(r->err, LX_EFORMAT,
                       "%s: line %zu: misplaced quote: a field with quotes must be quoted as a "
                       "whole, quotes inside doubled",
                       r->name, r->record_line);
    return lx_fail(r->err, LX_ENOMEM, "%s: line %zu: out of memory", r->name, r->line);
}

/* Feed the text line by line. */
static enum lx_code feed(struct reader *r, struct csv_parser *p, const char *text, size_t n)
{
    bool open = false; /* the record goes on from the line before */

    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t len = end != NULL ? (size_t)(end - (text + at)) + 1 : n - at;
        size_t before = r->n_records;
        bool blank = len == 1 || (len == 2 && text[at] == '\r');

        r->line++;
        if (!open)
            r->record_line = r->line;
        if (memchr(text + at, '\0', len) != NULL)
            return lx_fail(r->err, LX_EFORMAT, "%s: line %zu: has a NUL byte", r->name, r->line);
        if (csv_parse(p, text + at, len, on_field, on_record, r) != len || r->code != LX_OK)
            return csv_failed(r, csv_error(p));
        open = (open || !blank) && r->n_records == before;
        at += len;
    }
    if (csv_fini(p, on_field, on_record, r) != 0) {
        if (csv_error(p) == CSV_EPARSE && r->code == LX_OK)
            return lx_fail(r->err, LX_EFORMAT, "%s: line %zu: the quoted field is never closed",
                           r->name, r->record_line);
        return csv_failed(r, csv_error(p));
    }
    return r->code;
}

static enum lx_code keep(struct reader *r, struct lx_arena *arena, struct lx_csv *out)
{
    const char **cells;
    enum lx_code code;

    if (r->n_columns == 0)
        return lx_fail(r->err, LX_EFORMAT, "%s: empty: there is no header line", r->name);
    code = lx_arena_get(arena, r->n_cells, sizeof(*cells), &cells, r->name, r->err);
    if (code != LX_OK || cells == NULL)
        return code;
    memcpy(cells, r->cells, r->n_cells * sizeof(*cells));
    out->n_columns = r->n_columns;
    out->n_rows = r->n_records - 1;
    out->header = cells;
    out->cells = cells + r->n_columns;
    return LX_OK;
}

enum lx_code lx_csv_parse(const char *text, size_t n, const char *name, struct lx_arena *arena,
                          struct lx_csv *out, struct lx_err *err)
{
    struct reader r = {.name = name, .err = err};
    struct csv_parser p;
    enum lx_code code;

    memset(out, 0, sizeof(*out));
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a spreadsheet's byte order mark */
        text += 3;
        n -= 3;
    }
    r.pool_size = n + 2;
    code = lx_arena_get(arena, r.pool_size, 1, &r.pool, name, err);
    if (code != LX_OK || r.pool == NULL)
        return code;
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", name);
    csv_set_space_func(&p, no_space);
    code = feed(&r, &p, text, n);
    csv_free(&p);
    if (code == LX_OK)
        code = keep(&r, arena, out);
    free(r.cells);
    return code;
}

enum lx_code lx_csv_read(const char *path, struct lx_arena *arena, struct lx_csv *out,
                         struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_fs_read_gz(path, &text, err) || lx_csv_parse(text.text, text.len, path, arena, out, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

int lx_csv_column(const struct lx_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->n_columns; i++)
        if (strcmp(csv->header[i], name) == 0)
            return (int)i;
    return -1;
}

void lx_csv_field(struct lx_buf *out, const char *text)
{
    size_t n = strlen(text);
    /* Spaces at the ends need no quotes by RFC 4180, but many readers trim them. */
    bool quote = strpbrk(text, ",\"\r\n") != NULL ||
                 (n > 0 && (strchr(" \t", text[0]) != NULL || strchr(" \t", text[n - 1]) != NULL));

    if (!quote) {
        lx_buf_addn(out, text, n);
        return;
    }
    lx_buf_add(out, "\"");
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"')
            lx_buf_add(out, "\"");
        lx_buf_addn(out, text + i, 1);
    }
    lx_buf_add(out, "\"");
}

void lx_csv_number(struct lx_buf *out, double v)
{
    if (!isnan(v))
        lx_buf_printf(out, "%.9g", v);
}
