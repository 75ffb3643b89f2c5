/* Finding the numbers of a claim in a study: one a seed, from one group or, for positions, from the
 * bins that tile them; as a place among the encodings, or as a mean over datasets. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/metric_list.h"
#include "verdict/claims_internal.h"

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

static bool fits(const struct lx_study *s, const struct lx_section *sec, const char *mode,
                 int dataset, int train_length)
{
    return sec->train_length == train_length && sec->dataset == dataset &&
           (mode == NULL || strcmp(lx_rows_name(&s->rows, sec->mode), mode) == 0);
}

/* Add the values of a group, weighted by their targets; *n seeds so far. `first` starts them: a seed that
 * a later bin lacks, or has alone, keeps too small a count and is dropped. */
static void add_group(const struct lx_study *s, const struct lx_group *g, bool first,
                      struct lx_seed_value *value, double *weight, int *bins, size_t *n)
{
    for (size_t i = g->first; i < g->first + (size_t)g->n; i++) {
        const struct lx_row *r = &s->rows.row[i];
        double w = r->tokens > 0 ? (double)r->tokens : 1;
        size_t at = 0;

        while (at < *n && value[at].seed != r->seed)
            at++;
        if (at == *n && !first)
            continue;
        if (at == *n)
            value[(*n)++] = (struct lx_seed_value){.seed = r->seed};
        if (r->status > value[at].status)
            value[at].status = r->status;
        value[at].value += r->status == LX_ROW_OK ? w * r->value : 0;
        weight[at] += w;
        bins[at]++;
    }
}

/* Means of what add_group summed; seeds that lack a bin are dropped. */
static size_t settle(struct lx_seed_value *value, const double *weight, const int *bins, size_t n,
                     int groups)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (bins[i] != groups)
            continue;
        value[kept] = value[i];
        value[kept].value = value[i].status == LX_ROW_OK ? value[i].value / weight[i] : (double)NAN;
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

/* The one group that the value is; NULL: it is made of bins, or there is none. */
static const struct lx_group *whole(const struct lx_group *g, size_t n,
                                    const struct lx_claim_value *v)
{
    for (size_t i = 0; i < n && !v->positions; i++)
        if (belongs(&g[i], v, 0, 0))
            return &g[i];
    return v->positions ? NULL : last_bin(g, n, v);
}

static enum lx_code gather_bins(const struct lx_study *s, const struct lx_group *g, size_t n,
                                const struct lx_claim_value *v, int train_length,
                                struct lx_arena *arena, struct lx_claim_found *out,
                                struct lx_err *err)
{
    double lo = lx_length_tokens(&v->lo, train_length), hi = lx_length_tokens(&v->hi, train_length);
    double covered = 0, *weight;
    int *bins, groups = 0;
    size_t most = 1;

    for (size_t i = 0; i < n; i++)
        most = (size_t)g[i].n > most ? (size_t)g[i].n : most;
    if (lx_arena_get(arena, most, sizeof(*out->value), &out->value, "claims", err) ||
        lx_arena_get(arena, most, sizeof(*weight), &weight, "claims", err) ||
        lx_arena_get(arena, most, sizeof(*bins), &bins, "claims", err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (belongs(&g[i], v, lo, hi)) {
            add_group(s, &g[i], groups == 0, out->value, weight, bins, &out->n);
            covered += g[i].hi - g[i].lo;
            groups++;
        }
    out->n = settle(out->value, weight, bins, out->n, groups);
    if (covered < hi - lo || covered > hi - lo)
        out->n = 0;
    return LX_OK;
}

static enum lx_code gather(const struct lx_study *s, const struct lx_group *g, size_t n,
                           const struct lx_claim_value *v, int train_length, struct lx_arena *arena,
                           struct lx_claim_found *out, struct lx_err *err)
{
    const struct lx_group *one = whole(g, n, v);

    if (v->positions)
        return gather_bins(s, g, n, v, train_length, arena, out, err);
    if (one == NULL)
        return LX_OK;
    out->n = (size_t)one->n;
    return lx_group_values(s, one, arena, &out->value, err);
}

/* Perplexities are read as the NLL they are the exponential of. */
static int metric_of(const struct lx_study *s, const struct lx_claim_value *v)
{
    if (strcmp(v->metric, "ppl") != 0)
        return lx_intern_find(&s->rows.names, v->metric);
    return s->nll >= 0 ? s->nll : s->ppl;
}

/* The values of one series in one section; none: out->n is 0. */
static enum lx_code read_series(const struct lx_study *s, size_t section, size_t series,
                                const struct lx_claim_value *v, struct lx_arena *arena,
                                struct lx_claim_found *out, struct lx_err *err)
{
    int train_length = s->section[section].train_length, metric = metric_of(s, v);
    double length = lx_length_tokens(&v->length, train_length);
    const struct lx_group *g;
    size_t n;

    out->n = 0;
    if (metric < 0 || length > 1 << 24 || floor(length) < length)
        return LX_OK;
    g = lx_study_range(s, section, series, metric, (int)length, &n);
    return g != NULL ? gather(s, g, n, v, train_length, arena, out, err) : LX_OK;
}

static const struct lx_seed_value *value_at(const struct lx_claim_found *f, long long seed)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->value[i].seed == seed)
            return &f->value[i];
    return NULL;
}

