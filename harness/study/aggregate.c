/* Grouping is one sort and one pass: rows that agree in everything but the seed end up side by
 * side. Two rows of one seed in a group cannot both be right, so they are an error. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"
#include "study/aggregate_internal.h"

struct lx_stats lx_stats_of(const double *v, size_t n)
{
    struct lx_stats s = {(int)n, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (n == 0)
        return s;
    double sum = 0, square = 0;
    s.min = s.max = v[0];
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        s.min = fmin(s.min, v[i]);
        s.max = fmax(s.max, v[i]);
    }
    s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (v[i] - s.mean) * (v[i] - s.mean);
    if (n > 1)
        s.sd = sqrt(square / (double)(n - 1));
    return s;
}

static int by_section(const struct lx_row *a, const struct lx_row *b)
{
    int c = lx_order(a->dataset, b->dataset);
    c = c ? c : lx_order(a->split, b->split);
    c = c ? c : lx_order(a->train_length, b->train_length);
    c = c ? c : lx_order(a->mode, b->mode);
    return c ? c : lx_order(a->stride, b->stride);
}

static int by_series(const struct lx_row *a, const struct lx_row *b)
{
    int c = lx_order(a->rank, b->rank);
    return c ? c : lx_order(a->variant, b->variant);
}

static int by_place(const struct lx_row *a, const struct lx_row *b)
{
    int c = lx_order(a->metric, b->metric);
    c = c ? c : lx_order(a->eval_length, b->eval_length);
    c = c ? c : lx_order(a->layer, b->layer);
    c = c ? c : lx_order(a->head, b->head);
    c = c ? c : lx_order(a->lo, b->lo);
    return c ? c : lx_order(a->hi, b->hi);
}

static int by_group(const struct lx_row *a, const struct lx_row *b)
{
    int c = by_section(a, b);
    c = c ? c : by_series(a, b);
    return c ? c : by_place(a, b);
}

static int by_all(const void *pa, const void *pb)
{
    const struct lx_row *a = pa, *b = pb;
    int c = by_group(a, b);
    c = c ? c : lx_order(a->seed, b->seed);
    return c ? c : lx_order((long long)a->line, (long long)b->line);
}

static enum lx_code no_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory for the report");
}

/* rank[name id] of every name that `used` marks and that is called `id`, in the order of the file:
 * the next ranks from *at. */
static void rank_id(const struct lx_rows *rows, const bool *used, const char *id, int *rank,
                    int *at)
{
    for (size_t i = 0; i < rows->names.n; i++)
        if (used[i] && rank[i] < 0 && lx_encoding_is(rows->names.text[i], id))
            rank[i] = (*at)++;
}

/* Ranks of the encodings (variants false) or of the stacks they are evaluated as: first those that
 * the config lists, then the others in the order of the file. */
static void rank_names(const struct lx_rows *rows, const struct lx_json *list, bool variants,
                       bool *used, int *rank)
{
    int at = variants; /* 0 is kept for "as trained" */
    for (size_t i = 0; i < rows->names.n; i++) {
        rank[i] = -1;
        used[i] = false;
    }
    for (size_t i = 0; i < rows->n; i++)
        used[variants ? rows->row[i].evaluated_as : rows->row[i].encoding] = true;
    for (const struct lx_json *e = lx_json_first(list); e; e = lx_json_next(e)) {
        const struct lx_json *as = lx_json_find(e, "evaluate_as");
        if (!variants)
            rank_id(rows, used, lx_encoding_id(e), rank, &at);
        for (const struct lx_json *v = lx_json_first(as); variants && v; v = lx_json_next(v))
            rank_id(rows, used, lx_encoding_id(v), rank, &at);
    }
    for (size_t i = 0; i < rows->names.n; i++)
        if (used[i] && rank[i] < 0)
            rank[i] = at++;
}

static enum lx_code rank_rows(struct lx_rows *rows, const struct lx_json *config,
                              struct lx_err *err)
{
    const struct lx_json *list = lx_json_find(config, "encodings");
    int *rank = malloc(2 * rows->names.n * sizeof(*rank));
    bool *used = malloc(rows->names.n * sizeof(*used));
    if (rank == NULL || used == NULL) {
        free(rank);
        free(used);
        return no_memory(err);
    }
    int *variant = rank + rows->names.n;
    int plain = lx_intern_find(&rows->names, "nonoverlapping");
    rank_names(rows, list, false, used, rank);
    rank_names(rows, list, true, used, variant);
    for (size_t i = 0; i < rows->n; i++) {
        struct lx_row *r = &rows->row[i];
        r->rank = rank[r->encoding];
        r->variant = r->evaluated_as == r->encoding ? 0 : variant[r->evaluated_as];
        if (r->mode == plain)
            r->stride = -1; /* it is the window itself, so it tells no sections apart */
    }
    free(rank);
    free(used);
    return LX_OK;
}

