/* `list`: the registries, one line an entry. */
#include <string.h>

#include "analysis/analysis.h"
#include "command/command.h"
#include "datasets/dataset.h"
#include "encodings/encoding.h"
#include "encodings/schedules.h"
#include "text/nearest.h"

static void list_encodings(struct lx_buf *out)
{
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *e = lx_encoding_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", e->name, e->title, e->cite);
    }
}

static void list_schedules(struct lx_buf *out)
{
    for (int i = 0; i < lx_schedule_count(); i++) {
        const struct lx_schedule *s = lx_schedule_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", s->name, s->title, s->cite);
    }
}

static void list_datasets(struct lx_buf *out)
{
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *d = lx_dataset_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", d->name, d->title, d->help);
    }
}

static void list_analyses(struct lx_buf *out)
{
    for (int i = 0; i < lx_analysis_count(); i++) {
        const struct lx_analysis *a = lx_analysis_at(i);

        lx_buf_printf(out, "%-16s %-28s %s\n", a->name, a->title, a->cite);
    }
}

static const struct {
    const char *name;
    void (*list)(struct lx_buf *out);
} registries[] = {{"encodings", list_encodings},
                  {"schedules", list_schedules},
                  {"datasets", list_datasets},
                  {"analyses", list_analyses}};
enum { REGISTRIES = sizeof(registries) / sizeof(registries[0]) };

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    bool found = n == 0;
    enum lx_code code = lx_command_arity(&lx_command_list, n, 0, 1, err);

    (void)given;
    if (code != LX_OK)
        return code;
    for (int i = 0; i < REGISTRIES; i++) {
        if (n > 0 && strcmp(argv[0], registries[i].name) != 0)
            continue;
        found = true;
        if (n == 0)
            lx_buf_printf(&out, "%s%s:\n", i > 0 ? "\n" : "", registries[i].name);
        registries[i].list(&out);
    }
    if (!found) {
        const char *names[REGISTRIES];

        for (int i = 0; i < REGISTRIES; i++)
            names[i] = registries[i].name;
        return lx_fail_unknown(err, LX_EUSAGE, argv[0], names, REGISTRIES,
                               "list: must be encodings, schedules, datasets or analyses, got");
    }
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_list = {
    .name = "list",
    .usage = "[encodings|schedules|datasets|analyses]",
    .help = "list the positional schemes, the datasets and the analyses there are",
    .more = "`longshot describe NAME` tells more about each.\n",
    .run = run,
};
