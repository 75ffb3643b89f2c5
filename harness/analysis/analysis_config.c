/* The "analyses" list of a config: names or objects, options by each analysis' own table. */
#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/figure_name.h"
#include "text/nearest.h"

static const char *const own_keys[] = {"name", "id", "encodings", "lengths", NULL};

/* The analysis that v names, by itself or as an object. */
static enum lx_code find(const struct lx_json *v, const char *path, const struct lx_analysis **out,
                         struct lx_err *err)
{
    const struct lx_json *name = lx_json_type(v) == LX_JSON_OBJECT ? lx_json_find(v, "name") : v;
    const char *names[LX_NAMES], *text = lx_json_text(name);
    size_t n = 0;

    for (int i = 0; i < lx_analysis_count() && n < LX_NAMES; i++)
        names[n++] = lx_analysis_at(i)->name;
    if (name == NULL) {
        (void)lx_fail(err, LX_ECONFIG, "%s: must be given", path);
        return lx_hint_named(err, v, NULL, names, n);
    }
    if (text == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be a string, got %s", path,
                       lx_json_type_name(lx_json_type(name)));
    *out = lx_analysis_find(text);
    if (*out != NULL)
        return LX_OK;
    (void)lx_fail_unknown(err, LX_ECONFIG, text, names, n, "%s: unknown analysis", path);
    return lx_hint(err, "`longshot list analyses` names them");
}

/* The id is the mode of its rows: it must not be mistaken for a mode of evaluation. */
static enum lx_code parse_id(struct lx_analysis_item *it, const struct lx_json *v, const char *path,
                             struct lx_err *err)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";

    it->id = it->ops->name;
    if (v == NULL)
        return LX_OK;
    it->id = lx_json_text(v);
    if (it->id == NULL || it->id[0] == '\0' || it->id[0] == '.' || strlen(it->id) > 100 ||
        it->id[strspn(it->id, plain)] != '\0')
        return lx_fail(err, LX_ECONFIG,
                       "%s.id: must be a name of 1 to 100 letters, digits and _+.-, got %s%.80s%s",
                       path, it->id != NULL ? "\"" : "",
                       it->id != NULL ? it->id : lx_json_type_name(lx_json_type(v)),
                       it->id != NULL ? "\"" : "");
    for (int m = 0; m < LX_MODES; m++)
        if (strcmp(it->id, lx_eval_mode_name((enum lx_eval_mode)m)) == 0)
            return lx_fail(err, LX_ECONFIG, "%s.id: \"%s\" is a mode of evaluation", path, it->id);
    if (lx_figure_replaced(it->id) != NULL)
        return lx_fail(err, LX_ECONFIG,
                       "%s.id: must be a name whose figures replace no other, got \"%s\", which "
                       "replaces %s",
                       path, it->id, lx_figure_replaced(it->id));
    return LX_OK;
}

static enum lx_code parse_only(struct lx_analysis_item *it, const struct lx_json *list,
                               const char *path, struct lx_arena *arena, struct lx_err *err)
{
    if (list == NULL)
        return LX_OK;
    if (lx_json_type(list) != LX_JSON_ARRAY || lx_json_count(list) == 0)
        return lx_fail(err, LX_ECONFIG, "%s.encodings: must be a non-empty array of ids", path);
    if (lx_arena_get(arena, lx_json_count(list), sizeof(*it->only), &it->only, "analyses", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        if (lx_json_text(v) == NULL)
            return lx_fail(err, LX_ECONFIG, "%s.encodings[%zu]: must be the id of a stack, got %s",
                           path, it->n_only, lx_json_type_name(lx_json_type(v)));
        it->only[it->n_only++] = lx_json_text(v);
    }
    return LX_OK;
}

static enum lx_code parse_item(struct lx_analysis_item *it, const struct lx_json *v,
                               const char *path, const struct lx_model_config *model,
                               const struct lx_eval_config *eval, int train_length,
                               struct lx_arena *arena, struct lx_err *err)
{
    static const struct lx_option none[] = {{.type = LX_OPT_END}};
    bool object = lx_json_type(v) == LX_JSON_OBJECT;
    const char *name_path = path;

    if (!object && lx_json_type(v) != LX_JSON_TEXT)
        return lx_fail(err, LX_ECONFIG, "%s: must be an object or a name, got %s", path,
                       lx_json_type_name(lx_json_type(v)));
    if ((object && lx_arena_format(arena, &name_path, err, "%s.name", path)) ||
        find(v, name_path, &it->ops, err) ||
        lx_arena_get(arena, 1, it->ops->state_size + 1, &it->self, it->ops->name, err) ||
        lx_options_parse(it->ops->options != NULL ? it->ops->options : none, object ? v : NULL,
                         path, own_keys, it->self, arena, err) ||
        parse_id(it, lx_json_find(v, "id"), path, err) ||
        parse_only(it, lx_json_find(v, "encodings"), path, arena, err))
        return err->code;
    if (eval->masking.objective == LX_OBJECTIVE_MASKED && !it->ops->masked)
        return lx_fail(err, LX_ECONFIG,
                       "%s: %s is for models that tell the next token, not for train.objective "
                       "masked",
                       path, it->ops->name);
    memcpy(it->lengths, eval->lengths, sizeof(it->lengths));
    it->n_lengths = eval->n_lengths;
    it->lengths_given = lx_json_find(v, "lengths");
    if (it->lengths_given != NULL && lx_eval_lengths_parse(it->lengths_given, path, train_length,
                                                           it->lengths, &it->n_lengths, err))
        return err->code;
    if (it->ops->check != NULL && it->ops->check(it->self, model, train_length, err)) {
        struct lx_err inner = *err;

        return lx_fail(err, inner.code, "%s.%s", path, inner.text);
    }
    return LX_OK;
}

static bool share_a_stack(const struct lx_analysis_item *a, const struct lx_analysis_item *b)
{
    for (size_t i = 0; i < a->n_only; i++)
        if (lx_analysis_applies(b, a->only[i]))
            return true;
    return a->n_only == 0;
}

/* What evaluates scores the targets of the evaluation, which are made for its lengths, and gives rows
 * that only the suffix tells apart. */
static enum lx_code check_evaluated(const struct lx_analyses *a, const char *path,
                                    const struct lx_eval_config *eval, struct lx_err *err)
{
    const struct lx_analysis_item *it = &a->item[a->n];
    const char *suffix = it->ops->suffix != NULL ? it->ops->suffix(it->self) : NULL;

    for (int k = 0; suffix != NULL && k < it->n_lengths; k++) {
        bool known = false;

        for (int i = 0; i < eval->n_lengths; i++)
            known = known || eval->lengths[i] == it->lengths[k];
        if (!known)
            return lx_fail(
                err, LX_ECONFIG,
                "%s.lengths[%d]: must be one of eval.lengths, where it is evaluated, got %d", path,
                k, it->lengths[k]);
    }
    for (size_t i = 0; suffix != NULL && i < a->n; i++)
        if (a->item[i].ops->suffix != NULL && share_a_stack(it, &a->item[i]) &&
            strcmp(a->item[i].ops->suffix(a->item[i].self), suffix) == 0)
            return lx_fail(err, LX_ECONFIG,
                           "%s: must not evaluate a stack as \"%s\" again, like analyses[%zu]",
                           path, suffix, i);
    return LX_OK;
}

/* The last id against those before it, and the figures that are made of them. */
static enum lx_code check_names(const struct lx_analyses *a, const char *path, struct lx_err *err)
{
    const char *id = a->item[a->n].id, *meet;

    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->item[i].id, id) == 0)
            return lx_fail(err, LX_ECONFIG, "%s[%zu].id: must be unique, got \"%s\" as in %s[%zu]",
                           path, a->n, id, path, i);
        meet = lx_figures_meet(a->item[i].id, id);
        if (meet != NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s[%zu].id: must be a name whose figures replace no other, got \"%s\" "
                           "beside \"%s\" in %s[%zu]%s%s",
                           path, a->n, id, a->item[i].id, path, i,
                           meet[0] != '\0' ? ", of which there is a figure ID" : "", meet);
    }
    return LX_OK;
}

