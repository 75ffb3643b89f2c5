/* Worker processes; see process.h. */
#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/child.h"
#include "process/procfs.h"
#include "store/store.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "tensor/parallel.h"

enum lx_code lx_process_environment(struct lx_err *err)
{
    const char *choice = lx_cputype_choice();

    if (setenv("OPENBLAS_NUM_THREADS", "1", 1) != 0 || setenv("OMP_NUM_THREADS", "1", 1) != 0 ||
        (choice != NULL && setenv("OPENBLAS_CORETYPE", choice, 0) != 0))
        return lx_fail(err, LX_EIO, "environment: %s", strerror(errno));
    return LX_OK;
}

/* The log, made anew: what is there already goes, and a link leads nowhere. */
static enum lx_code open_log(const char *path, int *fd, struct lx_err *err)
{
    if (lx_fs_remove(path, err))
        return err->code;
    return lx_fs_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fd, err);
}

/* The worker gets the pipe as LX_CHILD_FD, the log as stdout and stderr, and nothing to read. */
static enum lx_code spawn(struct lx_process *p, const char *const *argv, const char *log,
                          int pipe_end, struct lx_err *err)
{
    const struct lx_child_spec spec = {.argv = argv, .self = true};
    int log_fd;
    enum lx_code code;

    if (open_log(log, &log_fd, err))
        return err->code;
    code = lx_child_start(&spec, &(struct lx_child_ends){log_fd, log_fd, pipe_end}, &p->pid, err);
    (void)close(log_fd);
    return code;
}

/* What an earlier run left, an error above all, must not be taken for this one's. The name of the log goes to
 * *log. */
static enum lx_code clear_place(const struct lx_process_setup *s, const char *id,
                                struct lx_arena *arena, const char **log, struct lx_err *err)
{
    const char *error;

    if (lx_store_work(s->e->dir, id, "log.txt", arena, log, err) ||
        lx_store_work(s->e->dir, id, LX_ERROR_FILE, arena, &error, err) ||
        lx_fs_remove(error, err) || lx_fs_remove(*log, err))
        return err->code;
    return LX_OK;
}

static enum lx_code spawn_cell(struct lx_process *p, const struct lx_process_setup *s, size_t k,
                               struct lx_arena *arena, const char *log, int pipe_end,
                               struct lx_err *err)
{
    const char *index = lx_arena_printf(arena, "%zu", k);
    const char *fd = lx_arena_printf(arena, "%d", LX_CHILD_FD);
    const char *memory = lx_arena_printf(arena, "%zu", s->memory_limit);
    const char *every = lx_arena_printf(arena, "%.17g", s->checkpoint_every);
    const char *threads = lx_arena_printf(arena, "%d", lx_parallel_threads());
    const char *const argv[] = {"longshot",
                                "cell",
                                s->config,
                                "--index",
                                index,
                                "--id",
                                s->e->plan.cells[k].id,
                                "--out",
                                s->e->dir,
                                "--memory",
                                memory,
                                "--progress-fd",
                                fd,
                                "--checkpoint-every",
                                every,
                                "--threads",
                                threads,
                                s->tensorboard != NULL ? "--tensorboard" : NULL,
                                s->tensorboard,
                                NULL};

    return arena->failed ? lx_fail(err, LX_ENOMEM, "out of memory")
                         : spawn(p, argv, log, pipe_end, err);
}

enum lx_code lx_process_start(struct lx_process *p, const struct lx_process_setup *s, size_t k,
                              struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char *log;
    int fd[2] = {-1, -1};
    enum lx_code code = LX_OK;

    *p = (struct lx_process){.k = k, .fd = -1, .nll = (double)NAN};
    if (clear_place(s, s->e->plan.cells[k].id, &arena, &log, err) || lx_child_pipe(fd, err) ||
        spawn_cell(p, s, k, &arena, log, fd[1], err))
        code = err->code;
    if (fd[1] >= 0)
        (void)close(fd[1]);
    if (code == LX_OK)
        p->fd = fd[0];
    else if (fd[0] >= 0)
        (void)close(fd[0]);
    lx_arena_free(&arena);
    return code;
}

/* "train STEP STEPS NLL", "eval FRACTION" or "held PID". */
static void read_line(struct lx_process *p)
{
    char *at = p->line + strcspn(p->line, " ");
    double v[3] = {0.0, 0.0, 0.0};
    int n = 0;

    for (char *end; n < 3; n++, at = end) {
        v[n] = strtod(at, &end);
        if (end == at)
            break;
    }
    if (strncmp(p->line, "train ", 6) == 0 && n == 3 && v[1] > 0.0) {
        p->trained = v[0] / v[1];
        p->nll = v[2];
    } else if (strncmp(p->line, "eval ", 5) == 0 && n == 1) {
        p->trained = 1.0;
        p->evaluated = v[0];
    } else if (strncmp(p->line, "held ", 5) == 0 && n == 1) {
        p->held_by = (long)v[0];
    }
}

bool lx_process_read(struct lx_process *p)
{
    char bytes[512];
    bool any = false;

    while (p->fd >= 0) {
        ssize_t n = read(p->fd, bytes, sizeof(bytes));

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            (void)close(p->fd);
            p->fd = -1;
        }
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n') {
                p->line[p->line_len] = '\0';
                read_line(p);
                any = true;
                p->line_len = 0;
            } else if (p->line_len + 1 < sizeof(p->line)) {
                p->line[p->line_len++] = bytes[i];
            }
        }
    }
    return any;
}

bool lx_process_is_stopped(const struct lx_process *p)
{
    return lx_process_state((long)p->pid) == 'T';
}

bool lx_process_ended(struct lx_process *p, int *status)
{
    if (!lx_child_ended(p->pid, status))
        return false;
    (void)lx_process_read(p);
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
    p->pid = 0;
    return true;
}
