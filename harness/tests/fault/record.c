/* The recorder of file operations (record.h). A record is one line, "WORD NUMBER NUMBER N PATH PATH" with a
 * tab between, and N bytes after it:
 *
 *   open     inode, 1: it was emptied, path      a file that may be new
 *   write    inode, offset, bytes
 *   sync     inode, 0, bytes, path               a file with all that is in it, whoever wrote it
 *   names    0, 0, path                          a folder was synced
 *   mkdir    0, 0, path
 *   rename   0, 1: exchanged, path, path
 *   remove   0, 0, path
 *
 * Paths are absolute, and no folder on the way is a link. Processes append to one file, a record at a time. */
#define _GNU_SOURCE /* renameat2's flags, AT_FDCWD */

#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The true functions: nothing here is to be counted, and nothing to fail. */
int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_fstat(int fd, struct stat *st);
char *__real_realpath(const char *path, char *out);
void *__real_malloc(size_t n);
void __real_free(void *p);

static void append(const char *word, unsigned long inode, long number, const void *data, size_t n,
                   const char *a, const char *b)
{
    const char *log = getenv("LX_FAULT_RECORD");
    char line[2 * PATH_MAX + 100];
    int before = errno, fd = __real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int len;
    struct iovec parts[2] = {{line, 0}, {(void *)(size_t)data, n}};

    len = snprintf(line, sizeof(line), "%s\t%lu\t%ld\t%zu\t%s\t%s\n", word, inode, number, n, a, b);
    parts[0].iov_len = (size_t)len;
    if (fd < 0 || writev(fd, parts, 2) != (ssize_t)(n + (size_t)len)) {
        (void)fprintf(stderr, "LX_FAULT_RECORD: %s: %s\n", log, strerror(errno));
        _exit(125);
    }
    (void)__real_close(fd);
    errno = before;
}

static int wanted(void)
{
    return getenv("LX_FAULT_RECORD") != NULL;
}

/* Where an open descriptor is. */
static void path_of(int fd, char out[PATH_MAX])
{
    char link[64];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, out, PATH_MAX - 1);
    out[n < 0 ? 0 : n] = '\0';
}

/* The folder without links, the last name as it is. */
static const char *resolve(int at, const char *path, char out[PATH_MAX])
{
    char whole[PATH_MAX], base[PATH_MAX] = "";
    char *slash;

    if (path[0] != '/') {
        if (at != AT_FDCWD)
            path_of(at, base);
        else if (getcwd(base, sizeof(base)) == NULL)
            base[0] = '\0';
    }
    if ((size_t)snprintf(whole, sizeof(whole), "%s%s%s", base, path[0] == '/' ? "" : "/", path) >=
        sizeof(whole))
        return "";
    for (size_t n = strlen(whole); n > 1 && whole[n - 1] == '/'; n--)
        whole[n - 1] = '\0';
    slash = strrchr(whole, '/');
    *slash = '\0';
    if (__real_realpath(whole[0] == '\0' ? "/" : whole, out) == NULL)
        out[0] = '\0';
    (void)snprintf(out + strlen(out), PATH_MAX - strlen(out), "/%s", slash + 1);
    return out;
}

int lx_record_open(int fd, int flags)
{
    char where[PATH_MAX];
    struct stat st;

    if (fd >= 0 && wanted() && (flags & (O_CREAT | O_TRUNC)) != 0 && __real_fstat(fd, &st) == 0) {
        path_of(fd, where);
        append("open", st.st_ino, (flags & O_TRUNC) != 0, NULL, 0, where, "");
    }
    return fd;
}

ssize_t lx_record_write(ssize_t n, int fd, const void *data)
{
    struct stat st;

    if (n > 0 && wanted() && __real_fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        append("write", st.st_ino, (long)(lseek(fd, 0, SEEK_CUR) - n), data, (size_t)n, "", "");
    return n;
}

/* A file that is open for writing alone is opened once more. */
static void append_file(const char *where, const struct stat *st)
{
    char *data = __real_malloc((size_t)st->st_size + 1);
    int in = __real_open(where, O_RDONLY | O_CLOEXEC);
    ssize_t n = in < 0 || data == NULL ? 0 : pread(in, data, (size_t)st->st_size, 0);

    append("sync", st->st_ino, 0, data, n < 0 ? 0 : (size_t)n, where, "");
    if (in >= 0)
        (void)__real_close(in);
    __real_free(data);
}

int lx_record_sync(int rc, int fd)
{
    char where[PATH_MAX];
    struct stat st;

    if (rc != 0 || !wanted() || __real_fstat(fd, &st) != 0)
        return rc;
    path_of(fd, where);
    if (S_ISDIR(st.st_mode))
        append("names", 0, 0, NULL, 0, where, "");
    else
        append_file(where, &st);
    return rc;
}

int lx_record_mkdir(int rc, const char *path)
{
    char where[PATH_MAX];

    if (rc == 0 && wanted())
        append("mkdir", 0, 0, NULL, 0, resolve(AT_FDCWD, path, where), "");
    return rc;
}

int lx_record_rename(int rc, const char *from, const char *to, unsigned flags)
{
    char a[PATH_MAX], b[PATH_MAX];

    if (rc == 0 && wanted())
        append("rename", 0, (flags & RENAME_EXCHANGE) != 0, NULL, 0, resolve(AT_FDCWD, from, a),
               resolve(AT_FDCWD, to, b));
    return rc;
}

int lx_record_remove(int rc, int at, const char *path)
{
    char where[PATH_MAX];

    if (rc == 0 && wanted())
        append("remove", 0, 0, NULL, 0, resolve(at, path, where), "");
    return rc;
}
