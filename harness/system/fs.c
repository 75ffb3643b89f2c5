/* Files; see fs.h. POSIX only, with the XSI part for realpath. */
#define _XOPEN_SOURCE 700

#include "system/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/interrupt.h"
#include "process/owner.h"
#include "system/fs_internal.h"

static enum lx_code failed(const char *path, const char *what, struct lx_err *err)
{
    return lx_fail(err, LX_EIO, "%s: cannot %s: %s", path, what, strerror(errno));
}

bool lx_fs_is_absent(void)
{
    return errno == ENOENT || errno == ENOTDIR;
}

static size_t most_bytes; /* 0: not known yet */

void lx_fs_limit(size_t bytes)
{
    most_bytes = bytes;
}

/* Unless someone knows better, half of what the machine has. */
static size_t limit(void)
{
    long pages = most_bytes == 0 ? sysconf(_SC_PHYS_PAGES) : 0;

    if (pages > 0)
        most_bytes = (size_t)pages / 2 * (size_t)sysconf(_SC_PAGESIZE);
    return most_bytes;
}

enum lx_code lx_fs_check_room(const char *path, const char *what, size_t n, struct lx_err *err)
{
    size_t most = limit();

    if (most == 0 || n <= most)
        return LX_OK;
    (void)lx_fail(err, LX_ENOMEM,
                  "%s: %s %.1f MB, more than the %.1f MB of memory that it may take", path, what,
                  (double)n / 1e6, (double)most / 1e6);
    return lx_hint(err, "--memory says how much that is");
}

static enum lx_code read_all(const char *path, int fd, struct lx_buf *out, struct lx_err *err)
{
    char block[16384];
    struct stat st;
    ssize_t n;

    lx_buf_addn(out, "", 0); /* an empty file is an empty text, not NULL */
    if (fstat(fd, &st) == 0 && lx_fs_check_room(path, "has", (size_t)st.st_size, err))
        return err->code;
    do {
        n = read(fd, block, sizeof(block));
        if (n > 0)
            lx_buf_addn(out, block, (size_t)n);
        if (lx_fs_check_room(path, "has more than", out->len, err)) /* it grows meanwhile */
            return err->code;
    } while ((n > 0 && !out->failed) || (n < 0 && errno == EINTR));
    if (n < 0)
        return failed(path, "read", err);
    return lx_buf_check(out, err) == LX_OK ? LX_OK : lx_wrap(err, "%s", path);
}

/* What it is that is no regular file. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "folder"
           : S_ISFIFO(mode) ? "pipe"
           : S_ISSOCK(mode) ? "socket"
                            : "device";
}

/* Without waiting: a pipe would for its other end, a device perhaps for ever. */
enum lx_code lx_fs_open(const char *path, int flags, int *fd, struct lx_err *err)
{
    struct stat st;

    do {
        *fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    } while (*fd < 0 && errno == EINTR);
    if (*fd < 0 && lx_fs_is_absent())
        return lx_fail(err, LX_EDATA, "%s: no such file", path);
    if (*fd < 0 && errno == EISDIR)
        return lx_fail(err, LX_EDATA, "%s: is a folder, not a file", path);
    if (*fd < 0 && errno == ENXIO) /* a socket, or a pipe that nobody reads */
        return lx_fail(err, LX_EDATA, "%s: is a pipe or a socket, not a file", path);
    if (*fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW) != 0)
        return lx_fail(err, LX_EDATA, "%s: is a symbolic link, not a file", path);
    if (*fd < 0)
        return failed(path, "open", err);
    if (fstat(*fd, &st) != 0)
        (void)failed(path, "open", err);
    else if (!S_ISREG(st.st_mode))
        (void)lx_fail(err, LX_EDATA, "%s: is a %s, not a file", path, kind_of(st.st_mode));
    else
        return err->code = LX_OK;
    (void)close(*fd);
    *fd = -1;
    return err->code;
}

enum lx_code lx_fs_read(const char *path, struct lx_buf *out, struct lx_err *err)
{
    int fd;

    lx_buf_clear(out);
    err->code = lx_fs_open(path, O_RDONLY, &fd, err);
    if (err->code == LX_OK) {
        err->code = read_all(path, fd, out, err);
        (void)close(fd);
    }
    if (err->code != LX_OK)
        lx_buf_free(out);
    return err->code;
}

