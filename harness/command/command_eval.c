/* `eval`: evaluate a saved checkpoint, under its own stack or another. A config is put together from
 * what the checkpoint says about itself, so that everything is checked as in a config. */
#include <limits.h>
#include <string.h>

#include "cell/evaluation.h"
#include "command/command.h"
#include "core/log.h"
#include "experiment/experiment.h"
#include "json/json.h"
#include "kernels/gemm.h"
#include "model/checkpoint.h"
#include "process/interrupt.h"
#include "record/checkpoint_name.h"
#include "system/fs.h"
#include "system/limits.h"
#include "tensor/parallel.h"

struct options {
    const char *config, *dataset, *stack;
    const char *products;
    size_t memory;
    int threads;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"config", LX_OPT_ARGUMENT, AT(config), 0, 0, 0, "CONFIG",
     "take dataset and eval section from there", 0},
    {"dataset", LX_OPT_ARGUMENT, AT(dataset), 0, 0, 0, "ID", "which dataset, if CONFIG has several",
     0},
    {"stack", LX_OPT_ARGUMENT, AT(stack), 0, 0, 0, "STACK",
     "evaluate under these schemes: rope+pi, or JSON: '[{\"name\": \"rope\", \"scaling\": "
     "\"pi\"}]'",
     0},
    {"memory", LX_OPT_BYTES, AT(memory), 0, 0, 0, "BYTES",
     "most memory to use, as 2G (default: what is available)", 0},
    {"threads", LX_OPT_INT, AT(threads), 1, 1, INT_MAX, "N",
     "threads (default: 1); results are the same bytes for any number", 0},
    LX_COMMAND_PRODUCTS(AT(products)),
    {.type = LX_OPT_END},
};

/* The dataset to use: of the config if one is given, else the one that was trained on; NULL: only
 * overrides can say. */
static enum lx_code find_dataset(const struct lx_json *config, const char *wanted,
                                 const struct lx_json *meta, const struct lx_json **out,
                                 struct lx_err *err)
{
    const struct lx_json *v = lx_json_find(config, "dataset");

    *out = v != NULL ? v : lx_json_find(meta, "dataset");
    if (lx_json_type(v) != LX_JSON_ARRAY)
        return LX_OK;
    *out = lx_json_first(v);
    for (v = *out; v != NULL && wanted != NULL; v = lx_json_next(v)) {
        const struct lx_json *id = lx_json_find(v, "id");
        const char *text = lx_json_text(id != NULL ? id : lx_json_find(v, "name"));

        if (text != NULL && strcmp(text, wanted) == 0) {
            *out = v;
            return LX_OK;
        }
    }
    return wanted == NULL
               ? LX_OK
               : lx_fail(err, LX_EUSAGE, "--dataset: the config has no dataset \"%.80s\"", wanted);
}

/* `other` is called `id`. */
static void write_encodings(const struct lx_checkpoint *c, const struct lx_json *other,
                            const char *id, struct lx_json_writer *w)
{
    lx_json_open_array(w, "encodings");
    lx_json_open_object(w, NULL);
    if (lx_json_count(c->stack) == 0)
        lx_json_add_text(w, "id", "trained");
    lx_json_add_value(w, "stack", c->stack);
    if (other != NULL) {
        lx_json_open_array(w, "evaluate_as");
        lx_json_open_object(w, NULL);
        lx_json_add_text(w, "id", id);
        lx_json_add_value(w, "stack", other);
        lx_json_close_object(w);
        lx_json_close_array(w);
    }
    lx_json_close_object(w);
    lx_json_close_array(w);
}

