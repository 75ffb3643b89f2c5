/* Training curves: the logged loss of every cell, smoothed, then averaged over seeds step by step.
 *
 * Smoothing is a centred moving average over about 4% of the run. It narrows towards the start,
 * where the loss falls fast, and keeps its left half at the end, where single batches would only
 * add noise. */
#include <math.h>
#include <stdlib.h>

#include "plot/plot.h"

enum { MOST_POINTS = 300 };

struct sample {
    int rank, cell;
    double step, tokens, nll;
};

static int by_cell(const void *pa, const void *pb)
{
    const struct sample *a = pa, *b = pb;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    return (a->step > b->step) - (a->step < b->step);
}

static int by_step(const void *pa, const void *pb)
{
    const struct sample *a = pa, *b = pb;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

/* Smooth one cell's n samples in place; sum: (n + 1) numbers. A run that diverged ends at its first
 * loss that is not finite; the rest stays NaN. */
static void smooth(struct sample *v, size_t n, double *sum)
{
    size_t live = 0;
    sum[0] = 0;
    while (live < n && isfinite(v[live].nll)) {
        sum[live + 1] = sum[live] + v[live].nll;
        live++;
    }
    for (size_t i = 0; i < live; i++) {
        size_t w = n / 50 < i ? n / 50 : i;
        size_t end = i + w + 1 < live ? i + w + 1 : live;
        v[i].nll = (sum[end] - sum[i - w]) / (double)(end - (i - w));
    }
    for (size_t i = live; i < n; i++)
        v[i].nll = (double)NAN;
}

static bool same_training(const struct lx_section *a, const struct lx_section *b)
{
    return a->dataset == b->dataset && a->split == b->split && a->train_length == b->train_length;
}

/* rank_of[cell id] = rank of the encoding of the cells in this section, -1 elsewhere. */
static void cells_of(const struct lx_study *s, size_t section, int *rank_of)
{
    for (size_t i = 0; i < s->rows.names.n; i++)
        rank_of[i] = -1;
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];
        for (size_t j = g->first; (size_t)g->section == section && j < g->first + (size_t)g->n; j++)
            rank_of[s->rows.row[j].cell] = s->rows.row[j].rank;
    }
}

/* The next step's mean over cells, from sorted samples at v[*at]; *at moves past them. */
static struct lx_point next_point(const struct sample *v, size_t n, size_t *at)
{
    double value[256];
    size_t first = *at, count = 0;
    for (; *at < n && v[*at].rank == v[first].rank && v[*at].step == v[first].step; ++*at)
        if (isfinite(v[*at].nll) && count < 256)
            value[count++] = v[*at].nll;
    struct lx_stats stats = lx_stats_of(value, count);
    struct lx_point p = {v[first].tokens, stats.mean, stats.min, stats.max, stats.n, 0, LX_ROW_OK};
    lx_plot_band(&stats, &p);
    if (count == 0) {
        p.status = LX_ROW_DIVERGED;
        p.n = p.bad = (int)(*at - first);
    }
    return p;
}

/* Points of one encoding, thinned to MOST_POINTS, the last always kept. */
static void fill_curve(const struct sample *v, size_t n, size_t *at, struct lx_curve *c)
{
    size_t first = *at, steps = 0, k = 0;
    for (size_t i = first; i < n && v[i].rank == v[first].rank; i++)
        steps += i == first || v[i].step != v[i - 1].step;
    size_t every = 1 + steps / (MOST_POINTS + 1);
    while (k < steps) {
        struct lx_point p = next_point(v, n, at);
        bool ended = p.status != LX_ROW_OK;
        if (k % every == 0 || k + 1 == steps || ended)
            c->point[c->n++] = p;
        k++;
        if (ended)
            break;
    }
    while (*at < n && v[*at].rank == v[first].rank)
        ++*at;
}

/* Tokens in a unit that keeps tic labels short. */
static void choose_axis(struct lx_panel *p)
{
    double last = 0, top = 0, end = 0;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++)
            last = fmax(last, p->curve[i].point[j].x);
    double unit = last >= 2e6 ? 1e6 : last >= 2e3 ? 1e3 : 1;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++) {
            struct lx_point *q = &p->curve[i].point[j];
            end = fmax(end, j + 1 == p->curve[i].n && isfinite(q->y) ? q->y : 0);
            if (q->x >= 0.03 * last && isfinite(q->y))
                top = fmax(top, q->hi);
            q->x /= unit;
        }
    /* The first steps fall from the entropy of a guess: what matters begins below. */
    for (size_t i = 0; i < p->n_curves; i++) {
        struct lx_curve *c = &p->curve[i];
        for (size_t j = 0; j < c->n; j++)
            c->point[j].hi = fmin(c->point[j].hi, top);
        size_t skip = 0;
        while (skip < c->n && c->point[skip].y > top)
            skip++;
        c->point += skip;
        c->n -= skip;
    }
    p->x = p->y = LX_AXIS_LINEAR;
    p->x_min = 0;
    p->x_max = last / unit * 1.01;
    p->xlabel = unit > 1e5 ? "training tokens seen (millions)"
                : unit > 1 ? "training tokens seen (thousands)"
                           : "training tokens seen";
    p->ylabel = "training NLL (nats per token)";
    p->y_cap = p->mark = (double)NAN;
}

