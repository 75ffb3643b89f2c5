/* NLL against the position in the window, at the longest length that was evaluated: where in a
 * long window a scheme fails, and whether far context still helps. */
#include <math.h>

#include "plot/plot.h"
#include "text/format.h"

double lx_plot_middle(const struct lx_group *g)
{
    return sqrt((double)(g->lo + 1) * g->hi);
}

static bool is_bin(const struct lx_group *g)
{
    return g->layer < 0 && g->head < 0 && g->lo >= 0;
}

static size_t most_bins(const struct lx_study *s, size_t section, int length)
{
    size_t most = 0;
    for (size_t i = 0; i < s->n_series; i++) {
        size_t n, bins = 0;
        const struct lx_group *g = lx_study_range(s, section, i, s->nll, length, &n);
        for (size_t k = 0; k < n; k++)
            bins += is_bin(&g[k]);
        most = bins > most ? bins : most;
    }
    return most;
}

/* How much a point would move with other text: the mean standard error over windows of the seeds, who
 * all read the same. The band takes it in. */
static void add_text_error(const struct lx_study *s, const struct lx_group *g, struct lx_point *q)
{
    double sum = 0;
    int n = 0;
    for (size_t i = g->first; i < g->first + (size_t)g->n; i++)
        if (isfinite(s->rows.row[i].stderr_value)) {
            sum += s->rows.row[i].stderr_value;
            n++;
        }
    if (n == 0 || !isfinite(q->y))
        return;
    q->lo = fmin(q->lo, q->y - sum / n);
    q->hi = fmax(q->hi, q->y + sum / n);
}

/* A series of which not every seed could be evaluated shows that instead of the seeds left. */
static enum lx_code fill_curve(const struct lx_study *s, size_t section, int length,
                               struct lx_curve *c, struct lx_err *err)
{
    size_t n, series = (size_t)(c->series - s->series);
    const struct lx_group *g = lx_study_range(s, section, series, s->nll, length, &n);
    const struct lx_group *all = lx_study_find(s, section, series, s->nll, length);
    if (all != NULL && lx_group_status(all) != LX_ROW_OK)
        return lx_plot_add_group(s, c, all, length, err);
    for (size_t k = 0; k < n; k++)
        if (is_bin(&g[k])) {
            if (lx_plot_add_group(s, c, &g[k], lx_plot_middle(&g[k]), err))
                return err->code;
            add_text_error(s, &g[k], &c->point[c->n - 1]);
        }
    return LX_OK;
}

enum lx_code lx_plot_position_tics(double x_max, struct lx_arena *arena, struct lx_panel *p,
                                   struct lx_err *err)
{
    struct lx_tic *tic;
    int step = log2(x_max) > 12 ? 2 : 1;
    if (lx_arena_get(arena, 64, sizeof(*tic), &tic, "tics", err))
        return err->code;
    p->tic = tic;
    for (int k = 0; k < 40 && exp2(k) <= x_max * 1.001; k += step) {
        char *label = lx_arena_printf(arena, "%.0f", exp2(k));
        if (label == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for tics");
        tic[p->n_tics++] = (struct lx_tic){exp2(k), label};
    }
    return LX_OK;
}

/* "; band: seeds and the standard error over windows, at least 512 targets a point": what the bins say
 * of themselves. Bins of few targets are said to be. */
static const char *bins_note(const struct lx_study *s, size_t section, int length,
                             struct lx_arena *arena)
{
    const struct lx_section *sec = &s->section[section];
    long long least = -1;
    bool errors = false;
    for (size_t i = 0; i < s->n_series; i++) {
        size_t n;
        const struct lx_group *g = lx_study_range(s, section, i, s->nll, length, &n);
        for (size_t k = 0; k < n; k++) {
            const struct lx_row *r = &s->rows.row[g[k].first];
            if (!is_bin(&g[k]) || r->tokens < 0)
                continue;
            errors |= isfinite(r->stderr_value);
            least = least < 0 || r->tokens < least ? r->tokens : least;
        }
    }
    if (!errors)
        return lx_plot_band_note(sec, false);
    return lx_arena_printf(arena,
                           "; band: %sone standard error over windows, %s%lld targets a point",
                           sec->seeds_max > 1 ? "seeds and " : "",
                           least < LX_FEW_TARGETS ? "only down to " : "at least ", least);
}

static enum lx_code make(const struct lx_study *s, size_t section, size_t bins,
                         struct lx_arena *arena, struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    int length = sec->length[sec->n_lengths - 1];
    struct lx_panel *p = &f->panel[0];
    char multiple[24];
    double x_max = length, x_min = length;
    if (lx_plot_curves(s, section, bins + 1, arena, p, err))
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++) {
        if (fill_curve(s, section, length, &p->curve[i], err))
            return err->code;
        if (p->curve[i].n)
            x_min = fmin(x_min, p->curve[i].point[0].x);
    }
    lx_plot_drop_empty(p);
    if (lx_plot_position_tics(x_max, arena, p, err))
        return err->code;
    p->x = LX_AXIS_LOG;
    p->x_min = x_min * 0.9;
    p->x_max = x_max * 1.05;
    p->y = LX_AXIS_LINEAR;
    p->y_cap = (double)NAN;
    p->symbol_every = 1 + (int)bins / 16;
    p->mark = sec->train_length;
    p->mark_text = "training length";
    p->xlabel = "tokens of context (position in the window)";
    p->ylabel = "NLL (nats per token)";
    lx_format_multiple(length, sec->train_length, multiple);
    f->name = lx_arena_printf(arena, "nll_by_position%s", sec->suffix);
    f->title = lx_arena_printf(arena, "NLL by position in windows of %d tokens (%s): %s", length,
                               multiple, sec->title);
    f->note = bins_note(s, section, length, arena);
    if (f->note != NULL)
        f->note = lx_arena_printf(arena, "%s%s%s", sec->detail, f->note, lx_plot_edge_note(p));
    f->legend_title = "NLL at the last positions";
    f->n_panels = 1;
    if (!f->name || !f->title || !f->note)
        return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
    return LX_OK;
}

enum lx_code lx_plot_position(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                              struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_arena arena = {0};
    struct lx_figure f = {0};
    enum lx_code code = LX_OK;
    size_t bins = s->nll < 0 || sec->n_lengths == 0
                      ? 0
                      : most_bins(s, section, sec->length[sec->n_lengths - 1]);
    if (bins >= 2) {
        code = make(s, section, bins, &arena, &f, err);
        if (code == LX_OK && lx_figure_has_points(&f))
            code = lx_figure_save(&f, to, err);
    }
    lx_arena_free(&arena);
    return code;
}