enum lx_code lx_fs_read_arena(const char *path, struct lx_arena *arena, const char **bytes,
                              size_t *n, struct lx_err *err)
{
    struct stat st;
    char *to = NULL;
    ssize_t got = 0;
    int fd;

    *n = 0;
    if (lx_fs_open(path, O_RDONLY, &fd, err))
        return err->code;
    if (fstat(fd, &st) != 0)
        (void)failed(path, "read", err);
    else if (lx_fs_check_room(path, "has", (size_t)st.st_size, err) == LX_OK)
        (void)!lx_arena_get(arena, (size_t)st.st_size + 1, 1, &to, path, err);
    while (err->code == LX_OK && *n < (size_t)st.st_size) {
        got = read(fd, to + *n, (size_t)st.st_size - *n);
        if (got == 0)
            break; /* cut meanwhile */
        if (got > 0)
            *n += (size_t)got;
        else if (errno != EINTR)
            (void)failed(path, "read", err);
    }
    (void)close(fd);
    *bytes = to;
    return err->code;
}

bool lx_fs_put(int fd, const void *data, size_t n)
{
    const char *at = data;

    while (n > 0) {
        ssize_t done = write(fd, at, n);

        if (done < 0 && errno == EINTR && !lx_interrupted())
            continue;
        if (done < 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

bool lx_fs_sync(int fd)
{
    int r;

    do {
        r = fsync(fd);
    } while (r != 0 && errno == EINTR);
    return r == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

enum lx_code lx_fs_open_parent(const char *path, int *fd, struct lx_err *err)
{
    struct lx_buf dir = {0};
    size_t end = strlen(path);
    enum lx_code code;

    *fd = -1;
    while (end > 1 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    if (end == 0)
        lx_buf_add(&dir, ".");
    else
        lx_buf_addn(&dir, path, end);
    code = lx_buf_check(&dir, err);
    if (code == LX_OK) {
        *fd = open(dir.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*fd < 0)
            code = failed(path, "create", err);
    }
    lx_buf_free(&dir);
    return code;
}

enum lx_code lx_fs_sync_parent(const char *path, struct lx_err *err)
{
    int fd;

    err->code = lx_fs_open_parent(path, &fd, err);
    if (err->code == LX_OK && !lx_fs_sync(fd))
        (void)failed(path, "sync the folder of", err);
    if (fd >= 0)
        (void)close(fd);
    return err->code;
}

/* Pipes, terminals and devices take bytes, but must not be replaced by a file of the same name. */
static enum lx_code write_through(const char *path, const void *data, size_t n, struct lx_err *err)
{
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), flags;
    enum lx_code code = LX_OK;

    if (fd < 0 && errno == ENXIO)
        return lx_fail(err, LX_EIO, "%s: cannot open for writing: nobody reads from it", path);
    if (fd < 0)
        return failed(path, "open for writing", err);
    flags = fcntl(fd, F_GETFL); /* the other end is there: it may take its time */
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
        (void)failed(path, "open for writing", err);
        (void)close(fd);
        return err->code;
    }
    if (!lx_fs_put(fd, data, n))
        code = failed(path, "write", err);
    if (close(fd) != 0 && code == LX_OK)
        code = failed(path, "write", err);
    return code;
}

static int new_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static int new_folder(const char *path)
{
    return mkdir(path, 0777);
}

/* Make something new beside `path`; its name goes to temp, what `make` gave (>= 0) to *made. Machines may
 * share the folder. */
static enum lx_code make_temp(const char *path, int (*make)(const char *path), struct lx_buf *temp,
                              int *made, struct lx_err *err)
{
    char owner[LX_OWNER_SIZE];

    lx_owner(owner);
    *made = -1;
    for (int i = 0; i < 100; i++) {
        enum lx_code code;

        lx_buf_clear(temp);
        lx_buf_printf(temp, "%s.tmp-%s-%ld-%d", path, owner, (long)getpid(), i);
        code = lx_buf_check(temp, err);
        if (code != LX_OK)
            return code;
        *made = make(temp->text);
        if (*made >= 0)
            return LX_OK;
        if (errno != EEXIST && errno != EINTR)
            break;
    }
    return failed(path, "create", err);
}

/* Put the bytes into the temp file and that in the place of `path`, which keeps who may read it. */
static enum lx_code write_temp(const char *path, const char *temp, int fd, const void *data,
                               size_t n, bool durable, struct lx_err *err)
{
    enum lx_code code = LX_OK;
    struct stat old;

    if (lstat(path, &old) == 0 && S_ISREG(old.st_mode) && fchmod(fd, old.st_mode & 0777) != 0)
        code = failed(path, "keep the permissions of", err);
    else if (!lx_fs_put(fd, data, n) || (durable && !lx_fs_sync(fd)))
        code = failed(path, "write", err);
    if (close(fd) != 0 && code == LX_OK)
        code = failed(path, "write", err);
    if (code == LX_OK && rename(temp, path) != 0)
        code = failed(path, "replace", err);
    if (code != LX_OK)
        (void)unlink(temp);
    return code;
}

/* Whatever can fail comes before the rename; after it only the folder is left to be synced. */
static enum lx_code write_atomic(const char *path, const void *data, size_t n, bool durable,
                                 struct lx_err *err)
{
    struct lx_buf temp = {0};
    int folder = -1, fd;
    enum lx_code code = LX_OK;

    lx_interrupt_hold();
    if ((durable && lx_fs_open_parent(path, &folder, err)) ||
        make_temp(path, new_file, &temp, &fd, err) ||
        write_temp(path, temp.text, fd, data, n, durable, err))
        code = err->code;
    else if (durable && !lx_fs_sync(folder))
        code = failed(path, "sync the folder of", err);
    if (folder >= 0)
        (void)close(folder);
    lx_interrupt_release();
    lx_buf_free(&temp);
    return code;
}

/* What stands where a file is to be written. A symbolic link stays one: what it points to is
 * replaced. Not knowing is an error, lest a link or a device be replaced by a file. */
static enum lx_code look(const char *path, char **target, bool *special, struct lx_err *err)
{
    struct stat st;
    int r = lstat(path, &st);

    if (r == 0 && S_ISLNK(st.st_mode)) {
        *target = realpath(path, NULL);
        r = *target != NULL ? stat(*target, &st) : -1;
    }
    if (r != 0 && !lx_fs_is_absent())
        return failed(path, "create", err);
    *special = r == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    return LX_OK;
}

enum lx_code lx_fs_write(const char *path, const void *data, size_t n, struct lx_err *err)
{
    char *target = NULL;
    bool special = false;
    enum lx_code code = LX_OK;

    if (look(path, &target, &special, err))
        code = err->code;
    else
        code = special ? write_through(path, data, n, err)
                       : write_atomic(target != NULL ? target : path, data, n, true, err);
    free(target);
    return code;
}

enum lx_code lx_fs_write_own(const char *path, const void *data, size_t n, struct lx_err *err)
{
    return write_atomic(path, data, n, true, err);
}

enum lx_code lx_fs_replace(const char *path, const void *data, size_t n, struct lx_err *err)
{
    return write_atomic(path, data, n, false, err);
}

enum lx_code lx_fs_adopt(const char *temp, const char *path, struct lx_err *err)
{
    int fd;

    if (lx_fs_open(temp, O_RDONLY | O_NOFOLLOW, &fd, err))
        return err->code;
    if (!lx_fs_sync(fd))
        (void)failed(path, "write", err);
    else if (rename(temp, path) != 0)
        (void)failed(path, "replace", err);
    (void)close(fd);
    return err->code == LX_OK ? lx_fs_sync_parent(path, err) : err->code;
}

enum lx_code lx_fs_update(const char *path, const void *data, size_t n, struct lx_err *err)
{
    struct lx_buf old = {0};
    bool same = lx_fs_exists(path) && lx_fs_read(path, &old, err) == LX_OK && old.len == n &&
                (n == 0 || memcmp(old.text, data, n) == 0);

    lx_buf_free(&old);
    return same ? LX_OK : lx_fs_write(path, data, n, err);
}

enum lx_code lx_fs_temp_folder(const char *path, struct lx_buf *temp, struct lx_err *err)
{
    int made;
    enum lx_code code = make_temp(path, new_folder, temp, &made, err);

    if (code != LX_OK)
        lx_buf_free(temp);
    return code;
}

bool lx_fs_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 || !lx_fs_is_absent();
}

enum lx_code lx_fs_look(const char *path, bool *there, struct lx_err *err)
{
    enum lx_fs_kind kind;
    enum lx_code code = lx_fs_look_at(path, &kind, err);

    *there = kind != LX_FS_NONE;
    return code;
}

bool lx_fs_exists_itself(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || !lx_fs_is_absent();
}

static enum lx_code tell(const char *path, bool known, const struct stat *st, enum lx_fs_kind *kind,
                         struct lx_err *err)
{
    *kind = !known                 ? LX_FS_NONE
            : S_ISDIR(st->st_mode) ? LX_FS_FOLDER
            : S_ISLNK(st->st_mode) ? LX_FS_LINK
                                   : LX_FS_FILE;
    return known || lx_fs_is_absent() ? LX_OK : failed(path, "look at it", err);
}

enum lx_code lx_fs_look_at(const char *path, enum lx_fs_kind *kind, struct lx_err *err)
{
    struct stat st;

    return tell(path, stat(path, &st) == 0, &st, kind, err);
}

enum lx_code lx_fs_look_at_itself(const char *path, enum lx_fs_kind *kind, struct lx_err *err)
{
    struct stat st;

    return tell(path, lstat(path, &st) == 0, &st, kind, err);
}

enum lx_code lx_fs_remove(const char *path, struct lx_err *err)
{
    if (remove(path) != 0 && errno != ENOENT)
        return failed(path, "remove", err);
    return LX_OK;
}
