/* Our own matrix products; see product.h. Compiled once per instruction set, like simd.c.
 *
 * The result is made in tiles of MR rows and two vectors, which stay in registers while the sum runs
 * over k. Loops from outside in: columns by WIDTH, k by DEPTH (that block of B is packed: it stays in
 * the second cache), rows by HEIGHT (that block of A stays there, too), then panels of B of two
 * vectors, then tiles. Panels do not lie a power of two apart, because then they would compete for the
 * same lines of the cache. Software prefetch fetches C at the start of a tile, which needs it at the
 * end, and rows of A two tiles ahead. */
#include "kernels/product_internal.h"
#include "kernels/simd_tables.h"

/* For loops whose counts are known and whose arrays must become registers. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

/* A tile takes 16 registers of AVX-512's 32, or 12 of the 16 of AVX2. */
#if VEC_BYTES == 64
#ifndef XMR
#define XMR 8
#endif
enum { MR = XMR };
#else
enum { MR = 6 };
#endif
enum {
    NR = 2 * (int)(VEC_BYTES / sizeof(real)),
    DEPTH = LX_PRODUCT_DEPTH,
    WIDTH = 512,
    HEIGHT = 16 * MR,
    LINE = 64 / (int)sizeof(real), /* reals in a line of the cache */
    APART = 16,                    /* reals between panels         */
    PACKED_B = WIDTH / NR * (DEPTH * NR + APART),
    PACKED_A = HEIGHT / MR * (DEPTH * MR + APART)
};

_Static_assert(PACKED_B + PACKED_A <= LX_PRODUCT_SCRATCH, "product.h: scratch is too small");

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* --------------------------------------------------------------------------------------- tiles */

/* acc += A B over k0 .. k1-1. */
VEC_INLINE void sum(int rows, int k0, int k1, const real *A, size_t row, size_t step, const real *B,
                    vec acc[MR][2])
{
    for (int k = k0; k < k1; k++) {
        vec b0 = vec_load(B + (size_t)k * NR), b1 = vec_load(B + (size_t)k * NR + VEC);

        UNROLL
        for (int m = 0; m < rows; m++) {
            vec a = vec_splat(A[(size_t)m * row + (size_t)k * step]);

            acc[m][0] += a * b0;
            acc[m][1] += a * b1;
        }
    }
}

/* A tile of all columns goes to C from the registers. */
VEC_INLINE void store(int rows, vec acc[MR][2], const struct tile *t)
{
    if (t->bias != NULL) {
        vec b0 = vec_load(t->bias), b1 = vec_load(t->bias + VEC);

        UNROLL
        for (int m = 0; m < rows; m++) {
            acc[m][0] += b0;
            acc[m][1] += b1;
        }
    }
    UNROLL
    for (int m = 0; m < rows; m++) {
        size_t at = (size_t)m * t->ldc;

        if (t->plus != NULL) {
            acc[m][0] += vec_load(t->plus + at);
            acc[m][1] += vec_load(t->plus + at + VEC);
        }
        vec_store(t->C + at, acc[m][0]);
        vec_store(t->C + at + VEC, acc[m][1]);
    }
}

/* A tile that C ends in, by way of memory. */
VEC_INLINE void store_edge(int rows, vec acc[MR][2], const struct tile *t)
{
    real edge[MR * NR];

    UNROLL
    for (int m = 0; m < rows; m++) {
        vec_store(edge + m * NR, acc[m][0]);
        vec_store(edge + m * NR + VEC, acc[m][1]);
    }
    put_sums(rows, edge, NR, t);
}

/* Prefetches what the end of the tile needs of one of its matrices. */
VEC_INLINE void fetch(int rows, const struct tile *t, const real *x)
{
    for (int m = 0; m < rows; m++)
        for (int c = 0; c < NR; c += LINE)
            __builtin_prefetch(x + (size_t)m * t->ldc + (size_t)c, 1);
}

/* A tile of `rows` rows: A[m][k] at A[m * row + k * step], a panel of B, K terms. */
VEC_INLINE void tile(int rows, int K, const real *A, size_t row, size_t step, const real *B,
                     const struct tile *t)
{
    vec acc[MR][2];
    int k = 0;

    UNROLL
    for (int m = 0; m < rows; m++)
        acc[m][0] = acc[m][1] = vec_splat(0);
    fetch(rows, t, t->C);
    if (t->plus != NULL && t->plus != t->C)
        fetch(rows, t, t->plus);
    if (t->act != NULL && t->act != t->C)
        fetch(rows, t, t->act);
    if (t->gate != NULL)
        fetch(rows, t, t->gate);
    if (t->ahead != NULL)
        for (; k + LINE <= K; k += LINE) {
            UNROLL
            for (int m = 0; m < rows; m++)
                __builtin_prefetch(t->ahead + (size_t)m * row + k);
            sum(rows, k, k + LINE, A, row, step, B, acc);
        }
    sum(rows, k, K, A, row, step, B, acc);
    if (t->columns == NR)
        store(rows, acc, t);
    else
        store_edge(rows, acc, t);
    if (t->act != NULL || t->gate != NULL)
        activate(rows, t);
}

#define TILES(name, row, step)                                                                     \
    static void name##_all(int K, const real *A, size_t lda, const real *B, const struct tile *t)  \
    {                                                                                              \
        (void)lda;                                                                                 \
        tile(MR, K, A, row, step, B, t);                                                           \
    }                                                                                              \
    static void name##_4(int K, const real *A, size_t lda, const real *B, const struct tile *t)    \
    {                                                                                              \
        (void)lda;                                                                                 \
        tile(4, K, A, row, step, B, t);                                                            \
    }                                                                                              \
    static void name##_1(int K, const real *A, size_t lda, const real *B, const struct tile *t)    \
    {                                                                                              \
        (void)lda;                                                                                 \
        tile(1, K, A, row, step, B, t);                                                            \
    }

