/* The figures of a study, copied as the families of harness/plot make them: a page shows what the plots
 * show. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page_internal.h"
#include "plot/plot.h"

enum { ALL = 20, BEST = 8 }; /* from ALL series on, the BEST are shown at first */

bool lx_page_is_training(const struct lx_figure *f)
{
    return strncmp(f->name, "training_curves", 15) == 0;
}

void lx_page_figures_free(struct lx_page_figures *f)
{
    lx_arena_free(&f->arena);
    free(f->item);
    *f = (struct lx_page_figures){.n = 0};
}

static enum lx_code keep(struct lx_arena *a, const char **text, struct lx_err *err)
{
    if (*text == NULL)
        return LX_OK;
    *text = lx_arena_text(a, *text);
    return *text != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the page");
}

struct gathering {
    const struct lx_page *page;
    struct lx_page_figures *to;
};

/* The page's series of this label; n_series: it has none. */
static size_t named(const struct lx_page_figures *f, const char *label)
{
    size_t i = 0;

    while (i < f->n_series && strcmp(f->series[i].label, label) != 0)
        i++;
    return i;
}

/* A figure's series as one of the page's: that of the study, one of the same name, or one more. */
static enum lx_code own_series(struct gathering *g, const struct lx_series **series,
                               struct lx_err *err)
{
    const struct lx_study *s = g->page->study;
    struct lx_page_figures *f = g->to;
    size_t i = 0;

    while (i < s->n_series && *series != &s->series[i])
        i++;
    if (i == s->n_series)
        i = named(f, (*series)->label);
    if (i == f->n_series) {
        f->series[i] = **series;
        f->series[i].label = lx_arena_text(&f->arena, (*series)->label);
        if (f->series[i].label == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for the page");
        f->on[f->n_series++] = true;
    }
    *series = &f->series[i];
    return LX_OK;
}

static enum lx_code keep_panel(struct gathering *g, struct lx_panel *p, struct lx_err *err)
{
    struct lx_arena *a = &g->to->arena;
    struct lx_tic *tic;
    struct lx_curve *curve;

    if (keep(a, &p->xlabel, err) || keep(a, &p->ylabel, err) || keep(a, &p->mark_text, err) ||
        lx_arena_get(a, p->n_tics + 1, sizeof(*tic), &tic, "tics", err) ||
        lx_arena_get(a, p->n_curves + 1, sizeof(*curve), &curve, "curves", err))
        return err->code;
    for (size_t i = 0; i < p->n_tics; i++) {
        tic[i] = p->tic[i];
        if (keep(a, &tic[i].label, err))
            return err->code;
    }
    for (size_t i = 0; i < p->n_curves; i++) {
        curve[i] = p->curve[i];
        if (own_series(g, &curve[i].series, err) ||
            lx_arena_get(a, curve[i].n + 1, sizeof(*curve[i].point), &curve[i].point, "points",
                         err))
            return err->code;
        memcpy(curve[i].point, p->curve[i].point, curve[i].n * sizeof(*curve[i].point));
    }
    for (size_t i = 0; i < p->n_levels; i++)
        if (keep(a, &p->level[i].label, err))
            return err->code;
    p->tic = tic;
    p->curve = curve;
    return LX_OK;
}

static enum lx_code take(void *ctx, const struct lx_figure *figure, struct lx_err *err)
{
    struct gathering *g = ctx;
    struct lx_page_figures *f = g->to;
    struct lx_figure copy = *figure;

    if (f->n == f->room) {
        size_t room = f->room == 0 ? 16 : 2 * f->room;
        struct lx_page_figure *grown = realloc(f->item, room * sizeof(*grown));

        if (grown == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for the page");
        f->item = grown;
        f->room = room;
    }
    if (keep(&f->arena, &copy.name, err) || keep(&f->arena, &copy.title, err) ||
        keep(&f->arena, &copy.note, err) || keep(&f->arena, &copy.legend_title, err))
        return err->code;
    for (size_t k = 0; k < copy.n_panels; k++)
        if (keep_panel(g, &copy.panel[k], err))
            return err->code;
    f->item[f->n++] = (struct lx_page_figure){copy, f->section};
    return LX_OK;
}

/* The perplexity by which schemes are ranked: at the longest length of the first section that has some. */
static double rank_of(const struct lx_study *s, size_t series)
{
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];
        const struct lx_group *g;

        if (sec->n_lengths == 0)
            continue;
        g = lx_study_find(s, i, series, s->ppl, sec->length[sec->n_lengths - 1]);
        return g != NULL && lx_group_status(g) == LX_ROW_OK ? g->stats.mean : (double)INFINITY;
    }
    return (double)INFINITY;
}

void lx_page_choose(const struct lx_page *p, bool *on)
{
    const struct lx_study *s = p->study;

    for (size_t i = 0; i < s->n_series; i++) {
        double mine = rank_of(s, i);
        size_t better = 0;

        for (size_t k = 0; k < s->n_series; k++) {
            double other = rank_of(s, k);

            better += other < mine || (!(mine < other) && k < i);
        }
        on[i] = s->n_series < ALL || better < BEST;
    }
    for (size_t c = 0; p->claims != NULL && c < p->claims->n; c++)
        for (size_t i = 0; i < s->n_series; i++)
            on[i] = on[i] || lx_claim_uses(s, p->claims->item[c].claim, i);
}

/* Room for the series of the study and as many more as there are tries of rates. */
static enum lx_code begin(const struct lx_page *p, struct lx_page_figures *out, struct lx_err *err)
{
    const struct lx_study *s = p->study;
    size_t most = s->n_series + 1;

    for (size_t i = 0; p->rates != NULL && i < p->rates->n; i++)
        most += p->rates->item[i].n;
    if (lx_arena_get(&out->arena, most, sizeof(*out->on), &out->on, "the page", err) ||
        lx_arena_get(&out->arena, most, sizeof(*out->series), &out->series, "the page", err))
        return err->code;
    for (out->n_series = 0; out->n_series < s->n_series; out->n_series++)
        out->series[out->n_series] = s->series[out->n_series];
    lx_page_choose(p, out->on);
    return LX_OK;
}

enum lx_code lx_page_gather(const struct lx_page *p, struct lx_page_figures *out,
                            struct lx_err *err)
{
    struct gathering g = {p, out};
    struct lx_plot_target to = {.take = take, .ctx = &g, .dir = ""};

    if (begin(p, out, err))
        return err->code;
    for (out->section = 0; out->section < p->study->n_sections; out->section++)
        if ((p->rates != NULL && lx_plot_rates(p->study, out->section, p->rates, &to, err)) ||
            lx_plot_section(p->study, out->section, p->train, p->n_train, &to, err))
            return err->code;
    return LX_OK;
}
