/* Training curves as thumbnails: a small picture for each scheme on common axes, so that one that still
 * falls, or jumped, is seen at a glance. */
#include <math.h>

#include "page/page_internal.h"
#include "text/escape.h"
#include "text/format.h"

enum { WIDTH = 180, HEIGHT = 72, POINTS = 60 };

/* How far v is from lo to hi, 0 to 1. */
static double share(double v, double lo, double hi, bool is_log)
{
    return is_log ? log(v / lo) / log(hi / lo) : (v - lo) / (hi - lo);
}

void lx_page_path(const struct lx_curve *c, const struct lx_page_box *b, size_t every,
                  struct lx_buf *out)
{
    bool pen = false;

    for (size_t i = 0; i < c->n; i++) {
        const struct lx_point *q = &c->point[i];
        double y = share(q->y, b->y[0], b->y[1], b->log_y);

        if (i % every != 0 && i + 1 != c->n)
            continue;
        if (isfinite(y))
            lx_buf_printf(out, "%c%.1f %.1f", pen ? 'L' : 'M',
                          share(q->x, b->x[0], b->x[1], b->log_x) * b->width,
                          b->height - fmin(1, y) * b->height);
        pen = isfinite(y);
    }
}

static void thumb(const struct lx_page_figures *of, const struct lx_curve *c,
                  const struct lx_page_box *b, struct lx_buf *out)
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
    lx_page_path(c, b, 1 + c->n / POINTS, out);
    lx_buf_add(out, "\"/></svg><figcaption>");
    lx_escape_html(out, c->series->label);
    lx_buf_printf(out, " %s</figcaption></figure>\n", value);
}

enum lx_code lx_page_thumbs(const struct lx_page_figures *of, const struct lx_figure *f,
                            struct lx_buf *out, struct lx_err *err)
{
    const struct lx_panel *p = &f->panel[0];
    struct lx_page_box b = {.x = {p->x_min, p->x_max}, .width = WIDTH, .height = HEIGHT};
    bool log_y;

    lx_figure_range(p, &b.y[0], &b.y[1], &log_y);
    lx_buf_add(out, "<h3>");
    lx_escape_html(out, f->title);
    lx_buf_add(out, "</h3>\n<p class=\"mu\">");
    lx_escape_html(out, f->note);
    lx_buf_printf(out, "; all on the same axes, %.3g to %.3g nats over %.4g ", b.y[0], b.y[1],
                  b.x[1] / 1.01);
    lx_escape_html(out, p->xlabel);
    lx_buf_add(out, ".</p>\n<div class=\"thumbs\">\n");
    for (size_t i = 0; i < p->n_curves; i++)
        thumb(of, &p->curve[i], &b, out);
    lx_buf_add(out, "</div>\n");
    return lx_buf_check(out, err);
}
