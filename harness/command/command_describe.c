/* `describe`: what an encoding or a dataset is, and, as numbers, what an encoding really applies. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"
#include "applied/hook_dump.h"
#include "command/command.h"
#include "config/config.h"
#include "config/keys.h"
#include "core/log.h"
#include "datasets/dataset.h"
#include "encodings/schedules.h"
#include "json/json.h"
#include "model/checkpoint.h"
#include "plot/heatmap.h"
#include "record/checkpoint_name.h"
#include "system/limits.h"
#include "text/nearest.h"

struct options {
    int heads, length, head_dim, train_length, layer, seed;
    double progress;
    const char *plot, *checkpoint;
    bool markdown;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"length", LX_OPT_INT, AT(length), 0, 1, INT_MAX, "T",
     "print what is applied to T tokens, as CSV", LX_OPT_LETTER('n')},
    {"heads", LX_OPT_INT, AT(heads), 4, 1, INT_MAX, "H", "attention heads (default: 4)", 0},
    {"head-dim", LX_OPT_INT, AT(head_dim), 32, 1, INT_MAX, "D", "channels of a head (default: 32)",
     0},
    {"train-length", LX_OPT_INT, AT(train_length), 0, 1, INT_MAX, "L",
     "training length (default: T)", 0},
    {"layer", LX_OPT_INT, AT(layer), 0, 0, INT_MAX, "I", "which layer, from 0 (default: 0)", 0},
    {"seed", LX_OPT_INT, AT(seed), 1, 0, INT_MAX, "S",
     "seed of the first values of learned arrays (default: 1)", 0},
    {"progress", LX_OPT_REAL, AT(progress), 1, 0, 1, "P",
     "part of the training that is done, for schemes with \"until\" (default: 1, all)", 0},
    {"checkpoint", LX_OPT_ARGUMENT, AT(checkpoint), 0, 0, 0, "FILE",
     "dimensions, stack and learned values from there; also DIR:ENCODING/SEED", 0},
    {"plot", LX_OPT_ARGUMENT, AT(plot), 0, 0, 0, "FILE.png", "also draw it as a heat map", 0},
    {"markdown", LX_OPT_BOOL, AT(markdown), 0, 0, 0, NULL, NULL, 0}, /* of configs/README.md */
    {.type = LX_OPT_END},
};

static void describe_encoding(const struct lx_encoding_ops *e, struct lx_buf *out)
{
    static const char *const both[] = {
        [LX_BOTH_REFUSED] = "refused: ",
        [LX_BOTH_SAME] = "nothing in it depends on the side that a key is on",
        [LX_BOTH_DISTANCE] = "goes by |i - j|, both sides alike",
        [LX_BOTH_SIGNED] = "tells keys after the query from those before it"};

    lx_buf_printf(out, "%s: %s\n", e->name, e->title);
    lx_buf_printf(out, "  source   %s\n", e->cite);
    lx_buf_printf(out, "  formula  %s\n", e->formula);
    lx_buf_printf(out, "  beyond   %s\n", e->beyond);
    lx_buf_printf(out, "  no mask  %s%s\n", both[e->both], e->one_way != NULL ? e->one_way : "");
    if (e->options != NULL && e->options[0].type != LX_OPT_END) {
        lx_buf_add(out, "options:\n");
        lx_options_help(e->options, out);
    }
}

static void describe_schedule(const struct lx_schedule *s, struct lx_buf *out)
{
    lx_buf_printf(out, "%s: %s\n  source   %s\n", s->name, s->title, s->cite);
    lx_buf_printf(out, "  stack    %s\n", s->stack);
    if (s->every > 0)
        lx_buf_printf(out, "options:\n  every    layers of a period, @ above (default: %d)\n",
                      s->every);
}

static void describe_dataset(const struct lx_dataset_ops *d, struct lx_buf *out)
{
    lx_buf_printf(out, "%s: %s\n", d->name, d->title);
    lx_buf_printf(out, "  %s\n  source   %s\n", d->help, d->cite);
    if (d->options != NULL && d->options[0].type != LX_OPT_END) {
        lx_buf_add(out, "options:\n");
        lx_options_help(d->options, out);
    }
    if (d->more != NULL)
        d->more(out);
}

