/* The gnuplot script of a figure. Sizes are in the pixels of the SVG; the PNG is the same picture
 * at twice the resolution. Text is never "enhanced": an underscore in a name is an underscore. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/figure_internal.h"
#include "plot/style.h"

enum {
    PLOT_WIDTH = 640,  /* of one panel of one */
    PANEL_WIDTH = 430, /* of one panel of two */
    HEIGHT = 560,
    LEFT = 70, /* tic labels and axis title */
    TOP = 84,  /* title, note, mark text */
    BOTTOM = 78,
    TITLE_MOST = 200, /* characters of a title */
    KEY_GAP = 18,
    KEY_LINE = 23,   /* of the legend */
    KEY_ROWS = 60,   /* of one of its columns ... */
    KEY_COLUMNS = 12 /* ... unless there are so many of them */
};

static const char grey[] = "#707070";

const struct lx_curve *lx_figure_curve(const struct lx_panel *p, const struct lx_series *series)
{
    for (size_t i = 0; i < p->n_curves; i++)
        if (p->curve[i].series == series)
            return &p->curve[i];
    return NULL;
}

void lx_figure_plain(struct lx_buf *out, const char *text)
{
    for (; *text; text++)
        lx_buf_addn(out, (unsigned char)*text < ' ' ? " " : text, 1);
}

/* A single-quoted gnuplot string: only the quote itself is special. */
void lx_figure_quoted(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "'");
    for (; *text; text++) {
        lx_buf_addn(out, (unsigned char)*text < ' ' ? " " : text, 1);
        if (*text == '\'')
            lx_buf_add(out, "'");
    }
    lx_buf_add(out, "'");
}

size_t lx_figure_cut(const char *text, size_t most)
{
    size_t at = 0;

    for (size_t n = 0; text[at] != '\0'; at++) {
        n += ((unsigned char)text[at] & 0xc0) != 0x80;
        if (n > most)
            break;
    }
    return at;
}

void lx_figure_name(struct lx_buf *out, const char *text, size_t most)
{
    struct lx_buf name = {0};
    size_t n = lx_figure_cut(text, most);

    lx_buf_addn(&name, text, n);
    lx_buf_add(&name, text[n] != '\0' ? "\xe2\x80\xa6" : ""); /* ellipsis */
    if (name.failed)
        out->failed = true;
    else
        lx_figure_quoted(out, name.text);
    lx_buf_free(&name);
}

/* A double-quoted one, for labels of ours with \n. */
static void quoted_lines(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "\"");
    for (; *text; text++) {
        if (*text == '\n')
            lx_buf_add(out, "\\n");
        else if (*text != '"' && *text != '\\')
            lx_buf_addn(out, text, 1);
    }
    lx_buf_add(out, "\"");
}

struct canvas {
    double width, height;
    double left;  /* of a panel: tic labels and axis title */
    double panel; /* width of one */
    double key;   /* x of the legend */
    size_t rows;  /* of the legend */
};

/* Pixels left of a panel: wide tic labels push the axis title out, and must not push it off the page. */
static double left_of(const struct lx_figure *f, const struct lx_layout *l)
{
    size_t widest = 5; /* characters that LEFT has room for */

    for (size_t k = 0; k < f->n_panels; k++) {
        size_t n = l->frame[k].log_y ? 0 : lx_style_tic_width(l->frame[k].y_lo, l->frame[k].y_hi);

        widest = n > widest ? n : widest;
    }
    return LEFT + 7.5 * (double)(widest - 5);
}

static struct canvas canvas_of(const struct lx_figure *f, const struct lx_layout *l)
{
    struct canvas c;
    size_t levels = f->panel[0].n_levels, entries = l->n + (levels > 1 ? levels : 1), columns;

    c.rows = entries <= KEY_ROWS ? entries : (entries + KEY_COLUMNS - 1) / KEY_COLUMNS;
    c.rows = entries > KEY_ROWS && c.rows < KEY_ROWS ? KEY_ROWS : c.rows;
    columns = (entries + c.rows - 1) / c.rows;
    c.left = left_of(f, l);
    c.panel = f->n_panels == 1 ? PLOT_WIDTH : PANEL_WIDTH;
    c.key = (double)f->n_panels * (c.left + c.panel) + KEY_GAP;
    c.width = ceil(c.key + (double)columns * (50 + 6.7 * (double)l->longest) + 10);
    c.height = fmax(HEIGHT, TOP + BOTTOM + (double)(c.rows + 1 + levels) * KEY_LINE);
    return c;
}