/* What the model was trained for decides what is scored. */
static void copy_objective(const struct lx_json *train, struct lx_json_writer *w)
{
    static const char *const keys[] = {"objective", "mask_share", "mask_span"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (lx_json_find(train, keys[i]) != NULL)
            lx_json_add_value(w, keys[i], lx_json_find(train, keys[i]));
}

/* A config with one encoding and one seed. Of training the length and the objective matter here. */
static enum lx_code write_config(const struct lx_checkpoint *c, const struct lx_json *config,
                                 const char *dataset_id, const struct lx_json *other,
                                 const char *id, struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out};
    const struct lx_json *dataset, *seed = lx_json_find(c->config, "seed");
    enum lx_code code = find_dataset(config, dataset_id, c->config, &dataset, err);

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "name", "eval");
    if (dataset != NULL)
        lx_json_add_value(&w, "dataset", dataset);
    lx_json_open_object(&w, "model");
    lx_options_write(lx_model_options, &c->model, &w);
    lx_json_close_object(&w);
    lx_json_open_object(&w, "train");
    lx_json_add_int(&w, "length", c->train_length);
    lx_json_add_int(&w, "batch_tokens", c->train_length);
    copy_objective(lx_json_find(c->config, "train"), &w);
    lx_json_close_object(&w);
    write_encodings(c, other, id, &w);
    if (lx_json_find(config, "eval") != NULL)
        lx_json_add_value(&w, "eval", lx_json_find(config, "eval"));
    if (lx_json_find(config, "analyses") != NULL)
        lx_json_add_value(&w, "analyses", lx_json_find(config, "analyses"));
    lx_json_open_array(&w, "seeds");
    lx_json_add_int(&w, NULL, (long long)lx_json_number(seed));
    lx_json_close_array(&w);
    lx_json_close_object(&w);
    return code != LX_OK ? code : lx_buf_check(out, err);
}

static bool seen(void *ctx, double done, double total)
{
    (void)ctx;
    lx_progress(false, "eval %.0f%%", total > 0.0 ? 100.0 * done / total : 100.0);
    return !lx_interrupted();
}

/* The training split is read for the yardsticks alone: where it is not at hand, there are none. Want of memory
 * is no such reason. */
static enum lx_code find_yardsticks(struct lx_data *data, bool *found, struct lx_err *err)
{
    const struct lx_ngram *table;
    enum lx_code code = lx_data_table(data, &table, err);

    *found = code == LX_OK;
    if (code == LX_ENOMEM)
        return code;
    if (!*found)
        lx_log("no n-grams of the training split: %s", err->text);
    return LX_OK;
}

static enum lx_code evaluate(const char *weights, const struct lx_config *c, size_t memory,
                             struct lx_err *err)
{
    const struct lx_config_encoding *e = &c->encodings[0];
    bool other = e->n_evaluate_as > 0;
    const struct lx_config_variant *v = lx_config_variant(c, 0, 0);
    struct lx_data data;
    struct lx_store_rows rows = {0};
    enum lx_code code;
    struct lx_evaluation job = {.v = v,
                                .stack = other ? &e->evaluate_as[0] : &e->trained,
                                .other = other,
                                .weights = weights,
                                .data = &data,
                                .memory_limit = memory != 0 ? memory : lx_limits_memory(""),
                                .watch = {.seen = seen}};

    job.label = (struct lx_row_label){.experiment = c->name,
                                      .cell = "",
                                      .encoding = e->trained.id,
                                      .evaluated_as = job.stack->id,
                                      .dataset = c->datasets[0].id,
                                      .split = (enum lx_split)v->eval.split,
                                      .seed = c->seeds[0],
                                      .train_length = v->train.length};
    lx_data_open(&data, &c->datasets[0]);
    lx_buf_add(&rows.metrics, LX_METRICS_HEADER "\n");
    if (find_yardsticks(&data, &job.yardsticks, err) || lx_evaluation_run(&job, &rows, err))
        code = lx_interrupted() ? lx_fail(err, LX_EINTERRUPT, "interrupted") : err->code;
    else
        code = lx_command_print(&rows.metrics, err);
    lx_store_rows_free(&rows);
    lx_data_close(&data);
    return code;
}

