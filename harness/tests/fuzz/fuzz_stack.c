/* Fuzz target: any JSON as a stack: parsed, made for a small model, and what it applies dumped, as
 * `describe` does. The first byte chooses the lengths. */
#include <stdint.h>
#include <stdlib.h>

#include "applied/hook_dump.h"
#include "json/json.h"
#include "stack/stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static enum lx_code apply(struct lx_stack *s, const struct lx_enc_dims *dims, int T,
                          struct lx_arena *arena, struct lx_err *err)
{
    struct lx_paramset params = {0};
    struct lx_applied_rows rows = {0};
    int limit;

    if (lx_paramset_init(&params, LX_STACK_MAX * 8, arena, err) ||
        lx_stack_init(s, dims, arena, &params, err) || lx_paramset_layout(&params, false, err))
        return err->code;
    lx_paramset_fill(&params, 1);
    limit = lx_stack_max_length(s);
    if ((limit == 0 || T <= limit) && lx_hook_dump_bytes(s, dims, T) < 1e7)
        (void)!lx_hook_dump(s, dims, 1, T, &rows, err);
    lx_hook_dump_free(&rows);
    return LX_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_json *doc;
    struct lx_err err = {0};
    struct lx_arena arena = {0};
    struct lx_stack s;

    if (size < 1 || lx_json_parse((const char *)data + 1, size - 1, "s", &doc, &err) != LX_OK)
        return 0;
    const struct lx_enc_dims dims = {.layers = 2,
                                     .heads = 2,
                                     .head_dim = 4,
                                     .d_model = 8,
                                     .train_length = 1 + data[0] % 16,
                                     .max_length = 24};

    if (lx_stack_parse(&s, doc, "stack", &arena, &err) != LX_OK)
        require(err.text[0] != '\0');
    else
        (void)!apply(&s, &dims, 1 + data[0] / 16, &arena, &err);
    lx_arena_free(&arena);
    lx_json_free(doc);
    return 0;
}
