/* Figures: which curve comes when, ranges, marks, and the text of script and data. Everything is
 * computed here, so gnuplot only draws: its own choice of ranges and colours would differ from
 * figure to figure. */
#include "figure/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure/figure_parts.h"
#include "json/json_scan.h"
#include "text/format.h"

static const struct lx_point *last_point(const struct lx_curve *c)
{
    return c->n ? &c->point[c->n - 1] : NULL;
}

bool lx_figure_has_points(const struct lx_figure *f)
{
    for (size_t i = 0; i < f->panel[0].n_curves; i++)
        for (size_t j = 0; j < f->panel[0].curve[i].n; j++)
            if (isfinite(f->panel[0].curve[i].point[j].y))
                return true;
    return false;
}

static double last_value(const struct lx_curve *c)
{
    const struct lx_point *p = last_point(c);
    return p ? p->y : (double)NAN;
}

/* Where a curve stands in the legend: diverged on top, then by falling last value as at the right
 * edge of the plot, then what could not be evaluated. */
static int legend_class(const struct lx_curve *c)
{
    const struct lx_point *p = last_point(c);
    if (p != NULL && p->status == LX_ROW_DIVERGED)
        return 0;
    return isfinite(last_value(c)) ? 1 : 2;
}

static int by_legend(const void *pa, const void *pb)
{
    const struct lx_curve *a = ((const struct lx_legend_entry *)pa)->curve;
    const struct lx_curve *b = ((const struct lx_legend_entry *)pb)->curve;
    double va = last_value(a), vb = last_value(b);
    int ca = legend_class(a), cb = legend_class(b);
    if (ca != cb)
        return ca - cb;
    if (va > vb || va < vb)
        return va > vb ? -1 : 1;
    return (a->series > b->series) - (a->series < b->series);
}

/* The range of y: every finite point with its band, and the levels, but nothing above the cap. */
static void find_range(const struct lx_panel *p, struct lx_frame *f)
{
    double lo = (double)INFINITY, hi = (double)-INFINITY;
    double cap = isnan(p->y_cap) ? (double)INFINITY : p->y_cap;
    for (size_t i = 0; i < p->n_levels; i++) {
        lo = fmin(lo, fmin(p->level[i].at, cap));
        hi = fmax(hi, fmin(p->level[i].at, cap));
    }
    f->marks = false;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++) {
            const struct lx_point *q = &p->curve[i].point[j];
            f->marks |= q->status == LX_ROW_DIVERGED || q->y > cap;
            if (!isfinite(q->y))
                continue;
            if (q->x < p->x_min || q->x > p->x_max)
                continue;
            lo = fmin(lo, fmin(q->lo, cap));
            hi = fmax(hi, fmin(q->hi, cap));
        }
    if (!(lo <= hi))
        lo = hi = 1;
    bool log_axis = p->y == LX_AXIS_LOG && lo > 0;
    double a = log_axis ? log(lo) : lo, b = log_axis ? log(hi) : hi;
    bool zero = !log_axis && !(lo < 0) && !(hi > 0); /* nothing but zeros */
    double least = log_axis ? 0.2 : zero ? 0.1 : fmax(0.02 * fabs(b), 1e-6);
    double grow = b - a < least ? (least - (b - a)) / 2 : 0;
    a -= grow + 0.05 * (b - a);
    b += grow + (f->marks ? 0.12 : 0.05) * (b - a);
    f->y_lo = log_axis ? exp(a) : a;
    f->y_hi = log_axis ? exp(b) : b;
    f->log_y = log_axis;
}

void lx_figure_range(const struct lx_panel *p, double *lo, double *hi, bool *log_y)
{
    struct lx_frame f;

    find_range(p, &f);
    *lo = f.y_lo;
    *hi = f.y_hi;
    *log_y = f.log_y;
}

static void join_ranges(struct lx_frame *a, struct lx_frame *b)
{
    a->y_lo = b->y_lo = fmin(a->y_lo, b->y_lo);
    a->y_hi = b->y_hi = fmax(a->y_hi, b->y_hi);
}

/* " (n/a past 2x)", " (diverged at 4x, 1 of 3 seeds)", "". */
static void legend_remark(const struct lx_curve *c, bool multiples, struct lx_buf *out)
{
    static const char *const word[LX_ROW_STATUSES] = {"", "n/a", "out of memory", "diverged"};
    const struct lx_point *last_ok = NULL, *bad = NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (c->point[i].status == LX_ROW_OK)
            last_ok = &c->point[i];
        else if (bad == NULL || c->point[i].status > bad->status)
            bad = &c->point[i];
    }
    if (bad == NULL)
        return;
    lx_buf_printf(out, " (%s", word[bad->status]);
    if (multiples && last_ok != NULL && last_ok->x < bad->x)
        lx_buf_printf(out, " past %.3gx", last_ok->x);
    else if (multiples && last_ok != NULL)
        lx_buf_printf(out, " at %.3gx", bad->x);
    if (bad->bad < bad->n)
        lx_buf_printf(out, ", %d of %d seeds", bad->bad, bad->n);
    lx_buf_add(out, ")");
}

/* Characters of a name in the legend. */
enum { NAME_MOST = 60, NAME_MOST_PAPER = 40 };

/* A value padded with figure spaces (as wide as a digit) to `width` characters, then the name. */
static void legend_text(double value, size_t width, const char *name, struct lx_buf *out)
{
    char text[24] = "\xe2\x80\x93"; /* en dash */

    if (isfinite(value))
        lx_format_number(value, value, text);
    for (size_t i = lx_utf8_count(text); i < width; i++)
        lx_buf_add(out, "\xe2\x80\x87");
    lx_buf_printf(out, "%s  ", text);
    lx_figure_shorten(out, name, NAME_MOST);
}

