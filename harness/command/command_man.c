/* `man`: the manual page, made from the tables of commands, options and config keys. */
#include <string.h>

#include "command/command.h"
#include "config/keys.h"

/* Text as roff takes it: no backslash, no dot at the head of a line, hyphens that can be copied. */
static void add_text(struct lx_buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
            lx_buf_add(out, "\\&");
        if (*p == '\\')
            lx_buf_add(out, "\\e");
        else if (*p == '-')
            lx_buf_add(out, "\\-");
        else
            lx_buf_addn(out, p, 1);
    }
}

static void add_line(struct lx_buf *out, const char *before, const char *text)
{
    lx_buf_add(out, before);
    add_text(out, text);
    lx_buf_add(out, "\n");
}

static void add_options(struct lx_buf *out, const struct lx_option *o)
{
    for (; o != NULL && o->type != LX_OPT_END; o++) {
        char letter = (char)(o->flags >> 8);

        if (o->help == NULL)
            continue;
        lx_buf_add(out, ".TP\n.B ");
        if (letter != '\0')
            lx_buf_printf(out, "\\-%c, ", letter);
        lx_buf_add(out, "\\-\\-");
        add_text(out, o->key);
        if (o->type != LX_OPT_BOOL)
            add_line(out, " ", o->text);
        else
            lx_buf_add(out, "\n");
        add_line(out, "", o->help);
    }
}

static void add_commands(struct lx_buf *out, const struct lx_command *const *all)
{
    lx_buf_add(out, ".SH COMMANDS\nEach has \\-\\-help.\n");
    for (; *all != NULL; all++) {
        const struct lx_command *c = *all;

        if (c->hidden)
            continue;
        lx_buf_printf(out, ".SS longshot %s ", c->name);
        add_line(out, "", c->usage);
        add_line(out, "", c->help);
        if (c->more != NULL) {
            lx_buf_add(out, ".PP\n.nf\n");
            add_text(out, c->more);
            lx_buf_add(out, ".fi\n");
        }
        add_options(out, c->options);
    }
}

static void add_keys(struct lx_buf *out)
{
    struct lx_buf section = {0};

    lx_buf_add(out,
               ".SH CONFIG\nA config is one strict JSON file; an unknown key is an error. Any key "
               "can be set on the command line: train.steps=200 seeds=1..5 "
               "encodings=rope,alibi.\n");
    for (const struct lx_keys_section *s = lx_keys_sections; s->name != NULL; s++) {
        lx_buf_clear(&section);
        lx_keys_text(s, &section);
        lx_buf_printf(out, ".SS %s\n.nf\n", s->name);
        add_text(out, section.text != NULL ? section.text : "");
        lx_buf_add(out, ".fi\n");
    }
    out->failed = out->failed || section.failed;
    lx_buf_free(&section);
}

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\na run failed, a file is missing or broken\n"
    ".TP\n.B 2\nthe command line or the config is wrong\n"
    ".TP\n.B 3\n.B compare\nfound that a curve got worse, or not the same\n"
    ".TP\n.B 4\nsome cells failed\n"
    ".TP\n.B 75\ninterrupted; the same command goes on\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B NO_COLOR, TERM\nno colours and no progress line that rewrites itself\n"
    ".TP\n.B TMPDIR\nwhere temporary files go\n"
    ".SH FILES\n"
    ".TP\n.I results/NAME\nwhat a run leaves: config.json, metrics.csv, tables, plots, "
    "checkpoints\n"
    ".TP\n.I $PREFIX/share/longshot\nconfigs to run, and schema.json for editors\n"
    ".SH EXAMPLES\n.nf\n"
    "longshot init mine.json \\-\\-text book.txt\n"
    "longshot plan mine.json\n"
    "longshot run mine.json\n"
    ".fi\n";

static enum lx_code run(const struct lx_command *const *all, int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    enum lx_code code = lx_command_arity(&lx_command_man, n, 0, 0, err);

    (void)argv;
    if (code != LX_OK)
        return code;
    lx_buf_add(&out,
               ".TH LONGSHOT 1 \"\" \"longshot " LX_VERSION "\" \"User Commands\"\n"
               ".SH NAME\nlongshot \\- train on short sequences, see which position codes hold "
               "on long ones\n"
               ".SH SYNOPSIS\n.B longshot\n.I COMMAND\n.RI [ OPTIONS ]\n"
               ".SH DESCRIPTION\nTrains small transformers that differ in nothing but the "
               "positional scheme, evaluates all on the same tokens at 1x to 8x the training "
               "length and beyond, and writes tables and plots.\n");
    add_commands(&out, all);
    add_keys(&out);
    lx_buf_add(&out, tail);
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_man = {
    .name = "man",
    .usage = "",
    .help = "print the manual page (roff), as `make install` installs it",
    .hidden = true,
    .run_about = run,
};
