/* Products of numbers rounded to bfloat16; see product.h. Compiled with the instructions of the processors that
 * have them; on others lx_bf16_kernel says that there are none, and nothing here runs.
 *
 * Both operands are rounded while they are packed, two neighbours in k to a word of 32 bits, which is what
 * the instructions multiply: Intel's matrix unit (AMX) 16 rows by 16 columns by 32 terms at a time,
 * AVX512-BF16 one row by 16 columns by 2. Blocks as in product.c. A block of A lies in tiles of 32 rows by
 * 16 words, a block of B in panels of 32 columns; what is beyond the edges is 0. */
#define _DEFAULT_SOURCE /* syscall */
#include "kernels/product.h"

#if defined(__AVX512BF16__) && defined(__AMX_BF16__) && !defined(LX_REAL_DOUBLE)

#include <cpuid.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/log.h"
#include "kernels/product_internal.h"

enum {
    SIDE = 32,                     /* rows and columns of a tile of C               */
    STEP = 16,                     /* words of k in a tile of A, 32 terms           */
    DEPTH = LX_PRODUCT_DEPTH,      /* terms of a block                              */
    STEPS = DEPTH / (2 * STEP),    /* tiles of A in a block, along k                */
    WIDTH = 512,                   /* columns of a block                            */
    HEIGHT = 128,                  /* rows of a block                               */
    TILE = SIDE * STEP,            /* words                                         */
    PANEL = DEPTH / 2 * SIDE + 16, /* words; not a power of two apart               */
    PACKED_A = HEIGHT / SIDE * (STEPS * TILE + 16),
    PACKED_B = WIDTH / SIDE * PANEL
};

_Static_assert(PACKED_A + PACKED_B <= LX_PRODUCT_SCRATCH, "product.h: scratch is too small");
/* Two numbers of 16 bits; packed ones lie in memory that is declared as reals. */
typedef int32_t word __attribute__((may_alias));

_Static_assert(sizeof(real) == sizeof(word), "a word takes the place of a real");

/* sums (32, 32) = A B over `steps` tiles of A and of a panel of B. */
typedef void multiply_function(int steps, const word *A, const word *B, real *sums);

/* ---------------------------------------------------------------------------------- instructions */

static void multiply_avx512(int steps, const word *A, const word *B, real *sums)
{
    for (int m0 = 0; m0 < SIDE; m0 += 8) {
        __m512 acc[8][2];

        for (int m = 0; m < 8; m++)
            acc[m][0] = acc[m][1] = _mm512_setzero_ps();
        for (int k = 0; k < steps * STEP; k++) {
            const word *a = A + k / STEP * TILE + m0 * STEP + k % STEP;
            __m512bh b0 = (__m512bh)_mm512_loadu_si512(B + k * SIDE);
            __m512bh b1 = (__m512bh)_mm512_loadu_si512(B + k * SIDE + STEP);

#pragma GCC unroll 8
            for (int m = 0; m < 8; m++) {
                __m512bh x = (__m512bh)_mm512_set1_epi32(a[m * STEP]);

                acc[m][0] = _mm512_dpbf16_ps(acc[m][0], x, b0);
                acc[m][1] = _mm512_dpbf16_ps(acc[m][1], x, b1);
            }
        }
        for (int m = 0; m < 8; m++) {
            _mm512_storeu_ps(sums + (m0 + m) * SIDE, acc[m][0]);
            _mm512_storeu_ps(sums + (m0 + m) * SIDE + STEP, acc[m][1]);
        }
    }
}

/* The shape of the matrix unit's registers, as Intel lays it out (palette 1): all eight are 16 rows of 64
 * bytes. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static void amx_open(void)
{
    struct tile_config c = {.palette = 1};

    for (int i = 0; i < 8; i++) {
        c.row_bytes[i] = 64;
        c.rows[i] = 16;
    }
    _tile_loadconfig(&c);
}

static void multiply_amx(int steps, const word *A, const word *B, real *sums)
{
    enum { HALF = SIDE / 2, A_ROW = STEP * 4, B_ROW = SIDE * 4 }; /* rows; bytes */

    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int s = 0; s < steps; s++, A += TILE, B += STEP * SIDE) {
        _tile_loadd(4, A, A_ROW);
        _tile_loadd(6, B, B_ROW);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, B + HALF, B_ROW);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, A + HALF * STEP, A_ROW);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, B_ROW);
    _tile_stored(1, sums + HALF, B_ROW);
    _tile_stored(2, sums + HALF * SIDE, B_ROW);
    _tile_stored(3, sums + HALF * SIDE + HALF, B_ROW);
}

