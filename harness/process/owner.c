/* Owners of temp files; see owner.h. */
#include "process/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hash.h"
#include "process/procfs.h"

/* The name of this machine, in characters that suit a file name. */
void lx_host(char out[LX_HOST_SIZE])
{
    memset(out, 0, LX_HOST_SIZE);
    if (gethostname(out, LX_HOST_SIZE - 1) != 0 || out[0] == '\0')
        memcpy(out, "host", 5);
    for (char *p = out; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '.'))
            *p = '_';
}

void lx_owner(char out[LX_OWNER_SIZE])
{
    static char known[LX_OWNER_SIZE]; /* the same for as long as the process runs */
    struct lx_hash h;
    char host[LX_HOST_SIZE], boot[64], space[64], hex[65];
    ssize_t n;

    if (known[0] == '\0') {
        lx_host(host);
        lx_hash_init(&h);
        if (lx_proc_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)))
            lx_hash_add(&h, boot, strlen(boot));
        n = readlink("/proc/self/ns/pid", space, sizeof(space));
        if (n > 0)
            lx_hash_add(&h, space, (size_t)n);
        lx_hash_hex(&h, hex);
        (void)snprintf(known, sizeof(known), "%s.%.8s", host, hex);
    }
    memcpy(out, known, sizeof(known));
}

enum lx_owner_state lx_owner_of(const char *name)
{
    const char *at = NULL, *number;
    char here[LX_OWNER_SIZE], *end, state;
    size_t n;
    long pid;

    /* the last: of a temp file that a temp file was to become, too */
    for (const char *next = strstr(name, ".tmp-"); next != NULL; next = strstr(next + 1, ".tmp-"))
        at = next;
    number = at != NULL ? strchr(at + 5, '-') : NULL;
    if (number == NULL)
        return LX_OWNER_NONE;
    pid = strtol(number + 1, &end, 10);
    if (end == number + 1 || *end != '-' || end[1] == '\0' ||
        strspn(end + 1, "0123456789") != strlen(end + 1))
        return LX_OWNER_NONE;
    lx_owner(here);
    n = (size_t)(number - (at + 5));
    if (strlen(here) != n || strncmp(here, at + 5, n) != 0)
        return LX_OWNER_UNKNOWN;
    state = lx_process_state(pid);
    return state != 0 && state != 'Z' ? LX_OWNER_ALIVE : LX_OWNER_GONE;
}