static enum lx_code refuse_twins(const struct lx_rows *rows, const struct lx_row *a,
                                 const struct lx_row *b, struct lx_err *err)
{
    if (a->cell == b->cell)
        return lx_fail(err, LX_EFORMAT, "lines %zu and %zu are the same observation (%s, %s)",
                       a->line, b->line, lx_rows_name(rows, a->cell),
                       lx_rows_name(rows, a->metric));
    return lx_fail(err, LX_EFORMAT,
                   "lines %zu and %zu differ in their cell only (%s, %s): what was varied between "
                   "them is not in the columns",
                   a->line, b->line, lx_rows_name(rows, a->cell), lx_rows_name(rows, b->cell));
}

/* The series of a row, added if new. Rows come section by section with series in order, so the
 * list is short and mostly hit at once. */
static enum lx_code series_of(struct lx_study *s, const struct lx_row *r, size_t *at,
                              struct lx_err *err)
{
    size_t i = 0;
    while (i < s->n_series &&
           (s->series[i].encoding != r->encoding || s->series[i].evaluated_as != r->evaluated_as))
        i++;
    if (i == s->n_series) {
        struct lx_series *grown = realloc(s->series, (i + 1) * sizeof(*grown));
        if (grown == NULL)
            return no_memory(err);
        s->series = grown;
        const char *name = lx_rows_name(&s->rows, r->encoding);
        char *label = r->variant == 0 ? lx_arena_text(&s->rows.arena, name)
                                      : lx_arena_printf(&s->rows.arena, "%s as %s", name,
                                                        lx_rows_name(&s->rows, r->evaluated_as));
        if (label == NULL)
            return no_memory(err);
        s->series[s->n_series++] = (struct lx_series){.encoding = r->encoding,
                                                      .evaluated_as = r->evaluated_as,
                                                      .rank = r->rank,
                                                      .look = r->rank,
                                                      .variant = r->variant,
                                                      .label = label};
    }
    *at = i;
    return LX_OK;
}

static enum lx_code add_section(struct lx_study *s, const struct lx_row *r, struct lx_err *err)
{
    struct lx_section *grown = realloc(s->section, (s->n_sections + 1) * sizeof(*grown));
    if (grown == NULL)
        return no_memory(err);
    s->section = grown;
    s->section[s->n_sections++] = (struct lx_section){.dataset = r->dataset,
                                                      .split = r->split,
                                                      .train_length = r->train_length,
                                                      .mode = r->mode,
                                                      .stride = r->stride,
                                                      .tokens = -1};
    return LX_OK;
}

static enum lx_code close_group(struct lx_study *s, struct lx_group *g, double *scratch,
                                struct lx_err *err)
{
    size_t ok = 0;
    for (size_t i = g->first; i < g->first + (size_t)g->n; i++) {
        const struct lx_row *r = &s->rows.row[i];
        if (i > g->first && r->seed == r[-1].seed)
            return refuse_twins(&s->rows, r - 1, r, err);
        g->count[r->status]++;
        if (r->status == LX_ROW_OK)
            scratch[ok++] = r->value;
    }
    g->stats = lx_stats_of(scratch, ok);
    return LX_OK;
}

/* One pass over the sorted rows. scratch: (rows) numbers. */
static enum lx_code make_groups(struct lx_study *s, double *scratch, struct lx_err *err)
{
    size_t series = 0;
    for (size_t i = 0; i < s->rows.n; i++) {
        const struct lx_row *r = &s->rows.row[i];
        bool first = i == 0;
        bool new_section = first || by_section(r - 1, r) != 0;
        bool new_series = new_section || by_series(r - 1, r) != 0;
        bool new_group = new_series || by_place(r - 1, r) != 0;
        if (new_section && add_section(s, r, err) != LX_OK)
            return err->code;
        if (new_series && series_of(s, r, &series, err) != LX_OK)
            return err->code;
        if (new_group) {
            if (!first && close_group(s, &s->group[s->n_groups - 1], scratch, err) != LX_OK)
                return err->code;
            s->group[s->n_groups++] = (struct lx_group){.section = (int)s->n_sections - 1,
                                                        .series = (int)series,
                                                        .metric = r->metric,
                                                        .eval_length = r->eval_length,
                                                        .layer = r->layer,
                                                        .head = r->head,
                                                        .lo = r->lo,
                                                        .hi = r->hi,
                                                        .first = i};
        }
        s->group[s->n_groups - 1].n++;
    }
    return close_group(s, &s->group[s->n_groups - 1], scratch, err);
}

