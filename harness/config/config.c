/* Reading a config: the top level, datasets and seeds; see config.h. Encodings are read in
 * config_encodings.c, sweeps and variants in config_sweep.c, claims in config_claims.c; the resolved
 * config is written in config_write.c. */
#include "config/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/config_internal.h"
#include "system/fs.h"
#include "text/nearest.h"

/* Whole numbers that a JSON number holds exactly. */
#define MAX_SEED 9007199254740991.0

/* Into names (LX_NAMES). */
static size_t dataset_names(const char **names)
{
    size_t n = 0;

    for (int i = 0; i < lx_dataset_count() && n < LX_NAMES; i++)
        names[n++] = lx_dataset_at(i)->name;
    return n;
}

static enum lx_code find_dataset(const char *name, const char *path,
                                 const struct lx_dataset_ops **out, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = dataset_names(names);

    *out = lx_dataset_find(name);
    if (*out != NULL)
        return LX_OK;
    (void)lx_fail_unknown(err, LX_ECONFIG, name, names, n, "%s: unknown dataset", path);
    return lx_hint(err, "`longshot list datasets` names them");
}

/* What is no name, or a path without one, is meant as a file. */
static enum lx_code read_id(const struct lx_json *obj, bool bare, const char *at, const char **id,
                            struct lx_err *err)
{
    const char *file = lx_json_text(bare ? obj : lx_json_find(obj, "path")), *names[LX_NAMES];
    size_t n = dataset_names(names);

    if (lx_config_name(bare ? obj : lx_json_find(obj, "name"), at, "_", id, err) == LX_OK)
        return LX_OK;
    return file == NULL
               ? lx_hint_named(err, obj, NULL, names, n)
               : lx_hint(err, "a file of your own: {\"name\": \"text\", \"path\": \"%.80s\"}",
                         file);
}

/* "dataset.name", or the dataset itself where it is a bare name. */
static enum lx_code read_name(struct lx_config_dataset *d, const struct lx_json *obj,
                              const char *path, struct lx_arena *arena, struct lx_err *err)
{
    bool bare = lx_json_type(obj) == LX_JSON_TEXT;
    const char *at = path;

    if (!bare && lx_json_type(obj) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", path,
                       lx_json_type_name(lx_json_type(obj)));
    if ((!bare && lx_arena_format(arena, &at, err, "%s.name", path)) ||
        read_id(obj, bare, at, &d->id, err) || find_dataset(d->id, at, &d->ops, err))
        return err->code;
    if (lx_json_find(obj, "id") == NULL)
        return LX_OK;
    if (lx_arena_format(arena, &at, err, "%s.id", path))
        return err->code;
    return lx_config_name(lx_json_find(obj, "id"), at, "_+.-", &d->id, err);
}

