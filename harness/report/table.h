/* Tables of a study: encodings x evaluation lengths, perplexity and its ratio to the training
 * length, and the share of right answers by length and by depth of the fact, for reading (Markdown, LaTeX, plain text) and for programs (CSV). */
#ifndef LX_REPORT_TABLE_H
#define LX_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "grid/grid.h"
#include "study/aggregate.h"

/* ANSWERS: retrieval at each length; DEPTHS: at the longest, by depth of the fact. */
enum lx_table_block { LX_TABLE_PPL, LX_TABLE_RATIO, LX_TABLE_ANSWERS, LX_TABLE_DEPTHS };

/* One cell, as texts that every format only has to put together. */
struct lx_table_cell {
    char mean[24]; /* "4.29"; "" if there is a note in its place */
    char sd[24];   /* "0.02"; "" for one seed */
    char note[40]; /* "diverged (1 of 3)", "n/a", "oom", ""; with a mean: "n=2" */
    bool best;     /* of its column */
};

struct lx_table {
    size_t n_rows, n_columns;
    const char **label;         /* (n_rows) */
    int *column;                /* (n_columns) evaluation lengths, or depths in per cent */
    bool depths;                /* columns are depths */
    int at_length;              /* of them */
    struct lx_table_cell *cell; /* (n_rows, n_columns) */
    size_t yardsticks;          /* of the last rows */
    char (*rate)[48];           /* (n_rows) "0.005", "0.005, arrays 0.05"; NULL: one rate for all */
    char (
        *interval)[48]; /* (n_rows) "4.21 to 4.35", of the longest length; NULL: a table without */
};

/* Fill a table; memory from the arena. */
LX_MUST_CHECK
enum lx_code lx_table_make(const struct lx_study *s, size_t section, enum lx_table_block block,
                           struct lx_arena *arena, struct lx_table *out, struct lx_err *err);

/* Whether a section without perplexities has answers to show. */
bool lx_table_has_answers(const struct lx_study *s, size_t section);

/* What is to be known of some series of a section. */
enum lx_table_mark { LX_MARK_UNTRAINED, LX_MARK_LEARNING, LX_MARK_AHEAD, LX_MARKS };

/* Append `before` and "not trained (...): a, b" with the series that the mark is on, escaped; false and
 * nothing where there are none. */
bool lx_table_mark(const struct lx_study *s, size_t section, enum lx_table_mark mark,
                   const char *before, void (*escape)(struct lx_buf *out, const char *text),
                   struct lx_buf *out);

/* Append the tables of all sections, to read and as rows for programs. */
LX_MUST_CHECK
enum lx_code lx_table_write(const struct lx_study *s, const struct lx_grid_writer *w,
                            struct lx_buf *out, struct lx_err *err);
/* Those of one section, without words of its own before them. */
LX_MUST_CHECK
enum lx_code lx_table_section(const struct lx_study *s, size_t section,
                              const struct lx_grid_writer *w, struct lx_buf *out,
                              struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_table_data(const struct lx_study *s, struct lx_buf *out, struct lx_err *err);

#endif
