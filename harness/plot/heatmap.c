/* Heat maps through gnuplot; see heatmap.h.
 *
 * The data file holds one block a kind, lines "row column value"; the script draws one panel a
 * block: dist over distance and head, rotation and embedding over position and channel, and so on. */
#include "plot/heatmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "plot/gnuplot.h"
#include "system/fs.h"
#include "text/csvfile.h"

#define MAX_PANELS 8

struct panel {
    const char *kind;
    const char *row_name; /* what the vertical axis is */
    size_t n;
};

struct picture {
    struct lx_arena arena;
    struct lx_csv csv;
    struct panel panels[MAX_PANELS];
    size_t n_panels;
    char *dir, *name; /* of the files, without suffix */
};

/* Columns of the CSV, by its header. */
enum { KIND, HEAD, POSITION, CHANNEL, VALUE };

static void find_panels(struct picture *p)
{
    for (size_t r = 0; r < p->csv.n_rows; r++) {
        const char *kind = lx_csv_at(&p->csv, r, KIND);
        size_t i = 0;

        if (lx_csv_at(&p->csv, r, POSITION)[0] == '\0')
            continue;
        while (i < p->n_panels && strcmp(p->panels[i].kind, kind) != 0)
            i++;
        if (i == MAX_PANELS)
            continue;
        if (i == p->n_panels) {
            bool channels = lx_csv_at(&p->csv, r, CHANNEL)[0] != '\0';

            p->panels[p->n_panels++] = (struct panel){kind, channels ? "channel" : "head", 0};
        }
        p->panels[i].n++;
    }
}

static void write_data(const struct picture *p, struct lx_buf *out)
{
    for (size_t i = 0; i < p->n_panels; i++) {
        bool channels = strcmp(p->panels[i].row_name, "channel") == 0;

        lx_buf_printf(out, "%s# %s: position, %s, value\n", i == 0 ? "" : "\n\n", p->panels[i].kind,
                      p->panels[i].row_name);
        for (size_t r = 0; r < p->csv.n_rows; r++) {
            const char *head = lx_csv_at(&p->csv, r, HEAD);
            const char *row = channels ? lx_csv_at(&p->csv, r, CHANNEL) : head;

            if (strcmp(lx_csv_at(&p->csv, r, KIND), p->panels[i].kind) != 0 ||
                (channels && head[0] != '\0' && strcmp(head, "0") != 0))
                continue;
            lx_buf_printf(out, "%s %s %s\n", lx_csv_at(&p->csv, r, POSITION),
                          row[0] != '\0' ? row : "0", lx_csv_at(&p->csv, r, VALUE));
        }
    }
}

/* gnuplot's single-quoted text: a quote is doubled. */
static void quote(const char *text, struct lx_buf *out)
{
    lx_buf_add(out, "'");
    for (; *text != '\0'; text++) {
        char c = (unsigned char)*text < 0x20 ? '?' : *text;

        lx_buf_addn(out, c == '\'' ? "''" : &c, c == '\'' ? 2 : 1);
    }
    lx_buf_add(out, "'");
}

static void write_script(const struct picture *p, const char *title, struct lx_buf *out)
{
    size_t n = p->n_panels;

    lx_buf_printf(out, "# Draws %s.svg and %s.png: gnuplot %s.gp\n", p->name, p->name, p->name);
    lx_buf_printf(out, "if (!exists('out')) out = '%s'\n", p->name);
    lx_buf_add(out, "set encoding utf8\n");
    lx_buf_add(out, "do for [kind in 'svg png'] {\n");
    lx_buf_printf(out,
                  "if (kind eq 'svg') {\n  set terminal svg size 800,%zu background '#ffffff' "
                  "noenhanced\n} else {\n  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
                  "    set terminal pngcairo size 1600,%zu fontscale 1.6 noenhanced\n"
                  "  } else {\n    set terminal png size 1600,%zu noenhanced\n  }\n}\n",
                  60 + 340 * n, 120 + 680 * n, 120 + 680 * n);
    lx_buf_add(out, "set output out.'.'.kind\n");
    lx_buf_printf(out, "set multiplot layout %zu,1 title ", n);
    quote(title, out);
    lx_buf_add(out, "\n"
                    "set tics out nomirror\nset xtics rangelimited\nunset key\n"
                    "set palette defined (0 '#30123b', 0.25 '#2a788e', 0.5 '#5ec962', 0.75 "
                    "'#fde725', 1 '#fff7d0')\nset autoscale xfix\nset autoscale yfix\n");
    for (size_t i = 0; i < n; i++) {
        const struct panel *panel = &p->panels[i];
        bool distance = strcmp(panel->kind, "dist") == 0 || strcmp(panel->kind, "bucket") == 0;

        lx_buf_printf(out,
                      "set title '%s'\nset xlabel '%s (tokens)'\nset ylabel '%s'\n"
                      "set cblabel '%s'\n%s",
                      panel->kind, distance ? "distance" : "position", panel->row_name,
                      strcmp(panel->kind, "rotation") == 0 ? "radians" : "value",
                      strcmp(panel->row_name, "head") == 0 ? "set ytics 1\n" : "set ytics auto\n");
        if (strcmp(panel->kind, "rotation") == 0)
            lx_buf_add(out, "set cbrange [-pi:pi]\n");
        else
            lx_buf_add(out, "set cbrange [*:*]\n");
        lx_buf_printf(out, "plot '%s.dat' index %zu using 1:2:3 with image\n", p->name, i);
    }
    lx_buf_add(out, "unset multiplot\nunset output\n}\n");
}

static enum lx_code write_file(struct picture *p, const char *suffix, const struct lx_buf *text,
                               struct lx_err *err)
{
    const char *path = lx_arena_printf(&p->arena, "%s/%s.%s", p->dir, p->name, suffix);
    enum lx_code code = lx_buf_check(text, err);

    if (code == LX_OK && path == NULL)
        code = lx_fail(err, LX_ENOMEM, "out of memory");
    return code != LX_OK ? code : lx_fs_write(path, text->text, text->len, err);
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
    struct lx_buf text = {0};
    bool found = false;
    enum lx_code code;

    write_data(p, &text);
    code = write_file(p, "dat", &text, err);
    lx_buf_clear(&text);
    write_script(p, title, &text);
    if (code == LX_OK)
        code = write_file(p, "gp", &text, err);
    lx_buf_free(&text);
    if (code == LX_OK)
        code = lx_gnuplot_draw("gnuplot", p->dir, p->name, &found, err);
    if (code == LX_OK && !found)
        code =
            lx_fail(err, LX_EIO, "gnuplot: not found; %s/%s.gp draws the picture", p->dir, p->name);
    return code;
}

enum lx_code lx_heatmap_draw(const char *csv, const char *title, const char *path,
                             struct lx_err *err)
{
    struct picture p = {0};
    enum lx_code code = split_path(&p, path, err);

    if (code == LX_OK)
        code = lx_csv_parse(csv, strlen(csv), "describe", &p.arena, &p.csv, err);
    if (code == LX_OK) {
        find_panels(&p);
        if (p.n_panels == 0)
            lx_log("nothing to draw: these schemes apply nothing that depends on positions");
        else
            code = draw(&p, title, err);
    }
    lx_arena_free(&p.arena);
    return code;
}