static void describe_analysis(const struct lx_analysis *a, struct lx_buf *out)
{
    lx_buf_printf(out, "%s: %s\n  %s\n  source   %s\n  metrics ", a->name, a->title, a->help,
                  a->cite);
    for (const char *const *m = a->metrics; *m != NULL; m++)
        lx_buf_printf(out, " %s", *m);
    for (const char *const *m = a->variant_metrics; m != NULL && *m != NULL; m++)
        lx_buf_printf(out, " %s", *m);
    lx_buf_add(out, "\n");
    if (a->options != NULL && a->options[0].type != LX_OPT_END) {
        lx_buf_add(out, "options:\n");
        lx_options_help(a->options, out);
    }
}

static enum lx_code unknown_name(const char *got, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    for (int i = 0; i < lx_encoding_count() && n < LX_NAMES; i++)
        names[n++] = lx_encoding_at(i)->name;
    for (int i = 0; i < lx_schedule_count() && n < LX_NAMES; i++)
        names[n++] = lx_schedule_at(i)->name;
    for (int i = 0; i < lx_dataset_count() && n < LX_NAMES; i++)
        names[n++] = lx_dataset_at(i)->name;
    for (int i = 0; i < lx_analysis_count() && n < LX_NAMES; i++)
        names[n++] = lx_analysis_at(i)->name;
    for (const struct lx_keys_section *s = lx_keys_sections; s->name != NULL && n < LX_NAMES; s++)
        names[n++] = s->name;
    (void)lx_fail_unknown_word(err, LX_EUSAGE, got, lx_encoding_words, names, n,
                               "unknown encoding, dataset, analysis or section");
    return lx_hint(err, "`longshot list` names them");
}

/* "a+b" as {"stack": [{"name": "a"}, {"name": "b"}]}; a schedule's name alone likewise. */
static enum lx_code parse_names(const char *names, struct lx_json **root, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    const char *unknown;
    enum lx_code code = LX_OK;

    lx_buf_add(&text, "{\"stack\":");
    if (lx_schedule_find(names) != NULL) {
        lx_buf_printf(&text, "[{\"name\":\"%s\"}]", names);
    } else if (lx_config_words(names, &arena, &text, &unknown, err) ||
               (unknown != NULL && unknown_name(unknown, err))) {
        code = err->code;
        goto done;
    }
    lx_buf_add(&text, "}");
    if (lx_buf_check(&text, err) || lx_json_parse(text.text, text.len, "stack", root, err))
        code = err->code;
done:
    lx_buf_free(&text);
    lx_arena_free(&arena);
    return code;
}

/* "key=1" sets an option of a single scheme, "name.key=1" one of a scheme in a stack. */
static enum lx_code set_option(struct lx_json *root, const char *text, struct lx_err *err)
{
    const char *equals = strchr(text, '='), *key = text;
    const struct lx_json *item = lx_json_first(lx_json_find(root, "stack"));
    size_t at = 0;
    char path[300];

    if (equals == NULL || equals == text || equals - text > 200)
        return lx_fail(err, LX_EUSAGE, "an option must be key=value, got \"%.80s\"", text);
    for (; item != NULL; item = lx_json_next(item), at++) {
        const char *name = lx_json_text(lx_json_find(item, "name"));
        size_t n = strlen(name);

        if (strncmp(text, name, n) == 0 && text[n] == '.') {
            key = text + n + 1;
            break;
        }
    }
    if (item == NULL && lx_json_count(lx_json_find(root, "stack")) > 1)
        return lx_fail(err, LX_EUSAGE, "an option of a stack must be NAME.key=value, got \"%.80s\"",
                       text);
    (void)snprintf(path, sizeof(path), "stack[%zu].%.*s", item == NULL ? 0 : at,
                   (int)(equals - key), key);
    return lx_json_set(root, path, equals + 1, err);
}

static enum lx_code check_length(const struct lx_stack *s, int length, struct lx_err *err)
{
    int limit = lx_stack_max_length(s);

    if (limit == 0 || length <= limit)
        return LX_OK;
    return lx_fail(err, LX_EUSAGE,
                   "--length: must be at most %d, the limit of these schemes, got %d", limit,
                   length);
}

/* Asked before anything is set up: the tables of a scheme may be as large as what is printed. */
static enum lx_code check_memory(const struct options *o, const struct lx_stack *s,
                                 const struct lx_enc_dims *dims, struct lx_err *err)
{
    double bytes = lx_hook_dump_bytes(s, dims, o->length);
    size_t free_bytes = lx_limits_memory("");

    if (o->layer >= dims->layers)
        return lx_fail(err, LX_EUSAGE, "--layer: must be below %d, got %d", dims->layers, o->layer);
    if (free_bytes == 0 || bytes <= (double)free_bytes)
        return LX_OK;
    return lx_fail(
        err, LX_ENOMEM,
        "--length: what these schemes apply to %d tokens takes %.0f bytes of memory, %zu "
        "are available",
        o->length, bytes, free_bytes);
}

