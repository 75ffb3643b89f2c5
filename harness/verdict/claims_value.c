/* Finding the numbers of a claim in a study: one a seed, from one group or, for positions, from the
 * bins that tile them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "verdict/claims.h"

bool lx_claim_names(const char *row, const char *wanted)
{
    const char *open = strchr(row, '['), *shut = open ? strchr(open, ']') : NULL;
    size_t n = open ? (size_t)(open - row) : 0;

    if (strcmp(row, wanted) == 0)
        return true;
    return shut != NULL && strncmp(row, wanted, n) == 0 && strcmp(shut + 1, wanted + n) == 0;
}

/* The series of a section that the value means. *n counts them: two differ in swept values. */
static size_t find_series(const struct lx_study *s, size_t section, const struct lx_claim_value *v,
                          size_t *n)
{
    size_t found = 0;

    *n = 0;
    for (size_t i = 0; i < s->n_series; i++) {
        const struct lx_series *x = &s->series[i];
        const char *as = lx_rows_name(&s->rows, x->evaluated_as);
        bool plain = x->evaluated_as == x->encoding;

        if (!lx_claim_names(lx_rows_name(&s->rows, x->encoding), v->encoding) ||
            !(v->evaluated_as ? lx_claim_names(as, v->evaluated_as) : plain) ||
            !lx_study_has(s, section, i))
            continue;
        found = i;
        (*n)++;
    }
    return found;
}

/* Whether the group is one of those that make up the value: the overall one, or a bin of positions. */
static bool belongs(const struct lx_group *g, const struct lx_claim_value *v, double lo, double hi)
{
    if (g->layer != v->layer || g->head != v->head)
        return false;
    if (!v->positions)
        return g->lo < 0;
    return g->lo >= lo && g->hi <= hi;
}

/* Add the rows of a group to the points, weighted by their targets; *n points so far. `first` starts
 * them: a seed that a later bin lacks, or has alone, keeps too small a count and is dropped. */
static void add_group(const struct lx_study *s, const struct lx_group *g, bool first,
                      struct lx_claim_point *point, double *weight, int *bins, size_t *n)
{
    for (size_t i = g->first; i < g->first + (size_t)g->n; i++) {
        const struct lx_row *r = &s->rows.row[i];
        double w = r->tokens > 0 ? (double)r->tokens : 1;
        size_t at = 0;

        while (at < *n && point[at].seed != r->seed)
            at++;
        if (at == *n && !first)
            continue;
        if (at == *n)
            point[(*n)++] = (struct lx_claim_point){.seed = r->seed};
        if (r->status > point[at].status)
            point[at].status = r->status;
        point[at].value += r->status == LX_ROW_OK ? w * r->value : 0;
        weight[at] += w;
        bins[at]++;
    }
}

/* Means of what add_group summed; seeds that lack a bin are dropped. */
static size_t settle(struct lx_claim_point *point, const double *weight, const int *bins, size_t n,
                     int groups)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (bins[i] != groups)
            continue;
        point[kept] = point[i];
        point[kept].value = point[i].status == LX_ROW_OK ? point[i].value / weight[i] : (double)NAN;
        kept++;
    }
    return kept;
}

/* A metric without an overall row, as of attention, is read where it has seen most: the last bin. */
static const struct lx_group *last_bin(const struct lx_group *g, size_t n,
                                       const struct lx_claim_value *v)
{
    const struct lx_group *last = NULL;

    for (size_t i = 0; i < n; i++)
        if (g[i].layer == v->layer && g[i].head == v->head && (!last || g[i].hi > last->hi))
            last = &g[i];
    return last;
}

static enum lx_code gather(const struct lx_study *s, const struct lx_group *g, size_t n,
                           const struct lx_claim_value *v, int train_length, struct lx_arena *arena,
                           struct lx_claim_point **point, size_t *n_points, struct lx_err *err)
{
    double lo = lx_length_tokens(&v->lo, train_length), hi = lx_length_tokens(&v->hi, train_length);
    double covered = 0, *weight;
    int *bins, groups = 0;
    size_t most = 1;