/* Turn values into 1 / place among the encodings as trained that have the seed. A value that broke is
 * after all that did not. */
static enum lx_code rank(const struct lx_study *s, const struct lx_claim_value *v,
                         struct lx_arena *arena, struct lx_claim_found *f, struct lx_err *err)
{
    const struct lx_metric_info *m = lx_metric_find(v->metric);
    double *before;

    if (m == NULL || m->better == LX_METRIC_EITHER) {
        f->why = "places need a metric of which more or less is better";
        return LX_OK;
    }
    if (lx_arena_get(arena, f->n, sizeof(*before), &before, "claims", err))
        return err->code;
    for (size_t k = 0; k < s->n_series; k++) {
        struct lx_claim_found other = {0};

        if (k == f->series || s->series[k].variant != 0 || !lx_study_has(s, f->section, k))
            continue;
        if (read_series(s, f->section, k, v, arena, &other, err) != LX_OK)
            return err->code;
        for (size_t i = 0; i < f->n; i++) {
            const struct lx_seed_value *x = value_at(&other, f->value[i].seed);
            double d = x != NULL ? x->value - f->value[i].value : (double)NAN;

            if (x == NULL || x->status != LX_ROW_OK)
                continue;
            before[i] += m->better == LX_METRIC_MORE ? d > 0 : d < 0;
            before[i] += d < 0 || d > 0 ? 0 : 0.5;
        }
    }
    for (size_t i = 0; i < f->n; i++) {
        f->value[i].value = 1 / (1 + before[i]);
        f->value[i].share = NULL;
    }
    return LX_OK;
}

