/* Training curves as thumbnails: a small picture for each scheme on common axes, so that one that still
 * falls, or jumped, is seen at a glance. */
#include <math.h>

#include "page/page_internal.h"
#include "study/format.h"
#include "text/escape.h"

enum { WIDTH = 180, HEIGHT = 72, POINTS = 60 };

struct box {
    double x_lo, x_hi, y_lo, y_hi;
};

static void path(const struct lx_curve *c, const struct box *b, struct lx_buf *out)
{
    size_t every = 1 + c->n / POINTS;
    bool pen = false;

    for (size_t i = 0; i < c->n; i++) {
        const struct lx_point *q = &c->point[i];
        double share = (q->y - b->y_lo) / (b->y_hi - b->y_lo);

        if (i % every != 0 && i + 1 != c->n)
            continue;
        if (isfinite(q->y))
            lx_buf_printf(out, "%c%.1f %.1f", pen ? 'L' : 'M',
                          (q->x - b->x_lo) / (b->x_hi - b->x_lo) * WIDTH,
                          HEIGHT - fmin(1, share) * HEIGHT);
        pen = isfinite(q->y);
    }
}

static void thumb(const struct lx_page_figures *of, const struct lx_curve *c, const struct box *b,
                  struct lx_buf *out)
{
    size_t series = (size_t)(c->series - of->series);
    double last = c->n > 0 ? c->point[c->n - 1].y : (double)NAN;
    char value[24] = "diverged";

    if (isfinite(last))
        lx_format_number(last, last, value);
    lx_buf_printf(out, "<figure class=\"thumb\" data-s=\"%zu\"%s style=\"--k:", series,
                  of->on[series] ? "" : " hidden=\"hidden\"");
    lx_page_color(c->series, out);
    lx_buf_printf(out, "\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"training of ",
                  WIDTH, HEIGHT);
    lx_escape_html(out, c->series->label);
    lx_buf_add(out, "\"><path class=\"line\" d=\"");
    path(c, b, out);
    lx_buf_add(out, "\"/></svg><figcaption>");
    lx_escape_html(out, c->series->label);
    lx_buf_printf(out, " %s</figcaption></figure>\n", value);
}

enum lx_code lx_page_thumbs(const struct lx_page_figures *of, const struct lx_figure *f,
                            struct lx_buf *out, struct lx_err *err)
{
    const struct lx_panel *p = &f->panel[0];
    struct box b = {.x_lo = p->x_min, .x_hi = p->x_max};
    bool log_y;

    lx_figure_range(p, &b.y_lo, &b.y_hi, &log_y);
    lx_buf_add(out, "<h3>");
    lx_escape_html(out, f->title);
    lx_buf_add(out, "</h3>\n<p class=\"mu\">");
    lx_escape_html(out, f->note);
    lx_buf_printf(out, "; all on the same axes, %.3g to %.3g nats over %.4g ", b.y_lo, b.y_hi,
                  b.x_hi / 1.01);
    lx_escape_html(out, p->xlabel);
    lx_buf_add(out, ".</p>\n<div class=\"thumbs\">\n");
    for (size_t i = 0; i < p->n_curves; i++)
        thumb(of, &p->curve[i], &b, out);
    lx_buf_add(out, "</div>\n");
    return lx_buf_check(out, err);
}
