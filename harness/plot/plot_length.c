/* Figures over evaluation length: perplexity, and attention entropy. */
#include <math.h>
#include <stdio.h>

#include "plot/plot.h"
#include "stats/stats.h"
#include "study/contrast.h"
#include "text/format.h"

/* Above this many times the lowest perplexity the axis ends: a scheme that explodes must not press
 * all others into one line. Its arrow and its number in the legend tell the rest. */
static const double cap = 30;

enum lx_code lx_plot_curves(const struct lx_study *s, size_t section, size_t max_points,
                            struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    if (lx_arena_get(arena, s->n_series + 1, sizeof(*p->curve), &p->curve, "curves", err))
        return err->code;
    for (size_t i = 0; i < s->n_series; i++) {
        if (!lx_study_has(s, section, i))
            continue;
        struct lx_curve *c = &p->curve[p->n_curves++];
        c->series = &s->series[i];
        if (lx_arena_get(arena, max_points + 1, sizeof(*c->point), &c->point, "points", err) !=
            LX_OK)
            return err->code;
    }
    return LX_OK;
}

/* From the lowest seed to the highest. */
static void set_range(const struct lx_stats *stats, struct lx_point *p)
{
    p->lo = stats->min;
    p->hi = stats->max;
}

/* An interval instead; its lower end only where a logarithmic axis has a place for it. */
static void set_interval(const struct lx_stats *stats, double low, double high, struct lx_point *p)
{
    p->hi = high;
    if (low > 0 || !(stats->min > 0))
        p->lo = low;
}

void lx_plot_band(const struct lx_stats *stats, struct lx_point *p)
{
    double half = lx_t_half_width(stats->sd, (size_t)stats->n);

    set_range(stats, p);
    if (stats->n >= LX_PLOT_INTERVAL)
        set_interval(stats, stats->mean - half, stats->mean + half, p);
}

void lx_plot_within(struct lx_panel *p, double lo, double hi)
{
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t k = 0; k < p->curve[i].n; k++) {
            struct lx_point *q = &p->curve[i].point[k];

            if (q->status != LX_ROW_OK)
                continue;
            q->lo = fmax(q->lo, fmin(lo, q->y));
            q->hi = fmin(q->hi, fmax(hi, q->y));
        }
}

/* The interval of the mean, where it is known, and never one that leaves the mean out. */
static enum lx_code add_interval(const struct lx_study *s, const struct lx_group *g,
                                 struct lx_point *p, struct lx_err *err)
{
    struct lx_interval x;

    if (lx_group_interval(s, g, false, &x, err))
        return err->code;
    if (!isnan(x.low))
        set_interval(&g->stats, fmin(x.low, p->y), fmax(x.high, p->y), p);
    return LX_OK;
}

enum lx_code lx_plot_add_group(const struct lx_study *s, struct lx_curve *c,
                               const struct lx_group *g, double x, struct lx_err *err)
{
    enum lx_report_status status = lx_group_status(g);
    struct lx_point *p = &c->point[c->n++];
    *p = (struct lx_point){.x = x, .n = g->n, .bad = g->count[status], .status = status};
    p->y = p->lo = p->hi = (double)NAN;
    if (status != LX_ROW_OK)
        return LX_OK;
    p->y = g->stats.mean;
    set_range(&g->stats, p);
    return g->stats.n < LX_PLOT_INTERVAL ? LX_OK : add_interval(s, g, p, err);
}

void lx_plot_drop_empty(struct lx_panel *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_curves; i++)
        if (p->curve[i].n)
            p->curve[kept++] = p->curve[i];
    p->n_curves = kept;
}

