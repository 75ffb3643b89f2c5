/* What a config would be had it said no more than its datasets and the schemes of its stacks: beside it, what
 * was chosen can be told from what was left alone. */
#include "config/config.h"
#include "datasets/dataset.h"
#include "json/json.h"

static const char *scheme_of(const struct lx_json *element)
{
    const char *name = lx_json_text(element);

    return name != NULL ? name : lx_json_text(lx_json_find(element, "name"));
}

/* {"id": ..., "stack": ["a", "b"]} of an entry of "encodings", or of "evaluate_as" (key). */
static void add_stacks(struct lx_json_writer *w, const char *key, const struct lx_json *list)
{
    lx_json_open_array(w, key);
    for (const struct lx_json *e = lx_json_first(list); e != NULL; e = lx_json_next(e)) {
        const struct lx_json *as = lx_json_find(e, "evaluate_as");

        lx_json_open_object(w, NULL);
        lx_json_add_value(w, "id", lx_json_find(e, "id"));
        lx_json_open_array(w, "stack");
        for (const struct lx_json *x = lx_json_first(lx_json_find(e, "stack")); x != NULL;
             x = lx_json_next(x))
            if (scheme_of(x) != NULL)
                lx_json_add_text(w, NULL, scheme_of(x));
        lx_json_close_array(w);
        if (lx_json_count(as) > 0)
            add_stacks(w, "evaluate_as", as);
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
}

static void strip(const struct lx_json *config, const char *dataset, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "name", "defaults");
    lx_json_open_object(&w, "dataset");
    lx_json_add_text(&w, "name", dataset);
    lx_json_close_object(&w);
    add_stacks(&w, "encodings", lx_json_find(config, "encodings"));
    lx_json_close_object(&w);
}

/* What has no default: a name, data, and what is for people. */
static enum lx_code keep_own(const struct lx_json *config, struct lx_json *out, struct lx_err *err)
{
    static const char *const own[] = {"name",      "dataset", "datasets", "claims",
                                      "published", "notes",   "texts"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const struct lx_json *v = lx_json_find(config, own[i]);

        if (v != NULL && lx_json_replace(out, own[i], v, err))
            return err->code;
    }
    return LX_OK;
}

/* The resolved defaults over a dataset; none where it needs files or this version knows no such stack. */
static enum lx_code resolve(const struct lx_json *config, const char *dataset, struct lx_json **out,
                            struct lx_err *err)
{
    struct lx_buf text = {0}, full = {0};
    struct lx_config c = {.n_encodings = 0};
    struct lx_err refused = {0};
    enum lx_code code = LX_OK;

    strip(config, dataset, &text);
    if (lx_buf_check(&text, err))
        code = err->code;
    else if (lx_config_parse(&c, text.text, text.len, "defaults", NULL, 0, &refused) == LX_OK &&
             lx_config_write(&c, &full, &refused) == LX_OK &&
             lx_json_parse(full.text, full.len, "defaults", out, err))
        code = err->code;
    lx_config_free(&c);
    lx_buf_free(&text);
    lx_buf_free(&full);
    return code;
}

enum lx_code lx_config_defaults(const struct lx_json *config, struct lx_json **out,
                                struct lx_err *err)
{
    *out = NULL;
    for (int i = 0; i < lx_dataset_count() && *out == NULL; i++)
        if (resolve(config, lx_dataset_at(i)->name, out, err))
            return err->code;
    return *out != NULL ? keep_own(config, *out, err) : LX_OK;
}
