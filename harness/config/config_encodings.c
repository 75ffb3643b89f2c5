/* The "encodings" list of a config: bare names, objects with a stack, and the stacks a trained
 * model is also evaluated under. */
#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "text/nearest.h"

static const char *const encoding_keys[] = {"id", "stack", "evaluate_as", "lr", "array_lr", NULL};

/* Without an id of its own a stack is called after its schemes: "rope+alibi". */
static enum lx_code join_names(struct lx_config_stack *s, struct lx_arena *arena,
                               struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    for (int i = 0; i < s->stack.n; i++)
        lx_buf_printf(&text, "%s%s", i > 0 ? "+" : "", s->stack.items[i].ops->name);
    code = lx_buf_keep(&text, arena, &s->id, err);
    lx_buf_free(&text);
    return code;
}

/* "rope+alibi". */
static enum lx_code read_words(struct lx_config_stack *s, struct lx_arena *arena,
                               struct lx_err *err)
{
    struct lx_json *list = NULL;
    const char *unknown;
    struct lx_buf text = {0};
    enum lx_code code = lx_config_words(s->id, arena, &text, &unknown, err);

    if (code == LX_OK && unknown != NULL)
        code = lx_stack_unknown(unknown, s->path, LX_ECONFIG, err);
    else if (code == LX_OK && (lx_json_parse(text.text, text.len, s->path, &list, err) ||
                               lx_stack_parse(&s->stack, list, s->path, arena, err)))
        code = err->code;
    lx_json_free(list);
    lx_buf_free(&text);
    return code;
}

/* A bare name is a stack of that one scheme, or a schedule, and its id. */
static enum lx_code read_bare(struct lx_config_stack *s, const struct lx_json *v,
                              struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_encoding_ops *ops = lx_encoding_find(lx_json_text(v));

    s->id = lx_json_text(v);
    if (ops == NULL && strchr(s->id, '+') != NULL)
        return read_words(s, arena, err);
    return ops != NULL ? lx_stack_of(&s->stack, ops, arena, err)
                       : lx_stack_scheduled(&s->stack, v, s->path, arena, err);
}

