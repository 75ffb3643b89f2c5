/* Removing what killed processes left; see tidy.h. */
#include "run/tidy.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "run/store.h"

/* A process that was killed and not yet waited for still has its id, but will write no more. */
static bool is_running(long pid)
{
    struct lx_buf stat = {0};
    struct lx_err err;
    const char *state;
    char path[64];
    bool running;

    if (pid <= 0 || pid > INT_MAX || (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
        return false;
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    running = lx_fs_read(path, &stat, &err) == LX_OK;
    state = running ? strrchr(stat.text, ')') : NULL; /* "PID (NAME) STATE ..." */
    running = running && (state == NULL || state[1] == '\0' || state[2] != 'Z');
    lx_buf_free(&stat);
    return running;
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

static enum lx_code tidy_file(void *ctx, const char *name)
{
    struct lx_buf path = {0};
    struct lx_err err;

    lx_buf_printf(&path, "%s/%s", (const char *)ctx, name);
    if (lx_buf_check(&path, &err) == LX_OK &&
        (is_leftover_temp(name) || (strcmp(name, "lock") == 0 && lx_store_holder(path.text) == 0)))
        (void)!lx_fs_remove(path.text, &err);
    lx_buf_free(&path);
    return LX_OK;
}

static enum lx_code tidy_folder(void *ctx, const char *name)
{
    struct lx_buf path = {0};
    struct lx_err err;

    lx_buf_printf(&path, "%s/%s", (const char *)ctx, name);
    if (lx_buf_check(&path, &err) == LX_OK)
        (void)!lx_fs_list(path.text, tidy_file, path.text, &err);
    lx_buf_free(&path);
    return LX_OK;
}

void lx_tidy(const char *dir)
{
    static const char *const kinds[] = {"cells", "checkpoints"};
    struct lx_buf path = {0};
    struct lx_err err;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        lx_buf_clear(&path);
        lx_buf_printf(&path, "%s/%s", dir, kinds[i]);
        if (lx_buf_check(&path, &err) == LX_OK)
            (void)!lx_fs_list(path.text, tidy_folder, path.text, &err);
    }
    lx_buf_clear(&path);
    lx_buf_printf(&path, "%s", dir);
    if (lx_buf_check(&path, &err) == LX_OK)
        (void)!lx_fs_list(path.text, tidy_file, path.text, &err);
    lx_buf_free(&path);
}
