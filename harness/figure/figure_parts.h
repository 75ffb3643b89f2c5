/* What a figure is made of, for those that draw one: figure.c (what is drawn), figure_script.c (how gnuplot is
 * told), and figures without curves (plot/plot_heat.c, plot/heatmap.c). */
#ifndef LX_FIGURE_FIGURE_PARTS_H
#define LX_FIGURE_FIGURE_PARTS_H

#include "figure/figure.h"

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
    bool paper;                    /* the legend has names alone, without values */
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

/* Append text, with an ellipsis after `most` characters. */
void lx_figure_shorten(struct lx_buf *out, const char *text, size_t most);

/* Append a single-quoted gnuplot string. */
void lx_figure_quoted(struct lx_buf *out, const char *text);
/* The same in lines of at most `most` (> 0) characters, broken at spaces: an expression. */
void lx_figure_title(struct lx_buf *out, const char *text, size_t most);
/* A double-quoted one, for labels of ours with line ends. */
void lx_figure_lines(struct lx_buf *out, const char *text);

#define LX_CANVAS_COLUMNS 6

/* Sizes, in pixels of the SVG (96 an inch), and how text, lines and symbols are scaled. */
struct lx_canvas {
    bool paper;
    double width, height;
    double left;  /* of a panel: tic labels and axis title */
    double panel; /* width of one */
    double top, bottom;
    double key, key_top;              /* upper left corner of the legend */
    double column[LX_CANVAS_COLUMNS]; /* x of those of the legend, on paper */
    size_t rows;                      /* of the legend */
    double key_line;                  /* height of a row, on paper */
    double font;                      /* points */
    double line, point;               /* factors on widths of lines, on symbols */
};

/* The canvas of a figure. On paper: one column of text (3.3 in) or two (6.9 in), the legend below. */
void lx_canvas_make(const struct lx_figure *f, const struct lx_layout *l, struct lx_canvas *c);

/* One for something else than curves. */
void lx_canvas_plain(bool paper, double width, double height, struct lx_canvas *c);

#define LX_CANVAS_SINGLE 316.8
#define LX_CANVAS_DOUBLE 662.4

/* The legend on paper: how wide the sample of a line is, and where its name begins. */
enum { LX_CANVAS_SAMPLE = 22, LX_CANVAS_NAME = 27 };

/* Append a label of ours as a double-quoted gnuplot string, in two lines where one is too long for so many
 * pixels. */
void lx_canvas_label(const struct lx_canvas *c, const char *text, double room, struct lx_buf *out);

/* Begin a script: terminals for SVG, PNG and PDF of this size, inside a loop that "unset output\n}" ends.
 * NAME.dat is `data`. */
void lx_figure_head(struct lx_buf *out, const char *title, const char *name,
                    const struct lx_canvas *c);

void lx_figure_script(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out);

#endif