enum lx_code lx_analyses_parse(struct lx_analyses *a, const struct lx_json *list, const char *path,
                               const struct lx_model_config *model,
                               const struct lx_eval_config *eval, int train_length,
                               struct lx_arena *arena, struct lx_err *err)
{
    memset(a, 0, sizeof(*a));
    if (list == NULL)
        return LX_OK;
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s: must be an array, got %s", path,
                       lx_json_type_name(lx_json_type(list)));
    if (lx_json_count(list) > LX_ANALYSES)
        return lx_fail(err, LX_ECONFIG, "%s: must have at most %d elements, got %zu", path,
                       LX_ANALYSES, lx_json_count(list));
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v), a->n++) {
        const char *at;

        if (lx_arena_format(arena, &at, err, "%s[%zu]", path, a->n) ||
            parse_item(&a->item[a->n], v, at, model, eval, train_length, arena, err) ||
            check_evaluated(a, at, eval, err) || check_names(a, path, err))
            return err->code;
    }
    return LX_OK;
}

/* "a, b": the datasets that make prompts. */
static void name_those_with_prompts(char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < lx_dataset_count() && n < size; i++)
        if (lx_dataset_at(i)->prompt != NULL)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "",
                                  lx_dataset_at(i)->name);
}

enum lx_code lx_analyses_check_dataset(const struct lx_analyses *a, const char *path,
                                       const struct lx_dataset_ops *dataset,
                                       const void *dataset_self, struct lx_err *err)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct lx_analysis_item *it = &a->item[i];
        struct lx_prompt none = {0};
        struct lx_err inner;
        char names[128];

        if (it->ops->prompts && dataset->prompt == NULL) {
            name_those_with_prompts(names, sizeof(names));
            return lx_fail(err, LX_ECONFIG,
                           "%s[%zu]: %s needs a dataset that makes prompts (%s), got %s", path, i,
                           it->ops->name, names, dataset->name);
        }
        for (int k = 0; k < it->n_lengths && it->ops->prompts; k++)
            if (dataset->prompt(dataset_self, NULL, it->lengths[k], 0, &none, &inner))
                return lx_fail(err, inner.code, "%s[%zu].lengths[%d]: %s", path, i, k, inner.text);
    }
    return LX_OK;
}

void lx_analysis_write(const struct lx_analysis_item *it, bool resolved, struct lx_json_writer *w)
{
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "name", it->ops->name);
    lx_json_add_text(w, "id", it->id);
    if (it->n_only > 0) {
        lx_json_open_array(w, "encodings");
        for (size_t i = 0; i < it->n_only; i++)
            lx_json_add_text(w, NULL, it->only[i]);
        lx_json_close_array(w);
    }
    if (resolved) {
        lx_json_open_array(w, "lengths");
        for (int i = 0; i < it->n_lengths; i++)
            lx_json_add_int(w, NULL, it->lengths[i]);
        lx_json_close_array(w);
    } else if (it->lengths_given != NULL) {
        lx_json_add_value(w, "lengths", it->lengths_given);
    }
    if (it->ops->options != NULL)
        lx_options_write(it->ops->options, it->self, w);
    lx_json_close_object(w);
}
