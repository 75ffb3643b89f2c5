/* Faults on order: the N-th allocation, open, read, write, fsync, ... of the program fails, once or
 * from then on, or the program is killed there. Linked into a longshot of its own (see
 * `longshot-fault` in the Makefile) with the linker's --wrap, so that exactly the calls of our own
 * code, of libcsv and zlib (linked statically for that) and of cJSON (through its hooks) are counted;
 * those of OpenBLAS, of libc's inside and of gnuplot are not ours to handle.
 *
 *   LX_FAULT=CLASS:N:WHEN:HOW   CLASS one of the names below, or `any`: all but alloc and wait
 *                               WHEN once, on (from then on); HOW fail, enospc, short, eintr, kill, hang
 *   LX_FAULT_IN=main|worker     which processes: the one that was started, or the supervisor's workers
 *   LX_FAULT_LOG=FILE           gets a line when the fault strikes, and one for each process that ends:
 *                               its calls, and what it left allocated and open
 *   LX_FAULT_RECORD=FILE        gets what is done to files (record.c)
 *
 * A fault that strikes once does so in one process only, whichever comes first. What is still
 * allocated or open when main returns is a leak. A failing close closes, as on Linux. */
#define _GNU_SOURCE /* renameat2 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record.h"

/* Every wrapped function is known to the linker as __wrap_NAME, and the true one as __real_NAME. */
#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

enum class {
    ALLOC,
    OPEN,
    READ,
    LIST, /* readdir */
    WRITE,
    FSYNC,
    RENAME,
    CLOSE,
    MKDIR,
    REMOVE,
    STAT,
    PROCESS, /* pipe, fcntl, spawn, fork, threads */
    WAIT,    /* poll, waitpid: only ever interrupted */
    N_CLASSES,
    ANY = N_CLASSES
};
static const char *const class_names[N_CLASSES + 1] = {
    "alloc", "open",  "read",   "list", "write",   "fsync", "rename",
    "close", "mkdir", "remove", "stat", "process", "wait",  "any"};
enum how { FAIL, ENOSPACE, SHORT, INTERRUPT, KILL, HANG, N_HOWS };
static const char *const how_names[N_HOWS] = {"fail", "enospc", "short", "eintr", "kill", "hang"};

static struct {
    enum class class;
    enum how how;
    long n;
    bool on;
} spec;
static bool counting; /* main is running */
static bool armed;    /* ... and a fault is ordered for this process */
static bool fired;
static long counts[N_CLASSES + 1];
static long handles; /* files, folders and pipes that are open */
static const char *role = "main";

/* ------------------------------------------------------------------------------- side channel */

ssize_t __real_write(int fd, const void *data, size_t n);
int __real_open(const char *path, int flags, ...);
int __real_close(int fd);

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
    const char *path = getenv("LX_FAULT_LOG");
    int fd = path == NULL ? -1 : __real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int before = errno, n;
    char line[512];
    va_list ap;

    if (fd < 0)
        return;
    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (n > 0 && __real_write(fd, line, (size_t)n) < 0)
        before = errno;
    (void)__real_close(fd);
    errno = before;
}

/* Of several processes that get there, only the first is struck once. */
static bool is_first(void)
{
    const char *path = getenv("LX_FAULT_LOG");
    char mark[4096];
    int fd;

    if (path == NULL)
        return true;
    (void)snprintf(mark, sizeof(mark), "%s.fired", path);
    fd = __real_open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        (void)__real_close(fd);
    return fd >= 0;
}

/* Count a call; true: it must fail, and errno says how. */
static bool strikes(enum class class, const char *what)
{
    long at;

    if (!counting)
        return false;
    counts[class]++;
    counts[ANY] += class != ALLOC && class != WAIT;
    at = spec.class == ANY && class != ALLOC && class != WAIT ? counts[ANY]
         : spec.class == class                                ? counts[class]
                                                              : 0;
    if (!armed || at == 0 || at < spec.n || (at > spec.n && !spec.on))
        return false;
    if (!fired) {
        armed = spec.on || is_first();
        if (!armed)
            return false;
        fired = true;
        say("fired %s %s:%ld %s\n", role, class_names[class], at, what);
    }
    if (spec.how == KILL)
        (void)raise(SIGKILL);
    while (spec.how == HANG)
        (void)pause();
    if (spec.how == SHORT)
        return true;
    errno = spec.how == INTERRUPT || class == WAIT ? EINTR
            : spec.how == ENOSPACE                 ? ENOSPC
            : class == ALLOC                       ? ENOMEM
            : class == PROCESS                     ? EAGAIN
                                                   : EIO;
    return true;
}

