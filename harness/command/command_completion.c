/* `completion`: a script for bash, zsh or fish, made from the tables of commands, options and config keys. */
#include <string.h>

#include "analysis/analysis.h"
#include "command/command.h"
#include "config/config.h"
#include "config/keys.h"
#include "encodings/schedules.h"
#include "text/nearest.h"

static bool takes_keys(const struct lx_command *c)
{
    return strstr(c->usage, "KEY=VALUE") != NULL;
}

/* Every option with help, of one command: `put` is called with its text. */
typedef void option_fn(struct lx_buf *out, const struct lx_command *c, const struct lx_option *o);

static void each_option(struct lx_buf *out, const struct lx_command *c, option_fn *put)
{
    for (const struct lx_option *o = c->options; o != NULL && o->type != LX_OPT_END; o++)
        if (o->help != NULL)
            put(out, c, o);
}

typedef void command_fn(struct lx_buf *out, const struct lx_command *c);

static void each_command(struct lx_buf *out, const struct lx_command *const *all, command_fn *put)
{
    for (; *all != NULL; all++)
        if (!(*all)->hidden)
            put(out, *all);
}

static void add_table(struct lx_buf *out, const char *section, const struct lx_option *table)
{
    for (const struct lx_option *o = table; o != NULL && o->type != LX_OPT_END; o++)
        lx_buf_printf(out, " %s.%s=", section, o->key);
}

/* " name= train.lr= dataset.path= ...": what an override may begin with. */
static void add_keys(struct lx_buf *out)
{
    static const char *const sections[] = {"model", "train", "eval"};

    for (const struct lx_key *k = lx_keys_find("config")->parts->keys; k->key != NULL; k++)
        if (k->key[0] != '$')
            lx_buf_printf(out, " %s=", k->key);
    for (size_t i = 0; i < 3; i++) {
        const struct lx_key_table *t = lx_keys_find(sections[i])->parts;

        for (const struct lx_key *k = t->keys; k != NULL && k->key != NULL; k++)
            lx_buf_printf(out, " %s.%s=", sections[i], k->key);
        add_table(out, sections[i], t->table);
    }
    for (int i = 0; i < lx_dataset_count(); i++)
        add_table(out, "dataset", lx_dataset_at(i)->options);
}

/* The choices of one value, "a|b" or "a, b" as a help text has them, as words. */
static void add_choices(struct lx_buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        lx_buf_addn(out, *p == '|' ? " " : p, 1);
}

static void add_encodings(struct lx_buf *out)
{
    for (int i = 0; i < lx_encoding_count(); i++)
        lx_buf_printf(out, " %s", lx_encoding_at(i)->name);
    for (int i = 0; i < lx_schedule_count(); i++)
        lx_buf_printf(out, " %s", lx_schedule_at(i)->name);
}

static void add_datasets(struct lx_buf *out)
{
    for (int i = 0; i < lx_dataset_count(); i++)
        lx_buf_printf(out, " %s", lx_dataset_at(i)->name);
}

static void add_analyses(struct lx_buf *out)
{
    for (int i = 0; i < lx_analysis_count(); i++)
        lx_buf_printf(out, " %s", lx_analysis_at(i)->name);
}

static void add_name(struct lx_buf *out, const struct lx_command *c)
{
    lx_buf_printf(out, " %s", c->name);
}

/* What a command takes that is neither option nor override nor file. */
static void add_words(struct lx_buf *out, const struct lx_command *c)
{
    if (strcmp(c->name, "describe") == 0) {
        add_encodings(out);
        add_datasets(out);
        add_analyses(out);
        for (const struct lx_keys_section *s = lx_keys_sections; s->name != NULL; s++)
            lx_buf_printf(out, " %s", s->name);
    } else if (strcmp(c->name, "list") == 0) {
        lx_buf_add(out, " encodings schedules datasets analyses checkpoints");
    } else if (strcmp(c->name, "completion") == 0) {
        lx_buf_add(out, " bash zsh fish");
    }
}

/* ----------------------------------------------------------------------------------------- bash */

static void bash_option(struct lx_buf *out, const struct lx_command *c, const struct lx_option *o)
{
    (void)c;
    lx_buf_printf(out, " --%s", o->key);
}

