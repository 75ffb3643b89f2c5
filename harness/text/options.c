/* Option tables: defaults, parsing, bounds; see options.h. What a table says about itself (help,
 * schema, written-back values) is in options_text.c. */
#include "text/options.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/nearest.h"
#include "text/options_internal.h"

/* The fields are reached by offset; memcpy keeps the compiler honest about their types. */
static void put_int(void *self, const struct lx_option *o, int v)
{
    memcpy((char *)self + o->offset, &v, sizeof(v));
}

static void put_default(const struct lx_option *o, void *self)
{
    bool b = o->def != 0.0;
    const char *text = o->text;

    switch (o->type) {
    case LX_OPT_INT:
    case LX_OPT_CHOICE:
        put_int(self, o, (int)o->def);
        break;
    case LX_OPT_REAL:
    case LX_OPT_SECONDS:
        memcpy((char *)self + o->offset, &o->def, sizeof(o->def));
        break;
    case LX_OPT_BOOL:
        memcpy((char *)self + o->offset, &b, sizeof(b));
        break;
    case LX_OPT_TEXT:
        memcpy((char *)self + o->offset, &text, sizeof(text));
        break;
    case LX_OPT_NUMBERS:
        memset((char *)self + o->offset, 0, sizeof(struct lx_numbers));
        break;
    case LX_OPT_MAP:
        memset((char *)self + o->offset, 0, sizeof(struct lx_map));
        break;
    case LX_OPT_ARGUMENT:
        memcpy((char *)self + o->offset, &(const char *){NULL}, sizeof(const char *));
        break;
    case LX_OPT_BYTES:
        memcpy((char *)self + o->offset, &(size_t){(size_t)o->def}, sizeof(size_t));
        break;
    case LX_OPT_END:
        break;
    }
}

void lx_options_default(const struct lx_option *table, void *self)
{
    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++)
        put_default(o, self);
}

static enum lx_code wrong_type(const char *rule, const struct lx_json *v, struct lx_err *err)
{
    if (lx_json_type(v) == LX_JSON_TEXT)
        return lx_fail(err, LX_ECONFIG, "must be %s, got \"%.80s\"", rule, lx_json_text(v));
    return lx_fail(err, LX_ECONFIG, "must be %s, got %s", rule,
                   lx_json_type(v) == LX_JSON_BOOL ? (lx_json_bool(v) ? "true" : "false")
                                                   : lx_json_type_name(lx_json_type(v)));
}

/* Bounds that are NaN or infinite do not bind. */
static enum lx_code check_bounds(const struct lx_option *o, double v, struct lx_err *err)
{
    char got[40], bound[40];
    double min = o->min, max = o->max;
    const char *rule = NULL;

    if (o->type == LX_OPT_INT) {
        min = min >= INT_MIN ? min : INT_MIN;
        max = max <= INT_MAX ? max : INT_MAX;
    }
    if ((o->flags & LX_OPT_OPEN_MIN) != 0 && v <= min)
        rule = "greater than";
    else if (v < min)
        rule = "at least";
    if (rule == NULL && v > max)
        rule = "at most";
    if (rule == NULL)
        return LX_OK;
    lx_number_text(v, got, sizeof(got));
    lx_number_text(v > max ? max : min, bound, sizeof(bound));
    return lx_fail(err, LX_ECONFIG, "must be %s %s, got %s", rule, bound, got);
}

/* What is left of v in `real`: neither nothing nor infinity, and still above an open bound. */
static enum lx_code check_rounded(const struct lx_option *o, double v, struct lx_err *err)
{
    double rounded = (double)(real)v;
    char got[40], bound[40];

    lx_number_text(v, got, sizeof(got));
    if (isinf(rounded))
        return lx_fail(err, LX_ECONFIG, "must be a number that a " LX_REAL_NAME " holds, got %s",
                       got);
    if (v != 0.0 && rounded == 0.0)
        return lx_fail(err, LX_ECONFIG,
                       "must be a number that a " LX_REAL_NAME " tells from 0, got %s", got);
    lx_number_text(o->min, bound, sizeof(bound));
    if ((o->flags & LX_OPT_OPEN_MIN) != 0 && rounded <= o->min)
        return lx_fail(err, LX_ECONFIG,
                       "must be greater than %s when rounded to a " LX_REAL_NAME ", got %s", bound,
                       got);
    return LX_OK;
}

static enum lx_code parse_number(const struct lx_option *o, const struct lx_json *v, void *self,
                                 struct lx_err *err)
{
    bool whole = o->type == LX_OPT_INT;
    double d = lx_json_number(v);

