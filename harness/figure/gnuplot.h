/* Running gnuplot. */
#ifndef LX_FIGURE_GNUPLOT_H
#define LX_FIGURE_GNUPLOT_H

#include <stdbool.h>

#include "core/err.h"

/* Run DIR/NAME.gp inside DIR and put NAME.svg, NAME.png and, where it has a terminal for it (*pdf),
 * NAME.pdf in place. What gnuplot says on stderr becomes the error text. A program that does not exist is
 * no error: *found is cleared. */
LX_MUST_CHECK
enum lx_code lx_gnuplot_draw(const char *program, const char *dir, const char *name, bool *found,
                             bool *pdf, struct lx_err *err);

#endif