static void bash_values(struct lx_buf *out, const struct lx_command *c, const struct lx_option *o)
{
    if (o->type != LX_OPT_CHOICE && (o->text == NULL || strchr(o->text, '|') == NULL))
        return;
    lx_buf_printf(out, "    '%s --%s') words='", c->name, o->key);
    add_choices(out, o->text);
    lx_buf_add(out, "' ;;\n");
}

static void bash_command(struct lx_buf *out, const struct lx_command *c)
{
    lx_buf_printf(out, "    %s) words='--help", c->name);
    each_option(out, c, bash_option);
    add_words(out, c);
    lx_buf_printf(out, "'%s ;;\n", takes_keys(c) ? "\" $keys\"" : "");
}

static void bash_command_values(struct lx_buf *out, const struct lx_command *c)
{
    each_option(out, c, bash_values);
}

static void bash_keys(struct lx_buf *out)
{
    static const char *const sections[] = {"model", "train", "eval"};

    lx_buf_add(out, "    encodings) words='");
    add_encodings(out);
    lx_buf_add(out, "' ;;\n    dataset | dataset.name) words='");
    add_datasets(out);
    lx_buf_add(out, "' ;;\n    analyses) words='");
    add_analyses(out);
    lx_buf_add(out, "' ;;\n    eval.modes) words='");
    for (int m = 0; m < LX_MODES; m++)
        lx_buf_printf(out, " %s", lx_eval_mode_name((enum lx_eval_mode)m));
    lx_buf_add(out, "' ;;\n");
    for (size_t i = 0; i < 3; i++)
        for (const struct lx_option *o = lx_keys_find(sections[i])->parts->table;
             o->type != LX_OPT_END; o++) {
            if (o->type != LX_OPT_CHOICE && o->type != LX_OPT_BOOL)
                continue;
            lx_buf_printf(out, "    %s.%s) words='", sections[i], o->key);
            add_choices(out, o->type == LX_OPT_BOOL ? "true|false" : o->text);
            lx_buf_add(out, "' ;;\n");
        }
}

/* "=" ends a word in bash: a value is a word after it. A list goes on after its last comma. */
static void bash(struct lx_buf *out, const struct lx_command *const *all)
{
    lx_buf_add(out, "# bash completion of longshot: `longshot completion bash`\n"
                    "_longshot() {\n"
                    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
                    "cmd=${COMP_WORDS[1]}\n"
                    "  local words='' key='' head='' keys='");
    add_keys(out);
    lx_buf_add(out,
               "'\n  COMPREPLY=()\n"
               "  if [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$cmd\" = help ] && [ \"$COMP_CWORD\" -eq 2 "
               "]; }; then\n    COMPREPLY=($(compgen -W 'help");
    each_command(out, all, add_name);
    lx_buf_add(out, "' -- \"$cur\"))\n    return\n  fi\n"
                    "  if [ \"$cur\" = = ]; then key=$prev cur=''\n"
                    "  elif [ \"$prev\" = = ]; then key=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
                    "  case $key in\n    '') ;;\n");
    bash_keys(out);
    lx_buf_add(out, "    *) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n  esac\n"
                    "  if [ -n \"$words\" ]; then\n"
                    "    case $cur in *,*) head=${cur%,*}, ;; esac\n"
                    "    COMPREPLY=($(compgen -P \"$head\" -W \"$words\" -- \"${cur##*,}\"))\n"
                    "    return\n  fi\n"
                    "  case \"$cmd $prev\" in\n");
    each_command(out, all, bash_command_values);
    lx_buf_add(out, "  esac\n"
                    "  if [ -n \"$words\" ]; then\n"
                    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n    return\n  fi\n"
                    "  case $cmd in\n");
    each_command(out, all, bash_command);
    lx_buf_add(out, "  esac\n"
                    "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n"
                    "  case ${COMPREPLY[0]-} in *=) compopt -o nospace 2>/dev/null ;; esac\n"
                    "}\ncomplete -o filenames -F _longshot longshot\n");
}

/* ------------------------------------------------------------------------------------------ zsh */

/* Text between single quotes; `special` are characters that a backslash keeps. */
static void add_quoted(struct lx_buf *out, const char *text, const char *special)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            lx_buf_add(out, "'\\'");
        else if (strchr(special, *p) != NULL)
            lx_buf_add(out, "\\");
        lx_buf_addn(out, p, 1);
    }
}

