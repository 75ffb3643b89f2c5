/* Attention by whole rows: the slow path of attention.h, and its definition in plain loops.
 *
 * For hooks that need all logits of a query at once, or other products than one of q and k. It does
 * every other hook too, so that anything stacks on anything and both paths can be compared. One sequence
 * is one task; ROWS queries at a time, all heads: products of matrices, and everything between them row
 * by row. Queries and keys come as they are projected; what turns them is asked here, once for every
 * product. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention_rows_internal.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"

/* ------------------------------------------------------------------------------------- scratch */

/* Hands out consecutive pieces of a buffer; with no buffer it only counts. */
struct pieces {
    real *base;
    size_t used;
};

static real *take(struct pieces *p, size_t n)
{
    real *at = p->base != NULL ? p->base + p->used : NULL;

    p->used += n;
    return at;
}

static size_t lay_out(struct rows *s, const struct lx_attention *a, real *scratch, bool training)
{
    struct pieces p = {.base = scratch};
    size_t T = (size_t)a->T, bytes = T / sizeof(real) + 1;

    s->a = a;
    s->T = a->T;
    s->H = a->H;
    s->d = a->head_dim;
    s->w = a->width;
    s->D = (size_t)a->H * (size_t)a->head_dim;
    s->HT = (size_t)a->H * T;
    s->n_products = a->products;
    s->turned = a->turned;
    s->stride = a->turned ? (size_t)a->H * (size_t)a->width : 3 * s->D;
    for (int v = 0; a->turned && v < a->products; v++) {
        s->products[v].q = take(&p, T * s->stride);
        s->products[v].k = take(&p, T * s->stride);
        s->products[v].dq = training ? take(&p, T * s->stride) : NULL;
        s->products[v].dk = training ? take(&p, T * s->stride) : NULL;
    }
    s->z = take(&p, (size_t)a->products * ROWS * s->HT);
    s->p = take(&p, ROWS * s->HT);
    s->content = take(&p, s->HT);
    s->bias = take(&p, s->HT);
    s->logit = take(&p, s->HT);
    s->given = take(&p, s->HT);
    s->scaled = take(&p, s->HT);
    s->seen = (unsigned char *)take(&p, bytes);
    s->which = (unsigned char *)take(&p, bytes);
    if (!training)
        return p.used;
    s->dp = take(&p, ROWS * s->HT);
    s->dlogit = take(&p, s->HT);
    s->dcontent = take(&p, s->HT);
    s->dbias = take(&p, s->HT);
    s->dz = take(&p, s->HT);
    return p.used;
}

size_t lx_attention_rows_scratch(const struct lx_attention *a, bool training)
{
    struct rows s = {0};

    return lay_out(&s, a, NULL, training);
}

/* ------------------------------------------------------------------------------------ products */

/* The call of product v for queries, or keys. */
struct lx_enc_call lx_rows_moved(const struct rows *s, int v, bool key)
{
    struct lx_enc_call c = s->call;

    if (s->remap != NULL)
        c.pos = s->a->maps + (size_t)(2 * v + (key ? 1 : 0)) * (size_t)s->T;
    return c;
}

static void copy_rows(const struct rows *s, const real *from, real *to)
{
    for (int t = 0; t < s->T; t++)
        memcpy(to + (size_t)t * s->stride, from + (size_t)t * 3 * s->D, s->D * sizeof(*to));
}

/* q and k of every product from those of the sequence. */
static void turn(struct rows *s)
{
    for (int v = 0; s->turned && v < s->n_products; v++) {
        real *both[2] = {(real *)(uintptr_t)s->products[v].q, (real *)(uintptr_t)s->products[v].k};

        for (int key = 0; key < 2; key++) {
            struct lx_enc_call c = lx_rows_moved(s, v, key == 1);
            const real *from = s->qkv + (key == 1 ? s->D : 0);

            if (s->features != NULL) {
                s->features->ops->features(s->features->self, &c, key == 1, from, 3 * s->D,
                                           both[key]);
                continue;
            }
            copy_rows(s, from, both[key]);
            lx_stack_rotate(s->a->stack, &c, key == 0 ? both[0] : NULL, key == 1 ? both[1] : NULL,
                            s->stride);
        }
    }
    if (!s->turned) {
        s->products[0].q = s->qkv;
        s->products[0].k = s->qkv + s->D;
        s->products[0].dq = s->dqkv;
        s->products[0].dk = s->dqkv != NULL ? s->dqkv + s->D : NULL;
    }
}

/* Keys of the row of query i, seen or not. */
static int keys_in_row(const struct rows *s, int i)
{
    return s->call.both ? s->T : i + 1;
}