/* Drop the seeds that did not learn. */
static enum lx_code apply_gate(const struct lx_study *s, const struct lx_claim_gate *gate,
                               const struct lx_claim_value *v, const char *mode,
                               struct lx_arena *arena, struct lx_claim_found *f, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[f->section];
    struct lx_claim_value g = {.encoding = lx_rows_name(&s->rows, s->series[f->series].encoding),
                               .metric = gate->metric,
                               .layer = -1,
                               .head = -1,
                               .length = gate->length};
    struct lx_claim_found learned;
    size_t kept = 0;

    if (lx_claim_find(s, &g, sec->dataset, sec->train_length,
                      gate->mode ? gate->mode : (v->mode ? v->mode : mode), NULL, arena, &learned,
                      err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < f->n; i++) {
        const struct lx_seed_value *x = value_at(&learned, f->value[i].seed);

        if (x != NULL && x->status == LX_ROW_OK &&
            (strcmp(gate->metric, "ppl") == 0 ? exp(x->value) : x->value) >= gate->at_least)
            f->value[kept++] = f->value[i];
    }
    f->dropped += f->n - kept;
    f->n = kept;
    return LX_OK;
}

static enum lx_code say(struct lx_claim_found *f, const char *text, struct lx_err *err)
{
    f->why = text;
    return text != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the claims");
}

/* The first section that has the value: *near counts series that came close. */
static enum lx_code search(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                           int train_length, const char *mode, struct lx_arena *arena,
                           struct lx_claim_found *out, size_t *near, struct lx_err *err)
{
    *near = 0;
    for (size_t i = 0; i < s->n_sections && out->n == 0; i++) {
        size_t n;

        if (!fits(s, &s->section[i], mode, dataset, train_length))
            continue;
        out->section = i;
        out->series = find_series(s, i, v, &n);
        if (n > 1)
            return say(out,
                       lx_arena_printf(arena, "%s was swept: give the values, as in \"%s\"",
                                       v->encoding,
                                       lx_rows_name(&s->rows, s->series[out->series].encoding)),
                       err);
        *near += n;
        if (n == 1 && read_series(s, i, out->series, v, arena, out, err) != LX_OK)
            return err->code;
    }
    return LX_OK;
}

static enum lx_code find_one(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                             int train_length, const char *mode, const struct lx_claim_gate *gate,
                             struct lx_arena *arena, struct lx_claim_found *out, struct lx_err *err)
{
    const char *name = v->evaluated_as ? v->evaluated_as : v->encoding;
    size_t near;

    *out = (struct lx_claim_found){0};
    if (v->dataset != NULL)
        dataset = lx_intern_find(&s->rows.names, v->dataset);
    if (v->train_length > 0)
        train_length = v->train_length;
    if (search(s, v, dataset, train_length, v->mode ? v->mode : mode, arena, out, &near, err))
        return err->code;
    if (out->why != NULL)
        return LX_OK;
    if (out->n == 0 && near == 0)
        return say(out, lx_arena_printf(arena, "no rows of %s", name), err);
    if (out->n == 0)
        return say(out,
                   lx_arena_printf(arena, "no %s of %s at %.9g%s", v->metric, name,
                                   lx_length_tokens(&v->length, train_length),
                                   v->positions ? " in bins that tile these positions" : ""),
                   err);
    if (v->rank && rank(s, v, arena, out, err) != LX_OK)
        return err->code;
    return gate != NULL && gate->given ? apply_gate(s, gate, v, mode, arena, out, err) : LX_OK;
}

/* Add the values of another dataset; a seed that it lacks is dropped. */
static void add_dataset(const struct lx_claim_found *more, struct lx_claim_found *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < out->n; i++) {
        const struct lx_seed_value *x = value_at(more, out->value[i].seed);

        if (x == NULL)
            continue;
        out->value[kept] = out->value[i];
        out->value[kept].value += x->value;
        out->value[kept].share = NULL;
        if (x->status > out->value[kept].status)
            out->value[kept].status = x->status;
        kept++;
    }
    out->dropped += more->dropped;
    out->n = kept;
}

enum lx_code lx_claim_find(const struct lx_study *s, const struct lx_claim_value *v, int dataset,
                           int train_length, const char *mode, const struct lx_claim_gate *gate,
                           struct lx_arena *arena, struct lx_claim_found *out, struct lx_err *err)
{
    int datasets = 0, before = -1;

    if (!v->over)
        return find_one(s, v, dataset, train_length, mode, gate, arena, out, err);
    *out = (struct lx_claim_found){.why = "no dataset"};
    for (size_t i = 0; i < s->n_sections; i++) { /* by rising dataset */
        struct lx_claim_found more;

        if (s->section[i].dataset == before)
            continue;
        before = s->section[i].dataset;
        if (find_one(s, v, before, train_length, mode, gate, arena, &more, err) != LX_OK)
            return err->code;
        if (more.why != NULL || datasets == 0)
            *out = more;
        else
            add_dataset(&more, out);
        if (more.why != NULL)
            return LX_OK;
        datasets++;
    }
    for (size_t i = 0; i < out->n; i++)
        out->value[i].value /= datasets;
    return LX_OK;
}

/* Whether v is of the series x. */
static bool means(const struct lx_study *s, const struct lx_claim_value *v,
                  const struct lx_series *x)
{
    if (v->encoding == NULL || !lx_claim_names(lx_rows_name(&s->rows, x->encoding), v->encoding))
        return false;
    return v->evaluated_as == NULL
               ? x->evaluated_as == x->encoding
               : lx_claim_names(lx_rows_name(&s->rows, x->evaluated_as), v->evaluated_as);
}

bool lx_claim_uses(const struct lx_study *s, const struct lx_claim *c, size_t series)
{
    const struct lx_claim_side *const sides[] = {&c->left, &c->right};

    for (int i = 0; i < 2; i++)
        if ((!sides[i]->constant && means(s, &sides[i]->value, &s->series[series])) ||
            (sides[i]->has_minus && means(s, &sides[i]->minus, &s->series[series])))
            return true;
    return false;
}
