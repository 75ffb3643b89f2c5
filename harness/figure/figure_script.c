/* The gnuplot script of a figure. Sizes are in the pixels of the SVG; the PNG is the same picture
 * at twice the resolution. Text is never "enhanced": an underscore in a name is an underscore. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/figure_parts.h"
#include "figure/style.h"

enum { TITLE_MOST = 200 }; /* characters of a title */

static const char grey[] = "#707070";

const struct lx_curve *lx_figure_curve(const struct lx_panel *p, const struct lx_series *series)
{
    for (size_t i = 0; i < p->n_curves; i++)
        if (p->curve[i].series == series)
            return &p->curve[i];
    return NULL;
}

static void write_head(const struct lx_figure *f, const struct lx_canvas *c, struct lx_buf *out)
{
    lx_figure_head(out, f->title, f->name, c);
    if (c->paper) {
        lx_buf_add(out, "# ");
        lx_figure_plain(out, f->note);
        lx_buf_add(out, "\n");
    }
    lx_buf_printf(out,
                  "reset\n"
                  "set datafile missing '?'\n"
                  "set border 3 lw 1 lc rgb '%s'\n"
                  "set tics nomirror out scale 0.6 textcolor rgb '#202020'\n"
                  "set grid xtics ytics lt 1 lw 0.6 lc rgb '#e4e4e4'\n"
                  "set style fill transparent solid 0.15 noborder\n",
                  grey);
    if (f->n_panels > 1)
        lx_buf_add(out, "set multiplot\n");
}

/* One label: screen coordinates in pixels from the upper left. */
static void label_at(struct lx_buf *out, const struct lx_canvas *c, const char *text, double x,
                     double y, double scale, const char *color)
{
    lx_buf_add(out, "set label ");
    lx_figure_name(out, text, TITLE_MOST);
    lx_buf_printf(
        out,
        " at screen %.5f, screen %.5f left font sprintf(',%%g', %g*(kind eq 'svg' ? %.6g : %g)) "
        "tc rgb '%s'\n",
        x / c->width, 1 - y / c->height, scale, c->font * 4 / 3, c->font, color);
}

/* Characters of the longer line of a label. */
static double tic_width(const char *label)
{
    size_t first = strcspn(label, "\n"),
           second = label[first] != '\0' ? strlen(label + first + 1) : 0;

    return 6.8 * (double)(first > second ? first : second);
}

static double fraction_of(const struct lx_panel *p, double x)
{
    return p->x == LX_AXIS_LOG ? log(x / p->x_min) / log(p->x_max / p->x_min)
                               : (x - p->x_min) / (p->x_max - p->x_min);
}

/* On paper those that have no room go. */
static void write_x_tics(const struct lx_panel *p, const struct lx_canvas *c, struct lx_buf *out)
{
    double end = -1e9;

    lx_buf_add(out, "set xtics (");
    for (size_t i = 0; i < p->n_tics; i++) {
        double at = c->panel * fraction_of(p, p->tic[i].at), half = tic_width(p->tic[i].label) / 2;

        if (c->paper && at - half < end)
            continue;
        end = at + half + 3;
        lx_buf_add(out, i ? ", " : "");
        lx_figure_lines(out, p->tic[i].label);
        lx_buf_printf(out, " %.9g", p->tic[i].at);
    }
    lx_buf_add(out, ")\n");
}

static void write_axes(const struct lx_panel *p, const struct lx_frame *f,
                       const struct lx_canvas *c, struct lx_buf *out)
{
    lx_buf_printf(out, "%s\nset xrange [%.9g:%.9g]\n",
                  p->x == LX_AXIS_LOG ? "set logscale x 2" : "unset logscale x", p->x_min,
                  p->x_max);
    lx_buf_printf(out, "%s\nset yrange [%.9g:%.9g]\n",
                  f->log_y ? "set logscale y 10" : "unset logscale y", f->y_lo, f->y_hi);
    bool two_lines = false;
    if (p->n_tics) {
        for (size_t i = 0; i < p->n_tics; i++)
            two_lines |= strchr(p->tic[i].label, '\n') != NULL;
        write_x_tics(p, c, out);
    } else {
        lx_buf_add(out, "set xtics autofreq\n");
    }
    lx_buf_add(out, "set ytics ");
    if (f->log_y) {
        lx_buf_add(out, "(");
        lx_style_log_tics(f->y_lo, f->y_hi, out);
        lx_buf_add(out, ")\n");
    } else {
        lx_buf_add(out, "autofreq\n");
    }
    lx_buf_add(out, "unset mxtics\nunset mytics\nset format y '%g'\nset xlabel ");
    lx_canvas_label(c, p->xlabel, c->panel, out);
    lx_buf_printf(out, " offset 0,%s\nset ylabel ", two_lines ? "-1.1" : "-0.3");
    lx_canvas_label(c, p->ylabel, c->height - c->top - c->bottom, out);
    lx_buf_add(out, "\n");
}

