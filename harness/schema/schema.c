/* The JSON Schema of configs, derived from the option tables; see schema.h. */
#include "schema/schema.h"

#include "config/config.h"
#include "encodings/schedules.h"
#include "schema/schema_internal.h"

static void add_text_type(struct lx_json_writer *w, const char *key, const char *pattern)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "type", "string");
    if (pattern != NULL)
        lx_json_add_text(w, "pattern", pattern);
    lx_json_close_object(w);
}

static void add_const(struct lx_json_writer *w, const char *key, const char *value)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "const", value);
    lx_json_close_object(w);
}

/* The options of a table, each a value or a sweep over such values. */
static enum lx_code add_swept_options(struct lx_json_writer *w, const char *what,
                                      const struct lx_option *table, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer inner = {.out = &text};
    struct lx_json *doc = NULL;
    enum lx_code code;

    lx_json_open_object(&inner, NULL);
    lx_options_schema(table, &inner);
    lx_json_close_object(&inner);
    code = lx_buf_check(&text, err);
    if (code == LX_OK)
        code = lx_json_parse(text.text, text.len, what, &doc, err);
    for (const struct lx_json *v = lx_json_first(doc); v != NULL; v = lx_json_next(v)) {
        lx_json_open_object(w, lx_json_key(v));
        lx_json_open_array(w, "anyOf");
        lx_json_add_value(w, NULL, v);
        lx_schema_open(w, NULL, "one cell for each value");
        lx_schema_array(w, "sweep", NULL, 1);
        lx_json_add_value(w, "items", v);
        lx_json_close_object(w);
        lx_schema_close(w, (const char *const[]){"sweep", NULL});
        lx_json_close_array(w);
        lx_json_close_object(w);
    }
    lx_json_free(doc);
    lx_buf_free(&text);
    return code;
}

/* A section each leaf of which is a value or a sweep over such values. */
static enum lx_code add_swept(struct lx_json_writer *w, const char *key, const char *description,
                              const struct lx_option *table, struct lx_err *err)
{
    enum lx_code code;

    lx_schema_open(w, key, description);
    code = add_swept_options(w, key, table, err);
    lx_schema_close(w, NULL);
    return code;
}

static void add_lengths(struct lx_json_writer *w)
{
    lx_schema_array(w, "lengths", "tokens, or multiples of the training length; ascending", 1);
    lx_json_open_object(w, "items");
    lx_json_open_array(w, "anyOf");
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "type", "integer");
    lx_json_add_int(w, "minimum", 1);
    lx_json_close_object(w);
    add_text_type(w, NULL, "^[0-9.]+x$");
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_close_object(w);
}

static void add_eval(struct lx_json_writer *w)
{
    lx_schema_open(w, "eval", "how checkpoints are evaluated");
    add_lengths(w);
    lx_schema_array(w, "modes", "which windows are read", 1);
    lx_json_open_object(w, "items");
    lx_json_open_array(w, "enum");
    for (int m = 0; m < LX_MODES; m++)
        lx_json_add_text(w, NULL, lx_eval_mode_name((enum lx_eval_mode)m));
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_close_object(w);
    lx_options_schema(lx_eval_options, w);
    lx_schema_close(w, NULL);
}

static void add_analyses(struct lx_json_writer *w)
{
    lx_json_open_object(w, "analyses");
    lx_json_add_text(w, "description", "what is measured on trained models beyond perplexity");
    lx_json_add_text(w, "type", "array");
    lx_json_open_object(w, "items");
    lx_json_open_array(w, "anyOf");
    lx_json_open_object(w, NULL);
    lx_json_open_array(w, "enum");
    for (int i = 0; i < lx_analysis_count(); i++)
        lx_json_add_text(w, NULL, lx_analysis_at(i)->name);
    lx_json_close_array(w);
    lx_json_close_object(w);
    for (int i = 0; i < lx_analysis_count(); i++) {
        const struct lx_analysis *a = lx_analysis_at(i);

        lx_schema_open(w, NULL, a->help);
        add_const(w, "name", a->name);
        add_text_type(w, "id", "^[A-Za-z0-9_+-][A-Za-z0-9_+.-]*$");
        lx_schema_array(w, "encodings", "ids of the stacks it is run on; default: all", 1);
        lx_json_open_object(w, "items");
        lx_json_add_text(w, "type", "string");
        lx_json_close_object(w);
        lx_json_close_object(w);
        add_lengths(w);
        if (a->options != NULL)
            lx_options_schema(a->options, w);
        lx_schema_close(w, (const char *const[]){"name", NULL});
    }
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_close_object(w);
}

static void add_datasets(struct lx_json_writer *w)
{
    lx_json_open_object(w, "dataset");
    lx_json_open_array(w, "anyOf");
    for (int i = 0; i < lx_dataset_count(); i++)
        add_const(w, NULL, lx_dataset_at(i)->name);
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *d = lx_dataset_at(i);

        lx_schema_open(w, NULL, d->help);
        add_const(w, "name", d->name);
        add_text_type(w, "id", "^[A-Za-z0-9_+.-]+$");
        if (d->options != NULL)
            lx_options_schema(d->options, w);
        lx_schema_close(w, (const char *const[]){"name", NULL});
    }
    lx_json_close_array(w);
    lx_json_close_object(w);
}

