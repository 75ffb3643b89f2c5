/* `schema`: the JSON Schema of configs. configs/schema.json is its output, and a test compares the
 * two. */
#include "command/command.h"
#include "schema/schema.h"

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    enum lx_code code = LX_OK;

    (void)given;
    (void)argv;
    if (lx_command_arity(&lx_command_schema, n, 0, 0, err) || lx_config_schema(&out, err) ||
        lx_command_print(&out, err))
        code = err->code;
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_schema = {
    .name = "schema",
    .usage = "",
    .help = "print the JSON Schema of configs (configs/schema.json)",
    .hidden = true,
    .run = run,
};
