/* Attention over a layer, head by head; see attention.h. */
#include <math.h>
#include <string.h>

#include "attention/attention_internal.h"
#include "kernels/simd.h"
#include "tensor/parallel.h"

size_t lx_attention_scratch(const struct lx_attention *a, bool training)
{
    return a->rows ? lx_attention_rows_scratch(a, training)
                   : lx_simd()->attention_scratch(a->T, a->head_dim, training);
}

/* ------------------------------------------------------------------------------ pair by pair */

/* What the kernels call back with. */
struct pairs {
    const struct lx_attention *a;
    struct lx_enc_call call; /* of one sequence                    */
    int h;
    real *dheads; /* (H, reach) of this sequence        */
    double *sums; /* of this sequence                   */
};

static void pair(void *ctx, int i, int j0, int n, real *bias)
{
    const struct pairs *p = ctx;

    lx_attention_pair(p->a, &p->call, p->h, i, j0, n, bias);
}

static void pair_back(void *ctx, int i, int j0, int n, const real *dbias)
{
    const struct pairs *p = ctx;

    lx_attention_pair_back(p->a, &p->call, p->h, i, j0, n, dbias, p->dheads, p->sums);
}

/* ------------------------------------------------------------------------- tables by distance */

/* (H, T) with the T entries of each head in the opposite order, so that what a row needs lies in the
 * order of its keys. */
static void reverse(int H, int T, const real *from, real *to)
{
    for (int h = 0; h < H; h++)
        for (int d = 0; d < T; d++)
            to[h * T + T - 1 - d] = from[h * T + d];
}

/* The first of B arrays of n += the others, in order. */
static void add_sequences(int B, size_t n, real *x)
{
    for (int b = 1; b < B; b++)
        lx_simd()->add(n, x + (size_t)b * n, x);
}

static void reverse_tables(const struct lx_attention *a)
{
    if (a->dist != NULL && !lx_attention_by_positions(a))
        reverse(a->H, a->T, a->dist, a->reversed);
    if (a->mul != NULL)
        reverse(a->H, a->T, a->mul, a->reversed + (size_t)a->H * (size_t)a->T);
}

/* Sums over sequences, by distance again. */
static void finish_table(const struct lx_attention *a, bool reversed, real *g)
{
    size_t n = (size_t)lx_attention_sides(a) * (size_t)a->H * (size_t)a->reach;

    if (g == NULL)
        return;
    add_sequences(a->B, n, g);
    if (reversed) {
        reverse(a->H, a->T, g, a->reversed);
        memcpy(g, a->reversed, n * sizeof(*g));
    }
}

/* --------------------------------------------------------------------------------------- heads */

/* Head h of sequence b as the kernels see it. */
static struct lx_attention_head head_at(const struct lx_attention *a, int b, int h, int worker,
                                        struct pairs *pairs)
{
    size_t T = (size_t)a->T, d = (size_t)a->head_dim;
    size_t D = (size_t)a->H * d, first = (size_t)h * d;
    size_t row = ((size_t)b * (size_t)a->H + (size_t)h) * T;
    size_t seen = (size_t)b * a->observe_stride + (size_t)h * T;
    const real *qkv = a->qkv + (size_t)b * T * 3 * D + first;
    const real *reversed = a->reversed != NULL ? a->reversed + (size_t)h * T : NULL;

    *pairs = (struct pairs){.a = a, .call = lx_attention_call(a, b), .h = h};
    return (struct lx_attention_head){
        .T = a->T,
        .d = a->head_dim,
        .window = a->window,
        .stride = 3 * D,
        .out_stride = D,
        .q = qkv,
        .k = qkv + D,
        .v = qkv + 2 * D,
        .factor = (real)(1.0 / sqrt((double)a->head_dim)),
        .tau = a->tau[h],
        .scale = a->scale != NULL ? a->scale + (size_t)b * a->scale_stride + (size_t)h * T : NULL,
        .bias = a->dist != NULL && !lx_attention_by_positions(a) ? reversed : NULL,
        .first = a->first,
        .always = a->always,
        .mul = a->mul != NULL ? reversed + (size_t)a->H * T : NULL,
        .key = a->key != NULL ? a->key + row : NULL,
        .pair = a->pair || lx_attention_by_positions(a) ? pair : NULL,
        .ctx = pairs,
        .sink = a->sink != NULL ? a->sink + h : NULL,
        .scratch = a->scratch + (size_t)worker * a->scratch_size,
        .out = a->out + (size_t)b * T * D + first,
        .lse = a->lse != NULL ? a->lse + row : NULL,
        .entropy = a->entropy != NULL ? a->entropy + seen : NULL,
        .max_prob = a->max_prob != NULL ? a->max_prob + seen : NULL,
        .attention = a->attention != NULL ? a->attention + seen * T : NULL,
    };
}

