/* In what the configs of two comparisons differ: the first question about a curve that changed. */
#include <string.h>

#include "compare/compare_internal.h"
#include "json/json.h"
#include "system/fs.h"

enum { MOST = 200, SHOWN = 60 };

char *lx_compare_config_path(struct lx_arena *arena, const char *metrics)
{
    const char *slash = strrchr(metrics, '/'), *base = slash != NULL ? slash + 1 : metrics;
    size_t n = strlen(metrics);

    if (strcmp(base, "metrics.csv") == 0)
        return lx_arena_printf(arena, "%.*sconfig.json", (int)(base - metrics), metrics);
    n -= n > 4 && strcmp(metrics + n - 4, ".csv") == 0 ? 4 : 0;
    return lx_arena_printf(arena, "%.*s.config.json", (int)n, metrics);
}

/* The value as compact JSON, cut where it is long; NULL: there is none. */
static enum lx_code text_of(struct lx_comparison *c, const struct lx_json *v, const char **out,
                            struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code = LX_OK;

    *out = NULL;
    if (v == NULL)
        return LX_OK;
    lx_json_add_value(&w, NULL, v);
    if (lx_buf_check(&text, err)) {
        code = err->code;
    } else {
        *out = text.len <= SHOWN ? lx_arena_text(&c->arena, text.text)
                                 : lx_arena_printf(&c->arena, "%.*s...", SHOWN, text.text);
        if (*out == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
    }
    lx_buf_free(&text);
    return code;
}

static bool equal(const struct lx_json *a, const struct lx_json *b)
{
    struct lx_buf x = {0}, y = {0};
    struct lx_json_writer v = {.out = &x}, w = {.out = &y};
    bool same;

    if (a == NULL || b == NULL)
        return a == b;
    lx_json_add_value(&v, NULL, a);
    lx_json_add_value(&w, NULL, b);
    same = !x.failed && !y.failed && x.len == y.len && memcmp(x.text, y.text, x.len) == 0;
    lx_buf_free(&x);
    lx_buf_free(&y);
    return same;
}

/* The element of a list that has this id (or, of schemes in a stack, this name). */
static const char *id_of(const struct lx_json *v)
{
    const struct lx_json *id = lx_json_find(v, "id");

    return lx_json_type(v) == LX_JSON_OBJECT
               ? lx_json_text(id != NULL ? id : lx_json_find(v, "name"))
               : NULL;
}

static const struct lx_json *find_id(const struct lx_json *list, const char *id)
{
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v))
        if (id_of(v) != NULL && strcmp(id_of(v), id) == 0)
            return v;
    return NULL;
}

/* Every element has an id of its own. */
static bool has_ids(const struct lx_json *list)
{
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return false;
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v))
        if (id_of(v) == NULL || find_id(list, id_of(v)) != v)
            return false;
    return true;
}

static enum lx_code differ(struct lx_comparison *c, const char *path, const struct lx_json *old,
                           const struct lx_json *new, struct lx_err *err);

/* The members of two objects, or of two lists whose elements have ids; those of `new` that `old` lacks
 * (`added`), or all of `old`. */
static enum lx_code differ_members(struct lx_comparison *c, const char *path,
                                   const struct lx_json *old, const struct lx_json *new, bool added,
                                   struct lx_err *err)
{
    bool list = lx_json_type(old) == LX_JSON_ARRAY;

    for (const struct lx_json *v = lx_json_first(added ? new : old); v != NULL;
         v = lx_json_next(v)) {
        const char *name = list ? id_of(v) : lx_json_key(v);
        const struct lx_json *a = list ? find_id(old, name) : lx_json_find(old, name);
        const struct lx_json *b = list ? find_id(new, name) : lx_json_find(new, name);
        const char *inner =
            lx_arena_printf(&c->arena, "%s%s%s", path, path[0] != '\0' ? "." : "", name);

        if (inner == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
        if ((!added || a == NULL) && differ(c, inner, a, b, err))
            return err->code;
    }
    return LX_OK;
}

/* What names or judges a run and does not change its numbers. */
static bool without_effect(const char *path)
{
    static const char *const names[] = {"name", "claims", "published", "plots"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

static enum lx_code differ(struct lx_comparison *c, const char *path, const struct lx_json *old,
                           const struct lx_json *new, struct lx_err *err)
{
    bool objects = lx_json_type(old) == LX_JSON_OBJECT && lx_json_type(new) == LX_JSON_OBJECT;
    struct lx_compare_setting *s = &c->setting[c->n_settings];

    if (without_effect(path) || equal(old, new) || c->n_settings == MOST)
        return LX_OK;
    if (objects || (has_ids(old) && has_ids(new)))
        return differ_members(c, path, old, new, false, err) ||
                       differ_members(c, path, old, new, true, err)
                   ? err->code
                   : LX_OK;
    s->path = path;
    c->n_settings++;
    return text_of(c, old, &s->old, err) || text_of(c, new, &s->new, err) ? err->code : LX_OK;
}

/* NULL: there is no config, or none that can be read; what it explains is not what is compared. */
static enum lx_code read_config(struct lx_comparison *c, const char *metrics, struct lx_json **out,
                                struct lx_err *err)
{
    const char *path = lx_compare_config_path(&c->arena, metrics);
    struct lx_err broken;
    enum lx_fs_kind kind;

    *out = NULL;
    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
    if (lx_fs_look_at(path, &kind, err))
        return err->code;
    if (kind == LX_FS_FILE && lx_json_read(path, out, &broken) == LX_ENOMEM) {
        *err = broken;
        return err->code;
    }
    return LX_OK;
}

enum lx_code lx_compare_configs(struct lx_comparison *c, struct lx_err *err)
{
    struct lx_json *old = NULL, *new = NULL;
    enum lx_code code = LX_OK;

    if (lx_arena_get(&c->arena, MOST + 1, sizeof(*c->setting), &c->setting, "the comparison",
                     err) ||
        read_config(c, c->old_path, &old, err) || read_config(c, c->new_path, &new, err))
        code = err->code;
    c->has_configs = old != NULL && new != NULL;
    if (code != LX_OK || (c->has_configs && differ(c, "", old, new, err)))
        code = err->code;
    lx_json_free(old);
    lx_json_free(new);
    return code;
}
