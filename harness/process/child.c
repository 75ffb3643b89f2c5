/* Child processes; see child.h. */
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np */

#include "process/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "process/interrupt.h"

#define MOST_OUT ((size_t)64 << 20)
#define MOST_ERRORS ((size_t)64 << 10)
#define TURN_MS 100     /* between looks at the clock and at signals */
#define ENDING_MS 2     /* a child that has closed its pipes is about to end */
#define GRACE_SECONDS 1 /* between TERM and KILL */

extern char **environ;

/* ------------------------------------------------------------------------------------------ starting */

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Away from the numbers that a child gives a meaning: dup2 of a descriptor onto itself would leave it
 * to be closed on exec. */
static bool move_up(int *fd)
{
    int moved = *fd > LX_CHILD_FD ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, LX_CHILD_FD + 1);

    if (moved < 0)
        return false;
    if (moved != *fd)
        (void)close(*fd);
    *fd = moved;
    return fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0;
}

enum lx_code lx_child_pipe(int fd[2], struct lx_err *err)
{
    fd[0] = fd[1] = -1;
    if (pipe(fd) == 0 && move_up(&fd[0]) && move_up(&fd[1]) &&
        fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0)
        return LX_OK;
    (void)lx_fail(err, LX_EIO, "pipe: %s", strerror(errno));
    close_end(&fd[0]);
    close_end(&fd[1]);
    return err->code;
}

/* Where a child's descriptor comes from: one of ours, or nothing. */
static int add_end(posix_spawn_file_actions_t *a, int from, int to)
{
    return from >= 0 ? posix_spawn_file_actions_adddup2(a, from, to)
                     : posix_spawn_file_actions_addopen(a, to, "/dev/null", O_RDWR, 0);
}

static int fill_actions(posix_spawn_file_actions_t *a, const struct lx_child_spec *spec,
                        const struct lx_child_ends *ends)
{
    int rc = add_end(a, -1, STDIN_FILENO);

    if (rc == 0)
        rc = add_end(a, ends->out, STDOUT_FILENO);
    if (rc == 0 && !spec->our_errors)
        rc = add_end(a, ends->errors, STDERR_FILENO);
    if (rc == 0 && ends->extra >= 0)
        rc = add_end(a, ends->extra, LX_CHILD_FD);
    if (rc == 0 && spec->folder != NULL)
        rc = posix_spawn_file_actions_addchdir_np(a, spec->folder);
    return rc;
}

static int fill_attributes(posix_spawnattr_t *attr, bool group)
{
    sigset_t defaults;
    int rc;

    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE); /* which we ignore, and it should not */
    (void)sigaddset(&defaults, SIGXFSZ);
    rc = posix_spawnattr_setflags(
        attr, (short)(POSIX_SPAWN_SETSIGDEF | (group ? POSIX_SPAWN_SETPGROUP : 0)));
    return rc != 0 ? rc : posix_spawnattr_setsigdefault(attr, &defaults);
}

static enum lx_code start(const struct lx_child_spec *spec, const struct lx_child_ends *ends,
                          bool group, pid_t *pid, struct lx_err *err)
{
    char *args[LX_CHILD_ARGS] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);

    assert(spec->argv[0] != NULL);
    *pid = 0;
    /* exec wants them without const, and leaves them as they are */
    for (int i = 0; i < LX_CHILD_ARGS - 1 && spec->argv[i] != NULL; i++)
        memcpy(&args[i], &spec->argv[i], sizeof(args[i]));
    if (rc != 0)
        return lx_fail(err, LX_EIO, "%s: %s", args[0], strerror(rc));
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = fill_actions(&actions, spec, ends);
        if (rc == 0)
            rc = fill_attributes(&attr, group);
        if (rc == 0)
            rc = spec->self ? posix_spawn(pid, "/proc/self/exe", &actions, &attr, args, environ)
                            : posix_spawnp(pid, args[0], &actions, &attr, args, environ);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return LX_OK;
    *pid = 0;
    if (rc == ENOENT && spec->folder != NULL && access(spec->folder, X_OK) != 0)
        return lx_fail(err, LX_EIO, "%s: cannot run it in %s: %s", args[0], spec->folder,
                       strerror(errno));
    if (rc == ENOENT || rc == ENOTDIR)
        return lx_fail(err, LX_EDATA, "%s: not found in PATH", args[0]);
    return lx_fail(err, LX_EIO, "%s: cannot run it: %s", args[0], strerror(rc));
}

enum lx_code lx_child_start(const struct lx_child_spec *spec, const struct lx_child_ends *ends,
                            pid_t *pid, struct lx_err *err)
{
    return start(spec, ends, false, pid, err);
}

bool lx_child_ended(pid_t pid, int *status)
{
    return pid > 0 && waitpid(pid, status, WNOHANG) == pid;
}

/* ------------------------------------------------------------------------------------- running to an end */

struct run {
    const char *name;
    pid_t pid;
    int fd[2]; /* read ends of stdout and stderr, -1: closed */
    struct lx_buf *to[2];
    size_t most[2];
    double seconds, end; /* of the deadline, 0: none */
    bool ended;
    int status;
};

