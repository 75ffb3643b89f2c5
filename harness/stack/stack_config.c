/* What a stack means: reading and writing it, and refusing what it cannot mean; see stack.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "encodings/schedules.h"
#include "stack/stack.h"
#include "text/nearest.h"
#include "text/options.h"

static const char *const item_keys[] = {"name", "layers", "until", NULL};

/* Where the name is what an option of a scheme may be ("yarn" of rope's scaling): a hint at that. */
static enum lx_code hint_choice(const char *name, struct lx_err *err)
{
    for (int i = 0; i < lx_encoding_count(); i++)
        for (const struct lx_option *o = lx_encoding_at(i)->options;
             o != NULL && o->type != LX_OPT_END; o++)
            if (o->type == LX_OPT_CHOICE && lx_options_has_choice(o, name))
                return lx_hint(err,
                               "{\"name\": \"%s\", \"%s\": \"%s\"}; "
                               "`longshot list encodings` names the others",
                               lx_encoding_at(i)->name, o->key, name);
    return lx_hint(err, "`longshot list encodings` names them");
}

/* Of schemes and schedules, into names (LX_NAMES). */
static size_t all_names(const char **names)
{
    size_t n = 0;

    for (int i = 0; i < lx_encoding_count() && n < LX_NAMES; i++)
        names[n++] = lx_encoding_at(i)->name;
    for (int i = 0; i < lx_schedule_count() && n < LX_NAMES; i++)
        names[n++] = lx_schedule_at(i)->name;
    return n;
}

enum lx_code lx_stack_hint(const struct lx_json *v, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = all_names(names);

    return lx_hint_named(err, v, lx_encoding_words, names, n);
}

enum lx_code lx_stack_unknown(const char *name, const char *path, enum lx_code code,
                              struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = all_names(names);

    (void)lx_fail_unknown_word(err, code, name, lx_encoding_words, names, n, "%s: unknown encoding",
                               path);
    return strstr(err->text, "did you mean") == NULL
               ? hint_choice(name, err)
               : lx_hint(err, "`longshot list encodings` names them");
}

/* ---------------------------------------------------------------------------- layers and until */

/* "every 4" (layers 3, 7, ...), "every 4 from 0" (0, 4, ...), or "not" the same. */
static enum lx_code parse_pattern(struct lx_layer_choice *c, const char *text, const char *path,
                                  struct lx_err *err)
{
    const char *from = text;
    int k = 0, first = -1, used = 0;

    c->not_every = strncmp(from, "not ", 4) == 0;
    from += c->not_every ? 4 : 0;
    if (sscanf(from, "every %4d%n from %4d%n", &k, &used, &first, &used) < 1 ||
        from[used] != '\0' || k < 1 || first >= k)
        return lx_fail(err, LX_ECONFIG,
                       "%s.layers: must be a list of layers, \"every K\" or \"not every K\" with K "
                       "from 1, and \"from F\" with F below K after it, got \"%s\"",
                       path, text);
    c->every = k;
    c->from = first < 0 ? k - 1 : first;
    return LX_OK;
}

static enum lx_code parse_layers(struct lx_layer_choice *c, const struct lx_json *v,
                                 const char *path, struct lx_arena *arena, struct lx_err *err)
{
    if (v == NULL)
        return LX_OK;
    if (lx_json_type(v) == LX_JSON_TEXT)
        return parse_pattern(c, lx_json_text(v), path, err);
    if (lx_json_type(v) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s.layers: must be a list or a text, got %s", path,
                       lx_json_type_name(lx_json_type(v)));
    if (lx_arena_get(arena, lx_json_count(v) + 1, sizeof(*c->list), &c->list, "layers", err))
        return err->code;
    for (const struct lx_json *e = lx_json_first(v); e != NULL; e = lx_json_next(e)) {
        double l = lx_json_number(e);

        if (lx_json_type(e) != LX_JSON_NUMBER || !(l > -1e6 && l < 1e6) || l > (int)l || l < (int)l)
            return lx_fail(err, LX_ECONFIG, "%s.layers: must hold whole numbers", path);
        c->list[c->n++] = (int)l;
    }
    return LX_OK;
}

