/* The backward pass of attention by rows; see attention_rows.c. Each row is computed anew, the last one
 * first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention_rows_internal.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"

/* Gradients of all products back to those of q and k. */
static void turn_back(struct rows *s, double *sums)
{
    for (int v = 0; s->turned && v < s->n_products; v++) {
        real *both[2] = {s->products[v].dq, s->products[v].dk};

        for (int key = 0; key < 2; key++) {
            struct lx_enc_call c = lx_rows_moved(s, v, key == 1);
            real *to = s->dqkv + (key == 1 ? s->D : 0);

            if (s->features != NULL) {
                s->features->ops->features_back(
                    s->features->self, &c, key == 1, s->qkv + (key == 1 ? s->D : 0), 3 * s->D,
                    both[key], to, lx_stack_sums_of(s->a->stack, s->features, s->H, s->T, sums));
                continue;
            }
            lx_stack_rotate_back((struct lx_stack *)(uintptr_t)s->a->stack, &c,
                                 key == 0 ? both[0] : NULL, key == 1 ? both[1] : NULL, s->stride);
            for (int t = 0; t < s->T; t++)
                lx_simd()->add(s->D, both[key] + (size_t)t * s->stride, to + (size_t)t * 3 * s->D);
        }
    }
}

/* dlogit: from weights back to logits, those of the sinks included. */
static void row_weights_back(struct rows *s, const struct lx_enc_row *row, const double *sink,
                             const struct lx_attention_grads *g)
{
    if (s->normaliser != NULL) {
        struct lx_enc_row scaled = *row;

        scaled.logit = s->scaled;
        s->normaliser->ops->normalise_back(s->normaliser->self, &s->call, &scaled);
    }
    for (int h = 0; h < s->H; h++) {
        size_t at = (size_t)h * (size_t)s->T;
        const real *p = row->p + at, *dp = row->dp + at;
        real *dlogit = s->dlogit + at, cold = 1 / s->a->tau[h];
        double mean = 0;

        for (int j = 0; s->normaliser == NULL && j < row->n; j++)
            mean += (double)p[j] * (double)dp[j];
        for (int j = 0; s->normaliser == NULL && j < row->n; j++)
            dlogit[j] = p[j] * (dp[j] - (real)mean);
        for (int j = 0; j < row->n; j++)
            dlogit[j] = s->seen[j] ? dlogit[j] * cold : 0;
        if (g->sink != NULL)
            g->sink[lx_rows_head_at(s, h)] -= sink[h] * mean;
    }
}

/* Through post and whole: dlogit to dcontent and dbias. */
static void row_logits_back(struct rows *s, struct lx_enc_row *row,
                            const struct lx_attention_grads *g)
{
    const struct lx_attention *a = s->a;

    memset(s->dcontent, 0, s->HT * sizeof(real));
    memset(s->dbias, 0, s->HT * sizeof(real));
    if (s->post != NULL) {
        struct lx_enc_row given = *row;

        given.logit = s->given;
        given.sums = lx_stack_sums_of(a->stack, s->post, s->H, s->T, row->sums);
        s->post->ops->post_back(s->post->self, &s->call, &given);
    }
    for (int h = 0; h < s->H; h++) {
        size_t at = (size_t)h * (size_t)s->T, i = (size_t)row->i, end = at + (size_t)row->n;
        real whole = a->whole != NULL ? a->whole[at + i] : 1;
        double sum = 0;

        for (size_t j = at; g->whole != NULL && j < end; j++)
            sum += (double)s->dlogit[j] * (double)(s->content[j] + s->bias[j]);
        if (g->whole != NULL)
            g->whole[lx_rows_head_at(s, h) * (size_t)s->T + i] = (real)sum;
        for (size_t j = at; j < end; j++) {
            s->dcontent[j] += whole * s->dlogit[j];
            s->dbias[j] += whole * s->dlogit[j];
        }
    }
}

/* The gradients of this sequence, (sides, H, reach), of an array of grads. */
static real *tables_of(const struct rows *s, real *of_all)
{
    const struct lx_attention *a = s->a;

    return of_all != NULL
               ? of_all + (size_t)(s->b * lx_attention_sides(a)) * (size_t)a->H * (size_t)a->reach
               : NULL;
}

/* What the biases of head h get. */
static void row_biases_back(struct rows *s, const struct lx_enc_row *row, int h,
                            const struct lx_attention_grads *g)
{
    const struct lx_attention *a = s->a;
    size_t bh = lx_rows_head_at(s, h);
    const real *d = s->dbias + (size_t)h * (size_t)s->T;
    real *tables = tables_of(s, g->dist);
    bool placed = s->call.pos != NULL;
    int i = row->i;

    for (int j = 0; tables != NULL && !placed && j < row->n; j++)
        tables[lx_attention_side(a, j > i, h) + (size_t)abs(i - j)] += d[j];
    if (g->key != NULL) {
        double *key = g->key + bh * (size_t)s->T, sum = 0;

        for (int j = 0; j < row->n; j++) {
            key[j] += (double)d[j];
            sum += (double)d[j];
        }
        key[i] -= sum;
    }
    if ((tables != NULL && placed) || (a->pair && row->sums != NULL))
        lx_attention_pair_back(a, &s->call, h, i, 0, row->n, d, placed ? tables : NULL,
                               a->pair ? row->sums : NULL);
}

