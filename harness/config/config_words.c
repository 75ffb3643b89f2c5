/* Stacks as one word, "NAME+NAME", and encodings as one object, {"name": ..., options}: the short forms
 * of {"stack": [...]}. */
#include <string.h>

#include "config/config_internal.h"
#include "text/options.h"

/* The option of a scheme that has `word` among its choices; NULL: none has. */
static const struct lx_option *option_with(const struct lx_encoding_ops *ops, const char *word)
{
    char name[512];

    for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++) {
        if (o->type != LX_OPT_CHOICE)
            continue;
        for (int i = 0;; i++) {
            lx_option_choice_name(o, i, name, sizeof(name));
            if (strcmp(name, "?") == 0)
                break;
            if (strcmp(name, word) == 0)
                return o;
        }
    }
    return NULL;
}

/* Write one word; `before` is the scheme before it, whose object is open. */
static bool add_word(const char *word, const struct lx_encoding_ops **before,
                     struct lx_json_writer *w)
{
    const struct lx_encoding_ops *ops = lx_encoding_find(word);
    const struct lx_option *o = NULL;

    if (ops == NULL && *before != NULL)
        o = option_with(*before, word);
    if (o != NULL)
        lx_json_add_text(w, o->key, word);
    if (ops == NULL)
        return o != NULL;
    if (*before != NULL)
        lx_json_close_object(w);
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "name", word);
    *before = ops;
    return true;
}

enum lx_code lx_config_words(const char *words, struct lx_arena *arena, struct lx_buf *out,
                             const char **unknown, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out};
    const struct lx_encoding_ops *before = NULL;

    *unknown = NULL;
    lx_json_open_array(&w, NULL);
    for (const char *p = words;; p++) {
        size_t n = strcspn(p, "+");
        const char *word;

        if (lx_arena_copy(arena, p, n, &word, err))
            return err->code;
        if (!add_word(word, &before, &w)) {
            *unknown = word;
            return LX_OK;
        }
        p += n;
        if (*p == '\0')
            break;
    }
    if (before != NULL)
        lx_json_close_object(&w);
    lx_json_close_array(&w);
    return lx_buf_check(out, err);
}

enum lx_code lx_config_stack_text(const char *text, const char *what, struct lx_arena *arena,
                                  const char **json, struct lx_err *err)
{
    struct lx_buf out = {0};
    const char *unknown;
    enum lx_code code;

    *json = text;
    if (text == NULL || strchr("[{\"", text[0]) != NULL)
        return LX_OK;
    code = lx_config_words(text, arena, &out, &unknown, err);
    if (code == LX_OK && unknown != NULL)
        code = lx_stack_unknown(unknown, what, LX_EUSAGE, err);
    if (code == LX_OK)
        code = lx_buf_keep(&out, arena, json, err);
    lx_buf_free(&out);
    return code;
}

/* ------------------------------------------------------------------------------- entries by name */

bool lx_config_is_named(const struct lx_json *v)
{
    return lx_json_find(v, "name") != NULL && lx_json_find(v, "stack") == NULL;
}

static bool is_in(const char *key, const char *const *keys)
{
    while (*keys != NULL && strcmp(*keys, key) != 0)
        keys++;
    return *keys != NULL;
}

static void add_entry(struct lx_json_writer *w, const struct lx_json *v, const char *const *keys);

static void add_entries(struct lx_json_writer *w, const char *key, const struct lx_json *list,
                        const char *const *keys)
{
    lx_json_open_array(w, key);
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v))
        add_entry(w, v, keys);
    lx_json_close_array(w);
}

/* The members of an entry that are its own (keys), or that belong to its scheme. */
static void add_members(struct lx_json_writer *w, const struct lx_json *v, const char *const *keys,
                        bool own)
{
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        const char *key = lx_json_key(m);

        if (is_in(key, keys) != own)
            continue;
        if (strcmp(key, "evaluate_as") == 0 && lx_json_type(m) == LX_JSON_ARRAY)
            add_entries(w, key, m, keys);
        else
            lx_json_add_value(w, key, m);
    }
}

static void add_entry(struct lx_json_writer *w, const struct lx_json *v, const char *const *keys)
{
    if (lx_json_type(v) != LX_JSON_OBJECT) {
        lx_json_add_value(w, NULL, v);
        return;
    }
    lx_json_open_object(w, NULL);
    if (lx_config_is_named(v)) {
        lx_json_open_array(w, "stack");
        lx_json_open_object(w, NULL);
        add_members(w, v, keys, false);
        lx_json_close_object(w);
        lx_json_close_array(w);
        add_members(w, v, keys, true);
    } else {
        for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m))
            if (strcmp(lx_json_key(m), "evaluate_as") == 0 && lx_json_type(m) == LX_JSON_ARRAY)
                add_entries(w, "evaluate_as", m, keys);
            else
                lx_json_add_value(w, lx_json_key(m), m);
    }
    lx_json_close_object(w);
}

enum lx_code lx_config_unname(const struct lx_json *list, const char *const *keys,
                              struct lx_json **out, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code = LX_OK;

    *out = NULL;
    add_entries(&w, NULL, list, keys);
    if (lx_buf_check(&text, err) || lx_json_parse(text.text, text.len, "encodings", out, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}
