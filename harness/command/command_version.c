/* `version`: what was built, what it runs on, and which kernels it would use. */
#include "command/command.h"
#include "core/provenance.h"
#include "core/real.h"
#include "kernels/gemm.h"
#include "kernels/product.h"
#include "kernels/simd.h"
#include "system/cputype.h"

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct lx_buf out = {0};
    char cpu[256];
    enum lx_code code = lx_command_arity(&lx_command_version, n, 0, 0, err);

    (void)given;
    (void)argv;
    if (code != LX_OK || lx_gemm_setup(err) || lx_cputype_name(cpu, sizeof(cpu), err))
        return err->code;
    lx_buf_printf(&out, "longshot %s (%s, %s)\n", LX_VERSION, LX_VARIANT, LX_REAL_NAME);
    lx_buf_printf(&out, "commit    %s\n", lx_build_commit);
    lx_buf_printf(&out, "compiler  %s\n", lx_build_compiler);
    lx_buf_printf(&out, "blas      %s\n", lx_gemm_library());
    lx_buf_printf(&out, "kernels   %s (self-test passed)\n", lx_gemm_core());
    lx_buf_printf(&out, "products  %s\n", lx_products_core());
    lx_buf_printf(&out, "bf16      %s\n", lx_bf16_kernel() != NULL ? lx_bf16_kernel() : "(none)");
    lx_buf_printf(&out, "simd      %s\n", lx_simd()->name);
    lx_buf_printf(&out, "cpu       %s: %s\n", cpu, lx_cputype_features());
    code = lx_command_print(&out, err);
    lx_buf_free(&out);
    return code;
}

const struct lx_command lx_command_version = {
    .name = "version",
    .usage = "",
    .help = "print version, build, BLAS kernels and CPU features",
    .computes = true,
    .run = run,
};
