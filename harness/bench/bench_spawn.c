/* A case in a process of its own: this program again, with the case on its command line and its row
 * read from its stdout. Nothing large is ever allocated in the process that starts it, because on
 * Linux a new process begins with the peak of the one it was started from. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

extern char **environ;

/* stdout is the pipe; stderr is ours, so that messages are seen. */
static enum lx_code start(char *const *argv, const int fd[2], pid_t *pid, struct lx_err *err)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc == 0) {
        rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (rc == 0)
            rc = posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
        if (rc == 0)
            rc = posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    return rc == 0 ? LX_OK : lx_fail(err, LX_EIO, "posix_spawn: %s", strerror(rc));
}

/* 0, or what went wrong. */
static int read_all(int fd, struct lx_buf *out)
{
    char bytes[512];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            lx_buf_addn(out, bytes, (size_t)n);
    return n < 0 ? errno : 0;
}

/* The row, if the process ended well and said one whole line. */
static enum lx_code finish(pid_t pid, int fd, struct lx_buf *row, struct lx_err *err)
{
    struct lx_buf said = {0};
    enum lx_code code;
    int status = 0, rc = read_all(fd, &said);

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    code = lx_buf_check(&said, err);
    if (code == LX_OK && rc != 0)
        code = lx_fail(err, LX_EIO, "cannot read its row: %s", strerror(rc));
    else if (code == LX_OK && WIFSIGNALED(status))
        code = lx_fail(err, LX_EFAILED, "ended by signal %d", WTERMSIG(status));
    else if (code == LX_OK && WEXITSTATUS(status) != 0)
        code = lx_fail(err, LX_EFAILED, "ended with status %d", WEXITSTATUS(status));
    else if (code == LX_OK &&
             (said.len == 0 || strchr(said.text, '\n') != said.text + said.len - 1))
        code = lx_fail(err, LX_EFAILED, "printed no row");
    if (code == LX_OK)
        lx_buf_add(row, said.text);
    lx_buf_free(&said);
    return code;
}

/* The option that names the stack: a scheme, or a list of the one stack. */
static void add_stack(const struct lx_bench_stack *s, struct lx_buf *out)
{
    if (s->schemes == NULL)
        lx_buf_printf(out, "--encodings=%s", s->id);
    else
        lx_buf_printf(out, "--stacks=[{\"id\":\"%s\",\"stack\":%s}]", s->id, s->schemes);
}

enum lx_code lx_bench_spawn(const struct lx_bench_case *c, struct lx_buf *row, struct lx_err *err)
{
    char program[] = "longshot", command[] = "bench", shape[64], length[32], repeat[32], limit[32],
         threads[32], plain[] = "--plain";
    struct lx_buf stack = {0};
    int fd[2];
    pid_t pid = 0;
    enum lx_code code;

    add_stack(&c->stack, &stack);
    if (lx_buf_check(&stack, err)) {
        lx_buf_free(&stack);
        return err->code;
    }
    (void)snprintf(shape, sizeof(shape), "--case=%s", c->shape.name);
    (void)snprintf(length, sizeof(length), "--lengths=%d", c->shape.length);
    (void)snprintf(repeat, sizeof(repeat), "--repeat=%d", c->repeat);
    (void)snprintf(threads, sizeof(threads), "--threads=%d", c->threads);
    (void)snprintf(limit, sizeof(limit), "--seconds=%d", c->limit);
    if (pipe(fd) != 0) {
        lx_buf_free(&stack);
        return lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    }
    if (fcntl(fd[0], F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd[1], F_SETFD, FD_CLOEXEC) != 0)
        code = lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    else
        code = start((char *const[]){program, command, shape, stack.text, length, repeat, limit,
                                     threads, c->plain ? plain : NULL, NULL},
                     fd, &pid, err);
    (void)close(fd[1]);
    if (code == LX_OK)
        code = finish(pid, fd[0], row, err);
    (void)close(fd[0]);
    lx_buf_free(&stack);
    return code != LX_OK ? lx_wrap(err, "bench: %s, %s, %d tokens", c->shape.name, c->stack.id,
                                   c->shape.length)
                         : LX_OK;
}
