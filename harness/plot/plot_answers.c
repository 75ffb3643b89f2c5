/* Figures of answers to examples: exact match and token accuracy against length, token accuracy by how
 * far back the answer looks and by its place in the answer, and a map of tasks and encodings. */
#include <math.h>

#include "figure/figure_parts.h"
#include "figure/style.h"
#include "plot/plot.h"
#include "stats/wilson.h"
#include "text/format.h"

/* The seeds that count at a length; of one seed the interval over examples, at 95%. */
static enum lx_code add_point(const struct lx_study *s, const struct lx_learned *l, double x,
                              struct lx_curve *c, struct lx_err *err)
{
    const struct lx_row *r = &s->rows.row[l->group->first];
    struct lx_point *p;

    if (lx_plot_add_group(s, c, l->group, x, err))
        return err->code;
    p = &c->point[c->n - 1];
    if (p->status != LX_ROW_OK)
        return LX_OK;
    if (l->stats.n == 0) { /* nobody learned the task */
        c->n--;
        return LX_OK;
    }
    p->y = l->stats.mean;
    lx_plot_band(&l->stats, p);
    p->n = l->stats.n;
    if (l->seeds == 1 && r->stderr_value > 0) {
        double n = lx_wilson_trials(r->value, r->stderr_value);

        lx_wilson(r->value * n, n, 1.959963984540054, &p->lo, &p->hi);
    }
    return LX_OK;
}

static enum lx_code length_panel(const struct lx_study *s, size_t section, const char *metric,
                                 const char *chance, const struct lx_section *lengths,
                                 struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    double most = (double)NAN;

    if (lx_plot_length_axis(lengths, arena, p, err) ||
        lx_plot_curves(s, section, lengths->n_lengths, arena, p, err))
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t k = 0; k < lengths->n_lengths; k++) {
            struct lx_learned l;

            if (lx_study_learned(s, section, (size_t)(p->curve[i].series - s->series), metric,
                                 lengths->length[k], &l, err))
                return err->code;
            if (l.group != NULL &&
                add_point(s, &l, (double)lengths->length[k] / lengths->train_length, &p->curve[i],
                          err))
                return err->code;
        }
    lx_plot_drop_empty(p);
    lx_plot_within(p, 0, 1);
    for (size_t k = 0; k < lengths->n_lengths; k++)
        most = fmax(most, lx_study_chance(s, section, chance, lengths->length[k]));
    if (isfinite(most))
        p->level[p->n_levels++] = (struct lx_level){most, "chance, at its highest", "(4,4)"};
    p->y = LX_AXIS_LINEAR;
    p->y_cap = (double)NAN;
    p->mark_text = "N, the largest size trained";
    return LX_OK;
}

/* Whether a curve ends before the longest length: of who did not learn the task, or has no such length. */
static bool ends_early(const struct lx_panel *p, const struct lx_section *lengths)
{
    double last = (double)lengths->length[lengths->n_lengths - 1] / lengths->train_length;

    for (size_t i = 0; i < p->n_curves; i++) {
        const struct lx_curve *c = &p->curve[i];

        if (c->n > 0 && c->point[c->n - 1].status == LX_ROW_OK && c->point[c->n - 1].x < last)
            return true;
    }
    return false;
}

static enum lx_code name_figure(const struct lx_study *s, size_t section, const char *name,
                                const char *title, struct lx_arena *arena, struct lx_figure *f,
                                struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];

    f->name = lx_arena_printf(arena, "%s%s", name, sec->suffix);
    f->title = lx_arena_printf(arena, "%s: %s", title, sec->title);
    f->note = lx_arena_printf(
        arena,
        "%s%s; who has less than 0.9 of exact match at N did not learn the task and ends there",
        sec->detail,
        sec->seeds_max > 1 ? lx_plot_band_note(sec, false) : "; band: 95% interval over examples");
    return f->name && f->title && f->note ? LX_OK
                                          : lx_fail(err, LX_ENOMEM, "out of memory for a figure");
}

static enum lx_code make_lengths(const struct lx_study *s, size_t section, struct lx_arena *arena,
                                 struct lx_figure *f, struct lx_err *err)
{
    struct lx_section lengths = s->section[section];
    char multiple[24];

