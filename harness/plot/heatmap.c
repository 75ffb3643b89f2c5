/* Pictures of what a stack applies, through gnuplot; see heatmap.h.
 *
 * The data file holds one block a kind, lines "column row value"; the script draws one panel a block:
 * a heat map where values go along two axes (dist over distance and head, rotation over position and
 * channel), a line where they go along one, bars where there is a number a head, a channel, or one for
 * all. */
#include "plot/heatmap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure/figure_parts.h"
#include "figure/gnuplot.h"
#include "system/fs.h"
#include "text/csvfile.h"

#define MAX_PANELS 12

/* More bars than this have no room for their numbers. */
#define MOST_NUMBERS 12

enum shape { MAP, LINE, BARS };

struct panel {
    const char *kind;
    const char *row_name; /* what the vertical axis of a map is */
    enum shape shape;
    double low, high; /* of the values */
    int rows;         /* the highest row, and one */
};

struct picture {
    struct lx_arena arena;
    const struct lx_applied_rows *rows;
    struct panel panels[MAX_PANELS];
    size_t n_panels;
    char *dir, *name; /* of the files, without suffix */
};

/* Which row of a map a value is in: the channel (of the first head, where heads differ) or the head; -1:
 * in none. */
static int row_of(const struct panel *panel, const struct lx_applied *a)
{
    if (strcmp(panel->row_name, "channel") == 0)
        return a->head <= 0 ? a->channel : -1;
    return a->head >= 0 ? a->head : 0;
}

static struct panel *panel_of(struct picture *p, const struct lx_applied *a)
{
    size_t i = 0;

    while (i < p->n_panels && strcmp(p->panels[i].kind, a->kind) != 0)
        i++;
    if (i == MAX_PANELS)
        return NULL;
    if (i == p->n_panels)
        p->panels[p->n_panels++] = (struct panel){a->kind,
                                                  a->channel >= 0 ? "channel" : "head",
                                                  a->position >= 0 ? LINE : BARS,
                                                  (double)INFINITY,
                                                  (double)-INFINITY,
                                                  0};
    return &p->panels[i];
}

/* A line becomes a map with its second row. */
static void find_panels(struct picture *p)
{
    int first[MAX_PANELS];

    for (size_t i = 0; i < MAX_PANELS; i++)
        first[i] = -1;
    for (size_t r = 0; r < p->rows->n; r++) {
        const struct lx_applied *a = &p->rows->row[r];
        struct panel *panel = panel_of(p, a);
        int row = panel != NULL ? row_of(panel, a) : -1, *seen;

        if (panel == NULL || row < 0)
            continue;
        panel->low = fmin(panel->low, a->value);
        panel->high = fmax(panel->high, a->value);
        panel->rows = row >= panel->rows ? row + 1 : panel->rows;
        seen = &first[panel - p->panels];
        if (*seen < 0)
            *seen = row;
        if (panel->shape == LINE && *seen != row)
            panel->shape = MAP;
    }
}

static void write_data(const struct picture *p, struct lx_buf *out)
{
    for (size_t i = 0; i < p->n_panels; i++) {
        const struct panel *panel = &p->panels[i];

        lx_buf_printf(out, "%s# %s: position, %s, value\n", i == 0 ? "" : "\n\n", panel->kind,
                      panel->row_name);
        for (size_t r = 0; r < p->rows->n; r++) {
            const struct lx_applied *a = &p->rows->row[r];
            int row = row_of(panel, a);

            if (row < 0 || strcmp(a->kind, panel->kind) != 0)
                continue;
            lx_buf_printf(out, "%d %d ", a->position >= 0 ? a->position : row, row);
            lx_csv_number(out, a->value);
            lx_buf_add(out, "\n");
        }
    }
}

/* Colours by what the values are: angles go round, signed ones and nothing but 0 are white at 0, others
 * rise from dark to light. A range of one value is widened, as gnuplot needs one. */
static void write_colors(const struct panel *panel, struct lx_buf *out)
{
    double most = fmax(fabs(panel->low), fabs(panel->high));
    bool zero = !(most > 0);

    if (strcmp(panel->kind, "rotation") == 0)
        lx_buf_add(out, "set palette defined (0 '#2c2a4a', 0.25 '#7fb0c8', 0.5 '#f4efe6', "
                        "0.75 '#c8705a', 1 '#2c2a4a')\nset cbrange [-pi:pi]\n");
    else if (zero || (panel->low < 0 && panel->high > 0))
        lx_buf_printf(out,
                      "set palette defined (0 '#2166ac', 0.5 '#f7f7f7', 1 '#b2182b')\n"
                      "set cbrange [%.9g:%.9g]\n",
                      zero ? -1 : -most, zero ? 1 : most);
    else
        lx_buf_printf(out,
                      "set palette defined (0 '#30123b', 0.25 '#2a788e', 0.5 '#5ec962', 0.75 "
                      "'#fde725', 1 '#fff7d0')\nset cbrange [%.9g:%.9g]\n",
                      panel->low - (panel->low < panel->high ? 0 : 1),
                      panel->high + (panel->low < panel->high ? 0 : 1));
}