static enum lx_code show(const struct options *o, struct lx_stack *s,
                         const struct lx_enc_dims *dims, const char *title, struct lx_err *err)
{
    struct lx_applied_rows rows = {0};
    struct lx_buf out = {0};
    enum lx_code code = LX_OK;

    s->progress = o->progress;
    for (int i = 0; i < s->n; i++)
        if (s->items[i].until > 0 && !(o->progress < s->items[i].until))
            lx_log("%s: acts until %g of the training and is not shown; with --progress 0 it is",
                   s->items[i].ops->name, s->items[i].until);
    if (check_length(s, o->length, err) || lx_hook_dump(s, dims, o->layer, o->length, &rows, err)) {
        code = err->code;
        goto done;
    }
    lx_hook_dump_csv(&rows, &out);
    if (lx_command_print(&out, err) ||
        (o->plot != NULL && lx_heatmap_draw(&rows, title, o->plot, err)))
        code = err->code;
done:
    lx_hook_dump_free(&rows);
    lx_buf_free(&out);
    return code;
}

/* Options over the defaults of the named schemes, and the stack that this gives. */
static enum lx_code set_up(struct lx_json *root, int n, char **set, struct lx_arena *arena,
                           struct lx_stack *stack, struct lx_err *err)
{
    for (int i = 0; i < n; i++)
        if (set_option(root, set[i], err))
            return err->code;
    return lx_stack_parse(stack, lx_json_find(root, "stack"), "stack", arena, err);
}

/* Layers of the model that schedules by name are shown in: those published have periods up to six. */
#define SCHEDULE_LAYERS 12

/* A stack with the first values of its learned arrays. */
static enum lx_code show_stack(const struct options *o, struct lx_stack *stack, const char *names,
                               struct lx_arena *arena, struct lx_err *err)
{
    struct lx_enc_dims dims = {.layers = o->layer + 1,
                               .heads = o->heads,
                               .head_dim = o->head_dim,
                               .d_model = o->heads * o->head_dim,
                               .train_length = o->train_length > 0 ? o->train_length : o->length,
                               .max_length = o->length};
    struct lx_paramset params = {0};

    if (dims.max_length < dims.train_length)
        dims.max_length = dims.train_length;
    if (lx_schedule_find(names) != NULL && dims.layers < SCHEDULE_LAYERS)
        dims.layers = SCHEDULE_LAYERS;
    if (check_memory(o, stack, &dims, err) ||
        lx_paramset_init(&params, LX_STACK_MAX * 8, arena, err) ||
        lx_stack_init(stack, &dims, arena, &params, err) || lx_paramset_layout(&params, false, err))
        return err->code;
    lx_paramset_fill(&params, (uint64_t)o->seed);
    return show(o, stack, &dims, names, err);
}

static enum lx_code show_names(const struct options *o, const char *names, int n, char **set,
                               struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_json *root = NULL;
    struct lx_stack stack;
    enum lx_code code = LX_OK;

    if (parse_names(names, &root, err) || set_up(root, n, set, &arena, &stack, err))
        code = err->code;
    else if (o->length == 0)
        code = lx_fail(err, LX_EUSAGE, "%.80s: needs --length T, the positions to print", set[0]);
    else
        code = show_stack(o, &stack, names, &arena, err);
    lx_json_free(root);
    lx_arena_free(&arena);
    return code;
}

static enum lx_code show_model(const struct options *o, const struct lx_checkpoint *c,
                               struct lx_arena *arena, struct lx_err *err)
{
    struct options own = *o;
    struct lx_enc_dims dims = {.layers = c->model.layers,
                               .heads = c->model.heads,
                               .head_dim = c->model.d_model / c->model.heads,
                               .d_model = c->model.d_model,
                               .train_length = c->train_length,
                               .both = lx_model_both(&c->model)};
    struct lx_stack stack;
    struct lx_model m;

    if (own.length == 0)
        own.length = c->train_length;
    dims.max_length = own.length > c->train_length ? own.length : c->train_length;
    if (lx_stack_parse(&stack, c->stack, "config.encoding.stack", arena, err) ||
        check_memory(&own, &stack, &dims, err) ||
        lx_model_init(&m, &c->model, &stack, c->train_length, dims.max_length, false, arena, err) ||
        lx_checkpoint_load(c, &m, false, err))
        return err->code;
    return show(&own, &m.stack, &dims, o->checkpoint, err);
}

