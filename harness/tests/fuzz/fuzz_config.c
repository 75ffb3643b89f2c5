/* Fuzz target: configs. The first line may hold one override "path=value" behind a '#'; the rest is
 * the config. Whatever is taken must resolve to a config that is taken too and resolves to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_resolved(const struct lx_config *c)
{
    struct lx_buf once = {0}, twice = {0};
    struct lx_config again;
    struct lx_err err;

    require(lx_config_write(c, &once, &err) == LX_OK);
    require(lx_config_parse(&again, once.text, once.len, "again", NULL, 0, &err) == LX_OK);
    require(lx_config_write(&again, &twice, &err) == LX_OK);
    require(once.len == twice.len && memcmp(once.text, twice.text, once.len) == 0);
    require(c->n_variants == again.n_variants);
    lx_config_free(&again);
    lx_buf_free(&once);
    lx_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 && data[0] == '#' ? memchr(data, '\n', size) : NULL;
    size_t skip = end != NULL ? (size_t)(end - data) + 1 : 0;
    struct lx_arena arena = {0};
    char *override = end != NULL ? lx_arena_textn(&arena, (const char *)data + 1, skip - 2) : NULL;
    struct lx_config c;
    struct lx_err err = {0};
    enum lx_code code = lx_config_parse(&c, (const char *)data + skip, size - skip, "fuzz",
                                        &override, override != NULL ? 1 : 0, &err);

    if (code == LX_OK)
        check_resolved(&c);
    else
        require(err.text[0] != '\0');
    lx_config_free(&c);
    lx_arena_free(&arena);
    return 0;
}
