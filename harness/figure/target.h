/* The folder that figures go to. It knows what was put there, so that what an earlier report left beside
 * it can be told and taken away: a picture of other rows beside a new table is a wrong picture. */
#ifndef LX_FIGURE_TARGET_H
#define LX_FIGURE_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

struct lx_figure;

struct lx_plot_target {
    /* Not NULL: figures are given to it in place of the folder, and live until it returns. */
    enum lx_code (*take)(void *ctx, const struct lx_figure *f, struct lx_err *err);
    void *ctx;
    const char *dir;
    bool paper;             /* sizes and type for a paper, no titles */
    const char *gnuplot;    /* NULL: write scripts and data, draw nothing */
    bool missing;           /* set when gnuplot turns out not to exist ... */
    bool no_pdf;            /* ... or to draw no PDF */
    struct lx_arena arena;  /* of the names */
    const char *name[1024]; /* (n) file stems of what was put */
    size_t n;
};

void lx_plot_target_free(struct lx_plot_target *to);

/* `wanted`, or "wanted-2" if a figure of that name was put already. NULL: out of memory. */
const char *lx_plot_name(struct lx_plot_target *to, const char *wanted);

/* Write DIR/NAME.gp and .dat and draw DIR/NAME.svg, .png and, where gnuplot can, .pdf. Pictures that cannot
 * be drawn now are taken away: they would be of other data. */
LX_MUST_CHECK
enum lx_code lx_plot_put(struct lx_plot_target *to, const char *name, const struct lx_buf *gp,
                         const struct lx_buf *dat, struct lx_err *err);

/* Remove the files of one figure, if there are any. */
LX_MUST_CHECK
enum lx_code lx_plot_drop(const struct lx_plot_target *to, const char *name, struct lx_err *err);

/* Take away the figures in the folder that were not put; *removed counts them. A figure is known by its
 * script: what someone else keeps there stays. No folder is no error. */
LX_MUST_CHECK
enum lx_code lx_plot_sweep(struct lx_plot_target *to, size_t *removed, struct lx_err *err);

/* The second line of every script, by which a figure of ours is known. */
#define LX_PLOT_MARK "# Draw it again in this folder: gnuplot "

#endif
