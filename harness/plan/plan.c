/* Cells, their names and their costs; see plan.h. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "plan/estimate.h"

/* How weights come about. It is not the protocol of evaluations, which may change without training again. */
#define TRAINING "longshot-1"

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
    code = lx_buf_keep(&text, arena, out, err);
    lx_buf_free(&text);
    return code;
}

/* One cell for each encoding and seed of a variant. */
static enum lx_code add_variant(struct lx_plan *p, size_t d, size_t v, struct lx_err *err)
{
    const struct lx_config *c = p->config;
    const char *suffix, *label;

    if (make_suffix(c, v, &p->arena, &suffix, err))
        return err->code;
    for (size_t e = 0; e < c->n_encodings; e++) {
        if (lx_arena_format(&p->arena, &label, err, "%s%s", c->encodings[e].trained.id, suffix))
            return err->code;
        for (size_t s = 0; s < c->n_seeds; s++)
            p->cells[p->n++] = (struct lx_cell){
                .dataset = d,
                .encoding = e,
                .seed = s,
                .v = lx_config_variant(c, d, v),
                .e = &c->encodings[e],
                .train = lx_config_train(lx_config_variant(c, d, v), &c->encodings[e]),
                .suffix = suffix,
                .label = label};
    }
    return LX_OK;
}

enum lx_code lx_plan_make(struct lx_plan *p, const struct lx_config *config, struct lx_err *err)
{
    size_t n = config->n_datasets * config->n_variants * config->n_encodings * config->n_seeds;

    *p = (struct lx_plan){.config = config, .data_of = config->n_datasets};
    if (lx_arena_get(&p->arena, n, sizeof(*p->cells), &p->cells, "the plan", err))
        return err->code;
    for (size_t d = 0; d < config->n_datasets; d++)
        for (size_t v = 0; v < config->n_variants; v++)
            if (add_variant(p, d, v, err))
                return err->code;
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

struct lx_data *lx_plan_data(struct lx_plan *p, size_t k)
{
    size_t d = p->cells[k].dataset;

    if (p->data_of != d) {
        lx_plan_drop_data(p);
        p->data_of = d;
        lx_data_open(&p->data, &p->config->datasets[d]);
    }
    return &p->data;
}

static enum lx_code short_hash(const struct lx_buf *text, char out[LX_ID_SIZE], struct lx_err *err)
{
    struct lx_hash h;
    char hex[65];

    if (lx_buf_check(text, err))
        return err->code;
    lx_hash_init(&h);
    lx_hash_add(&h, text->text, text->len);
    lx_hash_hex(&h, hex);
    memcpy(out, hex, LX_ID_SIZE - 1);
    out[LX_ID_SIZE - 1] = '\0';
    return LX_OK;
}

static void write_model_and_train(const struct lx_cell *cell, struct lx_json_writer *w)
{
    lx_json_open_object(w, "model");
    lx_options_write(lx_model_options, &cell->v->model, w);
    lx_json_close_object(w);
    lx_json_open_object(w, "train");
    lx_options_write(lx_train_options, &cell->train, w);
    lx_json_close_object(w);
}

/* What the weights depend on; of rates those in effect, whoever gives them. The name of a data file is not part of it; its content is. */
static enum lx_code name_training(const struct lx_plan *p, struct lx_cell *cell, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "protocol", TRAINING);
    lx_json_add_text(&w, "real", LX_REAL_NAME);
    lx_json_add_text(&w, "dataset", p->data.set->ops->name);
    lx_json_add_text(&w, "digest", p->data.digest[LX_SPLIT_TRAIN]);
    write_model_and_train(cell, &w);
    lx_stack_write(&cell->e->trained.stack, &w, "stack");
    lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
    lx_json_close_object(&w);
    code = short_hash(&text, cell->train_id, err);
    lx_buf_free(&text);
    return code;
}

/* The analyses that see any stack of a cell; nothing where there is none. Of the stacks that one is for,
 * those of the cell: naming another encoding there changes nothing here. */
static enum lx_code write_analyses(const struct lx_cell *cell, struct lx_json_writer *w,
                                   struct lx_err *err)
{
    const struct lx_config_encoding *e = cell->e;
    struct lx_arena arena = {0};
    const char **own;
    bool open = false;

