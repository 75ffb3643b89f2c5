/* The "encodings" list of a config: bare names, objects with a stack, and the stacks a trained
 * model is also evaluated under. */
#include <string.h>

#include "config/config_internal.h"
#include "text/nearest.h"

static enum lx_code out_of_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory");
}

/* A bare name s stands for a stack of that one scheme. */
static enum lx_code read_bare(struct lx_config_stack *s, const struct lx_json *v,
                              struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_array(&w, NULL);
    lx_json_add_text(&w, NULL, lx_json_text(v));
    lx_json_close_array(&w);
    code = lx_buf_check(&text, err);
    if (code == LX_OK)
        code = lx_json_parse(text.text, text.len, s->path, &s->owned, err);
    lx_buf_free(&text);
    s->json = s->owned;
    s->id = lx_json_text(v);
    return code;
}

/* Without an id of its own a stack is called after its schemes: "rope+alibi". */
static enum lx_code join_names(struct lx_config *c, struct lx_config_stack *s, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    for (const struct lx_json *v = lx_json_first(s->json); v != NULL; v = lx_json_next(v)) {
        const char *name =
            lx_json_text(lx_json_type(v) == LX_JSON_TEXT ? v : lx_json_find(v, "name"));

        lx_buf_printf(&text, "%s%s", text.len > 0 ? "+" : "", name == NULL ? "" : name);
    }
    code = lx_buf_check(&text, err);
    if (code == LX_OK) {
        s->id = lx_arena_text(&c->arena, text.text == NULL ? "" : text.text);
        if (s->id == NULL)
            code = out_of_memory(err);
    }
    lx_buf_free(&text);
    return code;
}

static enum lx_code check_unknown_scheme(const char *name, const char *path, struct lx_err *err)
{
    const char *names[256], *near;
    int n = lx_encoding_count();

    if (lx_encoding_find(name) != NULL)
        return LX_OK;
    if (n > 256)
        n = 256;
    for (int i = 0; i < n; i++)
        names[i] = lx_encoding_at(i)->name;
    near = lx_nearest(name, names, (size_t)n);
    if (near != NULL)
        (void)lx_fail(err, LX_ECONFIG, "%s: unknown encoding \"%.80s\" (did you mean \"%s\"?)",
                      path, name, near);
    else
        (void)lx_fail(err, LX_ECONFIG, "%s: unknown encoding \"%.80s\"", path, name);
    return lx_hint(err, "`longshot list encodings` names them");
}

static enum lx_code read_stack(struct lx_config *c, struct lx_config_stack *s,
                               const struct lx_json *v, const char *const *keys, struct lx_err *err)
{
    const struct lx_json *id = lx_json_find(v, "id");
    const char *id_path = lx_arena_printf(&c->arena, "%s.id", s->path);
    struct lx_stack parsed = {0};
    enum lx_code code;

    if (id_path == NULL)
        return out_of_memory(err);
    if (lx_json_type(v) == LX_JSON_TEXT) {
        code = check_unknown_scheme(lx_json_text(v), s->path, err);
        if (code == LX_OK)
            code = read_bare(s, v, err);
        return code != LX_OK ? code : lx_config_stack(s, &c->arena, &parsed, err);
    }
    if (lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", s->path,
                       lx_json_type_name(lx_json_type(v)));
    code = lx_config_keys(v, s->path, keys, err);
    if (code != LX_OK)
        return code;
    s->json = lx_json_find(v, "stack");
    if (s->json == NULL)
        return lx_fail(err, LX_ECONFIG, "%s.stack: must be given", s->path);
    if (id != NULL)
        code = lx_config_name(id, id_path, "_+.-", &s->id, err);
    if (code == LX_OK)
        code = lx_config_stack(s, &c->arena, &parsed, err);
    if (code == LX_OK && id == NULL)
        code = parsed.n > 0 ? join_names(c, s, err)
                            : lx_fail(err, LX_ECONFIG, "%s: must be given", id_path);
    return code;
}

static enum lx_code read_evaluate_as(struct lx_config *c, struct lx_config_encoding *e,
                                     const struct lx_json *list, struct lx_err *err)
{
    static const char *const keys[] = {"id", "stack", NULL};
    const struct lx_json *v = lx_json_first(list);
    size_t n = lx_json_count(list);

    if (list == NULL)
        return LX_OK;
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s.evaluate_as: must be an array, got %s", e->trained.path,
                       lx_json_type_name(lx_json_type(list)));
    if (n == 0)
        return LX_OK;
    e->evaluate_as = lx_arena_take(&c->arena, n, sizeof(*e->evaluate_as));
    if (e->evaluate_as == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < n; i++, v = lx_json_next(v)) {
        struct lx_config_stack *s = &e->evaluate_as[i];
        enum lx_code code;

        e->n_evaluate_as = i + 1;
        s->path = lx_arena_printf(&c->arena, "%s.evaluate_as[%zu]", e->trained.path, i);
        if (s->path == NULL)
            return out_of_memory(err);
        code = read_stack(c, s, v, keys, err);
        if (code != LX_OK)
            return code;
    }
    return LX_OK;
}

