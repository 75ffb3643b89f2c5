/* `plan`: what a config would run, and what that would cost. */
#include <string.h>

#include "command/command.h"
#include "store/experiment.h"

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    struct lx_buf text = {0};
    enum lx_code code = lx_command_arity(&lx_command_plan, n, 1, -1, err);

    (void)given;
    if (code != LX_OK)
        return code;
    code = lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, NULL, err);
    if (code == LX_OK)
        code = lx_plan_write(&e.plan, &text, err);
    if (code == LX_OK) {
        lx_plan_warn(&e.plan);
        code = lx_command_print(&text, err);
    }
    lx_buf_free(&text);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_plan = {
    .name = "plan",
    .usage = "CONFIG [KEY=VALUE ...]",
    .help = "print the cells of a config, one JSON object a line, with their cost",
    .more = "Keys: id, train_id, encoding, dataset, seed, lr (and array_lr unless 1), parameters, "
            "flops (training and "
            "evaluation, estimated), bytes (memory, laid out).\n",
    .run = run,
};
