/* Folders: held open, listed, emptied, made, renamed; see folder.h and fs.h. */
#define _GNU_SOURCE /* renameat2 */

#include "system/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/fs.h"
#include "system/fs_internal.h"

static enum lx_code failed(const char *path, const char *what, struct lx_err *err)
{
    return lx_fail(err, LX_EIO, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* ------------------------------------------------------------------------------------------ held open */

static int open_real_folder(int at, const char *name)
{
    int fd;

    do {
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

enum lx_code lx_folder_open(const char *path, struct lx_folder *out, struct lx_err *err)
{
    *out = (struct lx_folder){.fd = open_real_folder(AT_FDCWD, path), .path = path};
    if (out->fd >= 0 || errno == ENOENT)
        return LX_OK;
    if (errno == ENOTDIR || errno == ELOOP) /* Linux says the first of a link, POSIX the second */
        return lx_fail(err, LX_EDATA, "%s: is a link or a file, must be a folder", path);
    return failed(path, "open folder", err);
}

enum lx_code lx_folder_enter(const struct lx_folder *f, const char *name, struct lx_folder *out,
                             struct lx_err *err)
{
    *out = (struct lx_folder){.fd = open_real_folder(f->fd, name), .path = f->path};
    if (out->fd >= 0 || errno == ENOENT)
        return LX_OK;
    if (errno == ENOTDIR || errno == ELOOP)
        return lx_fail(err, LX_EDATA, "%s/%s: is a link or a file, must be a folder", f->path,
                       name);
    (void)failed(name, "open folder", err);
    return lx_wrap(err, "%s", f->path);
}

void lx_folder_close(struct lx_folder *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
}

/* -------------------------------------------------------------------------------------------- listing */

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

/* Closes fd. */
static enum lx_code read_names(int fd, const char *path, struct names *s, struct lx_err *err)
{
    DIR *dir = fdopendir(fd);

    if (dir == NULL) {
        (void)failed(path, "open folder", err);
        (void)close(fd);
        return err->code;
    }
    err->code = LX_OK;
    while (err->code == LX_OK) {
        struct dirent *d;

        errno = 0;
        d = readdir(dir);
        if (d == NULL) {
            if (errno != 0)
                (void)failed(path, "read folder", err);
            break;
        }
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && !add_name(s, d->d_name))
            (void)lx_fail(err, LX_ENOMEM, "%s: out of memory for %zu names", path, s->n);
    }
    (void)closedir(dir);
    return err->code;
}

/* Closes fd. All names are read before the first is visited, which may remove it. */
static enum lx_code visit_names(int fd, const char *path,
                                enum lx_code (*visit)(void *ctx, const char *name), void *ctx,
                                struct lx_err *err)
{
    struct names s = {0};
    enum lx_code code = read_names(fd, path, &s, err);

    if (code == LX_OK && s.n > 1)
        qsort(s.name, s.n, sizeof(*s.name), by_name);
    for (size_t i = 0; code == LX_OK && i < s.n; i++)
        code = visit(ctx, s.name[i]);
    for (size_t i = 0; i < s.n; i++)
        free(s.name[i]);
    free(s.name);
    return code;
}

enum lx_code lx_folder_list(const struct lx_folder *f,
                            enum lx_code (*visit)(void *ctx, const char *name), void *ctx,
                            struct lx_err *err)
{
    int fd = open_real_folder(f->fd, "."); /* a place of its own to read from */

    if (fd < 0)
        return failed(f->path, "open folder", err);
    return visit_names(fd, f->path, visit, ctx, err);
}

enum lx_code lx_fs_list(const char *path, enum lx_code (*visit)(void *ctx, const char *name),
                        void *ctx, struct lx_err *err)
{
    int fd;

    do {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOENT)
        return lx_fail(err, LX_EDATA, "%s: no such folder", path);
    if (fd < 0)
        return failed(path, "open folder", err);
    return visit_names(fd, path, visit, ctx, err);
}

/* ------------------------------------------------------------------------------------------- removing */

struct removal {
    const struct lx_folder *folder;
    struct lx_err *err;
};

static enum lx_code remove_inside(void *ctx, const char *name)
{
    const struct removal *r = ctx;

    return lx_folder_remove(r->folder, name, r->err);
}

/* Opening it as a folder tells what it is and holds it in one step. */
enum lx_code lx_folder_remove(const struct lx_folder *f, const char *name, struct lx_err *err)
{
    struct lx_folder inside = {.fd = open_real_folder(f->fd, name), .path = f->path};
    bool is_folder = inside.fd >= 0;
    struct removal r = {&inside, err};

    if (!is_folder && errno == ENOENT)
        return LX_OK;
    if (!is_folder && errno != ENOTDIR && errno != ELOOP)
        return lx_fail(err, LX_EIO, "%s: cannot open %s: %s", f->path, name, strerror(errno));
    err->code = is_folder ? lx_folder_list(&inside, remove_inside, &r, err) : LX_OK;
    lx_folder_close(&inside);
    if (err->code == LX_OK && unlinkat(f->fd, name, is_folder ? AT_REMOVEDIR : 0) != 0 &&
        errno != ENOENT)
        return lx_fail(err, LX_EIO, "%s: cannot remove %s: %s", f->path, name, strerror(errno));
    return err->code;
}

enum lx_code lx_fs_remove_folder(const char *path, struct lx_err *err)
{
    struct lx_folder parent = {.path = path};
    struct lx_buf name = {0};

    if (!lx_fs_exists_itself(path))
        return LX_OK;
    if (lx_fs_open_parent(path, &parent.fd, err))
        return err->code;
    lx_buf_add(&name, path);
    err->code = lx_buf_check(&name, err);
    while (name.len > 1 && name.text[name.len - 1] == '/')
        name.text[--name.len] = '\0';
    if (err->code == LX_OK) {
        const char *slash = strrchr(name.text, '/');

        err->code = lx_folder_remove(&parent, slash != NULL ? slash + 1 : name.text, err);
    }
    lx_folder_close(&parent);
    lx_buf_free(&name);
    return err->code;
}

/* ------------------------------------------------------------------------------- making and renaming */

static enum lx_code make_one(const char *path, struct lx_err *err)
{
    struct stat st;

    for (int i = 0; i < 10; i++) {
        if (mkdir(path, 0777) == 0)
            return lx_fs_sync_parent(path, err);
        if (errno != EEXIST && errno != EISDIR)
            break;
        if (stat(path, &st) == 0)
            return S_ISDIR(st.st_mode)
                       ? LX_OK
                       : lx_fail(err, LX_EIO, "%s: cannot make folder: a file of this name exists",
                                 path);
        if (!lx_fs_is_absent()) /* else another process has just removed it */
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

enum lx_code lx_fs_mkdir_own(const char *path, struct lx_err *err)
{
    struct stat st;

    if (lx_fs_mkdir(path, err))
        return err->code;
    if (lstat(path, &st) != 0)
        return failed(path, "look at it", err);
    if (S_ISDIR(st.st_mode))
        return LX_OK;
    (void)lx_fail(err, LX_EIO, "%s: is a symbolic link, must be a folder", path);
    return lx_hint(err, "what is written there is replaced and removed again; remove the link");
}

enum lx_code lx_fs_rename_folder(const char *from, const char *to, enum lx_renamed *how,
                                 struct lx_err *err)
{
    int folder;
    enum lx_code code = lx_fs_open_parent(to, &folder, err);

    *how = LX_RENAMED;
    if (code == LX_OK && rename(from, to) != 0) {
        if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
            *how = LX_RENAME_TAKEN;
        else if (errno == ENOENT)
            *how = LX_RENAME_GONE;
        else
            code = failed(to, "replace", err);
    } else if (code == LX_OK && !lx_fs_sync(folder)) {
        code = failed(to, "sync the folder of", err);
    }
    if (folder >= 0)
        (void)close(folder);
    return code;
}

enum lx_code lx_fs_exchange(const char *a, const char *b, bool *done, struct lx_err *err)
{
    int folder;
    enum lx_code code = lx_fs_open_parent(b, &folder, err);

    *done = false;
    if (code == LX_OK && renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0) {
        *done = true;
        if (!lx_fs_sync(folder))
            code = failed(b, "sync the folder of", err);
    } else if (code == LX_OK && errno != ENOENT && errno != EINVAL && errno != ENOSYS &&
               errno != ENOTSUP) {
        code = failed(b, "replace", err);
    }
    if (folder >= 0)
        (void)close(folder);
    return code;
}