static void write_layers(const struct lx_layer_choice *c, struct lx_json_writer *w)
{
    char text[32];

    if (c->every > 0) {
        int n = snprintf(text, sizeof(text), "%severy %d", c->not_every ? "not " : "", c->every);

        if (c->from != c->every - 1)
            (void)snprintf(text + n, sizeof(text) - (size_t)n, " from %d", c->from);
        lx_json_add_text(w, "layers", text);
    } else if (c->list != NULL) {
        lx_json_open_array(w, "layers");
        for (int i = 0; i < c->n; i++)
            lx_json_add_int(w, NULL, c->list[i]);
        lx_json_close_array(w);
    }
}

static enum lx_code parse_until(double *until, const struct lx_json *v, const char *path,
                                struct lx_err *err)
{
    if (v == NULL)
        return LX_OK;
    *until = lx_json_number(v);
    if (lx_json_type(v) != LX_JSON_NUMBER || !(*until > 0 && *until < 1))
        return lx_fail(err, LX_ECONFIG,
                       "%s.until: must be a part of the training steps, above 0 and below 1", path);
    return LX_OK;
}

/* Which layers an element leaves out, of `layers`. */
static enum lx_code resolve_layers(struct lx_stack_item *e, int layers, struct lx_arena *arena,
                                   struct lx_err *err)
{
    const struct lx_layer_choice *c = &e->layers;
    int left_out = 0;

    if (c->every == 0 && c->list == NULL)
        return LX_OK;
    if (e->ops->embed != NULL || e->ops->positions != NULL)
        return lx_fail(err, LX_ECONFIG, "layers: must be unset, it acts before the first layer");
    if (lx_arena_get(arena, (size_t)layers, 1, &e->off, "layers", err))
        return err->code;
    for (int l = 0; l < layers && e->off != NULL; l++)
        e->off[l] = c->every == 0 || (l % c->every == c->from) == c->not_every;
    for (int i = 0; i < c->n; i++) {
        int l = c->list[i] < 0 ? c->list[i] + layers : c->list[i];

        if (l < 0 || l >= layers)
            return lx_fail(err, LX_ECONFIG, "layers: must be from %d to %d, got %d", -layers,
                           layers - 1, c->list[i]);
        if (e->off != NULL)
            e->off[l] = 0;
    }
    for (int l = 0; l < layers && e->off != NULL; l++)
        left_out += e->off[l];
    if (e->off != NULL && (left_out == 0 || left_out == layers))
        return lx_fail(err, LX_ECONFIG, "layers: must choose some of the %d layers, not %s", layers,
                       left_out == 0 ? "all" : "none");
    return LX_OK;
}

/* --------------------------------------------------------------------------- reading and writing */

/* Options from obj (NULL: none) over the defaults. */
static enum lx_code set_up(struct lx_stack_item *item, const struct lx_encoding_ops *ops,
                           const struct lx_json *obj, const char *path, struct lx_arena *arena,
                           struct lx_err *err)
{
    static const struct lx_option none[] = {{.type = LX_OPT_END}};

    item->ops = ops;
    if (lx_arena_get(arena, 1, ops->state_size + 1, &item->self, ops->name, err) ||
        parse_layers(&item->layers, lx_json_find(obj, "layers"), path, arena, err) ||
        parse_until(&item->until, lx_json_find(obj, "until"), path, err))
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
    if (lx_json_type(name) != LX_JSON_TEXT) {
        (void)lx_fail(err, LX_ECONFIG, "%s.name: must be a string, got %s", path,
                      name == NULL ? "nothing" : lx_json_type_name(lx_json_type(name)));
        return lx_stack_hint(v, err);
    }
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
    *s = (struct lx_stack){.n = 1, .progress = 1};
    return set_up(&s->items[0], ops, NULL, ops->name, arena, err);
}

