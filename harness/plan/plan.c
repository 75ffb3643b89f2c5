/* Cells, their names and their costs; see plan.h. */
#include "plan/plan.h"

#include <inttypes.h>
#include <string.h>

#include "core/hash.h"
#include "plan/estimate.h"

static enum lx_code out_of_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory for the plan");
}

/* "[lr=0.001,length=64]": the values that tell the variants apart. */
static enum lx_code make_suffix(const struct lx_config *c, size_t v, struct lx_arena *arena,
                                const char **out, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    for (size_t s = 0; s < c->n_sweeps; s++) {
        const struct lx_json *value = lx_json_first(c->sweeps[s].values);
        char number[40];

        for (size_t i = lx_config_pick(c, v, s); i > 0; i--)
            value = lx_json_next(value);
        lx_number_text(lx_json_number(value), number, sizeof(number));
        lx_buf_printf(&text, "%s%s=%s", s == 0 ? "[" : ",", c->sweeps[s].key,
                      lx_json_type(value) == LX_JSON_TEXT     ? lx_json_text(value)
                      : lx_json_type(value) == LX_JSON_NUMBER ? number
                      : lx_json_bool(value)                   ? "true"
                                                              : "false");
    }
    if (c->n_sweeps > 0)
        lx_buf_add(&text, "]");
    code = lx_buf_check(&text, err);
    if (code == LX_OK) {
        *out = lx_arena_text(arena, text.text == NULL ? "" : text.text);
        if (*out == NULL)
            code = out_of_memory(err);
    }
    lx_buf_free(&text);
    return code;
}

/* One cell for each encoding and seed of a variant. */
static enum lx_code add_variant(struct lx_plan *p, size_t d, size_t v, struct lx_err *err)
{
    const struct lx_config *c = p->config;
    struct lx_config_variant parsed;
    const char *suffix;
    enum lx_code code = make_suffix(c, v, &p->arena, &suffix, err);

    if (code == LX_OK)
        code = lx_config_variant(c, v, &c->datasets[d], &p->arena, &parsed, err);
    if (code != LX_OK)
        return code;
    for (size_t e = 0; e < c->n_encodings; e++) {
        const char *label = lx_arena_printf(&p->arena, "%s%s", c->encodings[e].trained.id, suffix);

        if (label == NULL)
            return out_of_memory(err);
        for (size_t s = 0; s < c->n_seeds; s++)
            p->cells[p->n++] = (struct lx_cell){.dataset = d,
                                                .variant = v,
                                                .encoding = e,
                                                .seed = s,
                                                .v = parsed,
                                                .suffix = suffix,
                                                .label = label};
    }
    return LX_OK;
}

enum lx_code lx_plan_make(struct lx_plan *p, const struct lx_config *config, struct lx_err *err)
{
    size_t variants = lx_config_variants(config);
    size_t n = config->n_datasets * variants * config->n_encodings * config->n_seeds;

    *p = (struct lx_plan){.config = config, .data_of = config->n_datasets};
    p->cells = lx_arena_take(&p->arena, n, sizeof(*p->cells));
    if (p->cells == NULL)
        return out_of_memory(err);
    for (size_t d = 0; d < config->n_datasets; d++)
        for (size_t v = 0; v < variants; v++) {
            enum lx_code code = add_variant(p, d, v, err);

            if (code != LX_OK)
                return code;
        }
    return LX_OK;
}

void lx_plan_drop_data(struct lx_plan *p)
{
    if (p->config != NULL && p->data_of < p->config->n_datasets) {
        lx_data_close(&p->data);
        p->data_of = p->config->n_datasets;
    }
}

void lx_plan_free(struct lx_plan *p)
{
    lx_plan_drop_data(p);
    lx_arena_free(&p->arena);
    *p = (struct lx_plan){0};
}

enum lx_code lx_plan_data(struct lx_plan *p, size_t k, struct lx_data **out, struct lx_err *err)
{
    size_t d = p->cells[k].dataset;

    *out = &p->data;
    if (p->data_of == d)
        return LX_OK;
    lx_plan_drop_data(p);
    p->data_of = d;
    return lx_data_open(&p->data, &p->config->datasets[d], err);
}

