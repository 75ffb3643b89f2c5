/* `list`: the registries, one line an entry. */
#include <string.h>

#include "datasets/dataset.h"
#include "encodings/encoding.h"
#include "run/command.h"

static const struct lx_arg args[] = {{.type = LX_ARG_END}};

static void list_encodings(struct lx_buf *out)
{
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *e = lx_encoding_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", e->name, e->title, e->cite);
    }
}

static void list_datasets(struct lx_buf *out)
{
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *d = lx_dataset_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", d->name, d->title, d->help);
    }
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    bool all = n == 0;
    enum lx_code code = lx_command_arity(&lx_command_list, n, 0, 1, err);

    if (code != LX_OK)
        return code;
    if (!all && strcmp(argv[0], "encodings") != 0 && strcmp(argv[0], "datasets") != 0)
        return lx_fail(err, LX_EUSAGE, "list: must be encodings or datasets, got \"%.80s\"",
                       argv[0]);
    if (all)
        lx_buf_add(&out, "encodings:\n");
    if (all || strcmp(argv[0], "encodings") == 0)
        list_encodings(&out);
    if (all)
        lx_buf_add(&out, "\ndatasets:\n");
    if (all || strcmp(argv[0], "datasets") == 0)
        list_datasets(&out);
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_list = {
    .name = "list",
    .usage = "[encodings|datasets]",
    .help = "list the positional schemes and the datasets there are",
    .more = "`longshot describe NAME` tells more about each.\n",
    .args = args,
    .run = run,
};
