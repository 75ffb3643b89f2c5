/* Algorithmic tasks: examples of a size, made to be trained on up to one size and asked for beyond it.
 *
 *     copy      qrc=qrc        addition  019+955=9641      flipflop  w0i1r0i0r0
 *     reverse   qrc=crq        parity    1101=1            dyck      [<>{=}]
 *
 * What is scored is the answer alone and, where a task has one, its end. Each task is an entry of a table
 * (task_kind.h); this file has the options, the splits and the windows. datasets/README.md defines the
 * tasks and says what a guess has.
 *
 * An example belongs to a split by a hash of what is read, so that no draw for training, of whatever
 * seed, is one that is asked for later. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "datasets/task_kind.h"

static const struct lx_task_kind *const kinds[] = {
    &lx_task_copy,   &lx_task_reverse,  &lx_task_sort, &lx_task_addition,       &lx_task_parity,
    &lx_task_modsum, &lx_task_flipflop, &lx_task_mqar, &lx_task_selective_copy, &lx_task_count,
    &lx_task_dyck,   &lx_task_chain,    &lx_task_group};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), COMMON = 7 };

#define INT_OPTION(k, field, d, lo, hi, h)                                                         \
    {.key = (k),                                                                                   \
     .type = LX_OPT_INT,                                                                           \
     .offset = offsetof(struct task, field),                                                       \
     .def = (d),                                                                                   \
     .min = (lo),                                                                                  \
     .max = (hi),                                                                                  \
     .help = (h)}
#define CHOICE_OPTION(k, field, names, h)                                                          \
    {.key = (k),                                                                                   \
     .type = LX_OPT_CHOICE,                                                                        \
     .offset = offsetof(struct task, field),                                                       \
     .text = (names),                                                                              \
     .help = (h)}
#define REAL_OPTION(k, field, d, lo, hi, h)                                                        \
    {.key = (k),                                                                                   \
     .type = LX_OPT_REAL,                                                                          \
     .offset = offsetof(struct task, field),                                                       \
     .def = (d),                                                                                   \
     .min = (lo),                                                                                  \
     .max = (hi),                                                                                  \
     .help = (h)}

#define ASKED_OPTION(k, field, h)                                                                  \
    {.key = (k),                                                                                   \
     .type = LX_OPT_REAL,                                                                          \
     .offset = offsetof(struct task, field),                                                       \
     .def = NAN,                                                                                   \
     .min = 0,                                                                                     \
     .max = 1,                                                                                     \
     .help = (h)}

/* The first COMMON are of every task. */
static const struct lx_option options[] = {
    CHOICE_OPTION("task", task,
                  "copy|reverse|sort|addition|parity|modsum|flipflop|mqar|selective_copy|count|"
                  "dyck|chain|group",
                  "what is asked for"),
    INT_OPTION("seed", seed, 1, 0, 2147483647, "which examples, as a seed of random numbers"),
    INT_OPTION("shortest", shortest, 0, 0, LX_TASK_SIZE,
               "smallest size of training, 0 = the smallest there is"),
    INT_OPTION("longest", longest, 0, 0, LX_TASK_SIZE,
               "largest size of training, N; 0 = the largest that fits train.length"),
    CHOICE_OPTION("pack", pack, "one|many",
                  "one: an example a window; many: one after another until it is full"),
    CHOICE_OPTION("loss", loss, "answer|all",
                  "answer: scored targets alone; all: every next input, too"),
    REAL_OPTION("grow", grow, 0, 0, 1,
                "part of the training over which sizes grow up to longest, 0 = all from the start"),
    CHOICE_OPTION("labels", labels, "auto|answer|steps|dense",
                  "parity, modsum, group: the last state, all of them, or one at each input; auto: "
                  "dense for group, else answer"),
    INT_OPTION("symbols", symbols, 26, 2, 26, "copy, reverse, sort, selective_copy: letters"),
    CHOICE_OPTION("order", order, "reversed|reversed_answer|plain",
                  "addition: which numbers have their last digit first"),
    CHOICE_OPTION("operands", operands, "same|varied",
                  "addition: both of n digits, or one of them of 1 to n"),
    INT_OPTION("pad", pad, 1, 0, 1, "addition: 1: zeros up to n digits, the answer to n + 1"),
    INT_OPTION("hints", hints, 0, 0, LX_TASK_NAMES,
               "addition: tokens that say a digit's place, more than n; 0 = none"),
    INT_OPTION("modulus", modulus, 10, 2, 10, "modsum: the modulus"),
    REAL_OPTION("ignore", ignore, 0.8, 0, 1, "flipflop: share of instructions to ignore"),
    ASKED_OPTION("asked_ignore", asked_ignore,
                 "flipflop: ignore of what is asked for, where it is another than in training"),
    INT_OPTION("keys", keys, 128, 1, LX_TASK_NAMES, "mqar: keys there are, at least n"),
    INT_OPTION("values", values, 32, 2, LX_TASK_NAMES, "mqar: values there are"),
    REAL_OPTION("density", density, 0.5, 0, 1, "selective_copy: share of places with a letter"),
    ASKED_OPTION("asked_density", asked_density,
                 "selective_copy: density of what is asked for, where it is another"),
    INT_OPTION("variables", variables, 3, 1, 5, "count: variables"),
    INT_OPTION("set", set, 1, 1, 1000, "count: weight of a set"),
    INT_OPTION("increment", increment, 4, 0, 1000, "count: weight of an increment"),
    INT_OPTION("pass", pass, 5, 0, 1000, "count: weight of a pass"),
    INT_OPTION("kinds", kinds, 4, 1, 4, "dyck: kinds of brackets"),
    INT_OPTION("depth", depth, 8, 2, LX_TASK_NAMES, "dyck: most brackets open at once"),
    INT_OPTION("hops", hops, 2, 0, 64, "chain: names between the last one and the digit"),
    INT_OPTION("names", names, 128, 1, LX_TASK_NAMES, "chain: names there are, at least n"),
    {.key = "group",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct task, group_name),
     .text = "s3",
     .help = "group: s3, s5, a5, or z2 to z60, residues under addition"},
    {.type = LX_OPT_END},
};