/* Marks at the upper edge: a cross where a curve diverged, an arrow where it leaves the axis.
 * Curves that would share a place are set side by side. */
static void write_marks(const struct lx_panel *p, const struct lx_layout *l,
                        const struct lx_canvas *canvas, struct lx_buf *out)
{
    double span = p->x == LX_AXIS_LOG ? log2(p->x_max / p->x_min) : p->x_max - p->x_min;
    double step = span / (canvas->paper ? 40 : 70);
    for (size_t i = 0; i < l->n; i++) {
        const struct lx_curve *c = lx_figure_curve(p, l->entry[i].curve->series);
        for (size_t j = 0; c != NULL && j < c->n; j++) {
            const struct lx_point *q = &c->point[j];
            bool diverged = q->status == LX_ROW_DIVERGED;
            bool above = isfinite(q->y) && q->y > p->y_cap;
            int before = 0;
            for (size_t k = 0; k < i; k++) {
                const struct lx_curve *o = lx_figure_curve(p, l->entry[k].curve->series);
                for (size_t m = 0; o != NULL && m < o->n; m++)
                    before += o->point[m].x == q->x &&
                              (o->point[m].status == LX_ROW_DIVERGED || o->point[m].y > p->y_cap);
            }
            if (!diverged && !above)
                continue;
            double shift = -(double)before * step;
            double x = p->x == LX_AXIS_LOG ? q->x * exp2(shift) : q->x + shift;
            struct lx_style s = lx_style_of(c->series->look, c->series->variant);
            if (diverged)
                lx_buf_printf(
                    out,
                    "set label '' at first %.6g, graph 0.97 point pt 2 ps %g lw %g lc rgb "
                    "'%s'\n",
                    x, 1.1 * canvas->point, 2 * canvas->line, s.color);
            else
                lx_buf_printf(out,
                              "set arrow from first %.6g, graph 0.94 to first %.6g, graph 1 head "
                              "filled size screen %g,25 lw %g lc rgb '%s' front\n",
                              x, x, canvas->paper ? 6 / canvas->width : 0.008, 1.6 * canvas->line,
                              s.color);
        }
    }
}

/* The mark rises above the panel and its text is above it, however high the panel is. */
static void write_guides(const struct lx_panel *p, const struct lx_canvas *c, struct lx_buf *out)
{
    double height = c->height - c->top - c->bottom, above = c->paper ? 10 : 16;

    if (isfinite(p->mark) && p->mark >= p->x_min && p->mark <= p->x_max) {
        lx_buf_printf(out,
                      "set arrow from first %.9g, graph 0 to first %.9g, graph %.4g nohead lw 1.2 "
                      "dt (6,4) lc rgb '%s' back\nset label ",
                      p->mark, p->mark, 1 + 6 / height, grey);
        lx_figure_quoted(out, p->mark_text);
        double at = fraction_of(p, p->mark);
        lx_buf_printf(
            out,
            " at first %.9g, graph %.4g %s font sprintf(',%%g', 0.9*(kind eq 'svg' ? %.6g : %g)) "
            "tc rgb '%s'\n",
            p->mark, 1 + above / height,
            at < 0.15   ? "left"
            : at > 0.85 ? "right"
                        : "center",
            c->font * 4 / 3, c->font, grey);
    }
}

/* Bands first, then the curves in legend order, then the levels. A band ends where it leaves the
 * axis: gnuplot would cut its corners, not its edge. */
static void write_plot(const struct lx_figure *f, size_t k, const struct lx_layout *l,
                       const struct lx_canvas *canvas, struct lx_buf *out)
{
    const struct lx_panel *p = &f->panel[k];
    const char *between = "plot ";
    bool key = k + 1 == f->n_panels && !canvas->paper;
    for (size_t i = 0; i < l->n; i++) {
        const struct lx_curve *c = lx_figure_curve(p, l->entry[i].curve->series);
        bool band = false;
        for (size_t j = 0; c != NULL && j < c->n; j++)
            band |= c->point[j].hi > c->point[j].lo;
        if (!band)
            continue;
        struct lx_style s = lx_style_of(c->series->look, c->series->variant);
        lx_buf_printf(out,
                      "%sdata index %zu using 1:($4 <= %.9g ? $3 : NaN):4 with filledcurves lc rgb "
                      "'%s' notitle",
                      between, k * l->n + i, l->frame[k].y_hi, s.color);
        between = ", \\\n  ";
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct lx_series *series = l->entry[i].curve->series;
        struct lx_style s = lx_style_of(series->look, series->variant);
        lx_buf_printf(out, "%sdata index %zu using 1:2 with %s lw %g dt %s lc rgb '%s'", between,
                      k * l->n + i, p->symbol_every ? "linespoints" : "lines", 2 * canvas->line,
                      s.dash, s.color);
        if (p->symbol_every)
            lx_buf_printf(out, " pt %d ps %g", s.point, canvas->point);
        if (p->symbol_every > 1)
            lx_buf_printf(out, " pi %d", p->symbol_every);
        if (key) {
            lx_buf_add(out, " title ");
            lx_figure_quoted(out, l->entry[i].text.text);
        } else {
            lx_buf_add(out, " notitle");
        }
        between = ", \\\n  ";
    }
    for (size_t i = 0; i < p->n_levels; i++) {
        lx_buf_printf(out, "%s%.9g with lines lw %g dt %s lc rgb '#808080' ", between,
                      p->level[i].at, 1.6 * canvas->line, p->level[i].dash);
        if (key) {
            lx_buf_add(out, "title ");
            lx_figure_quoted(out, l->level[i].text);
        } else {
            lx_buf_add(out, "notitle");
        }
        between = ", \\\n  ";
    }
    lx_buf_add(out, "\n");
}

