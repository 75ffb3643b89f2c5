/* The sizes of a figure, for a page and for paper, and the terminals of its script. */
#include <math.h>
#include <string.h>

#include "figure/figure_parts.h"
#include "figure/style.h"
#include "json/json_scan.h"

/* On a page. */
enum {
    PLOT_WIDTH = 640,  /* of one panel of one */
    PANEL_WIDTH = 430, /* of one panel of two */
    HEIGHT = 560,
    LEFT = 70, /* tic labels and axis title */
    TOP = 84,  /* title, note, mark text */
    BOTTOM = 78,
    KEY_GAP = 18,
    KEY_LINE = 23,   /* of the legend */
    KEY_ROWS = 60,   /* of one of its columns ... */
    KEY_COLUMNS = 12 /* ... unless there are so many of them */
};

/* On paper. */
enum {
    PAPER_LEFT = 48,
    PAPER_TOP = 20, /* the mark's text */
    PAPER_RIGHT = 10,
    PAPER_TICS = 36,  /* below a panel: tic labels of two lines */
    PAPER_LINE = 13,  /* of text */
    PAPER_MANY = 12,  /* curves that one column of text has room for */
    PAPER_HIGH = 260, /* a panel at most ... */
    PAPER_LOW = 170   /* ... and at least */
};
static const double paper_letter = 5.8; /* width of one in the legend, on the average */

/* Characters of the widest label of y, where it is more than the five that there is room for. */
static double wider_than_five(const struct lx_figure *f, const struct lx_layout *l)
{
    size_t widest = 5;

    for (size_t k = 0; k < f->n_panels; k++) {
        size_t n = l->frame[k].log_y ? 0 : lx_style_tic_width(l->frame[k].y_lo, l->frame[k].y_hi);

        widest = n > widest ? n : widest;
    }
    return (double)(widest - 5);
}

static void page(const struct lx_figure *f, const struct lx_layout *l, struct lx_canvas *c)
{
    size_t levels = f->panel[0].n_levels, entries = l->n + (levels > 1 ? levels : 1), columns;

    *c = (struct lx_canvas){.top = TOP, .bottom = BOTTOM, .font = 9, .line = 1, .point = 1};
    c->rows = entries <= KEY_ROWS ? entries : (entries + KEY_COLUMNS - 1) / KEY_COLUMNS;
    c->rows = entries > KEY_ROWS && c->rows < KEY_ROWS ? KEY_ROWS : c->rows;
    columns = (entries + c->rows - 1) / c->rows;
    /* wide labels push the title of the axis out, and must not push it off the page */
    c->left = LEFT + 7.5 * wider_than_five(f, l);
    c->panel = f->n_panels == 1 ? PLOT_WIDTH : PANEL_WIDTH;
    c->key = (double)f->n_panels * (c->left + c->panel) + KEY_GAP;
    c->key_top = TOP + 6;
    c->width = ceil(c->key + (double)columns * (50 + 6.7 * (double)l->longest) + 10);
    c->height = fmax(HEIGHT, TOP + BOTTOM + (double)(c->rows + 1 + levels) * KEY_LINE);
}

/* Pixels of a label of an axis. */
static double label_width(const char *text)
{
    return 6.2 * (double)strlen(text);
}

/* Pixels of an entry of the legend on paper. */
static double entry_width(const struct lx_layout *l, size_t i)
{
    const char *text = i < l->n ? l->entry[i].text.text : l->level[i - l->n].text;

    return LX_CANVAS_NAME + paper_letter * (double)lx_utf8_count(text) + 13;
}

/* Set n entries in as many columns as there is room for. */
static void set_columns(const struct lx_layout *l, size_t n, struct lx_canvas *c)
{
    double x = c->width + 1;

    for (size_t columns = LX_CANVAS_COLUMNS; columns > 0 && x > c->width; columns--) {
        c->rows = (n + columns - 1) / columns;
        x = c->key;
        for (size_t k = 0; k < columns; k++) {
            double widest = 0;

            c->column[k] = x;
            for (size_t i = k * c->rows; i < n && i < (k + 1) * c->rows; i++)
                widest = fmax(widest, entry_width(l, i));
            x += widest;
        }
    }
}