/* -------------------------------------------------------------------------------- allocations */

/* What is allocated: an open-addressing table of pointers. */
#define SLOTS ((size_t)1 << 17)
static struct block {
    void *p, *from;
    size_t size;
    long nth;
} live[SLOTS];
static size_t n_live;

static size_t slot_of(const void *p)
{
    size_t i = (size_t)((uintptr_t)p >> 4) * 0x9E3779B1u % SLOTS;

    while (live[i].p != NULL && live[i].p != p)
        i = (i + 1) % SLOTS;
    return i;
}

static void *born(void *p, size_t size, void *from)
{
    if (p != NULL && counting && n_live < SLOTS / 2) {
        size_t i = slot_of(p);

        n_live += live[i].p == NULL;
        live[i] = (struct block){p, from, size, counts[ALLOC]};
    }
    return p;
}

/* Blocks from before main are not in the table. The rest of the run moves up, so that no hole
 * cuts a probe short. */
static void died(const void *p)
{
    size_t i = slot_of(p), j;

    if (p == NULL || live[i].p == NULL)
        return;
    live[i].p = NULL;
    n_live--;
    for (j = (i + 1) % SLOTS; live[j].p != NULL; j = (j + 1) % SLOTS) {
        struct block b = live[j];

        live[j].p = NULL;
        live[slot_of(b.p)] = b;
    }
}

#define CALLER __builtin_return_address(0)

WRAP(void *, malloc, size_t n)
{
    return strikes(ALLOC, "malloc") ? NULL : born(__real_malloc(n), n, CALLER);
}

WRAP(void *, calloc, size_t n, size_t size)
{
    return strikes(ALLOC, "calloc") ? NULL : born(__real_calloc(n, size), n * size, CALLER);
}

WRAP(void *, realloc, void *p, size_t n)
{
    void *q;

    if (strikes(ALLOC, "realloc"))
        return NULL;
    died(p);
    q = __real_realloc(p, n);
    (void)born(q != NULL ? q : p, n, CALLER);
    return q;
}

WRAP(void *, aligned_alloc, size_t align, size_t n)
{
    return strikes(ALLOC, "aligned_alloc") ? NULL : born(__real_aligned_alloc(align, n), n, CALLER);
}

WRAP(int, posix_memalign, void **p, size_t align, size_t n)
{
    int rc = strikes(ALLOC, "posix_memalign") ? ENOMEM : __real_posix_memalign(p, align, n);

    if (rc == 0)
        (void)born(*p, n, CALLER);
    return rc;
}

WRAP(char *, strdup, const char *text)
{
    return strikes(ALLOC, "strdup") ? NULL : born(__real_strdup(text), strlen(text) + 1, CALLER);
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    died(p);
    __real_free(p);
}

/* ---------------------------------------------------------------------------- files and folders */

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list ap;
    int fd;

    if ((flags & O_CREAT) != 0) {
        va_start(ap, flags);
        mode = (mode_t)va_arg(ap, unsigned);
        va_end(ap);
    }
    if (strikes(OPEN, path))
        return -1;
    fd = lx_record_open(__real_open(path, flags, mode), flags);
    handles += fd >= 0;
    return fd;
}

WRAP(int, openat, int at, const char *path, int flags)
{
    int fd = strikes(OPEN, path) ? -1 : __real_openat(at, path, flags);

    handles += fd >= 0;
    return fd;
}

WRAP(DIR *, fdopendir, int fd)
{
    return strikes(OPEN, "folder") ? NULL : __real_fdopendir(fd);
}

WRAP(FILE *, fopen, const char *path, const char *mode)
{
    FILE *f = strikes(OPEN, path) ? NULL : __real_fopen(path, mode);

    handles += f != NULL;
    return f;
}

