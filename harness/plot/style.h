/* How a curve looks, and where tics go: decided here, not by gnuplot, so that an encoding keeps its
 * colour and shape in every figure of a study. */
#ifndef LX_PLOT_STYLE_H
#define LX_PLOT_STYLE_H

#include <stddef.h>

#include "core/buf.h"

struct lx_style {
    const char *color; /* "#rrggbb" */
    const char *dash;  /* gnuplot dashtype */
    int point;         /* gnuplot point type */
};

/* rank: of the encoding; variant: 0 as trained, else dashed and hollow in the same colour. */
struct lx_style lx_style_of(int rank, int variant);

/* Append "4, 5, 6, 8, 10, 20": at most ten tics for a logarithmic axis from lo to hi, also
 * between decades. */
void lx_style_log_tics(double lo, double hi, struct lx_buf *out);

/* The same for an even axis. */
void lx_style_even_tics(double lo, double hi, struct lx_buf *out);

/* Characters of the widest label at even tics of a linear axis from lo to hi, as gnuplot sets them. */
size_t lx_style_tic_width(double lo, double hi);

#endif