    if (lx_json_type(v) != LX_JSON_NUMBER)
        return wrong_type(whole ? "a whole number" : "a number", v, err);
    if (whole && floor(d) != d) {
        char got[40];

        lx_number_text(d, got, sizeof(got));
        return lx_fail(err, LX_ECONFIG, "must be a whole number, got %s", got);
    }
    if (check_bounds(o, d, err) || (!whole && check_rounded(o, d, err)))
        return err->code;
    if (whole)
        put_int(self, o, (int)d);
    else
        memcpy((char *)self + o->offset, &d, sizeof(d));
    return LX_OK;
}

bool lx_options_has_choice(const struct lx_option *o, const char *name)
{
    struct lx_choices c;

    lx_choices_split(o, &c);
    for (size_t i = 0; i < c.n; i++)
        if (strcmp(c.name[i], name) == 0)
            return true;
    return false;
}

static enum lx_code parse_choice(const struct lx_option *o, const struct lx_json *v, void *self,
                                 struct lx_err *err)
{
    struct lx_choices c;
    const char *got = lx_json_text(v);
    char rule[512];

    lx_choices_split(o, &c);
    for (size_t i = 0; got != NULL && i < c.n; i++) {
        if (strcmp(got, c.name[i]) == 0) {
            put_int(self, o, (int)i);
            return LX_OK;
        }
    }
    lx_choices_join(&c, ", ", rule, sizeof(rule));
    if (got == NULL) {
        char one_of[528];

        (void)snprintf(one_of, sizeof(one_of), "one of %s", rule);
        return wrong_type(one_of, v, err);
    }
    return lx_fail_unknown(err, LX_ECONFIG, got, c.name, c.n, "must be one of %s, got", rule);
}

/* `where` names the option in messages. */
static enum lx_code parse_numbers(const struct lx_option *o, const struct lx_json *v,
                                  const char *where, void *self, struct lx_arena *arena,
                                  struct lx_err *err)
{
    bool alone = lx_json_type(v) == LX_JSON_NUMBER;
    size_t n = alone ? 1 : lx_json_count(v);
    struct lx_numbers list = {0};

    if (!alone && lx_json_type(v) != LX_JSON_ARRAY) {
        (void)wrong_type("a list of numbers", v, err);
        return lx_wrap(err, "%s", where);
    }
    if (n == 0)
        return lx_fail(err, LX_ECONFIG, "%s: must not be empty", where);
    if (lx_arena_get(arena, n, sizeof(*list.v), &list.v, where, err))
        return err->code;
    for (const struct lx_json *at = alone ? v : lx_json_first(v); (size_t)list.n < n;
         at = lx_json_next(at)) {
        if (lx_json_type(at) != LX_JSON_NUMBER)
            (void)wrong_type("a number", at, err);
        else if (check_bounds(o, lx_json_number(at), err) == LX_OK &&
                 check_rounded(o, lx_json_number(at), err) == LX_OK) {
            list.v[list.n++] = lx_json_number(at);
            continue;
        }
        return alone ? lx_wrap(err, "%s", where) : lx_wrap(err, "%s[%d]", where, list.n);
    }
    memcpy((char *)self + o->offset, &list, sizeof(list));
    return LX_OK;
}

/* The place of `key` among the names so far, which it keeps in order. */
static int make_room(struct lx_map *map, size_t entry_size, const char *key)
{
    int at = map->n;

    for (; at > 0 && strcmp(map->key[at - 1], key) > 0; at--)
        map->key[at] = map->key[at - 1];
    memmove((char *)map->items + (size_t)(at + 1) * entry_size,
            (char *)map->items + (size_t)at * entry_size, (size_t)(map->n - at) * entry_size);
    map->n++;
    return at;
}

static enum lx_code parse_map(const struct lx_option *o, const struct lx_json *v, const char *where,
                              void *self, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_map_entry *entry = o->text;
    struct lx_map map = {0};
    size_t n = lx_json_count(v) + 1;

    if (lx_json_type(v) != LX_JSON_OBJECT) {
        (void)wrong_type("an object", v, err);
        return lx_wrap(err, "%s", where);
    }
    if (lx_arena_get(arena, n, sizeof(*map.key), &map.key, where, err) ||
        lx_arena_get(arena, n, entry->size, &map.items, where, err))
        return err->code;
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        const char *key = lx_arena_text(arena, lx_json_key(m));
        const char *path = lx_arena_printf(arena, "%s.%s", where, lx_json_key(m));
        int at;

        if (key == NULL || path == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
        at = make_room(&map, entry->size, key);
        map.key[at] = key;
        if (lx_options_parse(entry->options, m, path, NULL,
                             (char *)map.items + (size_t)at * entry->size, arena, err))
            return err->code;
    }
    memcpy((char *)self + o->offset, &map, sizeof(map));
    return LX_OK;
}