static bool has_option(const struct lx_task_kind *k, const char *key)
{
    char word[64];

    (void)snprintf(word, sizeof(word), " %s ", key);
    return strstr(k->options, word) != NULL;
}

/* Whether an option has another value than it has unasked. */
static bool is_set(const struct task *s, const struct lx_option *o)
{
    const char *at = (const char *)s + o->offset, *text;
    double real_value;
    int value;

    if (o->type == LX_OPT_TEXT) {
        memcpy(&text, at, sizeof(text));
        return strcmp(text, o->text) != 0;
    }
    if (o->type == LX_OPT_REAL) {
        memcpy(&real_value, at, sizeof(real_value));
        return !isnan(real_value) && (isnan(o->def) || real_value < o->def || real_value > o->def);
    }
    memcpy(&value, at, sizeof(value));
    return value != (int)o->def;
}

/* "copy, reverse": the tasks that an option belongs to. */
static void owners(const char *key, char *out, size_t size)
{
    out[0] = '\0';
    for (int k = 0; k < N_KINDS; k++)
        if (has_option(kinds[k], key)) {
            size_t n = strlen(out);

            (void)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "", kinds[k]->name);
        }
}

static enum lx_code check_owners(const struct task *s, struct lx_err *err)
{
    char tasks[128];

    for (const struct lx_option *o = options + COMMON; o->type != LX_OPT_END; o++) {
        if (has_option(s->kind, o->key) || !is_set(s, o))
            continue;
        owners(o->key, tasks, sizeof(tasks));
        return lx_fail(err, LX_ECONFIG, "%s: belongs to task %s, this is %s", o->key, tasks,
                       s->kind->name);
    }
    return LX_OK;
}

static enum lx_code find_group(struct task *s, struct lx_arena *arena, struct lx_err *err)
{
    const char *name = s->group_name;
    int order = 0, end = 0;

    if (sscanf(name, "z%d%n", &order, &end) == 1 && name[end] == '\0' && order >= 2 &&
        order <= 60 && name[1] != '0' && name[1] != '+') {
        s->elements = order;
        return LX_OK;
    }
    if (strcmp(name, "s3") != 0 && strcmp(name, "s5") != 0 && strcmp(name, "a5") != 0)
        return lx_fail(err, LX_ECONFIG, "group: must be s3, s5, a5 or z2 to z60, got \"%.40s\"",
                       name);
    s->product = lx_task_products(name[1] - '0', name[0] == 'a', arena, &s->elements, err);
    return s->product == NULL && !arena->measure ? err->code : LX_OK;
}

static int largest_size(const struct task *s)
{
    const char *option;

    return s->kind->largest != NULL ? s->kind->largest(s, &option) : LX_TASK_SIZE;
}

