/* What /proc knows; see procfs.h. */
#include "process/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool lx_proc_read(const char *path, char *out, size_t size)
{
    size_t n = 0;
    ssize_t got;
    int fd;

    out[0] = '\0';
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return false;
    do {
        got = read(fd, out + n, size - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && n < size - 1) || (got < 0 && errno == EINTR));
    (void)close(fd);
    out[n] = '\0';
    return n > 0;
}

char lx_process_state(long pid)
{
    const char *name_end;
    char path[64], stat[512]; /* the name of a process has 16 bytes at most */

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (pid <= 0 || !lx_proc_read(path, stat, sizeof(stat)))
        return 0;
    name_end = strrchr(stat, ')'); /* "PID (NAME) STATE ..." */
    return name_end != NULL && name_end[1] != '\0' ? name_end[2] : '?';
}
