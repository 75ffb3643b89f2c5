/* Values of a config that several sections have: keys, names, lists, places in messages. */
#include <string.h>

#include "config/config_internal.h"
#include "config/keys.h"
#include "text/nearest.h"

enum lx_code lx_config_at(struct lx_err *err, const char *path)
{
    struct lx_err inner = *err;

    (void)lx_fail(err, inner.code, "%s.%s", path, inner.text);
    memcpy(err->hint, inner.hint, sizeof(err->hint));
    return err->code;
}

static enum lx_code unknown_key(const char *got, const char *path, const char *const *keys,
                                size_t n, struct lx_err *err)
{
    const char *home = path[0] == '\0' ? lx_keys_home(got) : NULL;

    (void)lx_fail_unknown(err, LX_ECONFIG, got, keys, n, "%s%sunknown key", path,
                          path[0] == '\0' ? "" : ": ");
    return home == NULL
               ? LX_ECONFIG
               : lx_hint(err, "it is a key of \"%s\": {\"%s\": {\"%s\": ...}}, or %s.%s=...", home,
                         home, got, home, got);
}

enum lx_code lx_config_keys(const struct lx_json *obj, const char *path, const char *const *keys,
                            struct lx_err *err)
{
    size_t n = 0;

    while (keys[n] != NULL)
        n++;
    for (const struct lx_json *m = lx_json_first(obj); m != NULL; m = lx_json_next(m)) {
        const char *got = lx_json_key(m);
        size_t i = 0;

        while (i < n && strcmp(keys[i], got) != 0)
            i++;
        if (i == n)
            return unknown_key(got, path, keys, n, err);
    }
    return LX_OK;
}

enum lx_code lx_config_name(const struct lx_json *v, const char *path, const char *punctuation,
                            const char **out, struct lx_err *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *text = lx_json_text(v);

    if (v == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given", path);
    if (text == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be a string, got %s", path,
                       lx_json_type_name(lx_json_type(v)));
    for (const char *p = text; *p != '\0'; p++)
        if (strchr(plain, *p) == NULL && strchr(punctuation, *p) == NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s: must be made of letters, digits and %s, got \"%.80s\"", path,
                           punctuation, text);
    if (text[0] == '\0' || text[0] == '.' || strlen(text) > 100)
        return lx_fail(err, LX_ECONFIG,
                       "%s: must have 1 to 100 characters and not begin with a dot, got \"%.80s\"",
                       path, text);
    *out = text;
    return LX_OK;
}

enum lx_code lx_config_object(const struct lx_json *root, const char *key,
                              const struct lx_json **out, struct lx_err *err)
{
    *out = lx_json_find(root, key);
    if (*out != NULL && lx_json_type(*out) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object, got %s", key,
                       lx_json_type_name(lx_json_type(*out)));
    return LX_OK;
}

enum lx_code lx_config_no_array(const struct lx_json *v, const char *path, struct lx_err *err)
{
    const char *text = lx_json_text(v);

    (void)lx_fail(err, LX_ECONFIG, "%s: must be an array, got %s", path,
                  lx_json_type_name(lx_json_type(v)));
    return text != NULL ? lx_hint(err, "in brackets, of one too: [\"%.80s\"]", text)
                        : lx_hint(err, "in brackets, of one too: [...]");
}

enum lx_code lx_config_list(const struct lx_json *list, const char *path, size_t least, size_t *n,
                            struct lx_err *err)
{
    *n = lx_json_count(list);
    if (list == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given", path);
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_config_no_array(list, path, err);
    if (*n < least)
        return lx_fail(err, LX_ECONFIG, "%s: must not be empty", path);
    return LX_OK;
}
