/* Opening and saving an experiment; see experiment.h. */
#include "experiment/experiment.h"

#include <string.h>

#include "config/config_tune.h"
#include "experiment/change.h"
#include "experiment/plan_file.h"
#include "system/fs.h"
#include "system/manifest.h"

static enum lx_code make_plan(struct lx_experiment *e, const char *dir, struct lx_err *err)
{
    if (lx_plan_make(&e->plan, &e->config, err))
        return err->code;
    e->dir = dir != NULL ? dir : lx_arena_printf(&e->plan.arena, "results/%s", e->config.name);
    return e->dir != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

enum lx_code lx_experiment_open(struct lx_experiment *e, const char *config_path, char **overrides,
                                size_t n_overrides, const char *dir, struct lx_err *err)
{
    *e = (struct lx_experiment){0};
    if (lx_config_read(&e->config, config_path, overrides, n_overrides, err))
        return err->code;
    return make_plan(e, dir, err);
}

enum lx_code lx_experiment_open_text(struct lx_experiment *e, const char *text, size_t n,
                                     const char *file, const char *dir, struct lx_err *err)
{
    *e = (struct lx_experiment){0};
    if (lx_config_parse(&e->config, text, n, file, NULL, 0, err))
        return err->code;
    return make_plan(e, dir, err);
}

void lx_experiment_close(struct lx_experiment *e)
{
    lx_plan_free(&e->plan);
    lx_config_free(&e->config);
}

static enum lx_code save(const struct lx_experiment *e, const char *config, const char *plan,
                         const struct lx_buf *text, const struct lx_buf *cells, struct lx_err *err)
{
    const struct lx_manifest_file files[] = {{lx_plan_names[0], text->text, text->len},
                                             {lx_plan_names[1], cells->text, cells->len}};

    if (lx_fs_mkdir(e->dir, err) || lx_change_make_way(e->dir, &e->plan, text, err) ||
        lx_config_tune_keep(&e->config, e->dir, err) ||
        lx_fs_update(config, text->text, text->len, err) ||
        lx_fs_update(plan, cells->text, cells->len, err))
        return err->code;
    return lx_manifest_write(e->dir, LX_MANIFEST_PLAN, files, 2, err);
}

enum lx_code lx_experiment_save(struct lx_experiment *e, struct lx_err *err)
{
    const char *config = lx_arena_printf(&e->plan.arena, "%s/%s", e->dir, lx_plan_names[0]);
    const char *plan = lx_arena_printf(&e->plan.arena, "%s/%s", e->dir, lx_plan_names[1]);
    struct lx_buf text = {0}, cells = {0};
    enum lx_code code = LX_OK;

    if (config == NULL || plan == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (lx_config_sum_texts(&e->config, err) || lx_config_write(&e->config, &text, err) ||
        lx_plan_write(&e->plan, &cells, err) || save(e, config, plan, &text, &cells, err))
        code = err->code;
    lx_buf_free(&text);
    lx_buf_free(&cells);
    return code;
}

bool lx_experiment_is_saved(struct lx_experiment *e)
{
    const char *plan = lx_arena_printf(&e->plan.arena, "%s/%s", e->dir, lx_plan_names[1]);
    struct lx_buf there = {0}, cells = {0};
    struct lx_err ignored;
    bool same = plan == NULL || lx_plan_write(&e->plan, &cells, &ignored) != LX_OK ||
                lx_fs_read(plan, &there, &ignored) != LX_OK ||
                (there.len == cells.len && memcmp(there.text, cells.text, cells.len) == 0);

    lx_buf_free(&there);
    lx_buf_free(&cells);
    return same;
}