/* ----------------------------------------------------------------------------------------- choice */

enum { NONE, AVX512, AMX, KERNELS };
static const char *const names[KERNELS] = {NULL, "avx512_bf16", "amx_bf16"};

/* AMX has to be asked for once a process; an older system does not know the question. */
static bool has_amx(void)
{
    enum {
        ARCH_REQ_XCOMP_PERM = 0x1023,
        XFEATURE_XTILEDATA = 18,
        BF16 = 1 << 22,
        TILE_UNIT = 1 << 24
    };
    unsigned a, b, c, d;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & BF16) == 0 || (d & TILE_UNIT) == 0)
        return false;
#if defined(__linux__) && defined(SYS_arch_prctl)
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

static int best(void)
{
    bool avx512 = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");

    return !avx512 ? NONE : has_amx() ? AMX : AVX512;
}

static int chosen = -1; /* not yet */

bool lx_bf16_choose(const char *name)
{
    int k = best();

    if (k == AMX && strcmp(name, names[AVX512]) == 0)
        k = AVX512;
    if (k == NONE || strcmp(name, names[k]) != 0)
        return false;
    chosen = k;
    return true;
}

static int kernel(void)
{
    const char *want = chosen < 0 ? getenv("LX_BF16") : NULL;

    if (want != NULL && !lx_bf16_choose(want))
        lx_log("LX_BF16: this processor and program have no \"%s\"", want);
    if (chosen < 0)
        chosen = best();
    return chosen;
}

const char *lx_bf16_kernel(void)
{
    return names[kernel()];
}

/* ---------------------------------------------------------------------------------------- packing */

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* n numbers of a row, up to 32, to 16 words; the others are 0. */
VEC_INLINE vec words_of_row(const real *p, int n)
{
    vec low = n > 0 ? get(p, n) : vec_splat(0),
        high = n > VEC ? get(p + VEC, n - VEC) : vec_splat(0);

    return (vec)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/* n numbers of a row and of the next, up to 16 of each, to words; second NULL: that row is 0. */
VEC_INLINE vec words_of_rows(const real *first, const real *second, int n)
{
    vec a = n > 0 ? get(first, n) : vec_splat(0);
    vec b = n > 0 && second != NULL ? get(second, n) : vec_splat(0);
    __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)a));
    __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)b));

    return (vec)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

VEC_INLINE void put_words(word *to, vec x)
{
    _mm512_storeu_si512(to, (__m512i)x);
}

/* What is packed: `n` rows or columns and `K` terms, which lie next to each other (`along`) or `ld` apart. */
struct source {
    const real *x;
    size_t ld;
    bool along;
    int n, K;
};

/* The 16 words from term k on of 16 rows or columns from `from` on, one of them in each vector. */
VEC_INLINE void square_of(const struct source *s, int from, int k, vec square[16])
{
    for (int i = 0; i < 16; i++) {
        int term = k + 2 * i;
        const real *p = s->x + (size_t)term * s->ld + (size_t)from;

        if (s->along)
            square[i] = from + i < s->n
                            ? words_of_row(s->x + (size_t)(from + i) * s->ld + (size_t)k, s->K - k)
                            : vec_splat(0);
        else
            square[i] = term < s->K
                            ? words_of_rows(p, term + 1 < s->K ? p + s->ld : NULL, s->n - from)
                            : vec_splat(0);
    }
}

