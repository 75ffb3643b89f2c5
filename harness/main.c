/* longshot: the command line. Finds the command, shows help, reports the error, and turns it into
 * an exit status. Nothing below this file exits. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "core/log.h"
#include "process/child.h"
#include "system/cputype.h"
#include "text/nearest.h"

#define MOST_COMMANDS 64

static enum lx_code overview(struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    lx_buf_add(&text, "longshot " LX_VERSION
                      ": train on short sequences, see which position codes hold on long ones\n\n"
                      "usage: longshot COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; lx_commands[i] != NULL; i++)
        if (!lx_commands[i]->hidden)
            lx_buf_printf(&text, "  %-11s %s\n", lx_commands[i]->name, lx_commands[i]->help);
    lx_buf_add(&text, "\n`longshot help COMMAND` tells more; begin with "
                      "`longshot init mine.json`.\n");
    code = lx_command_print(&text, err);
    lx_buf_free(&text);
    return code;
}

static const struct lx_option no_options[] = {{.type = LX_OPT_END}};

static const struct lx_option *options_of(const struct lx_command *c)
{
    return c->options != NULL ? c->options : no_options;
}

static enum lx_code show_help(const struct lx_command *c, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    lx_buf_printf(&text, "usage: longshot %s%s%s\n\n%s\n", c->name, c->usage[0] != '\0' ? " " : "",
                  c->usage, c->help);
    if (c->more != NULL)
        lx_buf_printf(&text, "\n%s", c->more);
    lx_buf_add(&text, "\noptions:\n");
    lx_args_help(options_of(c), &text);
    code = lx_command_print(&text, err);
    lx_buf_free(&text);
    return code;
}

static enum lx_code unknown_command(const char *got, struct lx_err *err)
{
    const char *names[MOST_COMMANDS];
    size_t n = 0;

    for (size_t i = 0; lx_commands[i] != NULL && n < MOST_COMMANDS; i++)
        if (!lx_commands[i]->hidden)
            names[n++] = lx_commands[i]->name;
    (void)lx_fail_unknown(err, LX_EUSAGE, got, names, n, "unknown command");
    return lx_hint(err, "`longshot --help` lists them");
}

/* How the command is written; for an option that is none, where what was meant may be found. */
static enum lx_code hint_usage(const struct lx_command *c, struct lx_err *err)
{
    bool unknown = strncmp(err->text, "unknown option --", 17) == 0;

    if (unknown && strncmp(err->text + 17, "dry", 3) == 0)
        return lx_hint(err, "`longshot plan CONFIG` shows what would be run, and the minutes");
    if (unknown && strstr(c->usage, "KEY=VALUE") != NULL)
        return lx_hint(err, "longshot %s %s; keys of the config have no dashes: train.steps=1000",
                       c->name, c->usage);
    return lx_hint(err, "longshot %s %s", c->name, c->usage);
}

static enum lx_code run(const struct lx_command *c, int argc, char **argv, struct lx_err *err)
{
    struct lx_arena arena = {0};
    void *options;
    bool help;
    int n;
    enum lx_code code;

    if (lx_arena_get(&arena, 1, c->options_size, &options, "the options of a command", err))
        return err->code;
    if (lx_args_parse(options_of(c), options, argc, argv, &n, &help, err))
        code = hint_usage(c, err);
    else if (help)
        code = show_help(c, err);
    else if (c->run_about != NULL)
        code = c->run_about(lx_commands, n, argv, err);
    else
        code = c->run(options, n, argv, err);
    lx_arena_free(&arena);
    return code;
}

static const struct lx_command *find_command(const char *name)
{
    for (size_t i = 0; lx_commands[i] != NULL; i++)
        if (strcmp(lx_commands[i]->name, name) == 0)
            return lx_commands[i];
    return NULL;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

/* `help` and `help COMMAND`. */
static enum lx_code help(int argc, char **argv, struct lx_err *err)
{
    if (argc < 3)
        return overview(err);
    if (find_command(argv[2]) == NULL)
        return unknown_command(argv[2], err);
    return show_help(find_command(argv[2]), err);
}

static enum lx_code dispatch(int argc, char **argv, struct lx_err *err)
{
    static const char *const helps[] = {"help", "--help", "-h", NULL};
    static const char *const versions[] = {"-V", "-v", "--version", NULL};
    const struct lx_command *c;

    if (argc < 2 || is_one_of(argv[1], helps))
        return help(argc, argv, err);
    c = find_command(is_one_of(argv[1], versions) ? "version" : argv[1]);
    if (c == NULL)
        return unknown_command(argv[1], err);
    if (c->computes)
        lx_cputype_restart(argv);
    return run(c, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
    struct lx_err err = {0};
    enum lx_code code;

    lx_startup();
    code = dispatch(argc, argv, &err);
    if (code != LX_OK)
        lx_log_error(&err);
    return lx_exit_status(code);
}