static void paper(const struct lx_figure *f, const struct lx_layout *l, struct lx_canvas *c)
{
    size_t entries = l->n + f->panel[0].n_levels;
    double high, lines = 1;
    bool wide;

    *c = (struct lx_canvas){.paper = true, .top = PAPER_TOP, .font = 8, .line = 0.6, .point = 0.6};
    wide = f->n_panels > 1 || l->n > PAPER_MANY;
    for (size_t i = 0; i < entries; i++)
        wide |= entry_width(l, i) > LX_CANVAS_SINGLE - PAPER_RIGHT;
    c->width = wide ? LX_CANVAS_DOUBLE : LX_CANVAS_SINGLE;
    c->left = PAPER_LEFT + 6.4 * wider_than_five(f, l);
    for (size_t k = 0; k < f->n_panels; k++)
        if (label_width(f->panel[k].ylabel) > PAPER_LOW) {
            c->left += PAPER_LINE;
            break;
        }
    c->panel = (c->width - PAPER_RIGHT) / (double)f->n_panels - c->left;
    for (size_t k = 0; k < f->n_panels; k++)
        lines = label_width(f->panel[k].xlabel) > c->panel ? 2 : lines;
    high = fmax(PAPER_LOW, fmin(0.66 * c->panel, PAPER_HIGH));
    c->key = 8;
    c->key_line = PAPER_LINE;
    set_columns(l, entries, c);
    c->key_top = PAPER_TOP + high + PAPER_TICS + lines * PAPER_LINE + 8;
    c->height = ceil(c->key_top + (double)c->rows * PAPER_LINE + 4);
    c->bottom = c->height - PAPER_TOP - high;
}

void lx_canvas_make(const struct lx_figure *f, const struct lx_layout *l, struct lx_canvas *c)
{
    if (l->paper)
        paper(f, l, c);
    else
        page(f, l, c);
}

void lx_canvas_plain(bool on_paper, double width, double height, struct lx_canvas *c)
{
    *c = (struct lx_canvas){.paper = on_paper,
                            .width = width,
                            .height = height,
                            .font = on_paper ? 8 : 9,
                            .line = on_paper ? 0.6 : 1,
                            .point = on_paper ? 0.6 : 1};
}

void lx_canvas_label(const struct lx_canvas *c, const char *text, double room, struct lx_buf *out)
{
    const char *cut = NULL, *bracket = strstr(text, " (");
    struct lx_buf lines = {0};
    size_t n = strlen(text);

    if (!c->paper || label_width(text) <= room) {
        lx_figure_quoted(out, text);
        return;
    }
    if (bracket != NULL)
        cut = bracket;
    for (size_t i = 0; bracket == NULL && i < n; i++) /* the space nearest the middle */
        if (text[i] == ' ' && (cut == NULL || i <= n / 2 + (n / 2 - (size_t)(cut - text))))
            cut = text + i;
    lx_buf_add(&lines, text);
    if (lines.failed) {
        out->failed = true;
    } else {
        if (cut != NULL)
            lines.text[cut - text] = '\n';
        lx_figure_lines(out, lines.text);
    }
    lx_buf_free(&lines);
}

void lx_figure_head(struct lx_buf *out, const char *title, const char *name,
                    const struct lx_canvas *c)
{
    double scale = c->paper ? 3.125 : 2; /* of the PNG: 300 dots an inch */

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
        "font 'DejaVu Sans,%.6g' noenhanced\n"
        "} else {\n"
        "if (kind eq 'pdf') {\n"
        "  set terminal pdfcairo size %.4fin,%.4fin fontscale 0.75 linewidth 1 pointscale %g "
        "font 'DejaVu Sans,%g' noenhanced\n"
        "} else {\n",
        name, name, name, c->width, c->height, c->font * 4 / 3, c->width / 96, c->height / 96,
        c->paper ? 1 : 0.6, c->font);
    lx_buf_printf(
        out,
        "  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
        "    set terminal pngcairo size %.0f,%.0f fontscale %g linewidth %g pointscale %g "
        "font 'DejaVu Sans,%g' noenhanced\n"
        "  } else {\n"
        "    set terminal png size %.0f,%.0f fontscale %g linewidth %g pointscale %g noenhanced\n"
        "  }\n"
        "}\n"
        "}\n"
        "set output out.'.'.kind\n",
        scale * c->width, scale * c->height, scale, scale, scale, c->font, scale * c->width,
        scale * c->height, scale, scale, scale);
}