static size_t value_width(const struct lx_figure *f, const struct lx_layout *l)
{
    size_t width = 1;
    char text[24];
    for (size_t i = 0; i < l->n + f->panel[0].n_levels; i++) {
        double v = i < l->n ? last_value(l->entry[i].curve) : f->panel[0].level[i - l->n].at;
        if (!isfinite(v))
            continue;
        lx_format_number(v, v, text);
        width = lx_utf8_count(text) > width ? lx_utf8_count(text) : width;
    }
    return width;
}

static enum lx_code make_legend(const struct lx_figure *f, struct lx_layout *l, struct lx_err *err)
{
    const struct lx_panel *p = &f->panel[0];
    l->entry = calloc(p->n_curves + 1, sizeof(*l->entry));
    if (l->entry == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the figure %s", f->name);
    for (size_t i = 0; i < p->n_curves; i++)
        l->entry[i].curve = &p->curve[i];
    l->n = p->n_curves;
    qsort(l->entry, l->n, sizeof(*l->entry), by_legend);
    size_t width = value_width(f, l);
    l->longest = l->paper ? 0 : lx_utf8_count(f->legend_title);
    for (size_t i = 0; i < p->n_levels; i++) {
        if (l->paper)
            lx_figure_shorten(&l->level[i], p->level[i].label, NAME_MOST_PAPER);
        else
            legend_text(p->level[i].at, width, p->level[i].label, &l->level[i]);
        if (lx_buf_check(&l->level[i], err))
            return err->code;
        if (lx_utf8_count(l->level[i].text) > l->longest)
            l->longest = lx_utf8_count(l->level[i].text);
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct lx_curve *c = l->entry[i].curve;
        struct lx_buf *text = &l->entry[i].text;
        if (l->paper)
            lx_figure_shorten(text, c->series->label, NAME_MOST_PAPER);
        else
            legend_text(last_value(c), width, c->series->label, text);
        legend_remark(c, f->multiples, text);
        if (lx_buf_check(text, err))
            return err->code;
        size_t n = lx_utf8_count(text->text);
        l->longest = n > l->longest ? n : l->longest;
    }
    return LX_OK;
}

static void free_layout(struct lx_layout *l)
{
    for (size_t i = 0; i < l->n; i++)
        lx_buf_free(&l->entry[i].text);
    for (size_t i = 0; i < LX_FIGURE_LEVELS; i++)
        lx_buf_free(&l->level[i]);
    free(l->entry);
}

/* Data blocks, panel by panel, in legend order: gnuplot's `index` counts them. */
static void write_data(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out)
{
    size_t index = 0;
    lx_buf_printf(out, "# Data of %s.gp: one block a curve (gnuplot: index).\n", f->name);
    for (size_t k = 0; k < f->n_panels; k++)
        for (size_t i = 0; i < l->n; i++) {
            const struct lx_curve *c = lx_figure_curve(&f->panel[k], l->entry[i].curve->series);
            lx_buf_printf(out, "%s# index %zu: ", index ? "\n\n" : "", index);
            lx_figure_plain(out, l->entry[i].curve->series->label);
            lx_buf_printf(out, ": %s\n# x mean low high seeds status\n", f->panel[k].ylabel);
            index++;
            for (size_t j = 0; c != NULL && j < c->n; j++) {
                const struct lx_point *p = &c->point[j];
                const char *status = lx_report_status_name(p->status);
                if (isfinite(p->y))
                    lx_buf_printf(out, "%.9g %.9g %.9g %.9g %d %s\n", p->x, p->y, p->lo, p->hi,
                                  p->n, status);
                else
                    lx_buf_printf(out, "%.9g NaN NaN NaN %d %s\n", p->x, p->n, status);
            }
            if (c == NULL || c->n == 0)
                lx_buf_add(out, "NaN NaN NaN NaN 0 not_applicable\n");
        }
}

enum lx_code lx_figure_write(const struct lx_figure *f, bool paper, struct lx_buf *gp,
                             struct lx_buf *dat, struct lx_err *err)
{
    struct lx_layout l = {.paper = paper};
    enum lx_code code = LX_OK;

    if (make_legend(f, &l, err)) {
        free_layout(&l);
        return err->code;
    }
    for (size_t k = 0; k < f->n_panels; k++)
        find_range(&f->panel[k], &l.frame[k]);
    if (f->same_y)
        join_ranges(&l.frame[0], &l.frame[1]);
    write_data(f, &l, dat);
    lx_figure_script(f, &l, gp);
    if (lx_buf_check(dat, err) || lx_buf_check(gp, err))
        code = err->code;
    free_layout(&l);
    return code;
}

enum lx_code lx_figure_save(const struct lx_figure *f, struct lx_plot_target *to,
                            struct lx_err *err)
{
    struct lx_buf gp = {0}, dat = {0};
    struct lx_figure named = *f;
    enum lx_code code = LX_OK;

    if (to->take != NULL)
        return to->take(to->ctx, f, err);
    named.name = lx_plot_name(to, f->name);
    if (named.name == NULL)
        code = lx_fail(err, LX_ENOMEM, "out of memory for the figure %s", f->name);
    else if (lx_figure_write(&named, to->paper, &gp, &dat, err) ||
             lx_plot_put(to, named.name, &gp, &dat, err))
        code = err->code;
    lx_buf_free(&gp);
    lx_buf_free(&dat);
    return code;
}
