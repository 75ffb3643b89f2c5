/* JSON documents; see json.h. The tree is cJSON's, and this is the only file that knows it.
 *
 * Order of a parse: lx_json_scan checks the text, cJSON builds the tree (so its laxness never
 * shows), then duplicate keys are looked for in the tree, where escapes are already resolved. */
#include "json/json.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "json/json_internal.h"
#include "json/json_scan.h"
#include "system/fs.h"

static const cJSON *tree(const struct lx_json *v)
{
    return (const cJSON *)v;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

/* Put the keys of an object in order and return one that occurs twice, or NULL. */
static enum lx_code find_duplicate(const cJSON *object, const char **key, struct lx_err *err)
{
    const char **keys;
    size_t n = lx_json_count((const struct lx_json *)object), i = 0;
    const cJSON *c;

    *key = NULL;
    if (n < 2)
        return LX_OK;
    keys = malloc(n * sizeof(*keys));
    if (keys == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for %zu keys", n);
    cJSON_ArrayForEach(c, object) keys[i++] = c->string;
    qsort(keys, n, sizeof(*keys), by_text);
    for (i = 1; i < n && *key == NULL; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            *key = keys[i];
    free(keys);
    return LX_OK;
}

/* The path grows outwards while the failure returns: a place in `path` that this level left free is
 * filled in by its parents, so only the failing branch pays for it. */
static enum lx_code check_keys(const cJSON *v, struct lx_buf *path, struct lx_err *err)
{
    size_t len = path->len, index = 0;
    const cJSON *c;
    enum lx_code code;

    if (cJSON_IsObject(v)) {
        const char *key;

        code = find_duplicate(v, &key, err);
        if (code != LX_OK)
            return code;
        if (key != NULL)
            return lx_fail(err, LX_ECONFIG, "%s%s%s: duplicate key", len > 0 ? path->text : "",
                           len > 0 ? "." : "", key);
    }
    cJSON_ArrayForEach(c, v)
    {
        if (c->child != NULL) {
            if (cJSON_IsObject(v))
                lx_buf_printf(path, "%s%s", len > 0 ? "." : "", c->string);
            else
                lx_buf_printf(path, "[%zu]", index);
            code = lx_buf_check(path, err);
            if (code == LX_OK)
                code = check_keys(c, path, err);
            if (code != LX_OK)
                return code;
            path->len = len;
            path->text[len] = '\0';
        }
        index++;
    }
    return LX_OK;
}

enum lx_code lx_json_parse(const char *text, size_t n, const char *name, struct lx_json **root,
                           struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code;
    cJSON *t;

    *root = NULL;
    code = lx_json_scan(text, n, name, err);
    if (code != LX_OK)
        return code;
    t = cJSON_ParseWithLength(text, n);
    if (t == NULL)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory for %zu bytes of JSON", name, n);
    code = check_keys(t, &path, err);
    lx_buf_free(&path);
    if (code != LX_OK) {
        cJSON_Delete(t);
        return lx_wrap(err, "%s", name);
    }
    *root = (struct lx_json *)t;
    return LX_OK;
}

enum lx_code lx_json_read(const char *path, struct lx_json **root, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = lx_fs_read(path, &text, err);

    *root = NULL;
    if (code == LX_OK)
        code = lx_json_parse(text.text, text.len, path, root, err);
    else if (code == LX_EDATA)
        err->code = code = LX_ECONFIG;
    lx_buf_free(&text);
    return code;
}

void lx_json_free(struct lx_json *root)
{
    cJSON_Delete((cJSON *)root);
}

enum lx_json_type lx_json_type(const struct lx_json *v)
{
    if (v == NULL)
        return LX_JSON_NULL;
    switch (tree(v)->type & 0xFF) {
    case cJSON_True:
    case cJSON_False:
        return LX_JSON_BOOL;
    case cJSON_Number:
        return LX_JSON_NUMBER;
    case cJSON_String:
        return LX_JSON_TEXT;
    case cJSON_Array:
        return LX_JSON_ARRAY;
    case cJSON_Object:
        return LX_JSON_OBJECT;
    default:
        return LX_JSON_NULL;
    }
}

const char *lx_json_type_name(enum lx_json_type t)
{
    switch (t) {
    case LX_JSON_BOOL:
        return "true or false";
    case LX_JSON_NUMBER:
        return "a number";
    case LX_JSON_TEXT:
        return "a string";
    case LX_JSON_ARRAY:
        return "an array";
    case LX_JSON_OBJECT:
        return "an object";
    case LX_JSON_NULL:
        break;
    }
    return "null";
}

static const struct lx_json *find_member(const struct lx_json *obj, const char *key, size_t n)
{
    if (lx_json_type(obj) != LX_JSON_OBJECT)
        return NULL;
    for (obj = lx_json_first(obj); obj != NULL; obj = lx_json_next(obj))
        if (strlen(tree(obj)->string) == n && memcmp(tree(obj)->string, key, n) == 0)
            return obj;
    return NULL;
}

const struct lx_json *lx_json_find(const struct lx_json *obj, const char *key)
{
    return find_member(obj, key, strlen(key));
}

const struct lx_json *lx_json_first(const struct lx_json *v)
{
    return v == NULL ? NULL : (const struct lx_json *)tree(v)->child;
}

const struct lx_json *lx_json_next(const struct lx_json *v)
{
    return v == NULL ? NULL : (const struct lx_json *)tree(v)->next;
}

const char *lx_json_key(const struct lx_json *v)
{
    return v == NULL ? NULL : tree(v)->string;
}

size_t lx_json_count(const struct lx_json *v)
{
    size_t n = 0;

    for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c))
        n++;
    return n;
}

double lx_json_number(const struct lx_json *v)
{
    return lx_json_type(v) == LX_JSON_NUMBER ? tree(v)->valuedouble : 0.0;
}

bool lx_json_bool(const struct lx_json *v)
{
    return cJSON_IsTrue(tree(v)) != 0;
}

const char *lx_json_text(const struct lx_json *v)
{
    return lx_json_type(v) == LX_JSON_TEXT ? tree(v)->valuestring : NULL;
}

enum lx_code lx_json_clone(const struct lx_json *v, struct lx_json **copy, struct lx_err *err)
{
    *copy = (struct lx_json *)(v == NULL ? cJSON_CreateNull() : cJSON_Duplicate(tree(v), 1));
    if (*copy == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for a copy of a JSON value");
    return LX_OK;
}

struct lx_json *lx_json_new_object(void)
{
    return (struct lx_json *)cJSON_CreateObject();
}

struct lx_json *lx_json_new_text(const char *text)
{
    return (struct lx_json *)cJSON_CreateString(text);
}

/* Children of a document that may be changed; the pointers of cJSON's nodes are not const. */
struct lx_json *lx_json_member(struct lx_json *obj, const char *key, size_t n)
{
    struct lx_json *c = NULL;

    if (lx_json_type(obj) == LX_JSON_OBJECT)
        c = (struct lx_json *)((cJSON *)obj)->child;
    while (c != NULL && (strlen(tree(c)->string) != n || memcmp(tree(c)->string, key, n) != 0))
        c = (struct lx_json *)((cJSON *)c)->next;
    return c;
}

struct lx_json *lx_json_element(struct lx_json *array, size_t index)
{
    struct lx_json *c = NULL;

    if (lx_json_type(array) == LX_JSON_ARRAY)
        c = (struct lx_json *)((cJSON *)array)->child;
    while (c != NULL && index-- > 0)
        c = (struct lx_json *)((cJSON *)c)->next;
    return c;
}

bool lx_json_attach(struct lx_json *obj, const char *key, struct lx_json *value)
{
    return cJSON_AddItemToObject((cJSON *)obj, key, (cJSON *)value) != 0;
}

void lx_json_put(struct lx_json *slot, struct lx_json *value)
{
    cJSON *to = (cJSON *)slot, *from = (cJSON *)value;
    cJSON old = *to;

    to->type = from->type;
    to->child = from->child;
    to->valuestring = from->valuestring;
    to->valueint = from->valueint;
    to->valuedouble = from->valuedouble;
    from->type = old.type;
    from->child = old.child;
    from->valuestring = old.valuestring;
    cJSON_Delete(from);
}

enum lx_code lx_json_replace(struct lx_json *obj, const char *key, const struct lx_json *value,
                             struct lx_err *err)
{
    struct lx_json *slot = lx_json_member(obj, key, strlen(key)), *copy;
    enum lx_code code;

    if (lx_json_type(obj) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: cannot be a member of %s", key,
                       lx_json_type_name(lx_json_type(obj)));
    code = lx_json_clone(value, &copy, err);
    if (code != LX_OK)
        return code;
    if (slot != NULL) {
        lx_json_put(slot, copy);
    } else if (!lx_json_attach(obj, key, copy)) {
        lx_json_free(copy);
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", key);
    }
    return LX_OK;
}

bool lx_json_remove(struct lx_json *obj, const char *key)
{
    struct lx_json *member = lx_json_member(obj, key, strlen(key));

    if (member == NULL)
        return false;
    cJSON_Delete(cJSON_DetachItemViaPointer((cJSON *)obj, (cJSON *)member));
    return true;
}
