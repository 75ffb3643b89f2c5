/* Removing what killed processes left; see garbage.h.
 *
 * DIR is the user's, and `cells`, `checkpoints` and `work` in it may be links to a disk with more room. What
 * is in those is ours: a link there is removed or left alone and never followed. */
#include "store/garbage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "process/owner.h"
#include "store/eval_checkpoint.h"
#include "store/heartbeat.h"
#include "store/lock.h"
#include "store/store.h"
#include "system/folder.h"
#include "system/fs.h"

#define OLD_SECONDS 3600.0 /* writing a file takes seconds */

/* One folder to go through. */
struct place {
    const char *dir;         /* the results */
    const char *path;        /* of the folder */
    const char *id;          /* in `work`: of the cell or training */
    struct lx_folder folder; /* open */
};

static enum lx_code path_in(const char *folder, const char *name, struct lx_buf *path)
{
    struct lx_err ignored;

    lx_buf_clear(path);
    lx_buf_printf(path, "%s/%s", folder, name);
    return lx_buf_check(path, &ignored);
}

/* Seconds since a file was last written by the clock of its own file system, which need not be that of this
 * machine: a new file beside it says what time it is there. */
static double age_of(const struct place *p, const char *name)
{
    struct lx_buf path = {0}, probe = {0};
    struct lx_err ignored;
    struct stat old, now;
    double age = 0.0;

    if (path_in(p->path, name, &path) == LX_OK &&
        lx_fs_temp_folder(path.text, &probe, &ignored) == LX_OK) {
        if (lstat(probe.text, &now) == 0 && lstat(path.text, &old) == 0)
            age = difftime(now.st_mtime, old.st_mtime);
        (void)!lx_fs_remove(probe.text, &ignored);
    }
    lx_buf_free(&path);
    lx_buf_free(&probe);
    return age;
}

/* A temp file or folder whose writer is gone. Whether one of another machine still writes cannot be known
 * here; an hour is enough for any. */
static bool is_leftover_temp(const struct place *p, const char *name)
{
    enum lx_owner_state owner = lx_owner_of(name);

    return owner == LX_OWNER_GONE || (owner == LX_OWNER_UNKNOWN && age_of(p, name) > OLD_SECONDS);
}

static void remove_from(const struct place *p, const char *name)
{
    struct lx_err ignored;

    (void)!lx_folder_remove(&p->folder, name, &ignored);
}

static enum lx_code remove_temp(void *ctx, const char *name)
{
    const struct place *p = ctx;

    if (is_leftover_temp(p, name))
        remove_from(p, name);
    return LX_OK;
}

/* Where two machines did the same, one may leave the state of a training that the other one had ended. */
static bool is_trained(const struct place *p)
{
    struct lx_arena arena = {0};
    const char *record;
    struct lx_err ignored;
    bool there =
        lx_store_checkpoint(p->dir, p->id, "train.json", &arena, &record, &ignored) == LX_OK &&
        lx_fs_exists(record);

    lx_arena_free(&arena);
    return there;
}

static bool is_unlocked(const struct place *p, const char *name)
{
    struct lx_buf path = {0};
    bool free = path_in(p->path, name, &path) == LX_OK && lx_lock_holder(path.text) == 0;

    lx_buf_free(&path);
    return free;
}

/* What a cell or a training has while it runs. An error, too: of a worker that failed when all was in
 * place but not known to be on the disk. */
static enum lx_code remove_work(void *ctx, const char *name)
{
    const struct place *p = ctx;
    bool left;

    if (strcmp(name, LX_LOCK_FILE) == 0)
        left = is_unlocked(p, name);
    else if (strncmp(name, "state.", 6) == 0 && strstr(name, ".tmp-") == NULL)
        left = is_trained(p);
    else
        left = strcmp(name, LX_HEARTBEAT_FILE) == 0 || strcmp(name, LX_EVAL_CHECKPOINT_FILE) == 0 ||
               strcmp(name, LX_ERROR_FILE) == 0 || is_leftover_temp(p, name);
    if (left)
        remove_from(p, name);
    return LX_OK;
}

/* Call `each` for every name in an open folder, and close it. */
static void visit(struct place *p, enum lx_code (*each)(void *ctx, const char *name))
{
    struct lx_err ignored;

    if (p->folder.fd >= 0)
        (void)!lx_folder_list(&p->folder, each, p, &ignored);
    lx_folder_close(&p->folder);
}

/* A folder of `work`, or a temp file there; a folder that said nothing need not stay. */
static enum lx_code clean_worker(void *ctx, const char *name)
{
    struct place *p = ctx, inside = {.dir = p->dir, .id = name};
    struct lx_buf path = {0};
    struct lx_err ignored;

    (void)remove_temp(p, name);
    if (path_in(p->path, name, &path) == LX_OK) {
        inside.path = path.text;
        if (lx_folder_enter(&p->folder, name, &inside.folder, &ignored) == LX_OK) {
            visit(&inside, remove_work);
            (void)unlinkat(p->folder.fd, name, AT_REMOVEDIR); /* if it is empty */
        }
    }
    lx_buf_free(&path);
    return LX_OK;
}

/* A training, or what one never came to be: a record of it may have been about to be replaced. */
static enum lx_code clean_training(void *ctx, const char *name)
{
    struct place *p = ctx, inside = {.dir = p->dir};
    struct lx_buf path = {0};
    struct lx_err ignored;

    (void)remove_temp(p, name);
    if (path_in(p->path, name, &path) == LX_OK) {
        inside.path = path.text;
        if (lx_folder_enter(&p->folder, name, &inside.folder, &ignored) == LX_OK)
            visit(&inside, remove_temp);
    }
    lx_buf_free(&path);
    return LX_OK;
}

/* Whether a folder of the results is gone through if it is a link, to a disk with more room. */
static bool may_be_link(const char *name)
{
    return strcmp(name, "cells") == 0 || strcmp(name, "checkpoints") == 0 ||
           strcmp(name, "work") == 0;
}

/* A file of the results, or a folder. In `cells` and `checkpoints` there are folders that are whole and
 * those that never came to be; other folders hold files, of whatever made them. */
static enum lx_code clean(void *ctx, const char *name)
{
    struct place *p = ctx, inside = {.dir = p->dir, .folder.fd = -1};
    bool work = strcmp(name, "work") == 0;
    struct lx_buf path = {0};
    struct lx_err ignored;

    (void)remove_temp(p, name);
    if (path_in(p->path, name, &path) == LX_OK) {
        inside.path = inside.folder.path = path.text;
        if (may_be_link(name))
            inside.folder.fd = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        else if (lx_folder_enter(&p->folder, name, &inside.folder, &ignored) != LX_OK)
            inside.folder.fd = -1;
        visit(&inside, work                               ? clean_worker
                       : strcmp(name, "checkpoints") == 0 ? clean_training
                                                          : remove_temp);
    }
    if (work)
        (void)unlinkat(p->folder.fd, name, AT_REMOVEDIR);
    lx_buf_free(&path);
    return LX_OK;
}

static void collect(const char *dir, enum lx_code (*each)(void *ctx, const char *name))
{
    struct place p = {.dir = dir, .path = dir, .folder = {.path = dir}};

    p.folder.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    visit(&p, each);
}

void lx_collect_garbage(const char *dir)
{
    collect(dir, clean);
}

void lx_collect_temps(const char *dir)
{
    collect(dir, remove_temp);
}