/* One name, one curve: ids are unique over everything that is evaluated. */
static enum lx_code check_unique(const struct lx_config *c, struct lx_err *err)
{
    for (size_t i = 0; i < c->n_encodings; i++)
        for (size_t a = 0; a <= c->encodings[i].n_evaluate_as; a++) {
            const struct lx_config_encoding *e = &c->encodings[i];
            const struct lx_config_stack *s = a == 0 ? &e->trained : &e->evaluate_as[a - 1];

            for (size_t j = 0; j <= i; j++)
                for (size_t b = 0; b <= c->encodings[j].n_evaluate_as; b++) {
                    const struct lx_config_encoding *f = &c->encodings[j];
                    const struct lx_config_stack *t = b == 0 ? &f->trained : &f->evaluate_as[b - 1];

                    if (s == t)
                        break;
                    if (strcmp(s->id, t->id) == 0)
                        return lx_fail(err, LX_ECONFIG,
                                       "%s.id: must be unique, got \"%s\" as in %s", s->path, s->id,
                                       t->path);
                }
        }
    return LX_OK;
}

enum lx_code lx_config_encodings(struct lx_config *c, const struct lx_json *list,
                                 struct lx_err *err)
{
    static const char *const keys[] = {"id", "stack", "evaluate_as", NULL};
    const struct lx_json *v = lx_json_first(list);
    size_t n = lx_json_count(list);

    if (list == NULL)
        return lx_fail(err, LX_ECONFIG, "encodings: must be given");
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "encodings: must be an array, got %s",
                       lx_json_type_name(lx_json_type(list)));
    if (n == 0)
        return lx_fail(err, LX_ECONFIG, "encodings: must not be empty");
    c->encodings = lx_arena_take(&c->arena, n, sizeof(*c->encodings));
    if (c->encodings == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < n; i++, v = lx_json_next(v)) {
        struct lx_config_encoding *e = &c->encodings[i];
        enum lx_code code;

        c->n_encodings = i + 1;
        e->trained.path = lx_arena_printf(&c->arena, "encodings[%zu]", i);
        if (e->trained.path == NULL)
            return out_of_memory(err);
        code = read_stack(c, &e->trained, v, keys, err);
        if (code == LX_OK)
            code = read_evaluate_as(c, e, lx_json_find(v, "evaluate_as"), err);
        if (code != LX_OK)
            return code;
    }
    return check_unique(c, err);
}

enum lx_code lx_config_stack(const struct lx_config_stack *s, struct lx_arena *arena,
                             struct lx_stack *out, struct lx_err *err)
{
    const char *path = lx_arena_printf(arena, "%s.stack", s->path);

    if (path == NULL)
        return out_of_memory(err);
    *out = (struct lx_stack){0};
    return lx_stack_parse(out, s->json, path, arena, err);
}

static bool has_stack(const struct lx_config *c, const char *id)
{
    for (size_t i = 0; i < c->n_encodings; i++) {
        if (strcmp(c->encodings[i].trained.id, id) == 0)
            return true;
        for (size_t j = 0; j < c->encodings[i].n_evaluate_as; j++)
            if (strcmp(c->encodings[i].evaluate_as[j].id, id) == 0)
                return true;
    }
    return false;
}

static const char *nearest_stack(const struct lx_config *c, const char *got)
{
    const char *names[256];
    size_t n = 0;

    for (size_t i = 0; i < c->n_encodings; i++) {
        if (n < 256)
            names[n++] = c->encodings[i].trained.id;
        for (size_t j = 0; j < c->encodings[i].n_evaluate_as && n < 256; j++)
            names[n++] = c->encodings[i].evaluate_as[j].id;
    }
    return lx_nearest(got, names, n);
}

enum lx_code lx_config_check_analyses(const struct lx_config *c, const struct lx_analyses *a,
                                      struct lx_err *err)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->item[i].n_only; j++) {
            const char *id = a->item[i].only[j], *near;

            if (has_stack(c, id))
                continue;
            near = nearest_stack(c, id);
            return lx_fail(err, LX_ECONFIG,
                           "analyses[%zu].encodings[%zu]: no encoding has the id \"%.80s\"%s%s%s",
                           i, j, id, near != NULL ? " (did you mean \"" : "",
                           near != NULL ? near : "", near != NULL ? "\"?)" : "");
        }
    return LX_OK;
}
