/* Comparing is a merge of two sorted lists of keys; see compare.h for the rule and
 * compare_judge.c for the verdict on a key. */
#include "verdict/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "text/nearest.h"
#include "verdict/compare_judge.h"

/* A row that may count, with its key. */
struct item {
    struct lx_compare_key key;
    const struct lx_row *row;
};

/* The items of one side; groups are runs of equal keys. */
struct side {
    const char *path;
    struct lx_rows *rows;
    struct item *item;
    const struct lx_row **row; /* (n) rows of the items, in the same order */
    size_t n;
};

static int by_key(const struct lx_compare_key *a, const struct lx_compare_key *b)
{
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

/* Within a key: rows without positions first, then by position, then by seed. */
static int by_item(const void *pa, const void *pb)
{
    const struct item *a = pa, *b = pb;
    int c = by_key(&a->key, &b->key);
    c = c ? c : lx_order(a->row->lo, b->row->lo);
    c = c ? c : lx_order(a->row->hi, b->row->hi);
    c = c ? c : lx_order(a->row->seed, b->row->seed);
    return c ? c : lx_order((long long)a->row->line, (long long)b->row->line);
}

static enum lx_code no_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
}

/* name is one of the comma-separated names of list. */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; *p != '\0';) {
        size_t len = strcspn(p, ",");
        if (len == n && strncmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

static bool wanted(const char *metrics, const char *name)
{
    return strcmp(metrics, "all") == 0 || listed(metrics, name);
}

/* The rows over all layers and heads, sorted. */
static enum lx_code collect(struct side *s, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_rows *r = s->rows;
    s->item = lx_arena_take(arena, r->n + 1, sizeof *s->item);
    s->row = lx_arena_take(arena, r->n + 1, sizeof(const struct lx_row *));
    if (s->item == NULL || s->row == NULL)
        return no_memory(err);
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_row *row = &r->row[i];
        if (row->layer >= 0 || row->head >= 0)
            continue;
        s->item[s->n++] = (struct item){{.dataset = lx_rows_name(r, row->dataset),
                                         .split = lx_rows_name(r, row->split),
                                         .encoding = lx_rows_name(r, row->encoding),
                                         .evaluated_as = lx_rows_name(r, row->evaluated_as),
                                         .metric = lx_rows_name(r, row->metric),
                                         .mode = lx_rows_name(r, row->mode),
                                         .train_length = row->train_length,
                                         .stride = row->stride,
                                         .eval_length = row->eval_length},
                                        row};
    }
    if (s->n > 1)
        qsort(s->item, s->n, sizeof *s->item, by_item);
    for (size_t i = 0; i < s->n; i++)
        s->row[i] = s->item[i].row;
    return LX_OK;
}

/* The rows that stand for the key at item `from`: those without positions; where a metric has none
 * (attention), those of the last bin of positions. *next: where the next key begins. */
static enum lx_code group_at(const struct side *s, size_t from, size_t *next,
                             struct lx_compare_group *g, struct lx_err *err)
{
    size_t end = from + 1, first = from, last;
    while (end < s->n && by_key(&s->item[end].key, &s->item[from].key) == 0)
        end++;
    *next = last = end;
    if (s->row[from]->lo < 0)
        while (s->row[last - 1]->lo >= 0)
            last--;
    else
        for (first = end - 1; first > from && s->row[first - 1]->lo == s->row[end - 1]->lo &&
                              s->row[first - 1]->hi == s->row[end - 1]->hi;)
            first--;
    for (size_t i = first; i + 1 < last; i++) {
        const struct lx_row *a = s->row[i], *b = s->row[i + 1];
        if (a->seed == b->seed)
            return lx_fail(err, LX_EFORMAT,
                           "%s: lines %zu and %zu are the same observation (%s, seed %lld)",
                           s->path, a->line, b->line, s->item[i].key.metric, a->seed);
        if (a->protocol != b->protocol)
            return lx_fail(err, LX_EFORMAT,
                           "%s: lines %zu and %zu are seeds of one point under two protocols",
                           s->path, a->line, b->line);
    }
    *g = (struct lx_compare_group){s->rows, s->row + first, last - first};
    return LX_OK;
}

/* Every metric asked for must be in one of the files: a misspelt one would compare nothing. */
static enum lx_code check_metrics(const char *metrics, const struct side *old,
                                  const struct side *new, struct lx_err *err)
{
    const struct side *sides[] = {old, new};
    if (strcmp(metrics, "all") == 0)
        return LX_OK;
    for (const char *p = metrics;;) {
        size_t len = strcspn(p, ",");
        const char *names[64], *near;
        char got[64];
        size_t n = 0;
        bool found = false;
        snprintf(got, sizeof got, "%.*s", (int)(len < 63 ? len : 63), p);
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < sides[i]->n; j++) {
                const char *name = sides[i]->item[j].key.metric;
                found = found || (strlen(name) == len && strncmp(name, p, len) == 0);
                if (n < 64 && (n == 0 || strcmp(names[n - 1], name) != 0))
                    names[n++] = name;
            }
        near = found ? NULL : lx_nearest(got, names, n);
        if (!found && near != NULL)
            return lx_fail(err, LX_EUSAGE, "metrics: no row of \"%s\" (did you mean \"%s\"?)", got,
                           near);
        if (!found)
            return lx_fail(err, LX_EUSAGE, "metrics: no row of \"%s\" in %s or %s", got, old->path,
                           new->path);
        if (p[len] == '\0')
            return LX_OK;
        p += len + 1;
    }
}

