/* The stacks that a benchmark is asked to measure: read and checked like the "encodings" of a config,
 * kept as text, because every case is a process of its own that reads them again. */
#include <string.h>

#include "bench/bench.h"
#include "config/config.h"
#include "encodings/schedules.h"

/* The schemes of one stack as the config parser resolved them. */
static enum lx_code add_stack(const struct lx_config_stack *s, bool evaluated_only,
                              struct lx_arena *arena, struct lx_bench_stack *out,
                              struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code = LX_OK;

    lx_stack_write(&s->stack, &w, NULL);
    out->evaluated_only = evaluated_only;
    if (lx_arena_copy(arena, s->id, strlen(s->id), &out->id, err) ||
        lx_buf_keep(&text, arena, &out->schemes, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

static enum lx_code add_all(const struct lx_config *c, struct lx_arena *arena,
                            struct lx_bench_stack **out, size_t *n, struct lx_err *err)
{
    enum lx_code code = LX_OK;
    size_t most = 0;

    for (size_t i = 0; i < c->n_encodings; i++)
        most += 1 + c->encodings[i].n_evaluate_as;
    *n = 0;
    if (lx_arena_get(arena, most, sizeof(**out), out, "stacks", err))
        return err->code;
    for (size_t i = 0; i < c->n_encodings && code == LX_OK; i++) {
        const struct lx_config_encoding *e = &c->encodings[i];

        code = add_stack(&e->trained, false, arena, &(*out)[(*n)++], err);
        for (size_t j = 0; j < e->n_evaluate_as && code == LX_OK; j++)
            code = add_stack(&e->evaluate_as[j], true, arena, &(*out)[(*n)++], err);
    }
    return code;
}

/* Every scheme and schedule there is, as a config would name them. */
static void write_all(struct lx_buf *out)
{
    lx_buf_add(out, "[");
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

        lx_buf_printf(out, "%s{\"id\": \"%s\", \"stack\": [%s\"%s\"]}", i > 0 ? ", " : "",
                      ops->name, ops->remap != NULL ? "\"rope\", " : "", ops->name);
    }
    for (int i = 0; i < lx_schedule_count(); i++)
        lx_buf_printf(out, ", {\"id\": \"%s\", \"stack\": [\"%s\"]}", lx_schedule_at(i)->name,
                      lx_schedule_at(i)->name);
    lx_buf_add(out, "]");
}

/* The list behind --stacks. */
static enum lx_code read_list(const char *text, struct lx_json **doc, struct lx_err *err)
{
    char first = text[strspn(text, " \t\r\n")];
    struct lx_buf all = {0};
    enum lx_code code;

    if (first == '[' || first == '{')
        return lx_json_parse(text, strlen(text), "JSON", doc, err);
    if (strcmp(text, "all") != 0)
        return lx_json_read(text, doc, err);
    write_all(&all);
    code = lx_buf_check(&all, err);
    if (code == LX_OK)
        code = lx_json_parse(all.text, all.len, "all", doc, err);
    lx_buf_free(&all);
    return code;
}

enum lx_code lx_bench_stacks(const char *text, struct lx_arena *arena, struct lx_bench_stack **out,
                             size_t *n, struct lx_err *err)
{
    char first = text[strspn(text, " \t\r\n")];
    bool inlined = first == '[' || first == '{';
    struct lx_config c = {.n_encodings = 0};
    const struct lx_json *list;
    enum lx_code code;

    if (first == '\0')
        return lx_fail(err, LX_EUSAGE, "--stacks: must be a list or the name of a file, got \"\"");
    code = read_list(text, &c.doc, err);
    if (code == LX_OK) {
        list = lx_json_type(c.doc) == LX_JSON_OBJECT ? lx_json_find(c.doc, "encodings") : c.doc;
        code = lx_config_encodings(&c, list, err);
        if (code != LX_OK && !inlined)
            (void)lx_wrap(err, "%s", text);
    }
    if (code == LX_OK)
        code = add_all(&c, arena, out, n, err);
    lx_config_free(&c);
    return code != LX_OK ? lx_wrap(err, "--stacks") : LX_OK;
}
