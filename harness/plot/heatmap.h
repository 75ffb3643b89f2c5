/* A picture of what a stack applies: rows of core/applied.h as a heat map, drawn by gnuplot. */
#ifndef LX_PLOT_HEATMAP_H
#define LX_PLOT_HEATMAP_H

#include "core/applied.h"
#include "core/err.h"

/* Draw the rows into `path` (FILE.png; FILE.svg, .pdf, .gp and .dat are left beside it), one panel for
 * each kind. No rows are LX_EUSAGE: there is nothing to draw. */
LX_MUST_CHECK
enum lx_code lx_heatmap_draw(const struct lx_applied_rows *rows, const char *title,
                             const char *path, struct lx_err *err);

#endif
