/* What /proc knows of other processes. */
#ifndef LX_SYSTEM_PROCFS_H
#define LX_SYSTEM_PROCFS_H

/* The state letter of any process, as /proc/PID/stat has it: R, S, T (stopped), Z (ended, not yet waited
 * for); 0: there is none. */
char lx_process_state(long pid);

#endif