/* From dcontent to dz, and to the factors on content. */
static void row_content_back(struct rows *s, const struct lx_enc_row *row, int h,
                             const struct lx_attention_grads *g)
{
    const struct lx_attention *a = s->a;
    size_t at = (size_t)h * (size_t)s->T, bh = lx_rows_head_at(s, h);
    const real *z = row->z + at, *dc = s->dcontent + at;
    real *dz = s->dz + at, f = lx_rows_scale_of(s, h, row->i), *mul = tables_of(s, g->mul);
    double dscale = 0;

    for (int j = 0; j < row->n; j++) {
        real m = a->mul != NULL ? lx_rows_mul_of(s, h, row->i, j) : 1;

        dscale += (double)(dc[j] * z[j] * m);
        if (mul != NULL && s->call.pos == NULL)
            mul[lx_attention_side(a, j > row->i, h) + (size_t)abs(row->i - j)] += dc[j] * z[j] * f;
        if (mul != NULL && s->call.pos != NULL) {
            double d = fabs(s->call.pos[row->i] - s->call.pos[j]), part = d - floor(d);
            real *to = mul + lx_attention_side(a, j > row->i, h) + (size_t)d;

            to[0] += (real)(1 - part) * dc[j] * z[j] * f;
            if (part > 0)
                to[1] += (real)part * dc[j] * z[j] * f;
        }
        dz[j] += dc[j] * f * m;
    }
    if (g->scale != NULL)
        g->scale[bh * (size_t)s->T + (size_t)row->i] = (real)dscale;
}

/* dz in place of the products in row r of n keys, 0 where they were not chosen and right of those. */
static void spread(struct rows *s, int r, int n, int to)
{
    for (int v = s->n_products - 1; v >= 0; v--)
        for (int h = 0; h < s->H; h++) {
            real *z = lx_rows_z_of(s, v, h) + (size_t)r * s->HT;
            const real *dz = s->dz + (size_t)h * (size_t)s->T;

            for (int j = 0; j < n; j++)
                z[j] = s->which[j] == v ? dz[j] : 0;
            if (to > n)
                memset(z + n, 0, (size_t)(to - n) * sizeof(*z));
        }
}

static void row_back(struct rows *s, int r, int i, int to, const real *dout,
                     const struct lx_attention_grads *g)
{
    struct lx_enc_row row = lx_rows_at(s, r, i);
    double sink[LX_HEADS_MAX] = {0};

    row.sums = g->sums != NULL ? g->sums + (size_t)s->b * s->a->n_sums : NULL;
    row.dout = dout + (size_t)i * s->D;
    lx_rows_logits(s, &row, r);
    lx_rows_weights(s, &row, sink);
    if (s->a->values)
        lx_stack_value_back(s->a->stack, &s->call, s->H, &row);
    row_weights_back(s, &row, sink, g);
    row_logits_back(s, &row, g);
    memset(s->dz, 0, s->HT * sizeof(*s->dz));
    lx_stack_bias_back(s->a->stack, &s->call, s->H, &row);
    for (int h = 0; h < s->H; h++) {
        row_biases_back(s, &row, h, g);
        row_content_back(s, &row, h, g);
    }
    if (s->product != NULL)
        s->product->ops->product_back(s->product->self, &s->call, &row);
    spread(s, r, row.n, to);
}

/* Gradients of the queries i0 .. i0+n-1 and what they send to keys and values. */
static void block_back(struct rows *s, int i0, int n, const real *dout,
                       const struct lx_attention_grads *g)
{
    int D3 = (int)(3 * s->D), HT = (int)s->HT, from = lx_rows_lowest(s, i0),
        to = lx_rows_end(s, i0 + n - 1);
    size_t at = (size_t)from * 3 * s->D + 2 * s->D;
    struct span used[LX_PRODUCTS_MAX];

    lx_rows_multiply(s, i0, n, used);
    for (int h = 0; h < s->H; h++)
        lx_gemm(false, true, n, to - from, s->d, 1, dout + (size_t)i0 * s->D + (size_t)(h * s->d),
                (int)s->D, s->qkv + at + (size_t)(h * s->d), D3, 0, s->dp + h * s->T + from, HT);
    for (int r = n - 1; r >= 0; r--)
        row_back(s, r, i0 + r, to, dout, g);
    for (int h = 0; h < s->H; h++) {
        lx_gemm(true, false, to - from, s->d, n, 1, s->p + h * s->T + from, HT,
                dout + (size_t)i0 * s->D + (size_t)(h * s->d), (int)s->D, 1,
                s->dqkv + at + (size_t)(h * s->d), D3);
        for (int v = 0; v < s->n_products && s->product == NULL; v++) {
            const struct product *p = &s->products[v];
            size_t q = (size_t)i0 * s->stride + (size_t)(h * s->w);
            size_t k = (size_t)used[v].from * s->stride + (size_t)(h * s->w);
            const real *dz = lx_rows_z_of(s, v, h) + used[v].from;
            int m = used[v].to - used[v].from, ld = (int)s->stride;

            if (m <= 0)
                continue;
            lx_gemm(false, false, n, s->w, m, lx_rows_shrink(s), dz, HT, p->k + k, ld, 1, p->dq + q,
                    ld);
            lx_gemm(true, false, m, s->w, n, lx_rows_shrink(s), dz, HT, p->q + q, ld, 1, p->dk + k,
                    ld);
        }
    }
}

void lx_attention_rows_backward(const struct lx_attention *a, int b, real *scratch,
                                const real *dout, real *dqkv, const struct lx_attention_grads *g)
{
    struct rows s;

    lx_rows_open(&s, a, b, scratch, dqkv);
    for (int i0 = (s.T - 1) / ROWS * ROWS; i0 >= 0; i0 -= ROWS)
        block_back(&s, i0, s.T - i0 < ROWS ? s.T - i0 : ROWS, dout + (size_t)b * (size_t)s.T * s.D,
                   g);
    turn_back(&s, g->sums != NULL ? g->sums + (size_t)b * a->n_sums : NULL);
}