static void short_hash(const struct lx_buf *text, char out[LX_ID_SIZE])
{
    struct lx_hash h;
    char hex[65];

    lx_hash_init(&h);
    lx_hash_add(&h, text->text, text->len);
    lx_hash_hex(&h, hex);
    memcpy(out, hex, LX_ID_SIZE - 1);
    out[LX_ID_SIZE - 1] = '\0';
}

static void write_model_and_train(const struct lx_cell *cell, struct lx_json_writer *w)
{
    lx_json_open_object(w, "model");
    lx_options_write(lx_model_options, &cell->v.model, w);
    lx_json_close_object(w);
    lx_json_open_object(w, "train");
    lx_options_write(lx_train_options, &cell->v.train, w);
    lx_json_close_object(w);
}

static enum lx_code write_stack(const struct lx_config_stack *s, struct lx_json_writer *w,
                                const char *key, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_stack stack;
    enum lx_code code = lx_config_stack(s, &arena, &stack, err);

    if (code == LX_OK)
        lx_stack_write(&stack, w, key);
    lx_arena_free(&arena);
    return code;
}

/* What the weights depend on. The name of a data file is not part of it; its content is. */
static enum lx_code name_training(const struct lx_plan *p, struct lx_cell *cell, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "protocol", LX_PROTOCOL);
    lx_json_add_text(&w, "real", LX_REAL_NAME);
    lx_json_add_text(&w, "dataset", p->data.set.ops->name);
    lx_json_add_text(&w, "digest", p->data.digest[LX_SPLIT_TRAIN]);
    write_model_and_train(cell, &w);
    code = write_stack(&p->config->encodings[cell->encoding].trained, &w, "stack", err);
    lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
    lx_json_close_object(&w);
    if (code == LX_OK)
        code = lx_buf_check(&text, err);
    if (code == LX_OK)
        short_hash(&text, cell->train_id);
    lx_buf_free(&text);
    return code;
}

/* The analyses that see any stack of a cell; nothing where there is none. Of the stacks that one is for,
 * those of the cell: naming another encoding there changes nothing here. */
static enum lx_code write_analyses(const struct lx_cell *cell, const struct lx_config_encoding *e,
                                   struct lx_json_writer *w, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char **own = lx_arena_take(&arena, 1 + e->n_evaluate_as, sizeof(*own));
    bool open = false;

    for (size_t k = 0; k < cell->v.analyses.n && own != NULL; k++) {
        struct lx_analysis_item it = cell->v.analyses.item[k];
        size_t n = 0;

        for (size_t i = 0; i <= e->n_evaluate_as; i++) {
            const char *id = i == 0 ? e->trained.id : e->evaluate_as[i - 1].id;

            if (lx_analysis_applies(&it, id))
                own[n++] = id;
        }
        if (n == 0)
            continue;
        if (!open)
            lx_json_open_array(w, "analyses");
        open = true;
        it.only = own;
        it.n_only = n <= e->n_evaluate_as ? n : 0; /* all of them: as if none was named */
        lx_analysis_write(&it, true, w);
    }
    if (open)
        lx_json_close_array(w);
    lx_arena_free(&arena);
    return own != NULL ? LX_OK : out_of_memory(err);
}

/* What the rows depend on. */
static enum lx_code name_cell(const struct lx_plan *p, struct lx_cell *cell, struct lx_err *err)
{
    const struct lx_config_encoding *e = &p->config->encodings[cell->encoding];
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code = LX_OK;

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "train_id", cell->train_id);
    lx_json_add_text(&w, "experiment", p->config->name);
    lx_json_add_text(&w, "encoding", cell->label);
    lx_json_add_text(&w, "dataset", p->config->datasets[cell->dataset].id);
    lx_json_add_text(&w, "digest", p->data.digest[cell->v.eval.split]);
    lx_json_open_object(&w, "eval");
    lx_eval_config_write(&cell->v.eval, &w);
    lx_json_close_object(&w);
    lx_json_open_array(&w, "evaluate_as");
    for (size_t i = 0; i < e->n_evaluate_as && code == LX_OK; i++) {
        lx_json_open_object(&w, NULL);
        lx_json_add_text(&w, "id", e->evaluate_as[i].id);
        code = write_stack(&e->evaluate_as[i], &w, "stack", err);
        lx_json_close_object(&w);
    }
    lx_json_close_array(&w);
    if (code == LX_OK)
        code = write_analyses(cell, e, &w, err);
    lx_json_close_object(&w);
    if (code == LX_OK)
        code = lx_buf_check(&text, err);
    if (code == LX_OK)
        short_hash(&text, cell->id);
    lx_buf_free(&text);
    return code;
}

