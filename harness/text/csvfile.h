/* CSV: reading (over libcsv, strict) and field quoting.
 *
 * Rows must have as many fields as the header; quoting errors and an unfinished last quote are
 * errors with file and line. Empty lines are skipped. */
#ifndef LX_TEXT_CSVFILE_H
#define LX_TEXT_CSVFILE_H

#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

struct lx_csv {
    size_t n_columns, n_rows;
    const char *const *header; /* (n_columns) */
    const char *const *cells;  /* (n_rows, n_columns), never NULL */
};

LX_MUST_CHECK
enum lx_code lx_csv_parse(const char *text, size_t n, const char *name, struct lx_arena *arena,
                          struct lx_csv *out, struct lx_err *err);
/* The file may be gzip. */
LX_MUST_CHECK
enum lx_code lx_csv_read(const char *path, struct lx_arena *arena, struct lx_csv *out,
                         struct lx_err *err);

/* Index of a column, -1 if there is none. */
int lx_csv_column(const struct lx_csv *csv, const char *name);

static inline const char *lx_csv_at(const struct lx_csv *csv, size_t row, size_t column)
{
    return csv->cells[row * csv->n_columns + column];
}

/* Append a field, quoted only where it must be. */
void lx_csv_field(struct lx_buf *out, const char *text);
/* Append a number as %.9g; nothing for NaN (empty = not applicable). */
void lx_csv_number(struct lx_buf *out, double v);

#endif
