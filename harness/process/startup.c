/* What must be right before anything else runs; see lx_startup in child.h.
 *
 * OpenBLAS takes its memory and starts its threads when it is loaded, before main: without address space
 * it tries again for ever, without threads it ends the program in words of its own. So both are asked
 * for from .preinit_array, whose functions the loader calls before those of any library. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/child.h"

#define BLAS_BYTES ((size_t)144 << 20) /* a buffer of 128 MB, and the rest of a start */

void lx_startup(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            break; /* nothing is there to be put in its place */
    /* a file that may not grow is an error of write() that names it, not the end */
    (void)signal(SIGXFSZ, SIG_IGN);
}

/* Sanitizers are not set up yet at that time, and map more than any limit. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__APPLE__)
#define CHECKS_LIMITS
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef CHECKS_LIMITS
#endif
#endif

#ifdef CHECKS_LIMITS
static void refuse(const char *why)
{
    ssize_t ignored = write(STDERR_FILENO, why, strlen(why));

    (void)ignored;
    _exit(1);
}

static bool is_limited(int resource)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static void check_limits(int argc, char **argv, char **envp)
{
    void *room;
    pid_t pid;

    (void)argc;
    (void)argv;
    (void)envp;
    if (is_limited(RLIMIT_AS)) {
        room = mmap(NULL, BLAS_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
            refuse("longshot: address space: OpenBLAS needs 144 MB of it (ulimit -v)\n");
        (void)munmap(room, BLAS_BYTES);
    }
    if (is_limited(RLIMIT_NPROC)) {
        pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            refuse("longshot: processes: no more may be started, nor threads (ulimit -u)\n");
        (void)waitpid(pid, NULL, 0);
    }
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(int argc, char **argv,
                                                            char **envp) = check_limits;
#endif
