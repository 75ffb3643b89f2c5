/* What this process may use of the machine: memory and processors, of which a container, a batch job or a
 * service often has less than the machine has.
 *
 * Read from /proc/meminfo, the affinity mask and the limits of the process' control groups and all above
 * them, version 1 and 2 (the kernel's documents "Memory Resource Controller", "CFS Bandwidth Control" and
 * "Control Group v2"). `root` is put before every path: "" for the machine as it is. */
#ifndef LX_SYSTEM_LIMITS_H
#define LX_SYSTEM_LIMITS_H

#include <stddef.h>

/* Bytes that can be had without swapping or being killed, at least 1; 0: nobody says. Cached file pages
 * count as free. */
size_t lx_limits_memory(const char *root);

/* Processors, at least 1: those that the process may run on, or the time it is granted, rounded up. */
int lx_limits_cpus(const char *root);

#endif
