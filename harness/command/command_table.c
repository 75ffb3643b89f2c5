/* The commands there are, in the order in which help lists them. A new one is a file, a declaration in
 * command.h and a line here. */
#include "command/command.h"

const struct lx_command *const lx_commands[] = {
    &lx_command_init,     &lx_command_tune,
    &lx_command_run,      &lx_command_plan,
    &lx_command_cell,     &lx_command_status,
    &lx_command_merge,    &lx_command_report,
    &lx_command_eval,     &lx_command_probe,
    &lx_command_sample,   &lx_command_list,
    &lx_command_describe, &lx_command_bench,
    &lx_command_version,  &lx_command_schema,
    &lx_command_compare,  &lx_command_verify,
    &lx_command_verdicts, &lx_command_completion,
    &lx_command_man,      NULL,
};