static const char *unit_of(const struct panel *panel)
{
    static const char *const units[][2] = {{"rotation", "radians"},
                                           {"dist", "bias on the logit"},
                                           {"dist_ahead", "bias on the logit"},
                                           {"mul_ahead", "factor on content"},
                                           {"bucket", "learned number"},
                                           {"scale", "factor on the logits"},
                                           {"tau", "divisor of the logits"},
                                           {"magnitude", "factor on the length"},
                                           {"window", "keys a query sees"},
                                           {"mul", "factor on content"},
                                           {"whole", "factor on the logits"},
                                           {"key", "bias on the logit"},
                                           {"pair", "bias on the logit"},
                                           {"bias", "bias on the logit"},
                                           {"post", "added to the logit"},
                                           {"sink_logit", "logit of no key"},
                                           {"apart", "distance (tokens)"},
                                           {"first_seen", "first key seen"},
                                           {"always_seen", "keys all queries see"},
                                           {"product", "logit"},
                                           {"weight", "weight"},
                                           {"drawn", "position (tokens)"},
                                           {"position", "position (tokens)"},
                                           {"position_embed", "position (tokens)"},
                                           {"distance", "distance it becomes (tokens)"}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(panel->kind, units[i][0]) == 0)
            return units[i][1];
    return "value";
}

/* What the horizontal axis of a map or a line is. */
static const char *across(const struct panel *panel)
{
    static const char *const distances[] = {"dist", "dist_ahead", "bucket",
                                            "mul",  "mul_ahead",  "distance"};
    static const char *const keys[] = {"key", "pair", "apart", "product", "bias", "post", "weight"};

    for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++)
        if (strcmp(panel->kind, distances[i]) == 0)
            return "distance (tokens)";
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(panel->kind, keys[i]) == 0)
            return "position of the key (tokens), for one query";
    return "position (tokens)";
}

static void write_map(const struct picture *p, size_t i, struct lx_buf *out)
{
    const struct panel *panel = &p->panels[i];

    write_colors(panel, out);
    lx_buf_printf(out,
                  "set xlabel '%s'\nset ylabel '%s'\nset cblabel '%s' offset 1.5,0\n"
                  "set autoscale xfix\nset autoscale yfix\nset xtics auto\n%s"
                  "plot '%s.dat' index %zu using 1:2:3 with image\n",
                  across(panel), panel->row_name, unit_of(panel),
                  strcmp(panel->row_name, "head") == 0 && panel->rows <= MOST_NUMBERS
                      ? "set ytics 1\n"
                      : "set ytics auto\n",
                  p->name, i);
}

/* The room above and below a line: a level one is not blown up. */
static double room_of(const struct panel *panel)
{
    double span = panel->high - panel->low;

    return span > 0 ? 0.05 * span : fmax(0.5 * fabs(panel->high), 0.5);
}

static void write_line(const struct picture *p, size_t i, struct lx_buf *out)
{
    const struct panel *panel = &p->panels[i];

    lx_buf_printf(out,
                  "set xlabel '%s'\nset ylabel '%s'\nset autoscale xfix\n"
                  "set yrange [%.9g:%.9g]\nset xtics auto\nset ytics auto\n"
                  "plot '%s.dat' index %zu using 1:3 with linespoints lw 2 pt 7 ps 0.5 lc rgb "
                  "'#0072b2'\n",
                  across(panel), unit_of(panel), panel->low - room_of(panel),
                  panel->high + room_of(panel), p->name, i);
}

static void write_bars(const struct picture *p, size_t i, struct lx_buf *out)
{
    const struct panel *panel = &p->panels[i];
    bool few = panel->rows <= MOST_NUMBERS, channels = strcmp(panel->row_name, "channel") == 0;

    lx_buf_printf(out,
                  "set xlabel '%s'\nset ylabel '%s'\nset xtics %s\n"
                  "set ytics auto\nset autoscale xfix\nset offsets 0.7,0.7,0,0\n"
                  "set yrange [%.9g:%.9g]\nset boxwidth 0.6\nset style fill solid 0.8\n"
                  "plot '%s.dat' index %zu using 1:3 with boxes lc rgb '#0072b2'",
                  channels ? "channel" : "head (one bar: all alike)", unit_of(panel),
                  few ? "1" : "auto", fmin(0, 1.15 * panel->low),
                  panel->high > 0 || panel->low < 0 ? fmax(1.15 * panel->high, 0) : 1, p->name, i);
    if (few)
        lx_buf_printf(
            out, ", '' index %zu using 1:3:(sprintf('%%.4g', $3)) with labels offset 0,0.7", i);
    lx_buf_add(out, "\nset offsets 0,0,0,0\n");
}

