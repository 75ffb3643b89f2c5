/* Tries of rates, gathered from a study; see rates.h. */
#include "tune/rates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Take "-KEY-VALUE" off the end of a name of n characters. */
static bool take_off(const char *name, size_t *n, const char *key, const struct lx_json *value)
{
    char end[80], number[40];
    size_t len;

    if (lx_json_type(value) != LX_JSON_NUMBER)
        return false;
    lx_number_text(lx_json_number(value), number, sizeof(number));
    (void)snprintf(end, sizeof(end), "-%s-%s", key, number);
    len = strlen(end);
    if (len >= *n || strncmp(name + *n - len, end, len) != 0)
        return false;
    *n -= len;
    return true;
}

/* The encoding that an entry is a try of; NULL: it is none. */
static const char *tried(const struct lx_json *entry, struct lx_arena *arena)
{
    const struct lx_json *lr = lx_json_find(entry, "lr"), *m = lx_json_find(entry, "array_lr");
    const char *id = lx_json_text(lx_json_find(entry, "id")), *name;
    struct lx_err ignored;
    size_t n;

    if (id == NULL)
        return NULL;
    n = strlen(id);
    (void)!take_off(id, &n, "array_lr", m);
    if (!take_off(id, &n, "lr", lr))
        return NULL;
    (void)!take_off(id, &n, "array_lr", m);
    return lx_arena_copy(arena, id, n, &name, &ignored) == LX_OK ? name : NULL;
}

bool lx_rates_mode(const char *mode)
{
    return strcmp(mode, "last") == 0 || strcmp(mode, "answers") == 0;
}

bool lx_rates_section(const struct lx_study *s, size_t section)
{
    return lx_rates_mode(lx_rows_name(&s->rows, s->section[section].mode)) &&
           (s->section[section].n_lengths > 0 || lx_study_asks(s, section));
}

static int metric_of(const struct lx_study *s, size_t section)
{
    return s->section[section].n_lengths > 0 ? s->nll
                                             : lx_intern_find(&s->rows.names, "answer_nll");
}

int lx_rates_longer(const struct lx_study *s, size_t section, int length)
{
    int metric = metric_of(s, section), next = 0;

    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];

        if ((size_t)g->section == section && g->metric == metric && g->eval_length > length &&
            (next == 0 || g->eval_length < next))
            next = g->eval_length;
    }
    return next;
}

int lx_rates_longest(const struct lx_study *s, size_t section)
{
    int longest = 0;

    for (int next = 0; (next = lx_rates_longer(s, section, longest)) > 0;)
        longest = next;
    return longest;
}

double lx_rates_nll(const struct lx_study *s, size_t section, const char *id, int eval_length)
{
    for (size_t i = 0; i < s->n_series; i++) {
        const struct lx_group *g;

        if (s->series[i].variant != 0 ||
            strcmp(lx_rows_name(&s->rows, s->series[i].encoding), id) != 0)
            continue;
        g = lx_study_find(s, section, i, metric_of(s, section), eval_length);
        if (g == NULL)
            return (double)NAN;
        if (lx_group_status(g) == LX_ROW_DIVERGED)
            return (double)INFINITY;
        return lx_group_status(g) == LX_ROW_OK ? g->stats.mean : (double)NAN;
    }
    return (double)NAN;
}

/* The mean over the datasets at the training length. */
static double score(const struct lx_study *s, const char *id)
{
    double sum = 0;
    int n = 0;

    for (size_t k = 0; k < s->n_sections; k++)
        if (lx_rates_section(s, k)) {
            sum += lx_rates_nll(s, k, id, s->section[k].train_length);
            n++;
        }
    return n > 0 ? sum / n : (double)NAN;
}

static struct lx_rates_encoding *find_item(struct lx_rates *r, const char *encoding)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->item[i].encoding, encoding) == 0)
            return &r->item[i];
    return NULL;
}

/* Put a try where it belongs. */
static void insert(struct lx_rates_encoding *e, const struct lx_rate_try *t, const char *id)
{
    size_t at = e->n++;

    for (; at > 0; at--) {
        const struct lx_rate_try *b = &e->try[at - 1];

        if (lx_rate_same(b->array_lr, t->array_lr) ? b->lr <= t->lr : b->array_lr < t->array_lr)
            break;
        e->try[at] = *b;
        e->id[at] = e->id[at - 1];
    }
    e->try[at] = *t;
    e->id[at] = id;
}

