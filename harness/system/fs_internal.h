/* What the files of lx_fs_* share. */
#ifndef LX_SYSTEM_FS_INTERNAL_H
#define LX_SYSTEM_FS_INTERNAL_H

#include <stdbool.h>

#include "core/err.h"

/* errno is that of a path at which there is nothing. */
bool lx_fs_is_absent(void);

/* fsync; a file system that cannot do this to such a thing is no failure of the write. */
bool lx_fs_sync(int fd);

/* The same as lx_fs_exists of the name itself: a link is there even if what it points to is not. */
bool lx_fs_exists_itself(const char *path);

/* LX_ENOMEM if n bytes are more than lx_fs_limit; "PATH: WHAT n MB, ...". */
LX_MUST_CHECK
enum lx_code lx_fs_check_room(const char *path, const char *what, size_t n, struct lx_err *err);

/* Open the folder that a path is in, to be synced. */
LX_MUST_CHECK enum lx_code lx_fs_open_parent(const char *path, int *fd, struct lx_err *err);

#endif
