/* A figure: panels of curves with one legend, written as a gnuplot script and its data.
 *
 * The families (plot_*.c) gather curves and choose axes; here they become NAME.gp and NAME.dat,
 * which stay beside the pictures so that a reader can change and redraw them:
 *     cd plots && gnuplot NAME.gp
 * Equal input gives equal bytes. */
#ifndef LX_FIGURE_FIGURE_H
#define LX_FIGURE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "figure/target.h"
#include "study/aggregate.h"

struct lx_point {
    double x, y, lo, hi; /* y NaN unless status is ok; [lo, hi] its band */
    int n, bad;          /* seeds, and those of them with the status */
    enum lx_report_status status;
};

struct lx_curve {
    const struct lx_series *series;
    struct lx_point *point; /* (n) by rising x */
    size_t n;
};

enum lx_axis_kind {
    LX_AXIS_LINEAR,
    LX_AXIS_LOG /* x: base 2, y: decimal */
};

struct lx_tic {
    double at;
    const char *label; /* may hold \n */
};

#define LX_FIGURE_LEVELS 4
struct lx_level {
    double at; /* y */
    const char *label, *dash;
};

struct lx_panel {
    const char *xlabel, *ylabel;
    enum lx_axis_kind x, y;
    double x_min, x_max;   /* of the axis */
    double y_cap;          /* what lies above is marked at the upper edge; NaN: no cap */
    double mark;           /* vertical line at this x, NaN: none */
    const char *mark_text; /* beside it */
    struct lx_level level[LX_FIGURE_LEVELS]; /* (n_levels) horizontal lines */
    size_t n_levels;
    const struct lx_tic *tic; /* (n_tics) on x; n_tics 0: gnuplot's own */
    size_t n_tics;
    int symbol_every; /* a symbol at every so many points; 0: lines only */
    struct lx_curve *curve;
    size_t n_curves;
};

struct lx_figure {
    const char *name;         /* file stem */
    const char *title, *note; /* the note is a second, smaller line */
    const char *legend_title; /* says what the numbers in the legend are */
    bool multiples;           /* x is in multiples of the training length */
    struct lx_panel panel[2]; /* side by side; panel 0 orders the legend */
    size_t n_panels;
    bool same_y; /* two panels with one range of y */
};

/* Is there anything to see: a finite point in panel 0? */
bool lx_figure_has_points(const struct lx_figure *f);

/* The range of y that shows every point with its band, and whether the axis is logarithmic. */
void lx_figure_range(const struct lx_panel *p, double *lo, double *hi, bool *log_y);

/* Append the script, for a page or for paper, and the data. */
LX_MUST_CHECK
enum lx_code lx_figure_write(const struct lx_figure *f, bool paper, struct lx_buf *gp,
                             struct lx_buf *dat, struct lx_err *err);

/* Put the figure where figures go, under its name or, if that is taken, one beside it. */
LX_MUST_CHECK
enum lx_code lx_figure_save(const struct lx_figure *f, struct lx_plot_target *to,
                            struct lx_err *err);

#endif
