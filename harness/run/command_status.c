/* `status`: what is done, running, failed and left in a results folder, and how long it may take. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/csvfile.h"
#include "core/fs.h"
#include "core/json.h"
#include "core/log.h"
#include "run/command.h"
#include "run/merge.h"
#include "run/store.h"

static const struct lx_arg args[] = {{.type = LX_ARG_END}};

struct tally {
    const char *dir;
    struct lx_arena arena;
    struct lx_buf lines; /* one for each cell that is running or failed */
    size_t n, done, running, failed;
    double seconds, flops_done, flops_left;
};

static double seconds_of(struct tally *t, const char *id)
{
    struct lx_csv csv;
    struct lx_err err;
    const char *path;
    int column;

    if (lx_store_cell(t->dir, id, "run.csv", &t->arena, &path, &err) != LX_OK ||
        lx_csv_read(path, &t->arena, &csv, &err) != LX_OK || csv.n_rows != 1)
        return 0.0;
    column = lx_csv_column(&csv, "seconds");
    return column < 0 ? 0.0 : strtod(lx_csv_at(&csv, 0, (size_t)column), NULL);
}

static void name_cell(struct tally *t, const char *state, const struct lx_json *cell)
{
    lx_buf_printf(&t->lines, "%s %s %s %s seed %.0f", state, lx_json_text(lx_json_find(cell, "id")),
                  lx_json_text(lx_json_find(cell, "encoding")),
                  lx_json_text(lx_json_find(cell, "dataset")),
                  lx_json_number(lx_json_find(cell, "seed")));
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    struct tally *t = ctx;
    const char *id = lx_json_text(lx_json_find(cell, "id")), *lock, *error;
    double flops = lx_json_number(lx_json_find(cell, "flops"));
    struct lx_buf text = {0};
    long holder;
    enum lx_code code = lx_store_cell(t->dir, id, "lock", &t->arena, &lock, err);

    if (code == LX_OK)
        code = lx_store_cell(t->dir, id, "error.txt", &t->arena, &error, err);
    if (code != LX_OK)
        return code;
    t->n++;
    if (lx_store_done(t->dir, id)) {
        t->done++;
        t->seconds += seconds_of(t, id);
        t->flops_done += flops;
        return LX_OK;
    }
    t->flops_left += flops;
    holder = lx_store_holder(lock);
    if (holder != 0) {
        t->running++;
        name_cell(t, "running", cell);
        lx_buf_printf(&t->lines, " (process %ld)\n", holder);
    } else if (lx_fs_exists(error)) {
        t->failed++;
        code = lx_fs_read(error, &text, err);
        name_cell(t, "failed ", cell);
        lx_buf_printf(&t->lines, ": %s\n", text.text != NULL ? text.text : "");
    }
    lx_buf_free(&text);
    return code;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct tally t = {0};
    struct lx_buf out = {0};
    enum lx_code code = lx_command_arity(&lx_command_status, n, 1, 1, err);

    if (code != LX_OK)
        return code;
    t.dir = argv[0];
    code = lx_plan_visit(t.dir, visit, &t, err);
    if (code == LX_OK) {
        lx_buf_printf(&out, "%zu cells: %zu done, %zu running, %zu failed, %zu to do", t.n, t.done,
                      t.running, t.failed, t.n - t.done - t.running - t.failed);
        if (t.running > 0 && t.flops_done > 0.0) {
            char left[32];

            lx_log_duration(t.seconds / t.flops_done * t.flops_left / (double)t.running, left);
            lx_buf_printf(&out, "; at most %s left", left);
        }
        lx_buf_printf(&out, "\n%s", t.lines.text != NULL ? t.lines.text : "");
        code = lx_command_print(&out, err);
    }
    lx_buf_free(&out);
    lx_buf_free(&t.lines);
    lx_arena_free(&t.arena);
    return code;
}

const struct lx_command lx_command_status = {
    .name = "status",
    .usage = "DIR",
    .help = "show what is done, running, failed and left in a results folder",
    .args = args,
    .run = run,
};
