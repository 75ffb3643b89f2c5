/* One panel as SVG: axes, yardsticks, bands, curves, and their names at the right edge. page.js draws the
 * same from the same numbers; sizes and looks must agree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure/style.h"
#include "json/json_scan.h"
#include "page/page_internal.h"
#include "text/escape.h"
#include "text/format.h"

enum { WIDTH = 960, HEIGHT = 400, LEFT = 62, RIGHT = 230, TOP = 26, BOTTOM = 52 };
enum { LINE = 14, NAME_MOST = 26, SYMBOLS_MOST = 14 };

struct frame {
    const struct lx_panel *panel;
    double x_lo, x_hi, y_lo, y_hi; /* logarithms where the axis has them */
    bool log_x, log_y;
    struct lx_buf *out;
};

static double at_x(const struct frame *f, double v)
{
    double t = f->log_x ? log(v) : v;

    return LEFT + (t - f->x_lo) / (f->x_hi - f->x_lo) * (WIDTH - LEFT - RIGHT);
}

/* What lies above the axis is drawn at its upper edge. */
static double at_y(const struct frame *f, double v)
{
    double t = f->log_y ? log(v) : v;
    double share = fmax(-0.02, fmin(1, (t - f->y_lo) / (f->y_hi - f->y_lo)));

    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static void text(const struct frame *f, double x, double y, const char *anchor, const char *words)
{
    lx_buf_printf(f->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    lx_escape_html(f->out, words);
    lx_buf_add(f->out, "</text>\n");
}

static void line(const struct frame *f, double x1, double y1, double x2, double y2,
                 const char *class)
{
    lx_buf_printf(f->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                  class, x1, y1, x2, y2);
}

/* The numbers of "4, 5, 6" in turn; false at the end. */
static bool next_tic(const char **list, double *v)
{
    char *end;

    *v = strtod(*list, &end);
    if (end == *list)
        return false;
    *list = end + strspn(end, ", ");
    return true;
}

static void y_axis(const struct frame *f, double lo, double hi)
{
    struct lx_buf tics = {0};
    const char *at;
    double v;

    if (f->log_y)
        lx_style_log_tics(lo, hi, &tics);
    else
        lx_style_even_tics(lo, hi, &tics);
    for (at = tics.text; at != NULL && next_tic(&at, &v);) {
        char label[32];

        lx_number_text(v, label, sizeof(label));
        line(f, LEFT, at_y(f, v), WIDTH - RIGHT, at_y(f, v), "grid");
        text(f, LEFT - 8, at_y(f, v) + 4, "end", label);
    }
    f->out->failed = f->out->failed || tics.failed;
    lx_buf_free(&tics);
    lx_buf_printf(f->out,
                  "<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">",
                  (TOP + HEIGHT - BOTTOM) / 2);
    lx_escape_html(f->out, f->panel->ylabel);
    lx_buf_add(f->out, "</text>\n");
}

/* A label of two lines, "2x\n128". */
static void x_label(const struct frame *f, double x, const char *label)
{
    const char *second = strchr(label, '\n');
    struct lx_buf first = {0};

    lx_buf_addn(&first, label, second != NULL ? (size_t)(second - label) : strlen(label));
    if (!first.failed && first.text != NULL)
        text(f, x, HEIGHT - BOTTOM + 16, "middle", first.text);
    if (second != NULL)
        text(f, x, HEIGHT - BOTTOM + 30, "middle", second + 1);
    f->out->failed = f->out->failed || first.failed;
    lx_buf_free(&first);
}

static void x_axis(const struct frame *f)
{
    const struct lx_panel *p = f->panel;
    struct lx_buf tics = {0};
    const char *at;
    double v;

    for (size_t i = 0; i < p->n_tics; i++)
        x_label(f, at_x(f, p->tic[i].at), p->tic[i].label);
    if (p->n_tics == 0)
        lx_style_even_tics(p->x_min, p->x_max, &tics);
    for (at = tics.text; at != NULL && next_tic(&at, &v);) {
        char label[32];

        lx_number_text(v, label, sizeof(label));
        x_label(f, at_x(f, v), label);
    }
    f->out->failed = f->out->failed || tics.failed;
    lx_buf_free(&tics);
    text(f, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", p->xlabel);
    if (isfinite(p->mark)) {
        line(f, at_x(f, p->mark), TOP - 8, at_x(f, p->mark), HEIGHT - BOTTOM, "mark");
        text(f, at_x(f, p->mark) + 5, TOP - 8, "start", p->mark_text);
    }
}

/* A run of points with numbers, from `from` on; *to: the first after it. False: there is none. */
static bool next_run(const struct lx_curve *c, size_t *from, size_t *to)
{
    while (*from < c->n && !isfinite(c->point[*from].y))
        ++*from;
    for (*to = *from; *to < c->n && isfinite(c->point[*to].y);)
        ++*to;
    return *from < c->n;
}

static void band(const struct frame *f, const struct lx_curve *c, size_t from, size_t to)
{
    bool any = false;

    for (size_t i = from; i < to; i++)
        any |= c->point[i].hi > c->point[i].lo;
    if (!any || to - from < 2)
        return;
    lx_buf_add(f->out, "<path class=\"band\" d=\"");
    for (size_t i = from; i < to; i++)
        lx_buf_printf(f->out, "%c%.1f %.1f", i == from ? 'M' : 'L', at_x(f, c->point[i].x),
                      at_y(f, c->point[i].hi));
    for (size_t i = to; i > from; i--)
        lx_buf_printf(f->out, "L%.1f %.1f", at_x(f, c->point[i - 1].x),
                      at_y(f, c->point[i - 1].lo));
    lx_buf_add(f->out, "Z\"/>\n");
}

/* A dot where points are few, an arrow above the axis, a cross where not every seed has a number. */
static void symbol(const struct frame *f, const struct lx_curve *c, const struct lx_point *q)
{
    double x = at_x(f, q->x), y = TOP + 4;

    if (q->status == LX_ROW_DIVERGED)
        lx_buf_printf(f->out, "<path class=\"sign\" d=\"M%.1f %.1fl8 8m0-8l-8 8\"/>\n", x - 4,
                      y - 4);
    else if (isfinite(q->y) && isfinite(f->panel->y_cap) && q->y > f->panel->y_cap)
        lx_buf_printf(f->out, "<path class=\"sign\" d=\"M%.1f %.1fl5-7l5 7\"/>\n", x - 5, y + 3);
    else if (isfinite(q->y) && c->n <= SYMBOLS_MOST)
        lx_buf_printf(f->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", x, at_y(f, q->y));
}

static void curve(const struct frame *f, size_t series, const struct lx_curve *c)
{
    const char *dash = lx_page_dash(c->series);
    size_t to;

    lx_buf_printf(f->out, "<g class=\"s\" data-s=\"%zu\" style=\"color:", series);
    lx_page_color(c->series, f->out);
    lx_buf_add(f->out, "\">\n");
    for (size_t from = 0; next_run(c, &from, &to); from = to)
        band(f, c, from, to);
    lx_buf_printf(f->out, "<path class=\"line\"%s%s%s d=\"", dash[0] ? " stroke-dasharray=\"" : "",
                  dash, dash[0] ? "\"" : "");
    for (size_t from = 0; next_run(c, &from, &to); from = to)
        for (size_t i = from; i < to; i++)
            lx_buf_printf(f->out, "%c%.1f %.1f", i == from ? 'M' : 'L', at_x(f, c->point[i].x),
                          at_y(f, c->point[i].y));
    lx_buf_add(f->out, "\"/>\n");
    for (size_t i = 0; i < c->n; i++)
        symbol(f, c, &c->point[i]);
    lx_buf_add(f->out, "</g>\n");
}

/* Something that is named at the right edge. */
struct name {
    double y, place;
    double value;
    const char *label;
    const struct lx_series *series; /* NULL: a yardstick */
};

static int by_height(const void *pa, const void *pb)
{
    const struct name *a = pa, *b = pb;

    if (a->y < b->y || a->y > b->y)
        return a->y < b->y ? -1 : 1;
    return strcmp(a->label, b->label);
}

/* Push names apart, downwards and then back up from the lower edge. */
static void spread(struct name *name, size_t n)
{
    double floor = HEIGHT - BOTTOM + 10;

    for (size_t i = 0; i < n; i++)
        name[i].place = i > 0 ? fmax(name[i].y, name[i - 1].place + LINE) : name[i].y;
    for (size_t i = n; i-- > 0; floor = name[i].place - LINE)
        name[i].place = fmin(name[i].place, floor);
}

static void add_name(const struct frame *f, const struct name *x)
{
    char value[24];
    size_t bytes = lx_utf8_cut(x->label, NAME_MOST);
    struct lx_buf cut = {0};

    lx_format_number(x->value, x->value, value);
    lx_buf_printf(f->out, "<g style=\"color:");
    if (x->series != NULL)
        lx_page_color(x->series, f->out);
    else
        lx_buf_add(f->out, "inherit");
    lx_buf_add(f->out, "\">");
    line(f, WIDTH - RIGHT + 2, x->y, WIDTH - RIGHT + 14, x->place, "lead");
    lx_buf_printf(f->out, "<text class=\"name\" x=\"%d\" y=\"%.1f\">", WIDTH - RIGHT + 18,
                  x->place + 4);
    lx_buf_addn(&cut, x->label, bytes);
    lx_buf_add(&cut, x->label[bytes] != '\0' ? "\xe2\x80\xa6" : "");
    if (!cut.failed)
        lx_escape_html(f->out, cut.text);
    lx_buf_printf(f->out, " %s</text></g>\n", value);
    f->out->failed = f->out->failed || cut.failed;
    lx_buf_free(&cut);
}

static enum lx_code names(const struct frame *f, struct lx_err *err)
{
    const struct lx_panel *p = f->panel;
    struct name *name = calloc(p->n_curves + p->n_levels + 1, sizeof(*name));
    size_t n = 0;

    if (name == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the page");
    for (size_t i = 0; i < p->n_curves; i++) {
        const struct lx_curve *c = &p->curve[i];

        if (c->n > 0 && isfinite(c->point[c->n - 1].y))
            name[n++] = (struct name){at_y(f, c->point[c->n - 1].y), 0, c->point[c->n - 1].y,
                                      c->series->label, c->series};
    }
    for (size_t i = 0; i < p->n_levels; i++)
        name[n++] =
            (struct name){at_y(f, p->level[i].at), 0, p->level[i].at, p->level[i].label, NULL};
    qsort(name, n, sizeof(*name), by_height);
    spread(name, n);
    for (size_t i = 0; i < n; i++)
        add_name(f, &name[i]);
    free(name);
    return LX_OK;
}

enum lx_code lx_page_svg(const struct lx_page_figures *of, const struct lx_panel *panel,
                         const char *label, struct lx_buf *out, struct lx_err *err)
{
    struct lx_panel shown = *panel;
    struct frame f = {.panel = &shown, .log_x = panel->x == LX_AXIS_LOG, .out = out};
    double lo, hi;
    enum lx_code code;

    shown.n_curves = 0;
    shown.curve = calloc(panel->n_curves + 1, sizeof(*shown.curve));
    if (shown.curve == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the page");
    for (size_t i = 0; i < panel->n_curves; i++)
        if (of->on[panel->curve[i].series - of->series])
            shown.curve[shown.n_curves++] = panel->curve[i];
    lx_figure_range(&shown, &lo, &hi, &f.log_y);
    f.y_lo = f.log_y ? log(lo) : lo;
    f.y_hi = f.log_y ? log(hi) : hi;
    f.x_lo = f.log_x ? log(shown.x_min) : shown.x_min;
    f.x_hi = f.log_x ? log(shown.x_max) : shown.x_max;
    lx_buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    lx_escape_html(out, label);
    lx_buf_add(out, "\">\n");
    y_axis(&f, lo, hi);
    x_axis(&f);
    for (size_t i = 0; i < shown.n_levels; i++)
        line(&f, LEFT, at_y(&f, shown.level[i].at), WIDTH - RIGHT, at_y(&f, shown.level[i].at),
             "level");
    for (size_t i = 0; i < shown.n_curves; i++)
        curve(&f, (size_t)(shown.curve[i].series - of->series), &shown.curve[i]);
    code = names(&f, err);
    lx_buf_add(out, "</svg>\n");
    free(shown.curve);
    return code;
}
