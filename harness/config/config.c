/* Reading a config: the top level, datasets and seeds; see config.h. Encodings are read in
 * config_encodings.c, sweeps in config_sweep.c, claims in config_claims.c, the resolved config is
 * written in config_write.c. */
#include "config/config.h"

#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "system/fs.h"
#include "text/nearest.h"

/* Whole numbers that a JSON number holds exactly. */
#define MAX_SEED 9007199254740991.0

enum lx_code lx_config_at(struct lx_err *err, const char *path)
{
    struct lx_err inner = *err;

    (void)lx_fail(err, inner.code, "%s.%s", path, inner.text);
    memcpy(err->hint, inner.hint, sizeof(err->hint));
    return err->code;
}

enum lx_code lx_config_keys(const struct lx_json *obj, const char *path, const char *const *keys,
                            struct lx_err *err)
{
    size_t n = 0;

    while (keys[n] != NULL)
        n++;
    for (const struct lx_json *m = lx_json_first(obj); m != NULL; m = lx_json_next(m)) {
        const char *got = lx_json_key(m), *near;
        const char *colon = path[0] == '\0' ? "" : ": ";
        size_t i = 0;

        while (i < n && strcmp(keys[i], got) != 0)
            i++;
        if (i < n)
            continue;
        near = lx_nearest(got, keys, n);
        if (near != NULL)
            return lx_fail(err, LX_ECONFIG, "%s%sunknown key \"%.80s\" (did you mean \"%s\"?)",
                           path, colon, got, near);
        return lx_fail(err, LX_ECONFIG, "%s%sunknown key \"%.80s\"", path, colon, got);
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

static enum lx_code find_dataset(const char *name, const char *path,
                                 const struct lx_dataset_ops **out, struct lx_err *err)
{
    const char *names[64], *near;
    int n = lx_dataset_count();

    *out = lx_dataset_find(name);
    if (*out != NULL)
        return LX_OK;
    if (n > 64)
        n = 64;
    for (int i = 0; i < n; i++)
        names[i] = lx_dataset_at(i)->name;
    near = lx_nearest(name, names, (size_t)n);
    if (near != NULL)
        (void)lx_fail(err, LX_ECONFIG, "%s: unknown dataset \"%.80s\" (did you mean \"%s\"?)", path,
                      name, near);
    else
        (void)lx_fail(err, LX_ECONFIG, "%s: unknown dataset \"%.80s\"", path, name);
    return lx_hint(err, "`longshot list datasets` names them");
}

enum lx_code lx_config_dataset_parse(struct lx_config_dataset *d, const struct lx_json *obj,
                                     const char *path, struct lx_arena *arena, struct lx_err *err)
{
    static const char *const own_keys[] = {"name", "id", NULL};
    const struct lx_json *name = obj;
    const char *name_path = path;
    enum lx_code code;

    d->path = path;
    d->json = obj;
    if (lx_json_type(obj) == LX_JSON_OBJECT) {
        name = lx_json_find(obj, "name");
        name_path = lx_arena_printf(arena, "%s.name", path);
        if (name_path == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
    } else if (lx_json_type(obj) != LX_JSON_TEXT) {
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", path,
                       lx_json_type_name(lx_json_type(obj)));
    }
    code = lx_config_name(name, name_path, "_", &d->id, err);
    if (code == LX_OK)
        code = find_dataset(d->id, name_path, &d->ops, err);
    if (code == LX_OK && lx_json_find(obj, "id") != NULL) {
        const char *id_path = lx_arena_printf(arena, "%s.id", path);

        code = id_path == NULL
                   ? lx_fail(err, LX_ENOMEM, "out of memory")
                   : lx_config_name(lx_json_find(obj, "id"), id_path, "_+.-", &d->id, err);
    }
    if (code != LX_OK)
        return code;
    d->self = lx_arena_take(arena, 1, d->ops->state_size > 0 ? d->ops->state_size : 1);
    if (d->self == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (d->ops->options != NULL)
        code = lx_options_parse(d->ops->options, lx_json_type(obj) == LX_JSON_OBJECT ? obj : NULL,
                                path, own_keys, d->self, arena, err);
    else if (lx_json_type(obj) == LX_JSON_OBJECT)
        code = lx_config_keys(obj, path, own_keys, err);
    if (code == LX_OK && d->ops->init != NULL && d->ops->init(d->self, arena, err) != LX_OK)
        code = lx_config_at(err, path);
    return code;
}

static enum lx_code read_datasets(struct lx_config *c, const struct lx_json *v, struct lx_err *err)
{
    bool list = lx_json_type(v) == LX_JSON_ARRAY;
    const struct lx_json *item = list ? lx_json_first(v) : v;

    if (v == NULL)
        return lx_fail(err, LX_ECONFIG, "dataset: must be given");
    c->n_datasets = list ? lx_json_count(v) : 1;
    if (c->n_datasets == 0)
        return lx_fail(err, LX_ECONFIG, "dataset: must not be empty");
    c->datasets = lx_arena_take(&c->arena, c->n_datasets, sizeof(*c->datasets));
    if (c->datasets == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    for (size_t i = 0; i < c->n_datasets; i++, item = lx_json_next(item)) {
        const char *path = list ? lx_arena_printf(&c->arena, "dataset[%zu]", i) : "dataset";
        enum lx_code code;

        if (path == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
        code = lx_config_dataset_parse(&c->datasets[i], item, path, &c->arena, err);
        if (code != LX_OK)
            return code;
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->datasets[j].id, c->datasets[i].id) == 0)
                return lx_fail(err, LX_ECONFIG, "%s.id: must be unique, got \"%s\" as in %s", path,
                               c->datasets[i].id, c->datasets[j].path);
    }
    return LX_OK;
}

static enum lx_code read_seeds(struct lx_config *c, const struct lx_json *v, struct lx_err *err)
{
    const struct lx_json *item = lx_json_first(v);

    c->n_seeds = v == NULL ? 1 : lx_json_count(v);
    if (v != NULL && lx_json_type(v) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "seeds: must be an array, got %s",
                       lx_json_type_name(lx_json_type(v)));
    if (c->n_seeds == 0)
        return lx_fail(err, LX_ECONFIG, "seeds: must not be empty");
    if (c->n_seeds > LX_MAX_CELLS)
        return lx_fail(err, LX_ECONFIG, "seeds: must be at most %d, got %zu", LX_MAX_CELLS,
                       c->n_seeds);
    c->seeds = lx_arena_take(&c->arena, c->n_seeds, sizeof(*c->seeds));
    if (c->seeds == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (v == NULL)
        c->seeds[0] = 1;
    for (size_t i = 0; item != NULL; i++, item = lx_json_next(item)) {
        double d = lx_json_number(item);
        char got[40];

        if (lx_json_type(item) != LX_JSON_NUMBER)
            return lx_fail(err, LX_ECONFIG, "seeds[%zu]: must be a whole number, got %s", i,
                           lx_json_type_name(lx_json_type(item)));
        lx_number_text(d, got, sizeof(got));
        if (floor(d) != d)
            return lx_fail(err, LX_ECONFIG, "seeds[%zu]: must be a whole number, got %s", i, got);
        if (d < 0.0 || d > MAX_SEED)
            return lx_fail(err, LX_ECONFIG, "seeds[%zu]: must be 0 to 2^53-1, got %s", i, got);
        c->seeds[i] = (uint64_t)d;
        for (size_t j = 0; j < i; j++)
            if (c->seeds[j] == c->seeds[i])
                return lx_fail(err, LX_ECONFIG, "seeds[%zu]: must be unique, got %s again", i, got);
    }
    return LX_OK;
}

static enum lx_code object_or_absent(const struct lx_json *root, const char *key,
                                     const struct lx_json **out, struct lx_err *err)
{
    *out = lx_json_find(root, key);
    if (*out != NULL && lx_json_type(*out) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object, got %s", key,
                       lx_json_type_name(lx_json_type(*out)));
    return LX_OK;
}

static enum lx_code apply_override(struct lx_config *c, const char *text, struct lx_err *err)
{
    const char *equals = strchr(text, '=');
    char *path;

    if (equals == NULL || equals == text)
        return lx_fail(err, LX_EUSAGE, "an override must be key=value, got \"%.80s\"", text);
    path = lx_arena_textn(&c->arena, text, (size_t)(equals - text));
    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    return lx_json_set(c->doc, path, equals + 1, err);
}

/* Every variant of every dataset must be valid before anything runs. */
static enum lx_code check_variants(struct lx_config *c, struct lx_err *err)
{
    struct lx_config_variant v;
    size_t n = c->n_datasets * c->n_encodings;

    if (c->n_seeds > LX_MAX_CELLS / n)
        return lx_fail(err, LX_ECONFIG, "the plan must have at most %d cells", LX_MAX_CELLS);
    n *= c->n_seeds;
    for (size_t s = 0; s < c->n_sweeps; s++) {
        if (c->sweeps[s].n > LX_MAX_CELLS / n)
            return lx_fail(err, LX_ECONFIG, "the plan must have at most %d cells", LX_MAX_CELLS);
        n *= c->sweeps[s].n;
    }
    for (size_t d = 0; d < c->n_datasets; d++)
        for (size_t i = 0; i < lx_config_variants(c); i++) {
            enum lx_code code = lx_config_variant(c, i, &c->datasets[d], &c->arena, &v, err);

            if (code == LX_OK && d == 0 && i == 0)
                code = lx_config_check_analyses(c, &v.analyses, err);
            if (code != LX_OK)
                return code;
        }
    return LX_OK;
}

static enum lx_code read_all(struct lx_config *c, char *const *overrides, size_t n_overrides,
                             struct lx_err *err)
{
    static const char *const keys[] = {"name",      "dataset",   "model",    "train",
                                       "encodings", "eval",      "analyses", "seeds",
                                       "claims",    "published", NULL};
    enum lx_code code = LX_OK;

    if (lx_json_type(c->doc) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "must be an object, got %s",
                       lx_json_type_name(lx_json_type(c->doc)));
    for (size_t i = 0; i < n_overrides && code == LX_OK; i++)
        code = apply_override(c, overrides[i], err);
    if (code == LX_OK)
        code = lx_config_keys(c->doc, "", keys, err);
    if (code == LX_OK)
        code = lx_config_name(lx_json_find(c->doc, "name"), "name", "_.-", &c->name, err);
    if (code == LX_OK)
        code = object_or_absent(c->doc, "model", &c->model, err);
    if (code == LX_OK)
        code = object_or_absent(c->doc, "train", &c->train, err);
    if (code == LX_OK)
        code = object_or_absent(c->doc, "eval", &c->eval, err);
    c->analyses = lx_json_find(c->doc, "analyses");
    if (code == LX_OK)
        code = read_datasets(c, lx_json_find(c->doc, "dataset"), err);
    if (code == LX_OK)
        code = lx_config_encodings(c, lx_json_find(c->doc, "encodings"), err);
    if (code == LX_OK)
        code = read_seeds(c, lx_json_find(c->doc, "seeds"), err);
    if (code == LX_OK)
        code = lx_config_sweeps(c, err);
    if (code == LX_OK)
        code = check_variants(c, err);
    return code != LX_OK ? code : lx_config_claims(c, err);
}

enum lx_code lx_config_parse(struct lx_config *c, const char *text, size_t n, const char *file,
                             char *const *overrides, size_t n_overrides, struct lx_err *err)
{
    enum lx_code code;

    *c = (struct lx_config){0};
    c->file = lx_arena_text(&c->arena, file);
    if (c->file == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    code = lx_json_parse(text, n, file, &c->doc, err);
    if (code != LX_OK)
        return code;
    code = read_all(c, overrides, n_overrides, err);
    return code == LX_OK || code == LX_EUSAGE ? code : lx_wrap(err, "%s", file);
}

enum lx_code lx_config_read(struct lx_config *c, const char *path, char *const *overrides,
                            size_t n_overrides, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = lx_fs_read(path, &text, err);

    *c = (struct lx_config){0};
    if (code == LX_OK)
        code = lx_config_parse(c, text.len > 0 ? text.text : "", text.len, path, overrides,
                               n_overrides, err);
    else if (code == LX_EDATA)
        err->code = code = LX_ECONFIG;
    lx_buf_free(&text);
    return code;
}

void lx_config_free(struct lx_config *c)
{
    for (size_t i = 0; i < c->n_encodings && c->encodings != NULL; i++) {
        lx_json_free(c->encodings[i].trained.owned);
        for (size_t j = 0; j < c->encodings[i].n_evaluate_as; j++)
            lx_json_free(c->encodings[i].evaluate_as[j].owned);
    }
    lx_json_free(c->doc);
    lx_arena_free(&c->arena);
    *c = (struct lx_config){0};
}
