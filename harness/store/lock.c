/* Locks on cells; see lock.h. */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum lx_code lx_lock_take(const char *path, int *fd, long *holder, struct lx_err *err)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    *holder = 0;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (*fd < 0)
        return lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    /* A file system without locks (some shared ones): there is nothing to hold, so go on. */
    if (fcntl(*fd, F_SETLK, &l) == 0 || (errno != EACCES && errno != EAGAIN))
        return LX_OK;
    *holder = lx_lock_holder(path);
    (void)close(*fd);
    *fd = -1;
    return LX_OK;
}

long lx_lock_holder(const char *path)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    long pid = 0;

    if (fd < 0)
        return 0;
    if (fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK)
        pid = l.l_pid > 0 ? (long)l.l_pid : -1;
    (void)close(fd);
    return pid;
}
