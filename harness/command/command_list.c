/* `list`: the registries, one line an entry. */
#include <string.h>

#include "analysis/analysis.h"
#include "command/command.h"
#include "datasets/dataset.h"
#include "encodings/encoding.h"
#include "encodings/schedules.h"
#include "record/checkpoint_name.h"
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

static const char checkpoints[] = "checkpoints";

/* The trainings of a results folder. */
static enum lx_code list_checkpoints(const char *dir, struct lx_err *err)
{
    struct lx_buf out = {0};
    enum lx_code code = LX_OK;

    if (lx_checkpoint_index(dir, &out, err) || lx_command_show(&out, err))
        code = err->code;
    lx_buf_free(&out);
    return code;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    bool found = n == 0;
    bool of_folder = n > 0 && strcmp(argv[0], checkpoints) == 0;
    enum lx_code code;

    (void)given;
    if (lx_command_arity(&lx_command_list, n, of_folder ? 2 : 0, 2, err) ||
        (n == 2 && !of_folder && lx_command_arity(&lx_command_list, n, 0, 1, err)))
        return err->code;
    if (of_folder)
        return list_checkpoints(argv[1], err);
    for (int i = 0; i < REGISTRIES; i++) {
        if (n > 0 && strcmp(argv[0], registries[i].name) != 0)
            continue;
        found = true;
        if (n == 0)
            lx_buf_printf(&out, "%s%s:\n", i > 0 ? "\n" : "", registries[i].name);
        registries[i].list(&out);
    }
    if (!found) {
        const char *names[REGISTRIES + 1] = {checkpoints};

        for (int i = 0; i < REGISTRIES; i++)
            names[i + 1] = registries[i].name;
        return lx_fail_unknown(
            err, LX_EUSAGE, argv[0], names, REGISTRIES + 1,
            "list: must be encodings, schedules, datasets, analyses or checkpoints, got");
    }
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_list = {
    .name = "list",
    .usage = "[encodings|schedules|datasets|analyses|checkpoints DIR]",
    .help = "list the positional schemes, datasets and analyses there are, or the checkpoints of a "
            "folder",
    .more = "`longshot describe NAME` tells more about each.\n",
    .run = run,
};
