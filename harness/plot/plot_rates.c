/* Figures over learning rate: NLL at the training length and at the longest one, by encoding. */
#include <math.h>
#include <stdio.h>

#include "figure/style.h"
#include "plot/plot.h"
#include "text/format.h"

/* More tics than this cannot be read. */
#define MOST_TICS 12

/* The first try after `from` with another multiple. */
static size_t next_multiple(const struct lx_rates_encoding *e, size_t from)
{
    size_t i = from;

    while (i < e->n && lx_rate_same(e->try[i].array_lr, e->try[from].array_lr))
        i++;
    return i;
}

/* A series for each encoding and multiple, which the panels share. */
static enum lx_code make_series(const struct lx_rates *r, struct lx_arena *arena,
                                struct lx_series **out, struct lx_err *err)
{
    size_t n = 0, most = 0;

    for (size_t i = 0; i < r->n; i++)
        most += r->item[i].n;
    if (lx_arena_get(arena, most + 1, sizeof(**out), out, "series", err))
        return err->code;
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_rates_encoding *e = &r->item[i];
        int variant = 0, look = lx_style_look(e->encoding, *out, n);

        for (size_t k = 0; k < e->n; k = next_multiple(e, k), variant++) {
            struct lx_series *s = &(*out)[n++];

            *s = (struct lx_series){.look = look, .variant = variant};
            s->label = variant == 0 ? lx_arena_text(arena, e->encoding)
                                    : lx_arena_printf(arena, "%s, its arrays at %gx", e->encoding,
                                                      e->try[k].array_lr);
            if (s->label == NULL)
                return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
        }
    }
    return LX_OK;
}

static struct lx_point point_at(double x, double y)
{
    enum lx_report_status status = isfinite(y) ? LX_ROW_OK
                                   : isnan(y)  ? LX_ROW_NOT_APPLICABLE
                                               : LX_ROW_DIVERGED;

    y = isfinite(y) ? y : (double)NAN;
    return (struct lx_point){.x = x, .y = y, .lo = y, .hi = y, .n = 1, .status = status};
}

/* Curves of an encoding: one for each multiple. */
static enum lx_code add_curves(const struct lx_study *s, size_t section,
                               const struct lx_rates_encoding *e, int length,
                               const struct lx_series *series, struct lx_arena *arena,
                               struct lx_panel *p, struct lx_err *err)
{
    for (size_t i = 0, end; i < e->n; i = end) {
        struct lx_curve *c = &p->curve[p->n_curves];

        end = next_multiple(e, i);
        c->series = &series[p->n_curves++];
        if (lx_arena_get(arena, end - i, sizeof(*c->point), &c->point, "points", err))
            return err->code;
        for (size_t k = i; k < end; k++)
            c->point[c->n++] = point_at(e->try[k].lr, lx_rates_nll(s, section, e->id[k], length));
    }
    return LX_OK;
}

/* The rates that were tried, from the lowest to the highest by factors of two. */
static enum lx_code make_axis(const struct lx_rates *r, struct lx_arena *arena, struct lx_panel *p,
                              struct lx_err *err)
{
    double lo = (double)INFINITY, hi = 0;
    struct lx_tic *tic;
    int step = 1;

    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->item[i].n; k++) {
            lo = fmin(lo, r->item[i].try[k].lr);
            hi = fmax(hi, r->item[i].try[k].lr);
        }
    if (lx_arena_get(arena, MOST_TICS + 1, sizeof(*tic), &tic, "tics", err))
        return err->code;
    while (log2(hi / lo) / step > MOST_TICS - 1)
        step++;
    for (double at = lo; at < hi * 1.01; at = ldexp(at, step)) {
        char number[40];

        (void)snprintf(number, sizeof(number), "%.3g", at);
        tic[p->n_tics].label = lx_arena_text(arena, number);
        if (tic[p->n_tics].label == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
        tic[p->n_tics++].at = at;
    }
    p->tic = tic;
    p->x = LX_AXIS_LOG;
    p->x_min = lo * exp2(-0.25);
    p->x_max = hi * exp2(0.25);
    p->xlabel = "peak learning rate";
    return LX_OK;
}

static enum lx_code make_panel(const struct lx_study *s, size_t section, const struct lx_rates *r,
                               int length, const struct lx_series *series, struct lx_arena *arena,
                               struct lx_panel *p, struct lx_err *err)
{
    size_t most = 0;
    char multiple[24];

    for (size_t i = 0; i < r->n; i++)
        most += r->item[i].n;
    if (make_axis(r, arena, p, err) ||
        lx_arena_get(arena, most + 1, sizeof(*p->curve), &p->curve, "curves", err))
        return err->code;
    for (size_t i = 0; i < r->n; i++)
        if (add_curves(s, section, &r->item[i], length, series, arena, p, err))
            return err->code;
    lx_format_multiple(length, s->section[section].train_length, multiple);
    p->y = LX_AXIS_LINEAR;
    p->y_cap = (double)NAN;
    p->mark = (double)NAN;
    p->symbol_every = 1;
    p->ylabel = lx_arena_printf(arena, "NLL at %s (nats)", multiple);
    return p->ylabel != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for a figure");
}

static enum lx_code make(const struct lx_study *s, size_t section, const struct lx_rates *r,
                         struct lx_arena *arena, struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    int longest = lx_rates_longest(s, section);
    struct lx_series *series;

    if (make_series(r, arena, &series, err) ||
        make_panel(s, section, r, sec->train_length, series, arena, &f->panel[0], err) ||
        (longest != sec->train_length &&
         make_panel(s, section, r, longest, series, arena, &f->panel[1], err)))
        return err->code;
    f->n_panels = longest != sec->train_length ? 2 : 1;
    f->name = lx_arena_printf(arena, "lr%s", sec->suffix);
    f->title = lx_arena_printf(arena, "NLL by learning rate: %s", sec->title);
    f->note = lx_arena_printf(arena, "%s%s", sec->detail, lx_plot_edge_note(&f->panel[0]));
    f->legend_title = "NLL at the highest rate, training length";
    return f->name != NULL && f->title != NULL && f->note != NULL
               ? LX_OK
               : lx_fail(err, LX_ENOMEM, "out of memory for a figure");
}

enum lx_code lx_plot_rates(const struct lx_study *s, size_t section, const struct lx_rates *r,
                           struct lx_plot_target *to, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_figure f = {0};
    enum lx_code code = LX_OK;

    if (r->n > 0 && lx_rates_section(s, section)) {
        code = make(s, section, r, &arena, &f, err);
        if (code == LX_OK && lx_figure_has_points(&f))
            code = lx_figure_save(&f, to, err);
    }
    lx_arena_free(&arena);
    return code;
}
