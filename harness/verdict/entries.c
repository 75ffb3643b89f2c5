/* Reading lists of objects; see entries.h. */
#include "verdict/entries.h"

#include <string.h>

static enum lx_code hint_form(const char *path, struct lx_err *err)
{
    return lx_hint(err, "`longshot describe %.*s` shows how it is written",
                   (int)strcspn(path, "[."), path);
}

enum lx_code lx_entry_object(const struct lx_json *obj, const char *path, struct lx_err *err)
{
    if (lx_json_type(obj) == LX_JSON_OBJECT)
        return LX_OK;
    (void)lx_fail(err, LX_ECONFIG, "%s: must be an object, got %s", path,
                  lx_json_type_name(lx_json_type(obj)));
    return hint_form(path, err);
}

enum lx_code lx_entries_read(const struct lx_entries *e, const struct lx_json *list, void *items,
                             size_t *n, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_json *v = lx_json_first(list);
    size_t count = lx_json_count(list);
    char *all;

    *n = 0;
    if (list == NULL)
        return LX_OK;
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s: must be an array, got %s", e->path,
                       lx_json_type_name(lx_json_type(list)));
    if (count == 0)
        return LX_OK;
    if (lx_arena_get(arena, count, e->size, &all, e->path, err))
        return err->code;
    memcpy(items, &all, sizeof(all));
    for (; *n < count; (*n)++, v = lx_json_next(v)) {
        char *entry = all + *n * e->size;
        const char *path;

        if (lx_arena_format(arena, &path, err, "%s[%zu]", e->path, *n) ||
            lx_entry_object(v, path, err))
            return err->code;
        memcpy(entry, &path, sizeof(path));
        if (e->read(v, entry, e->context, arena, err) != LX_OK)
            return strstr(err->text, "required, but missing") != NULL ? hint_form(path, err)
                                                                      : err->code;
    }
    return LX_OK;
}