int lx_group_order(const void *pa, const void *pb)
{
    const struct lx_group *a = pa, *b = pb;
    int c = lx_order(a->section, b->section);
    c = c ? c : lx_order(a->series, b->series);
    c = c ? c : lx_order(a->metric, b->metric);
    c = c ? c : lx_order(a->eval_length, b->eval_length);
    c = c ? c : lx_order(a->layer, b->layer);
    c = c ? c : lx_order(a->head, b->head);
    c = c ? c : lx_order(a->lo, b->lo);
    return c ? c : lx_order(a->hi, b->hi);
}

static int compare_series(const void *pa, const void *pb)
{
    const struct lx_series *a = pa, *b = pb;
    int c = lx_order(a->rank, b->rank);
    return c ? c : lx_order(a->variant, b->variant);
}

/* Series were numbered as they were met; number them by rank, in the groups too. */
static enum lx_code sort_series(struct lx_study *s, struct lx_err *err)
{
    int *now = calloc(s->n_series, sizeof(*now));
    struct lx_series *old = malloc(s->n_series * sizeof(*old));
    if (now == NULL || old == NULL) {
        free(now);
        free(old);
        return no_memory(err);
    }
    memcpy(old, s->series, s->n_series * sizeof(*old));
    qsort(s->series, s->n_series, sizeof(*s->series), compare_series);
    for (size_t i = 0; i < s->n_series; i++)
        for (size_t j = 0; j < s->n_series; j++)
            if (s->series[j].label == old[i].label)
                now[i] = (int)j;
    for (size_t i = 0; i < s->n_groups; i++)
        s->group[i].series = now[s->group[i].series];
    qsort(s->group, s->n_groups, sizeof(*s->group), lx_group_order);
    free(now);
    free(old);
    return LX_OK;
}

static const struct {
    const char *metric, *label;
} yardsticks[LX_YARDSTICKS] = {{"nll_unigram", "unigram table"},
                               {"nll_bigram", "bigram table"},
                               {"nll_trigram", "trigram table"},
                               {"nll_floor", "generator floor"}};

const char *lx_yardstick_label(enum lx_yardstick y)
{
    return yardsticks[y].label;
}

/* Numbers of two protocols are of other targets: no table or claim may hold both. */
static enum lx_code refuse_mixture(const struct lx_rows *rows, struct lx_err *err)
{
    for (size_t i = 1; i < rows->n; i++)
        if (rows->row[i].protocol != rows->row[0].protocol)
            return lx_fail(
                err, LX_EFORMAT,
                "lines %zu and %zu are of two protocols (%s, %s), which are not compared",
                rows->row[0].line, rows->row[i].line, lx_rows_name(rows, rows->row[0].protocol),
                lx_rows_name(rows, rows->row[i].protocol));
    return LX_OK;
}

enum lx_code lx_study_make(struct lx_study *s, struct lx_rows *rows, const struct lx_json *config,
                           struct lx_err *err)
{
    *s = (struct lx_study){.rows = *rows};
    *rows = (struct lx_rows){0};
    const struct lx_intern *names = &s->rows.names;
    s->ppl = lx_intern_find(names, "ppl");
    s->nll = lx_intern_find(names, "nll");
    for (int y = 0; y < LX_YARDSTICKS; y++)
        s->yardstick[y] = lx_intern_find(names, yardsticks[y].metric);
    s->entropy = lx_intern_find(names, "attention_entropy");
    s->entropy_normalized = lx_intern_find(names, "attention_entropy_normalized");
    if (refuse_mixture(&s->rows, err) != LX_OK)
        return err->code;
    if (rank_rows(&s->rows, config, err) != LX_OK)
        return err->code;
    qsort(s->rows.row, s->rows.n, sizeof(*s->rows.row), by_all);
    s->group = calloc(s->rows.n, sizeof(*s->group));
    double *scratch = malloc(s->rows.n * sizeof(*scratch));
    enum lx_code code =
        s->group == NULL || scratch == NULL ? no_memory(err) : make_groups(s, scratch, err);
    free(scratch);
    if (code != LX_OK || sort_series(s, err) != LX_OK)
        return err->code;
    lx_series_rates(s, config);
    return lx_sections_fill(s, err);
}

enum lx_code lx_study_blocks(struct lx_study *s, const char *path, struct lx_err *err)
{
    return lx_blocks_read(path, &s->rows, &s->rows.arena, &s->blocks, err);
}

enum lx_code lx_study_train(struct lx_study *s, const char *path, struct lx_err *err)
{
    return lx_rows_read_train(path, &s->rows, &s->train, &s->n_train, err);
}

void lx_study_free(struct lx_study *s)
{
    free(s->train);
    for (size_t i = 0; i < s->n_sections; i++)
        free(s->section[i].length);
    free(s->section);
    free(s->series);
    free(s->group);
    lx_rows_free(&s->rows);
    *s = (struct lx_study){0};
}
