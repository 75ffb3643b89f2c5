/* Looking groups up (they are sorted, so by bisection), and what is derived from two of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/aggregate_internal.h"

/* The first group that is not before key. */
static size_t lower_bound(const struct lx_study *s, const struct lx_group *key)
{
    size_t lo = 0, hi = s->n_groups;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (lx_group_order(&s->group[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct lx_group *lx_study_find(const struct lx_study *s, size_t section, size_t series,
                                     int metric, int eval_length)
{
    struct lx_group key = {(int)section, (int)series, metric, eval_length, -1,  -1,
                           -1,           -1,          0,      0,           {0}, {0, 0, 0, 0, 0}};
    size_t at = lower_bound(s, &key);
    return at < s->n_groups && lx_group_order(&s->group[at], &key) == 0 ? &s->group[at] : NULL;
}

const struct lx_group *lx_study_range(const struct lx_study *s, size_t section, size_t series,
                                      int metric, int eval_length, size_t *n)
{
    struct lx_group key = {(int)section, (int)series, metric, eval_length, -1,  -1,
                           -1,           -1,          0,      0,           {0}, {0, 0, 0, 0, 0}};
    size_t first = lower_bound(s, &key);
    key.eval_length++;
    *n = lower_bound(s, &key) - first;
    return *n ? &s->group[first] : NULL;
}

enum lx_report_status lx_group_status(const struct lx_group *g)
{
    for (int s = LX_ROW_STATUSES - 1; s > 0; s--)
        if (g->count[s])
            return (enum lx_report_status)s;
    return LX_ROW_OK;
}

enum lx_code lx_study_ratio(const struct lx_study *s, const struct lx_group *g,
                            struct lx_stats *out, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[g->section];
    const struct lx_group *base =
        lx_study_find(s, (size_t)g->section, (size_t)g->series, g->metric, sec->train_length);
    double *ratio = malloc((size_t)g->n * sizeof(*ratio));
    size_t n = 0;
    if (ratio == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    for (int i = 0, j = 0; base != NULL && i < g->n; i++) {
        const struct lx_row *here = &s->rows.row[g->first + (size_t)i];
        while (j < base->n && s->rows.row[base->first + (size_t)j].seed < here->seed)
            j++;
        if (j == base->n)
            break;
        const struct lx_row *at_base = &s->rows.row[base->first + (size_t)j];
        if (at_base->seed == here->seed && here->status == LX_ROW_OK &&
            at_base->status == LX_ROW_OK && at_base->value > 0)
            ratio[n++] = here->value / at_base->value;
    }
    *out = lx_stats_of(ratio, n);
    free(ratio);
    return LX_OK;
}

static int rising(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

enum lx_code lx_study_axis(const struct lx_study *s, size_t section, int metric, bool positions,
                           struct lx_arena *arena, int **at, size_t *n, struct lx_err *err)
{
    size_t found = 0;
    *n = 0;
    if (lx_arena_get(arena, s->n_groups + 1, sizeof(**at), at, "an axis of the report", err))
        return err->code;
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];
        int value = positions ? g->lo : g->eval_length;
        if ((size_t)g->section == section && g->metric == metric && value >= 0)
            (*at)[found++] = value;
    }
    qsort(*at, found, sizeof(**at), rising);
    for (size_t i = 0; i < found; i++)
        if (i == 0 || (*at)[i] != (*at)[*n - 1])
            (*at)[(*n)++] = (*at)[i];
    return LX_OK;
}

bool lx_study_has(const struct lx_study *s, size_t section, size_t series)
{
    struct lx_group key = {(int)section, (int)series, -1, 0, -1,  -1,
                           -1,           -1,          0,  0, {0}, {0, 0, 0, 0, 0}};
    size_t at = lower_bound(s, &key);
    return at < s->n_groups && s->group[at].section == (int)section &&
           s->group[at].series == (int)series;
}

bool lx_study_old(const struct lx_study *s)
{
    return strcmp(lx_rows_name(&s->rows, s->rows.row[0].protocol), "longshot-1") == 0;
}

const char *lx_study_name(const struct lx_study *s)
{
    return lx_rows_name(&s->rows, s->rows.row[0].experiment);
}

double lx_study_yardstick(const struct lx_study *s, size_t section, enum lx_yardstick y,
                          int eval_length)
{
    double sum = 0;
    int n = 0;
    for (size_t i = 0; s->yardstick[y] >= 0 && i < s->n_series; i++) {
        const struct lx_group *g = lx_study_find(s, section, i, s->yardstick[y], eval_length);
        if (g != NULL && g->stats.n > 0) {
            sum += g->stats.mean;
            n++;
        }
    }
    return n ? exp(sum / n) : (double)NAN;
}

bool lx_study_untrained(const struct lx_study *s, size_t section, size_t series)
{
    int length = s->section[section].train_length;
    const struct lx_group *g = lx_study_find(s, section, series, s->ppl, length);
    return s->series[series].variant == 0 && g != NULL && g->stats.n > 0 &&
           g->stats.mean >= lx_study_yardstick(s, section, LX_YARDSTICK_BIGRAM, length);
}
