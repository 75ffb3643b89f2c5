/* The resolved config, as stored beside the results: what was asked for, with every default
 * written, so that a later version with other defaults can still say what ran. */
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"

void lx_config_dataset_write(const struct lx_config_dataset *d, struct lx_json_writer *w,
                             const char *key)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "name", d->ops->name);
    lx_json_add_text(w, "id", d->id);
    if (d->ops->options != NULL)
        lx_options_write(d->ops->options, d->self, w);
    lx_json_close_object(w);
}

static bool is_swept(const struct lx_config *c, const char *section, const char *key)
{
    for (size_t s = 0; s < c->n_sweeps; s++)
        if (strcmp(c->sweeps[s].section, section) == 0 && strcmp(c->sweeps[s].key, key) == 0)
            return true;
    return false;
}

/* The fields of a section as an object, with given members put over it: sweeps as they were typed,
 * and eval lengths, so that "2x" keeps its meaning under an override of train.length. */
static enum lx_code lay_over(const struct lx_buf *text, const struct lx_json *given,
                             bool (*keep)(const struct lx_json *member), const char *key,
                             struct lx_json **doc, struct lx_err *err)
{
    if (lx_buf_check(text, err) || lx_json_parse(text->text, text->len, key, doc, err))
        return err->code;
    for (const struct lx_json *m = lx_json_first(given); m != NULL; m = lx_json_next(m))
        if (keep(m) && lx_json_replace(*doc, lx_json_key(m), m, err))
            return err->code;
    return LX_OK;
}

/* A section whose fields `write` puts into the open object. */
static enum lx_code write_section(const char *key, const void *self,
                                  void (*write)(const void *self, struct lx_json_writer *w),
                                  const struct lx_json *given,
                                  bool (*keep)(const struct lx_json *member),
                                  struct lx_json_writer *w, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer section = {.out = &text};
    struct lx_json *doc = NULL;
    enum lx_code code;

    lx_json_open_object(&section, NULL);
    write(self, &section);
    lx_json_close_object(&section);
    code = lay_over(&text, given, keep, key, &doc, err);
    if (code == LX_OK)
        lx_json_add_value(w, key, doc);
    lx_json_free(doc);
    lx_buf_free(&text);
    return code;
}

static bool keep_sweep(const struct lx_json *member)
{
    return lx_json_type(member) == LX_JSON_OBJECT;
}

static bool keep_lengths(const struct lx_json *member)
{
    return strcmp(lx_json_key(member), "lengths") == 0;
}

static void model_fields(const void *self, struct lx_json_writer *w)
{
    lx_options_write(lx_model_options, self, w);
}

static void train_fields(const void *self, struct lx_json_writer *w)
{
    lx_options_write(lx_train_options, self, w);
}

static void eval_fields(const void *self, struct lx_json_writer *w)
{
    lx_eval_config_write(self, w);
}

static enum lx_code write_model(const struct lx_config *c, const struct lx_config_variant *v,
                                struct lx_json_writer *w, struct lx_err *err)
{
    struct lx_model_config m = v->model;

    /* What follows from a swept width or from the dataset stays open. */
    m.vocab = (int)lx_json_number(lx_json_find(c->model, "vocab"));
    if (is_swept(c, "model", "d_model"))
        m.d_ff = (int)lx_json_number(lx_json_find(c->model, "d_ff"));
    return write_section("model", &m, model_fields, c->model, keep_sweep, w, err);
}

static enum lx_code write_eval(const struct lx_config *c, const struct lx_config_variant *v,
                               struct lx_json_writer *w, struct lx_err *err)
{
    /* Defaults that follow the training length are different for every value of a sweep. */
    if (!is_swept(c, "train", "length"))
        return write_section("eval", &v->eval, eval_fields, c->eval, keep_lengths, w, err);
    if (c->eval != NULL)
        lx_json_add_value(w, "eval", c->eval);
    return LX_OK;
}

static void write_stack(const struct lx_config_stack *s, struct lx_json_writer *w)
{
    lx_json_add_text(w, "id", s->id);
    lx_stack_write(&s->stack, w, "stack");
}

static void write_encodings(const struct lx_config *c, struct lx_json_writer *w)
{
    lx_json_open_array(w, "encodings");
    for (size_t i = 0; i < c->n_encodings; i++) {
        const struct lx_config_encoding *e = &c->encodings[i];

        lx_json_open_object(w, NULL);
        write_stack(&e->trained, w);
        lx_options_write(lx_rate_options, e, w);
        if (e->n_evaluate_as > 0) {
            lx_json_open_array(w, "evaluate_as");
            for (size_t j = 0; j < e->n_evaluate_as; j++) {
                lx_json_open_object(w, NULL);
                write_stack(&e->evaluate_as[j], w);
                lx_json_close_object(w);
            }
            lx_json_close_array(w);
        }
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
}

static void write_datasets(const struct lx_config *c, struct lx_json_writer *w)
{
    if (c->n_datasets == 1) {
        lx_config_dataset_write(&c->datasets[0], w, "dataset");
        return;
    }
    lx_json_open_array(w, "dataset");
    for (size_t i = 0; i < c->n_datasets; i++)
        lx_config_dataset_write(&c->datasets[i], w, NULL);
    lx_json_close_array(w);
}

static void write_rest(const struct lx_config *c, const struct lx_config_variant *v,
                       struct lx_json_writer *w)
{
    if (v->analyses.n > 0) {
        lx_json_open_array(w, "analyses");
        for (size_t i = 0; i < v->analyses.n; i++)
            lx_analysis_write(&v->analyses.item[i], false, w);
        lx_json_close_array(w);
    }
    lx_json_open_array(w, "seeds");
    for (size_t i = 0; i < c->n_seeds; i++)
        lx_json_add_int(w, NULL, (long long)c->seeds[i]);
    lx_json_close_array(w);
    lx_config_tune_write(c, w);
    lx_config_texts_write(c, w);
    if (c->claims != NULL)
        lx_json_add_value(w, "claims", c->claims);
    if (c->published != NULL)
        lx_json_add_value(w, "published", c->published);
}

enum lx_code lx_config_write(const struct lx_config *c, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_config_variant *v = lx_config_variant(c, 0, 0);
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "name", c->name);
    if (c->notes != NULL)
        lx_json_add_value(&w, "notes", c->notes);
    write_datasets(c, &w);
    if (write_model(c, v, &w, err) ||
        write_section("train", &v->train, train_fields, c->train, keep_sweep, &w, err))
        return err->code;
    write_encodings(c, &w);
    if (write_eval(c, v, &w, err))
        return err->code;
    write_rest(c, v, &w);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}
