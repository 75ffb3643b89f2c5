/* What the files of this room share; users want page.h. */
#ifndef LX_PAGE_PAGE_INTERNAL_H
#define LX_PAGE_PAGE_INTERNAL_H

#include "core/arena.h"
#include "figure/figure.h"
#include "page/page.h"

/* A figure of the study, kept. */
struct lx_page_figure {
    struct lx_figure figure;
    size_t section;
};

struct lx_page_figures {
    struct lx_arena arena;
    struct lx_page_figure *item; /* (n) by section */
    size_t n, room, section;     /* section: that figures now come from */
    /* (n_series) those of the study, then those that a figure alone has: encodings in a study of rates. The
     * curves above are of these. */
    struct lx_series *series;
    size_t n_series;
    bool *on; /* (series) shown at first */
};

/* All figures of the study, and which series are shown at first. Free it after a failure too. */
LX_MUST_CHECK
enum lx_code lx_page_gather(const struct lx_page *p, struct lx_page_figures *out,
                            struct lx_err *err);
void lx_page_figures_free(struct lx_page_figures *f);

/* Append one panel as an SVG of the series that are on. */
LX_MUST_CHECK
enum lx_code lx_page_svg(const struct lx_page_figures *of, const struct lx_panel *panel,
                         const char *label, struct lx_buf *out, struct lx_err *err);

/* A small picture: the ends of its axes, and its pixels. */
struct lx_page_box {
    double x[2], y[2];
    bool log_x, log_y;
    int width, height;
};

/* Append the path of a curve in it, of every so many points and the last; broken where it has no value. */
void lx_page_path(const struct lx_curve *c, const struct lx_page_box *b, size_t every,
                  struct lx_buf *out);

/* Append training curves, a small picture for each scheme. */
LX_MUST_CHECK
enum lx_code lx_page_thumbs(const struct lx_page_figures *of, const struct lx_figure *f,
                            struct lx_buf *out, struct lx_err *err);

/* Append what the script draws from, as one JSON value without a byte of markup. */
void lx_page_data(const struct lx_page_figures *f, struct lx_buf *out);

/* A figure of training curves is shown as thumbnails, not as a chart. */
bool lx_page_is_training(const struct lx_figure *f);

/* Append "#0072b2", or for black the colour of the text. */
void lx_page_color(const struct lx_series *s, struct lx_buf *out);
/* The dashes of a series in pixels, "" where solid. */
const char *lx_page_dash(const struct lx_series *s);

/* Append all up to the body. */
void lx_page_head(const char *title, struct lx_buf *out);

/* Which series (on: one for each) are shown at first: all of a small study; of a large one the best and those
 * that claims are about. */
void lx_page_choose(const struct lx_page *p, bool *on);

/* The group with the lowest perplexity of this section and length; NULL: there is none. */
const struct lx_group *lx_page_best(const struct lx_study *s, size_t section, int length);

/* Append the sentences that sum up a study, as list items. */
LX_MUST_CHECK
enum lx_code lx_page_sentences(const struct lx_page *p, struct lx_buf *out, struct lx_err *err);

/* Append attention entropy by layer and head of every series, at the training length and at the longest;
 * nothing where it was not measured by head. */
LX_MUST_CHECK
enum lx_code lx_page_entropy(const struct lx_page *p, size_t section, const bool *on,
                             struct lx_buf *out, struct lx_err *err);

/* Append how the study was made: three sentences from its config. */
void lx_page_protocol(const struct lx_page *p, struct lx_buf *out);

/* Append the config, its lines that are not defaults marked. */
LX_MUST_CHECK
enum lx_code lx_page_config(const struct lx_page *p, struct lx_buf *out, struct lx_err *err);

/* Append where the numbers come from: program, machine, sums. */
LX_MUST_CHECK
enum lx_code lx_page_provenance(const struct lx_page *p, struct lx_buf *out, struct lx_err *err);

#endif