/* Weights in DIR/checkpoints/ID are of the texts that DIR/config.json lists: say so if a file of the same
 * name is another one by now. */
static void tell_texts(const char *weights, struct lx_config *c)
{
    struct lx_buf path = {0};
    struct lx_json *study = NULL;
    struct lx_err err;
    size_t n = strlen(weights);

    for (int level = 0; level < 3; level++)
        while (n > 0 && weights[--n] != '/') {
        }
    lx_buf_printf(&path, "%.*s%sconfig.json", (int)n, weights, n > 0 ? "/" : "");
    if (!path.failed && lx_fs_exists(path.text) && lx_json_read(path.text, &study, &err) == LX_OK) {
        c->texts = lx_json_find(study, "texts");
        if (lx_config_sum_texts(c, &err) == LX_EDATA)
            lx_log("not the text of the study: %s", err.text);
        c->texts = NULL;
    }
    lx_json_free(study);
    lx_buf_free(&path);
}

static enum lx_code evaluate_told(const char *weights, struct lx_config *c, size_t memory,
                                  struct lx_err *err)
{
    tell_texts(weights, c);
    return evaluate(weights, c, memory, err);
}

static enum lx_code run_checkpoint(const struct options *o, const struct lx_checkpoint *checkpoint,
                                   const char *path, char **overrides, size_t n_overrides,
                                   struct lx_arena *arena, struct lx_err *err)
{
    struct lx_json *config = NULL, *other = NULL;
    const char *stack = NULL, *id = "other";
    struct lx_config c = {0};
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if ((o->config != NULL && lx_json_read(o->config, &config, err)) ||
        (o->stack != NULL && (lx_config_stack_text(o->stack, "--stack", arena, &stack, err) ||
                              lx_json_parse(stack, strlen(stack), "--stack", &other, err)))) {
        code = err->code;
        goto done;
    }
    if (stack != o->stack)
        id = o->stack; /* words are a name */
    if (write_config(checkpoint, config, o->dataset, other, id, &text, err) ||
        lx_config_parse(&c, text.text, text.len, path, overrides, n_overrides, err) ||
        evaluate_told(path, &c, o->memory, err))
        code = err->code;
done:
    lx_config_free(&c);
    lx_buf_free(&text);
    lx_json_free(other);
    lx_json_free(config);
    return code;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    struct lx_checkpoint checkpoint;
    struct lx_arena arena = {0};
    const char *path;
    enum lx_code code;

    if (lx_command_arity(&lx_command_eval, n, 1, -1, err) ||
        lx_command_choose_products(o->products, err) || lx_gemm_setup(err))
        return err->code;
    lx_parallel_threads_set(o->threads);
    lx_interrupt_watch(false);
    if (lx_checkpoint_named(argv[0], &arena, &path, err) ||
        lx_checkpoint_open(&checkpoint, path, &arena, err)) {
        code = err->code;
    } else {
        code = run_checkpoint(o, &checkpoint, path, argv + 1, (size_t)n - 1, &arena, err);
        lx_checkpoint_close(&checkpoint);
    }
    lx_arena_free(&arena);
    return code;
}

const struct lx_command lx_command_eval = {
    .name = "eval",
    .usage = "CHECKPOINT [KEY=VALUE ...] [--config CONFIG] [--stack STACK]",
    .help = "evaluate a saved checkpoint, also under another stack; rows of metrics.csv to stdout",
    .more =
        "CHECKPOINT is a file, or DIR:ENCODING/SEED of a results folder: results/mine:rope/1\n"
        "(`longshot list checkpoints DIR` names them).\n"
        "Without --config the dataset is the one of the training, and the eval section has its\n"
        "defaults. Overrides are paths as in a config: eval.lengths='[\"1x\",\"16x\"]'\n"
        "dataset.name=text dataset.valid=my.txt\n",
    .options = options,
    .options_size = sizeof(struct options),
    .computes = true,
    .run = run,
};
