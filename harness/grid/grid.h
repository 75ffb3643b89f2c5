/* Tables: what is in the cells is said once, and each format has a writer.
 *
 * A grid is a caption, columns with a head and an alignment, and rows of cells. The text of a cell is
 * made of parts: foreign text (which every writer escapes in its own way), numbers and symbols (which
 * LaTeX sets as mathematics). A new format is a file with a struct lx_grid_writer and a line in
 * grid_writers.c. */
#ifndef LX_GRID_GRID_H
#define LX_GRID_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum lx_symbol {
    LX_NONE,
    LX_TIMES,
    LX_PLUS_MINUS,
    LX_LESS,
    LX_AT_MOST,
    LX_MORE,
    LX_AT_LEAST,
    LX_TINY
};

/* Append a part to the text of a cell. */
void lx_cell_text(struct lx_buf *cell, const char *text);                       /* as it is */
void lx_cell_printf(struct lx_buf *cell, const char *fmt, ...) LX_PRINTF(2, 3); /* text of ours */
void lx_cell_symbol(struct lx_buf *cell, enum lx_symbol s);
void lx_cell_math(struct lx_buf *cell, const char *number); /* "-0.5" */
/* A mean and its spread ("": none), the best of its column or not. */
void lx_cell_estimate(struct lx_buf *cell, const char *mean, const char *spread, bool best);
void lx_cell_multiple(struct lx_buf *cell, const char *multiple); /* "2x", of a length */

struct lx_grid_column {
    const char *head; /* a cell */
    bool right;
    size_t least;      /* characters, where columns are padded */
    const char *latex; /* its column type; NULL: l or r */
};

struct lx_grid_row {
    const char *const *cell; /* (columns); NULL: not a row but ... */
    const char *across;      /* ... a cell over all columns; NULL: a rule */
    const char *link,
        *kind; /* for a page: what the row is about, and a word to colour it by; NULL */
};

struct lx_grid {
    struct lx_arena arena;
    struct lx_grid_column *column;
    size_t n_columns;
    struct lx_grid_row *row;
    size_t n_rows, room;
    struct lx_buf cell;  /* being made */
    const char **making; /* the row being made, and how far it is */
    size_t at;
    const char *link, *kind; /* of the row being made */
    bool failed;             /* out of memory */
    const char *caption;     /* a cell, where tables carry their own */
    const char *label;       /* what a paper refers to it by, without \"tab:\"; NULL: none */
    const char *latex_size;  /* commands before the caption; NULL: none */
    bool padded;             /* Markdown: columns as wide as their widest cell */
    bool marked;             /* plain text: room for the mark of the best */
};

void lx_grid_free(struct lx_grid *g);
/* head may be what lx_grid_keep gives: NULL is a failure of the grid, too. */
void lx_grid_column(struct lx_grid *g, const char *head, bool right, size_t least);

/* The cell of the open row that comes next: append parts to what this returns, then call lx_grid_put. A
 * row is full when every column has its cell, and the next begins. */
struct lx_buf *lx_grid_cell(struct lx_grid *g);
void lx_grid_put(struct lx_grid *g);
void lx_grid_text(struct lx_grid *g, const char *text);         /* a cell of one text */
void lx_grid_number(struct lx_grid *g, double v, int decimals); /* "-" where v is not finite */
void lx_grid_data(struct lx_grid *g, double v);                 /* nine digits; empty for NaN */
void lx_grid_count(struct lx_grid *g, long long n);
/* What the open row is about, for a page that shows it: numbers of series, "0 3". */
void lx_grid_link(struct lx_grid *g, const char *link, const char *kind);
/* Label the table STUDY-WHATSUFFIX. */
void lx_grid_label(struct lx_grid *g, const char *study, const char *what, const char *suffix);
void lx_grid_rule(struct lx_grid *g);
void lx_grid_across(struct lx_grid *g, const char *text);

/* A text of the grid that lives as long as it; NULL after a failure. */
const char *lx_grid_keep(struct lx_grid *g, struct lx_buf *text);

LX_MUST_CHECK enum lx_code lx_grid_check(const struct lx_grid *g, struct lx_err *err);

struct lx_grid_writer {
    const char *name;
    bool floats; /* a table carries its caption; else words stand before it */
    bool narrow; /* for a page: fewer columns */
    void (*text)(struct lx_buf *out, const char *text); /* foreign text */
    void (*cell)(struct lx_buf *out, const char *cell); /* a cell, or words made like one */
    void (*table)(struct lx_buf *out, const struct lx_grid *g);
};

extern const struct lx_grid_writer lx_grid_plain, lx_grid_markdown, lx_grid_latex, lx_grid_csv,
    lx_grid_html, lx_grid_comment;

int lx_grid_writer_count(void);
const struct lx_grid_writer *lx_grid_writer_at(int i);

#endif