    if (lx_arena_get(&arena, 1 + e->n_evaluate_as, sizeof(*own), &own, "the plan", err))
        return err->code;
    for (size_t k = 0; k < cell->v->analyses.n; k++) {
        struct lx_analysis_item it = cell->v->analyses.item[k];
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
    return LX_OK;
}

/* What the rows depend on. */
static enum lx_code name_cell(const struct lx_plan *p, struct lx_cell *cell, struct lx_err *err)
{
    const struct lx_config_encoding *e = cell->e;
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "train_id", cell->train_id);
    lx_json_add_text(&w, "protocol", LX_PROTOCOL);
    lx_json_add_text(&w, "experiment", p->config->name);
    lx_json_add_text(&w, "encoding", cell->label);
    lx_json_add_text(&w, "dataset", p->config->datasets[cell->dataset].id);
    lx_json_add_text(&w, "digest", p->data.digest[cell->v->eval.split]);
    if (p->data.bytes_digest[0] != '\0')
        lx_json_add_text(&w, "token_bytes", p->data.bytes_digest);
    lx_json_open_object(&w, "eval");
    lx_eval_config_write(&cell->v->eval, &w);
    lx_json_close_object(&w);
    lx_json_open_array(&w, "evaluate_as");
    for (size_t i = 0; i < e->n_evaluate_as; i++) {
        lx_json_open_object(&w, NULL);
        lx_json_add_text(&w, "id", e->evaluate_as[i].id);
        lx_stack_write(&e->evaluate_as[i].stack, &w, "stack");
        lx_json_close_object(&w);
    }
    lx_json_close_array(&w);
    code = write_analyses(cell, &w, err);
    lx_json_close_object(&w);
    if (code == LX_OK)
        code = short_hash(&text, cell->id, err);
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
    lx_stack_write(&cell->e->trained.stack, &w, "stack");
    lx_json_close_object(&w);
    lx_config_dataset_write(&p->config->datasets[cell->dataset], &w, "dataset");
    lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
    lx_json_close_object(&w);
    code = lx_buf_keep(&text, &p->arena, &cell->metadata, err);
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_plan_resolve(struct lx_plan *p, size_t k, struct lx_err *err)
{
    struct lx_cell *cell = &p->cells[k];
    const struct lx_stream *train, *eval;
    const struct lx_ngram *table;
    struct lx_data *data;

    if (cell->resolved)
        return LX_OK;
    data = lx_plan_data(p, k);
    if (lx_data_load(data, LX_SPLIT_TRAIN, &train, err) ||
        lx_data_load(data, (enum lx_split)cell->v->eval.split, &eval, err) ||
        lx_data_table(data, &table, err) ||
        lx_estimate(cell, train, eval, lx_ngram_bytes(table), err) || name_training(p, cell, err) ||
        name_cell(p, cell, err) || write_metadata(p, cell, err))
        return lx_wrap(err, "%s", p->config->file);
    cell->seen_in_training =
        cell->v->eval.split != LX_SPLIT_TRAIN &&
        strcmp(data->digest[LX_SPLIT_TRAIN], data->digest[cell->v->eval.split]) == 0;
    cell->resolved = true;
    return LX_OK;
}

enum lx_code lx_plan_resolve_all(struct lx_plan *p, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++)
        if (lx_plan_resolve(p, k, err))
            return err->code;
    return LX_OK;
}

/* One line: "too short for 65536 targets (eval.tokens), it gives 4096, and for 32768 in mode last, ...". */
static void warn_short(const struct lx_plan *p, const struct lx_cell *c)
{
    const struct lx_eval_config *e = &c->v->eval;
    char front[96] = "", last[96] = "";

    if (c->front_targets > 0)
        (void)snprintf(front, sizeof(front), " for %d targets (eval.tokens), it gives %lld",
                       e->tokens, c->front_targets);
    if (c->last_targets > 0)
        (void)snprintf(last, sizeof(last), " for %d targets in mode last, it gives %lld",
                       e->last_tokens, c->last_targets);
    if (c->front_targets > 0 || c->last_targets > 0)
        lx_log("%s, %s split%s: too short%s%s%s", p->config->datasets[c->dataset].id,
               lx_split_name((enum lx_split)e->split), c->suffix, front,
               front[0] != '\0' && last[0] != '\0' ? ", and" : "", last);
}

void lx_plan_warn(const struct lx_plan *p)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *c = &p->cells[k], *before = k > 0 ? c - 1 : NULL;

        if (before != NULL && before->dataset == c->dataset && before->v == c->v)
            continue;
        if (c->seen_in_training && (before == NULL || before->dataset != c->dataset))
            lx_log("%s, %s split: holds the same tokens as the train split: what is evaluated was "
                   "trained on",
                   p->config->datasets[c->dataset].id,
                   lx_split_name((enum lx_split)c->v->eval.split));
        warn_short(p, c);
    }
}

enum lx_code lx_plan_write(struct lx_plan *p, struct lx_buf *out, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *cell = &p->cells[k];
        struct lx_json_writer w = {.out = out};
        size_t bytes;

        if (lx_plan_resolve(p, k, err))
            return err->code;
        bytes = cell->train_bytes > cell->eval_bytes ? cell->train_bytes : cell->eval_bytes;
        lx_json_open_object(&w, NULL);
        lx_json_add_text(&w, "id", cell->id);
        lx_json_add_text(&w, "train_id", cell->train_id);
        lx_json_add_text(&w, "encoding", cell->label);
        lx_json_add_text(&w, "dataset", p->config->datasets[cell->dataset].id);
        lx_json_add_int(&w, "seed", (long long)p->config->seeds[cell->seed]);
        lx_json_add_number(&w, "lr", cell->train.lr);
        if (cell->train.array_lr < 1 || cell->train.array_lr > 1)
            lx_json_add_number(&w, "array_lr", cell->train.array_lr);
        lx_json_add_int(&w, "parameters", (long long)cell->parameters);
        lx_json_add_number(&w, "flops", cell->train_flops + cell->eval_flops);
        lx_json_add_int(&w, "bytes", (long long)bytes);
        lx_json_close_object(&w);
        lx_buf_add(out, "\n");
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_plan_check_precision(const struct lx_plan *p, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++)
        if (lx_precision_check("train.precision", p->cells[k].train.precision, err) ||
            lx_precision_check("eval.precision", p->cells[k].v->eval.precision, err))
            return err->code;
    return LX_OK;
}

enum lx_code lx_plan_check_memory(struct lx_plan *p, size_t limit, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *cell = &p->cells[k];

        if (lx_plan_resolve(p, k, err))
            return err->code;
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