int lx_rows_lowest(const struct rows *s, int i)
{
    const struct lx_attention *a = s->a;

    if (a->always > 0)
        return 0;
    return a->first != NULL ? a->first[i] : (i + 1 > a->window ? i + 1 - a->window : 0);
}

int lx_rows_end(const struct rows *s, int i)
{
    if (!s->call.both)
        return i + 1;
    return s->T - i > s->a->window ? i + s->a->window : s->T;
}

/* Fills seen and which for query i. */
static void look(struct rows *s, int i)
{
    const struct lx_attention *a = s->a;
    int first = a->first != NULL ? a->first[i] : (i + 1 > a->window ? i + 1 - a->window : 0);
    int end_seen = lx_rows_end(s, i);

    for (int j = 0; j < keys_in_row(s, i); j++)
        s->seen[j] = (j >= first && j < end_seen) || j < a->always;
    memset(s->which, 0, (size_t)keys_in_row(s, i));
    for (int j = 0, end = 0; s->remap != NULL && j <= i; j = end) {
        int v = s->remap->ops->choose(s->remap->self, &s->call, i, j, &end);

        end = end <= j ? j + 1 : end > i + 1 ? i + 1 : end;
        memset(s->which + j, v, (size_t)(end - j));
    }
}

/* The keys that take product v for some of the queries i0 .. i0+n-1. */
static struct span keys_of(struct rows *s, int v, int i0, int n)
{
    struct span all = {lx_rows_lowest(s, i0), lx_rows_end(s, i0 + n - 1)}, out = {i0 + n, 0};

    if (s->remap == NULL)
        return all;
    for (int i = i0; i < i0 + n; i++) {
        look(s, i);
        for (int j = all.from; j <= i; j++)
            if (s->seen[j] && s->which[j] == v) {
                out.from = j < out.from ? j : out.from;
                out.to = j >= out.to ? j + 1 : out.to;
            }
    }
    return out;
}

real *lx_rows_z_of(const struct rows *s, int v, int h)
{
    return s->z + (size_t)v * ROWS * s->HT + (size_t)h * (size_t)s->T;
}

real lx_rows_shrink(const struct rows *s)
{
    return (real)(1.0 / sqrt((double)s->d));
}

/* Products of queries i0 .. i0+n-1 with the keys that take them; spans of keys into used. */
void lx_rows_multiply(struct rows *s, int i0, int n, struct span *used)
{
    for (int v = 0; v < s->n_products; v++) {
        used[v] = keys_of(s, v, i0, n);
        for (int h = 0; h < s->H && used[v].from < used[v].to; h++)
            lx_gemm(false, true, n, used[v].to - used[v].from, s->w, lx_rows_shrink(s),
                    s->products[v].q + (size_t)i0 * s->stride + (size_t)(h * s->w), (int)s->stride,
                    s->products[v].k + (size_t)used[v].from * s->stride + (size_t)(h * s->w),
                    (int)s->stride, 0, lx_rows_z_of(s, v, h) + used[v].from, (int)s->HT);
    }
}

/* -------------------------------------------------------------------------------- one row, forward */

struct lx_enc_row lx_rows_at(struct rows *s, int r, int i)
{
    size_t at = (size_t)i * 3 * s->D, D = s->D;
    const struct lx_attention *a = s->a;

    return (struct lx_enc_row){
        .i = i,
        .n = keys_in_row(s, i),
        .stride = (size_t)s->T,
        .key_stride = 3 * D,
        .q = s->qkv + at,
        .k = s->qkv + D,
        .seen = s->seen,
        .z = s->z + (size_t)r * s->HT,
        .content = s->content,
        .bias = s->bias,
        .logit = s->logit,
        .p = s->p + (size_t)r * s->HT,
        .out = a->out + ((size_t)s->b * (size_t)s->T + (size_t)i) * D,
        .spare = s->scaled,
        .state = a->state != NULL ? a->state + (size_t)s->b * a->n_state : NULL,
        .again = s->dqkv != NULL,
        .dq = s->dqkv != NULL ? s->dqkv + at : NULL,
        .dk = s->dqkv != NULL ? s->dqkv + D : NULL,
        .dz = s->dz,
        .dcontent = s->dcontent,
        .dbias = s->dbias,
        .dlogit = s->dlogit,
        .dp = s->dp != NULL ? s->dp + (size_t)r * s->HT : NULL,
    };
}

/* Head h of this sequence among all of the batch. */
size_t lx_rows_head_at(const struct rows *s, int h)
{
    return (size_t)s->b * (size_t)s->H + (size_t)h;
}

real lx_rows_scale_of(const struct rows *s, int h, int i)
{
    const struct lx_attention *a = s->a;

    return a->scale == NULL
               ? 1
               : a->scale[(size_t)s->b * a->scale_stride + (size_t)h * (size_t)s->T + (size_t)i];
}

