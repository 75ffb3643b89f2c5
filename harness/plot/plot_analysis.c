/* Figures of what analyses measure: cumulative gradient and receptive field, variance of attention by
 * position, positions read by a probe, temperatures that align attention, reads of learned rows. Each
 * figure is named after the analysis' id. An analysis that is not known here has its rows in metrics.csv
 * and no figure. */
#include <math.h>
#include <string.h>

#include "plot/plot.h"
#include "text/format.h"

enum { MAX_LENGTHS = 64 };

/* Lengths at which a metric was measured in a section, rising. */
static size_t lengths_of(const struct lx_study *s, size_t section, int metric, int *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_groups && metric >= 0; i++) {
        const struct lx_group *g = &s->group[i];
        size_t at = 0;
        if ((size_t)g->section != section || g->metric != metric)
            continue;
        while (at < n && out[at] < g->eval_length)
            at++;
        if ((at < n && out[at] == g->eval_length) || n == MAX_LENGTHS)
            continue;
        memmove(out + at + 1, out + at, (n - at) * sizeof(*out));
        out[at] = g->eval_length;
        n++;
    }
    return n;
}

static int metric_of(const struct lx_study *s, const char *name)
{
    return lx_intern_find(&s->rows.names, name);
}

/* How many points of a figure a group is, up to two, and where. */
static int by_tokens(const struct lx_group *g, double *x)
{
    *x = g->hi;
    return g->lo == 0 && g->hi > 0;
}

static int by_position(const struct lx_group *g, double *x)
{
    *x = lx_plot_middle(g);
    return g->layer == 0 && g->lo >= 0;
}

static int by_layer(const struct lx_group *g, double *x)
{
    *x = g->layer;
    return g->layer >= 0 && g->lo < 0;
}

/* The first and the last of rows that share a count, from 1; no place for 0 on a logarithmic axis. */
static int by_row(const struct lx_group *g, double *x)
{
    x[0] = g->lo + 1;
    x[1] = g->hi;
    return g->lo < 0 || !(g->stats.mean > 0) ? 0 : g->hi - g->lo > 1 ? 2 : 1;
}

/* The curves of one metric at one length. A series of which not every seed could be measured shows
 * that instead of the seeds left. */
static enum lx_code fill_panel(const struct lx_study *s, size_t section, const char *metric,
                               int length, int (*place)(const struct lx_group *g, double *x),
                               struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    int id = metric_of(s, metric);
    size_t most = 1;
    p->x_min = (double)INFINITY;
    p->x_max = (double)-INFINITY;
    p->y_cap = p->mark = (double)NAN;
    for (size_t i = 0; i < s->n_series; i++) {
        size_t n;
        (void)lx_study_range(s, section, i, id, length, &n);
        most = 2 * n > most ? 2 * n : most;
    }
    if (lx_plot_curves(s, section, most, arena, p, err))
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++) {
        struct lx_curve *c = &p->curve[i];
        size_t n, series = (size_t)(c->series - s->series);
        const struct lx_group *g = lx_study_range(s, section, series, id, length, &n);
        const struct lx_group *all = lx_study_find(s, section, series, id, length);
        bool bad = all != NULL && lx_group_status(all) != LX_ROW_OK;
        for (size_t k = 0; k < n && !bad; k++) {
            double x[2];
            int points = place(&g[k], x);
            for (int at = 0; at < points; at++) {
                if (lx_plot_add_group(s, c, &g[k], x[at], err))
                    return err->code;
                p->x_min = fmin(p->x_min, x[at]);
                p->x_max = fmax(p->x_max, x[at]);
            }
        }
        if (bad && lx_plot_add_group(s, c, all, 1, err))
            return err->code;
        p->symbol_every = 1 + (int)n / 16;
    }
    lx_plot_drop_empty(p);
    return LX_OK;
}

/* Tokens or positions on a logarithmic axis, with the training length marked. */
static enum lx_code token_axis(const struct lx_section *sec, int length, struct lx_arena *arena,
                               struct lx_panel *p, struct lx_err *err)
{
    p->x = LX_AXIS_LOG;
    p->x_min = fmin(p->x_min, length) * 0.9;
    p->x_max = length * 1.05;
    if (sec->train_length < length) {
        p->mark = sec->train_length;
        p->mark_text = "training length";
    }
    return lx_plot_position_tics(length, arena, p, err);
}

