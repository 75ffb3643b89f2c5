/* Who made a temp file: where a process id means one process. */
#ifndef LX_PROCESS_OWNER_H
#define LX_PROCESS_OWNER_H

#include <stdbool.h>

#define LX_HOST_SIZE 65
/* The name of this machine: letters, digits, "." and "_". */
void lx_host(char out[LX_HOST_SIZE]);

#define LX_OWNER_SIZE 80

/* "HOST.1a2b3c4d": this machine since it was started, and this PID namespace of it. Two containers may
 * have one host name, and a machine gives its process ids anew when it starts: the digits differ then. */
void lx_owner(char out[LX_OWNER_SIZE]);

/* What "NAME.tmp-OWNER-PID-I" says of who made it. */
enum lx_owner_state {
    LX_OWNER_NONE,   /* it is no name of a temp file */
    LX_OWNER_ALIVE,  /* a process of this owner that is there */
    LX_OWNER_GONE,   /* one that is not, or was killed: it will write no more */
    LX_OWNER_UNKNOWN /* a process of another machine or namespace */
};
enum lx_owner_state lx_owner_of(const char *name);

#endif