static enum lx_code show_checkpoint(const struct options *o, struct lx_err *err)
{
    struct lx_checkpoint c;
    struct lx_arena arena = {0};
    const char *path;
    enum lx_code code = LX_OK;

    if (lx_checkpoint_named(o->checkpoint, &arena, &path, err) ||
        lx_checkpoint_open(&c, path, &arena, err)) {
        code = err->code;
    } else {
        if (show_model(o, &c, &arena, err))
            code = lx_wrap(err, "%s", o->checkpoint);
        lx_checkpoint_close(&c);
    }
    lx_arena_free(&arena);
    return code;
}

/* Words about every scheme of a stack, about a dataset, an analysis or a section. */
static enum lx_code describe(const char *names, struct lx_err *err)
{
    const struct lx_dataset_ops *d = lx_dataset_find(names);
    const struct lx_analysis *a = lx_analysis_find(names);
    const struct lx_keys_section *s = lx_keys_find(names);
    const struct lx_schedule *schedule = lx_schedule_find(names);
    struct lx_json *root = NULL;
    struct lx_buf out = {0};
    enum lx_code code = LX_OK;

    if (d != NULL)
        describe_dataset(d, &out);
    else if (a != NULL)
        describe_analysis(a, &out);
    else if (s != NULL)
        lx_keys_text(s, &out);
    else if (schedule != NULL)
        describe_schedule(schedule, &out);
    else
        code = parse_names(names, &root, err);
    for (const struct lx_json *v = lx_json_first(lx_json_find(root, "stack")); v != NULL;
         v = lx_json_next(v))
        describe_encoding(lx_encoding_find(lx_json_text(lx_json_find(v, "name"))), &out);
    if (code != LX_OK || lx_command_print(&out, err))
        code = err->code;
    lx_json_free(root);
    lx_buf_free(&out);
    return code;
}

/* Every section, for the page that documents them. */
static enum lx_code describe_sections(struct lx_err *err)
{
    struct lx_buf out = {0};
    enum lx_code code;

    for (const struct lx_keys_section *s = lx_keys_sections; s->name != NULL; s++)
        lx_keys_markdown(s, &out);
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    bool named = o->checkpoint == NULL;

    if (o->markdown)
        return describe_sections(err);
    if (!named && n > 0)
        return lx_fail(err, LX_EUSAGE, "--checkpoint: takes the place of NAME, got \"%.80s\" too",
                       argv[0]);
    if (lx_command_arity(&lx_command_describe, n, named ? 1 : 0, named ? -1 : 0, err))
        return err->code;
    if (!named)
        return show_checkpoint(o, err);
    if (o->plot != NULL && o->length == 0)
        return lx_fail(err, LX_EUSAGE, "--plot: needs --length T");
    if (o->length > 0 || n > 1)
        return show_names(o, argv[0], n - 1, argv + 1, err);
    return describe(argv[0], err);
}

const struct lx_command lx_command_describe = {
    .name = "describe",
    .usage = "NAME[+NAME ...] [OPTION=VALUE ...] [--length T] [--plot FILE.png]",
    .help =
        "explain an encoding, a schedule, a dataset, an analysis or a section of configs; print as "
        "CSV what an encoding really applies",
    .more =
        "CSV columns: kind, head, position, channel, value. Kinds: embedding, rotation (radians),\n"
        "magnitude, scale, mul (factor by distance), whole (factor on content and biases), tau,\n"
        "dist (bias by distance), bucket (learned number by distance), window, first_seen (by\n"
        "query), always_seen, sink_logit (one for no key), position, position_embed, distance "
        "(where\n"
        "they are changed), drawn (positions of one training sequence).\n"
        "For the last query (of a bidirectional model, whose --checkpoint also has dist_ahead and\n"
        "mul_ahead for keys after the query, the middle one), by key: key and pair (biases), apart "
        "(distance in rotations), and of\n"
        "schemes that go row by row product, bias, post (added to the logit), weight, value. What\n"
        "reads the layer's input, queries or keys gets the same normal noise every time.\n"
        "position is the distance for dist, mul and bucket. An empty head: all heads.\n"
        "A schedule by name is shown in a model of 12 layers, one layer at a time: --layer.\n"
        "Sections: config, dataset, model, train, encodings, eval, analyses, claims, published.\n"
        "Examples: longshot describe alibi\n"
        "          longshot describe train\n"
        "          longshot describe alibi --heads 8 --length 16\n"
        "          longshot describe rope+alibi rope.base=500 --length 32\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