static enum lx_code write_metadata(struct lx_plan *p, struct lx_cell *cell, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_object(&w, NULL);
    write_model_and_train(cell, &w);
    lx_json_open_object(&w, "encoding");
    code = write_stack(&p->config->encodings[cell->encoding].trained, &w, "stack", err);
    lx_json_close_object(&w);
    lx_config_dataset_write(&p->config->datasets[cell->dataset], &w, "dataset");
    lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
    lx_json_close_object(&w);
    if (code == LX_OK)
        code = lx_buf_check(&text, err);
    if (code == LX_OK) {
        cell->metadata = lx_arena_text(&p->arena, text.text);
        if (cell->metadata == NULL)
            code = out_of_memory(err);
    }
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_plan_resolve(struct lx_plan *p, size_t k, struct lx_err *err)
{
    struct lx_cell *cell = &p->cells[k];
    const struct lx_stream *train, *eval;
    struct lx_data *data;
    enum lx_code code;

    if (cell->resolved)
        return LX_OK;
    code = lx_plan_data(p, k, &data, err);
    if (code == LX_OK)
        code = lx_data_load(data, LX_SPLIT_TRAIN, &train, err);
    if (code == LX_OK)
        code = lx_data_load(data, (enum lx_split)cell->v.eval.split, &eval, err);
    if (code == LX_OK)
        code = lx_estimate(p->config, cell, train, eval, err);
    if (code == LX_OK)
        code = name_training(p, cell, err);
    if (code == LX_OK)
        code = name_cell(p, cell, err);
    if (code == LX_OK)
        code = write_metadata(p, cell, err);
    if (code != LX_OK)
        return lx_wrap(err, "%s", p->config->file);
    cell->resolved = true;
    return LX_OK;
}

enum lx_code lx_plan_resolve_all(struct lx_plan *p, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    for (size_t k = 0; k < p->n && code == LX_OK; k++)
        code = lx_plan_resolve(p, k, err);
    return code;
}

enum lx_code lx_plan_write(struct lx_plan *p, struct lx_buf *out, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *cell = &p->cells[k];
        struct lx_json_writer w = {.out = out};
        enum lx_code code = lx_plan_resolve(p, k, err);
        size_t bytes = cell->train_bytes > cell->eval_bytes ? cell->train_bytes : cell->eval_bytes;

        if (code != LX_OK)
            return code;
        lx_json_open_object(&w, NULL);
        lx_json_add_text(&w, "id", cell->id);
        lx_json_add_text(&w, "train_id", cell->train_id);
        lx_json_add_text(&w, "encoding", cell->label);
        lx_json_add_text(&w, "dataset", p->config->datasets[cell->dataset].id);
        lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
        lx_json_add_int(&w, "parameters", (long long)cell->parameters);
        lx_json_add_number(&w, "flops", cell->train_flops + cell->eval_flops);
        lx_json_add_int(&w, "bytes", (long long)bytes);
        lx_json_close_object(&w);
        lx_buf_add(out, "\n");
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_plan_check_memory(struct lx_plan *p, size_t limit, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *cell = &p->cells[k];
        enum lx_code code = lx_plan_resolve(p, k, err);

        if (code != LX_OK)
            return code;
        if (limit > 0 && cell->train_bytes > limit) {
            (void)lx_fail(err, LX_ENOMEM,
                          "%s: training %s needs %zu bytes of memory, %zu are allowed",
                          p->config->file, cell->label, cell->train_bytes, limit);
            return lx_hint(err, "fewer cells at once (-j), a smaller train.batch_tokens, or "
                                "--memory BYTES if more is there");
        }
    }
    return LX_OK;
}
