/* Why a cell failed; see worker_pool.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/log.h"
#include "launch/worker_pool.h"
#include "store/store.h"
#include "system/fs.h"

unsigned long lx_pool_oom_kills(void)
{
    struct lx_buf text = {0};
    struct lx_err err;
    const char *at;
    unsigned long n = 0;

    if (lx_fs_read("/proc/vmstat", &text, &err) == LX_OK) {
        at = strstr(text.text, "\noom_kill ");
        n = at != NULL ? strtoul(at + 10, NULL, 10) : 0;
    }
    lx_buf_free(&text);
    return n;
}

/* The whole text of a file of the cell; NULL: there is none, or it is empty. */
static const char *text_of(struct lx_pool *c, size_t k, const char *file)
{
    struct lx_buf text = {0};
    struct lx_err err;
    const char *path, *out = NULL;

    if (lx_store_work(c->e->dir, c->e->plan.cells[k].id, file, &c->arena, &path, &err) == LX_OK &&
        lx_fs_exists(path) && lx_fs_read(path, &text, &err) == LX_OK && text.len > 0)
        out = lx_arena_text(&c->arena, text.text);
    lx_buf_free(&text);
    return out;
}

const char *lx_pool_recorded(struct lx_pool *c, size_t k)
{
    return text_of(c, k, LX_ERROR_FILE);
}

const char *lx_pool_record(struct lx_pool *c, size_t k, const char *cause)
{
    struct lx_err err;
    const char *path;

    if (lx_store_work(c->e->dir, c->e->plan.cells[k].id, LX_ERROR_FILE, &c->arena, &path, &err) !=
            LX_OK ||
        lx_fs_write_own(path, cause, strlen(cause), &err) != LX_OK)
        lx_log_error(&err);
    return cause;
}

static const char *last_line(struct lx_pool *c, const char *text)
{
    size_t end = strlen(text), begin;

    while (end > 0 && text[end - 1] == '\n')
        end--;
    begin = end;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    return lx_arena_textn(&c->arena, text + begin, end - begin);
}

static const char *signal_text(struct lx_pool *c, size_t k, int signal)
{
    const struct lx_cell *cell = &c->e->plan.cells[k];
    size_t most = cell->train_bytes > cell->eval_bytes ? cell->train_bytes : cell->eval_bytes;
    unsigned long kills = lx_pool_oom_kills();
    bool oom = kills > c->oom_kills;

    if (signal != SIGKILL)
        return lx_arena_printf(&c->arena, "ended by signal %d (%s)", signal, strsignal(signal));
    c->oom_kills = kills;
    return lx_arena_printf(
        &c->arena,
        "killed from outside (signal %d)%s; it needs up to %.0f MB, and %d cells "
        "ran at a time: fewer (-j) take less memory",
        signal,
        oom ? " when the system was out of memory" : ", as a system does that is out of memory",
        (double)most / 1e6, c->l->jobs);
}

const char *lx_pool_failure_cause(struct lx_pool *c, size_t k, int status)
{
    const char *cause = lx_pool_recorded(c, k), *log;

    if (cause != NULL)
        return cause;
    log = text_of(c, k, "log.txt");
    if (WIFSIGNALED(status))
        cause = signal_text(c, k, WTERMSIG(status));
    else if (log != NULL)
        cause = last_line(c, log);
    else if (WIFEXITED(status))
        cause = lx_arena_printf(&c->arena, "ended with status %d and no word", WEXITSTATUS(status));
    return lx_pool_record(c, k, cause != NULL ? cause : "out of memory");
}
