/* Who computes a product; see product.h. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"
#include "system/processor.h"

static bool known;
static enum lx_products chosen;
static const char *asked;

/* Ours, unless they are the compilation in plain C, which is there for tests. */
static enum lx_products by_processor(void)
{
    bool plain = strcmp(lx_simd()->name, "plain") == 0;

    return lx_processor().own_products && !plain ? LX_PRODUCTS_OWN : LX_PRODUCTS_OPENBLAS;
}

void lx_products_choose(enum lx_products which)
{
    chosen = which;
    known = true;
}

enum lx_code lx_products_ask(const char *text, struct lx_err *err)
{
    static const char *const words[] = {
        [LX_PRODUCTS_OPENBLAS] = "openblas", [LX_PRODUCTS_OWN] = "own"};

    for (int i = 0; i < 2; i++)
        if (strcmp(text, words[i]) == 0) {
            lx_products_choose((enum lx_products)i);
            asked = words[i];
            return LX_OK;
        }
    return lx_fail(err, LX_EUSAGE, "must be own or openblas, got \"%.80s\"", text);
}

enum lx_products lx_products(void)
{
    const char *want = known ? NULL : getenv("LX_PRODUCTS");
    struct lx_err err;

    if (known)
        return chosen;
    lx_products_choose(by_processor());
    if (want != NULL && lx_products_ask(want, &err))
        lx_log("LX_PRODUCTS: must be own or openblas, got \"%.80s\"; using %s", want,
               lx_products_core());
    return chosen;
}

const char *lx_products_asked(void)
{
    return asked;
}

const char *lx_products_core(void)
{
    return lx_products() == LX_PRODUCTS_OWN ? "own" : lx_gemm_core();
}

enum lx_code lx_precision_check(const char *key, int p, struct lx_err *err)
{
    if (p != LX_BF16 || lx_bf16_kernel() != NULL)
        return LX_OK;
    return lx_fail(
        err, LX_EFAILED,
        "%s: must be float32 on this processor, which has neither AMX nor AVX512-BF16, got "
        "bf16",
        key);
}

/* The same by OpenBLAS and passes over the result. */
static void by_library(const struct lx_product *p)
{
    const struct lx_simd *simd = lx_simd();
    size_t n = (size_t)p->N, rows = (size_t)p->M;
    bool add = p->plus != NULL || p->bias != NULL;

    for (size_t r = 0; r < rows && add; r++) {
        const real *begin = p->plus != NULL ? p->plus + r * (size_t)p->ldc : p->bias;
        real *row = p->C + r * (size_t)p->ldc;

        if (begin != row)
            memcpy(row, begin, n * sizeof(*row));
        if (begin != p->bias && p->bias != NULL)
            simd->add(n, p->bias, row);
    }
    lx_gemm(p->ta, p->tb, p->M, p->N, p->K, 1, p->A, p->lda, p->B, p->ldb, add ? 1 : 0, p->C,
            p->ldc);
    if (p->ldc == p->N) { /* without gaps: all rows are one */
        n *= rows;
        rows = 1;
    }
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * (size_t)p->ldc;

        if (p->gate != NULL)
            simd->gelu_back(n, p->gate + at, p->C + at, p->C + at);
        if (p->act != NULL)
            simd->gelu(n, p->C + at, p->act + at);
    }
}

void lx_product(const struct lx_product *p)
{
    /* A product cannot fail, so what it packs has its place from the start. */
    static _Thread_local real scratch[LX_PRODUCT_SCRATCH] __attribute__((aligned(64)));

    if (p->precision == LX_BF16)
        lx_product_bf16(p, scratch);
    else if (lx_products() == LX_PRODUCTS_OWN)
        lx_simd()->product(p, scratch);
    else
        by_library(p);
}
