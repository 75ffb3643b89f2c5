/* Streaming attention; see attention.h. */
#include "model/attention.h"

#include <math.h>
#include <string.h>

#include "tensor/gemm.h"
#include "tensor/simd.h"

/* A block of query rows of one head, and the keys any of them sees. */
struct block {
    int b, h;
    int i0, rows;          /* queries i0 .. i0+rows-1         */
    int j0, cols;          /* keys j0 .. j0+cols-1            */
    int D;                 /* H * head_dim                    */
    const real *q, *k, *v; /* first query row, first key rows; row stride 3D */
};

size_t lx_attention_scratch(int T)
{
    return (size_t)2 * LX_ATTENTION_BLOCK * (size_t)T;
}

static struct block block_at(const struct lx_attention *a, int b, int h, int i0)
{
    struct block k;
    size_t stride = (size_t)3 * (size_t)(a->H * a->head_dim);
    const real *base = a->qkv + (size_t)b * (size_t)a->T * stride + (size_t)(h * a->head_dim);

    k.b = b;
    k.h = h;
    k.i0 = i0;
    k.rows = a->T - i0 < LX_ATTENTION_BLOCK ? a->T - i0 : LX_ATTENTION_BLOCK;
    k.j0 = i0 + 1 > a->window ? i0 + 1 - a->window : 0;
    k.cols = i0 + k.rows - k.j0;
    k.D = a->H * a->head_dim;
    k.q = base + (size_t)i0 * stride;
    k.k = base + (size_t)k.D + (size_t)k.j0 * stride;
    k.v = k.k + k.D;
    return k;
}

/* The keys that query i of the block sees: *skip columns in, returns how many. */
static size_t visible(const struct lx_attention *a, const struct block *k, int i, size_t *skip)
{
    int lo = i + 1 > a->window ? i + 1 - a->window : 0;

    *skip = (size_t)(lo - k->j0);
    return (size_t)(i + 1 - lo);
}

/* Biases of query i in the order of its keys, NULL: none. */
static size_t bias_offset(const struct lx_attention *a, int h, int i, size_t n)
{
    return (size_t)h * (size_t)a->T + (size_t)(a->T - 1 - i) + ((size_t)i + 1 - n);
}

static real content_factor(const struct lx_attention *a, int i)
{
    real f = (real)(1.0 / sqrt((double)a->head_dim));

    return a->scale != NULL ? a->scale[i] * f : f;
}

static size_t observe_row(const struct lx_attention *a, const struct block *k)
{
    return (size_t)k->b * a->observe_stride + (size_t)k->h * (size_t)a->T;
}

/* Keep what the caller wants to know about a row; z holds exp(s - max). */
static void observe(const struct lx_attention *a, const struct block *k, int i,
                    const struct lx_row_stats *st, const real *z, size_t skip, size_t n)
{
    size_t at = observe_row(a, k) + (size_t)i;

    if (a->entropy != NULL)
        a->entropy[at] = st->entropy;
    if (a->max_prob != NULL)
        a->max_prob[at] = 1 / st->sum;
    if (a->attention != NULL) {
        real *row = a->attention + at * (size_t)a->T;

        memset(row, 0, (size_t)a->T * sizeof(*row));
        for (size_t j = 0; j < n; j++)
            row[(size_t)k->j0 + skip + j] = z[j] / st->sum;
    }
}

static void forward_block(const struct lx_attention *a, const struct block *k)
{
    const struct lx_simd *simd = lx_simd();
    int stride = 3 * k->D;
    size_t cols = (size_t)k->cols;
    real *z = a->scratch;
    real *sums = a->scratch + LX_ATTENTION_BLOCK * (size_t)a->T;
    real *out = a->out + ((size_t)k->b * (size_t)a->T + (size_t)k->i0) * (size_t)k->D +
                (size_t)(k->h * a->head_dim);

    lx_gemm(false, true, k->rows, k->cols, a->head_dim, 1, k->q, stride, k->k, stride, 0, z,
            k->cols);
    for (int r = 0; r < k->rows; r++) {
        int i = k->i0 + r;
        size_t skip, n = visible(a, k, i, &skip);
        real *row = z + (size_t)r * cols;
        const real *bias = a->bias != NULL ? a->bias + bias_offset(a, k->h, i, n) : NULL;
        struct lx_row_stats st;

        simd->attention_row(n, content_factor(a, i), 1 / a->tau[k->h], bias, row + skip, &st);
        observe(a, k, i, &st, row + skip, skip, n);
        memset(row, 0, skip * sizeof(*row));
        memset(row + skip + n, 0, (cols - skip - n) * sizeof(*row));
        sums[r] = st.sum;
        if (a->lse != NULL)
            a->lse[((size_t)k->b * (size_t)a->H + (size_t)k->h) * (size_t)a->T + (size_t)i] =
                st.max + (real)log((double)st.sum);
    }
    lx_gemm(false, false, k->rows, a->head_dim, k->cols, 1, z, k->cols, k->v, stride, 0, out, k->D);
    for (int r = 0; r < k->rows; r++)
        simd->scale((size_t)a->head_dim, 1 / sums[r], out + (size_t)r * (size_t)k->D);
}

