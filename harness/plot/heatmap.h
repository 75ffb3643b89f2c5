/* A picture of what a stack applies: rows of hook_dump.h as a heat map, drawn by gnuplot. */
#ifndef LX_PLOT_HEATMAP_H
#define LX_PLOT_HEATMAP_H

#include "core/err.h"

/* Draw the CSV into `path` (FILE.png; FILE.svg, FILE.gp and FILE.dat are left beside it), one panel for
 * each kind. A CSV without rows is LX_EUSAGE: there is nothing to draw. */
LX_MUST_CHECK
enum lx_code lx_heatmap_draw(const char *csv, const char *title, const char *path,
                             struct lx_err *err);

#endif
