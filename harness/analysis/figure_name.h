/* The names of figures: those that the report has of its own, and those that it makes from the id of
 * an analysis. A user's id must not meet one of them, or a figure would replace another without a
 * word. A figure's files are called NAME, or NAME-... where sections differ. A new figure has its name,
 * or what it puts after the id, in figure_name.c. */
#ifndef LX_ANALYSIS_FIGURE_NAME_H
#define LX_ANALYSIS_FIGURE_NAME_H

#include <stddef.h>

/* Some figure that the id of an analysis would replace, NULL: none. */
const char *lx_figure_replaced(const char *id);

/* What follows one of two ids in the name of a figure that both would make, "" if they are the same;
 * NULL: their figures never meet. */
const char *lx_figures_meet(const char *a, const char *b);

/* Whether a figure's name, without what follows a '-', is known here; ids: (n) of the analyses. For
 * tests. */
int lx_figure_known(const char *name, const char *const *ids, size_t n);

#endif
