/* The heat map of retrieval: prompt length across, depth of the fact down, share of right answers as
 * colour and as a number; a panel for each series, in the order of the config. */
#include <math.h>

#include "figure/figure_parts.h"
#include "figure/style.h"
#include "plot/plot.h"

enum {
    MAX = 64,
    COLUMNS = 4,
    CELL_WIDTH = 52,
    CELL_WIDTH_PAPER = 38,
    CELL_HEIGHT = 34,
    TITLE_LETTER = 8
};

struct map {
    const struct lx_study *s;
    size_t section;
    int metric;
    int *length, *depth; /* what occurs, rising */
    size_t n_lengths, n_depths;
    const struct lx_series *series[MAX];
    size_t n_series;
};

static enum lx_code find_axes(struct map *m, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_study *s = m->s;
    if (lx_study_axis(s, m->section, m->metric, false, arena, &m->length, &m->n_lengths, err) !=
            LX_OK ||
        lx_study_axis(s, m->section, m->metric, true, arena, &m->depth, &m->n_depths, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < s->n_groups && m->metric >= 0; i++) {
        const struct lx_group *g = &s->group[i];
        const struct lx_series *series = &s->series[g->series];
        if ((size_t)g->section != m->section || g->metric != m->metric)
            continue;
        size_t k = 0;
        while (k < m->n_series && m->series[k] != series)
            k++;
        if (k == m->n_series && k < MAX)
            m->series[m->n_series++] = series;
    }
    return LX_OK;
}

/* The mean over seeds at a place; NaN unless every seed has one. */
static double value_at(const struct map *m, size_t series, int length, int depth)
{
    size_t n;
    const struct lx_group *g = lx_study_range(m->s, m->section, series, m->metric, length, &n);
    for (size_t i = 0; i < n; i++)
        if (g[i].lo == depth)
            return lx_group_status(&g[i]) == LX_ROW_OK ? g[i].stats.mean : (double)NAN;
    return (double)NAN;
}

/* What stands in a cell: two decimals, or why there is no number. */
static void write_label(const struct map *m, size_t series, int length, double v,
                        struct lx_buf *out)
{
    const struct lx_group *all = lx_study_find(m->s, m->section, series, m->metric, length);
    bool diverged = all != NULL && lx_group_status(all) == LX_ROW_DIVERGED;
    if (isfinite(v))
        lx_buf_printf(out, "%.2f", v);
    else
        lx_buf_add(out, diverged ? "div." : "n/a");
}

/* A block a panel. */
static void write_data(const struct map *m, struct lx_buf *out)
{
    for (size_t k = 0; k < m->n_series; k++) {
        lx_buf_printf(out, "%s# ", k == 0 ? "" : "\n\n");
        lx_figure_plain(out, m->series[k]->label);
        lx_buf_add(out, ": length depth value column row label\n");
        size_t series = (size_t)(m->series[k] - m->s->series);
        for (size_t d = 0; d < m->n_depths; d++)
            for (size_t l = 0; l < m->n_lengths; l++) {
                double v = value_at(m, series, m->length[l], m->depth[d]);
                lx_buf_printf(out, "%d %d ", m->length[l], m->depth[d]);
                if (isfinite(v))
                    lx_buf_printf(out, "%.6g %zu %zu ", v, l, d);
                else
                    lx_buf_printf(out, "NaN %zu %zu ", l, d);
                write_label(m, series, m->length[l], v, out);
                lx_buf_add(out, "\n");
            }
    }
}

static void write_tics(const char *axis, const int *at, size_t n, const char *unit,
                       struct lx_buf *out)
{
    size_t step = 1 + (n - 1) / 12;
    lx_buf_printf(out, "set %stics (", axis);
    for (size_t i = 0; i < n; i += step)
        lx_buf_printf(out, "%s'%d%s' %zu", i == 0 ? "" : ", ", at[i], unit, i);
    lx_buf_add(out, ")\n");
}

static void write_script(const struct map *m, const char *title, const char *name, bool paper,
                         struct lx_buf *out)
{
    const struct lx_section *sec = &m->s->section[m->section];
    double width = fmax((paper ? CELL_WIDTH_PAPER : CELL_WIDTH) * (double)m->n_lengths + 90, 250);
    double height = fmax(CELL_HEIGHT * (double)m->n_depths + 95, 180);
    size_t most = paper ? (size_t)fmax(LX_CANVAS_DOUBLE / width, 1) : COLUMNS;
    size_t columns = m->n_series < most ? m->n_series : most;
    size_t rows = (m->n_series + columns - 1) / columns;
    struct lx_canvas c;

    if (paper)
        lx_canvas_plain(
            true, width * (double)columns > LX_CANVAS_SINGLE ? LX_CANVAS_DOUBLE : LX_CANVAS_SINGLE,
            height * (double)rows + 10, &c);
    else
        lx_canvas_plain(false, fmax(width * (double)columns, 640), height * (double)rows + 60, &c);
    lx_figure_head(out, title, name, &c);
    lx_buf_printf(out, "reset\nset multiplot layout %zu,%zu", rows, columns);
    if (!paper) {
        lx_buf_add(out, " title ");
        lx_figure_title(out, title, (size_t)(c.width / TITLE_LETTER));
    }
    lx_buf_add(out,
               "\nunset key\nunset colorbox\nset tics out nomirror scale 0.4\n" LX_STYLE_SHARES);
    write_tics("x", m->length, m->n_lengths, "", out);
    write_tics("y", m->depth, m->n_depths, "%%", out);
    lx_buf_printf(out, "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n", m->n_lengths - 1,
                  m->n_depths - 1);
    lx_buf_printf(out, "set xlabel 'prompt length (trained at %d)'\n", sec->train_length);
    for (size_t k = 0; k < m->n_series; k++) {
        lx_buf_add(out, "set title ");
        lx_figure_name(out, m->series[k]->label, 40);
        lx_buf_printf(out, "\nset ylabel '%s'\n", k % columns == 0 ? "depth of the fact" : "");
        lx_buf_printf(out,
                      "plot data index %zu using 4:5:3 with image, '' index %zu "
                      "using 4:5:6 with labels font ',%d'\n",
                      k, k, paper ? 7 : 8);
    }
    lx_buf_add(out, "unset multiplot\nunset output\n}\n");
}

enum lx_code lx_plot_retrieval_map(const struct lx_study *s, size_t section,
                                   struct lx_plot_target *to, struct lx_err *err)
{
    struct map m = {
        .s = s, .section = section, .metric = lx_intern_find(&s->rows.names, "retrieval_accuracy")};
    const struct lx_section *sec = &s->section[section];
    struct lx_buf name = {0}, title = {0}, gp = {0}, dat = {0};
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;
    if (to->take != NULL) /* its numbers are a table there */
        return LX_OK;
    code = find_axes(&m, &arena, err);
    if (code != LX_OK || m.n_depths == 0) {
        lx_arena_free(&arena);
        return code;
    }
    lx_buf_printf(&name, "%s_map%s", sec->stem, sec->suffix);
    lx_buf_printf(&title, "Share of right answers: %s; %s", sec->title, sec->detail);
    code = lx_buf_check(&name, err);
    if (code == LX_OK)
        code = lx_buf_check(&title, err);
    if (code == LX_OK) {
        const char *free_name = lx_plot_name(to, name.text);

        if (free_name != NULL) {
            write_data(&m, &dat);
            write_script(&m, title.text, free_name, to->paper, &gp);
        }
        code = free_name == NULL ? lx_fail(err, LX_ENOMEM, "out of memory for a figure")
                                 : lx_plot_put(to, free_name, &gp, &dat, err);
    }
    lx_buf_free(&name);
    lx_buf_free(&title);
    lx_buf_free(&gp);
    lx_buf_free(&dat);
    lx_arena_free(&arena);
    return code;
}
