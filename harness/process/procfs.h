/* What /proc knows. */
#ifndef LX_PROCESS_PROCFS_H
#define LX_PROCESS_PROCFS_H

#include <stdbool.h>
#include <stddef.h>

/* The beginning of a small file, up to size - 1 bytes, as text; false: it cannot be read, or is empty. */
bool lx_proc_read(const char *path, char *out, size_t size);

/* The state letter of any process, as /proc/PID/stat has it: R, S, T (stopped), Z (ended, not yet waited
 * for); 0: there is none. */
char lx_process_state(long pid);

#endif