void lx_attention_forward(const struct lx_attention *a)
{
    for (int b = 0; b < a->B; b++) {
        for (int h = 0; h < a->H; h++) {
            for (int i0 = 0; i0 < a->T; i0 += LX_ATTENTION_BLOCK) {
                struct block k = block_at(a, b, h, i0);

                forward_block(a, &k);
            }
        }
    }
}

static void backward_block(const struct lx_attention *a, const struct block *k, const real *dout,
                           real *dqkv, real *dbias)
{
    const struct lx_simd *simd = lx_simd();
    int stride = 3 * k->D;
    size_t cols = (size_t)k->cols;
    size_t row0 = (size_t)k->b * (size_t)a->T + (size_t)k->i0;
    size_t at = row0 * (size_t)k->D + (size_t)(k->h * a->head_dim);
    const real *d_o = dout + at;
    const real *o = a->out + at;
    real *z = a->scratch;                                      /* becomes p      */
    real *dz = a->scratch + LX_ATTENTION_BLOCK * (size_t)a->T; /* dp, becomes dz */
    real *dq = dqkv + (k->q - a->qkv);
    real *dk = dqkv + (k->k - a->qkv);
    real *dv = dqkv + (k->v - a->qkv);

    lx_gemm(false, true, k->rows, k->cols, a->head_dim, 1, k->q, stride, k->k, stride, 0, z,
            k->cols);
    lx_gemm(false, true, k->rows, k->cols, a->head_dim, 1, d_o, k->D, k->v, stride, 0, dz, k->cols);
    for (int r = 0; r < k->rows; r++) {
        int i = k->i0 + r;
        size_t skip, n = visible(a, k, i, &skip);
        size_t offset = bias_offset(a, k->h, i, n);
        size_t row = (size_t)r * cols;
        real delta = simd->dot((size_t)a->head_dim, d_o + (size_t)r * (size_t)k->D,
                               o + (size_t)r * (size_t)k->D);
        real lse = a->lse[((size_t)k->b * (size_t)a->H + (size_t)k->h) * (size_t)a->T + (size_t)i];

        simd->attention_row_back(
            n, content_factor(a, i), 1 / a->tau[k->h], a->bias != NULL ? a->bias + offset : NULL,
            lse, delta, z + row + skip, dz + row + skip, dbias != NULL ? dbias + offset : NULL);
        memset(z + row, 0, skip * sizeof(*z));
        memset(dz + row, 0, skip * sizeof(*z));
        memset(z + row + skip + n, 0, (cols - skip - n) * sizeof(*z));
        memset(dz + row + skip + n, 0, (cols - skip - n) * sizeof(*z));
    }
    lx_gemm(false, false, k->rows, a->head_dim, k->cols, 1, dz, k->cols, k->k, stride, 0, dq,
            stride);
    lx_gemm(true, false, k->cols, a->head_dim, k->rows, 1, dz, k->cols, k->q, stride, 1, dk,
            stride);
    lx_gemm(true, false, k->cols, a->head_dim, k->rows, 1, z, k->cols, d_o, k->D, 1, dv, stride);
}

void lx_attention_backward(const struct lx_attention *a, const real *dout, real *dqkv, real *dbias)
{
    size_t n = (size_t)a->B * (size_t)a->T * (size_t)3 * (size_t)(a->H * a->head_dim);

    memset(dqkv, 0, n * sizeof(*dqkv));
    for (int b = 0; b < a->B; b++) {
        for (int h = 0; h < a->H; h++) {
            for (int i0 = 0; i0 < a->T; i0 += LX_ATTENTION_BLOCK) {
                struct block k = block_at(a, b, h, i0);

                backward_block(a, &k, dout, dqkv, dbias);
            }
        }
    }
}
