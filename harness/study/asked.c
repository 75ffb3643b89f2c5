/* Answers, and who learned the task; see aggregate.h. */
#include <math.h>
#include <stdlib.h>

#include "study/aggregate.h"

static int metric_of(const struct lx_study *s, const char *name)
{
    return lx_intern_find(&s->rows.names, name);
}

bool lx_study_asks(const struct lx_study *s, size_t section)
{
    int metric = metric_of(s, "exact_match");

    for (size_t i = 0; i < s->n_groups && metric >= 0; i++)
        if ((size_t)s->group[i].section == section && s->group[i].metric == metric)
            return s->section[section].n_lengths == 0;
    return false;
}

/* Exact match of a seed at the training length; NaN: it was not measured. */
static double at_training(const struct lx_study *s, const struct lx_group *base, long long seed)
{
    for (int k = 0; base != NULL && k < base->n; k++) {
        const struct lx_row *r = &s->rows.row[base->first + (size_t)k];

        if (r->seed == seed)
            return r->status == LX_ROW_OK ? r->value : 0;
    }
    return (double)NAN;
}

enum lx_code lx_study_learned(const struct lx_study *s, size_t section, size_t series,
                              const char *metric, int length, struct lx_learned *out,
                              struct lx_err *err)
{
    int train = s->section[section].train_length;
    const struct lx_group *base =
        lx_study_find(s, section, series, metric_of(s, "exact_match"), train);
    size_t n = 0;
    double *v;

    *out = (struct lx_learned){.gated = base != NULL && length > train};
    out->group = lx_study_find(s, section, series, metric_of(s, metric), length);
    if (out->group == NULL)
        return LX_OK;
    out->seeds = out->group->n;
    v = malloc((size_t)out->seeds * sizeof(*v));
    if (v == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    for (int k = 0; k < out->seeds; k++) {
        const struct lx_row *r = &s->rows.row[out->group->first + (size_t)k];
        bool learned = at_training(s, base, r->seed) >= LX_LEARNED;

        out->learned += learned;
        if (r->status == LX_ROW_OK && (learned || !out->gated))
            v[n++] = r->value;
    }
    out->stats = lx_stats_of(v, n);
    free(v);
    return LX_OK;
}

double lx_study_chance(const struct lx_study *s, size_t section, const char *metric, int length)
{
    for (size_t i = 0; i < s->n_series; i++) {
        const struct lx_group *g = lx_study_find(s, section, i, metric_of(s, metric), length);

        if (g != NULL && g->stats.n > 0)
            return g->stats.mean;
    }
    return (double)NAN;
}

int lx_study_size(const struct lx_study *s, size_t section, int length)
{
    int metric = metric_of(s, "exact_match"), size = 0;

    for (size_t i = 0; i < s->n_series; i++) {
        size_t n;
        const struct lx_group *g = lx_study_range(s, section, i, metric, length, &n);

        for (size_t k = 0; k < n; k++)
            size = g[k].lo > size ? g[k].lo : size;
    }
    return size;
}

double lx_study_reach(const struct lx_study *s, size_t section, size_t series)
{
    int metric = metric_of(s, "exact_match"), train = s->section[section].train_length, far = 0;

    for (size_t i = 0; i < s->n_groups; i++) { /* lengths rise within a series */
        const struct lx_group *g = &s->group[i];

        if ((size_t)g->section != section || (size_t)g->series != series || g->metric != metric ||
            g->lo >= 0 || g->eval_length < train)
            continue;
        if (lx_group_status(g) != LX_ROW_OK || g->stats.mean < LX_LEARNED)
            break;
        far = g->eval_length;
    }
    return (double)far / train;
}

enum lx_code lx_study_asked(const struct lx_study *s, size_t section, struct lx_arena *arena,
                            int **length, size_t *n, struct lx_err *err)
{
    return lx_study_axis(s, section, metric_of(s, "exact_match"), false, arena, length, n, err);
}
