/* Comparing is a merge of two sorted lists of keys; see compare.h for the rule and compare_judge.c for
 * the verdict on a key. */
#include "compare/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare_internal.h"
#include "core/order.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "text/nearest.h"

/* A point of a curve: its key and the rows that stand for it. */
struct point {
    struct lx_compare_key key;
    struct lx_compare_group group;
};

struct side {
    const char *path;
    const struct lx_study *study;
    struct point *point; /* (n) sorted by key */
    size_t n;
};

static int by_key(const void *pa, const void *pb)
{
    const struct lx_compare_key *a = &((const struct point *)pa)->key;
    const struct lx_compare_key *b = &((const struct point *)pb)->key;
    int c = strcmp(a->dataset, b->dataset);

    c = c ? c : strcmp(a->split, b->split);
    c = c ? c : strcmp(a->metric, b->metric);
    c = c ? c : strcmp(a->encoding, b->encoding);
    c = c ? c : strcmp(a->evaluated_as, b->evaluated_as);
    c = c ? c : lx_order(a->train_length, b->train_length);
    c = c ? c : strcmp(a->mode, b->mode);
    c = c ? c : lx_order(a->stride, b->stride);
    return c ? c : lx_order(a->eval_length, b->eval_length);
}

/* name is one of the comma-separated names of list, or the list is "all". */
static bool wanted(const char *list, const char *name)
{
    size_t n = strlen(name);

    if (strcmp(list, "all") == 0)
        return true;
    for (const char *p = list; *p != '\0';) {
        size_t len = strcspn(p, ",");

        if (len == n && strncmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

static struct lx_compare_key key_of(const struct lx_study *s, const struct lx_group *g)
{
    const struct lx_section *sec = &s->section[g->section];
    const struct lx_series *series = &s->series[g->series];

    return (struct lx_compare_key){.dataset = lx_rows_name(&s->rows, sec->dataset),
                                   .split = lx_rows_name(&s->rows, sec->split),
                                   .encoding = lx_rows_name(&s->rows, series->encoding),
                                   .evaluated_as = lx_rows_name(&s->rows, series->evaluated_as),
                                   .metric = lx_rows_name(&s->rows, g->metric),
                                   .mode = lx_rows_name(&s->rows, sec->mode),
                                   .train_length = sec->train_length,
                                   .stride = sec->stride,
                                   .eval_length = g->eval_length};
}

static bool same_place(const struct lx_group *a, const struct lx_group *b)
{
    return a->section == b->section && a->series == b->series && a->metric == b->metric &&
           a->eval_length == b->eval_length;
}

/* The points of a side: of each key the rows over all layers, heads and positions; where a metric has
 * none (attention), those of the last bin of positions. */
static enum lx_code find_points(struct side *s, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_study *x = s->study;

    if (lx_arena_get(arena, x->n_groups + 1, sizeof(*s->point), &s->point, "the comparison", err))
        return err->code;
    for (size_t i = 0; i < x->n_groups; i++) {
        const struct lx_group *g = &x->group[i], *last = s->n > 0 ? &x->group[i - 1] : NULL;
        const struct lx_row *row = &x->rows.row[g->first];

        if (g->layer >= 0 || g->head >= 0)
            continue;
        for (int k = 1; k < g->n; k++)
            if (row[k].protocol != row[0].protocol)
                return lx_fail(err, LX_EFORMAT,
                               "%s: lines %zu and %zu are seeds of one point under two protocols",
                               s->path, row[0].line, row[k].line);
        if (last != NULL && last->layer < 0 && last->head < 0 && same_place(last, g)) {
            if (s->point[s->n - 1].group.row->lo < 0)
                continue; /* the overall rows come first */
            s->n--;
        }
        s->point[s->n++] = (struct point){.key = key_of(x, g), .group = {x, row, (size_t)g->n}};
    }
    if (s->n > 1)
        qsort(s->point, s->n, sizeof(*s->point), by_key);
    return LX_OK;
}

/* Every metric asked for must be in one of the files: a misspelt one would compare nothing. */
static enum lx_code check_metric(const char *name, size_t len, const struct side *old,
                                 const struct side *new, struct lx_err *err)
{
    const struct side *sides[] = {old, new};
    const char *names[LX_NAMES];
    char got[64];
    size_t n = 0;

    (void)snprintf(got, sizeof(got), "%.*s", (int)(len < 63 ? len : 63), name);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sides[i]->n; k++) {
            const char *metric = sides[i]->point[k].key.metric;

            if (strlen(metric) == len && strncmp(metric, name, len) == 0)
                return LX_OK;
            if (n < LX_NAMES && (n == 0 || strcmp(names[n - 1], metric) != 0))
                names[n++] = metric;
        }
    if (lx_nearest(got, names, n) != NULL)
        return lx_fail_unknown(err, LX_EUSAGE, got, names, n, "metrics: no row of");
    return lx_fail(err, LX_EUSAGE, "metrics: no row of \"%s\" in %s or %s", got, old->path,
                   new->path);
}

static enum lx_code check_metrics(const char *metrics, const struct side *old,
                                  const struct side *new, struct lx_err *err)
{
    if (strcmp(metrics, "all") == 0)
        return LX_OK;
    for (const char *p = metrics;; p++) {
        size_t len = strcspn(p, ",");

        if (check_metric(p, len, old, new, err))
            return err->code;
        p += len;
        if (*p == '\0')
            return LX_OK;
    }
}

/* The next key of either side and its groups; *i and *j move past it. */
static const struct lx_compare_key *next_key(const struct side *old, const struct side *new,
                                             size_t *i, size_t *j, struct lx_compare_group *a,
                                             struct lx_compare_group *b)
{
    int side = *i == old->n ? 1 : *j == new->n ? -1 : by_key(&old->point[*i], &new->point[*j]);
    const struct lx_compare_key *key = side <= 0 ? &old->point[*i].key : &new->point[*j].key;

    *a = *b = (struct lx_compare_group){NULL, NULL, 0};
    if (side <= 0)
        *a = old->point[(*i)++].group;
    if (side >= 0)
        *b = new->point[(*j)++].group;
    return key;
}

/* Keys on either side, each once. */
static enum lx_code join(struct lx_comparison *c, const struct side *old, const struct side *new,
                         struct lx_err *err)
{
    struct lx_compare_group a, b;

    if (lx_arena_get(&c->arena, old->n + new->n + 1, sizeof(*c->line), &c->line, "the comparison",
                     err) ||
        lx_arena_get(&c->arena, c->new_study.rows.n + 1, sizeof(*c->gate), &c->gate,
                     "the comparison", err))
        return err->code;
    for (size_t i = 0, j = 0; i < old->n || j < new->n;) {
        const struct lx_compare_key *key = next_key(old, new, &i, &j, &a, &b);

        c->common += wanted(c->options.metrics, key->metric) && a.n > 0 && b.n > 0;
    }
    for (size_t i = 0, j = 0; i < old->n || j < new->n;) {
        const struct lx_compare_key *key = next_key(old, new, &i, &j, &a, &b);
        struct lx_compare_line *l = &c->line[c->n];

        for (size_t k = 0; k < b.n; k++)
            c->gate[c->n_gate++] = b.row[k].line;
        if (!wanted(c->options.metrics, key->metric))
            continue;
        l->key = *key;
        if (lx_compare_judge(&a, &b, &c->options, c->common, l, err))
            return err->code;
        c->count[l->verdict]++;
        c->failures += lx_compare_fails(c, l->verdict);
        c->lone += c->options.sigma > 0 && l->old.ok == 1 && l->new.ok > 0;
        c->n++;
    }
    return LX_OK;
}

/* A folder stands for the metrics.csv in it; so does what is not there yet and is not named *.csv. */
static enum lx_code file_of(struct lx_comparison *c, const char *path, bool may_lack,
                            const char **out, struct lx_err *err)
{
    char *inside = lx_arena_printf(&c->arena, "%s/metrics.csv", path);
    char *itself = lx_arena_printf(&c->arena, "%s/.", path);
    bool folder;

    if (inside == NULL || itself == NULL || (*out = lx_arena_text(&c->arena, path)) == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
    folder = lx_fs_exists(itself);
    if (!folder && may_lack && !lx_fs_exists(path)) {
        const char *dot = strrchr(path, '.');

        folder = dot == NULL || strcmp(dot, ".csv") != 0;
    }
    if (!folder && !may_lack && !lx_fs_exists(path)) {
        (void)lx_fail(err, LX_EDATA, "%s: no such file or folder", path);
        return lx_hint(err, "BASELINE and NEW are results folders: `longshot run` writes NEW, "
                            "`compare BASELINE NEW --update` a first BASELINE");
    }
    if (!folder)
        return LX_OK;
    *out = inside;
    if (!may_lack && !lx_fs_exists(inside))
        return lx_fail(err, LX_EDATA, "%s: has no metrics.csv", path);
    return LX_OK;
}

static int by_number(const void *pa, const void *pb)
{
    const size_t *a = pa, *b = pb;

    return (*a > *b) - (*a < *b);
}

static enum lx_code read_side(const char *path, struct lx_study *s, struct lx_err *err)
{
    struct lx_rows rows = {0};

    if (lx_rows_read(path, &rows, err)) {
        lx_rows_free(&rows);
        return err->code == LX_EFORMAT
                   ? lx_hint(err, "BASELINE and NEW are results folders, or metrics.csv of such")
                   : err->code;
    }
    return lx_study_make(s, &rows, NULL, err) ? lx_wrap(err, "%s", path) : LX_OK;
}

enum lx_code lx_compare_make(const char *old_path, bool old_may_lack, const char *new_path,
                             const struct lx_compare_options *o, struct lx_comparison *c,
                             struct lx_err *err)
{
    struct side old = {.study = &c->old_study}, new = {.study = &c->new_study};

    *c = (struct lx_comparison){.options = *o};
    if (file_of(c, old_path, old_may_lack, &c->old_path, err) ||
        file_of(c, new_path, false, &c->new_path, err))
        return err->code;
    old.path = c->old_path;
    new.path = c->new_path;
    if (((!old_may_lack || lx_fs_exists(c->old_path)) &&
         read_side(c->old_path, &c->old_study, err)) ||
        read_side(c->new_path, &c->new_study, err) || find_points(&old, &c->arena, err) ||
        find_points(&new, &c->arena, err) || check_metrics(o->metrics, &old, &new, err) ||
        join(c, &old, &new, err) || lx_compare_configs(c, err))
        return err->code;
    if (c->n == 0)
        return lx_fail(err, LX_EFORMAT, "%s: has no row over all layers and heads to compare",
                       c->new_path);
    qsort(c->gate, c->n_gate, sizeof(*c->gate), by_number);
    return LX_OK;
}

void lx_compare_free(struct lx_comparison *c)
{
    lx_study_free(&c->old_study);
    lx_study_free(&c->new_study);
    lx_arena_free(&c->arena);
    *c = (struct lx_comparison){0};
}

bool lx_compare_fails(const struct lx_comparison *c, enum lx_compare_verdict v)
{
    if (v == LX_VERDICT_BETTER || v == LX_VERDICT_SUSPICIOUS)
        return c->options.exact;
    return v <= LX_VERDICT_PROTOCOL && (v != LX_VERDICT_EXTRA || !c->options.allow_extra);
}