enum lx_code lx_config_dataset_parse(struct lx_config_dataset *d, const struct lx_json *obj,
                                     const char *path, struct lx_arena *arena, struct lx_err *err)
{
    static const struct lx_option none[] = {{.type = LX_OPT_END}};
    static const char *const own_keys[] = {"name", "id", NULL};

    d->path = path;
    if (read_name(d, obj, path, arena, err) ||
        lx_arena_get(arena, 1, d->ops->state_size + 1, &d->self, d->ops->name, err) ||
        lx_options_parse(d->ops->options != NULL ? d->ops->options : none,
                         lx_json_type(obj) == LX_JSON_OBJECT ? obj : NULL, path, own_keys, d->self,
                         arena, err))
        return err->code;
    if (d->ops->init != NULL && d->ops->init(d->self, arena, err))
        return lx_config_at(err, path);
    return LX_OK;
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
    if (lx_arena_get(&c->arena, c->n_datasets, sizeof(*c->datasets), &c->datasets, "datasets", err))
        return err->code;
    for (size_t i = 0; i < c->n_datasets; i++, item = lx_json_next(item)) {
        const char *path = "dataset";

        if ((list && lx_arena_format(&c->arena, &path, err, "dataset[%zu]", i)) ||
            lx_config_dataset_parse(&c->datasets[i], item, path, &c->arena, err))
            return err->code;
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
    if (v != NULL && lx_json_type(v) != LX_JSON_ARRAY) {
        (void)lx_config_no_array(v, "seeds", err);
        return lx_hint(err, "each seed is named: [1, 2, 3]; on the command line seeds=1..3 too");
    }
    if (c->n_seeds == 0)
        return lx_fail(err, LX_ECONFIG, "seeds: must not be empty");
    if (c->n_seeds > LX_MAX_CELLS)
        return lx_fail(err, LX_ECONFIG, "seeds: must be at most %d, got %zu", LX_MAX_CELLS,
                       c->n_seeds);
    if (lx_arena_get(&c->arena, c->n_seeds, sizeof(*c->seeds), &c->seeds, "seeds", err))
        return err->code;
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

/* A text, or a list of them. What "$schema" names is for editors. */
static enum lx_code read_notes(struct lx_config *c, struct lx_err *err)
{
    const struct lx_json *schema = lx_json_find(c->doc, "$schema");
    bool list;

    c->notes = lx_json_find(c->doc, "notes");
    list = lx_json_type(c->notes) == LX_JSON_ARRAY;
    if (schema != NULL && lx_json_type(schema) != LX_JSON_TEXT)
        return lx_fail(err, LX_ECONFIG, "$schema: must be a string, got %s",
                       lx_json_type_name(lx_json_type(schema)));
    if (c->notes != NULL && !list && lx_json_type(c->notes) != LX_JSON_TEXT)
        return lx_fail(err, LX_ECONFIG, "notes: must be a string or a list of strings, got %s",
                       lx_json_type_name(lx_json_type(c->notes)));
    for (const struct lx_json *v = list ? lx_json_first(c->notes) : NULL; v != NULL;
         v = lx_json_next(v))
        if (lx_json_type(v) != LX_JSON_TEXT)
            return lx_fail(err, LX_ECONFIG,
                           "notes: must be a string or a list of strings, got %s "
                           "in it",
                           lx_json_type_name(lx_json_type(v)));
    return LX_OK;
}

static enum lx_code check_size(const struct lx_config *c, struct lx_err *err)
{
    size_t n = c->n_datasets * c->n_encodings;

    for (size_t s = 0; s <= c->n_sweeps; s++) {
        size_t times = s < c->n_sweeps ? c->sweeps[s].n : c->n_seeds;

        if (times > LX_MAX_CELLS / n)
            return lx_fail(err, LX_ECONFIG, "the plan must have at most %d cells", LX_MAX_CELLS);
        n *= times;
    }
    return LX_OK;
}

static enum lx_code read_all(struct lx_config *c, char *const *overrides, size_t n_overrides,
                             struct lx_err *err)
{
    static const char *const keys[] = {"name",  "dataset",  "model", "train",   "encodings",
                                       "eval",  "analyses", "seeds", "claims",  "published",
                                       "texts", "notes",    "tune",  "$schema", NULL};

    if (lx_json_type(c->doc) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "must be an object, got %s",
                       lx_json_type_name(lx_json_type(c->doc)));
    for (size_t i = 0; i < n_overrides; i++)
        if (lx_config_override(c, overrides[i], err))
            return err->code;
    c->analyses = lx_json_find(c->doc, "analyses");
    if (lx_config_keys(c->doc, "", keys, err) ||
        lx_config_name(lx_json_find(c->doc, "name"), "name", "_.-", &c->name, err) ||
        read_notes(c, err) || lx_config_object(c->doc, "model", &c->model, err) ||
        lx_config_object(c->doc, "train", &c->train, err) ||
        lx_config_object(c->doc, "eval", &c->eval, err) ||
        read_datasets(c, lx_json_find(c->doc, "dataset"), err) ||
        lx_config_listed(c, err) ||
        lx_config_encodings(c, lx_json_find(c->doc, "encodings"), err) ||
        read_seeds(c, lx_json_find(c->doc, "seeds"), err) || lx_config_sweeps(c, err) ||
        lx_config_check_rates(c, err) || check_size(c, err) || lx_config_variants(c, err) ||
        lx_config_check_analyses(c, &c->variants[0].analyses, err) || lx_config_tune(c, err))
        return err->code;
    return lx_config_texts(c, err) ? err->code : lx_config_claims(c, err);
}

/* Whether the message is about what this override set: its path, something inside, or its very key. */
static bool is_about(const char *message, const char *override)
{
    size_t n = strcspn(override, "="), parent = n;
    char key[300];

    if (strncmp(message, override, n) == 0 && strchr(":.[", message[n]) != NULL)
        return true;
    while (parent > 0 && override[parent - 1] != '.')
        parent--;
    (void)snprintf(key, sizeof(key), "%.*s%sunknown key \"%.*s\"", parent > 0 ? (int)parent - 1 : 0,
                   override, parent > 0 ? ": " : "", (int)(n - parent), override + parent);
    return strncmp(message, key, strlen(key)) == 0;
}

/* "FILE with A=1 B=2": what was checked. */
static enum lx_code blame_all(const char *file, char *const *overrides, size_t n,
                              struct lx_err *err)
{
    char all[200] = "";
    size_t used = 0;

    for (size_t i = 0; i < n && used + 1 < sizeof(all); i++)
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%.80s", i > 0 ? " " : "",
                                 overrides[i]);
    return lx_wrap(err, "%s with %s", file, all);
}

/* Put in front of a message what was wrong: the override that it speaks of, all of them, or the file. */
static enum lx_code blame(const char *text, size_t n, const char *file, char *const *overrides,
                          size_t n_overrides, struct lx_err *err)
{
    struct lx_config alone;
    struct lx_err ignored;
    enum lx_code code;

    for (size_t i = n_overrides; i-- > 0;) {
        size_t path = strcspn(overrides[i], "=");

        if (!is_about(err->text, overrides[i]))
            continue;
        if (strncmp(err->text, overrides[i], path) == 0 && err->text[path] == ':')
            memmove(err->text, err->text + path + 2, strlen(err->text + path + 2) + 1);
        return lx_wrap(err, "override %.100s", overrides[i]);
    }
    code = n_overrides > 0 ? lx_config_parse(&alone, text, n, file, NULL, 0, &ignored) : LX_EFAILED;
    if (n_overrides > 0)
        lx_config_free(&alone);
    return code == LX_OK ? blame_all(file, overrides, n_overrides, err) : lx_wrap(err, "%s", file);
}

enum lx_code lx_config_parse(struct lx_config *c, const char *text, size_t n, const char *file,
                             char *const *overrides, size_t n_overrides, struct lx_err *err)
{
    enum lx_code code;

    *c = (struct lx_config){0};
    if (lx_arena_copy(&c->arena, file, strlen(file), &c->file, err) ||
        lx_json_parse(text, n, file, &c->doc, err))
        return err->code;
    code = read_all(c, overrides, n_overrides, err);
    return code == LX_OK || code == LX_EUSAGE ? code
                                              : blame(text, n, file, overrides, n_overrides, err);
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
    else if (code == LX_EDATA) {
        err->code = code = LX_ECONFIG;
        lx_hint_file(err, path);
    }
    lx_buf_free(&text);
    return code;
}

void lx_config_free(struct lx_config *c)
{
    lx_json_free(c->expanded);
    lx_json_free(c->unnamed);
    lx_json_free(c->doc);
    lx_arena_free(&c->arena);
    *c = (struct lx_config){0};
}