static enum lx_code layer_axis(struct lx_arena *arena, struct lx_panel *p, struct lx_err *err)
{
    struct lx_tic *tic;
    int last = isfinite(p->x_max) ? (int)p->x_max : 0, step = 1 + last / 12;
    if (lx_arena_get(arena, (size_t)last + 1, sizeof(*tic), &tic, "tics", err))
        return err->code;
    p->tic = tic;
    for (int l = 0; l <= last; l += step) {
        char *label = lx_arena_printf(arena, l == last ? "end" : "%d", l);
        if (label == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for tics");
        tic[p->n_tics++] = (struct lx_tic){l, label};
    }
    p->x = p->y = LX_AXIS_LINEAR;
    p->x_min = -0.2;
    p->x_max = last + 0.2;
    p->xlabel = "residual stream before layer";
    return LX_OK;
}

static enum lx_code name_figure(const struct lx_study *s, size_t section, const char *ending,
                                const char *what, int length, struct lx_arena *arena,
                                struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    char multiple[24];
    lx_format_multiple(length, sec->train_length, multiple);
    f->name = lx_arena_printf(arena, "%s%s%s", sec->stem, ending, sec->suffix);
    f->title = length > 0 ? lx_arena_printf(arena, "%s, windows of %d tokens (%s): %s", what,
                                            length, multiple, sec->title)
                          : lx_arena_printf(arena, "%s: %s", what, sec->title);
    f->note = lx_arena_printf(arena, "%s%s", sec->detail, lx_plot_band_note(sec, false));
    return f->name && f->title && f->note ? LX_OK
                                          : lx_fail(err, LX_ENOMEM, "out of memory for a figure");
}

static enum lx_code length_panel(const struct lx_study *s, size_t section, const char *metric,
                                 const struct lx_section *lengths, struct lx_arena *arena,
                                 struct lx_panel *p, struct lx_err *err)
{
    if (lx_plot_length_axis(lengths, arena, p, err) != LX_OK ||
        lx_plot_curves(s, section, lengths->n_lengths, arena, p, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < p->n_curves; i++)
        for (size_t k = 0; k < lengths->n_lengths; k++) {
            const struct lx_group *g =
                lx_study_find(s, section, (size_t)(p->curve[i].series - s->series),
                              metric_of(s, metric), lengths->length[k]);
            if (g != NULL &&
                lx_plot_add_group(s, &p->curve[i], g,
                                  (double)lengths->length[k] / lengths->train_length, err))
                return err->code;
        }
    lx_plot_drop_empty(p);
    p->y_cap = (double)NAN;
    p->xlabel = "evaluation length";
    return LX_OK;
}

/* Receptive field against evaluation length, and beside it the part of the gradient that the most
 * recent tokens of the longest windows hold. */
static enum lx_code make_field(const struct lx_study *s, size_t section, struct lx_arena *arena,
                               struct lx_figure *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_section lengths = *sec;
    struct lx_panel *curve = &f->panel[1];
    int length[MAX_LENGTHS], longest;
    lengths.length = length;
    lengths.n_lengths = lengths_of(s, section, metric_of(s, "receptive_field"), length);
    if (lengths.n_lengths == 0)
        return LX_OK;
    longest = length[lengths.n_lengths - 1];
    if (length_panel(s, section, "receptive_field", &lengths, arena, &f->panel[0], err) ||
        fill_panel(s, section, "gradient_share", longest, by_tokens, arena, curve, err) ||
        token_axis(sec, longest, arena, curve, err))
        return err->code;
    f->panel[0].y = LX_AXIS_LOG;
    f->panel[0].ylabel = "empirical receptive field (tokens)";
    lx_plot_within(curve, 0, 1);
    curve->y = LX_AXIS_LINEAR;
    curve->xlabel = lx_arena_printf(arena, "most recent tokens of windows of %d", longest);
    curve->ylabel = "their share of the gradient (cumulative)";
    if (curve->xlabel == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for a figure");
    f->legend_title = "receptive field, longest windows";
    f->multiples = true;
    f->n_panels = curve->n_curves > 0 ? 2 : 1;
    return name_figure(s, section, "", "Receptive field of the last prediction", 0, arena, f, err);
}

/* A figure of one or two metrics against evaluation length, a panel each. The legend tells values of the
 * first panel. A new analysis has its figure by one line here. */
struct length_figure {
    const char *ending; /* of the file name, after the analysis' id */
    const char *title, *legend;
    const char *metric[2], *label[2]; /* NULL: one panel */
    const char *xlabel;               /* NULL: "evaluation length" */
    bool shares;                      /* from 0 to 1 */
};

static const struct length_figure length_figures[] = {
    {"_gain",
     "What tokens before the cut are worth",
     "gain, longest windows",
     {"context_gain", NULL},
     {"NLL with the far tokens cut - NLL with all (nats)", NULL},
     NULL,
     false},
    {"",
     "Temperature that aligns attention",
     "temperature, longest windows",
     {"alignment_temperature", NULL},
     {"temperature (1 = as trained)", NULL},
     NULL,
     false},
    {"_spread",
     "Attention before and after alignment",
     "as trained, longest windows",
     {"alignment_entropy_before", "alignment_entropy_after"},
     {"entropy as trained (nats)", "entropy aligned (nats)"},
     NULL,
     false},
    {"_largest",
     "Attention before and after alignment",
     "as trained, longest windows",
     {"alignment_max_prob_before", "alignment_max_prob_after"},
     {"largest weight as trained", "largest weight aligned"},
     NULL,
     true},
    {"",
     "Answers found",
     "right answers, longest prompts",
     {"retrieval_accuracy", NULL},
     {"share of right answers", NULL},
     "prompt length",
     true},
    {"_untrained",
     "What falls on rows never read in training",
     "share of reads, longest windows",
     {"usage_untrained_share", "usage_untrained_attention"},
     {"share of reads", "share of attention"},
     NULL,
     true},
};
enum { N_LENGTH_FIGURES = sizeof(length_figures) / sizeof(length_figures[0]) };

/* Drawn at the lengths of the first metric: no figure if it has none. */
static enum lx_code against_length(const struct lx_study *s, size_t section,
                                   const struct length_figure *what, struct lx_arena *arena,
                                   struct lx_figure *f, struct lx_err *err)
{
    struct lx_section lengths = s->section[section];
    int length[MAX_LENGTHS];

    lengths.length = length;
    lengths.n_lengths = lengths_of(s, section, metric_of(s, what->metric[0]), length);
    if (lengths.n_lengths == 0)
        return LX_OK;
    for (int k = 0; k < 2 && what->metric[k] != NULL; k++) {
        struct lx_panel *p = &f->panel[k];

        if (length_panel(s, section, what->metric[k], &lengths, arena, p, err))
            return err->code;
        if (what->shares)
            lx_plot_within(p, 0, 1);
        p->y = LX_AXIS_LINEAR;
        p->ylabel = what->label[k];
        p->xlabel = what->xlabel != NULL ? what->xlabel : p->xlabel;
        f->n_panels += k == 0 || p->n_curves > 0;
    }
    f->legend_title = what->legend;
    f->multiples = true;
    f->same_y = what->metric[1] != NULL;
    return name_figure(s, section, what->ending, what->title, 0, arena, f, err);
}

/* Two panels of one metric: first weights and trained ones, or the trained alone. */
static enum lx_code make_pair(const struct lx_study *s, size_t section, const char *first,
                              const char *trained, int length,
                              int (*place)(const struct lx_group *g, double *x),
                              struct lx_arena *arena, struct lx_figure *f, struct lx_err *err)
{
    f->n_panels = metric_of(s, first) >= 0 ? 2 : 1;
    if (f->n_panels == 2 &&
        fill_panel(s, section, first, length, place, arena, &f->panel[1], err) != LX_OK)
        return err->code;
    return fill_panel(s, section, trained, length, place, arena, &f->panel[0], err);
}

/* Variance of the first layer's attention output by position, in the longest windows. */
static enum lx_code make_variance(const struct lx_study *s, size_t section, struct lx_arena *arena,
                                  struct lx_figure *f, struct lx_err *err)
{
    int length[MAX_LENGTHS];
    size_t n = lengths_of(s, section, metric_of(s, "attention_variance"), length);
    if (n == 0)
        return LX_OK;
    if (make_pair(s, section, "attention_variance_initial", "attention_variance", length[n - 1],
                  by_position, arena, f, err))
        return err->code;
    for (size_t k = 0; k < f->n_panels; k++) {
        if (token_axis(&s->section[section], length[n - 1], arena, &f->panel[k], err) != LX_OK)
            return err->code;
        f->panel[k].y = LX_AXIS_LOG;
        f->panel[k].xlabel = "position in the window";
    }
    f->panel[0].ylabel = "variance, trained";
    f->panel[1].ylabel = "variance, first weights";
    f->legend_title = "trained, last positions";
    return name_figure(s, section, "", "Variance of the first layer's attention", length[n - 1],
                       arena, f, err);
}

/* What a linear map reads of the position, by depth, at the training length if it was measured. */
static enum lx_code make_probe(const struct lx_study *s, size_t section, struct lx_arena *arena,
                               struct lx_figure *f, struct lx_err *err)
{
    int length[MAX_LENGTHS], at;
    size_t n = lengths_of(s, section, metric_of(s, "position_r2"), length);
    if (n == 0)
        return LX_OK;
    at = length[0];
    for (size_t i = 0; i < n; i++)
        if (length[i] == s->section[section].train_length)
            at = length[i];
    if (make_pair(s, section, "position_r2_initial", "position_r2", at, by_layer, arena, f, err))
        return err->code;
    for (size_t k = 0; k < f->n_panels; k++)
        if (layer_axis(arena, &f->panel[k], err) != LX_OK)
            return err->code;
    for (size_t k = 0; k < f->n_panels; k++)
        lx_plot_within(&f->panel[k], (double)-INFINITY, 1);
    f->panel[0].ylabel = "R\xc2\xb2 of the position, trained";
    f->panel[1].ylabel = "R\xc2\xb2 of the position, first weights";
    f->legend_title = "R\xc2\xb2, trained, after the last layer";
    return name_figure(s, section, "", "Position read from the residual stream", at, arena, f, err);
}

/* How often training read each learned row. */
static enum lx_code make_usage(const struct lx_study *s, size_t section, struct lx_arena *arena,
                               struct lx_figure *f, struct lx_err *err)
{
    struct lx_panel *p = &f->panel[0];
    int length[MAX_LENGTHS];
    size_t n = lengths_of(s, section, metric_of(s, "usage_trained_count"), length);
    if (n == 0)
        return LX_OK;
    if (fill_panel(s, section, "usage_trained_count", length[0], by_row, arena, p, err) != LX_OK)
        return err->code;
    if (!isfinite(p->x_max))
        return LX_OK;
    p->x = p->y = LX_AXIS_LOG;
    p->x_min = 0.9;
    p->x_max = p->x_max * 1.1;
    if (lx_plot_position_tics(p->x_max, arena, p, err))
        return err->code;
    p->xlabel = "learned row: distance, bucket or position, from 1 (no point: never read)";
    p->ylabel = "reads in training";
    f->legend_title = "reads of the last row that was read";
    f->n_panels = 1;
    return name_figure(s, section, "", "How often training read each learned row", 0, arena, f,
                       err);
}

/* The figures that are no metric against length. */
static enum lx_code (*const special_figures[])(const struct lx_study *, size_t, struct lx_arena *,
                                               struct lx_figure *, struct lx_err *) = {
    make_field, make_variance, make_probe, make_usage};
enum { N_SPECIAL = sizeof(special_figures) / sizeof(special_figures[0]) };

enum lx_code lx_plot_analyses(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                              struct lx_err *err)
{
    enum lx_code code = LX_OK;

    for (int i = 0; i < N_SPECIAL + N_LENGTH_FIGURES && code == LX_OK; i++) {
        struct lx_arena arena = {0};
        struct lx_figure f = {0};

        code = i < N_SPECIAL
                   ? special_figures[i](s, section, &arena, &f, err)
                   : against_length(s, section, &length_figures[i - N_SPECIAL], &arena, &f, err);
        if (code == LX_OK && f.n_panels > 0 && lx_figure_has_points(&f))
            code = lx_figure_save(&f, to, err);
        lx_arena_free(&arena);
    }
    return code != LX_OK ? code : lx_plot_retrieval_map(s, section, to, err);
}