/* A sample of line and symbol, and the name. */
static void legend_entry(const struct lx_canvas *c, size_t i, struct lx_style s, bool symbol,
                         const char *text, struct lx_buf *out)
{
    double x = c->column[i / c->rows];
    double y = 1 - (c->key_top + c->key_line * ((double)(i % c->rows) + 0.5)) / c->height;

    lx_buf_printf(
        out,
        "set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead lw %g "
        "dt %s lc rgb '%s'\n",
        x / c->width, y, (x + LX_CANVAS_SAMPLE) / c->width, y, 2 * c->line, s.dash, s.color);
    if (symbol)
        lx_buf_printf(out,
                      "set label '' at screen %.5f, screen %.5f point pt %d ps %g lc rgb '%s'\n",
                      (x + LX_CANVAS_SAMPLE / 2.0) / c->width, y, s.point, c->point, s.color);
    lx_buf_add(out, "set label ");
    lx_figure_quoted(out, text);
    lx_buf_printf(out,
                  " at screen %.5f, screen %.5f left font sprintf(',%%g', 0.9*(kind eq 'svg' ? "
                  "%.6g : %g))\n",
                  (x + LX_CANVAS_NAME) / c->width, y, c->font * 4 / 3, c->font);
}

/* Below the panels, column by column. */
static void write_legend(const struct lx_figure *f, const struct lx_layout *l,
                         const struct lx_canvas *c, struct lx_buf *out)
{
    const struct lx_panel *p = &f->panel[0];

    for (size_t i = 0; i < l->n; i++) {
        const struct lx_series *series = l->entry[i].curve->series;

        legend_entry(c, i, lx_style_of(series->look, series->variant), p->symbol_every > 0,
                     l->entry[i].text.text, out);
    }
    for (size_t i = 0; i < p->n_levels; i++)
        legend_entry(c, l->n + i, (struct lx_style){.color = "#808080", .dash = p->level[i].dash},
                     false, l->level[i].text, out);
}

/* What is said around the panels: before the first, and beside or below the last. */
static void write_words(const struct lx_figure *f, size_t k, const struct lx_layout *l,
                        const struct lx_canvas *c, struct lx_buf *out)
{
    if (k == 0 && !c->paper) {
        label_at(out, c, f->title, 16, 22, 1.25, "#000000");
        label_at(out, c, f->note, 16, 44, 0.9, grey);
    }
    if (c->paper || k + 1 < f->n_panels) {
        lx_buf_add(out, "unset key\n");
    } else {
        label_at(out, c, f->legend_title, c->key, c->top - 4, 0.9, grey);
        lx_buf_printf(out,
                      "set key at screen %.5f, screen %.5f left top Left reverse vertical "
                      "maxrows %zu samplen 3 spacing 1.25 noenhanced\n",
                      c->key / c->width, 1 - c->key_top / c->height, c->rows);
    }
    if (c->paper && k + 1 == f->n_panels)
        write_legend(f, l, c, out);
}

void lx_figure_script(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out)
{
    struct lx_canvas c;

    lx_canvas_make(f, l, &c);
    write_head(f, &c, out);
    for (size_t k = 0; k < f->n_panels; k++) {
        double left = c.left + (double)k * (c.left + c.panel);

        lx_buf_printf(out,
                      "unset label\nunset arrow\n"
                      "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
                      "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
                      left / c.width, (left + c.panel) / c.width, 1 - c.top / c.height,
                      c.bottom / c.height);
        write_words(f, k, l, &c, out);
        write_axes(&f->panel[k], &l->frame[k], &c, out);
        write_guides(&f->panel[k], &c, out);
        write_marks(&f->panel[k], l, &c, out);
        write_plot(f, k, l, &c, out);
    }
    if (f->n_panels > 1)
        lx_buf_add(out, "unset multiplot\n");
    lx_buf_add(out, "unset output\n}\n");
}