TILES(in_place, lda, 1) /* rows of A as they lie         */
TILES(grouped, 1, MR)   /* columns of A, packed by MR    */

typedef void tile_function(int K, const real *A, size_t lda, const real *B, const struct tile *t);

/* --------------------------------------------------------------------------------------- packing */

static size_t panel_size(int K)
{
    return (size_t)K * NR + APART;
}

static size_t group_size(int K)
{
    return (size_t)K * MR + APART;
}

/* (K, N) as it lies into panels of NR columns; columns beyond N are 0. */
static void pack_rows(int N, int K, const real *B, size_t ldb, real *to)
{
    for (int k = 0; k < K; k++)
        for (int n = 0; n < N; n += VEC) {
            const real *from = B + (size_t)k * ldb + (size_t)n;
            real *at = to + (size_t)(n / NR) * panel_size(K) + (size_t)k * NR + (size_t)(n % NR);

            if (k + 8 < K)
                __builtin_prefetch(from + 8 * ldb);
            vec_store(at, get(from, N - n));
            if (n + VEC >= N && n % NR == 0)
                vec_store(at + VEC, vec_splat(0));
        }
}

/* The same from (N, K), by squares. */
static void pack_transposed(int N, int K, const real *B, size_t ldb, real *to)
{
    for (int n = 0; n < (N + NR - 1) / NR * NR; n += VEC)
        for (int k = 0; k < K; k += VEC) {
            real *at = to + (size_t)(n / NR) * panel_size(K) + (size_t)k * NR + (size_t)(n % NR);
            int rows = N - n, depth = min_int(K - k, VEC);
            vec square[VEC_BYTES / sizeof(real)];

            for (int r = 0; r < VEC; r++)
                square[r] =
                    r >= rows ? vec_splat(0) : get(B + (size_t)(n + r) * ldb + (size_t)k, depth);
            vec_transpose(square);
            for (int i = 0; i < depth; i++)
                vec_store(at + (size_t)i * NR, square[i]);
        }
}

/* (K, M) into groups of MR columns; the last one may have less. */
static void pack_groups(int M, int K, const real *A, size_t lda, real *to)
{
    for (int k = 0; k < K; k++) {
        const real *from = A + (size_t)k * lda;
        real *at = to + (size_t)k * MR;
        int m = 0;

        for (; m + MR <= M; m += MR, at += group_size(K)) {
            if (k + 8 < K)
                __builtin_prefetch(from + 8 * lda + m);
            memcpy(at, from + m, MR * sizeof(*at));
        }
        memcpy(at, from + m, (size_t)(M - m) * sizeof(*at));
    }
}

/* ------------------------------------------------------------------------------------- the loops */

/* A block of B that is packed: columns n0 .. n0+N-1, terms k0 .. k0+K-1. */
struct block {
    const struct lx_product *p;
    int n0, N, k0, K;
    real *B, *A; /* packed */
};

/* Rows m .. m+rows-1 of one panel, in one tile or, at the end of the matrix, several. */
static void panel_rows(const struct block *b, int m, int rows, int panel)
{
    const struct lx_product *p = b->p;
    const real *B = b->B + (size_t)panel * panel_size(b->K);
    size_t lda = (size_t)p->lda;

    while (rows > 0) {
        int n = rows >= MR ? MR : rows >= 4 ? 4 : 1;
        struct tile t =
            tile_at(p, m, b->n0 + panel * NR, min_int(b->N - panel * NR, NR), b->k0, b->K);

        if (p->ta) {
            const real *A =
                b->A + (size_t)(m % HEIGHT / MR) * group_size(b->K) + (size_t)(m % HEIGHT % MR);

            (n == MR ? grouped_all : n == 4 ? grouped_4 : grouped_1)(b->K, A, lda, B, &t);
        } else {
            const real *A = p->A + (size_t)m * lda + (size_t)b->k0;

            if (panel == 0 && m + 3 * MR <= p->M)
                t.ahead = A + 2 * MR * lda;
            (n == MR ? in_place_all : n == 4 ? in_place_4 : in_place_1)(b->K, A, lda, B, &t);
        }
        m += n;
        rows -= n;
    }
}

static void block_rows(const struct block *b)
{
    const struct lx_product *p = b->p;

    for (int m0 = 0; m0 < p->M; m0 += HEIGHT) {
        int rows = min_int(p->M - m0, HEIGHT);

        if (p->ta)
            pack_groups(rows, b->K, p->A + (size_t)b->k0 * (size_t)p->lda + (size_t)m0,
                        (size_t)p->lda, b->A);
        for (int panel = 0; panel * NR < b->N; panel++)
            for (int m = 0; m < rows; m += MR)
                panel_rows(b, m0 + m, min_int(rows - m, MR), panel);
    }
}

void JOIN(lx_product_, LX_SIMD)(const struct lx_product *p, real *scratch)
{
    struct block b = {.p = p, .B = scratch, .A = scratch + PACKED_B};
    size_t ldb = (size_t)p->ldb;

    for (b.n0 = 0; b.n0 < p->N; b.n0 += WIDTH) {
        b.N = min_int(p->N - b.n0, WIDTH);
        b.k0 = 0;
        do {
            b.K = min_int(p->K - b.k0, DEPTH);
            if (p->tb)
                pack_transposed(b.N, b.K, p->B + (size_t)b.n0 * ldb + (size_t)b.k0, ldb, b.B);
            else
                pack_rows(b.N, b.K, p->B + (size_t)b.k0 * ldb + (size_t)b.n0, ldb, b.B);
            block_rows(&b);
            b.k0 += DEPTH;
        } while (b.k0 < p->K);
    }
}
