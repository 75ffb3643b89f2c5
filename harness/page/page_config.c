/* The config as it was resolved, line by line, with a mark on what is not the default; and the protocol it
 * amounts to, in sentences. */
#include <string.h>

#include "page/page_internal.h"
#include "text/escape.h"

enum { INDENT = 2, DEEPEST = 64 };

static bool same(const struct lx_json *a, const struct lx_json *b)
{
    enum lx_json_type t = lx_json_type(a);
    const struct lx_json *x, *y;

    if (a == NULL || b == NULL || t != lx_json_type(b))
        return false;
    if (t == LX_JSON_TEXT)
        return strcmp(lx_json_text(a), lx_json_text(b)) == 0;
    if (t == LX_JSON_NUMBER)
        return !(lx_json_number(a) < lx_json_number(b)) && !(lx_json_number(a) > lx_json_number(b));
    if (t == LX_JSON_BOOL)
        return lx_json_bool(a) == lx_json_bool(b);
    for (x = lx_json_first(a), y = lx_json_first(b); x != NULL && y != NULL;
         x = lx_json_next(x), y = lx_json_next(y)) {
        bool keyed = t == LX_JSON_OBJECT;

        if ((keyed && strcmp(lx_json_key(x), lx_json_key(y)) != 0) || !same(x, y))
            return false;
    }
    return x == NULL && y == NULL;
}

static void scalar(const struct lx_json *v, struct lx_buf *out)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};

    lx_json_add_value(&w, NULL, v);
    out->failed = out->failed || text.failed;
    if (!out->failed)
        lx_escape_html(out, text.text);
    lx_buf_free(&text);
}

static bool holds_values(const struct lx_json *v)
{
    enum lx_json_type t = lx_json_type(v);

    return (t == LX_JSON_ARRAY || t == LX_JSON_OBJECT) && lx_json_count(v) > 0;
}

/* Numbers and words side by side take one line. */
static bool is_flat(const struct lx_json *v)
{
    for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c))
        if (holds_values(c))
            return false;
    return lx_json_type(v) != LX_JSON_OBJECT;
}

static const struct lx_json *element(const struct lx_json *list, size_t at)
{
    const struct lx_json *v = lx_json_type(list) == LX_JSON_ARRAY ? lx_json_first(list) : NULL;

    for (; v != NULL && at > 0; at--)
        v = lx_json_next(v);
    return v;
}

/* One value, and its members below it; `marks`: what differs from `usual` is marked. */
static void value(const struct lx_json *v, const struct lx_json *usual, bool marks, int depth,
                  struct lx_buf *out)
{
    bool object = lx_json_type(v) == LX_JSON_OBJECT;
    const char *key = lx_json_key(v);
    bool leaf = !holds_values(v) || is_flat(v) || depth >= DEEPEST;
    bool mark = marks && leaf && !same(v, usual);
    size_t at = 0;

    lx_buf_printf(out, "%*s%s", depth * INDENT, "", mark ? "<mark>" : "");
    if (key != NULL) {
        struct lx_buf name = {0};
        struct lx_json_writer w = {.out = &name};

        lx_json_add_text(&w, NULL, key);
        if (!name.failed)
            lx_escape_html(out, name.text);
        lx_buf_add(out, ": ");
        out->failed = out->failed || name.failed;
        lx_buf_free(&name);
    }
    if (leaf) {
        scalar(v, out);
        lx_buf_add(out, mark ? "</mark>" : "");
    } else {
        lx_buf_add(out, object ? "{\n" : "[\n");
        for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c))
            value(c, object ? lx_json_find(usual, lx_json_key(c)) : element(usual, at++), marks,
                  depth + 1, out);
        lx_buf_printf(out, "%*s%s", depth * INDENT, "", object ? "}" : "]");
    }
    lx_buf_add(out, lx_json_next(v) != NULL && depth > 0 ? ",\n" : "\n");
}

enum lx_code lx_page_config(const struct lx_page *p, struct lx_buf *out, struct lx_err *err)
{
    if (p->config == NULL)
        return LX_OK;
    lx_buf_printf(out, "<details><summary>config.json%s</summary>\n<pre>",
                  p->defaults != NULL ? ", what is not a default marked" : "");
    value(p->config, p->defaults, p->defaults != NULL, 0, out);
    lx_buf_add(out, "</pre></details>\n");
    return lx_buf_check(out, err);
}

/* A number, or the numbers of a list or a sweep: "64, 128". */
static void amounts(const struct lx_json *v, struct lx_buf *out)
{
    const struct lx_json *sweep = lx_json_find(v, "sweep");

    v = sweep != NULL ? sweep : v;
    if (lx_json_type(v) != LX_JSON_ARRAY) {
        scalar(v, out);
        return;
    }
    for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c)) {
        scalar(c, out);
        lx_buf_add(out, lx_json_next(c) != NULL ? ", " : "");
    }
}

/* "words AMOUNTS", if the config has the key. */
static void clause(const struct lx_json *object, const char *key, const char *before,
                   const char *after, struct lx_buf *out)
{
    const struct lx_json *v = lx_json_find(object, key);

    if (v == NULL)
        return;
    lx_buf_add(out, before);
    amounts(v, out);
    lx_buf_add(out, after);
}

/* What was read: the views with perplexities, or all where none has some. */
static void say_views(const struct lx_study *s, struct lx_buf *out)
{
    bool perplexities = false, any = false;

    for (size_t i = 0; i < s->n_sections; i++)
        perplexities |= s->section[i].n_lengths > 0;
    for (size_t i = 0; i < s->n_sections; i++) {
        if (perplexities && s->section[i].n_lengths == 0)
            continue;
        lx_buf_add(out, any ? "; " : " ");
        lx_escape_html(out, s->section[i].title);
        lx_buf_add(out, ", ");
        lx_escape_html(out, s->section[i].detail);
        any = true;
    }
}

void lx_page_protocol(const struct lx_page *p, struct lx_buf *out)
{
    const struct lx_study *s = p->study;
    const struct lx_json *model = lx_json_find(p->config, "model");
    const struct lx_json *train = lx_json_find(p->config, "train");
    size_t n = lx_json_count(lx_json_find(p->config, "encodings"));

    lx_buf_printf(out, "<p>%zu encoding%s trained from scratch with %d seed%s", n,
                  n == 1 ? " was" : "s were each", s->section[0].seeds_max,
                  s->section[0].seeds_max == 1 ? "" : "s");
    clause(model, "layers", ": a model of ", " layers", out);
    clause(model, "d_model", ", width ", "", out);
    clause(model, "heads", " and ", " heads", out);
    clause(train, "steps", ", ", " steps", out);
    clause(train, "batch_tokens", " of ", " tokens", out);
    clause(train, "length", " in sequences of ", "", out);
    clause(train, "lr", ", learning rate ", " at its peak", out);
    lx_buf_add(out, ".\nEach was then read as");
    say_views(s, out);
    lx_buf_add(
        out,
        ".\nNumbers are means over seeds, bands go from the lowest seed to the highest, from five "
        "seeds on they are the 95% interval of the mean, of perplexities that of mean NLL, "
        "exponentiated, over seeds and, where sums by block of text are known, text "
        "(by position at least one standard error over windows). All schemes read the same text, "
        "so two are told apart better than their bands say. Where a seed has no number there is no "
        "mean.</p>\n");
}