/* Take in a part of what is there; false: that was all for now, or a failure. */
static bool take_in(struct run *r, int i, struct lx_err *err)
{
    char bytes[4096];
    size_t room = r->most[i] - r->to[i]->len;
    ssize_t n = read(r->fd[i], bytes, sizeof(bytes));

    if (n > 0 && i == 0 && (size_t)n > room) {
        (void)lx_fail(err, LX_EIO, "%s: said more than %zu kB: ended", r->name, r->most[i] >> 10);
        return false;
    }
    if (n > 0)
        lx_buf_addn(r->to[i], bytes, (size_t)n < room ? (size_t)n : room);
    else if (n == 0)
        close_end(&r->fd[i]);
    else if (errno != EAGAIN && errno != EINTR) /* part of an answer is none */
        (void)lx_fail(err, LX_EIO, "%s: cannot read what it says: %s", r->name, strerror(errno));
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Wait for news, but no longer than a turn. */
static enum lx_code turn(struct run *r, struct lx_err *err)
{
    struct pollfd fds[2] = {{.fd = r->fd[0], .events = POLLIN}, {.fd = r->fd[1], .events = POLLIN}};
    bool silent = r->fd[0] < 0 && r->fd[1] < 0;

    if (poll(fds, 2, silent ? ENDING_MS : TURN_MS) < 0 && errno != EINTR)
        return lx_fail(err, LX_EIO, "%s: cannot wait for it: %s", r->name, strerror(errno));
    r->ended = lx_child_ended(r->pid, &r->status); /* first: what it said before is then there */
    err->code = LX_OK;
    for (int i = 0; i < 2; i++)
        if (r->fd[i] >= 0 && (fds[i].revents != 0 || r->ended))
            while (take_in(r, i, err) && r->ended)
                continue;
    return err->code;
}

/* End it with all it has started: asked first, then made to. */
static void end_group(struct run *r)
{
    double end = lx_clock() + GRACE_SECONDS;

    close_end(&r->fd[0]);
    close_end(&r->fd[1]);
    (void)kill(-r->pid, SIGTERM);
    (void)kill(-r->pid, SIGCONT);
    while (!r->ended && lx_clock() < end) {
        (void)poll(NULL, 0, ENDING_MS);
        r->ended = lx_child_ended(r->pid, &r->status);
    }
    (void)kill(-r->pid, SIGKILL); /* whoever of the group is left */
    while (!r->ended && (waitpid(r->pid, &r->status, 0) >= 0 || errno != EINTR))
        r->ended = true;
}

static enum lx_code follow(struct run *r, struct lx_err *err)
{
    while (!r->ended) {
        if (lx_interrupted())
            return lx_fail(err, LX_EINTERRUPT, "%s: interrupted", r->name);
        if (turn(r, err))
            return err->code;
        if (!r->ended && r->seconds > 0.0 && lx_clock() > r->end)
            return lx_fail(err, LX_EIO, "%s: no end after %g s (LX_CHILD_SECONDS): killed", r->name,
                           r->seconds);
    }
    return LX_OK;
}

static double deadline(const struct lx_child_spec *spec)
{
    const char *text = spec->seconds < 0.0 ? getenv("LX_CHILD_SECONDS") : NULL;
    double seconds = text != NULL ? strtod(text, NULL) : 0.0;

    return spec->seconds >= 0.0 ? spec->seconds : seconds > 0.0 ? seconds : LX_CHILD_SECONDS;
}

/* The pipes, the child, and what it says until its end. */
static enum lx_code run_child(const struct lx_child_spec *spec, struct run *r, struct lx_err *err)
{
    int out[2], errors[2] = {-1, -1};
    enum lx_code code;

    if (lx_child_pipe(out, err))
        return err->code;
    code = spec->our_errors ? LX_OK : lx_child_pipe(errors, err);
    if (code == LX_OK)
        code = start(spec, &(struct lx_child_ends){out[1], errors[1], -1}, true, &r->pid, err);
    lx_interrupt_guard(r->pid);
    r->fd[0] = out[0];
    r->fd[1] = errors[0];
    close_end(&out[1]);
    close_end(&errors[1]);
    if (code == LX_OK) {
        code = follow(r, err);
        end_group(r);
    }
    close_end(&r->fd[0]);
    close_end(&r->fd[1]);
    return code;
}

enum lx_code lx_child_run(const struct lx_child_spec *spec, struct lx_child *child,
                          struct lx_err *err)
{
    struct run r = {.name = spec->argv[0],
                    .fd = {-1, -1},
                    .to = {&child->out, &child->errors},
                    .most = {spec->most > 0 ? spec->most : MOST_OUT, MOST_ERRORS},
                    .seconds = deadline(spec)};
    enum lx_code code;

    *child = (struct lx_child){0};
    lx_buf_add(&child->out, "");
    lx_buf_add(&child->errors, "");
    r.end = lx_clock() + r.seconds;
    lx_interrupt_guard_begin();
    code = run_child(spec, &r, err);
    lx_interrupt_guard_end();
    if (code != LX_OK)
        return code;
    child->status = WIFSIGNALED(r.status) ? 128 + WTERMSIG(r.status) : WEXITSTATUS(r.status);
    return lx_buf_check(&child->out, err) != LX_OK ? err->code : lx_buf_check(&child->errors, err);
}

void lx_child_free(struct lx_child *child)
{
    lx_buf_free(&child->out);
    lx_buf_free(&child->errors);
}

const char *lx_child_complaint(struct lx_child *child)
{
    struct lx_buf *said = child->errors.len > 0 ? &child->errors : &child->out;

    while (said->len > 0 && said->text[said->len - 1] == '\n')
        said->text[--said->len] = '\0';
    if (said->text == NULL || said->len == 0)
        return "it said nothing";
    for (char *c = said->text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ';';
    return said->text;
}
