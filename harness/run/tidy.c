/* Removing what killed processes left; see tidy.h. */
#include "run/tidy.h"

#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "run/live.h"
#include "run/partial.h"
#include "run/process.h"
#include "run/store.h"

/* A process that was killed and not yet waited for still has its id, but will write no more. */
static bool is_running(long pid)
{
    char state = lx_process_state(pid);

    return state != 0 && state != 'Z';
}

/* "NAME.tmp-PID-I", as lx_fs_write names what it has not finished. */
static bool is_leftover_temp(const char *name)
{
    const char *at = strstr(name, ".tmp-");
    char *end;
    long pid;

    if (at == NULL)
        return false;
    pid = strtol(at + 5, &end, 10);
    return end != at + 5 && *end == '-' && strspn(end + 1, "0123456789") == strlen(end + 1) &&
           !is_running(pid);
}

/* What a cell has only while it is not done; also the error of a worker that failed when all was in
 * place but not yet known to be on the disk. */
static bool is_of_running(const char *name, const char *path)
{
    return strcmp(name, "lock") == 0
               ? lx_store_holder(path) == 0
               : strcmp(name, LX_LIVE_FILE) == 0 || strcmp(name, LX_PARTIAL_FILE) == 0 ||
                     strcmp(name, "error.txt") == 0;
}

static enum lx_code tidy_file(void *ctx, const char *name)
{
    struct lx_buf path = {0};
    struct lx_err err;

    lx_buf_printf(&path, "%s/%s", (const char *)ctx, name);
    if (lx_buf_check(&path, &err) == LX_OK &&
        (is_leftover_temp(name) || is_of_running(name, path.text)))
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
    static const char *const plain[] = {"plots", "."};
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
