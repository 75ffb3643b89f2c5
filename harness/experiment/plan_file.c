/* The plan of a results folder; see plan_file.h. */
#include "experiment/plan_file.h"

#include <stdio.h>
#include <string.h>

#include "core/arena.h"
#include "core/log.h"
#include "json/json.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "text/nearest.h"

const char *const lx_plan_names[2] = {"config.json", "plan.jsonl"};

/* Whether tables were made there, as in results that are under version control. */
static bool has_rows(const char *dir)
{
    char path[1024];

    return snprintf(path, sizeof(path), "%s/metrics.csv", dir) < (int)sizeof(path) &&
           lx_fs_exists(path);
}

enum lx_code lx_plan_file_folder(const char *dir, struct lx_err *err)
{
    enum lx_fs_kind kind;

    if (lx_fs_look_at(dir, &kind, err))
        return err->code;
    if (kind == LX_FS_FOLDER)
        return LX_OK;
    if (kind != LX_FS_NONE)
        return lx_fail(err, LX_EDATA, "%s: must be a results folder, got a file", dir);
    (void)lx_fail(err, LX_EDATA, "%s: no such folder", dir);
    lx_hint_file(err, dir);
    return err->code;
}

static enum lx_code check(const char *dir, const char *plan, struct lx_err *err)
{
    const struct lx_manifest_file files[] = {{.name = lx_plan_names[0]},
                                             {.name = lx_plan_names[1]}};
    bool found;

    if (lx_plan_file_folder(dir, err))
        return err->code;
    if (!lx_fs_exists(plan) && has_rows(dir)) {
        (void)lx_fail(err, LX_EDATA, "%s: holds finished results without their %s: nothing to run",
                      dir, lx_plan_names[1]);
        return lx_hint(err, "`longshot run %.90s/config.json -o %.90s` writes it again", dir, dir);
    }
    if (!lx_fs_exists(plan))
        return lx_fail(err, LX_EDATA, "%s: must be a results folder, but there is no %s in it", dir,
                       lx_plan_names[1]);
    if (lx_manifest_check(dir, LX_MANIFEST_PLAN, files, 2, &found, err))
        return err->code;
    if (!found)
        lx_log("%s: no %s: the plan is taken as it is", dir, LX_MANIFEST_PLAN);
    return LX_OK;
}

enum lx_code lx_plan_file_check(const char *dir, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char *plan = lx_arena_printf(&arena, "%s/%s", dir, lx_plan_names[1]);
    enum lx_code code =
        plan != NULL ? check(dir, plan, err) : lx_fail(err, LX_ENOMEM, "out of memory");

    if (code == LX_EFORMAT)
        (void)lx_hint(err, "`longshot run CONFIG -o %.80s` writes it again and keeps what is done",
                      dir);
    if (code == LX_EDATA && err->hint[0] == '\0')
        (void)lx_hint(err, "the folder that `run` or `cell` wrote, results/NAME or what -o said");
    lx_arena_free(&arena);
    return code;
}

static enum lx_code visit_line(const char *path, const char *line, size_t n,
                               enum lx_code (*visit)(void *ctx, const struct lx_json *cell,
                                                     struct lx_err *err),
                               void *ctx, struct lx_err *err)
{
    struct lx_json *cell = NULL;
    enum lx_code code = lx_json_parse(line, n, path, &cell, err);
    const char *id = code == LX_OK ? lx_json_text(lx_json_find(cell, "id")) : NULL;

    if (code == LX_ECONFIG)
        err->code = code = LX_EFORMAT;
    else if (code == LX_OK && id == NULL)
        code = lx_fail(err, LX_EFORMAT, "%s: a line has no id", path);
    else if (code == LX_OK && (id[0] == '\0' || strpbrk(id, "/.") != NULL))
        code =
            lx_fail(err, LX_EFORMAT, "%s: id: must be letters and digits, got \"%.80s\"", path, id);
    else if (code == LX_OK)
        code = visit(ctx, cell, err);
    lx_json_free(cell);
    return code;
}

enum lx_code lx_plan_visit(const char *dir,
                           enum lx_code (*visit)(void *ctx, const struct lx_json *cell,
                                                 struct lx_err *err),
                           void *ctx, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code;

    lx_buf_printf(&path, "%s/%s", dir, lx_plan_names[1]);
    code = lx_buf_check(&path, err);
    if (code == LX_OK && (lx_plan_file_check(dir, err) || lx_fs_read(path.text, &text, err)))
        code = err->code;
    for (size_t at = 0; code == LX_OK && at < text.len;) {
        size_t n = strcspn(text.text + at, "\n");

        code = visit_line(path.text, text.text + at, n, visit, ctx, err);
        at += n + 1;
    }
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}
