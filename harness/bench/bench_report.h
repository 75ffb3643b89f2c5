/* The report of `longshot bench`: its CSV rows in, a table to read and a figure out. */
#ifndef LX_BENCH_BENCH_REPORT_H
#define LX_BENCH_BENCH_REPORT_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

struct lx_bench_report_options {
    const char *machine; /* name of the processor */
    bool no_plots;
    const char *gnuplot; /* NULL: "gnuplot" */
};

/* rows: the whole CSV with its header. Writes DIR/bench.csv and DIR/bench.md, and, where lengths
 * were measured, DIR/length.{gp,dat,svg,png} (evaluation) and DIR/train_length.* (training); without
 * gnuplot the pictures are left out. */
LX_MUST_CHECK
enum lx_code lx_bench_report(const struct lx_buf *rows, const char *dir,
                             const struct lx_bench_report_options *o, struct lx_err *err);

/* Write DIR/NAME. */
LX_MUST_CHECK
enum lx_code lx_bench_save(const char *dir, const char *name, const struct lx_buf *text,
                           struct lx_err *err);

#endif
