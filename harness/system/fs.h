/* Files: whole reads, gzip reads, atomic writes, folders.
 *
 * A file is written whole or not at all: temp file in the same folder, fsync, rename, fsync of the
 * folder. On any failure the temp file is removed and the old content stands. Temp files are named
 * "NAME.tmp-OWNER-PID-I" (owner.h), so that processes of several machines may write to one folder.
 *
 * What is read must be a regular file: pipes, sockets and devices are refused, as they may have no end. */
#ifndef LX_SYSTEM_FS_H
#define LX_SYSTEM_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

/* Open what is, or with O_CREAT becomes, a regular file (flags as of open(2); O_NOFOLLOW: no link to one).
 * Never waits. Something else at `path`, or nothing, is LX_EDATA. */
LX_MUST_CHECK enum lx_code lx_fs_open(const char *path, int flags, int *fd, struct lx_err *err);

/* The most that one file may take of memory, read or unpacked; until then half of the machine's. */
void lx_fs_limit(size_t bytes);

/* Whole file into the arena, once. */
LX_MUST_CHECK
enum lx_code lx_fs_read_arena(const char *path, struct lx_arena *arena, const char **bytes,
                              size_t *n, struct lx_err *err);

/* Whole file into buf (cleared first; empty and without memory after a failure). A missing file:
 * LX_EDATA, "PATH: no such file". */
LX_MUST_CHECK enum lx_code lx_fs_read(const char *path, struct lx_buf *out, struct lx_err *err);

/* Whole file, unpacked if it begins like gzip (concatenated members allowed), as it is otherwise.
 * Truncated or corrupt gzip is LX_EDATA and says so; so is what unpacks to more than 64 MB and more than
 * 100 times its size, which no text does. */
LX_MUST_CHECK enum lx_code lx_fs_read_gz(const char *path, struct lx_buf *out, struct lx_err *err);

/* Pack n bytes as gzip, as tightly as zlib can, without name or date: the same bytes give the same file. */
LX_MUST_CHECK
enum lx_code lx_gzip(const void *data, size_t n, struct lx_buf *out, struct lx_err *err);

/* Write n bytes atomically and durably. What `path` links to is replaced, not the link; a pipe or a device
 * is written to. */
LX_MUST_CHECK
enum lx_code lx_fs_write(const char *path, const void *data, size_t n, struct lx_err *err);

/* The same for files that are the program's own: whatever is at `path`, a link too, is replaced. */
LX_MUST_CHECK
enum lx_code lx_fs_write_own(const char *path, const void *data, size_t n, struct lx_err *err);

/* The same without waiting for the disk: whole for every reader, but it may be lost when the machine
 * stops. For what is only of use while a process runs. */
LX_MUST_CHECK
enum lx_code lx_fs_replace(const char *path, const void *data, size_t n, struct lx_err *err);

/* Write, unless the file says the same already: then its date still tells when it changed. */
LX_MUST_CHECK
enum lx_code lx_fs_update(const char *path, const void *data, size_t n, struct lx_err *err);
/* Give a file that another program has written at `temp`, in the same folder, the name `path`, durably. */
LX_MUST_CHECK enum lx_code lx_fs_adopt(const char *temp, const char *path, struct lx_err *err);
/* Write n bytes to what is open, as far as the system takes them; false: errno says why. */
LX_MUST_CHECK bool lx_fs_put(int fd, const void *data, size_t n);

/* Make a folder and its parents, durably. */
LX_MUST_CHECK enum lx_code lx_fs_mkdir(const char *path, struct lx_err *err);
/* The same for folders in which the program replaces and removes files: a link to one is refused. */
LX_MUST_CHECK enum lx_code lx_fs_mkdir_own(const char *path, struct lx_err *err);
/* A new folder beside `path`, named as temp files are; the name goes to temp, which stays empty after a
 * failure. */
LX_MUST_CHECK
enum lx_code lx_fs_temp_folder(const char *path, struct lx_buf *temp, struct lx_err *err);
enum lx_renamed {
    LX_RENAMED,
    LX_RENAME_TAKEN, /* at `to` is a folder with something in it, a file or a link */
    LX_RENAME_GONE   /* there is no folder `from` (any more) */
};
/* Give folder `from` the name `to`, durably and at once for every reader; an empty folder of that name is
 * replaced. Where others may do the same, not to succeed is no error: *how says so, and nothing has
 * changed. */
LX_MUST_CHECK
enum lx_code lx_fs_rename_folder(const char *from, const char *to, enum lx_renamed *how,
                                 struct lx_err *err);
/* Let two names of one folder change places, durably and at once for every reader; neither is ever
 * missing. *done: false where the file system cannot, or one of them is not there. */
LX_MUST_CHECK
enum lx_code lx_fs_exchange(const char *a, const char *b, bool *done, struct lx_err *err);
/* Remove a folder and what is in it; it is no error if there is none. A link is removed, and nothing of
 * what it points to: see folder.h. */
LX_MUST_CHECK enum lx_code lx_fs_remove_folder(const char *path, struct lx_err *err);

/* False only if there certainly is none: what cannot be looked at is left to fail when it is opened,
 * with its cause, and never passes for missing. */
bool lx_fs_exists(const char *path);
/* The same where guessing will not do: not being able to look is an error. */
LX_MUST_CHECK enum lx_code lx_fs_look(const char *path, bool *there, struct lx_err *err);
enum lx_fs_kind {
    LX_FS_NONE,
    LX_FS_FILE, /* anything that is none of the others */
    LX_FS_FOLDER,
    LX_FS_LINK
};
/* What is at `path`, or at the end of a link there. Nothing is LX_FS_NONE; not being able to look is an error,
 * as what cannot be seen must not pass for missing. */
LX_MUST_CHECK
enum lx_code lx_fs_look_at(const char *path, enum lx_fs_kind *kind, struct lx_err *err);
/* The same of the name itself, which may be a link. */
LX_MUST_CHECK
enum lx_code lx_fs_look_at_itself(const char *path, enum lx_fs_kind *kind, struct lx_err *err);
/* Remove a file or an empty folder; it is no error if there is none. */
LX_MUST_CHECK enum lx_code lx_fs_remove(const char *path, struct lx_err *err);
/* Make durable what was renamed or removed in the folder that `path` is in. */
LX_MUST_CHECK enum lx_code lx_fs_sync_parent(const char *path, struct lx_err *err);

/* Names in a folder (no "." and ".."), sorted, each handed to visit; stops at the first error. */
LX_MUST_CHECK
enum lx_code lx_fs_list(const char *path, enum lx_code (*visit)(void *ctx, const char *name),
                        void *ctx, struct lx_err *err);

#endif