/* Whatever an element may have beside id and stack is in `keys` and read by the caller. */
static enum lx_code read_stack(struct lx_config *c, struct lx_config_stack *s,
                               const struct lx_json *v, const char *const *keys, struct lx_err *err)
{
    const struct lx_json *id = lx_json_find(v, "id"), *list = lx_json_find(v, "stack");
    const char *id_path, *stack_path;

    if (lx_json_type(v) == LX_JSON_TEXT)
        return read_bare(s, v, &c->arena, err);
    if (lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", s->path,
                       lx_json_type_name(lx_json_type(v)));
    if (list != NULL && lx_json_find(v, "name") != NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must have a name or a stack, not both", s->path);
    if (lx_config_keys(v, s->path, keys, err))
        return lx_stack_hint(v, err);
    if (list == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must have a name or a stack", s->path);
    if (lx_arena_format(&c->arena, &id_path, err, "%s.id", s->path) ||
        lx_arena_format(&c->arena, &stack_path, err, "%s.stack", s->path) ||
        (id != NULL && lx_config_name(id, id_path, "_+.-", &s->id, err)) ||
        lx_stack_parse(&s->stack, list, stack_path, &c->arena, err))
        return err->code;
    if (id != NULL)
        return LX_OK;
    if (s->stack.n == 0)
        return lx_fail(err, LX_ECONFIG, "%s: must be given", id_path);
    return join_names(s, &c->arena, err);
}

/* A message about the stack of an entry that was a scheme itself, in the words of the config. */
static enum lx_code as_typed(const struct lx_json *typed, const char *path, struct lx_err *err)
{
    static const char inside[] = ".stack[0]";
    size_t n = strlen(path);
    char *rest = err->text + n;

    if (lx_config_is_named(typed) && strncmp(err->text, path, n) == 0 &&
        strncmp(rest, inside, sizeof(inside) - 1) == 0)
        memmove(rest, rest + sizeof(inside) - 1, strlen(rest) + 2 - sizeof(inside));
    return err->code;
}

static enum lx_code read_evaluate_as(struct lx_config *c, struct lx_config_encoding *e,
                                     const struct lx_json *list, const struct lx_json *typed,
                                     struct lx_err *err)
{
    static const char *const keys[] = {"id", "stack", NULL};
    const struct lx_json *v = lx_json_first(list);
    const char *path;
    size_t n;

    if (list == NULL)
        return LX_OK;
    if (lx_arena_format(&c->arena, &path, err, "%s.evaluate_as", e->trained.path) ||
        lx_config_list(list, path, 0, &n, err) ||
        lx_arena_get(&c->arena, n, sizeof(*e->evaluate_as), &e->evaluate_as, "stacks", err))
        return err->code;
    typed = lx_json_first(typed);
    for (; v != NULL; v = lx_json_next(v), typed = lx_json_next(typed)) {
        struct lx_config_stack *s = &e->evaluate_as[e->n_evaluate_as];

        if (lx_arena_format(&c->arena, &s->path, err, "%s[%zu]", path, e->n_evaluate_as))
            return err->code;
        if (read_stack(c, s, v, keys, err))
            return as_typed(typed, s->path, err);
        e->n_evaluate_as++;
    }
    return LX_OK;
}

/* `typed` is the entry before it was spelled out. */
static enum lx_code read_encoding(struct lx_config *c, struct lx_config_encoding *e,
                                  const struct lx_json *v, const struct lx_json *typed,
                                  size_t place, struct lx_err *err)
{
    const struct lx_json *rates = lx_json_type(v) == LX_JSON_OBJECT ? v : NULL;

    if (lx_arena_format(&c->arena, &e->trained.path, err, "encodings[%zu]", place))
        return err->code;
    if (read_stack(c, &e->trained, v, encoding_keys, err) ||
        lx_options_parse(lx_rate_options, rates, e->trained.path, encoding_keys, e, &c->arena, err))
        return as_typed(typed, e->trained.path, err);
    return read_evaluate_as(c, e, lx_json_find(v, "evaluate_as"),
                            lx_json_find(typed, "evaluate_as"), err);
}

static bool is_given(double rate)
{
    return !isnan(rate);
}

/* An entry's own rate would make cells that differ in their label alone. */
static enum lx_code check_not_swept(const struct lx_config_encoding *e, const struct lx_sweep *s,
                                    struct lx_err *err)
{
    bool lr = strcmp(s->key, "lr") == 0 && is_given(e->lr);
    bool array_lr = strcmp(s->key, "array_lr") == 0 && is_given(e->array_lr);

    if (!lr && !array_lr)
        return LX_OK;
    return lx_fail(err, LX_ECONFIG, "%s.%s: must not be given where train.%s is swept",
                   e->trained.path, s->key, s->key);
}

enum lx_code lx_config_check_rates(const struct lx_config *c, struct lx_err *err)
{
    for (size_t i = 0; i < c->n_encodings; i++)
        for (size_t s = 0; s < c->n_sweeps; s++)
            if (check_not_swept(&c->encodings[i], &c->sweeps[s], err))
                return err->code;
    return LX_OK;
}

struct lx_train_config lx_config_train(const struct lx_config_variant *v,
                                       const struct lx_config_encoding *e)
{
    struct lx_train_config t = v->train;

    t.lr = is_given(e->lr) ? e->lr : t.lr;
    t.array_lr = is_given(e->array_lr) ? e->array_lr : t.array_lr;
    return t;
}

/* Every stack that is evaluated, in the order of the config: number k of them, NULL after the last. */
static const struct lx_config_stack *stack_at(const struct lx_config *c, size_t k)
{
    for (size_t i = 0; i < c->n_encodings; i++) {
        const struct lx_config_encoding *e = &c->encodings[i];

        if (k <= e->n_evaluate_as)
            return k == 0 ? &e->trained : &e->evaluate_as[k - 1];
        k -= 1 + e->n_evaluate_as;
    }
    return NULL;
}

/* One name, one curve: ids are unique over everything that is evaluated. */
static enum lx_code check_unique(const struct lx_config *c, struct lx_err *err)
{
    const struct lx_config_stack *s, *t;

    for (size_t i = 0; (s = stack_at(c, i)) != NULL; i++)
        for (size_t j = 0; j < i; j++) {
            t = stack_at(c, j);
            if (strcmp(s->id, t->id) == 0)
                return lx_fail(err, LX_ECONFIG, "%s.id: must be unique, got \"%s\" as in %s",
                               s->path, s->id, t->path);
        }
    return LX_OK;
}

/* Read the list as it is without sweeps; origin[i] is the place that messages name. */
static enum lx_code read_encodings(struct lx_config *c, const struct lx_json *list,
                                   const struct lx_json *typed, const size_t *origin,
                                   struct lx_err *err)
{
    size_t n, at = 0;

    if (lx_config_list(list, "encodings", 1, &n, err) ||
        lx_arena_get(&c->arena, n, sizeof(*c->encodings), &c->encodings, "encodings", err))
        return err->code;
    typed = lx_json_first(typed);
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        size_t place = origin[c->n_encodings];

        for (; at < place; at++)
            typed = lx_json_next(typed);
        if (read_encoding(c, &c->encodings[c->n_encodings], v, typed, place, err))
            return err->code;
        c->n_encodings++;
    }
    return check_unique(c, err);
}

enum lx_code lx_config_encodings(struct lx_config *c, const struct lx_json *list,
                                 struct lx_err *err)
{
    size_t *origin, n;

    if (lx_config_list(list, "encodings", 1, &n, err) ||
        lx_config_unname(list, encoding_keys, &c->unnamed, err) ||
        lx_config_expand(c->unnamed, &c->arena, &c->expanded, &origin, err))
        return err->code;
    return read_encodings(c, c->expanded, list, origin, err);
}

/* What an entry of a list is called in `only`; NULL: nothing. */
static const char *name_of(const struct lx_json *v)
{
    const char *id = lx_json_text(lx_json_find(v, "id"));

    return lx_json_type(v) == LX_JSON_TEXT ? lx_json_text(v)
           : id != NULL                    ? id
                                           : lx_json_text(lx_json_find(v, "name"));
}

static enum lx_code find_listed(const struct lx_json *list, const char *id, const char *path,
                                const struct lx_json **out, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    for (*out = lx_json_first(list); *out != NULL; *out = lx_json_next(*out)) {
        const char *name = name_of(*out);

        if (name != NULL && strcmp(name, id) == 0)
            return LX_OK;
        if (name != NULL && n < LX_NAMES)
            names[n++] = name;
    }
    return lx_fail_unknown(err, LX_ECONFIG, id, names, n, "%s: not in the list of encodings.from",
                           path);
}

/* An entry of the list; bare: without its evaluate_as. */
static void write_listed(const struct lx_json *v, bool bare, struct lx_json_writer *w)
{
    if (!bare || lx_json_type(v) != LX_JSON_OBJECT) {
        lx_json_add_value(w, NULL, v);
        return;
    }
    lx_json_open_object(w, NULL);
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m))
        if (strcmp(lx_json_key(m), "evaluate_as") != 0)
            lx_json_add_value(w, lx_json_key(m), m);
    lx_json_close_object(w);
}