/* Rows into tiles of 32 by 16 words. */
static void pack_A(const struct source *s, word *to)
{
    for (int m = 0; m < s->n; m += 16)
        for (int k = 0; k < s->K; k += 2 * STEP) {
            word *at =
                to + m / SIDE * (STEPS * TILE + 16) + k / (2 * STEP) * TILE + m % SIDE * STEP;
            vec square[16];

            square_of(s, m, k, square);
            if (!s->along)
                vec_transpose(square);
            for (int i = 0; i < 16; i++)
                put_words(at + i * STEP, square[i]);
        }
}

/* Columns into panels of 32. */
static void pack_B(const struct source *s, word *to)
{
    for (int n = 0; n < (s->n + SIDE - 1) / SIDE * SIDE; n += 16)
        for (int k = 0; k < s->K; k += 2 * STEP) {
            word *at = to + n / SIDE * PANEL + k / 2 * SIDE + n % SIDE;
            vec square[16];

            square_of(s, n, k, square);
            if (s->along)
                vec_transpose(square);
            for (int i = 0; i < 16; i++)
                put_words(at + i * SIDE, square[i]);
        }
}

/* ------------------------------------------------------------------------------------- the loops */

/* Rows m0 .. m0+rows-1 of a block of N columns from n0 on, terms k0 .. k0+K-1. */
struct block {
    const struct lx_product *p;
    multiply_function *multiply;
    int m0, rows, n0, N, k0, K;
    word *A, *B; /* packed */
};

static void multiply_block(const struct block *b)
{
    int steps = (b->K + 2 * STEP - 1) / (2 * STEP);
    real sums[SIDE * SIDE] __attribute__((aligned(64)));

    for (int n = 0; n < b->N; n += SIDE)
        for (int m = 0; m < b->rows; m += SIDE) {
            struct tile t =
                tile_at(b->p, b->m0 + m, b->n0 + n, min_int(b->N - n, SIDE), b->k0, b->K);
            int rows = min_int(b->rows - m, SIDE);

            b->multiply(steps, b->A + m / SIDE * (STEPS * TILE + 16), b->B + n / SIDE * PANEL,
                        sums);
            put_sums(rows, sums, SIDE, &t);
            if (t.act != NULL || t.gate != NULL)
                activate(rows, &t);
        }
}

static void block_of_columns(struct block *b)
{
    const struct lx_product *p = b->p;
    size_t lda = (size_t)p->lda, ldb = (size_t)p->ldb, k0 = (size_t)b->k0, n0 = (size_t)b->n0;
    struct source B = {.x = p->B + (p->tb ? n0 * ldb + k0 : k0 * ldb + n0),
                       .ld = ldb,
                       .along = p->tb,
                       .n = b->N,
                       .K = b->K};

    pack_B(&B, b->B);
    for (b->m0 = 0; b->m0 < p->M; b->m0 += HEIGHT) {
        size_t m0 = (size_t)b->m0;
        struct source A = {.x = p->A + (p->ta ? k0 * lda + m0 : m0 * lda + k0),
                           .ld = lda,
                           .along = !p->ta,
                           .n = min_int(p->M - b->m0, HEIGHT),
                           .K = b->K};

        b->rows = A.n;
        pack_A(&A, b->A);
        multiply_block(b);
    }
}

void lx_product_bf16(const struct lx_product *p, real *scratch)
{
    bool amx = kernel() == AMX;
    struct block b = {.p = p,
                      .multiply = amx ? multiply_amx : multiply_avx512,
                      .A = (word *)scratch,
                      .B = (word *)scratch + PACKED_A};

    if (amx)
        amx_open();
    for (b.n0 = 0; b.n0 < p->N; b.n0 += WIDTH) {
        b.N = min_int(p->N - b.n0, WIDTH);
        b.k0 = 0;
        do {
            b.K = min_int(p->K - b.k0, DEPTH);
            block_of_columns(&b);
            b.k0 += DEPTH;
        } while (b.k0 < p->K);
    }
    if (amx)
        _tile_release();
}

#else

const char *lx_bf16_kernel(void)
{
    return NULL;
}

bool lx_bf16_choose(const char *name)
{
    (void)name;
    return false;
}

void lx_product_bf16(const struct lx_product *p, real *scratch)
{
    (void)p;
    (void)scratch;
}

#endif
