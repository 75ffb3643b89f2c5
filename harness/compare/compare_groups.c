/* Keys that one side has alone, said in a few words: what has gone as a whole is named as a whole. */
#include <string.h>

#include "compare/compare_words.h"
#include "text/escape.h"

static void add_train_length(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_buf_printf(out, "%d", k->train_length);
}

static void add_eval_length(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_buf_printf(out, "%d", k->eval_length);
}

static void add_metric(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_escape_control(out, k->metric);
}

/* The parts of a key, in the order in which one would name what is gone. */
static const struct part {
    const char *one, *many;
    void (*add)(struct lx_buf *, const struct lx_compare_key *);
} parts[] = {{"dataset", "datasets", lx_compare_data},
             {"training length", "training lengths", add_train_length},
             {"encoding", "encodings", lx_compare_encoding},
             {"mode", "modes", lx_compare_mode},
             {"evaluation length", "evaluation lengths", add_eval_length},
             {"metric", "metrics", add_metric}};
enum { PARTS = sizeof(parts) / sizeof(parts[0]), NAMED = 12, MOST = 64 };

struct grouping {
    const struct lx_comparison *c;
    struct lx_arena arena;
    const char **value; /* (lines of c) of the part at hand */
    bool *gone;         /* (lines of c) named already */
};

static bool on_side(const struct lx_compare_line *l, enum lx_compare_verdict v)
{
    return (v == LX_VERDICT_MISSING ? l->old.seeds : l->new.seeds) > 0;
}

/* The part of every key as text, equal texts at equal addresses. */
static enum lx_code fill_values(struct grouping *g, const struct part *part, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < g->c->n && code == LX_OK; i++) {
        size_t k = 0, seen = 0;

        lx_buf_clear(&text);
        part->add(&text, &g->c->line[i].key);
        code = lx_buf_check(&text, err);
        if (code != LX_OK)
            break;
        for (k = i; k-- > 0 && seen < 64; seen++) /* keys are sorted: most often just before */
            if (strcmp(g->value[k], text.text) == 0)
                break;
        g->value[i] = k < i && strcmp(g->value[k], text.text) == 0
                          ? g->value[k]
                          : lx_arena_text(&g->arena, text.text);
        if (g->value[i] == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
    }
    lx_buf_free(&text);
    return code;
}

static bool same(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

/* Whether every key of that value that the side has is of the verdict. */
static bool whole(const struct grouping *g, const char *value, enum lx_compare_verdict v)
{
    for (size_t i = 0; i < g->c->n; i++)
        if (on_side(&g->c->line[i], v) && same(g->value[i], value) && g->c->line[i].verdict != v)
            return false;
    return true;
}

static size_t line_number(const struct grouping *g, const struct lx_compare_line *l)
{
    return (size_t)(l - g->c->line);
}

/* Names the values of a part that went as a whole, unless no key is left that did not. */
static enum lx_code name_part(struct grouping *g, const struct part *part,
                              enum lx_compare_verdict v, const struct lx_compare_line **line,
                              size_t n, void (*say)(void *, const char *), void *ctx,
                              struct lx_err *err)
{
    struct lx_buf names = {0}, text = {0};
    size_t values = 0, keys = 0;
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < n; i++) {
        size_t at = line_number(g, line[i]);
        const char *value = g->value[at];

        if (g->gone[at] || !whole(g, value, v))
            continue;
        for (size_t k = i; k < n; k++)
            if (same(g->value[line_number(g, line[k])], value) &&
                !g->gone[line_number(g, line[k])]) {
                g->gone[line_number(g, line[k])] = true;
                keys++;
            }
        if (values++ < NAMED)
            lx_buf_printf(&names, "%s%s", values > 1 ? ", " : "", value);
    }
    if (values > 0) {
        lx_buf_printf(&text, "%zu %s: %s%s (%zu key%s)", values,
                      values == 1 ? part->one : part->many, names.failed ? "" : names.text,
                      values > NAMED ? ", ..." : "", keys, keys == 1 ? "" : "s");
        if (lx_buf_check(&names, err) || lx_buf_check(&text, err))
            code = err->code;
        else
            say(ctx, text.text);
    }
    lx_buf_free(&names);
    lx_buf_free(&text);
    return code;
}

/* The values that one side has, each once; as many as there is room for. */
static size_t distinct(const struct grouping *g, enum lx_compare_verdict v, const char **out,
                       size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < g->c->n && n < room; i++) {
        size_t k = 0;

        while (k < n && !same(out[k], g->value[i]))
            k++;
        if (k == n && on_side(&g->c->line[i], v))
            out[n++] = g->value[i];
    }
    return n;
}

/* How two sides without a common key differ: "encodings: a, b -> c", if no value is on both. */
static enum lx_code tell_apart(struct grouping *g, const struct part *part,
                               void (*say)(void *, const char *), void *ctx, struct lx_err *err)
{
    const char *side[2][MOST];
    size_t n[2] = {distinct(g, LX_VERDICT_MISSING, side[0], MOST),
                   distinct(g, LX_VERDICT_EXTRA, side[1], MOST)};
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < n[0]; i++)
        for (size_t k = 0; k < n[1]; k++)
            if (same(side[0][i], side[1][k]))
                return LX_OK;
    lx_buf_printf(&text, "%s: ", part->many);
    for (int k = 0; k < 2; k++) {
        lx_buf_add(&text, k == 0 ? "" : " -> ");
        for (size_t i = 0; i < n[k] && i < NAMED; i++)
            lx_buf_printf(&text, "%s%s", i > 0 ? ", " : "", side[k][i]);
        lx_buf_add(&text, n[k] > NAMED ? ", ..." : "");
    }
    if (lx_buf_check(&text, err))
        code = err->code;
    else
        say(ctx, text.text);
    lx_buf_free(&text);
    return code;
}

static enum lx_code begin(struct grouping *g, struct lx_err *err)
{
    return lx_arena_get(&g->arena, g->c->n + 1, sizeof(*g->value), &g->value, "the comparison",
                        err) ||
                   lx_arena_get(&g->arena, g->c->n + 1, sizeof(*g->gone), &g->gone,
                                "the comparison", err)
               ? err->code
               : LX_OK;
}

enum lx_code lx_compare_groups(const struct lx_comparison *c, enum lx_compare_verdict v,
                               const struct lx_compare_line **line, size_t *n,
                               void (*say)(void *ctx, const char *text), void *ctx,
                               struct lx_err *err)
{
    struct grouping g = {.c = c};
    enum lx_code code = begin(&g, err);
    size_t kept = 0;

    for (int i = 0; i < PARTS && code == LX_OK; i++)
        if (fill_values(&g, &parts[i], err) || name_part(&g, &parts[i], v, line, *n, say, ctx, err))
            code = err->code;
    for (size_t i = 0; i < *n && code == LX_OK; i++)
        if (!g.gone[line_number(&g, line[i])])
            line[kept++] = line[i];
    *n = kept;
    lx_arena_free(&g.arena);
    return code;
}

enum lx_code lx_compare_apart(const struct lx_comparison *c,
                              void (*say)(void *ctx, const char *text), void *ctx,
                              struct lx_err *err)
{
    struct grouping g = {.c = c};
    enum lx_code code = begin(&g, err);

    for (int i = 0; i < PARTS && code == LX_OK; i++)
        if (fill_values(&g, &parts[i], err) || tell_apart(&g, &parts[i], say, ctx, err))
            code = err->code;
    lx_arena_free(&g.arena);
    return code;
}