/* The schedule that an element names; NULL: it names a scheme, or nothing. */
static const struct lx_schedule *schedule_of(const struct lx_json *v)
{
    const struct lx_json *name = lx_json_type(v) == LX_JSON_TEXT ? v : lx_json_find(v, "name");

    return lx_json_type(name) == LX_JSON_TEXT ? lx_schedule_find(lx_json_text(name)) : NULL;
}

static enum lx_code too_many(const char *path, struct lx_err *err)
{
    return lx_fail(err, LX_ECONFIG, "%s: must have at most %d elements", path, LX_STACK_MAX);
}

/* Append what v means, named `path` in messages. */
static enum lx_code add_element(struct lx_stack *s, const struct lx_json *v, const char *path,
                                struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_schedule *schedule = schedule_of(v);
    struct lx_json *list = NULL;
    enum lx_code code;

    if (schedule == NULL) {
        if (s->n == LX_STACK_MAX)
            return too_many(path, err);
        return parse_item(&s->items[s->n++], v, path, arena, err);
    }
    code = lx_schedule_expand(schedule, v, path, &list, err);
    for (const struct lx_json *e = lx_json_first(list); e != NULL && code == LX_OK;
         e = lx_json_next(e))
        code = s->n == LX_STACK_MAX ? too_many(path, err)
                                    : parse_item(&s->items[s->n++], e, path, arena, err);
    lx_json_free(list);
    return code;
}

enum lx_code lx_stack_scheduled(struct lx_stack *s, const struct lx_json *v, const char *path,
                                struct lx_arena *arena, struct lx_err *err)
{
    *s = (struct lx_stack){.progress = 1};
    return schedule_of(v) != NULL ? add_element(s, v, path, arena, err)
                                  : lx_stack_unknown(lx_json_text(v), path, LX_ECONFIG, err);
}

enum lx_code lx_stack_parse(struct lx_stack *s, const struct lx_json *list, const char *path,
                            struct lx_arena *arena, struct lx_err *err)
{
    int at = 0;

    memset(s, 0, sizeof(*s));
    s->progress = 1;
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s: must be an array, got %s", path,
                       lx_json_type_name(lx_json_type(list)));
    if (lx_json_count(list) > LX_STACK_MAX)
        return lx_fail(err, LX_ECONFIG, "%s: must have at most %d elements, got %zu", path,
                       LX_STACK_MAX, lx_json_count(list));
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v), at++) {
        const char *item_path;

        if (lx_arena_format(arena, &item_path, err, "%s[%d]", path, at) ||
            add_element(s, v, item_path, arena, err))
            return err->code;
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
        write_layers(&s->items[i].layers, w);
        if (s->items[i].until > 0)
            lx_json_add_number(w, "until", s->items[i].until);
        if (s->items[i].ops->options != NULL)
            lx_options_write(s->items[i].ops->options, s->items[i].self, w);
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
}

/* ------------------------------------------------------------------- what a stack cannot mean */

/* Two elements, by their places, in one layer. */
struct two {
    const struct lx_stack *s;
    int a, b;
};

static enum lx_code disagree(const struct two *t, const char *why, struct lx_err *err)
{
    return lx_fail(err, LX_ECONFIG, "stack[%d] (%s) and stack[%d] (%s): %s", t->a,
                   t->s->items[t->a].ops->name, t->b, t->s->items[t->b].ops->name, why);
}

static bool uses(const struct lx_stack *s, int i, size_t hook)
{
    return lx_hook_used(s->items[i].ops, s->items[i].self, hook);
}

static bool sees_positions(const struct lx_stack *s, int i)
{
    for (size_t k = 0; k < lx_hook_count; k++)
        if (lx_hooks[k].sees_positions && uses(s, i, lx_hooks[k].at))
            return true;
    return false;
}

/* Whether b can be read at the positions that a sets. */
static enum lx_code check_positions(const struct two *t, struct lx_err *err)
{
    const struct lx_stack_item *a = &t->s->items[t->a];
    const struct lx_encoding_ops *b = t->s->items[t->b].ops;

