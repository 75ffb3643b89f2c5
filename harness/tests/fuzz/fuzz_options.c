/* Fuzz target: overrides and option tables. The first line is an override "path=value", the rest a
 * JSON document. Whatever the table takes must lie within its bounds and, written back, be taken
 * again with the same text. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
    int layers, any, mode;
    double base, unset;
    bool shared;
    const char *name;
    struct lx_numbers list;
    struct lx_map map;
};

struct inner {
    double value;
};

static const struct lx_option inner_table[] = {
    {.key = "value",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct inner, value),
     .def = 1,
     .min = 0,
     .max = 2},
    {.type = LX_OPT_END},
};

static const struct lx_map_entry inner_entry = {inner_table, sizeof(struct inner)};

static const struct lx_option table[] = {
    {.key = "layers",
     .type = LX_OPT_INT,
     .offset = offsetof(struct sample, layers),
     .def = 4,
     .min = 1,
     .max = 64},
    {.key = "any",
     .type = LX_OPT_INT,
     .offset = offsetof(struct sample, any),
     .min = -(double)INFINITY,
     .max = (double)INFINITY},
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct sample, base),
     .def = 1,
     .min = 0,
     .max = 1e6,
     .flags = LX_OPT_OPEN_MIN},
    {.key = "unset",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct sample, unset),
     .def = (double)NAN,
     .min = -(double)INFINITY,
     .max = (double)INFINITY},
    {.key = "shared", .type = LX_OPT_BOOL, .offset = offsetof(struct sample, shared)},
    {.key = "name", .type = LX_OPT_TEXT, .offset = offsetof(struct sample, name), .text = "x"},
    {.key = "mode",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct sample, mode),
     .text = "clamp|wrap|interpolate"},
    {.key = "list",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct sample, list),
     .min = -1,
     .max = 1},
    {.key = "map",
     .type = LX_OPT_MAP,
     .offset = offsetof(struct sample, map),
     .text = &inner_entry},
    {.type = LX_OPT_END},
};

static const char *const extra[] = {"stack", NULL};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void write_sample(const struct sample *s, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out};

    lx_json_open_object(&w, NULL);
    lx_options_write(table, s, &w);
    lx_json_close_object(&w);
}

static void check_sample(const struct sample *s, struct lx_arena *arena)
{
    struct lx_buf first = {0}, second = {0};
    struct lx_json *root;
    struct sample again;
    struct lx_err err;

    require(s->layers >= 1 && s->layers <= 64 && s->base > 0 && s->base <= 1e6);
    require(s->mode >= 0 && s->mode <= 2 && s->name != NULL);
    write_sample(s, &first);
    require(lx_json_parse(first.text, first.len, "again", &root, &err) == LX_OK);
    require(lx_options_parse(table, root, "again", NULL, &again, arena, &err) == LX_OK);
    write_sample(&again, &second);
    require(strcmp(first.text, second.text) == 0);
    lx_json_free(root);
    lx_buf_free(&first);
    lx_buf_free(&second);
}

/* The override as a NUL-terminated "path" and "value"; false if the line is none. */
static bool cut_override(char *line, char **value)
{
    *value = strchr(line, '=');
    if (*value == NULL)
        return false;
    *(*value)++ = '\0';
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t line = end != NULL ? (size_t)(end - data) : 0;
    size_t skip = end != NULL ? line + 1 : 0;
    struct lx_arena arena = {0};
    struct lx_json *root;
    struct lx_err err;
    struct sample s;
    char *text = lx_arena_textn(&arena, (const char *)data, line), *value;

    if (text != NULL &&
        lx_json_parse((const char *)data + skip, size - skip, "fuzz", &root, &err) == LX_OK) {
        if (lx_json_type(root) == LX_JSON_OBJECT && cut_override(text, &value))
            (void)!lx_json_set(root, text, value, &err);
        if (lx_options_parse(table, root, "fuzz", extra, &s, &arena, &err) == LX_OK)
            check_sample(&s, &arena);
        lx_json_free(root);
    }
    lx_arena_free(&arena);
    return 0;
}
