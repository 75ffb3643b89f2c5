/* Reading the published tables of a config; see published.h. */
#include "verdict/published.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "verdict/entries.h"

#define TABLE(f) offsetof(struct lx_published, f)
#define ROW(f) offsetof(struct lx_published_row, f)

const struct lx_option lx_published_options[] = {
    {.key = "source",
     .type = LX_OPT_TEXT,
     .offset = TABLE(source),
     .help = "author, year, arXiv id, table",
     .flags = LX_OPT_REQUIRED},
    {.key = "certainty",
     .type = LX_OPT_CHOICE,
     .offset = TABLE(certainty),
     .text = "verified|secondhand",
     .help = "read in the paper, or in another text that quotes it",
     .flags = LX_OPT_REQUIRED},
    {.key = "data",
     .type = LX_OPT_TEXT,
     .offset = TABLE(data),
     .help = "what the paper evaluated on"},
    {.key = "metric",
     .type = LX_OPT_TEXT,
     .offset = TABLE(metric),
     .text = "ppl",
     .help = "metric of the values"},
    {.key = "mode",
     .type = LX_OPT_TEXT,
     .offset = TABLE(mode),
     .text = "nonoverlapping",
     .help = "which windows, and the mode of ours beside it"},
    {.key = "dataset",
     .type = LX_OPT_TEXT,
     .offset = TABLE(dataset),
     .help = "id of the dataset of this config that it is printed beside; default: each"},
    {.key = "train_length",
     .type = LX_OPT_INT,
     .offset = TABLE(train_length),
     .min = 1,
     .max = 1 << 24,
     .help = "the paper's, in the unit of lengths: tokens, or sizes of examples",
     .flags = LX_OPT_REQUIRED},
    {.type = LX_OPT_END},
};

const struct lx_option lx_published_row_options[] = {
    {.key = "name",
     .type = LX_OPT_TEXT,
     .offset = ROW(name),
     .help = "the paper's name; default: the encoding"},
    {.key = "encoding",
     .type = LX_OPT_TEXT,
     .offset = ROW(encoding),
     .help = "id of the encoding of this config that is the same method"},
    {.key = "evaluated_as",
     .type = LX_OPT_TEXT,
     .offset = ROW(evaluated_as),
     .help = "id of one of its evaluate_as; default: as trained"},
    {.type = LX_OPT_END},
};

/* n numbers, null where the paper has none. */
static enum lx_code read_numbers(const struct lx_json *list, const char *path, const char *key,
                                 size_t n, double **out, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_json *v = lx_json_first(list);

    if (lx_arena_get(arena, n, sizeof(**out), out, "published numbers", err))
        return err->code;
    if (list != NULL && (lx_json_type(list) != LX_JSON_ARRAY || lx_json_count(list) != n))
        return lx_fail(err, LX_ECONFIG, "%s.%s: must be an array of %zu numbers, as lengths", path,
                       key, n);
    for (size_t i = 0; i < n; i++, v = lx_json_next(v)) {
        enum lx_json_type t = lx_json_type(v);

        if (t != LX_JSON_NUMBER && t != LX_JSON_NULL)
            return lx_fail(err, LX_ECONFIG, "%s.%s[%zu]: must be a number or null, got %s", path,
                           key, i, lx_json_type_name(t));
        (*out)[i] = t == LX_JSON_NUMBER ? lx_json_number(v) : (double)NAN;
    }
    return LX_OK;
}

static enum lx_code read_row(const struct lx_json *obj, void *entry, void *context,
                             struct lx_arena *arena, struct lx_err *err)
{
    static const char *const extra[] = {"values", "spread", NULL};
    struct lx_published_row *row = entry;
    const struct lx_published *table = context;
    const char *path = row->path;

    if (lx_options_parse(lx_published_row_options, obj, path, extra, row, arena, err))
        return err->code;
    if (row->name == NULL)
        row->name = row->encoding;
    if (row->name == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: name or encoding must be given", path);
    if (lx_json_find(obj, "values") == NULL)
        return lx_fail(err, LX_ECONFIG, "%s.values: must be given", path);
    if (read_numbers(lx_json_find(obj, "values"), path, "values", table->n_lengths, &row->value,
                     arena, err) != LX_OK)
        return err->code;
    return read_numbers(lx_json_find(obj, "spread"), path, "spread", table->n_lengths, &row->spread,
                        arena, err);
}

static enum lx_code read_lengths(const struct lx_json *list, struct lx_published *t,
                                 struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_json *v = lx_json_first(list);
    size_t n = lx_json_count(list);

    if (lx_json_type(list) != LX_JSON_ARRAY || n == 0)
        return lx_fail(err, LX_ECONFIG, "%s.lengths: must be an array of tokens", t->path);
    if (lx_arena_get(arena, n, sizeof(*t->length), &t->length, "published numbers", err))
        return err->code;
    for (size_t i = 0; i < n; i++, v = lx_json_next(v)) {
        double x = lx_json_number(v);

        if (!(x >= 1) || x > INT_MAX || floor(x) != x)
            return lx_fail(err, LX_ECONFIG,
                           "%s.lengths[%zu]: must be a whole number of tokens, at least 1", t->path,
                           i);
        t->length[i] = (int)x;
        if (i > 0 && t->length[i] <= t->length[i - 1])
            return lx_fail(err, LX_ECONFIG, "%s.lengths[%zu]: must ascend, got %d after %d",
                           t->path, i, t->length[i], t->length[i - 1]);
    }
    t->n_lengths = n;
    return LX_OK;
}

static enum lx_code read_table(const struct lx_json *obj, void *entry, void *context,
                               struct lx_arena *arena, struct lx_err *err)
{
    static const char *const extra[] = {"lengths", "rows", NULL};
    const struct lx_json *rows = lx_json_find(obj, "rows");
    struct lx_published *t = entry;
    struct lx_entries entries = {.size = sizeof(*t->row), .read = read_row, .context = t};

    (void)context;
    if (lx_options_parse(lx_published_options, obj, t->path, extra, t, arena, err))
        return err->code;
    if (t->source[0] == '\0')
        return lx_fail(err, LX_ECONFIG, "%s.source: must not be empty", t->path);
    if (read_lengths(lx_json_find(obj, "lengths"), t, arena, err) != LX_OK)
        return err->code;
    if (lx_json_type(rows) != LX_JSON_ARRAY || lx_json_count(rows) == 0)
        return lx_fail(err, LX_ECONFIG, "%s.rows: must be a non-empty array", t->path);
    if (lx_arena_format(arena, &entries.path, err, "%s.rows", t->path))
        return err->code;
    return lx_entries_read(&entries, rows, &t->row, &t->n_rows, arena, err);
}

enum lx_code lx_published_parse(struct lx_published_list *p, const struct lx_json *list,
                                struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_entries entries = {"published", sizeof(*p->item), read_table, NULL};

    *p = (struct lx_published_list){0};
    return lx_entries_read(&entries, list, &p->item, &p->n, arena, err);
}