void lx_figure_head(struct lx_buf *out, const char *title, const char *name, double width,
                    double height)
{
    lx_buf_printf(out, "# ");
    lx_figure_plain(out, title);
    lx_buf_printf(
        out,
        "\n" LX_PLOT_MARK "%s.gp\n"
        "if (!exists('out')) out = '%s'\n"
        "data = '%s.dat'\n"
        "set encoding utf8\n"
        "kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'\n"
        "do for [kind in kinds] {\n"
        "if (kind eq 'svg') {\n"
        "  set terminal svg size %g,%g dynamic background '#ffffff' "
        "font 'DejaVu Sans,12' noenhanced\n"
        "} else {\n"
        "if (kind eq 'pdf') {\n"
        "  set terminal pdfcairo size %.4fin,%.4fin fontscale 0.75 linewidth 1 pointscale 0.6 "
        "font 'DejaVu Sans,9' noenhanced\n"
        "} else {\n"
        "  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
        "    set terminal pngcairo size %g,%g fontscale 2 linewidth 2 pointscale 2 "
        "font 'DejaVu Sans,9' noenhanced\n"
        "  } else {\n"
        "    set terminal png size %g,%g fontscale 2 linewidth 2 pointscale 2 noenhanced\n"
        "  }\n"
        "}\n"
        "}\n"
        "set output out.'.'.kind\n",
        name, name, name, width, height, width / 96, height / 96, 2 * width, 2 * height, 2 * width,
        2 * height);
}

static void write_head(const struct lx_figure *f, const struct canvas *c, struct lx_buf *out)
{
    lx_figure_head(out, f->title, f->name, c->width, c->height);
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
static void label_at(struct lx_buf *out, const struct canvas *c, const char *text, double x,
                     double y, double scale, const char *color)
{
    lx_buf_add(out, "set label ");
    lx_figure_name(out, text, TITLE_MOST);
    lx_buf_printf(
        out,
        " at screen %.5f, screen %.5f left font sprintf(',%%g', %g*(kind eq 'svg' ? 12 : 9)) "
        "tc rgb '%s'\n",
        x / c->width, 1 - y / c->height, scale, color);
}

static void write_axes(const struct lx_panel *p, const struct lx_frame *f, struct lx_buf *out)
{
    lx_buf_printf(out, "%s\nset xrange [%.9g:%.9g]\n",
                  p->x == LX_AXIS_LOG ? "set logscale x 2" : "unset logscale x", p->x_min,
                  p->x_max);
    lx_buf_printf(out, "%s\nset yrange [%.9g:%.9g]\n",
                  f->log_y ? "set logscale y 10" : "unset logscale y", f->y_lo, f->y_hi);
    bool two_lines = false;
    if (p->n_tics) {
        lx_buf_add(out, "set xtics (");
        for (size_t i = 0; i < p->n_tics; i++) {
            lx_buf_add(out, i ? ", " : "");
            two_lines |= strchr(p->tic[i].label, '\n') != NULL;
            quoted_lines(out, p->tic[i].label);
            lx_buf_printf(out, " %.9g", p->tic[i].at);
        }
        lx_buf_add(out, ")\n");
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
    lx_figure_quoted(out, p->xlabel);
    lx_buf_printf(out, " offset 0,%s\nset ylabel ", two_lines ? "-1.1" : "-0.3");
    lx_figure_quoted(out, p->ylabel);
    lx_buf_add(out, "\n");
}

/* Marks at the upper edge: a cross where a curve diverged, an arrow where it leaves the axis.
 * Curves that would share a place are set side by side. */
static void write_marks(const struct lx_panel *p, const struct lx_layout *l, struct lx_buf *out)
{
    double span = p->x == LX_AXIS_LOG ? log2(p->x_max / p->x_min) : p->x_max - p->x_min;
    double step = span / 70;
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
                    "set label '' at first %.6g, graph 0.97 point pt 2 ps 1.1 lw 2 lc rgb "
                    "'%s'\n",
                    x, s.color);
            else
                lx_buf_printf(out,
                              "set arrow from first %.6g, graph 0.94 to first %.6g, graph 1 head "
                              "filled size screen 0.008,25 lw 1.6 lc rgb '%s' front\n",
                              x, x, s.color);
        }
    }
}