/* The keys that any entry of a stack may have. */
static void add_entry_keys(struct lx_json_writer *w)
{
    lx_json_open_object(w, "layers");
    lx_json_add_text(w, "description",
                     "layers it acts in: \"every K\" is each K-th, or a list from 0, negative from "
                     "the end; default: all");
    lx_json_open_array(w, "anyOf");
    add_text_type(w, NULL, "^(not )?every [1-9][0-9]{0,3}( from [0-9]{1,4})?$");
    lx_schema_array(w, NULL, "layers", 1);
    lx_json_open_object(w, "items");
    lx_json_add_text(w, "type", "integer");
    lx_json_close_object(w);
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_open_object(w, "until");
    lx_json_add_text(w, "description",
                     "it acts in that part of the training steps only, and not at evaluation");
    lx_json_add_text(w, "type", "number");
    lx_json_add_number(w, "exclusiveMinimum", 0);
    lx_json_add_number(w, "exclusiveMaximum", 1);
    lx_json_close_object(w);
}

static enum lx_code add_schemes(struct lx_json_writer *w, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    lx_json_open_object(w, "scheme_name");
    lx_json_open_array(w, "enum");
    for (int i = 0; i < lx_encoding_count(); i++)
        lx_json_add_text(w, NULL, lx_encoding_at(i)->name);
    for (int i = 0; i < lx_schedule_count(); i++)
        lx_json_add_text(w, NULL, lx_schedule_at(i)->name);
    lx_json_close_array(w);
    lx_json_close_object(w);
    add_entry_keys(w);
    lx_json_open_object(w, "scheme");
    lx_json_open_array(w, "anyOf");
    lx_schema_ref(w, NULL, "#/$defs/scheme_name");
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "$ref", "#/$defs/scheme_options");
    lx_json_add_bool(w, "unevaluatedProperties", false);
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_open_object(w, "scheme_options");
    lx_json_open_array(w, "anyOf");
    for (int i = 0; i < lx_encoding_count() && code == LX_OK; i++) {
        const struct lx_encoding_ops *e = lx_encoding_at(i);

        lx_schema_open(w, NULL, e->title);
        add_const(w, "name", e->name);
        if (e->embed == NULL && e->positions == NULL)
            lx_schema_ref(w, "layers", "#/$defs/layers");
        lx_schema_ref(w, "until", "#/$defs/until");
        if (e->options != NULL)
            code = add_swept_options(w, e->name, e->options, err);
        lx_schema_close_part(w, (const char *const[]){"name", NULL});
    }
    for (int i = 0; i < lx_schedule_count(); i++) {
        lx_schema_open(w, NULL, lx_schedule_at(i)->title);
        add_const(w, "name", lx_schedule_at(i)->name);
        lx_json_open_object(w, "every");
        lx_json_add_text(w, "type", "integer");
        lx_json_add_int(w, "minimum", 2);
        lx_json_add_int(w, "default", lx_schedule_at(i)->every);
        lx_json_close_object(w);
        lx_schema_close_part(w, (const char *const[]){"name", NULL});
    }
    lx_json_close_array(w);
    lx_json_close_object(w);
    return code;
}

/* The keys of an entry beside its stack or its scheme. */
static enum lx_code add_stack_keys(struct lx_json_writer *w, bool trained, struct lx_err *err)
{
    add_text_type(w, "id", "^[A-Za-z0-9_+.-]+$");
    if (!trained)
        return LX_OK;
    lx_json_open_object(w, "evaluate_as");
    lx_json_add_text(w, "description", "stacks that the trained weights are evaluated under too");
    lx_json_add_text(w, "type", "array");
    lx_schema_ref(w, "items", "#/$defs/other_stack");
    lx_json_close_object(w);
    return add_swept_options(w, "rates", lx_rate_options, err);
}

/* A name, names joined by +, {"stack": [...]}, or a scheme itself. */
static enum lx_code add_stack(struct lx_json_writer *w, const char *key, bool trained,
                              struct lx_err *err)
{
    enum lx_code code = LX_OK;

    lx_json_open_object(w, key);
    lx_json_open_array(w, "anyOf");
    lx_schema_ref(w, NULL, "#/$defs/scheme_name");
    add_text_type(w, NULL, "^[a-z0-9_]+([+][a-z0-9_]+)+$");
    lx_schema_open(w, NULL, NULL);
    lx_json_open_object(w, "stack");
    lx_json_add_text(w, "type", "array");
    lx_json_add_int(w, "maxItems", LX_STACK_MAX);
    lx_schema_ref(w, "items", "#/$defs/scheme");
    lx_json_close_object(w);
    code = add_stack_keys(w, trained, err);
    lx_schema_close(w, (const char *const[]){"stack", NULL});
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "$ref", "#/$defs/scheme_options");
    lx_json_open_object(w, "properties");
    if (code == LX_OK)
        code = add_stack_keys(w, trained, err);
    lx_json_close_object(w);
    lx_json_add_bool(w, "unevaluatedProperties", false);
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
    return code;
}

