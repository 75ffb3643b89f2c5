/* Removing what killed processes left; see tidy.h. */
#include "run/tidy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/fs.h"
#include "run/live.h"
#include "run/partial.h"
#include "run/process.h"
#include "run/store.h"

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

/* What nobody needs in a folder of which all results are there. Where two machines did the same, one
 * may leave what it had begun, or the state of a training that the other one had ended. */
static bool is_leftover(const char *folder, const char *name, const char *path)
{
    struct lx_buf record = {0};
    struct lx_err err;
    bool ended;

    if (strcmp(name, "lock") == 0)
        return lx_store_holder(path) == 0;
    /* an error, too: of a worker that failed when all was in place but not known to be on the disk */
    if (strcmp(name, LX_LIVE_FILE) == 0 || strcmp(name, LX_PARTIAL_FILE) == 0 ||
        strcmp(name, "error.txt") == 0)
        return true;
    if (strncmp(name, "state.", 6) != 0 || strstr(name, ".tmp-") != NULL)
        return is_leftover_temp(name, path);
    lx_buf_printf(&record, "%s/train.json", folder);
    ended = lx_buf_check(&record, &err) == LX_OK && lx_fs_exists(record.text);
    lx_buf_free(&record);
    return ended;
}

static enum lx_code tidy_file(void *ctx, const char *name)
{
    const char *folder = ctx;
    struct lx_buf path = {0};
    struct lx_err err;

    lx_buf_printf(&path, "%s/%s", folder, name);
    if (lx_buf_check(&path, &err) == LX_OK && is_leftover(folder, name, path.text))
        (void)!lx_fs_remove(path.text, &err);
    lx_buf_free(&path);
    return LX_OK;
}

static enum lx_code tidy_folder(void *ctx, const char *name)
{
    const char *dir = ctx;
    struct lx_buf path = {0};
    struct lx_err err;

    lx_buf_printf(&path, "%s/%s", dir, name);
    if (lx_buf_check(&path, &err) == LX_OK)
        (void)!lx_fs_list(path.text, tidy_file, path.text, &err);
    lx_buf_free(&path);
    return LX_OK;
}

void lx_tidy(const char *dir)
{
    static const char *const kinds[] = {"cells", "checkpoints"}; /* a folder a cell */
    static const char *const plain[] = {"plots", "slurm", "."};
    struct lx_buf path = {0};
    struct lx_err err;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        lx_buf_clear(&path);
        lx_buf_printf(&path, "%s/%s", dir, kinds[i]);
        if (lx_buf_check(&path, &err) == LX_OK)
            (void)!lx_fs_list(path.text, tidy_folder, path.text, &err);
    }
    lx_buf_clear(&path);
    lx_buf_add(&path, dir);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (lx_buf_check(&path, &err) == LX_OK)
            (void)tidy_folder(path.text, plain[i]);
    lx_buf_free(&path);
}