static void write_panel(const struct picture *p, size_t i, struct lx_buf *out)
{
    static void (*const write[])(const struct picture *, size_t, struct lx_buf *) = {
        [MAP] = write_map, [LINE] = write_line, [BARS] = write_bars};

    lx_buf_printf(out, "set title '%s'\n", p->panels[i].kind);
    write[p->panels[i].shape](p, i, out);
    lx_buf_add(out, "unset yrange\nset autoscale y\n");
}

static void write_script(const struct picture *p, const char *title, struct lx_buf *out)
{
    size_t n = p->n_panels;

    lx_buf_printf(out, "# Draws %s.svg, .png and .pdf: gnuplot %s.gp\n", p->name, p->name);
    lx_buf_printf(out, "if (!exists('out')) out = '%s'\n", p->name);
    lx_buf_add(out, "set encoding utf8\n");
    lx_buf_add(out, "kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg "
                    "png'\ndo for [kind in kinds] {\n");
    lx_buf_printf(out,
                  "if (kind eq 'pdf') {\n  set terminal pdfcairo size %.4fin,%.4fin fontscale 0.6 "
                  "noenhanced\n}\n",
                  800 / 96.0, (60 + 340 * (double)n) / 96);
    lx_buf_printf(
        out,
        "if (kind eq 'svg') {\n  set terminal svg size 800,%zu background '#ffffff' "
        "noenhanced\n}\nif (kind eq 'png') {\n  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
        "    set terminal pngcairo size 1600,%zu fontscale 1.6 noenhanced\n"
        "  } else {\n    set terminal png size 1600,%zu noenhanced\n  }\n}\n",
        60 + 340 * n, 120 + 680 * n, 120 + 680 * n);
    lx_buf_add(out, "set output out.'.'.kind\n");
    lx_buf_printf(out, "set multiplot layout %zu,1 title ", n);
    lx_figure_name(out, title, 80);
    lx_buf_add(out, "\nset tics out nomirror\nset xtics rangelimited\nunset key\n"
                    "set xzeroaxis lt 1 lw 0.6 lc rgb '#b0b0b0'\n");
    for (size_t i = 0; i < n; i++)
        write_panel(p, i, out);
    lx_buf_add(out, "unset multiplot\nunset output\n}\n");
}

static enum lx_code write_file(struct picture *p, const char *suffix, const struct lx_buf *text,
                               struct lx_err *err)
{
    const char *path = lx_arena_printf(&p->arena, "%s/%s.%s", p->dir, p->name, suffix);

    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    return lx_buf_check(text, err) ? err->code : lx_fs_write(path, text->text, text->len, err);
}

static enum lx_code split_path(struct picture *p, const char *path, struct lx_err *err)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    size_t n = strlen(base);

    if (n < 5 || strcmp(base + n - 4, ".png") != 0 || strpbrk(base, "'\\\n") != NULL)
        return lx_fail(err, LX_EUSAGE, "--plot: must be a file name ending in .png, got \"%.80s\"",
                       path);
    p->dir = slash == NULL   ? lx_arena_text(&p->arena, ".")
             : slash == path ? lx_arena_text(&p->arena, "/")
                             : lx_arena_textn(&p->arena, path, (size_t)(slash - path));
    p->name = lx_arena_textn(&p->arena, base, n - 4);
    return p->dir != NULL && p->name != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

static enum lx_code draw(struct picture *p, const char *title, struct lx_err *err)
{
    struct lx_buf data = {0}, script = {0};
    bool found = false, pdf;
    enum lx_code code = LX_OK;

    write_data(p, &data);
    write_script(p, title, &script);
    if (write_file(p, "dat", &data, err) || write_file(p, "gp", &script, err) ||
        lx_gnuplot_draw("gnuplot", p->dir, p->name, &found, &pdf, err) ||
        (!found &&
         lx_fail(err, LX_EIO, "gnuplot: not found; %s/%s.gp draws the picture", p->dir, p->name)))
        code = err->code;
    lx_buf_free(&data);
    lx_buf_free(&script);
    return code;
}

enum lx_code lx_heatmap_draw(const struct lx_applied_rows *rows, const char *title,
                             const char *path, struct lx_err *err)
{
    struct picture p = {.rows = rows};
    enum lx_code code = split_path(&p, path, err);

    if (code == LX_OK) {
        find_panels(&p);
        code = p.n_panels > 0
                   ? draw(&p, title, err)
                   : lx_fail(err, LX_EUSAGE,
                             "--plot: nothing to draw: these schemes apply nothing at this length");
    }
    lx_arena_free(&p.arena);
    return code;
}
