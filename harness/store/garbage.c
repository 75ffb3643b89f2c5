/* Removing what killed processes left; see garbage.h.
 *
 * DIR and the folders in it are the user's and may be links to another disk. What is in those is ours: a
 * link there is never followed. Folders are held open while they are gone through, so that it does not
 * matter if somebody puts a link in their place meanwhile. */
#include "store/garbage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/eval_checkpoint.h"
#include "store/heartbeat.h"
#include "store/lock.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/owner.h"

#define OLD_SECONDS 3600.0 /* writing a file takes seconds */

/* One folder to go through. */
struct place {
    const char *dir;  /* the results */
    const char *path; /* of the folder */
    const char *id;   /* in `work`: of the cell or training */
    int fd;           /* the folder, open */
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
    char owner[LX_OWNER_SIZE];
    struct lx_buf probe = {0};
    struct stat old, now;
    bool known = false;
    int fd;

    lx_owner(owner);
    lx_buf_printf(&probe, "%s/clock.tmp-%s-%ld-0", p->path, owner, (long)getpid());
    fd = probe.failed
             ? -1
             : open(probe.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd >= 0) {
        known = fstat(fd, &now) == 0 && fstatat(p->fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
        (void)close(fd);
        (void)unlink(probe.text);
    }
    lx_buf_free(&probe);
    return known ? difftime(now.st_mtime, old.st_mtime) : 0.0;
}

/* A temp file or folder whose writer is gone. Whether one of another machine still writes cannot be known
 * here; an hour is enough for any. */
static bool is_leftover_temp(const struct place *p, const char *name)
{
    enum lx_owner_state owner = lx_owner_of(name);

    return owner == LX_OWNER_GONE || (owner == LX_OWNER_UNKNOWN && age_of(p, name) > OLD_SECONDS);
}

/* Remove one thing of the folder; a link is removed itself. */
static void remove_from(const struct place *p, const char *name)
{
    struct lx_buf path = {0};
    struct lx_err ignored;
    struct stat st;

    if (fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (!S_ISDIR(st.st_mode))
        (void)unlinkat(p->fd, name, 0);
    else if (path_in(p->path, name, &path) == LX_OK)
        (void)!lx_fs_remove_folder(path.text, &ignored);
    lx_buf_free(&path);
}

/* Call `each` for every name in the folder at `path`, or in the folder `name` of `in` that is no link. */
static void visit(const struct place *in, const char *path, const char *name,
                  void (*each)(const struct place *p, const char *name))
{
    struct place p = {.dir = in->dir, .path = path, .id = name};
    const struct dirent *entry;
    DIR *list;
    int fd = name == NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                          : openat(in->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    list = fdopendir(fd);
    if (list == NULL) {
        (void)close(fd);
        return;
    }
    p.fd = fd;
    while ((entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(&p, entry->d_name);
    (void)closedir(list);
}

static void remove_temp(const struct place *p, const char *name)
{
    if (is_leftover_temp(p, name))
        remove_from(p, name);
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
static void remove_work(const struct place *p, const char *name)
{
    bool left;

    if (strcmp(name, LX_LOCK_FILE) == 0)
        left = is_unlocked(p, name);
    else if (strncmp(name, "state.", 6) == 0 && strstr(name, ".tmp-") == NULL)
        left = is_trained(p);
    else
        left = strcmp(name, LX_HEARTBEAT_FILE) == 0 || strcmp(name, LX_EVAL_CHECKPOINT_FILE) == 0 ||
               strcmp(name, LX_ERROR_FILE) == 0 || is_leftover_temp(p, name);
    if (left)
        (void)unlinkat(p->fd, name, 0);
}

/* A folder of `work`, or a temp file there; a folder that said nothing need not stay. */
static void clean_worker(const struct place *p, const char *name)
{
    struct lx_buf path = {0};

    remove_temp(p, name);
    if (path_in(p->path, name, &path) == LX_OK)
        visit(p, path.text, name, remove_work);
    (void)unlinkat(p->fd, name, AT_REMOVEDIR);
    lx_buf_free(&path);
}

/* Whether a folder of the results is gone through if it is a link, to a disk with more room. */
static bool may_be_link(const char *name)
{
    return strcmp(name, "cells") == 0 || strcmp(name, "checkpoints") == 0 ||
           strcmp(name, "work") == 0;
}

/* A file of the results, or a folder. In `cells` and `checkpoints` there are folders that are whole and
 * those that never came to be; other folders hold files, of whatever made them. */
static void clean(const struct place *p, const char *name)
{
    bool work = strcmp(name, "work") == 0;
    struct lx_buf path = {0};

    remove_temp(p, name);
    if (path_in(p->path, name, &path) == LX_OK)
        visit(p, path.text, may_be_link(name) ? NULL : name, work ? clean_worker : remove_temp);
    if (work)
        (void)unlinkat(p->fd, name, AT_REMOVEDIR);
    lx_buf_free(&path);
}

void lx_collect_garbage(const char *dir)
{
    const struct place none = {.dir = dir, .fd = -1};

    visit(&none, dir, NULL, clean);
}
