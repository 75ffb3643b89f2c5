/* The report of a results folder: metrics.csv in, tables and plots out.
 *
 * Nothing but the files in the folder is looked at: metrics.csv, and train.csv, runs.csv and
 * config.json if they are there. Files made: report.html, table.md, table.tex,
 * table.csv, costs.{md,tex,csv} from runs.csv, plots/NAME.{gp,dat,svg,png,pdf}. They are described in results/README.md. */
#ifndef LX_REPORT_REPORT_H
#define LX_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"

struct lx_report_options {
    bool no_plots;       /* tables only */
    bool paper;          /* figures for a paper: column widths, no titles */
    const char *gnuplot; /* name or absolute path; NULL: "gnuplot" */
    /* What a config has where it says nothing, so that the page can mark the rest; NULL: nothing is. */
    enum lx_code (*defaults)(const struct lx_json *config, struct lx_json **out,
                             struct lx_err *err);
};

/* Make all files. A missing gnuplot costs the pictures and a warning, nothing else: scripts and
 * data are written, so they can be drawn elsewhere. o NULL: defaults. text, if it is not NULL, gets the
 * tables as plain text for a terminal. */
LX_MUST_CHECK
enum lx_code lx_report_make(const char *dir, const struct lx_report_options *o, struct lx_buf *text,
                            struct lx_err *err);

/* Make DIR/index.html: one page over the results folders in DIR, with a link to the report.html of each. One
 * that cannot be read is named there, and in a warning. */
LX_MUST_CHECK
enum lx_code lx_report_index(const char *dir, struct lx_err *err);

/* Append the primary claims of (n) folders, judged as one family, as a table of format w. */
struct lx_grid_writer;
LX_MUST_CHECK
enum lx_code lx_verdicts_write(char **dir, size_t n, const struct lx_grid_writer *w,
                               struct lx_buf *out, struct lx_err *err);

#endif
