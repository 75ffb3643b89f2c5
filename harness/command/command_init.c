/* `init`: a config to begin with, which plans as it is and says in its notes what to change. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "config/config.h"
#include "system/fs.h"
#include "text/nearest.h"

struct options {
    const char *text, *name;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"text", LX_OPT_ARGUMENT, AT(text), 0, 0, 0, "PATH",
     "read this text, plain or gzip (default: generated text)", 0},
    {"name", LX_OPT_ARGUMENT, AT(name), 0, 0, 0, "NAME",
     "name of the study (default: that of FILE, else mine)", 0},
    {.type = LX_OPT_END},
};

enum { LENGTH = 64, LONGEST = 8 * LENGTH, TARGETS = 32 * LONGEST };

static const char start[] =
    "{\"name\": \"mine\", \"notes\": ["
    "\"Remarks are kept with the results. `longshot describe config` (train, eval, ...) tells "
    "every "
    "key, its default and what it may be; `longshot plan FILE` the cells and the minutes.\","
    "\"encodings: `longshot list encodings`; with options as {\\\"name\\\": ..., ...}, several "
    "together as \\\"a+b\\\".\","
    "\"train.lr: one learning rate is not fair to all. Try several: {\\\"sweep\\\": [0.001, 0.003, "
    "0.006]}; and see in training_curves that the loss has come to rest before schemes are "
    "compared.\","
    "\"seeds: five or more for a claim; one is enough for a look.\"],"
    "\"dataset\": {},"
    "\"model\": {\"layers\": 2, \"d_model\": 64, \"heads\": 4},"
    "\"train\": {\"length\": 64, \"batch_tokens\": 2048, \"steps\": 1000, \"lr\": 0.003},"
    "\"encodings\": [],"
    "\"eval\": {\"lengths\": [\"1x\", \"2x\", \"4x\", \"8x\"], \"modes\": [\"last\", "
    "\"nonoverlapping\"], \"tokens\": 16384},"
    "\"seeds\": [1, 2]}";

/* The dataset of a text, and as many targets as its held-out part has. */
static enum lx_code use_text(const char *path, struct lx_buf *dataset, struct lx_buf *tokens,
                             struct lx_err *err)
{
    struct lx_json_writer w = {.out = dataset};
    struct lx_buf text = {0};
    size_t targets;

    if (lx_fs_read_gz(path, &text, err)) {
        lx_hint_file(err, path);
        return lx_wrap(err, "--text");
    }
    targets = text.len / 25 / LONGEST * LONGEST;
    lx_buf_free(&text);
    if (targets < LONGEST)
        return lx_fail(err, LX_EDATA, "--text: %s: must have at least %d bytes", path,
                       25 * LONGEST);
    lx_buf_add(dataset, "dataset=");
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "name", "text");
    lx_json_add_text(&w, "path", path);
    lx_json_close_object(&w);
    lx_buf_printf(tokens, "eval.tokens=%zu", targets < TARGETS ? targets : TARGETS);
    return lx_buf_check(dataset, err) || lx_buf_check(tokens, err) ? err->code : LX_OK;
}

/* "dir/mine.json": mine. */
static const char *name_of(const char *file, struct lx_arena *arena)
{
    const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
    size_t n = strlen(base);

    if (n > 5 && strcmp(base + n - 5, ".json") == 0)
        n -= 5;
    return lx_arena_printf(arena, "name=%.*s", (int)n, base);
}

static enum lx_code put(const struct lx_config *c, const char *file, struct lx_err *err)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out, .indent = true};
    enum lx_code code = LX_OK;

    lx_json_add_value(&w, NULL, c->doc);
    lx_buf_add(&out, "\n");
    if (lx_buf_check(&out, err))
        code = err->code;
    else
        code =
            file != NULL ? lx_fs_write(file, out.text, out.len, err) : lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

static enum lx_code make(const struct options *o, int n, char **argv, struct lx_arena *arena,
                         struct lx_buf *dataset, struct lx_buf *tokens, struct lx_err *err)
{
    const char *file = n > 0 && strchr(argv[0], '=') == NULL ? argv[0] : NULL;
    int used = file != NULL ? 1 : 0, count = 0;
    char **set;
    struct lx_config c = {0};
    bool there = false;
    enum lx_code code = LX_OK;

    if (file != NULL && lx_fs_look(file, &there, err))
        return err->code;
    if (there)
        return lx_fail(err, LX_EUSAGE, "%s: is there already", file);
    if (o->text != NULL && use_text(o->text, dataset, tokens, err))
        return err->code;
    if (lx_arena_get(arena, (size_t)n + 5, sizeof(*set), &set, "overrides", err))
        return err->code;
    set[count++] = lx_arena_text(arena, "encodings=nope,sinusoidal,alibi,rope");
    set[count++] = lx_arena_text(arena, o->text != NULL ? dataset->text : "dataset=journal");
    if (o->text != NULL)
        set[count++] = lx_arena_text(arena, tokens->text);
    if (o->name != NULL)
        set[count++] = lx_arena_printf(arena, "name=%s", o->name);
    else if (file != NULL)
        set[count++] = lx_arena_text(arena, name_of(file, arena));
    if (arena->failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    for (int i = used; i < n; i++)
        set[count++] = argv[i];
    if (lx_config_parse(&c, start, strlen(start), "the new config", set, (size_t)count, err) ||
        put(&c, file, err))
        code = err->code;
    lx_config_free(&c);
    return code;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_buf dataset = {0}, tokens = {0};
    struct lx_arena arena = {0};
    enum lx_code code = make(given, n, argv, &arena, &dataset, &tokens, err);

    lx_buf_free(&dataset);
    lx_buf_free(&tokens);
    lx_arena_free(&arena);
    return code;
}

const struct lx_command lx_command_init = {
    .name = "init",
    .usage = "[FILE] [KEY=VALUE ...] [--text PATH] [--name NAME]",
    .help = "write a config to begin with (without FILE to stdout)",
    .more = "It plans and runs as it is, in a few minutes; its notes say what to change.\n"
            "Example: longshot init mine.json --text book.txt encodings=alibi,rope,t5\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
