/* What /proc knows of other processes; see procfs.h. */
#include "system/procfs.h"

#include <stdio.h>
#include <string.h>

#include "system/fs.h"

char lx_process_state(long pid)
{
    struct lx_buf stat = {0};
    struct lx_err err;
    const char *name_end;
    char path[64], state = 0;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (pid > 0 && lx_fs_read(path, &stat, &err) == LX_OK) {
        name_end = strrchr(stat.text, ')'); /* "PID (NAME) STATE ..." */
        state = name_end != NULL && name_end[1] != '\0' ? name_end[2] : '?';
    }
    lx_buf_free(&stat);
    return state;
}
