/* Which compilation of the inner loops runs: the best that the CPU has, or what LX_SIMD names. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "kernels/simd.h"
#include "kernels/simd_tables.h"

#define KINDS 3

/* Fill list with the tables this CPU can run, plain first; returns how many. */
static int runnable(const struct lx_simd *list[KINDS])
{
    int n = 0;

    list[n++] = &lx_simd_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        list[n++] = &lx_simd_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        list[n++] = &lx_simd_avx512;
#endif
    return n;
}

int lx_simd_count(void)
{
    const struct lx_simd *list[KINDS];

    return runnable(list);
}

const struct lx_simd *lx_simd_at(int i)
{
    const struct lx_simd *list[KINDS];
    int n = runnable(list);

    return i >= 0 && i < n ? list[i] : NULL;
}

static const struct lx_simd *chosen;

void lx_simd_choose(const struct lx_simd *table)
{
    chosen = table;
}

const struct lx_simd *lx_simd(void)
{
    if (chosen == NULL) {
        const char *want = getenv("LX_SIMD");
        int n = lx_simd_count();

        chosen = lx_simd_at(n - 1);
        for (int i = 0; want != NULL && i < n; i++)
            if (strcmp(lx_simd_at(i)->name, want) == 0)
                chosen = lx_simd_at(i);
        if (want != NULL && strcmp(chosen->name, want) != 0)
            lx_log("LX_SIMD: this processor and program have no \"%s\", using %s", want,
                   chosen->name);
    }
    return chosen;
}