WRAP(DIR *, opendir, const char *path)
{
    DIR *d = strikes(OPEN, path) ? NULL : __real_opendir(path);

    handles += d != NULL;
    return d;
}

WRAP(struct dirent *, readdir, DIR *d)
{
    return strikes(LIST, "folder") ? NULL : __real_readdir(d);
}

WRAP(ssize_t, read, int fd, void *data, size_t n)
{
    if (strikes(READ, "read")) {
        if (spec.how != SHORT)
            return -1;
        n = (n + 1) / 2;
    }
    return __real_read(fd, data, n);
}

/* A disk that is full takes what fits. */
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    bool began = fired;

    if (strikes(WRITE, "write")) {
        if (spec.how != SHORT && !(spec.how == ENOSPACE && spec.on && !began && n > 1))
            return -1;
        n = (n + 1) / 2;
    }
    return lx_record_write(__real_write(fd, data, n), fd, data);
}

WRAP(int, fsync, int fd)
{
    return strikes(FSYNC, "fsync") ? -1 : lx_record_sync(__real_fsync(fd), fd);
}

/* The program names both from its working folder. */
WRAP(int, renameat2, int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    return strikes(RENAME, to) ? -1
                               : lx_record_rename(__real_renameat2(from_at, from, to_at, to, flags),
                                                  from, to, flags);
}

WRAP(int, rename, const char *from, const char *to)
{
    return __wrap_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* Closed is closed; then say what happened to it. */
static int closed(int rc, const char *what)
{
    handles--;
    return strikes(CLOSE, what) ? -1 : rc;
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
    return closed(__real_close(fd), "close");
}

WRAP(int, fclose, FILE *f)
{
    return closed(__real_fclose(f), "fclose");
}

WRAP(int, closedir, DIR *d)
{
    return closed(__real_closedir(d), "closedir");
}

WRAP(int, mkdir, const char *path, mode_t mode)
{
    return strikes(MKDIR, path) ? -1 : lx_record_mkdir(__real_mkdir(path, mode), path);
}

WRAP(int, remove, const char *path)
{
    return strikes(REMOVE, path) ? -1 : lx_record_remove(__real_remove(path), AT_FDCWD, path);
}

WRAP(int, unlink, const char *path)
{
    return strikes(REMOVE, path) ? -1 : lx_record_remove(__real_unlink(path), AT_FDCWD, path);
}

WRAP(int, unlinkat, int at, const char *path, int flags)
{
    return strikes(REMOVE, path) ? -1
                                 : lx_record_remove(__real_unlinkat(at, path, flags), at, path);
}

WRAP(int, fstat, int fd, struct stat *st)
{
    return strikes(STAT, "fstat") ? -1 : __real_fstat(fd, st);
}

WRAP(int, fchmod, int fd, mode_t mode)
{
    return strikes(STAT, "fchmod") ? -1 : __real_fchmod(fd, mode);
}

WRAP(int, stat, const char *path, struct stat *st)
{
    return strikes(STAT, path) ? -1 : __real_stat(path, st);
}

WRAP(int, lstat, const char *path, struct stat *st)
{
    return strikes(STAT, path) ? -1 : __real_lstat(path, st);
}

WRAP(int, access, const char *path, int mode)
{
    return strikes(STAT, path) ? -1 : __real_access(path, mode);
}

WRAP(int, statvfs, const char *path, struct statvfs *st)
{
    return strikes(STAT, path) ? -1 : __real_statvfs(path, st);
}

WRAP(char *, realpath, const char *path, char *out)
{
    char *p = strikes(STAT, path) ? NULL : __real_realpath(path, out);

    return out == NULL ? born(p, p == NULL ? 0 : strlen(p) + 1, CALLER) : p;
}

/* ----------------------------------------------------------------------------------- processes */

WRAP(int, pipe, int fd[2])
{
    int rc = strikes(PROCESS, "pipe") ? -1 : __real_pipe(fd);

    handles += rc == 0 ? 2 : 0;
    return rc;
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list ap;
    void *arg;
    int rc;

    va_start(ap, command);
    arg = va_arg(ap, void *);
    va_end(ap);
    rc = strikes(PROCESS, "fcntl") ? -1 : __real_fcntl(fd, command, arg);
    if (rc < 0 && fired && errno == EAGAIN)
        errno = ENOLCK; /* the other would mean that a lock is held */
    handles += rc >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC);
    return rc;
}

