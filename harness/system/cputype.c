/* CPU features and the BLAS core type; see cputype.h. */
#include "system/cputype.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/processor.h"

#if defined(__x86_64__) || defined(__i386__)
#define ON_X86 1
#else
#define ON_X86 0
#endif

#if ON_X86
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* What there is for this instruction set, the widest first. */
static const char *const cores[] = {"SkylakeX", "Haswell"};
#endif

const char *lx_cputype_core(int i)
{
#if ON_X86
    int first = has_avx512() ? 0 : has_avx2() ? 1 : 2;

    return i >= 0 && first + i < 2 ? cores[first + i] : NULL;
#else
    (void)i;
    return NULL;
#endif
}

const char *lx_cputype_choice(void)
{
    const char *measured = lx_processor().core;

    for (int i = 0; measured != NULL && lx_cputype_core(i) != NULL; i++)
        if (strcmp(lx_cputype_core(i), measured) == 0)
            return measured;
    return lx_cputype_core(0);
}

const char *lx_cputype_features(void)
{
#if ON_X86
    if (has_avx512())
        return "avx2 fma avx512f avx512dq avx512bw avx512vl";
    if (has_avx2())
        return "avx2 fma";
    return "none of avx2, fma, avx512";
#elif defined(__aarch64__)
    return "asimd"; /* which every one has */
#else
    return "none that are known";
#endif
}

void lx_cputype_restart(char **argv)
{
    const char *choice = lx_cputype_choice(), *threads = getenv("OPENBLAS_NUM_THREADS");
    bool core = choice != NULL && getenv("OPENBLAS_CORETYPE") == NULL;
    bool many = threads == NULL || strcmp(threads, "1") != 0;

    if (getenv("LX_CORETYPE_SET") != NULL || !(core || many))
        return;
    /* the other threads are never asked, and take address space for ever where there is too little of it */
    if (setenv("LX_CORETYPE_SET", "1", 1) != 0 ||
        (core && setenv("OPENBLAS_CORETYPE", choice, 1) != 0) ||
        (many && setenv("OPENBLAS_NUM_THREADS", "1", 1) != 0))
        return;
    (void)execv("/proc/self/exe", argv);
    if (core)
        (void)unsetenv("OPENBLAS_CORETYPE");
}

/* What a line of /proc/cpuinfo says of `key`, into out; false: it is about something else. */
static bool line_says(const char *line, const char *key, char *out, size_t size)
{
    const char *colon = strchr(line, ':');

    if (strncmp(line, key, strlen(key)) != 0 || colon == NULL)
        return false;
    colon += 1 + strspn(colon + 1, " ");
    (void)snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
    return true;
}

enum lx_code lx_cputype_name(char *out, size_t size, struct lx_err *err)
{
    char line[512], maker[16] = "unknown", part[16];
    FILE *f = fopen("/proc/cpuinfo", "r");

    (void)snprintf(out, size, "unknown");
    if (f == NULL)
        return errno == ENOENT
                   ? LX_OK
                   : lx_fail(err, LX_EIO, "/proc/cpuinfo: cannot open: %s", strerror(errno));
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line_says(line, "model name", out, size))
            break;
        (void)line_says(line, "CPU implementer", maker, sizeof(maker));
        if (line_says(line, "CPU part", part, sizeof(part))) { /* arm64 has numbers, no name */
            (void)snprintf(out, size, "implementer %s part %s", maker, part);
            break;
        }
    }
    (void)fclose(f);
    return LX_OK;
}