/* Keys on either side, each once. */
static enum lx_code join(struct lx_comparison *c, const struct side *old, const struct side *new,
                         struct lx_err *err)
{
    c->line = lx_arena_take(&c->arena, old->n + new->n + 1, sizeof *c->line);
    c->gate = lx_arena_take(&c->arena, new->n + 1, sizeof *c->gate);
    if (c->line == NULL || c->gate == NULL)
        return no_memory(err);
    for (size_t i = 0, j = 0; i < old->n || j < new->n;) {
        struct lx_compare_group a = {0}, b = {0};
        int side = i == old->n   ? 1
                   : j == new->n ? -1
                                 : by_key(&old->item[i].key, &new->item[j].key);
        const struct lx_compare_key *key = side <= 0 ? &old->item[i].key : &new->item[j].key;
        if (side <= 0 && group_at(old, i, &i, &a, err) != LX_OK)
            return err->code;
        if (side >= 0 && group_at(new, j, &j, &b, err) != LX_OK)
            return err->code;
        for (size_t k = 0; k < b.n; k++)
            c->gate[c->n_gate++] = b.row[k]->line;
        if (!wanted(c->options.metrics, key->metric))
            continue;
        struct lx_compare_line *l = &c->line[c->n++];
        l->key = *key;
        lx_compare_judge(&a, &b, &c->options, l);
        c->count[l->verdict]++;
        c->failures += lx_compare_fails(c, l->verdict);
    }
    return LX_OK;
}