enum lx_code lx_plot_length_axis(const struct lx_section *sec, struct lx_arena *arena,
                                 struct lx_panel *p, struct lx_err *err)
{
    struct lx_tic *tic;
    double train = sec->train_length;
    double first = sec->length[0] / train, last = sec->length[sec->n_lengths - 1] / train;
    if (lx_arena_get(arena, sec->n_lengths, sizeof(*tic), &tic, "tics", err))
        return err->code;
    double margin = fmax(0.15, 0.03 * log2(last / first));
    p->x = LX_AXIS_LOG;
    p->x_min = fmin(first, 1) * exp2(-margin);
    p->x_max = fmax(last, first == last ? 2 : 1) * exp2(margin);
    double apart = log2(p->x_max / p->x_min) / 12, before = -1e9;
    p->tic = tic;
    p->n_tics = 0;
    for (size_t i = 0; i < sec->n_lengths; i++) {
        char multiple[24];
        double at = sec->length[i] / train;
        if (log2(at) - before < apart)
            continue;
        before = log2(at);
        lx_format_multiple(sec->length[i], sec->train_length, multiple);
        char *label = lx_arena_printf(arena, "%s\n%d", multiple, sec->length[i]);
        if (label == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for tics");
        tic[p->n_tics++] = (struct lx_tic){at, label};
    }
    p->mark = 1;
    p->mark_text = "training length";
    p->symbol_every = 1;
    p->xlabel = "evaluation length (multiple of the training length, tokens)";
    return LX_OK;
}

const char *lx_plot_band_note(const struct lx_section *sec, bool text)
{
    if (sec->seeds_max < LX_PLOT_INTERVAL)
        return sec->seeds_max < 2 ? "" : "; line: mean, band: lowest to highest seed";
    if (sec->seeds_min < LX_PLOT_INTERVAL)
        return "; line: mean, band: its 95% interval from five seeds on, else lowest to highest "
               "seed";
    return text ? "; line: mean, band: its 95% interval over seeds and text"
                : "; line: mean, band: its 95% interval over seeds";
}

static double lowest(const struct lx_panel *p)
{
    double lo = (double)INFINITY;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++)
            lo = fmin(lo, p->curve[i].point[j].y); /* fmin passes over NaN */
    return lo;
}

const char *lx_plot_edge_note(const struct lx_panel *p)
{
    bool cross = false, arrow = false;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t j = 0; j < p->curve[i].n; j++) {
            cross |= p->curve[i].point[j].status == LX_ROW_DIVERGED;
            arrow |= p->curve[i].point[j].y > p->y_cap;
        }
    return cross && arrow ? "; cross: diverged, arrow: above the axis"
           : cross        ? "; cross: diverged"
           : arrow        ? "; arrow: above the axis"
                          : "";
}

/* Yardsticks, highest first. Those at the longest length stand for all: the targets are the same at every
 * length. */
static void add_levels(const struct lx_study *s, size_t section, struct lx_panel *p)
{
    static const char *const dash[LX_YARDSTICKS] = {"(1,6)", "(1,3)", "(8,3,1,3)", "(4,4)"};
    const struct lx_section *sec = &s->section[section];
    for (int y = LX_YARDSTICK_BIGRAM; y < LX_YARDSTICKS; y++) {
        double at =
            lx_study_yardstick(s, section, (enum lx_yardstick)y, sec->length[sec->n_lengths - 1]);
        if (isfinite(at))
            p->level[p->n_levels++] =
                (struct lx_level){at, lx_yardstick_label((enum lx_yardstick)y), dash[y]};
    }
}

