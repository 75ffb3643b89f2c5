/* Opening and saving an experiment; see experiment.h. */
#include "store/experiment.h"

#include "system/fs.h"
#include "system/manifest.h"

enum lx_code lx_experiment_open(struct lx_experiment *e, const char *config_path, char **overrides,
                                size_t n_overrides, const char *dir, struct lx_err *err)
{
    enum lx_code code;

    *e = (struct lx_experiment){0};
    code = lx_config_read(&e->config, config_path, overrides, n_overrides, err);
    if (code == LX_OK)
        code = lx_plan_make(&e->plan, &e->config, err);
    if (code != LX_OK)
        return code;
    e->dir = dir != NULL ? dir : lx_arena_printf(&e->plan.arena, "results/%s", e->config.name);
    return e->dir != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

void lx_experiment_close(struct lx_experiment *e)
{
    lx_plan_free(&e->plan);
    lx_config_free(&e->config);
}

enum lx_code lx_experiment_save(struct lx_experiment *e, struct lx_err *err)
{
    const char *config = lx_arena_printf(&e->plan.arena, "%s/config.json", e->dir);
    const char *plan = lx_arena_printf(&e->plan.arena, "%s/plan.jsonl", e->dir);
    struct lx_buf text = {0}, cells = {0};
    enum lx_code code;

    if (config == NULL || plan == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    code = lx_fs_mkdir(e->dir, err);
    if (code == LX_OK)
        code = lx_config_write(&e->config, &text, err);
    if (code == LX_OK)
        code = lx_plan_write(&e->plan, &cells, err);
    if (code == LX_OK)
        code = lx_fs_update(config, text.text, text.len, err);
    if (code == LX_OK)
        code = lx_fs_update(plan, cells.text, cells.len, err);
    if (code == LX_OK) {
        const struct lx_manifest_file sealed[] = {{lx_plan_files[0], text.text, text.len},
                                                  {lx_plan_files[1], cells.text, cells.len}};

        code = lx_manifest_write(e->dir, LX_SEAL_PLAN, sealed, 2, err);
    }
    lx_buf_free(&text);
    lx_buf_free(&cells);
    return code;
}