/* A folder stands for the metrics.csv in it; so does what is not there yet and is not named *.csv. */
static enum lx_code file_of(struct lx_comparison *c, const char *path, bool may_lack,
                            const char **out, struct lx_err *err)
{
    char *inside = lx_arena_printf(&c->arena, "%s/metrics.csv", path);
    char *itself = lx_arena_printf(&c->arena, "%s/.", path);
    if (inside == NULL || itself == NULL || (*out = lx_arena_text(&c->arena, path)) == NULL)
        return no_memory(err);
    bool folder = lx_fs_exists(itself);
    if (!folder && may_lack && !lx_fs_exists(path)) {
        const char *dot = strrchr(path, '.');
        folder = dot == NULL || strcmp(dot, ".csv") != 0;
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

enum lx_code lx_compare_make(const char *old_path, bool old_may_lack, const char *new_path,
                             const struct lx_compare_options *o, struct lx_comparison *c,
                             struct lx_err *err)
{
    *c = (struct lx_comparison){.options = *o};
    if (file_of(c, old_path, old_may_lack, &c->old_path, err) != LX_OK ||
        file_of(c, new_path, false, &c->new_path, err) != LX_OK)
        return err->code;
    struct side old = {.path = c->old_path, .rows = &c->old_rows};
    struct side new = {.path = c->new_path, .rows = &c->new_rows};
    bool lacks = old_may_lack && !lx_fs_exists(c->old_path);
    if ((!lacks && lx_rows_read(c->old_path, &c->old_rows, err) != LX_OK) ||
        lx_rows_read(c->new_path, &c->new_rows, err) != LX_OK)
        return err->code;
    if (collect(&old, &c->arena, err) != LX_OK || collect(&new, &c->arena, err) != LX_OK ||
        check_metrics(o->metrics, &old, &new, err) != LX_OK || join(c, &old, &new, err) != LX_OK)
        return err->code;
    if (c->n == 0)
        return lx_fail(err, LX_EFORMAT, "%s: has no row over all layers and heads to compare",
                       c->new_path);
    qsort(c->gate, c->n_gate, sizeof *c->gate, by_number);
    return LX_OK;
}

void lx_compare_free(struct lx_comparison *c)
{
    lx_rows_free(&c->old_rows);
    lx_rows_free(&c->new_rows);
    lx_arena_free(&c->arena);
    *c = (struct lx_comparison){0};
}

bool lx_compare_fails(const struct lx_comparison *c, enum lx_verdict v)
{
    return v <= LX_VERDICT_PROTOCOL && (v != LX_VERDICT_EXTRA || !c->options.allow_extra);
}

/* What a run measured is its record: the folder of a run has runs.csv beside metrics.csv. */
static enum lx_code refuse_record(const char *path, struct lx_err *err)
{
    struct lx_buf beside = {0};
    const char *slash = strrchr(path, '/');
    lx_buf_printf(&beside, "%.*sruns.csv", slash ? (int)(slash - path + 1) : 0, path);
    enum lx_code code = lx_buf_check(&beside, err);
    if (code == LX_OK && lx_fs_exists(beside.text)) {
        code = lx_fail(err, LX_EUSAGE,
                       "%s: belongs to the results of a run (%s is beside it) and is not rewritten",
                       path, beside.text);
        lx_hint(err, "keep the baseline in a folder or file of its own");
    }
    lx_buf_free(&beside);
    return code;
}

static enum lx_code make_parent(const char *path, struct lx_err *err)
{
    struct lx_buf dir = {0};
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return LX_OK;
    lx_buf_addn(&dir, path, (size_t)(slash - path));
    enum lx_code code = lx_buf_check(&dir, err);
    if (code == LX_OK)
        code = lx_fs_mkdir(dir.text, err);
    lx_buf_free(&dir);
    return code;
}

enum lx_code lx_compare_update(const struct lx_comparison *c, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;
    struct lx_buf out = {0};
    enum lx_code code = refuse_record(c->old_path, err);
    if (code == LX_OK)
        code = lx_csv_read(c->new_path, &arena, &csv, err);
    for (size_t i = 0; code == LX_OK && i <= c->n_gate; i++) {
        size_t row = i == 0 ? 0 : c->gate[i - 1] - 2; /* the header is line 1 */
        if (i > 0 && row >= csv.n_rows) {
            code = lx_fail(err, LX_EFORMAT, "%s: changed while it was read", c->new_path);
            break;
        }
        for (size_t k = 0; k < csv.n_columns; k++) {
            lx_csv_field(&out, i == 0 ? csv.header[k] : lx_csv_at(&csv, row, k));
            lx_buf_add(&out, k + 1 < csv.n_columns ? "," : "\n");
        }
    }
    if (code == LX_OK)
        code = lx_buf_check(&out, err);
    if (code == LX_OK)
        code = make_parent(c->old_path, err);
    if (code == LX_OK)
        code = lx_fs_write(c->old_path, out.text, out.len, err);
    lx_buf_free(&out);
    lx_arena_free(&arena);
    return code;
}
