/* Checkpoints; see checkpoint.h. */
#include "model/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "longshot-checkpoint-1"

#define MOST 65536
#define MOST_LENGTH (1 << 20) /* as lx_train_options allows */
#define LAYER_ARRAYS 12

/* Keys of the metadata's model and train sections that are read; a whole number each. */
static enum lx_code get_int(const struct lx_json *section, const char *where, const char *key,
                            int most, int *out, struct lx_err *err)
{
    const struct lx_json *v = lx_json_find(section, key);
    double x = lx_json_number(v);

    if (lx_json_type(v) != LX_JSON_NUMBER || !(x >= 1) || x > most || floor(x) != x)
        return lx_fail(err, LX_EFORMAT, "config.%s.%s: must be a whole number from 1 to %d", where,
                       key, most);
    *out = (int)x;
    return LX_OK;
}

/* The key attention, which causal models lack. */
static enum lx_code get_attention(const struct lx_json *model, struct lx_model_config *out,
                                  struct lx_err *err)
{
    const struct lx_json *v = lx_json_find(model, "attention");
    const char *text = lx_json_type(v) == LX_JSON_TEXT ? lx_json_text(v) : "";

    if (v == NULL || strcmp(text, "causal") == 0)
        return LX_OK;
    if (strcmp(text, "bidirectional") != 0)
        return lx_fail(err, LX_EFORMAT,
                       "config.model.attention: must be causal or bidirectional, got \"%s\"", text);
    out->attention = LX_ATTENTION_BIDIRECTIONAL;
    return LX_OK;
}

static enum lx_code read_config(struct lx_checkpoint *c, struct lx_err *err)
{
    const struct lx_json *model = lx_json_find(c->config, "model");

    if (get_int(model, "model", "layers", MOST, &c->model.layers, err) ||
        get_int(model, "model", "d_model", MOST, &c->model.d_model, err) ||
        get_int(model, "model", "heads", MOST, &c->model.heads, err) ||
        get_int(model, "model", "d_ff", MOST, &c->model.d_ff, err) ||
        get_int(model, "model", "vocab", MOST, &c->model.vocab, err) ||
        get_attention(model, &c->model, err) ||
        get_int(lx_json_find(c->config, "train"), "train", "length", MOST_LENGTH, &c->train_length,
                err))
        return err->code;
    if (lx_model_config_check(&c->model, err)) {
        err->code = LX_EFORMAT;
        return lx_wrap(err, "config.model");
    }
    /* Before a model of that size is laid out. */
    if ((size_t)c->model.layers * LAYER_ARRAYS > c->file.n_tensors)
        return lx_fail(err, LX_EFORMAT, "config.model.layers: %d layers need %d arrays, got %zu",
                       c->model.layers, c->model.layers * LAYER_ARRAYS, c->file.n_tensors);
    c->stack = lx_json_find(lx_json_find(c->config, "encoding"), "stack");
    if (lx_json_type(c->stack) != LX_JSON_ARRAY)
        return lx_fail(err, LX_EFORMAT, "config.encoding.stack: must be an array");
    return LX_OK;
}

static enum lx_code open_checked(struct lx_checkpoint *c, struct lx_err *err)
{
    const char *format = lx_st_meta(&c->file, "format");
    const char *config = lx_st_meta(&c->file, "config");
    const char *step = lx_st_meta(&c->file, "step");

    if (format == NULL || strcmp(format, FORMAT) != 0)
        return lx_fail(err, LX_EFORMAT, "not a checkpoint: format must be \"%s\", got \"%s\"",
                       FORMAT, format == NULL ? "" : format);
    if (config == NULL)
        return lx_fail(err, LX_EFORMAT, "not a checkpoint: no config in its metadata");
    if (step != NULL && (strspn(step, "0123456789") != strlen(step) || strlen(step) > 18))
        return lx_fail(err, LX_EFORMAT, "step: must be a whole number, got \"%s\"", step);
    if (lx_json_parse(config, strlen(config), "config", &c->config, err)) {
        err->code = LX_EFORMAT;
        return err->code;
    }
    c->step = step != NULL ? strtoll(step, NULL, 10) : 0;
    return read_config(c, err);
}

enum lx_code lx_checkpoint_open(struct lx_checkpoint *c, const char *path, struct lx_arena *arena,
                                struct lx_err *err)
{
    memset(c, 0, sizeof(*c));
    if (lx_st_read(path, arena, &c->file, err))
        return err->code;
    if (open_checked(c, err)) {
        lx_checkpoint_close(c);
        return lx_wrap(err, "%s", path);
    }
    return LX_OK;
}