static void zsh_name(struct lx_buf *out, const struct lx_command *c)
{
    lx_buf_printf(out, "    '%s:", c->name);
    add_quoted(out, c->help, ":\\");
    lx_buf_add(out, "'\n");
}

static void zsh_option(struct lx_buf *out, const struct lx_command *c, const struct lx_option *o)
{
    (void)c;
    lx_buf_printf(out, "      '--%s:", o->key);
    add_quoted(out, o->help, ":\\");
    lx_buf_add(out, "'\n");
}

static void zsh_command(struct lx_buf *out, const struct lx_command *c)
{
    lx_buf_printf(out, "  %s)\n    options=(\n      '--help:what it does'\n", c->name);
    each_option(out, c, zsh_option);
    lx_buf_add(out, "    )\n    more=(");
    add_words(out, c);
    lx_buf_printf(out, "%s)\n    ;;\n", takes_keys(c) ? " $keys" : "");
}

static void zsh(struct lx_buf *out, const struct lx_command *const *all)
{
    lx_buf_add(out, "#compdef longshot\n# zsh completion of longshot: `longshot completion zsh`\n"
                    "_longshot() {\n  local -a commands options more keys\n  keys=(");
    add_keys(out);
    lx_buf_add(out, ")\n  commands=(\n    'help:the help of a command'\n");
    each_command(out, all, zsh_name);
    lx_buf_add(out, "  )\n  if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
                    "    _describe command commands\n    return\n  fi\n  case $words[2] in\n");
    each_command(out, all, zsh_command);
    lx_buf_add(out, "  esac\n  _describe -o option options\n"
                    "  compadd -S '' -- ${(M)more:#*=}\n  compadd -- ${more:#*=}\n  _files\n}\n"
                    "_longshot \"$@\"\n");
}

/* ----------------------------------------------------------------------------------------- fish */

static void fish_option(struct lx_buf *out, const struct lx_command *c, const struct lx_option *o)
{
    char letter = (char)(o->flags >> 8);

    lx_buf_printf(out, "complete -c longshot -n '__fish_seen_subcommand_from %s' -l %s", c->name,
                  o->key);
    if (letter != '\0')
        lx_buf_printf(out, " -s %c", letter);
    if (o->type != LX_OPT_BOOL)
        lx_buf_add(out, " -r");
    lx_buf_add(out, " -d '");
    add_quoted(out, o->help, "\\");
    lx_buf_add(out, "'\n");
}

static void fish_command(struct lx_buf *out, const struct lx_command *c)
{
    struct lx_buf words = {0};

    lx_buf_printf(out, "complete -c longshot -n __fish_use_subcommand -a %s -d '", c->name);
    add_quoted(out, c->help, "\\");
    lx_buf_add(out, "'\n");
    each_option(out, c, fish_option);
    add_words(&words, c);
    if (takes_keys(c))
        add_keys(&words);
    if (words.len > 0)
        lx_buf_printf(out, "complete -c longshot -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                      c->name, words.text + 1);
    out->failed = out->failed || words.failed;
    lx_buf_free(&words);
}

static void fish(struct lx_buf *out, const struct lx_command *const *all)
{
    lx_buf_add(out, "# fish completion of longshot: `longshot completion fish`\n");
    each_command(out, all, fish_command);
}

/* The script of one shell. */
typedef void write_fn(struct lx_buf *out, const struct lx_command *const *all);

static enum lx_code run(const struct lx_command *const *all, int n, char **argv, struct lx_err *err)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    static write_fn *const write[] = {bash, zsh, fish};
    struct lx_buf out = {0};
    size_t i = 0;
    enum lx_code code = lx_command_arity(&lx_command_completion, n, 1, 1, err);

    if (code != LX_OK)
        return code;
    while (i < 3 && strcmp(argv[0], shells[i]) != 0)
        i++;
    if (i == 3)
        return lx_fail_unknown(err, LX_EUSAGE, argv[0], shells, 3,
                               "completion: must be bash, zsh or fish, got");
    write[i](&out, all);
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .help = "print the completion script of a shell, config keys included",
    .more = "For bash: source <(longshot completion bash)\n",
    .run_about = run,
};