static enum lx_code make_ppl(const struct lx_study *s, size_t section, struct lx_arena *arena,
                             struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_panel *p = &f->panel[0];
    char multiple[24];
    if (lx_plot_length_axis(sec, arena, p, err) != LX_OK ||
        lx_plot_curves(s, section, sec->n_lengths, arena, p, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t k = 0; k < sec->n_lengths; k++) {
            const struct lx_group *g = lx_study_find(
                s, section, (size_t)(p->curve[i].series - s->series), s->ppl, sec->length[k]);
            if (g != NULL && lx_plot_add_group(s, &p->curve[i], g,
                                               (double)sec->length[k] / sec->train_length, err))
                return err->code;
        }
    lx_plot_drop_empty(p);
    p->y = LX_AXIS_LOG;
    p->ylabel = "perplexity";
    add_levels(s, section, p);
    p->y_cap = cap * lowest(p);
    lx_format_multiple(sec->length[sec->n_lengths - 1], sec->train_length, multiple);
    f->name = lx_arena_printf(arena, "ppl_vs_length%s", sec->suffix);
    f->title = lx_arena_printf(arena, "Perplexity by evaluation length: %s", sec->title);
    f->note = lx_arena_printf(arena, "%s%s%s", sec->detail, lx_plot_band_note(sec, s->blocks.n > 0),
                              lx_plot_edge_note(p));
    f->legend_title = lx_arena_printf(arena, "perplexity at %s", multiple);
    f->n_panels = 1;
    f->multiples = true;
    return LX_OK;
}

/* The mean over layers and heads, for the queries of the last position bin: raw entropy grows with
 * the number of visible keys, so rows are compared at a stated place. Where there are no bins, the
 * mean over all queries. */
static const struct lx_group *entropy_group(const struct lx_study *s, size_t section, size_t series,
                                            int metric, int length)
{
    size_t n;
    const struct lx_group *g = lx_study_range(s, section, series, metric, length, &n);
    const struct lx_group *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (g[i].layer < 0 && g[i].head < 0 && (best == NULL || g[i].hi > best->hi))
            best = &g[i];
    return best;
}

static enum lx_code entropy_panel(const struct lx_study *s, size_t section, int metric,
                                  struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    if (lx_plot_length_axis(sec, arena, p, err) != LX_OK ||
        lx_plot_curves(s, section, sec->n_lengths, arena, p, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t k = 0; k < sec->n_lengths; k++) {
            size_t series = (size_t)(p->curve[i].series - s->series);
            int length = sec->length[k];
            const struct lx_group *ppl = lx_study_find(s, section, series, s->ppl, length);
            const struct lx_group *g = entropy_group(s, section, series, metric, length);
            if (ppl != NULL && lx_group_status(ppl) != LX_ROW_OK)
                g = ppl; /* not every seed is there: the same rule as for perplexity */
            if (g != NULL &&
                lx_plot_add_group(s, &p->curve[i], g, (double)length / sec->train_length, err))
                return err->code;
        }
    lx_plot_drop_empty(p);
    p->y = LX_AXIS_LINEAR;
    p->y_cap = (double)NAN;
    p->xlabel = "evaluation length";
    return LX_OK;
}

static enum lx_code make_entropy(const struct lx_study *s, size_t section, struct lx_arena *arena,
                                 struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    char multiple[24];
    if (entropy_panel(s, section, s->entropy_normalized, arena, &f->panel[0], err) != LX_OK ||
        entropy_panel(s, section, s->entropy, arena, &f->panel[1], err) != LX_OK)
        return err->code;
    lx_plot_within(&f->panel[0], 0, 1);
    f->panel[0].ylabel = "attention entropy / ln(visible keys)";
    f->panel[1].ylabel = "attention entropy (nats)";
    lx_format_multiple(sec->length[sec->n_lengths - 1], sec->train_length, multiple);
    f->name = lx_arena_printf(arena, "entropy_vs_length%s", sec->suffix);
    f->title = lx_arena_printf(arena, "Attention entropy by evaluation length: %s", sec->title);
    f->note = lx_arena_printf(
        arena, "mean over layers and heads, queries of the last positions; %s%s%s", sec->detail,
        lx_plot_band_note(sec, false), lx_plot_edge_note(&f->panel[0]));
    f->legend_title = lx_arena_printf(arena, "entropy / ln n at %s", multiple);
    f->n_panels = 2;
    f->multiples = true;
    return LX_OK;
}

static enum lx_code save(struct lx_figure *f, struct lx_plot_target *to, struct lx_err *err)
{
    if (!f->name || !f->title || !f->note || !f->legend_title)
        return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
    if (!lx_figure_has_points(f))
        return LX_OK;
    return lx_figure_save(f, to, err);
}

enum lx_code lx_plot_ppl(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                         struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_figure f = {0};
    enum lx_code code = LX_OK;
    if (s->section[section].n_lengths > 0) {
        code = make_ppl(s, section, &arena, &f, err);
        if (code == LX_OK)
            code = save(&f, to, err);
    }
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_plot_entropy(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                             struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_figure f = {0};
    enum lx_code code = LX_OK;
    if (s->section[section].n_lengths > 0 && s->entropy >= 0 && s->entropy_normalized >= 0) {
        code = make_entropy(s, section, &arena, &f, err);
        if (code == LX_OK)
            code = save(&f, to, err);
    }
    lx_arena_free(&arena);
    return code;
}