    if (lx_study_asked(s, section, arena, &lengths.length, &lengths.n_lengths, err) ||
        length_panel(s, section, "exact_match", "exact_match_chance", &lengths, arena, &f->panel[0],
                     err) ||
        length_panel(s, section, "token_accuracy", "token_accuracy_chance", &lengths, arena,
                     &f->panel[1], err))
        return err->code;
    f->panel[0].ylabel = "exact match";
    f->panel[1].ylabel = "token accuracy";
    f->panel[0].xlabel = f->panel[1].xlabel = "size (multiple of N; tokens of a window)";
    lx_format_multiple(lengths.length[lengths.n_lengths - 1], lengths.train_length, multiple);
    f->legend_title =
        lx_arena_printf(arena, "exact match at %s%s", multiple,
                        ends_early(&f->panel[0], &lengths) ? ", or where a curve ends" : "");
    f->n_panels = 2;
    f->multiples = true;
    if (f->legend_title == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
    return name_figure(s, section, "answers_vs_length", "Right answers by size", arena, f, err);
}

/* Token accuracy at twice the trained size, or at the training length where that was not asked, against
 * what bins of positions mean here. */
static enum lx_code bins_panel(const struct lx_study *s, size_t section, const char *metric,
                               int length, struct lx_arena *arena, struct lx_panel *p,
                               struct lx_err *err)
{
    int id = lx_intern_find(&s->rows.names, metric);

    if (lx_plot_curves(s, section, 128, arena, p, err))
        return err->code;
    p->x_max = 1;
    for (size_t i = 0; i < p->n_curves; i++) {
        size_t n, series = (size_t)(p->curve[i].series - s->series);
        const struct lx_group *g = lx_study_range(s, section, series, id, length, &n);
        struct lx_learned l;

        if (lx_study_learned(s, section, series, "exact_match", length, &l, err))
            return err->code;
        for (size_t k = 0; k < n && k < 128 && (!l.gated || l.learned > 0); k++)
            if (g[k].lo >= 0) {
                if (lx_plot_add_group(s, &p->curve[i], &g[k], lx_plot_middle(&g[k]), err))
                    return err->code;
                p->x_max = fmax(p->x_max, g[k].hi);
            }
    }
    lx_plot_drop_empty(p);
    lx_plot_within(p, 0, 1);
    p->x = LX_AXIS_LOG;
    p->y = LX_AXIS_LINEAR;
    p->x_min = 0.9;
    p->x_max *= 1.05;
    p->y_cap = p->mark = (double)NAN;
    p->symbol_every = 1;
    p->ylabel = "token accuracy";
    return lx_plot_position_tics(p->x_max, arena, p, err);
}

static enum lx_code make_bins(const struct lx_study *s, size_t section, struct lx_arena *arena,
                              struct lx_figure *f, struct lx_err *err)
{
    int train = s->section[section].train_length;
    int length = lx_study_size(s, section, 2 * train) > 0 ? 2 * train : train;
    const char *title;

    if (bins_panel(s, section, "accuracy_by_reach", length, arena, &f->panel[0], err) ||
        bins_panel(s, section, "accuracy_by_place", length, arena, &f->panel[1], err))
        return err->code;
    f->panel[0].xlabel = "last inputs that hold all the token depends on";
    f->panel[1].xlabel = "place in the answer, from 1";
    f->legend_title = "from farthest back";
    f->n_panels = 2;
    f->same_y = true;
    title =
        length > train ? "Right answer tokens at twice the size" : "Right answer tokens at size N";
    return name_figure(s, section, "answers_by_place", title, arena, f, err);
}

/* The map: a panel for exact match and one for token accuracy; encodings down, tasks across. */
enum { CELL_WIDTH = 74, CELL_HEIGHT = 24, TASKS = 64 };

struct map {
    const struct lx_study *s;
    size_t task[TASKS], n; /* sections */
};

static const char *const map_metric[] = {"exact_match", "token_accuracy"};

static enum lx_code write_map_data(const struct map *m, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = m->s;

    for (size_t k = 0; k < 2; k++) {
        lx_buf_printf(out, "%s# %s: value column row label\n", k == 0 ? "" : "\n\n", map_metric[k]);
        for (size_t i = 0; i < s->n_series; i++)
            for (size_t t = 0; t < m->n; t++) {
                int length = 2 * s->section[m->task[t]].train_length;
                struct lx_learned l;

                if (lx_study_learned(s, m->task[t], i, map_metric[k], length, &l, err))
                    return err->code;
                if (l.stats.n > 0)
                    lx_buf_printf(out, "%.6g %zu %zu %.2f\n", l.stats.mean, t, i, l.stats.mean);
                else
                    lx_buf_printf(out, "NaN %zu %zu %s\n", t, i,
                                  l.group == NULL ? "-"
                                  : l.gated       ? "not_learned"
                                                  : "n/a");
            }
    }
    return LX_OK;
}

static void write_map_script(const struct map *m, const char *title, const char *name, bool paper,
                             struct lx_buf *out)
{
    const struct lx_study *s = m->s;
    double width = fmax(CELL_WIDTH * (double)m->n + 150, 320);
    double height = CELL_HEIGHT * (double)s->n_series + 130;
    struct lx_canvas c;