    if (a->ops->positions == NULL)
        return LX_OK;
    if (b->remap != NULL)
        return disagree(t, "both move positions", err);
    if (sees_positions(t->s, t->b) && !b->reads_positions && !b->by_tokens)
        return disagree(t, "the second does not work at positions that the first sets", err);
    if (b->whole_positions && a->ops->fractions != NULL && a->ops->fractions(a->self))
        return disagree(t, "the first sets positions between the rows that the second has", err);
    return LX_OK;
}

static enum lx_code check_products(const struct two *t, struct lx_err *err)
{
    const struct lx_encoding_ops *a = t->s->items[t->a].ops, *b = t->s->items[t->b].ops;

    if (b->rotate != NULL && (a->features != NULL || a->product != NULL))
        return disagree(t, "the first replaces the product that the second turns", err);
    if (a->unrotated && (b->rotate != NULL || b->features != NULL))
        return disagree(t, "the first needs products that nothing has turned", err);
    if (a->remap != NULL && b->product != NULL)
        return disagree(t, "the second replaces the product whose positions the first moves", err);
    return LX_OK;
}

static enum lx_code check_two(const struct two *t, struct lx_err *err)
{
    const struct lx_encoding_ops *a = t->s->items[t->a].ops, *b = t->s->items[t->b].ops;
    char why[96];

    for (size_t k = 0; k < lx_hook_count && t->a < t->b; k++) {
        if (lx_hooks[k].once == NULL || !uses(t->s, t->a, lx_hooks[k].at) ||
            !uses(t->s, t->b, lx_hooks[k].at))
            continue;
        (void)snprintf(why, sizeof(why), "both %s, of which a layer has room for one",
                       lx_hooks[k].once);
        return disagree(t, why, err);
    }
    if (a->sink != NULL && b->normalise != NULL)
        return disagree(t, "the second replaces the softmax that the first adds to", err);
    if (a->always_seen != NULL && (b->window != NULL || b->first_seen != NULL))
        return disagree(t, "the first shows keys that the second hides", err);
    return check_positions(t, err) ? err->code : check_products(t, err);
}

/* Whether both act in some layer. */
static bool meet(const struct lx_stack_item *a, const struct lx_stack_item *b, int layers)
{
    for (int l = 0; l < layers; l++)
        if ((a->off == NULL || !a->off[l]) && (b->off == NULL || !b->off[l]))
            return true;
    return false;
}

/* A remap has something to move in every layer that it acts in. */
static enum lx_code check_remap(const struct lx_stack *s, int i, int layers, struct lx_err *err)
{
    for (int l = 0; l < layers; l++) {
        bool turned = s->items[i].off != NULL && s->items[i].off[l];

        for (int k = 0; k < s->n; k++) {
            const struct lx_stack_item *e = &s->items[k];

            turned |= (e->off == NULL || !e->off[l]) && e->ops->reads_positions &&
                      (e->ops->rotate != NULL || e->ops->features != NULL);
        }
        if (!turned)
            return lx_fail(err, LX_ECONFIG,
                           "stack[%d] (%s): moves positions, and no scheme of layer %d turns "
                           "queries and keys by them",
                           i, s->items[i].ops->name, l);
    }
    return LX_OK;
}

static enum lx_code check_stack(const struct lx_stack *s, int layers, struct lx_err *err)
{
    for (int i = 0; i < s->n; i++) {
        for (int k = 0; k < s->n; k++) {
            struct two t = {s, i, k};

            if (i != k && meet(&s->items[i], &s->items[k], layers) && check_two(&t, err))
                return err->code;
        }
    }
    return LX_OK;
}

enum lx_code lx_stack_complete(const struct lx_stack *s, int layers, struct lx_err *err)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->remap != NULL && check_remap(s, i, layers, err))
            return err->code;
    return LX_OK;
}

/* ------------------------------------------------------------------------------- initialising */