WRAP(int, posix_spawn, pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
     const posix_spawnattr_t *attr, char *const *argv, char *const *env)
{
    return strikes(PROCESS, "posix_spawn")
               ? EAGAIN
               : __real_posix_spawn(pid, path, actions, attr, argv, env);
}

WRAP(int, posix_spawnp, pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
     const posix_spawnattr_t *attr, char *const *argv, char *const *env)
{
    return strikes(PROCESS, "posix_spawnp")
               ? EAGAIN
               : __real_posix_spawnp(pid, name, actions, attr, argv, env);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attr, void *(*work)(void *),
     void *ctx)
{
    return strikes(PROCESS, "pthread_create") ? EAGAIN
                                              : __real_pthread_create(thread, attr, work, ctx);
}

WRAP(pid_t, fork, void)
{
    pid_t pid = strikes(PROCESS, "fork") ? -1 : __real_fork();

    if (pid == 0)
        role = "child";
    return pid;
}

WRAP(int, poll, struct pollfd *fds, nfds_t n, int ms)
{
    return strikes(WAIT, "poll") ? -1 : __real_poll(fds, n, ms);
}

WRAP(pid_t, waitpid, pid_t pid, int *status, int options)
{
    return strikes(WAIT, "waitpid") ? -1 : __real_waitpid(pid, status, options);
}

/* ---------------------------------------------------------------------------------------- main */

static int find(const char *const *names, int n, const char *text, size_t len)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0)
            return i;
    return -1;
}

/* CLASS:N:WHEN:HOW; an order that cannot be read must not pass for a run without faults. */
static bool take_order(const char *text)
{
    char *end;
    int class, how;

    class = find(class_names, N_CLASSES + 1, text, strcspn(text, ":"));
    text += strcspn(text, ":");
    if (class < 0 || *text != ':')
        return false;
    spec.n = strtol(text + 1, &end, 10);
    spec.on = strncmp(end, ":on:", 4) == 0;
    if (spec.n < 1 || (!spec.on && strncmp(end, ":once:", 6) != 0))
        return false;
    end += spec.on ? 4 : 6;
    how = find(how_names, N_HOWS, end, strlen(end));
    spec.class = (enum class) class;
    spec.how = (enum how)(how < 0 ? 0 : how);
    return how >= 0;
}

extern char __executable_start; /* the linker's: addr2line wants offsets from it */

static void report(int status)
{
    char text[400] = "";
    size_t used = 0, bytes = 0, shown = 0;

    for (int c = 0; c <= N_CLASSES; c++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s=%ld", class_names[c],
                                 counts[c]);
    for (size_t i = 0; i < SLOTS; i++)
        bytes += live[i].p != NULL ? live[i].size : 0;
    say("end %s status=%d fired=%d%s live=%zu bytes=%zu handles=%ld\n", role, status, fired, text,
        n_live, bytes, handles);
    for (size_t i = 0; i < SLOTS && shown < 5; i++)
        if (live[i].p != NULL) {
            say("leak %s %zu bytes, allocation %ld, from 0x%lx\n", role, live[i].size, live[i].nth,
                (unsigned long)((char *)live[i].from - &__executable_start));
            shown++;
        }
}

/* cJSON.h is for json/json.c alone; this much of it is its published interface. */
struct cjson_hooks {
    void *(*malloc_fn)(size_t n);
    void (*free_fn)(void *p);
};
void cJSON_InitHooks(struct cjson_hooks *hooks);

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
int __wrap_main(int argc, char **argv)
{
    const char *order = getenv("LX_FAULT"), *in = getenv("LX_FAULT_IN");
    struct cjson_hooks hooks = {__wrap_malloc, __wrap_free};
    int status;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--progress-fd") == 0)
            role = "worker";
    if (order != NULL && !take_order(order)) {
        (void)fprintf(stderr, "LX_FAULT: cannot be read: %s\n", order);
        return 125;
    }
    cJSON_InitHooks(&hooks);
    armed = order != NULL && strcmp(role, in == NULL ? "main" : in) == 0;
    counting = true;
    status = __real_main(argc, argv);
    counting = false;
    report(status);
    return status;
}
