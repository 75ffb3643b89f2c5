/* How a curve looks, and where tics go: decided here, not by gnuplot, so that an encoding keeps its
 * colour in every figure of every study, and its shape in those of one. */
#ifndef LX_FIGURE_STYLE_H
#define LX_FIGURE_STYLE_H

#include <stddef.h>

#include "core/buf.h"
#include "study/aggregate.h"

struct lx_style {
    const char *color;     /* "#rrggbb" */
    const char *dash;      /* gnuplot dashtype */
    const char *page_dash; /* the same as stroke-dasharray, in pixels; "": solid */
    int point;             /* gnuplot point type */
};

/* Shares from 0 to 1 as colour: one hue, that everybody tells apart and black text is read on. */
#define LX_STYLE_SHARES                                                                            \
    "set palette defined (0 '#f7fbff', 0.5 '#a6cbe6', 1 '#4b94c9')\nset cbrange [0:1]\n"

/* look: of the encoding; variant: 0 as trained, else dashed and hollow in the same colour. */
struct lx_style lx_style_of(int look, int variant);

/* The look of an encoding of this name after the (n) series before it: its colour is the same wherever it
 * is shown, dash and shape tell it from those before it of the same colour. */
int lx_style_look(const char *name, const struct lx_series *before, size_t n);

/* Set the look of every series of a study. */
void lx_style_study(struct lx_study *s);

/* Append "4, 5, 6, 8, 10, 20": at most ten tics for a logarithmic axis from lo to hi, also
 * between decades. */
void lx_style_log_tics(double lo, double hi, struct lx_buf *out);

/* The same for an even axis. */
void lx_style_even_tics(double lo, double hi, struct lx_buf *out);

/* Characters of the widest label at even tics of a linear axis from lo to hi, as gnuplot sets them. */
size_t lx_style_tic_width(double lo, double hi);

#endif
