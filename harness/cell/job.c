/* What the phases of a cell share; see job.h. */
#include "cell/job.h"

#include "store/store.h"
#include "system/fs.h"

enum lx_code lx_job_work_path(struct lx_job *j, const char *file, const char **out,
                              struct lx_err *err)
{
    return lx_store_work(j->w->dir, j->cell->id, file, &j->paths, out, err);
}

enum lx_code lx_job_checkpoint_path(struct lx_job *j, const char *file, const char **out,
                                    struct lx_err *err)
{
    return lx_store_checkpoint(j->w->dir, j->cell->train_id, file, &j->paths, out, err);
}

enum lx_code lx_job_interrupted(struct lx_err *err)
{
    return lx_fail(err, LX_EINTERRUPT, "interrupted; the same command goes on from here");
}

enum lx_code lx_job_write(struct lx_job *j, const char *folder, const char *name,
                          const struct lx_buf *text, struct lx_err *err)
{
    const char *path = lx_arena_printf(&j->paths, "%s/%s", folder, name);

    if (path == NULL || text->failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    return lx_fs_write(path, text->len > 0 ? text->text : "", text->len, err);
}
