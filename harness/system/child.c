/* Running another program; see child.h. */
#include "system/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static enum lx_code start(const char *const *argv, const int ends[2], pid_t *pid,
                          struct lx_err *err)
{
    char *args[LX_PROGRAM_ARGS] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t pipe_signal;
    int rc = posix_spawn_file_actions_init(&actions);

    assert(argv[0] != NULL);
    if (rc != 0)
        return lx_fail(err, LX_EIO, "%s: %s", argv[0], strerror(rc));
    /* exec wants them without const, and leaves them as they are */
    for (int i = 0; i < LX_PROGRAM_ARGS - 1 && argv[i] != NULL; i++)
        memcpy(&args[i], &argv[i], sizeof(args[i]));
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        (void)sigemptyset(&pipe_signal);
        (void)sigaddset(&pipe_signal, SIGPIPE); /* which we ignore, and it should not */
        rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
        if (rc == 0)
            rc = posix_spawnattr_setsigdefault(&attr, &pipe_signal);
        if (rc == 0)
            rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (rc == 0)
            rc = posix_spawn_file_actions_adddup2(&actions, ends[0], STDOUT_FILENO);
        if (rc == 0)
            rc = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        if (rc == 0)
            rc = posix_spawnp(pid, argv[0], &actions, &attr, args, environ);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    if (rc == ENOENT)
        return lx_fail(err, LX_EDATA, "%s: not found in PATH", argv[0]);
    return rc == 0 ? LX_OK : lx_fail(err, LX_EIO, "%s: cannot run it: %s", argv[0], strerror(rc));
}

/* Read both until both end, so that neither fills up; 0, or what went wrong. */
static int read_both(const int ends[2], struct lx_child *p)
{
    struct pollfd fds[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLIN}};
    struct lx_buf *to[2] = {&p->out, &p->errors};
    char bytes[4096];

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return errno;
        for (int i = 0; i < 2; i++) {
            ssize_t n;

            if (fds[i].fd < 0 || fds[i].revents == 0)
                continue;
            n = read(fds[i].fd, bytes, sizeof(bytes));
            if (n < 0 && errno != EINTR)
                return errno;
            if (n > 0)
                lx_buf_addn(to[i], bytes, (size_t)n);
            else if (n == 0)
                fds[i].fd = -1;
            fds[i].revents = 0;
        }
    }
    return 0;
}

static enum lx_code make_pipe(int fd[2], struct lx_err *err)
{
    fd[0] = fd[1] = -1;
    if (pipe(fd) == 0 && fcntl(fd[0], F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(fd[1], F_SETFD, FD_CLOEXEC) == 0)
        return LX_OK;
    return lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

enum lx_code lx_child_run(const char *const *argv, struct lx_child *p, struct lx_err *err)
{
    int out[2], errors[2] = {-1, -1}, status = 0;
    pid_t pid = 0;
    enum lx_code code = make_pipe(out, err);

    *p = (struct lx_child){0};
    lx_buf_add(&p->out, "");
    lx_buf_add(&p->errors, "");
    if (code == LX_OK)
        code = make_pipe(errors, err);
    if (code == LX_OK) {
        const int write_ends[2] = {out[1], errors[1]}, read_ends[2] = {out[0], errors[0]};

        code = start(argv, write_ends, &pid, err);
        close_end(&out[1]);
        close_end(&errors[1]);
        if (code == LX_OK) {
            int rc = read_both(read_ends, p);

            if (rc != 0) /* part of an answer is none */
                code =
                    lx_fail(err, LX_EIO, "%s: cannot read what it says: %s", argv[0], strerror(rc));
            close_end(&out[0]); /* nothing more is read: it must not wait for that */
            close_end(&errors[0]);
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                continue;
            p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
    for (int i = 0; i < 2; i++) {
        close_end(&out[i]);
        close_end(&errors[i]);
    }
    if (code == LX_OK)
        code = lx_buf_check(&p->out, err);
    return code != LX_OK ? code : lx_buf_check(&p->errors, err);
}

void lx_child_free(struct lx_child *p)
{
    lx_buf_free(&p->out);
    lx_buf_free(&p->errors);
}

const char *lx_child_complaint(struct lx_child *p)
{
    struct lx_buf *said = p->errors.len > 0 ? &p->errors : &p->out;

    while (said->len > 0 && said->text[said->len - 1] == '\n')
        said->text[--said->len] = '\0';
    if (said->text == NULL || said->len == 0)
        return "it said nothing";
    for (char *c = said->text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ';';
    return said->text;
}
