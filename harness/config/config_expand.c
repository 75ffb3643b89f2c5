/* Sweeps in entries: {"sweep": [...]} in place of a rate, or of an option's value in the stack at any
 * depth, makes several entries of one, each with an id that says its values. */
#include <stdio.h>
#include <string.h>

#include "config/config_internal.h"

#define MOST_SWEEPS 8

struct place {
    const struct lx_json *values;
    const char *key; /* "dist", "learned.r.init" */
};

struct expansion {
    struct lx_arena *arena;
    struct place place[MOST_SWEEPS];
    size_t n;
    size_t at;                  /* sweep that is written next */
    size_t choice[MOST_SWEEPS]; /* which of its values each takes */
};

/* The values, if v is a sweep. */
static const struct lx_json *values_of(const struct lx_json *v)
{
    const struct lx_json *values = lx_json_find(v, "sweep");

    return lx_json_type(v) == LX_JSON_OBJECT && lx_json_count(v) == 1 &&
                   lx_json_type(values) == LX_JSON_ARRAY
               ? values
               : NULL;
}

/* Note all sweeps in v; `key` is the way to it. */
static enum lx_code collect(struct expansion *x, const struct lx_json *v, const char *key,
                            const char *path, struct lx_err *err)
{
    const struct lx_json *values = values_of(v);

    if (values != NULL) {
        if (x->n == MOST_SWEEPS)
            return lx_fail(err, LX_ECONFIG, "%s: must have at most %d sweeps", path, MOST_SWEEPS);
        if (lx_json_count(values) == 0)
            return lx_fail(err, LX_ECONFIG, "%s: %s.sweep: must not be empty", path, key);
        x->place[x->n++] = (struct place){values, key};
        return LX_OK;
    }
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        const char *name = lx_json_key(m), *way = key;

        if (name != NULL && lx_arena_format(x->arena, &way, err, "%s%s%s", key,
                                            key[0] != '\0' ? "." : "", name) != LX_OK)
            return err->code;
        if (collect(x, m, way, path, err))
            return err->code;
    }
    return LX_OK;
}

/* Whether a member of an entry may be swept or hold sweeps. */
static bool is_swept(const char *key)
{
    return strcmp(key, "stack") == 0 || strcmp(key, "lr") == 0 || strcmp(key, "array_lr") == 0;
}

/* The sweeps of an entry, in the order of its members. */
static enum lx_code collect_entry(struct expansion *x, const struct lx_json *v, const char *path,
                                  struct lx_err *err)
{
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        const char *key = lx_json_key(m), *at = path;
        bool stack = strcmp(key, "stack") == 0;

        if (stack && lx_arena_format(x->arena, &at, err, "%s.stack", path))
            return err->code;
        if (is_swept(key) && collect(x, m, stack ? "" : key, at, err))
            return err->code;
    }
    return LX_OK;
}

/* v with the chosen values, in the order of collect. */
static void write_chosen(struct expansion *x, const struct lx_json *v, const char *key,
                         struct lx_json_writer *w)
{
    const struct lx_json *values = values_of(v);
    enum lx_json_type t = lx_json_type(v);

    if (values != NULL) {
        const struct lx_json *one = lx_json_first(values);

        for (size_t i = x->choice[x->at++]; i > 0; i--)
            one = lx_json_next(one);
        lx_json_add_value(w, key, one);
    } else if (t == LX_JSON_OBJECT || t == LX_JSON_ARRAY) {
        (t == LX_JSON_OBJECT ? lx_json_open_object : lx_json_open_array)(w, key);
        for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m))
            write_chosen(x, m, t == LX_JSON_OBJECT ? lx_json_key(m) : NULL, w);
        (t == LX_JSON_OBJECT ? lx_json_close_object : lx_json_close_array)(w);
    } else {
        lx_json_add_value(w, key, v);
    }
}

/* "-KEY-VALUE" for every sweep; a value that a name cannot hold by its place among the values, from 1. */
static void write_suffix(const struct expansion *x, struct lx_buf *out)
{
    for (size_t s = 0; s < x->n; s++) {
        const struct lx_json *one = lx_json_first(x->place[s].values);
        const char *text;
        char number[40];

        for (size_t i = x->choice[s]; i > 0; i--)
            one = lx_json_next(one);
        text = lx_json_text(one);
        if (lx_json_type(one) == LX_JSON_NUMBER) {
            lx_number_text(lx_json_number(one), number, sizeof(number));
            text = number;
        } else if (lx_json_type(one) == LX_JSON_BOOL) {
            text = lx_json_bool(one) ? "true" : "false";
        }
        if (text == NULL || text[0] == '\0' || strlen(text) > 32 ||
            strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") !=
                strlen(text)) {
            (void)snprintf(number, sizeof(number), "%zu", x->choice[s] + 1);
            text = number;
        }
        lx_buf_printf(out, "-%s-%s", x->place[s].key, text);
    }
}

