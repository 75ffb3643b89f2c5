/* Worker processes; see process.h. */
#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "system/procfs.h"
#include "tensor/parallel.h"

#define WORKER_FD 3 /* of the progress pipe, in the worker */

extern char **environ;

enum lx_code lx_process_environment(struct lx_err *err)
{
    const char *choice = lx_cputype_choice();

    if (setenv("OPENBLAS_NUM_THREADS", "1", 1) != 0 || setenv("OMP_NUM_THREADS", "1", 1) != 0 ||
        (choice != NULL && setenv("OPENBLAS_CORETYPE", choice, 0) != 0))
        return lx_fail(err, LX_EIO, "environment: %s", strerror(errno));
    return LX_OK;
}

static enum lx_code make_pipe(int fd[2], struct lx_err *err)
{
    if (pipe(fd) != 0)
        return lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    if (fcntl(fd[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd[1], F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0)
        return LX_OK;
    (void)lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    (void)close(fd[0]);
    (void)close(fd[1]);
    fd[0] = fd[1] = -1;
    return err->code;
}

/* The worker gets the pipe as fd 3, the log as stderr, and nothing to read. */
static enum lx_code spawn(struct lx_process *p, char *const *argv, const char *log, int pipe_end,
                          struct lx_err *err)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return lx_fail(err, LX_EIO, "posix_spawn: %s", strerror(rc));
    rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log,
                                              O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, pipe_end, WORKER_FD);
    if (rc == 0)
        rc = posix_spawn(&p->pid, "/proc/self/exe", &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return LX_OK;
    p->pid = 0;
    return lx_fail(err, LX_EIO, "posix_spawn: %s", strerror(rc));
}

/* A write end that is itself fd 3 would be closed on exec: dup2 onto itself keeps the flag. */
static enum lx_code move_from_three(int *fd, struct lx_err *err)
{
    int moved;

    if (*fd != WORKER_FD)
        return LX_OK;
    moved = fcntl(*fd, F_DUPFD_CLOEXEC, WORKER_FD + 1);
    if (moved < 0)
        return lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    (void)close(*fd);
    *fd = moved;
    return LX_OK;
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
    char program[] = "longshot", command[] = "cell", o_index[] = "--index", o_id[] = "--id",
         o_out[] = "--out", o_memory[] = "--memory", o_fd[] = "--progress-fd",
         o_every[] = "--checkpoint-every", o_threads[] = "--threads";
    char *config = lx_arena_text(arena, s->config), *dir = lx_arena_text(arena, s->e->dir);
    char *id = lx_arena_text(arena, s->e->plan.cells[k].id);
    char *index = lx_arena_printf(arena, "%zu", k), *fd = lx_arena_printf(arena, "%d", WORKER_FD);
    char *memory = lx_arena_printf(arena, "%zu", s->memory_limit);
    char *every = lx_arena_printf(arena, "%.17g", s->checkpoint_every);
    char *threads = lx_arena_printf(arena, "%d", lx_parallel_threads());
    char *argv[] = {program,  command, config, o_index, index,   o_id,  id,        o_out,   dir,
                    o_memory, memory,  o_fd,   fd,      o_every, every, o_threads, threads, NULL};

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
    if (clear_place(s, s->e->plan.cells[k].id, &arena, &log, err) || make_pipe(fd, err) ||
        move_from_three(&fd[1], err) || spawn_cell(p, s, k, &arena, log, fd[1], err))
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
    if (p->pid == 0 || waitpid(p->pid, status, WNOHANG) != p->pid)
        return false;
    (void)lx_process_read(p);
    if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
    p->pid = 0;
    return true;
}