/* The mark rises 6 pixels above the panel and its text stands 16 above it, however high the panel is. */
static void write_guides(const struct lx_panel *p, const struct canvas *c, struct lx_buf *out)
{
    double height = c->height - TOP - BOTTOM;

    if (isfinite(p->mark) && p->mark >= p->x_min && p->mark <= p->x_max) {
        lx_buf_printf(out,
                      "set arrow from first %.9g, graph 0 to first %.9g, graph %.4g nohead lw 1.2 "
                      "dt (6,4) lc rgb '%s' back\nset label ",
                      p->mark, p->mark, 1 + 6 / height, grey);
        lx_figure_quoted(out, p->mark_text);
        double at = p->x == LX_AXIS_LOG ? log(p->mark / p->x_min) / log(p->x_max / p->x_min)
                                        : (p->mark - p->x_min) / (p->x_max - p->x_min);
        lx_buf_printf(
            out,
            " at first %.9g, graph %.4g %s font sprintf(',%%g', 0.9*(kind eq 'svg' ? 12 : 9)) "
            "tc rgb '%s'\n",
            p->mark, 1 + 16 / height,
            at < 0.15   ? "left"
            : at > 0.85 ? "right"
                        : "center",
            grey);
    }
}

/* Bands first, then the curves in legend order, then the levels. A band ends where it leaves the
 * axis: gnuplot would cut its corners, not its edge. */
static void write_plot(const struct lx_figure *f, size_t k, const struct lx_layout *l,
                       struct lx_buf *out)
{
    const struct lx_panel *p = &f->panel[k];
    const char *between = "plot ";
    bool key = k + 1 == f->n_panels;
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
        lx_buf_printf(out, "%sdata index %zu using 1:2 with %s lw 2 dt %s lc rgb '%s'", between,
                      k * l->n + i, p->symbol_every ? "linespoints" : "lines", s.dash, s.color);
        if (p->symbol_every)
            lx_buf_printf(out, " pt %d ps 1", s.point);
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
        lx_buf_printf(out, "%s%.9g with lines lw 1.6 dt %s lc rgb '#808080' ", between,
                      p->level[i].at, p->level[i].dash);
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

void lx_figure_script(const struct lx_figure *f, const struct lx_layout *l, struct lx_buf *out)
{
    struct canvas c = canvas_of(f, l);
    write_head(f, &c, out);
    for (size_t k = 0; k < f->n_panels; k++) {
        double left = c.left + (double)k * (c.left + c.panel);
        lx_buf_printf(out,
                      "unset label\nunset arrow\n"
                      "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
                      "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
                      left / c.width, (left + c.panel) / c.width, 1 - TOP / c.height,
                      BOTTOM / c.height);
        if (k == 0) {
            label_at(out, &c, f->title, 16, 22, 1.25, "#000000");
            label_at(out, &c, f->note, 16, 44, 0.9, grey);
        }
        if (k + 1 == f->n_panels) {
            label_at(out, &c, f->legend_title, c.key, TOP - 4, 0.9, grey);
            lx_buf_printf(out,
                          "set key at screen %.5f, screen %.5f left top Left reverse vertical "
                          "maxrows %zu samplen 3 spacing 1.25 noenhanced\n",
                          c.key / c.width, 1 - (TOP + 6) / c.height, c.rows);
        } else {
            lx_buf_add(out, "unset key\n");
        }
        write_axes(&f->panel[k], &l->frame[k], out);
        write_guides(&f->panel[k], &c, out);
        write_marks(&f->panel[k], l, out);
        write_plot(f, k, l, out);
    }
    if (f->n_panels > 1)
        lx_buf_add(out, "unset multiplot\n");
    lx_buf_add(out, "unset output\n}\n");
}
