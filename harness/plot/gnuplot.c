/* gnuplot as a child process: exec in the folder of the script, so that no path has to be quoted
 * for it; pictures go to temporary names and are renamed, so that a reader never meets half a
 * picture. A failed exec is told through a pipe that closes on success. */
#include "plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"

static const char *const KINDS[] = {"svg", "png"};
enum { N_KINDS = 2 };

/* In the child: only calls that are safe between fork and exec. */
static void become_gnuplot(const char *program, const char *dir, char *const argv[], int say,
                           int told)
{
    int null = open("/dev/null", O_RDWR);
    if (null >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(say, 2) >= 0 &&
        chdir(dir) == 0)
        execvp(program, argv);
    int why = errno;
    ssize_t ignored = write(told, &why, sizeof why);
    (void)ignored;
    _exit(127);
}

/* Read to the end; keeps the first bytes only, but drains the rest so that the child can end. */
static void drain(int fd, char *out, size_t size)
{
    char chunk[512];
    size_t kept = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        size_t room = size - 1 - kept, take = (size_t)n < room ? (size_t)n : room;
        memcpy(out + kept, chunk, take);
        kept += take;
    }
    out[kept] = '\0';
}

/* gnuplot's complaint is many lines with carets; keep it on one. */
static void one_line(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool space = (unsigned char)*from <= ' ' || *from == '^';
        if (!space)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static enum lx_code run(const char *program, const char *dir, char *const argv[], bool *found,
                        struct lx_err *err)
{
    int say[2], told[2], why = 0, status = 0;
    char text[700];
    if (pipe(say) != 0)
        return lx_fail(err, LX_EIO, "%s: no pipe: %s", program, strerror(errno));
    if (pipe(told) != 0) {
        close(say[0]);
        close(say[1]);
        return lx_fail(err, LX_EIO, "%s: no pipe: %s", program, strerror(errno));
    }
    const int ends[] = {say[0], say[1], told[0], told[1]};
    for (int i = 0; i < 4; i++)
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0)
            errno = 0; /* then the child holds it open until it ends, which is harmless */
    pid_t pid = fork();
    if (pid == 0)
        become_gnuplot(program, dir, argv, say[1], told[1]);
    close(say[1]);
    close(told[1]);
    if (pid < 0) {
        close(say[0]);
        close(told[0]);
        return lx_fail(err, LX_EIO, "%s: cannot start a process: %s", program, strerror(errno));
    }
    ssize_t n;
    while ((n = read(told[0], &why, sizeof why)) < 0 && errno == EINTR)
        continue;
    bool failed = n == (ssize_t)sizeof why;
    drain(say[0], text, sizeof text);
    close(say[0]);
    close(told[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    *found = !(failed && (why == ENOENT || why == ENOTDIR) && access(dir, X_OK) == 0);
    if (failed && *found)
        return lx_fail(err, LX_EIO, "%s: cannot run it: %s", program, strerror(why));
    one_line(text);
    if (*found && WIFSIGNALED(status))
        return lx_fail(err, LX_EFAILED, "%s: ended by signal %d", program, WTERMSIG(status));
    if (*found && WEXITSTATUS(status) != 0)
        return lx_fail(err, LX_EFAILED, "%s: exit status %d: %s", program, WEXITSTATUS(status),
                       text[0] ? text : "it said nothing");
    return LX_OK;
}

/* What gnuplot draws and what it is to be called, by kind. */
struct pictures {
    struct lx_buf from[N_KINDS], to[N_KINDS];
};

/* Named before anything is drawn: afterwards nothing may stand between a picture and its removal. */
static enum lx_code name_pictures(struct pictures *p, const char *dir, const char *name,
                                  struct lx_err *err)
{
    for (int k = 0; k < N_KINDS; k++) {
        lx_buf_printf(&p->from[k], "%s/.%s.tmp.%s", dir, name, KINDS[k]);
        lx_buf_printf(&p->to[k], "%s/%s.%s", dir, name, KINDS[k]);
        if (lx_buf_check(&p->from[k], err) != LX_OK || lx_buf_check(&p->to[k], err) != LX_OK)
            return err->code;
    }
    return LX_OK;
}

static void free_pictures(struct pictures *p)
{
    for (int k = 0; k < N_KINDS; k++) {
        lx_buf_free(&p->from[k]);
        lx_buf_free(&p->to[k]);
    }
}

/* Move the pictures into place, or remove them. */
static enum lx_code settle(const struct pictures *p, bool keep, struct lx_err *err)
{
    enum lx_code code = LX_OK;
    for (int k = 0; keep && k < N_KINDS && code == LX_OK; k++) {
        if (rename(p->from[k].text, p->to[k].text) == 0)
            continue;
        if (errno == ENOENT)
            code = lx_fail(err, LX_EIO, "%s: gnuplot left no picture", p->to[k].text);
        else
            code = lx_fail(err, LX_EIO, "%s: cannot replace: %s", p->to[k].text, strerror(errno));
    }
    for (int k = 0; (!keep || code != LX_OK) && k < N_KINDS; k++)
        unlink(p->from[k].text); /* most often not there */
    return code;
}

enum lx_code lx_gnuplot_draw(const char *program, const char *dir, const char *name, bool *found,
                             struct lx_err *err)
{
    char d[] = "-d", e[] = "-e", self[] = "gnuplot"; /* -d: no one's own start-up file */
    struct lx_buf out = {0}, script = {0};
    struct pictures p = {0};
    enum lx_code code = name_pictures(&p, dir, name, err);
    lx_buf_printf(&out, "out = '.%s.tmp'", name);
    lx_buf_printf(&script, "%s.gp", name);
    if (code == LX_OK)
        code = lx_buf_check(&out, err);
    if (code == LX_OK)
        code = lx_buf_check(&script, err);
    if (code == LX_OK) {
        char *const argv[] = {self, d, e, out.text, script.text, NULL};
        code = run(program, dir, argv, found, err);
        bool keep = code == LX_OK && *found;
        struct lx_err second;
        enum lx_code settled = settle(&p, keep, &second);
        if (code == LX_OK && settled != LX_OK) {
            *err = second;
            code = settled;
        }
    }
    if (code != LX_OK)
        lx_wrap(err, "%s/%s.gp", dir, name);
    free_pictures(&p);
    lx_buf_free(&out);
    lx_buf_free(&script);
    return code;
}
