/* What the script draws from: series, and for each chart its axes and numbers. A panel names its points
 * once ("x"); a curve has a number for each, null where there is none. */
#include <math.h>
#include <stdlib.h>

#include "page/page_internal.h"
#include "text/escape.h"

static void number(struct lx_buf *out, double v)
{
    if (isfinite(v))
        lx_buf_printf(out, "%.5g", v);
    else
        lx_buf_add(out, "null");
}

static void member(struct lx_buf *out, const char *key, const char *text)
{
    lx_buf_printf(out, "\"%s\":", key);
    lx_escape_script(out, text != NULL ? text : "");
    lx_buf_add(out, ",");
}

static int rising(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;

    return (a > b) - (a < b);
}

/* Where the points of all curves are, rising; NULL: out of memory. */
static double *places(const struct lx_panel *p, size_t *n)
{
    size_t most = 1, found = 0;
    double *x;

    for (size_t i = 0; i < p->n_curves; i++)
        most += p->curve[i].n;
    x = calloc(most, sizeof(*x));
    *n = 0;
    if (x == NULL)
        return NULL;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++)
            x[found++] = p->curve[i].point[j].x;
    qsort(x, found, sizeof(*x), rising);
    for (size_t i = 0; i < found; i++)
        if (*n == 0 || x[i] > x[*n - 1])
            x[(*n)++] = x[i];
    return x;
}

enum field { MEAN, LOW, HIGH, SEEDS, STATUS };

/* One field of a curve at every place. */
static void field(const struct lx_curve *c, const double *x, size_t n, enum field what,
                  struct lx_buf *out)
{
    size_t j = 0;

    lx_buf_add(out, "[");
    for (size_t i = 0; i < n; i++) {
        bool here = j < c->n && !(c->point[j].x > x[i]);
        const struct lx_point *q = here ? &c->point[j++] : NULL;

        lx_buf_add(out, i > 0 ? "," : "");
        if (q == NULL)
            lx_buf_add(out, "null");
        else if (what == SEEDS || what == STATUS)
            lx_buf_printf(out, "%d", what == SEEDS ? q->n : (int)q->status);
        else
            number(out, what == MEAN ? q->y : what == LOW ? q->lo : q->hi);
    }
    lx_buf_add(out, "]");
}

static void curve(const struct lx_page_figures *f, const struct lx_curve *c, const double *x,
                  size_t n, struct lx_buf *out)
{
    bool band = false, even = true, whole = true;

    for (size_t i = 0; i < c->n; i++) {
        band |= c->point[i].hi > c->point[i].lo;
        even &= c->point[i].n == c->point[0].n;
        whole &= c->point[i].status == LX_ROW_OK;
    }
    lx_buf_printf(out, "{\"s\":%zu,\"y\":", (size_t)(c->series - f->series));
    field(c, x, n, MEAN, out);
    if (band) {
        lx_buf_add(out, ",\"lo\":");
        field(c, x, n, LOW, out);
        lx_buf_add(out, ",\"hi\":");
        field(c, x, n, HIGH, out);
    }
    lx_buf_add(out, ",\"n\":");
    if (even)
        lx_buf_printf(out, "%d", c->n > 0 ? c->point[0].n : 0);
    else
        field(c, x, n, SEEDS, out);
    if (!whole) {
        lx_buf_add(out, ",\"st\":");
        field(c, x, n, STATUS, out);
    }
    lx_buf_add(out, "}");
}

static void axes(const struct lx_panel *p, struct lx_buf *out)
{
    member(out, "xl", p->xlabel);
    member(out, "yl", p->ylabel);
    member(out, "mt", p->mark_text);
    lx_buf_printf(out, "\"lx\":%d,\"ly\":%d,\"x0\":", p->x == LX_AXIS_LOG, p->y == LX_AXIS_LOG);
    number(out, p->x_min);
    lx_buf_add(out, ",\"x1\":");
    number(out, p->x_max);
    lx_buf_add(out, ",\"cap\":");
    number(out, p->y_cap);
    lx_buf_add(out, ",\"mark\":");
    number(out, p->mark);
    lx_buf_add(out, ",\"tics\":[");
    for (size_t i = 0; i < p->n_tics; i++) {
        lx_buf_add(out, i > 0 ? ",[" : "[");
        number(out, p->tic[i].at);
        lx_buf_add(out, ",\"");
        for (const char *c = p->tic[i].label; *c != '\0'; c++) /* of ours: digits, x, a line end */
            lx_buf_addn(out, *c == '\n' ? "|" : c, 1);
        lx_buf_add(out, "\"]");
    }
    lx_buf_add(out, "],\"levels\":[");
    for (size_t i = 0; i < p->n_levels; i++) {
        lx_buf_add(out, i > 0 ? ",[" : "[");
        number(out, p->level[i].at);
        lx_buf_add(out, ",");
        lx_escape_script(out, p->level[i].label);
        lx_buf_add(out, "]");
    }
    lx_buf_add(out, "]");
}

static void panel(const struct lx_page_figures *f, const struct lx_panel *p, struct lx_buf *out)
{
    size_t n;
    double *x = places(p, &n);

    out->failed = out->failed || x == NULL;
    if (x == NULL)
        return;
    lx_buf_add(out, "{");
    axes(p, out);
    lx_buf_add(out, ",\"x\":[");
    for (size_t i = 0; i < n; i++) {
        lx_buf_add(out, i > 0 ? "," : "");
        number(out, x[i]);
    }
    lx_buf_add(out, "],\"c\":[");
    for (size_t i = 0; i < p->n_curves; i++) {
        lx_buf_add(out, i > 0 ? ",\n" : "");
        curve(f, &p->curve[i], x, n, out);
    }
    lx_buf_add(out, "]}");
    free(x);
}

void lx_page_data(const struct lx_page_figures *f, struct lx_buf *out)
{
    const char *comma = "";

    lx_buf_add(out, "{\"series\":[");
    for (size_t i = 0; i < f->n_series; i++) {
        lx_buf_add(out, i > 0 ? ",\n{" : "{");
        member(out, "n", f->series[i].label);
        lx_buf_add(out, "\"k\":\"");
        lx_page_color(&f->series[i], out);
        lx_buf_printf(out, "\",\"d\":\"%s\",\"on\":%d}", lx_page_dash(&f->series[i]), f->on[i]);
    }
    lx_buf_add(out, "],\n\"charts\":[");
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->item[i].figure.n_panels; k++) {
            if (lx_page_is_training(&f->item[i].figure))
                continue;
            lx_buf_printf(out, "%s\n", comma);
            panel(f, &f->item[i].figure.panel[k], out);
            comma = ",";
        }
    lx_buf_add(out, "]}");
}