/* The factor by distance of query i and key j. */
real lx_rows_mul_of(const struct rows *s, int h, int i, int j)
{
    const real *table = s->a->mul + lx_attention_side(s->a, j > i, h);
    double d, part;

    if (s->call.pos == NULL)
        return table[abs(i - j)];
    d = fabs(s->call.pos[i] - s->call.pos[j]);
    part = d - floor(d);
    return part > 0 ? (real)((1 - part) * (double)table[(int)d] + part * (double)table[(int)d + 1])
                    : table[(int)d];
}

/* The product that each key takes, in row r of product 0; 0 where it is not seen. */
static void gather(struct rows *s, int r, int i)
{
    int n = keys_in_row(s, i);

    for (int v = 1; v < s->n_products; v++)
        for (int h = 0; h < s->H; h++) {
            real *to = lx_rows_z_of(s, 0, h) + (size_t)r * s->HT,
                 *from = lx_rows_z_of(s, v, h) + (size_t)r * s->HT;

            for (int j = 0; j < n; j++)
                to[j] = s->which[j] == v ? from[j] : to[j];
        }
    for (int h = 0; h < s->H; h++) {
        real *to = lx_rows_z_of(s, 0, h) + (size_t)r * s->HT;

        for (int j = 0; j < n; j++)
            to[j] = s->seen[j] ? to[j] : 0;
    }
}

static void row_biases(struct rows *s, const struct lx_enc_row *row)
{
    const struct lx_attention *a = s->a;
    int i = row->i;

    memset(s->bias, 0, s->HT * sizeof(*s->bias));
    for (int h = 0; h < s->H; h++) {
        real *bias = s->bias + (size_t)h * (size_t)s->T;

        if (a->dist != NULL && s->call.pos == NULL) {
            const real *table = a->dist + lx_attention_side(a, false, h);
            const real *ahead = a->dist + lx_attention_side(a, true, h);

            for (int j = 0; j <= i; j++)
                bias[j] += table[i - j];
            for (int j = i + 1; j < row->n; j++)
                bias[j] += ahead[j - i];
        }
        if (a->key != NULL) {
            const double *key = a->key + lx_rows_head_at(s, h) * (size_t)s->T;

            for (int j = 0; j < row->n; j++)
                bias[j] += (real)(key[j] - key[i]);
        }
        if (a->pair || (a->dist != NULL && s->call.pos != NULL))
            lx_attention_pair(a, &s->call, h, i, 0, row->n, bias);
    }
    lx_stack_bias(a->stack, &s->call, row);
}

/* Logits of row r of the block, that of query i. */
void lx_rows_logits(struct rows *s, const struct lx_enc_row *row, int r)
{
    const struct lx_attention *a = s->a;
    int i = row->i, n = row->n;

    look(s, i);
    if (s->product != NULL)
        s->product->ops->product(s->product->self, &s->call, row, s->z + (size_t)r * s->HT);
    gather(s, r, i);
    row_biases(s, row);
    for (int h = 0; h < s->H; h++) {
        size_t at = (size_t)h * (size_t)s->T;
        const real *z = row->z + at;
        real f = lx_rows_scale_of(s, h, i), whole = a->whole != NULL ? a->whole[at + (size_t)i] : 1;

        for (int j = 0; j < n; j++)
            s->content[at + (size_t)j] = f * z[j];
        for (int j = 0; a->mul != NULL && j < n; j++)
            s->content[at + (size_t)j] *= lx_rows_mul_of(s, h, i, j);
        for (size_t j = at; j < at + (size_t)n; j++)
            s->logit[j] = whole * (s->content[j] + s->bias[j]);
    }
    if (s->post != NULL) {
        memcpy(s->given, s->logit, s->HT * sizeof(*s->given));
        s->post->ops->post(s->post->self, &s->call, row);
    }
    for (int h = 0; h < s->H; h++) {
        size_t at = (size_t)h * (size_t)s->T;
        real cold = 1 / a->tau[h];

        for (int j = 0; j < n; j++)
            s->scaled[at + (size_t)j] =
                s->seen[j] ? s->logit[at + (size_t)j] * cold : -(real)INFINITY;
    }
}

/* Softmax of n logits x into p; returns the weight of the sink. */
static double softmax(int n, const real *x, const real *sink, real *p)
{
    double max = -HUGE_VAL, sum, own;

    for (int j = 0; j < n; j++)
        max = fmax(max, (double)x[j]);
    sum = (double)lx_simd()->exp_row((size_t)n, (real)max, x, p);
    own = sink != NULL ? exp((double)*sink - max) : 0;
    lx_simd()->scale((size_t)n, (real)(1 / (sum + own)), p);
    return own / (sum + own);
}

