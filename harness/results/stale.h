/* Old beside new: rows, tables and figures are many files, and no file system replaces many at once. While
 * some of a folder are of other rows than the rest, DIR/stale.txt says so in a line. It is there before the
 * first file is replaced and away after the last, so a merge or a report that is cut short leaves it.
 * A folder that had no such files before needs no word: what is there is new. */
#ifndef LX_RESULTS_STALE_H
#define LX_RESULTS_STALE_H

#include <stdbool.h>

#include "core/err.h"

#define LX_STALE_FILE "stale.txt"

enum lx_stale {
    LX_STALE_NOT,
    LX_STALE_ROWS,  /* metrics.csv and the rows beside it: merge makes them anew */
    LX_STALE_TABLES /* tables and figures are older than the rows: report does */
};

/* What the file says, in one line without its end; NULL: LX_STALE_NOT. */
const char *lx_stale_line(enum lx_stale what);

/* What the folder says. A file that says something else, or cannot be read, is of tables; LX_ENOMEM. */
LX_MUST_CHECK enum lx_code lx_stale_read(const char *dir, enum lx_stale *what, struct lx_err *err);
/* Say it, durably; LX_STALE_NOT takes the file away. */
LX_MUST_CHECK enum lx_code lx_stale_mark(const char *dir, enum lx_stale what, struct lx_err *err);

/* A report: between begin and end its files are replaced. What a merge left half is not its to mend, and rows
 * that were replaced meanwhile want another report: then the word stays. */
struct lx_stale_report {
    const char *dir;
    bool marked, known; /* known: rows is filled */
    long long rows[4];  /* which metrics.csv it is of: device, file, size, time */
};
LX_MUST_CHECK
enum lx_code lx_stale_begin(struct lx_stale_report *r, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_stale_end(const struct lx_stale_report *r, struct lx_err *err);
/* Before the rows are read. */
void lx_stale_watch(struct lx_stale_report *r, const char *dir);

#endif
