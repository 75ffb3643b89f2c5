/* Overrides: putting a value at a path like "encodings[2].stack[0].base"; see lx_json_set.
 *
 * All or nothing: the value and whatever objects are missing on the way are built first and hooked
 * in by one last step, so that a failure leaves the document as it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "json/json_internal.h"
#include "json/json_scan.h"

#define KEY_BYTES 256

/* One step of a path: a key of `len` bytes, or (key NULL) an index. */
struct step {
    const char *key;
    size_t len, index;
};

static int depth_of(const struct lx_json *v)
{
    enum lx_json_type t = lx_json_type(v);
    int deepest = 0;

    if (t != LX_JSON_OBJECT && t != LX_JSON_ARRAY)
        return 0;
    for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c)) {
        int d = depth_of(c);

        deepest = d > deepest ? d : deepest;
    }
    return deepest + 1;
}

/* Cut the next step from *path. False: the syntax is wrong there. */
static bool next_step(const char **path, bool first, struct step *s)
{
    const char *p = *path;

    memset(s, 0, sizeof(*s));
    if (*p == '[' && !first) {
        char *end;

        if (p[1] < '0' || p[1] > '9')
            return false;
        errno = 0;
        s->index = strtoul(p + 1, &end, 10);
        if (errno != 0 || *end != ']')
            return false;
        *path = end + 1;
        return **path == '\0' || **path == '.' || **path == '[';
    }
    if (!first && *p++ != '.')
        return false;
    s->key = p;
    s->len = strcspn(p, ".[]");
    *path = p + s->len;
    return s->len > 0 && **path != ']';
}

/* Check a whole path: its syntax, its keys and, with the depth of the value, the nesting. */
static enum lx_code check_path(const char *path, int depth, struct lx_err *err)
{
    const char *p = path;
    struct step s;
    int n = 0;

    if (!lx_utf8_valid(path, strlen(path)))
        return lx_fail(err, LX_ECONFIG, "the path of a setting must be valid UTF-8");
    do {
        if (!next_step(&p, n == 0, &s))
            return lx_fail(err, LX_ECONFIG, "\"%s\": must be a path like a.b[2].c", path);
        if (s.len >= KEY_BYTES)
            return lx_fail(err, LX_ECONFIG, "\"%s\": a key may have at most %d bytes", path,
                           KEY_BYTES - 1);
        n++;
    } while (*p != '\0');
    if (n + depth > LX_JSON_DEPTH)
        return lx_fail(err, LX_ECONFIG, "%s: nested deeper than %d levels", path, LX_JSON_DEPTH);
    return LX_OK;
}

/* The value of an override: JSON, or else the text itself as a string. */
static enum lx_code parse_value(const char *path, const char *text, struct lx_json **value,
                                struct lx_err *err)
{
    enum lx_code code = lx_json_parse(text, strlen(text), path, value, err);

    if (code != LX_ECONFIG)
        return code;
    if (!lx_utf8_valid(text, strlen(text)))
        return lx_fail(err, LX_ECONFIG, "%s: the value must be valid UTF-8", path);
    *value = lx_json_new_text(text);
    if (*value == NULL)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", path);
    return LX_OK;
}

/* Add *value to obj under the key of s. On success *value is NULL: obj owns it. */
static enum lx_code attach(struct lx_json *obj, const struct step *s, const char *path,
                           struct lx_json **value, struct lx_err *err)
{
    char key[KEY_BYTES];

    memcpy(key, s->key, s->len);
    key[s->len] = '\0';
    if (!lx_json_attach(obj, key, *value))
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", path);
    *value = NULL;
    return LX_OK;
}

/* Wrap *value in new objects for the steps of `rest`, outermost first. The caller owns *value before
 * and after, also on failure. */
static enum lx_code wrap_value(const char *rest, const char *path, struct lx_json **value,
                               struct lx_err *err)
{
    const char *p = rest;
    struct step s;
    struct lx_json *object;
    enum lx_code code;

    if (*p == '\0')
        return LX_OK;
    if (!next_step(&p, false, &s) || s.key == NULL)
        return lx_fail(err, LX_ECONFIG, "%.*s: no such array element", (int)(p - path), path);
    code = wrap_value(p, path, value, err);
    if (code != LX_OK)
        return code;
    object = lx_json_new_object();
    if (object == NULL)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", path);
    code = attach(object, &s, path, value, err);
    if (code != LX_OK)
        lx_json_free(object);
    else
        *value = object;
    return code;
}

/* Walk to the place that `path` names and put *value there (*value is NULL then). */
static enum lx_code set_value(struct lx_json *at, const char *path, struct lx_json **value,
                              struct lx_err *err)
{
    const char *p = path;
    struct step s;

    while (*p != '\0' && next_step(&p, p == path, &s)) {
        struct lx_json *next;

        if (s.key == NULL) {
            next = lx_json_element(at, s.index);
            if (next == NULL)
                return lx_fail(err, LX_ECONFIG, "%.*s: no such array element", (int)(p - path),
                               path);
        } else if (lx_json_type(at) != LX_JSON_OBJECT) {
            int before = s.key > path ? (int)(s.key - path) - 1 : 0;

            return lx_fail(err, LX_ECONFIG, "%.*s: is %s, so it has no member \"%.*s\"", before,
                           path, lx_json_type_name(lx_json_type(at)), (int)s.len, s.key);
        } else {
            next = lx_json_member(at, s.key, s.len);
            if (next == NULL) {
                enum lx_code code = wrap_value(p, path, value, err);

                return code != LX_OK ? code : attach(at, &s, path, value, err);
            }
        }
        at = next;
    }
    lx_json_put(at, *value);
    *value = NULL;
    return LX_OK;
}

enum lx_code lx_json_set(struct lx_json *root, const char *path, const char *value,
                         struct lx_err *err)
{
    struct lx_json *v = NULL;
    enum lx_code code = parse_value(path, value, &v, err);

    if (code == LX_OK && (check_path(path, depth_of(v), err) || set_value(root, path, &v, err)))
        code = err->code;
    lx_json_free(v);
    return code;
}