/* Weights of row r; those of the sinks into sink (H). */
void lx_rows_weights(struct rows *s, const struct lx_enc_row *row, double *sink)
{
    int n = row->n;

    for (int h = 0; h < s->H; h++) {
        size_t at = (size_t)h * (size_t)s->T;

        memset(row->p + at + n, 0, (size_t)(s->T - n) * sizeof(real));
        if (s->normaliser == NULL)
            sink[h] =
                softmax(n, s->scaled + at, s->a->sink != NULL ? s->a->sink + h : NULL, row->p + at);
    }
    if (s->normaliser != NULL) {
        struct lx_enc_row scaled = *row;

        scaled.logit = s->scaled;
        s->normaliser->ops->normalise(s->normaliser->self, &s->call, &scaled);
    }
}

/* What the caller wants to know of a row. */
static void observe_row(const struct rows *s, const struct lx_enc_row *row)
{
    const struct lx_attention *a = s->a;
    size_t T = (size_t)s->T, i = (size_t)row->i, n = (size_t)row->n,
           seen = (size_t)s->b * a->observe_stride;

    for (int h = 0; h < s->H; h++, seen += T) {
        const real *p = row->p + (size_t)h * T;
        double entropy = 0;
        real max = 0;

        for (size_t j = 0; a->max_prob != NULL && j < n; j++)
            max = p[j] > max ? p[j] : max;
        for (size_t j = 0; a->entropy != NULL && j < n; j++)
            entropy -= p[j] > 0 ? (double)p[j] * log((double)p[j]) : 0;
        if (a->entropy != NULL)
            a->entropy[seen + i] = (real)entropy;
        if (a->max_prob != NULL)
            a->max_prob[seen + i] = max;
        if (a->attention != NULL)
            memcpy(a->attention + (seen + i) * T, p, T * sizeof(*p));
    }
}

void lx_rows_open(struct rows *s, const struct lx_attention *a, int b, real *scratch, real *dqkv)
{
    const struct lx_stack *stack = a->stack;

    *s = (struct rows){.b = b, .call = lx_attention_call(a, b)};
    (void)lay_out(s, a, scratch, dqkv != NULL);
    s->remap = LX_STACK_ONLY(stack, &a->call, remap);
    s->features = LX_STACK_ONLY(stack, &a->call, features);
    s->product = LX_STACK_ONLY(stack, &a->call, product);
    s->post = LX_STACK_ONLY(stack, &a->call, post);
    s->normaliser = LX_STACK_ONLY(stack, &a->call, normalise);
    s->qkv = a->qkv + (size_t)b * (size_t)s->T * 3 * s->D;
    if (dqkv != NULL)
        s->dqkv = memset(dqkv + (size_t)b * (size_t)s->T * 3 * s->D, 0,
                         (size_t)s->T * 3 * s->D * sizeof(*dqkv));
    for (int v = 0; dqkv != NULL && s->turned && v < s->n_products; v++) {
        memset(s->products[v].dq, 0, (size_t)s->T * s->stride * sizeof(real));
        memset(s->products[v].dk, 0, (size_t)s->T * s->stride * sizeof(real));
    }
    turn(s);
}

void lx_attention_rows_forward(const struct lx_attention *a, int b, real *scratch)
{
    struct span used[LX_PRODUCTS_MAX];
    double sink[LX_HEADS_MAX];
    struct rows s;

    lx_rows_open(&s, a, b, scratch, NULL);
    if (a->state != NULL)
        memset(a->state + (size_t)b * a->n_state, 0, a->n_state * sizeof(*a->state));
    for (int i0 = 0; i0 < s.T; i0 += ROWS) {
        int n = s.T - i0 < ROWS ? s.T - i0 : ROWS, from = lx_rows_lowest(&s, i0);
        int to = lx_rows_end(&s, i0 + n - 1);

        lx_rows_multiply(&s, i0, n, used);
        for (int r = 0; r < n; r++) {
            struct lx_enc_row row = lx_rows_at(&s, r, i0 + r);

            lx_rows_logits(&s, &row, r);
            lx_rows_weights(&s, &row, sink);
            observe_row(&s, &row);
        }
        for (int h = 0; h < s.H; h++)
            lx_gemm(false, false, n, s.d, to - from, 1, s.p + h * s.T + from, (int)s.HT,
                    s.qkv + (size_t)from * 3 * s.D + 2 * s.D + (size_t)(h * s.d), (int)(3 * s.D), 0,
                    a->out + ((size_t)b * (size_t)s.T + (size_t)i0) * s.D + (size_t)(h * s.d),
                    (int)s.D);
        for (int r = 0; a->values && r < n; r++) {
            struct lx_enc_row row = lx_rows_at(&s, r, i0 + r);

            lx_stack_value(a->stack, &s.call, &row);
        }
    }
}