/* Curves of the samples; series as trained only. */
static enum lx_code make_curves(const struct lx_study *s, const struct sample *v, size_t n,
                                struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    if (lx_arena_get(arena, s->n_series + 1, sizeof(*p->curve), &p->curve, "curves", err))
        return err->code;
    for (size_t at = 0; at < n;) {
        struct lx_curve *c = &p->curve[p->n_curves++];
        for (size_t i = 0; i < s->n_series; i++)
            if (s->series[i].rank == v[at].rank && (c->series == NULL || s->series[i].variant == 0))
                c->series = &s->series[i];
        if (lx_arena_get(arena, MOST_POINTS + 3, sizeof(*c->point), &c->point, "points", err) !=
            LX_OK)
            return err->code;
        fill_curve(v, n, &at, c);
    }
    return LX_OK;
}

static enum lx_code make(const struct lx_study *s, const struct lx_section *sec,
                         const struct sample *v, size_t n, struct lx_arena *arena,
                         struct lx_figure *f, struct lx_err *err)
{
    struct lx_panel *p = &f->panel[0];
    bool alone = true;
    for (size_t i = 0; i < s->n_sections; i++)
        alone &= same_training(sec, &s->section[i]);
    if (make_curves(s, v, n, arena, p, err) != LX_OK)
        return err->code;
    choose_axis(p);
    f->name = lx_arena_printf(arena, "training_curves%s", alone ? "" : sec->suffix);
    f->title = lx_arena_printf(arena, "Training: %s", sec->title);
    f->note =
        lx_arena_printf(arena, "NLL of the training batches, moving average over 4%% of the run%s",
                        lx_plot_band_note(sec, false));
    f->legend_title = "NLL at the end";
    f->n_panels = 1;
    if (!f->name || !f->title || !f->note)
        return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
    return LX_OK;
}

/* The samples of the cells of this section, smoothed and sorted by (rank, step). */
static enum lx_code gather(const struct lx_study *s, size_t section,
                           const struct lx_train_point *row, size_t n, struct lx_arena *arena,
                           struct sample **out, size_t *count, struct lx_err *err)
{
    int *rank_of;
    double *sum;
    struct sample *v;
    if (lx_arena_get(arena, s->rows.names.n, sizeof(*rank_of), &rank_of, "cells", err) != LX_OK ||
        lx_arena_get(arena, n + 1, sizeof(*sum), &sum, "training curves", err) != LX_OK ||
        lx_arena_get(arena, n + 1, sizeof(*v), &v, "training curves", err) != LX_OK)
        return err->code;
    cells_of(s, section, rank_of);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (row[i].cell >= 0 && rank_of[row[i].cell] >= 0)
            v[(*count)++] = (struct sample){rank_of[row[i].cell], row[i].cell, row[i].step,
                                            row[i].tokens, row[i].nll};
    qsort(v, *count, sizeof(*v), by_cell);
    for (size_t i = 0, j; i < *count; i = j) {
        for (j = i; j < *count && v[j].cell == v[i].cell;)
            j++;
        smooth(v + i, j - i, sum);
    }
    qsort(v, *count, sizeof(*v), by_step);
    *out = v;
    return LX_OK;
}

enum lx_code lx_plot_training(const struct lx_study *s, size_t section,
                              const struct lx_train_point *row, size_t n, struct lx_plot_target *to,
                              struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_arena arena = {0};
    struct lx_figure f = {0};
    struct sample *v = NULL;
    size_t count = 0;
    for (size_t i = 0; i < section; i++)
        if (s->section[i].n_lengths > 0 && same_training(sec, &s->section[i]))
            return LX_OK;
    enum lx_code code = gather(s, section, row, n, &arena, &v, &count, err);
    if (code == LX_OK && count > 0) {
        code = make(s, sec, v, count, &arena, &f, err);
        if (code == LX_OK && lx_figure_has_points(&f))
            code = lx_figure_save(&f, to, err);
    }
    lx_arena_free(&arena);
    return code;
}
