/* `verdicts`: the primary claims of several studies, judged together. */
#include <string.h>

#include "command/command.h"
#include "grid/grid.h"
#include "report/report.h"
#include "system/fs.h"
#include "text/nearest.h"

struct options {
    const char *format, *out;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"format", LX_OPT_ARGUMENT, AT(format), 0, 0, 0, "NAME",
     "text (default), markdown, latex or csv", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "FILE", "write there, not to stdout",
     LX_OPT_LETTER('o')},
    {.type = LX_OPT_END},
};

static enum lx_code find_writer(const char *name, const struct lx_grid_writer **out,
                                struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    for (int i = 0; i < lx_grid_writer_count(); i++) {
        *out = lx_grid_writer_at(i);
        if (strcmp((*out)->name, name) == 0)
            return LX_OK;
        names[n++] = (*out)->name;
    }
    return lx_fail_unknown(err, LX_EUSAGE, name, names, n, "--format: unknown name");
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    const struct lx_grid_writer *w;
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_verdicts, n, 1, -1, err) ||
        find_writer(o->format != NULL ? o->format : lx_grid_plain.name, &w, err) ||
        lx_verdicts_write(argv, (size_t)n, w, &text, err))
        code = err->code;
    else if (o->out != NULL)
        code = lx_fs_write(o->out, text.text, text.len, err);
    else
        code = w == &lx_grid_plain ? lx_command_show(&text, err) : lx_command_print(&text, err);
    lx_buf_free(&text);
    return code;
}

const struct lx_command lx_command_verdicts = {
    .name = "verdicts",
    .usage = "DIR ... [--format NAME] [-o FILE]",
    .help = "the primary claims of several studies as one family, in one table",
    .more =
        "Judged anew from the rows of each folder, with Holm's correction over all of them. Says "
        "which\nverdicts are others than in their own folder, and which claims were not "
        "registered before.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