static enum lx_code tasks_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    struct task *s = self;

    s->kind = kinds[s->task];
    if (check_owners(s, err))
        return err->code;
    if (s->shortest > 0 && s->shortest < s->kind->smallest)
        return lx_fail(err, LX_ECONFIG, "shortest: must be at least %d for task %s, got %d",
                       s->kind->smallest, s->kind->name, s->shortest);
    if (s->longest > 0 && s->longest < (s->shortest > 0 ? s->shortest : s->kind->smallest))
        return lx_fail(err, LX_ECONFIG, "longest: must be at least the smallest size = %d, got %d",
                       s->shortest > 0 ? s->shortest : s->kind->smallest, s->longest);
    if (largest_size(s) < s->kind->smallest)
        return lx_fail(err, LX_ECONFIG, "hints: must be 0 or at least 2, got %d", s->hints);
    return s->kind == &lx_task_group ? find_group(s, arena, err) : LX_OK;
}

static int tasks_vocab(const void *self)
{
    const struct task *s = self;
    int names, more = s->kind->extra != NULL ? s->kind->extra(s, &names) : 0;

    return LX_TASK_EXTRA + more;
}

static void tasks_text(const void *self, int token, struct lx_buf *out)
{
    int c = lx_task_character(self, token);
    char bytes[2] = {(char)c};

    if (c < LX_TASK_EXTRA) {
        lx_buf_addn(out, bytes, 1);
        return;
    }
    bytes[0] = (char)(0xc0 | c >> 6); /* UTF-8 of two bytes: all are below U+0800 */
    bytes[1] = (char)(0x80 | (c & 0x3f));
    lx_buf_addn(out, bytes, 2);
}

static enum lx_code tasks_encode(const void *self, const char *text, size_t n, struct lx_buf *out,
                                 struct lx_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)text[i], token;
        uint16_t id;

        if (c >= 0xc0 && c < 0xe0 && i + 1 < n)
            c = (c & 0x1f) << 6 | ((unsigned char)text[++i] & 0x3f);
        else if (c >= LX_TASK_EXTRA)
            c = 0xffff;
        token = lx_task_token(self, c);
        if (token < 0)
            return lx_fail(err, LX_EDATA,
                           "tasks: byte %zu of the text must belong to a character of the task", i);
        id = (uint16_t)token;
        lx_buf_addn(out, &id, sizeof(id));
    }
    return lx_buf_check(out, err);
}

static void tasks_more(struct lx_buf *out)
{
    lx_buf_add(out,
               "\nTasks, an example of each, and what a guess that knows the format has (exact "
               "match):\n");
    for (int k = 0; k < N_KINDS; k++)
        lx_buf_printf(out, "  %-15s %-55s %s\n", kinds[k]->name, kinds[k]->help, kinds[k]->chance);
}

/* A few examples of small sizes, one after another, to look at and to tell datasets apart. */
enum { SHOWN = 64, SHOWN_SIZES = 8 };

static enum lx_code tasks_load(void *self, enum lx_split split, struct lx_arena *arena,
                               struct lx_stream *out, struct lx_err *err)
{
    const struct task *s = self;
    int first = s->kind->smallest, most = largest_size(s) - first + 1;
    int sizes = most < SHOWN_SIZES ? most : SHOWN_SIZES;
    int room = lx_task_examples.tokens(s, first + sizes);
    size_t n = (size_t)room * SHOWN;
    struct lx_example x = {.n = 0};
    uint16_t *tokens;
    struct lx_rng rng;
    char name[32];

    *out = (struct lx_stream){.examples = &lx_task_examples, .self = self};
    if (lx_arena_get(arena, n, sizeof(*tokens), &tokens, "examples", err) ||
        lx_arena_get(arena, (size_t)room, sizeof(*tokens), &x.targets, "examples", err) ||
        lx_arena_get(arena, (size_t)room, sizeof(*tokens), &x.reach, "examples", err))
        return err->code;
    if (arena->measure)
        return LX_OK;
    (void)snprintf(name, sizeof(name), "tasks/shown/%d", (int)split);
    lx_rng_init(&rng, (uint64_t)s->seed, name);
    out->tokens = tokens;
    for (int k = 0; k < SHOWN; k++) {
        x.inputs = tokens + out->n;
        lx_task_examples.draw(s, &rng, split, first + k % sizes, &x);
        out->n += (size_t)x.n;
    }
    return LX_OK;
}

const struct lx_dataset_ops lx_dataset_tasks = {
    .name = "tasks",
    .title = "Algorithmic tasks by size",
    .cite = "generated",
    .help =
        "copy, sort, addition, recall, state tracking and more, trained on sizes up to N and asked "
        "for beyond",
    .state_size = sizeof(struct task),
    .options = options,
    .init = tasks_init,
    .vocab = tasks_vocab,
    .load = tasks_load,
    .text = tasks_text,
    .encode = tasks_encode,
    .examples = &lx_task_examples,
    .more = tasks_more,
};
