/* Overrides of the command line: KEY=VALUE put into the document, lists in the form in which one types
 * them (encodings=rope,alibi seeds=1..5); null takes a section out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"

/* Keys whose value is a list, wherever they are. */
static const char *const list_keys[] = {"encodings", "only",  "evaluate_as", "seeds",
                                        "lengths",   "modes", "analyses"};

static bool is_list(const char *path)
{
    const char *dot = strrchr(path, '.'), *key = dot != NULL ? dot + 1 : path;

    for (size_t i = 0; i < sizeof(list_keys) / sizeof(list_keys[0]); i++)
        if (strcmp(key, list_keys[i]) == 0)
            return true;
    return false;
}

/* "1..5": both ends are whole numbers, and are in it. */
static bool read_range(const char *text, long long *from, long long *to)
{
    char *end;

    errno = 0;
    *from = strtoll(text, &end, 10);
    if (end == text || strncmp(end, "..", 2) != 0 || end[2] < '0' || end[2] > '9')
        return false;
    *to = strtoll(end + 2, &end, 10);
    return *end == '\0' && errno == 0 && *from <= *to && *to - *from < LX_MAX_CELLS;
}

/* One element: a range, JSON, or a text. */
static enum lx_code add_element(struct lx_json_writer *w, const char *text, struct lx_err *err)
{
    struct lx_json *v = NULL;
    struct lx_err ignored;
    enum lx_code code;
    long long from, to;

    if (read_range(text, &from, &to)) {
        for (; from <= to; from++)
            lx_json_add_int(w, NULL, from);
        return LX_OK;
    }
    code = lx_json_parse(text, strlen(text), "element", &v, &ignored);
    if (code == LX_ENOMEM)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (code == LX_OK)
        lx_json_add_value(w, NULL, v);
    else
        lx_json_add_text(w, NULL, text);
    lx_json_free(v);
    return LX_OK;
}

/* "a,b,c" as the JSON array that it means. */
static enum lx_code list_text(const char *value, struct lx_arena *arena, struct lx_buf *out,
                              struct lx_err *err)
{
    struct lx_json_writer w = {.out = out};

    lx_json_open_array(&w, NULL);
    for (const char *p = value;; p++) {
        size_t n = value[0] == '{' ? strlen(value) : strcspn(p, ",");
        const char *item;

        if (lx_arena_copy(arena, p, n, &item, err) || add_element(&w, item, err))
            return err->code;
        p += n;
        if (*p == '\0')
            break;
    }
    lx_json_close_array(&w);
    return lx_buf_check(out, err);
}

/* What begins like an array or an object must be one: it was not meant as a word. */
static enum lx_code check_json(const char *path, const char *value, struct lx_err *err)
{
    struct lx_json *v = NULL;
    enum lx_code code = LX_OK;

    if (value[0] == '[' || value[0] == '{')
        code = lx_json_parse(value, strlen(value), path, &v, err);
    lx_json_free(v);
    return code;
}

enum lx_code lx_config_override(struct lx_config *c, const char *text, struct lx_err *err)
{
    const char *equals = strchr(text, '='), *path, *value;
    struct lx_buf list = {0};
    enum lx_code code;

    if (equals == NULL || equals == text)
        return lx_fail(err, LX_EUSAGE, "an override must be key=value, got \"%.80s\"", text);
    value = equals + 1;
    if (lx_arena_copy(&c->arena, text, (size_t)(equals - text), &path, err) ||
        check_json(path, value, err))
        return err->code;
    /* A section that is not wanted: tune=null. */
    if (strcmp(value, "null") == 0 && strpbrk(path, ".[") == NULL && lx_json_remove(c->doc, path))
        return LX_OK;
    if (is_list(path) && value[0] != '[' && value[0] != '\0') {
        if (list_text(value, &c->arena, &list, err) == LX_OK)
            value = list.text;
        else
            value = NULL;
    }
    code = value != NULL ? lx_json_set(c->doc, path, value, err) : err->code;
    lx_buf_free(&list);
    return code;
}