static enum lx_code parse_value(const struct lx_option *o, const struct lx_json *v, void *self,
                                struct lx_arena *arena, struct lx_err *err)
{
    bool b = lx_json_bool(v);
    const char *text;

    switch (o->type) {
    case LX_OPT_INT:
    case LX_OPT_REAL:
        return parse_number(o, v, self, err);
    case LX_OPT_BOOL:
        if (lx_json_type(v) != LX_JSON_BOOL)
            return wrong_type("true or false", v, err);
        memcpy((char *)self + o->offset, &b, sizeof(b));
        return LX_OK;
    case LX_OPT_TEXT:
        if (lx_json_type(v) != LX_JSON_TEXT)
            return wrong_type("a string", v, err);
        assert(arena != NULL);
        text = lx_arena_text(arena, lx_json_text(v));
        if (text == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
        memcpy((char *)self + o->offset, &text, sizeof(text));
        return LX_OK;
    case LX_OPT_CHOICE:
        return parse_choice(o, v, self, err);
    case LX_OPT_NUMBERS:
    case LX_OPT_MAP: /* by parse_member */
    case LX_OPT_ARGUMENT:
    case LX_OPT_BYTES:
    case LX_OPT_SECONDS: /* of command lines: args.h */
    case LX_OPT_END:
        break;
    }
    return LX_OK;
}

/* "path.key", or "key" at the top. */
static void join_path(const char *path, const char *key, char *out, size_t size)
{
    (void)snprintf(out, size, "%s%s%s", path, path[0] != '\0' ? "." : "", key);
}

static bool in_list(const char *const *list, const char *key)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

static enum lx_code unknown_key(const struct lx_option *table, const char *const *extra,
                                const char *path, const char *key, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    for (const struct lx_option *o = table; o->type != LX_OPT_END && n < LX_NAMES; o++)
        names[n++] = o->key;
    for (; extra != NULL && *extra != NULL && n < LX_NAMES; extra++)
        names[n++] = *extra;
    (void)lx_fail_unknown(err, LX_ECONFIG, key, names, n, "unknown key");
    return path[0] != '\0' ? lx_wrap(err, "%s", path) : LX_ECONFIG;
}

static enum lx_code parse_member(const struct lx_option *table, const struct lx_json *v,
                                 const char *path, const char *const *extra, void *self,
                                 struct lx_arena *arena, struct lx_err *err)
{
    const char *key = lx_json_key(v);
    char where[512];

    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        if (strcmp(o->key, key) != 0)
            continue;
        join_path(path, key, where, sizeof(where));
        if (o->type == LX_OPT_NUMBERS)
            return parse_numbers(o, v, where, self, arena, err);
        if (o->type == LX_OPT_MAP)
            return parse_map(o, v, where, self, arena, err);
        return parse_value(o, v, self, arena, err) == LX_OK ? LX_OK : lx_wrap(err, "%s", where);
    }
    return in_list(extra, key) ? LX_OK : unknown_key(table, extra, path, key, err);
}

enum lx_code lx_options_parse(const struct lx_option *table, const struct lx_json *obj,
                              const char *path, const char *const *extra, void *self,
                              struct lx_arena *arena, struct lx_err *err)
{
    enum lx_code code;

    lx_options_default(table, self);
    if (obj != NULL && lx_json_type(obj) != LX_JSON_OBJECT) {
        code = wrong_type("an object", obj, err);
        return path[0] != '\0' ? lx_wrap(err, "%s", path) : code;
    }
    for (const struct lx_json *v = lx_json_first(obj); v != NULL; v = lx_json_next(v)) {
        code = parse_member(table, v, path, extra, self, arena, err);
        if (code != LX_OK)
            return code;
    }
    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        char where[512];

        if ((o->flags & LX_OPT_REQUIRED) == 0 || lx_json_find(obj, o->key) != NULL)
            continue;
        join_path(path, o->key, where, sizeof(where));
        return lx_fail(err, LX_ECONFIG, "%s: required, but missing", where);
    }
    return LX_OK;
}
