/* The yardsticks of a benchmark; see yardstick.h. */
#include "bench/yardstick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "core/arena.h"
#include "core/log.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"
#include "process/child.h"
#include "system/cputype.h"

enum { PRODUCTS = 2, TRIALS = 3, ROUNDS = 200000 };

double lx_yardstick_product(const real *A, const real *B, real *C, int side)
{
    double start = lx_clock(), n = side;

    lx_gemm(false, false, side, side, side, 1, A, side, B, side, 0, C, side);
    return 2e-9 * n * n * n / (lx_clock() - start);
}

double lx_yardstick_multiply_adds(void)
{
    double best = 0;

    for (int k = 0; k < lx_simd_count(); k++)
        for (int i = 0; i < TRIALS; i++) {
            double start = lx_clock(), done = lx_simd_at(k)->multiply_adds(ROUNDS, (real)0.999);
            double rate = 2e-9 * done / (lx_clock() - start);

            best = rate > best ? rate : best;
        }
    return best;
}

enum lx_code lx_yardstick_print(int side, struct lx_buf *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    size_t n = (size_t)side * (size_t)side;
    real *A, *B, *C;
    double best = 0;

    if (lx_gemm_setup(err))
        return err->code;
    if (lx_arena_get(&arena, n, sizeof(*A), &A, "product", err) ||
        lx_arena_get(&arena, n, sizeof(*B), &B, "product", err) ||
        lx_arena_get(&arena, n, sizeof(*C), &C, "product", err)) {
        lx_arena_free(&arena);
        return err->code;
    }
    for (size_t i = 0; i < n; i++) {
        A[i] = (real)((int)(i % 101) - 50) / (real)50;
        B[i] = (real)((int)(i % 103) - 51) / (real)51;
    }
    for (int i = 0; i < PRODUCTS; i++) {
        double rate = lx_yardstick_product(A, B, C, side);

        best = rate > best ? rate : best;
    }
    lx_arena_free(&arena);
    lx_buf_printf(out, "%s %.1f\n", lx_gemm_core(), best);
    return LX_OK;
}

bool lx_yardstick_read(const char *text, struct lx_yardstick *out)
{
    size_t n = strcspn(text, " ");
    char *end = NULL;

    if (n == 0 || n >= sizeof(out->core) || text[n] != ' ')
        return false;
    memcpy(out->core, text, n);
    out->core[n] = '\0';
    out->gflops = strtod(text + n + 1, &end);
    return end != text + n + 1 && out->gflops > 0;
}

/* The rate of one core type; false: not to be had. */
static bool measure(const char *core, const char *side, struct lx_yardstick *out)
{
    const char *const argv[] = {"longshot", "bench", "--case=" LX_BENCH_YARDSTICK, side, NULL};
    const struct lx_child_spec spec = {
        .argv = argv, .self = true, .our_errors = true, .most = 4096, .seconds = -1};
    struct lx_child child;
    struct lx_err err;
    bool ok;

    if (setenv("OPENBLAS_CORETYPE", core, 1) != 0)
        return false;
    ok = lx_child_run(&spec, &child, &err) == LX_OK && child.status == 0 &&
         lx_yardstick_read(child.out.text, out);
    lx_child_free(&child);
    return ok;
}

struct lx_yardstick lx_yardstick_others(int side)
{
    struct lx_yardstick best = {.core = ""}, one;
    const char *own = getenv("OPENBLAS_CORETYPE");
    char kept[64], order[32];

    if (own == NULL || strlen(own) >= sizeof(kept))
        return best; /* OpenBLAS's own choice: there is no list to choose from */
    (void)snprintf(kept, sizeof(kept), "%s", own);
    (void)snprintf(order, sizeof(order), "--side=%d", side);
    for (int i = 0; lx_cputype_core(i) != NULL; i++)
        if (strcmp(lx_cputype_core(i), kept) != 0 && measure(lx_cputype_core(i), order, &one) &&
            one.gflops > best.gflops)
            best = one;
    if (setenv("OPENBLAS_CORETYPE", kept, 1) != 0)
        best.core[0] = '\0';
    return best;
}