/* The name of entry v before its sweeps: its id, or its schemes joined by +. */
static void write_base(const struct lx_json *v, struct lx_buf *out)
{
    const char *id = lx_json_text(lx_json_find(v, "id"));

    if (id != NULL) {
        lx_buf_add(out, id);
        return;
    }
    for (const struct lx_json *m = lx_json_first(lx_json_find(v, "stack")); m != NULL;
         m = lx_json_next(m)) {
        const char *name =
            lx_json_text(lx_json_type(m) == LX_JSON_TEXT ? m : lx_json_find(m, "name"));

        lx_buf_printf(out, "%s%s", out->len > 0 ? "+" : "", name != NULL ? name : "");
    }
}

/* The stacks that the entry is also evaluated under, each named after this choice as well. */
static void write_evaluate_as(const struct lx_json *list, const char *suffix,
                              struct lx_json_writer *w)
{
    lx_json_open_array(w, "evaluate_as");
    for (const struct lx_json *a = lx_json_first(list); a != NULL; a = lx_json_next(a)) {
        struct lx_buf id = {0};

        if (lx_json_type(a) != LX_JSON_OBJECT) {
            lx_json_add_value(w, NULL, a);
            continue;
        }
        write_base(a, &id);
        lx_buf_add(&id, suffix);
        lx_json_open_object(w, NULL);
        lx_json_add_text(w, "id", id.text != NULL ? id.text : "");
        for (const struct lx_json *m = lx_json_first(a); m != NULL; m = lx_json_next(m))
            if (strcmp(lx_json_key(m), "id") != 0)
                lx_json_add_value(w, lx_json_key(m), m);
        lx_json_close_object(w);
        lx_buf_free(&id);
    }
    lx_json_close_array(w);
}

static void write_entry(struct expansion *x, const struct lx_json *v, struct lx_json_writer *w)
{
    struct lx_buf id = {0}, suffix = {0};

    write_base(v, &id);
    write_suffix(x, &suffix);
    lx_buf_add(&id, suffix.text != NULL ? suffix.text : "");
    x->at = 0;
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "id", id.text != NULL ? id.text : "");
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        const char *key = lx_json_key(m);

        if (is_swept(key))
            write_chosen(x, m, key, w);
        else if (strcmp(key, "evaluate_as") == 0 && lx_json_type(m) == LX_JSON_ARRAY)
            write_evaluate_as(m, suffix.text != NULL ? suffix.text : "", w);
        else if (strcmp(key, "id") != 0)
            lx_json_add_value(w, key, m);
    }
    lx_json_close_object(w);
    w->out->failed = w->out->failed || id.failed || suffix.failed;
    lx_buf_free(&id);
    lx_buf_free(&suffix);
}

/* The next choice, the last sweep fastest; false: it was the last one. */
static bool advance(struct expansion *x)
{
    for (size_t s = x->n; s-- > 0;) {
        if (++x->choice[s] < lx_json_count(x->place[s].values))
            return true;
        x->choice[s] = 0;
    }
    return false;
}

enum lx_code lx_config_expand(const struct lx_json *list, struct lx_arena *arena,
                              struct lx_json **out, size_t **origin, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    size_t at = 0, n = 0;
    enum lx_code code =
        lx_arena_get(arena, LX_MAX_CELLS, sizeof(**origin), origin, "encodings", err);

    *out = NULL;
    lx_json_open_array(&w, NULL);
    for (const struct lx_json *v = lx_json_first(list); v != NULL && code == LX_OK;
         v = lx_json_next(v), at++) {
        struct expansion x = {.arena = arena};
        const char *path = lx_arena_printf(arena, "encodings[%zu]", at);

        if (path == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory");
        else if (lx_json_type(v) == LX_JSON_OBJECT)
            code = collect_entry(&x, v, path, err);
        do {
            if (code == LX_OK && n == LX_MAX_CELLS)
                code = lx_fail(err, LX_ECONFIG, "encodings: must be at most %d, sweeps included",
                               LX_MAX_CELLS);
            if (code != LX_OK)
                break;
            (*origin)[n++] = at;
            if (x.n > 0)
                write_entry(&x, v, &w);
            else
                lx_json_add_value(&w, NULL, v);
        } while (advance(&x));
    }
    lx_json_close_array(&w);
    if (code == LX_OK &&
        (lx_buf_check(&text, err) || lx_json_parse(text.text, text.len, "encodings", out, err)))
        code = err->code;
    lx_buf_free(&text);
    return code;
}