struct pass {
    const struct lx_attention *a;
    const real *dout;
    real *dqkv;
    struct lx_attention_grads g;
};

static void forward_head(void *ctx, int i, int worker)
{
    const struct pass *p = ctx;
    struct pairs pairs;
    struct lx_attention_head head = head_at(p->a, i / p->a->H, i % p->a->H, worker, &pairs);

    lx_simd()->attention_forward(&head);
}

/* x (n) at array i of those of n, set to 0; NULL stays NULL. */
static real *zeroed(real *x, int i, int n)
{
    return x != NULL ? memset(x + (size_t)i * (size_t)n, 0, (size_t)n * sizeof(*x)) : NULL;
}

static double *zeroed_double(double *x, int i, int n)
{
    return x != NULL ? memset(x + (size_t)i * (size_t)n, 0, (size_t)n * sizeof(*x)) : NULL;
}

static void backward_head(void *ctx, int i, int worker)
{
    const struct pass *p = ctx;
    const struct lx_attention *a = p->a;
    struct pairs pairs;
    struct lx_attention_head head = head_at(a, i / a->H, i % a->H, worker, &pairs);
    real *dtable = zeroed(p->g.dist, i, a->reach);

    head.dout = p->dout + (head.out - a->out);
    head.dq = p->dqkv + (head.q - a->qkv);
    head.dk = p->dqkv + (head.k - a->qkv);
    head.dv = p->dqkv + (head.v - a->qkv);
    head.dscale = zeroed(p->g.scale, i, a->T);
    head.dmul = zeroed(p->g.mul, i, a->reach);
    head.dkey = zeroed_double(p->g.key, i, a->T);
    head.dsink = zeroed_double(p->g.sink, i, 1);
    if (lx_attention_by_positions(a))
        pairs.dheads = dtable != NULL ? dtable - (size_t)(i % a->H) * (size_t)a->reach : NULL;
    else
        head.dbias = dtable;
    if (p->g.sums != NULL && a->pair)
        pairs.sums = p->g.sums + (size_t)(i / a->H) * a->n_sums;
    head.pair_back = pairs.dheads != NULL || pairs.sums != NULL ? pair_back : NULL;
    lx_simd()->attention_backward(&head);
}

static void forward_rows(void *ctx, int b, int worker)
{
    const struct pass *p = ctx;

    lx_attention_rows_forward(p->a, b, p->a->scratch + (size_t)worker * p->a->scratch_size);
}

static void backward_rows(void *ctx, int b, int worker)
{
    const struct pass *p = ctx;
    const struct lx_attention *a = p->a;

    (void)zeroed(p->g.dist, b, lx_attention_sides(a) * a->H * a->reach);
    (void)zeroed(p->g.mul, b, lx_attention_sides(a) * a->H * a->reach);
    (void)zeroed_double(p->g.key, b, a->H * a->T);
    (void)zeroed_double(p->g.sink, b, a->H);
    lx_attention_rows_backward(a, b, a->scratch + (size_t)worker * a->scratch_size, p->dout,
                               p->dqkv, &p->g);
}

void lx_attention_forward(const struct lx_attention *a)
{
    struct pass p = {.a = a};

    if (a->rows) {
        lx_parallel(a->B, forward_rows, &p);
        return;
    }
    reverse_tables(a);
    lx_parallel(a->B * a->H, forward_head, &p);
}

void lx_attention_backward(const struct lx_attention *a, const real *dout, real *dqkv,
                           const struct lx_attention_grads *g)
{
    struct pass p = {.a = a, .dout = dout, .dqkv = dqkv, .g = *g};
    bool reversed = !a->rows && !lx_attention_by_positions(a);

    if (a->rows) {
        lx_parallel(a->B, backward_rows, &p);
    } else {
        reverse_tables(a);
        lx_parallel(a->B * a->H, backward_head, &p);
    }
    finish_table(a, reversed, g->dist);
    finish_table(a, !a->rows, g->mul);
    for (int i = a->H; g->sink != NULL && i < a->B * a->H; i++)
        g->sink[i % a->H] += g->sink[i];
}
