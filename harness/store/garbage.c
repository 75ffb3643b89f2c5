/* Removing what killed processes left; see garbage.h. */
#include "store/garbage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store/eval_checkpoint.h"
#include "store/heartbeat.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/procfs.h"

#define OLD_SECONDS 3600.0

/* A process that was killed and not yet waited for still has its id, but will write no more. */
static bool is_running(long pid)
{
    char state = lx_process_state(pid);

    return state != 0 && state != 'Z';
}

/* "NAME.tmp-HOST-PID-I", as lx_fs_write names what it has not finished. Whether a process of another
 * machine still runs cannot be known here; but writing a file takes seconds, not an hour. */
static bool is_leftover_temp(const char *name, const char *path)
{
    const char *at = strstr(name, ".tmp-"), *number;
    char host[LX_HOST_SIZE], *end;
    struct stat st;
    size_t n;
    long pid;

    number = at != NULL ? strchr(at + 5, '-') : NULL;
    if (number == NULL)
        return false;
    pid = strtol(number + 1, &end, 10);
    if (end == number + 1 || *end != '-' || strspn(end + 1, "0123456789") != strlen(end + 1))
        return false;
    lx_fs_host(host);
    n = (size_t)(number - (at + 5));
    if (strlen(host) == n && strncmp(host, at + 5, n) == 0)
        return !is_running(pid);
    return stat(path, &st) == 0 && difftime(time(NULL), st.st_mtime) > OLD_SECONDS;
}

/* One folder to go through: `dir` the results, `folder` one in it; what is a leftover there, and how it
 * is removed. */
struct place {
    const char *dir, *folder;
    bool (*is_leftover)(const struct place *p, const char *name, const char *path);
    enum lx_code (*remove)(const char *path, struct lx_err *err);
};

static enum lx_code path_in(const char *folder, const char *name, struct lx_buf *path)
{
    struct lx_err ignored;

    lx_buf_clear(path);
    lx_buf_printf(path, "%s/%s", folder, name);
    return lx_buf_check(path, &ignored);
}

static enum lx_code tidy_one(void *ctx, const char *name)
{
    const struct place *p = ctx;
    struct lx_buf path = {0};
    struct lx_err ignored = {0};

    if (path_in(p->folder, name, &path) == LX_OK && p->is_leftover(p, name, path.text))
        (void)!p->remove(path.text, &ignored);
    lx_buf_free(&path);
    return LX_OK;
}

static bool is_temp(const struct place *p, const char *name, const char *path)
{
    (void)p;
    return is_leftover_temp(name, path);
}

/* Where two machines did the same, one may leave the state of a training that the other one had ended. */
static bool is_trained(const struct place *p)
{
    struct lx_arena arena = {0};
    const char *id = strrchr(p->folder, '/'), *record;
    struct lx_err ignored;
    bool there =
        id != NULL &&
        lx_store_checkpoint(p->dir, id + 1, "train.json", &arena, &record, &ignored) == LX_OK &&
        lx_fs_exists(record);

    lx_arena_free(&arena);
    return there;
}

/* What a cell or a training has while it runs. An error, too: of a worker that failed when all was in
 * place but not known to be on the disk. */
static bool is_leftover_work(const struct place *p, const char *name, const char *path)
{
    if (strcmp(name, "lock") == 0)
        return lx_store_holder(path) == 0;
    if (strcmp(name, LX_HEARTBEAT_FILE) == 0 || strcmp(name, LX_EVAL_CHECKPOINT_FILE) == 0 ||
        strcmp(name, "error.txt") == 0)
        return true;
    if (strncmp(name, "state.", 6) == 0 && strstr(name, ".tmp-") == NULL)
        return is_trained(p);
    return is_leftover_temp(name, path);
}

/* A folder in `work`; one that said nothing need not stay. */
static enum lx_code tidy_worker(void *ctx, const char *name)
{
    const struct place *p = ctx;
    struct place inside = *p;
    struct lx_buf path = {0};
    struct lx_err ignored;

    if (path_in(p->folder, name, &path) == LX_OK) {
        inside.folder = path.text;
        (void)!lx_fs_list(path.text, tidy_one, &inside, &ignored);
        (void)!lx_fs_remove(path.text, &ignored);
    }
    lx_buf_free(&path);
    return LX_OK;
}

/* Folders in `cells` and `checkpoints` are whole, or they are those that never came to be. */
void lx_collect_garbage(const char *dir)
{
    static const struct {
        const char *folder;
        enum lx_code (*each)(void *ctx, const char *name);
        struct place place;
    } parts[] = {{"cells", tidy_one, {.is_leftover = is_temp, .remove = lx_fs_remove_folder}},
                 {"checkpoints", tidy_one, {.is_leftover = is_temp, .remove = lx_fs_remove_folder}},
                 {"work", tidy_worker, {.is_leftover = is_leftover_work, .remove = lx_fs_remove}},
                 {"plots", tidy_one, {.is_leftover = is_temp, .remove = lx_fs_remove_folder}},
                 {"slurm", tidy_one, {.is_leftover = is_temp, .remove = lx_fs_remove}},
                 {".", tidy_one, {.is_leftover = is_temp, .remove = lx_fs_remove}}};
    struct lx_buf path = {0};
    struct lx_err ignored;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (path_in(dir, parts[i].folder, &path) == LX_OK) {
            struct place p = parts[i].place;

            p.dir = dir;
            p.folder = path.text;
            (void)!lx_fs_list(path.text, parts[i].each, &p, &ignored);
        }
    if (path_in(dir, "work", &path) == LX_OK)
        (void)!lx_fs_remove(path.text, &ignored);
    lx_buf_free(&path);
}