    for (size_t i = 0; i < n; i++)
        most = (size_t)g[i].n > most ? (size_t)g[i].n : most;
    if (lx_arena_get(arena, most, sizeof(**point), point, "claims", err) != LX_OK ||
        lx_arena_get(arena, most, sizeof(*weight), &weight, "claims", err) != LX_OK ||
        lx_arena_get(arena, most, sizeof(*bins), &bins, "claims", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (belongs(&g[i], v, lo, hi)) {
            add_group(s, &g[i], groups == 0, *point, weight, bins, n_points);
            covered += g[i].hi - g[i].lo;
            groups++;
        }
    if (groups == 0 && !v->positions && last_bin(g, n, v) != NULL) {
        add_group(s, last_bin(g, n, v), true, *point, weight, bins, n_points);
        groups = 1;
    }
    *n_points = settle(*point, weight, bins, *n_points, groups);
    if (v->positions && (covered < hi - lo || covered > hi - lo))
        *n_points = 0;
    return LX_OK;
}

/* Perplexities are read as the NLL they are the exponential of. */
static int metric_of(const struct lx_study *s, const struct lx_claim_value *v)
{
    return strcmp(v->metric, "ppl") == 0 ? s->nll : lx_intern_find(&s->rows.names, v->metric);
}

static bool fits(const struct lx_study *s, const struct lx_section *sec,
                 const struct lx_claim_value *v, const char *mode, int dataset, int train_length)
{
    const char *its = lx_rows_name(&s->rows, sec->mode);

    if (sec->train_length != train_length || sec->dataset != dataset)
        return false;
    if (v->mode != NULL)
        return strcmp(its, v->mode) == 0;
    return mode == NULL || strcmp(its, mode) == 0;
}

/* The modes in which a value that names none is looked for, and last what has no mode of an evaluation.
 * Folders of the first protocol read the other way: `last` had few targets then. */
enum { MODES = 4 };
static const char *const *modes_of(const struct lx_study *s)
{
    static const char *const first[MODES] = {"nonoverlapping", "last", "sliding", NULL};
    static const char *const now[MODES] = {"last", "nonoverlapping", "sliding", NULL};
    const char *protocol = lx_rows_name(&s->rows, s->rows.row[0].protocol);

    return strcmp(protocol, "longshot-1") == 0 ? first : now;
}

enum lx_code lx_claim_find(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                           int train_length, struct lx_arena *arena, struct lx_claim_point **point,
                           size_t *n, const char **why, struct lx_err *err)
{
    const char *const *order = modes_of(s);
    int metric = metric_of(s, v);
    double length;
    size_t near = 0;

    if (v->dataset != NULL)
        dataset = lx_intern_find(&s->rows.names, v->dataset);
    if (v->train_length > 0)
        train_length = v->train_length;
    length = lx_length_tokens(&v->length, train_length);
    *n = 0;
    *why = NULL;
    for (size_t m = 0; m < MODES && *n == 0; m++)
        for (size_t i = 0; i < s->n_sections && *n == 0; i++) {
            const struct lx_group *g;
            size_t n_groups, n_series, series;

            if (!fits(s, &s->section[i], v, order[m], dataset, train_length))
                continue;
            series = find_series(s, i, v, &n_series);
            if (n_series > 1) {
                *why = lx_arena_printf(arena, "%s was swept: give the values, as in \"%s\"",
                                       v->encoding,
                                       lx_rows_name(&s->rows, s->series[series].encoding));
                return *why ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the claims");
            }
            near += n_series;
            if (n_series == 0 || metric < 0 || length > 1 << 24 || floor(length) < length)
                continue;
            g = lx_study_range(s, i, series, metric, (int)length, &n_groups);
            if (g != NULL && gather(s, g, n_groups, v, train_length, arena, point, n, err) != LX_OK)
                return err->code;
        }
    if (*n > 0)
        return LX_OK;
    *why = near == 0 ? lx_arena_printf(arena, "no rows of %s",
                                       v->evaluated_as ? v->evaluated_as : v->encoding)
                     : lx_arena_printf(arena, "no %s of %s at %.9g%s", v->metric,
                                       v->evaluated_as ? v->evaluated_as : v->encoding, length,
                                       v->positions ? " in bins that tile these positions" : "");
    return *why ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the claims");
}