/* All of the list, or those of `only` in that order. */
static enum lx_code choose_listed(struct lx_config *c, const struct lx_json *list,
                                  const struct lx_json *from, struct lx_json_writer *w,
                                  struct lx_err *err)
{
    const struct lx_json *only = lx_json_find(from, "only"), *v;
    bool bare = lx_json_find(from, "evaluate_as") != NULL;
    size_t n = 0;

    lx_json_open_array(w, NULL);
    for (v = only == NULL ? lx_json_first(list) : NULL; v != NULL; v = lx_json_next(v))
        write_listed(v, bare, w);
    for (const struct lx_json *id = lx_json_first(only); id != NULL; id = lx_json_next(id)) {
        const char *path, *name;

        if (lx_arena_format(&c->arena, &path, err, "encodings.only[%zu]", n++) ||
            lx_config_name(id, path, "_+.-", &name, err) || find_listed(list, name, path, &v, err))
            return err->code;
        write_listed(v, bare, w);
    }
    lx_json_close_array(w);
    return lx_buf_check(w->out, err);
}

static enum lx_code check_from(const struct lx_json *from, struct lx_err *err)
{
    static const char *const keys[] = {"from", "only", "evaluate_as", NULL};
    const struct lx_json *bare = lx_json_find(from, "evaluate_as");
    size_t n;

    if (lx_config_keys(from, "encodings", keys, err) ||
        (lx_json_find(from, "only") != NULL &&
         lx_config_list(lx_json_find(from, "only"), "encodings.only", 1, &n, err)))
        return err->code;
    if (lx_json_text(lx_json_find(from, "from")) == NULL)
        return lx_fail(err, LX_ECONFIG, "encodings.from: must be given, the file of a list");
    if (bare != NULL && (lx_json_type(bare) != LX_JSON_ARRAY || lx_json_count(bare) > 0))
        return lx_fail(err, LX_ECONFIG,
                       "encodings.evaluate_as: must be [], which leaves it out of every entry");
    return LX_OK;
}

enum lx_code lx_config_listed(struct lx_config *c, struct lx_err *err)
{
    const struct lx_json *from = lx_json_find(c->doc, "encodings");
    struct lx_json *list = NULL, *chosen = NULL;
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code = LX_OK;
    size_t n;

    if (lx_json_type(from) != LX_JSON_OBJECT)
        return LX_OK;
    if (check_from(from, err))
        return err->code;
    if (lx_json_read(lx_json_text(lx_json_find(from, "from")), &list, err) ||
        lx_config_list(list, lx_json_text(lx_json_find(from, "from")), 1, &n, err)) {
        err->code = LX_ECONFIG;
        code = lx_wrap(err, "encodings.from");
    } else if (choose_listed(c, list, from, &w, err) ||
               lx_json_parse(text.text, text.len, "encodings", &chosen, err) ||
               lx_json_replace(c->doc, "encodings", chosen, err)) {
        code = err->code;
    }
    lx_json_free(chosen);
    lx_json_free(list);
    lx_buf_free(&text);
    return code;
}

/* The stacks that analyses are restricted to must be there. */
static enum lx_code check_stack(const struct lx_config *c, size_t i, size_t j, const char *id,
                                struct lx_err *err)
{
    const struct lx_config_stack *s;
    const char *names[LX_NAMES];
    size_t n = 0;

    for (size_t k = 0; (s = stack_at(c, k)) != NULL; k++) {
        if (strcmp(s->id, id) == 0)
            return LX_OK;
        if (n < LX_NAMES)
            names[n++] = s->id;
    }
    return lx_fail_unknown(err, LX_ECONFIG, id, names, n,
                           "analyses[%zu].encodings[%zu]: no encoding has the id", i, j);
}

enum lx_code lx_config_check_analyses(const struct lx_config *c, const struct lx_analyses *a,
                                      struct lx_err *err)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->item[i].n_only; j++)
            if (check_stack(c, i, j, a->item[i].only[j], err))
                return err->code;
    return LX_OK;
}