static enum lx_code add_try(struct lx_rates *r, const struct lx_study *s,
                            const struct lx_json *entry, double array_lr, size_t most,
                            struct lx_arena *arena, struct lx_err *err)
{
    const char *encoding = tried(entry, arena), *id = lx_json_text(lx_json_find(entry, "id"));
    const struct lx_json *m = lx_json_find(entry, "array_lr");
    struct lx_rates_encoding *e;
    struct lx_rate_try t;

    if (encoding == NULL)
        return LX_OK;
    e = find_item(r, encoding);
    if (e == NULL) {
        e = &r->item[r->n++];
        *e = (struct lx_rates_encoding){.encoding = encoding};
        if (lx_arena_get(arena, most, sizeof(*e->try), &e->try, "rates", err) ||
            lx_arena_get(arena, most, sizeof(*e->id), &e->id, "rates", err))
            return err->code;
    }
    t = (struct lx_rate_try){lx_json_number(lx_json_find(entry, "lr")),
                             m != NULL ? lx_json_number(m) : array_lr, score(s, id)};
    id = lx_arena_text(arena, id);
    if (id == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for rates");
    insert(e, &t, id);
    return LX_OK;
}

/* The try at that rate, with the lowest multiple. */
static size_t try_at(const struct lx_rates_encoding *e, double lr)
{
    for (size_t i = 0; i < e->n; i++)
        if (lx_rate_same(e->try[i].lr, lr) && lx_rate_same(e->try[i].array_lr, e->try[0].array_lr))
            return i;
    return e->n;
}

size_t lx_rates_common(const struct lx_rates *r, size_t item)
{
    return isnan(r->common) ? r->item[item].n : try_at(&r->item[item], r->common);
}

/* The mean NLL of all at one rate; NaN where one was not tried at it. */
static double mean_at(const struct lx_rates *r, double lr)
{
    double sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct lx_rates_encoding *e = &r->item[i];
        size_t at = try_at(e, lr);

        sum += at < e->n ? e->try[at].nll : (double)NAN;
    }
    return sum / (double)r->n;
}

void lx_rates_find_common(struct lx_rates *r)
{
    const struct lx_rates_encoding *first = &r->item[0];
    double best = (double)INFINITY, before = (double)NAN, last = (double)NAN;

    r->common = (double)NAN;
    for (size_t i = 0; i < first->n && lx_rate_same(first->try[i].array_lr, first->try[0].array_lr);
         i++) {
        double mean = mean_at(r, first->try[i].lr);

        if (isnan(mean))
            continue;
        if (mean < best) {
            best = mean;
            r->common = first->try[i].lr;
            r->common_edge = isnan(before);
        }
        before = last = first->try[i].lr;
    }
    r->common_edge = r->common_edge || lx_rate_same(last, r->common);
}

enum lx_code lx_rates_make(const struct lx_study *s, const struct lx_json *config,
                           struct lx_arena *arena, struct lx_rates *out, struct lx_err *err)
{
    const struct lx_json *list = lx_json_find(config, "encodings");
    const struct lx_json *m = lx_json_find(lx_json_find(config, "train"), "array_lr");
    double array_lr = lx_json_type(m) == LX_JSON_NUMBER ? lx_json_number(m) : 1;
    size_t most = lx_json_count(list);

    *out = (struct lx_rates){.common = (double)NAN};
    if (most == 0)
        return LX_OK;
    if (lx_arena_get(arena, most, sizeof(*out->item), &out->item, "rates", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v))
        if (add_try(out, s, v, array_lr, most, arena, err))
            return err->code;
    for (size_t i = 0; i < out->n; i++) {
        struct lx_rates_encoding *e = &out->item[i];

        e->best = lx_rate_best(e->try, e->n);
        e->edge = e->best < e->n && lx_rate_at_edge(e->try, e->n, e->best);
    }
    if (out->n > 0)
        lx_rates_find_common(out);
    return LX_OK;
}
