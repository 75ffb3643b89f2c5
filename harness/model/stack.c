/* Stacks of schemes; see stack.h. */
#include "model/stack.h"

#include <string.h>

#include "text/nearest.h"
#include "text/options.h"

static const char *const item_keys[] = {"name", NULL};

enum lx_code lx_stack_unknown(const char *name, const char *path, enum lx_code code,
                              struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    for (int i = 0; i < lx_encoding_count() && n < LX_NAMES; i++)
        names[n++] = lx_encoding_at(i)->name;
    (void)lx_fail_unknown(err, code, name, names, n, "%s: unknown encoding", path);
    return lx_hint(err, "`longshot list encodings` names them");
}

/* Options from obj (NULL: none) over the defaults. */
static enum lx_code set_up(struct lx_stack_item *item, const struct lx_encoding_ops *ops,
                           const struct lx_json *obj, const char *path, struct lx_arena *arena,
                           struct lx_err *err)
{
    static const struct lx_option none[] = {{.type = LX_OPT_END}};

    item->ops = ops;
    if (lx_arena_get(arena, 1, ops->state_size + 1, &item->self, ops->name, err))
        return err->code;
    return lx_options_parse(ops->options != NULL ? ops->options : none, obj, path, item_keys,
                            item->self, arena, err);
}

static enum lx_code parse_item(struct lx_stack_item *item, const struct lx_json *v,
                               const char *path, struct lx_arena *arena, struct lx_err *err)
{
    bool bare = lx_json_type(v) == LX_JSON_TEXT;
    const struct lx_json *name = bare ? v : lx_json_find(v, "name");
    const struct lx_encoding_ops *ops;
    const char *at;

    if (!bare && lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", path,
                       lx_json_type_name(lx_json_type(v)));
    if (lx_json_type(name) != LX_JSON_TEXT)
        return lx_fail(err, LX_ECONFIG, "%s.name: must be a string, got %s", path,
                       name == NULL ? "nothing" : lx_json_type_name(lx_json_type(name)));
    ops = lx_encoding_find(lx_json_text(name));
    if (ops == NULL)
        return lx_arena_format(arena, &at, err, "%s.name", path)
                   ? err->code
                   : lx_stack_unknown(lx_json_text(name), at, LX_ECONFIG, err);
    return set_up(item, ops, bare ? NULL : v, path, arena, err);
}

enum lx_code lx_stack_of(struct lx_stack *s, const struct lx_encoding_ops *ops,
                         struct lx_arena *arena, struct lx_err *err)
{
    *s = (struct lx_stack){.n = 1};
    return set_up(&s->items[0], ops, NULL, ops->name, arena, err);
}

enum lx_code lx_stack_parse(struct lx_stack *s, const struct lx_json *list, const char *path,
                            struct lx_arena *arena, struct lx_err *err)
{
    memset(s, 0, sizeof(*s));
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s: must be an array, got %s", path,
                       lx_json_type_name(lx_json_type(list)));
    if (lx_json_count(list) > LX_STACK_MAX)
        return lx_fail(err, LX_ECONFIG, "%s: must have at most %d elements, got %zu", path,
                       LX_STACK_MAX, lx_json_count(list));
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        char *item_path = lx_arena_printf(arena, "%s[%d]", path, s->n);

        if (item_path == NULL)
            return lx_fail(err, LX_ENOMEM, "%s: out of memory", path);
        if (parse_item(&s->items[s->n], v, item_path, arena, err))
            return err->code;
        s->n++;
    }
    return LX_OK;
}

enum lx_code lx_stack_clone(const struct lx_stack *from, struct lx_arena *arena,
                            struct lx_stack *out, struct lx_err *err)
{
    *out = *from;
    for (int i = 0; i < from->n; i++) {
        const struct lx_encoding_ops *ops = from->items[i].ops;

        if (lx_arena_get(arena, 1, ops->state_size + 1, &out->items[i].self, ops->name, err))
            return err->code;
        memcpy(out->items[i].self, from->items[i].self, ops->state_size);
    }
    return LX_OK;
}