static enum lx_code init_items(struct lx_stack *s, bool positions, const struct lx_enc_dims *dims,
                               struct lx_arena *arena, struct lx_paramset *params,
                               struct lx_err *err)
{
    for (int i = 0; i < s->n; i++) {
        const struct lx_encoding_ops *ops = s->items[i].ops;

        if ((ops->positions != NULL) == positions && ops->init != NULL &&
            ops->init(s->items[i].self, dims, arena, params, err))
            return lx_wrap(err, "stack[%d] (%s)", i, ops->name);
    }
    return LX_OK;
}

static int embed_reach(const struct lx_stack *s, int T, bool training)
{
    int most = T;

    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->reach != NULL)
            most = s->items[i].ops->reach(s->items[i].self, T, training, true);
    return most;
}

/* Rows that training reads are there. */
static enum lx_code check_reach(const struct lx_stack *s, int train_length, struct lx_err *err)
{
    int reach = embed_reach(s, train_length, true);

    for (int i = 0; i < s->n && LX_STACK_HAS(s, NULL, positions); i++) {
        const struct lx_encoding_ops *o = s->items[i].ops;
        int own = o->max_length != NULL ? o->max_length(s->items[i].self) : 0;

        if (o->whole_positions && o->embed != NULL && own > 0 && reach > own)
            return lx_fail(err, LX_ECONFIG,
                           "stack[%d] (%s): has %d rows, and training sets positions up to %d", i,
                           o->name, own, reach - 1);
    }
    return LX_OK;
}

/* Without a causal mask every element must say what it does there. */
static enum lx_code check_both(const struct lx_stack *s, const struct lx_enc_dims *dims,
                               struct lx_err *err)
{
    for (int i = 0; i < s->n && dims->both; i++) {
        const struct lx_encoding_ops *o = s->items[i].ops;

        if (o->both == LX_BOTH_REFUSED)
            return lx_fail(err, LX_ECONFIG,
                           "stack[%d] (%s): does not work with model.attention bidirectional: %s",
                           i, o->name,
                           o->one_way != NULL ? o->one_way : "it is defined for causal attention");
    }
    return LX_OK;
}

enum lx_code lx_stack_init(struct lx_stack *s, const struct lx_enc_dims *given,
                           struct lx_arena *arena, struct lx_paramset *params, struct lx_err *err)
{
    struct lx_enc_dims dims = *given;
    int trained, read;

    for (int i = 0; i < s->n; i++)
        if (resolve_layers(&s->items[i], given->layers, arena, err))
            return lx_wrap(err, "stack[%d] (%s)", i, s->items[i].ops->name);
    if (check_both(s, given, err) || check_stack(s, given->layers, err) ||
        init_items(s, true, given, arena, params, err))
        return err->code;
    trained = lx_stack_reach(s, given->train_length, true);
    read = lx_stack_reach(s, given->max_length, false);
    dims.max_length = trained > dims.max_length ? trained : dims.max_length;
    dims.max_length = read > dims.max_length ? read : dims.max_length;
    dims.embed_reach = embed_reach(s, given->train_length, true);
    if (init_items(s, false, &dims, arena, params, err))
        return err->code;
    return check_reach(s, given->train_length, err);
}

/* The longest T whose positions are all below `rows`; 0: any. */
static int longest_within(const struct lx_stack *s, int rows)
{
    int low = 1, high = 1 << 24;

    if (embed_reach(s, high, false) <= rows)
        return 0;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;

        if (embed_reach(s, middle, false) <= rows)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int lx_stack_max_length(const struct lx_stack *s)
{
    int limit = 0;

    for (int i = 0; i < s->n; i++) {
        const struct lx_encoding_ops *ops = s->items[i].ops;
        int own = ops->max_length != NULL ? ops->max_length(s->items[i].self) : 0;

        if (own > 0 && ops->embed != NULL && LX_STACK_HAS(s, NULL, positions))
            own = longest_within(s, own);
        if (own > 0 && (limit == 0 || own < limit))
            limit = own;
    }
    return limit;
}