static enum lx_code add_defs(struct lx_json_writer *w, struct lx_err *err)
{
    enum lx_code code;

    lx_json_open_object(w, "$defs");
    add_datasets(w);
    code = add_schemes(w, err) || add_stack(w, "encoding", true, err) ||
                   add_stack(w, "other_stack", false, err)
               ? err->code
               : LX_OK;
    lx_schema_claims_defs(w);
    lx_json_close_object(w);
    return code;
}

/* What is for people and their editors. */
static void add_notes(struct lx_json_writer *w)
{
    add_text_type(w, "$schema", NULL);
    lx_json_open_object(w, "notes");
    lx_json_add_text(w, "description", "remarks, kept in the config.json of the results");
    lx_json_open_array(w, "anyOf");
    add_text_type(w, NULL, NULL);
    lx_schema_array(w, NULL, NULL, 0);
    add_text_type(w, "items", NULL);
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
}

/* One dataset, or a list of them. */
static void add_dataset_list(struct lx_json_writer *w)
{
    lx_json_open_object(w, "dataset");
    lx_json_open_array(w, "anyOf");
    lx_schema_ref(w, NULL, "#/$defs/dataset");
    lx_schema_array(w, NULL, NULL, 1);
    lx_schema_ref(w, "items", "#/$defs/dataset");
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
}

static void add_tune(struct lx_json_writer *w)
{
    lx_schema_open(w, "tune", "how a rate for each encoding without an lr of its own is found");
    lx_options_schema(lx_tune_options, w);
    add_dataset_list(w);
    lx_schema_close(w, NULL);
}

/* The list, or where it is. */
static void add_encodings(struct lx_json_writer *w)
{
    lx_json_open_object(w, "encodings");
    lx_json_open_array(w, "anyOf");
    lx_schema_array(w, NULL, "a name alone means a stack of that one scheme with its defaults", 1);
    lx_schema_ref(w, "items", "#/$defs/encoding");
    lx_json_close_object(w);
    lx_schema_open(w, NULL, "entries of a list in a file");
    add_text_type(w, "from", NULL);
    lx_schema_array(w, "only", "ids of the entries that are taken; default: all", 1);
    add_text_type(w, "items", NULL);
    lx_json_close_object(w);
    lx_schema_array(w, "evaluate_as", "[]: none of the entries' evaluate_as", 0);
    lx_json_add_int(w, "maxItems", 0);
    lx_json_close_object(w);
    lx_schema_close(w, (const char *const[]){"from", NULL});
    lx_json_close_array(w);
    lx_json_close_object(w);
}

static void add_lists(struct lx_json_writer *w)
{
    add_dataset_list(w);
    add_encodings(w);
    lx_schema_array(w, "seeds", "each trains every encoding once; default [1]", 1);
    lx_json_add_bool(w, "uniqueItems", true);
    lx_json_open_object(w, "items");
    lx_json_add_text(w, "type", "integer");
    lx_json_add_int(w, "minimum", 0);
    lx_json_close_object(w);
    lx_json_close_object(w);
}

static void add_texts(struct lx_json_writer *w)
{
    lx_json_open_object(w, "texts");
    lx_json_add_text(w, "description",
                     "what the files of datasets must be, by path; a run writes it");
    lx_json_add_text(w, "type", "object");
    lx_schema_open(w, "additionalProperties", NULL);
    lx_json_open_object(w, "bytes");
    lx_json_add_text(w, "type", "integer");
    lx_json_add_int(w, "minimum", 0);
    lx_json_close_object(w);
    add_text_type(w, "sha256", "^[0-9a-f]{64}$");
    lx_schema_close(w, (const char *const[]){"bytes", "sha256", NULL});
    lx_json_close_object(w);
}

enum lx_code lx_config_schema(struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    lx_json_add_text(&w, "title", "Config of a longshot experiment");
    lx_json_add_text(&w, "type", "object");
    lx_json_open_object(&w, "properties");
    add_text_type(&w, "name", "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$");
    add_notes(&w);
    add_lists(&w);
    if (add_swept(&w, "model", "the transformer, the same for every encoding", lx_model_options,
                  err) ||
        add_swept(&w, "train", "optimisation", lx_train_options, err))
        return err->code;
    add_eval(&w);
    add_tune(&w);
    lx_schema_claims(&w);
    add_analyses(&w);
    add_texts(&w);
    lx_json_close_object(&w);
    lx_json_open_array(&w, "required");
    lx_json_add_text(&w, NULL, "name");
    lx_json_add_text(&w, NULL, "dataset");
    lx_json_add_text(&w, NULL, "encodings");
    lx_json_close_array(&w);
    lx_json_add_bool(&w, "additionalProperties", false);
    if (add_defs(&w, err))
        return err->code;
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}