void lx_checkpoint_close(struct lx_checkpoint *c)
{
    lx_json_free(c->config);
    c->config = NULL;
    c->stack = NULL;
}

/* "F32 [3, 4]" */
static void shape_text(char *out, size_t size, enum lx_st_type type, int n_dims, const size_t *dim)
{
    static const char *const names[] = {"F32", "F64", "I32"};
    int n = snprintf(out, size, "%s [", names[type]);

    for (int d = 0; d < n_dims && n > 0 && (size_t)n < size; d++)
        n += snprintf(out + n, size - (size_t)n, "%s%zu", d > 0 ? ", " : "", dim[d]);
    if (n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, "]");
}

static enum lx_code wrong_shape(const struct lx_st_tensor *t, const struct lx_param *p,
                                struct lx_err *err)
{
    char want[128], got[256];
    size_t dim[LX_PARAM_DIMS];

    for (int d = 0; d < p->spec.n_dims; d++)
        dim[d] = (size_t)p->spec.dim[d];
    shape_text(want, sizeof(want), LX_ST_F32, p->spec.n_dims, dim);
    shape_text(got, sizeof(got), t->type, t->n_dims, t->dim);
    return lx_fail(err, LX_EFORMAT, "checkpoint array \"%s\": must be %s, got %s", p->spec.name,
                   want, got);
}

/* F64 is taken too, as long as its values fit. */
static enum lx_code load_array(const struct lx_checkpoint *c, struct lx_param *p,
                               struct lx_err *err)
{
    const struct lx_st_tensor *t = lx_st_find(&c->file, p->spec.name);
    bool same;

    if (t == NULL)
        return lx_fail(err, LX_EFORMAT, "checkpoint lacks the array \"%s\"", p->spec.name);
    same = t->n_dims == p->spec.n_dims && t->type != LX_ST_I32;
    for (int d = 0; same && d < t->n_dims; d++)
        same = t->dim[d] == (size_t)p->spec.dim[d];
    if (!same || t->n != p->n)
        return wrong_shape(t, p, err);
    for (size_t i = 0; i < p->n; i++) {
        p->w[i] = (real)lx_st_value(t, i);
        if (!isfinite(p->w[i]))
            return lx_fail(err, LX_EFORMAT, "checkpoint array \"%s\": value %zu must be finite",
                           p->spec.name, i);
    }
    return LX_OK;
}

enum lx_code lx_checkpoint_load(const struct lx_checkpoint *c, struct lx_model *m, bool other_stack,
                                struct lx_err *err)
{
    for (size_t i = 0; i < m->params.count; i++)
        if (load_array(c, &m->params.items[i], err))
            return err->code;
    for (size_t i = 0; i < c->file.n_tensors; i++) {
        const char *name = c->file.tensors[i].name;
        bool scheme = strncmp(name, "encoding.", 9) == 0;

        if (lx_paramset_find(&m->params, name) == NULL && !(scheme && other_stack))
            return lx_fail(err, LX_EFORMAT, "checkpoint has an array the model lacks: \"%s\"",
                           name);
    }
    return LX_OK;
}

enum lx_code lx_checkpoint_save(const char *path, const struct lx_model *m, long long step,
                                const char *config_json, struct lx_err *err)
{
    const struct lx_paramset *ps = &m->params;
    struct lx_arena arena = {0};
    struct lx_st_tensor *t;
    struct lx_st_meta meta[3];
    float *values;
    char step_text[32];
    enum lx_code code;

    if (lx_arena_get(&arena, ps->count, sizeof(*t), &t, "checkpoint", err) ||
        lx_arena_get(&arena, ps->n_values, sizeof(*values), &values, "checkpoint", err)) {
        lx_arena_free(&arena);
        return err->code;
    }
    for (size_t i = 0; i < ps->count; i++) {
        const struct lx_param *p = &ps->items[i];

        t[i].name = p->spec.name;
        t[i].type = LX_ST_F32;
        t[i].n_dims = p->spec.n_dims;
        for (int d = 0; d < p->spec.n_dims; d++)
            t[i].dim[d] = (size_t)p->spec.dim[d];
        t[i].n = p->n;
        t[i].data = values;
        for (size_t k = 0; k < p->n; k++)
            *values++ = (float)p->w[k];
    }
    (void)snprintf(step_text, sizeof(step_text), "%lld", step);
    meta[0] = (struct lx_st_meta){"format", FORMAT};
    meta[1] = (struct lx_st_meta){"step", step_text};
    meta[2] = (struct lx_st_meta){"config", config_json};
    code = lx_st_write(path, t, ps->count, meta, 3, err);
    lx_arena_free(&arena);
    return code;
}