void lx_stack_write(const struct lx_stack *s, struct lx_json_writer *w, const char *key)
{
    lx_json_open_array(w, key);
    for (int i = 0; i < s->n; i++) {
        lx_json_open_object(w, NULL);
        lx_json_add_text(w, "name", s->items[i].ops->name);
        if (s->items[i].ops->options != NULL)
            lx_options_write(s->items[i].ops->options, s->items[i].self, w);
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
}

enum lx_code lx_stack_init(struct lx_stack *s, const struct lx_enc_dims *dims,
                           struct lx_arena *arena, struct lx_paramset *params, struct lx_err *err)
{
    for (int i = 0; i < s->n; i++) {
        const struct lx_encoding_ops *ops = s->items[i].ops;

        if (ops->init != NULL && ops->init(s->items[i].self, dims, arena, params, err))
            return lx_wrap(err, "stack[%d] (%s)", i, ops->name);
    }
    return LX_OK;
}

int lx_stack_max_length(const struct lx_stack *s)
{
    int limit = 0;

    for (int i = 0; i < s->n; i++) {
        const struct lx_encoding_ops *ops = s->items[i].ops;
        int own = ops->max_length != NULL ? ops->max_length(s->items[i].self) : 0;

        if (own > 0 && (limit == 0 || own < limit))
            limit = own;
    }
    return limit;
}

void lx_stack_prepare(struct lx_stack *s, int T)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->prepare != NULL)
            s->items[i].ops->prepare(s->items[i].self, T);
}

void lx_stack_embed(const struct lx_stack *s, const struct lx_enc_call *c, real *x)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->embed != NULL)
            s->items[i].ops->embed(s->items[i].self, c, x);
}

void lx_stack_embed_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dx)
{
    for (int i = s->n - 1; i >= 0; i--)
        if (s->items[i].ops->embed_back != NULL)
            s->items[i].ops->embed_back(s->items[i].self, c, dx);
}

void lx_stack_rotate(const struct lx_stack *s, const struct lx_enc_call *c, real *q, real *k,
                     size_t stride)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->rotate != NULL)
            s->items[i].ops->rotate(s->items[i].self, c, q, k, stride);
}

void lx_stack_rotate_back(struct lx_stack *s, const struct lx_enc_call *c, real *dq, real *dk,
                          size_t stride)
{
    for (int i = s->n - 1; i >= 0; i--)
        if (s->items[i].ops->rotate_back != NULL)
            s->items[i].ops->rotate_back(s->items[i].self, c, dq, dk, stride);
}

bool lx_stack_has_scale(const struct lx_stack *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->scale != NULL)
            return true;
    return false;
}

void lx_stack_scale(const struct lx_stack *s, const struct lx_enc_call *c, real *scale)
{
    for (int t = 0; t < c->T; t++)
        scale[t] = 1;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->scale != NULL)
            s->items[i].ops->scale(s->items[i].self, c, scale);
}

void lx_stack_tau(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *tau)
{
    for (int h = 0; h < heads; h++)
        tau[h] = 1;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->tau != NULL)
            s->items[i].ops->tau(s->items[i].self, c, tau);
}

bool lx_stack_has_dist(const struct lx_stack *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->dist != NULL)
            return true;
    return false;
}

bool lx_stack_learns_dist(const struct lx_stack *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->dist_back != NULL)
            return true;
    return false;
}

void lx_stack_dist(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table)
{
    memset(table, 0, (size_t)heads * (size_t)c->T * sizeof(*table));
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->dist != NULL)
            s->items[i].ops->dist(s->items[i].self, c, table);
}

void lx_stack_dist_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dtable)
{
    for (int i = s->n - 1; i >= 0; i--)
        if (s->items[i].ops->dist_back != NULL)
            s->items[i].ops->dist_back(s->items[i].self, c, dtable);
}

int lx_stack_window(const struct lx_stack *s, const struct lx_enc_call *c)
{
    int width = c->T;

    for (int i = 0; i < s->n; i++) {
        const struct lx_encoding_ops *ops = s->items[i].ops;
        int own = ops->window != NULL ? ops->window(s->items[i].self, c) : 0;

        if (own > 0 && own < width)
            width = own;
    }
    return width;
}
