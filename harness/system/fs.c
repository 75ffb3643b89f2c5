/* Files; see fs.h. POSIX only, with the XSI part for realpath. */
#define _XOPEN_SOURCE 700

#include "system/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lx_code failed(const char *path, const char *what, struct lx_err *err)
{
    return lx_fail(err, LX_EIO, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* errno of a path at which there is nothing. */
static bool is_absent(void)
{
    return errno == ENOENT || errno == ENOTDIR;
}

static enum lx_code read_all(const char *path, int fd, struct lx_buf *out, struct lx_err *err)
{
    char block[16384];
    ssize_t n;

    lx_buf_addn(out, "", 0); /* an empty file is an empty text, not NULL */
    do {
        n = read(fd, block, sizeof(block));
        if (n > 0)
            lx_buf_addn(out, block, (size_t)n);
    } while ((n > 0 && !out->failed) || (n < 0 && errno == EINTR));
    if (n < 0)
        return errno == EISDIR ? lx_fail(err, LX_EDATA, "%s: is a folder, not a file", path)
                               : failed(path, "read", err);
    return lx_buf_check(out, err) == LX_OK ? LX_OK : lx_wrap(err, "%s", path);
}

enum lx_code lx_fs_read(const char *path, struct lx_buf *out, struct lx_err *err)
{
    enum lx_code code;
    int fd;

    lx_buf_clear(out);
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0)
        code = read_all(path, fd, out, err);
    else
        code = is_absent() ? lx_fail(err, LX_EDATA, "%s: no such file", path)
                           : failed(path, "open", err);
    if (fd >= 0)
        (void)close(fd);
    if (code != LX_OK)
        lx_buf_free(out);
    return code;
}

bool lx_fs_put(int fd, const void *data, size_t n)
{
    const char *at = data;

    while (n > 0) {
        ssize_t done = write(fd, at, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

/* Some file systems cannot sync this kind of thing; that is no failure of the write. */
static bool sync_fd(int fd)
{
    int r;

    do {
        r = fsync(fd);
    } while (r != 0 && errno == EINTR);
    return r == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

/* Open the folder that a path is in, to be synced. */
static enum lx_code open_folder(const char *path, int *fd, struct lx_err *err)
{
    struct lx_buf dir = {0};
    const char *slash = strrchr(path, '/');
    enum lx_code code;

    *fd = -1;
    if (slash == NULL)
        lx_buf_add(&dir, ".");
    else
        lx_buf_addn(&dir, path, slash == path ? 1 : (size_t)(slash - path));
    code = lx_buf_check(&dir, err);
    if (code == LX_OK) {
        *fd = open(dir.text, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            code = failed(path, "create", err);
    }
    lx_buf_free(&dir);
    return code;
}

/* Pipes, terminals and devices take bytes, but must not be replaced by a file of the same name. */
static enum lx_code write_through(const char *path, const void *data, size_t n, struct lx_err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    enum lx_code code = LX_OK;

    if (fd < 0)
        return failed(path, "open for writing", err);
    if (!lx_fs_put(fd, data, n))
        code = failed(path, "write", err);
    if (close(fd) != 0 && code == LX_OK)
        code = failed(path, "write", err);
    return code;
}

/* The name of this machine, in characters that suit a file name. */
void lx_fs_host(char out[LX_HOST_SIZE])
{
    memset(out, 0, LX_HOST_SIZE);
    if (gethostname(out, LX_HOST_SIZE - 1) != 0 || out[0] == '\0')
        memcpy(out, "host", 5);
    for (char *p = out; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '.'))
            *p = '_';
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
    char host[LX_HOST_SIZE];

    lx_fs_host(host);
    *made = -1;
    for (int i = 0; i < 100; i++) {
        enum lx_code code;

        lx_buf_clear(temp);
        lx_buf_printf(temp, "%s.tmp-%s-%ld-%d", path, host, (long)getpid(), i);
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

/* Put the bytes into the temp file and that in the place of `path`. */
static enum lx_code write_temp(const char *path, const char *temp, int fd, const void *data,
                               size_t n, bool durable, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    if (!lx_fs_put(fd, data, n) || (durable && !sync_fd(fd)))
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
    enum lx_code code = durable ? open_folder(path, &folder, err) : LX_OK;

    if (code == LX_OK)
        code = make_temp(path, new_file, &temp, &fd, err);
    if (code == LX_OK)
        code = write_temp(path, temp.text, fd, data, n, durable, err);
    if (code == LX_OK && durable && !sync_fd(folder))
        code = failed(path, "sync the folder of", err);
    if (folder >= 0)
        (void)close(folder);
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
    if (r != 0 && !is_absent())
        return failed(path, "create", err);
    *special = r == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    return LX_OK;
}

enum lx_code lx_fs_write(const char *path, const void *data, size_t n, struct lx_err *err)
{
    char *target = NULL;
    bool special = false;
    enum lx_code code = look(path, &target, &special, err);

    if (code == LX_OK)
        code = special ? write_through(path, data, n, err)
                       : write_atomic(target != NULL ? target : path, data, n, true, err);
    free(target);
    return code;
}

enum lx_code lx_fs_replace(const char *path, const void *data, size_t n, struct lx_err *err)
{
    return write_atomic(path, data, n, false, err);
}

enum lx_code lx_fs_update(const char *path, const void *data, size_t n, struct lx_err *err)
{
    struct lx_buf old = {0};
    bool same = lx_fs_exists(path) && lx_fs_read(path, &old, err) == LX_OK && old.len == n &&
                (n == 0 || memcmp(old.text, data, n) == 0);

    lx_buf_free(&old);
    return same ? LX_OK : lx_fs_write(path, data, n, err);
}

static enum lx_code make_one(const char *path, struct lx_err *err)
{
    struct stat st;

    for (int i = 0; i < 10; i++) {
        if (mkdir(path, 0777) == 0)
            return LX_OK;
        if (errno != EEXIST && errno != EISDIR)
            break;
        if (stat(path, &st) == 0)
            return S_ISDIR(st.st_mode)
                       ? LX_OK
                       : lx_fail(err, LX_EIO, "%s: cannot make folder: a file of this name exists",
                                 path);
        if (!is_absent()) /* else another process has just removed it */
            break;
    }
    return failed(path, "make folder", err);
}

enum lx_code lx_fs_mkdir(const char *path, struct lx_err *err)
{
    struct lx_buf part = {0};
    enum lx_code code;

    lx_buf_add(&part, path);
    code = lx_buf_check(&part, err);
    for (size_t i = 1; code == LX_OK && i < part.len; i++) {
        if (part.text[i] != '/')
            continue;
        part.text[i] = '\0';
        code = make_one(part.text, err);
        part.text[i] = '/';
    }
    if (code == LX_OK)
        code = make_one(part.text, err);
    lx_buf_free(&part);
    return code;
}

enum lx_code lx_fs_temp_folder(const char *path, struct lx_buf *temp, struct lx_err *err)
{
    int made;

    return make_temp(path, new_folder, temp, &made, err);
}

enum lx_code lx_fs_rename_folder(const char *from, const char *to, enum lx_renamed *how,
                                 struct lx_err *err)
{
    int folder;
    enum lx_code code = open_folder(to, &folder, err);

    *how = LX_RENAMED;
    if (code == LX_OK && rename(from, to) != 0) {
        if (errno == EEXIST || errno == ENOTEMPTY)
            *how = LX_RENAME_TAKEN;
        else if (errno == ENOENT)
            *how = LX_RENAME_GONE;
        else
            code = failed(to, "replace", err);
    } else if (code == LX_OK && !sync_fd(folder)) {
        code = failed(to, "sync the folder of", err);
    }
    if (folder >= 0)
        (void)close(folder);
    return code;
}

bool lx_fs_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 || !is_absent();
}

enum lx_code lx_fs_look(const char *path, bool *there, struct lx_err *err)
{
    struct stat st;

    *there = stat(path, &st) == 0;
    return *there || is_absent() ? LX_OK : failed(path, "look at it", err);
}

bool lx_fs_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool lx_fs_is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

enum lx_code lx_fs_remove(const char *path, struct lx_err *err)
{
    if (remove(path) != 0 && errno != ENOENT)
        return failed(path, "remove", err);
    return LX_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **name;
    size_t n, cap;
};

static bool add_name(struct names *s, const char *name)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 32 : s->cap * 2;
        char **p = realloc(s->name, cap * sizeof(*p));

        if (p == NULL)
            return false;
        s->name = p;
        s->cap = cap;
    }
    s->name[s->n] = strdup(name);
    return s->name[s->n] != NULL && ++s->n > 0;
}

static enum lx_code read_names(const char *path, struct names *s, struct lx_err *err)
{
    DIR *dir = opendir(path);
    enum lx_code code = LX_OK;

    if (dir == NULL && errno == ENOENT)
        return lx_fail(err, LX_EDATA, "%s: no such folder", path);
    if (dir == NULL)
        return failed(path, "open folder", err);
    while (code == LX_OK) {
        struct dirent *d;

        errno = 0;
        d = readdir(dir);
        if (d == NULL) {
            if (errno != 0)
                code = failed(path, "read folder", err);
            break;
        }
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && !add_name(s, d->d_name))
            code = lx_fail(err, LX_ENOMEM, "%s: out of memory for %zu names", path, s->n);
    }
    (void)closedir(dir);
    return code;
}

enum lx_code lx_fs_list(const char *path, enum lx_code (*visit)(void *ctx, const char *name),
                        void *ctx, struct lx_err *err)
{
    struct names s = {0};
    enum lx_code code = read_names(path, &s, err);

    if (code == LX_OK && s.n > 1)
        qsort(s.name, s.n, sizeof(*s.name), by_name);
    for (size_t i = 0; code == LX_OK && i < s.n; i++)
        code = visit(ctx, s.name[i]);
    for (size_t i = 0; i < s.n; i++)
        free(s.name[i]);
    free(s.name);
    return code;
}

struct removal {
    const char *folder;
    struct lx_err *err;
};

static enum lx_code remove_inside(void *ctx, const char *name)
{
    const struct removal *r = ctx;
    struct lx_buf path = {0};
    struct stat st;
    enum lx_code code;

    lx_buf_printf(&path, "%s/%s", r->folder, name);
    code = lx_buf_check(&path, r->err);
    if (code == LX_OK)
        code = lstat(path.text, &st) == 0 && S_ISDIR(st.st_mode)
                   ? lx_fs_remove_folder(path.text, r->err)
                   : lx_fs_remove(path.text, r->err);
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_fs_remove_folder(const char *path, struct lx_err *err)
{
    struct removal r = {path, err};
    enum lx_code code = lx_fs_list(path, remove_inside, &r, err);

    if (code == LX_EDATA) /* there is none */
        return err->code = LX_OK;
    return code == LX_OK ? lx_fs_remove(path, err) : code;
}
