/* Shared by figure.c (what is drawn), figure_script.c (how gnuplot is told) and plot_heat.c (a figure
 * without curves); nobody else includes it. */
#ifndef LX_PLOT_FIGURE_INTERNAL_H
#define LX_PLOT_FIGURE_INTERNAL_H

#include "plot/figure.h"

struct lx_frame {
    double y_lo, y_hi;
    bool log_y;
    bool marks; /* something is marked at the upper edge */
};

struct lx_legend_entry {
    const struct lx_curve *curve; /* of panel 0 */
    struct lx_buf text;
};

struct lx_layout {
    struct lx_legend_entry *entry; /* (n) in the order of the legend */
    size_t n;
    struct lx_buf level[LX_FIGURE_LEVELS]; /* the legend texts of horizontal lines */
    size_t longest;                        /* characters of the longest legend text */
    struct lx_frame frame[2];
};

/* The panel's curve of this series; NULL: none. */
const struct lx_curve *lx_figure_curve(const struct lx_panel *p, const struct lx_series *series);

/* Append text without control characters. */
void lx_figure_plain(struct lx_buf *out, const char *text);

/* Append a name as a single-quoted gnuplot string, cut to `most` characters: a picture has no room for
 * more, and gnuplot cannot draw one that is too wide. */
void lx_figure_name(struct lx_buf *out, const char *text, size_t most);

/* As many bytes of text as make `most` characters, or all. */
size_t lx_figure_cut(const char *text, size_t most);

/* Append a single-quoted gnuplot string. */
void lx_figure_quoted(struct lx_buf *out, const char *text);

/* Begin a script: terminals for SVG and PNG of this size in pixels of the SVG, inside a loop that
 * "unset output\n}" ends. NAME.dat is `data`. */
void lx_figure_head(struct lx_buf *out, const char *title, const char *name, double width,
                    double height);

void lx_figure_script(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out);

#endif