    lx_canvas_plain(paper, paper ? LX_CANVAS_DOUBLE : 2 * width, paper ? 2 * height : height, &c);
    lx_figure_head(out, title, name, &c);
    if (paper) { /* one below the other */
        lx_buf_add(out, "reset\nset multiplot layout 2,1");
    } else {
        lx_buf_add(out, "reset\nset multiplot layout 1,2 title ");
        lx_figure_quoted(out, title);
    }
    lx_buf_add(out, "\nunset key\nunset colorbox\nset tics out nomirror scale 0.4\n" LX_STYLE_SHARES
                    "set rmargin 8\nset xtics rotate by -30 (");
    for (size_t t = 0; t < m->n; t++) {
        lx_buf_add(out, t > 0 ? ", " : "");
        lx_figure_name(out, lx_rows_name(&s->rows, s->section[m->task[t]].dataset), 20);
        lx_buf_printf(out, " %zu", t);
    }
    lx_buf_add(out, ")\nset ytics (");
    for (size_t i = 0; i < s->n_series; i++) {
        lx_buf_add(out, i > 0 ? ", " : "");
        lx_figure_name(out, s->series[i].label, 24);
        lx_buf_printf(out, " %zu", i);
    }
    lx_buf_printf(out, ")\nset xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n", m->n - 1,
                  s->n_series - 1);
    for (size_t k = 0; k < 2; k++)
        lx_buf_printf(out,
                      "set title '%s'\nplot data index %zu using 2:3:1 with image, '' index %zu "
                      "using 2:3:(strcol(4) eq 'not_learned' ? \"not%slearned\" : strcol(4)) with "
                      "labels font ',%d'\n",
                      k == 0 ? "exact match" : "token accuracy", k, k, paper ? "\\n" : " ",
                      paper ? 6 : 8);
    lx_buf_add(out, "unset multiplot\nunset output\n}\n");
}

enum lx_code lx_plot_answers_map(const struct lx_study *s, struct lx_plot_target *to,
                                 struct lx_err *err)
{
    static const char title[] = "Right answers at twice the trained size";
    struct lx_buf gp = {0}, dat = {0};
    struct map m = {.s = s};
    const char *name;
    enum lx_code code;

    for (size_t i = 0; i < s->n_sections && m.n < TASKS; i++)
        if (lx_study_asks(s, i) && lx_study_size(s, i, 2 * s->section[i].train_length) > 0)
            m.task[m.n++] = i;
    if (m.n < 2)
        return LX_OK;
    name = lx_plot_name(to, "answers_map");
    code = name == NULL ? lx_fail(err, LX_ENOMEM, "out of memory for a figure")
                        : write_map_data(&m, &dat, err);
    if (code == LX_OK) {
        write_map_script(&m, title, name, to->paper, &gp);
        code = lx_plot_put(to, name, &gp, &dat, err);
    }
    lx_buf_free(&gp);
    lx_buf_free(&dat);
    return code;
}

enum lx_code lx_plot_answers(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                             struct lx_err *err)
{
    static enum lx_code (*const makes[])(const struct lx_study *, size_t, struct lx_arena *,
                                         struct lx_figure *,
                                         struct lx_err *) = {make_lengths, make_bins};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]) && code == LX_OK; i++) {
        struct lx_arena arena = {0};
        struct lx_figure f = {0};

        code = makes[i](s, section, &arena, &f, err);
        if (code == LX_OK && lx_figure_has_points(&f))
            code = lx_figure_save(&f, to, err);
        lx_arena_free(&arena);
    }
    return code;
}
