/* Shared by figure.c (what is drawn) and figure_script.c (how gnuplot is told); nobody else
 * includes it. */
#ifndef LX_REPORT_FIGURE_IMPL_H
#define LX_REPORT_FIGURE_IMPL_H

#include "report/figure.h"
#include "report/table.h"

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
    struct lx_buf floor; /* the legend text of the floor */
    size_t longest;      /* characters of the longest legend text */
    struct lx_frame frame[2];
};

/* The panel's curve of this series; NULL: none. */
const struct lx_curve *lx_figure_curve(const struct lx_panel *p, const struct lx_series *series);

/* Append text without control characters. */
void lx_figure_plain(struct lx_buf *out, const char *text);

void lx_figure_script(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out);

#endif
