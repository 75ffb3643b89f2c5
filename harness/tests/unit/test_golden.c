/* Golden cases: the probe of a checkpoint that an independent float64 implementation made must give
 * that implementation's logits, losses, entropies and gradients.
 *
 * Measure: norm of the difference over the norm of the reference, per tensor. Float builds must stay
 * below 2e-4, double builds below 1e-6 (the files are F32).
 */
#include <sys/stat.h>

#include "check.h"
#include "core/arena.h"
#include "kernels/gemm.h"
#include "kernels/product.h"
#include "model/safetensors.h"
#include "probe/probe.h"
#include "system/fs.h"

#define ROOT "harness/tests/golden"

static const double exact = sizeof(real) == sizeof(double) ? 1e-6 : 2e-4;
static double tolerance = sizeof(real) == sizeof(double) ? 1e-6 : 2e-4;
static enum lx_precision precision;

static int cases_seen, tensors_seen;
static double worst;

static void compare_tensor(const char *label, const struct lx_st_tensor *got,
                           const struct lx_st_tensor *want)
{
    double diff = 0, norm = 0;

    if (got == NULL)
        fail_msg("%s: missing from the probe", label);
    assert_int_equal(got->n_dims, want->n_dims);
    for (int d = 0; d < want->n_dims; d++)
        assert_int_equal(got->dim[d], want->dim[d]);
    for (size_t i = 0; i < want->n; i++) {
        double g = lx_st_value(got, i), w = lx_st_value(want, i);

        diff += (g - w) * (g - w);
        norm += w * w;
    }
    /* A gradient that is zero by symmetry (that of key biases, say) is rounding noise in the
     * reference: there the absolute size counts. */
    if (norm < 1e-12) {
        CHECK_NEAR(sqrt(diff), 0, 1e-6);
        return;
    }
    tensors_seen++;
    if (sqrt(diff / norm) > worst)
        worst = sqrt(diff / norm);
    if (!(sqrt(diff / norm) <= tolerance))
        fail_msg("%s: relative difference %.3g, must be at most %.3g", label, sqrt(diff / norm),
                 tolerance);
}

static void check_length(const char *name, int T)
{
    char ckpt[256], expected[256], out[] = "/tmp/lx-golden-XXXXXX";
    struct lx_arena arena = {0};
    struct lx_st_file want, got;
    struct lx_err err;
    struct lx_probe_options o = {.grad = T == 16};
    int fd;

    (void)snprintf(ckpt, sizeof(ckpt), ROOT "/%s/checkpoint.safetensors", name);
    (void)snprintf(expected, sizeof(expected), ROOT "/%s/expected_%d.safetensors", name, T);
    if (T == 64 && !lx_fs_exists(expected))
        return; /* not applicable at four times the training length */
    fd = mkstemp(out);
    assert_true(fd >= 0);
    o.checkpoint = ckpt;
    o.tokens = expected;
    o.out = out;
    o.precision = precision;
    CHECK_OK(lx_probe_run(&o, &err));
    CHECK_OK(lx_st_read(expected, &arena, &want, &err));
    CHECK_OK(lx_st_read(out, &arena, &got, &err));
    for (size_t i = 0; i < want.n_tensors; i++) {
        char label[256];

        if (strcmp(want.tensors[i].name, "tokens") == 0)
            continue;
        (void)snprintf(label, sizeof(label), "%s T=%d %s", name, T, want.tensors[i].name);
        compare_tensor(label, lx_st_find(&got, want.tensors[i].name), &want.tensors[i]);
    }
    lx_arena_free(&arena);
    (void)remove(out);
}

static enum lx_code check_case(void *ctx, const char *name)
{
    char dir[256];
    struct stat st;

    (void)ctx;
    (void)snprintf(dir, sizeof(dir), ROOT "/%s", name);
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return LX_OK;
    check_length(name, 16);
    check_length(name, 64);
    cases_seen++;
    return LX_OK;
}

static void check_cases(enum lx_products products)
{
    struct lx_err err;

    lx_products_choose(products);
    cases_seen = tensors_seen = 0;
    worst = 0;
    CHECK_OK(lx_gemm_setup(&err));
    CHECK_OK(lx_fs_list(ROOT, check_case, NULL, &err));
    assert_int_equal(cases_seen, 95);
    assert_true(tensors_seen > 20 * 30);
    print_message("# %d cases, %d tensors, worst relative difference %.3g (allowed %.3g)\n",
                  cases_seen, tensors_seen, worst, tolerance);
}

static void golden_cases_match_by_own_products(void **state)
{
    (void)state;
    check_cases(LX_PRODUCTS_OWN);
}

static void golden_cases_match_by_openblas(void **state)
{
    (void)state;
    check_cases(LX_PRODUCTS_OPENBLAS);
}

/* bfloat16 has 8 bits: two layers of it, and what a scheme makes of them, stay as near as this. */
static void golden_cases_are_near_in_bf16(void **state)
{
    (void)state;
    if (lx_bf16_kernel() == NULL) {
        print_message("# no bfloat16 here\n");
        return;
    }
    precision = LX_BF16;
    tolerance = 0.15;
    check_cases(LX_PRODUCTS_OWN);
    assert_true(worst > 10 * exact); /* it was bfloat16 */
    precision = LX_FLOAT32;
    tolerance = exact;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(golden_cases_match_by_own_products),
    cmocka_unit_test(golden_cases_match_by_openblas),
    cmocka_unit_test(golden_cases_are_near_in_bf16),
};

CHECK_MAIN(tests)
