/* Attention over a layer, head by head; see attention.h. */
#include "model/attention.h"

#include <math.h>

#include "tensor/parallel.h"
#include "tensor/simd.h"

size_t lx_attention_scratch(int T, int head_dim, bool training)
{
    return lx_simd()->attention_scratch(T, head_dim, training);
}

/* Head h of sequence b as the kernels see it. */
static struct lx_attention_head head_at(const struct lx_attention *a, int b, int h, int worker)
{
    size_t T = (size_t)a->T, d = (size_t)a->head_dim;
    size_t D = (size_t)a->H * d, first = (size_t)h * d;
    size_t row = ((size_t)b * (size_t)a->H + (size_t)h) * T;
    size_t seen = (size_t)b * a->observe_stride + (size_t)h * T;
    const real *qkv = a->qkv + (size_t)b * T * 3 * D + first;

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
        .scale = a->scale,
        .bias = a->bias != NULL ? a->bias + (size_t)h * T : NULL,
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
    real *dqkv, *dbias;
};

static void forward_head(void *ctx, int i, int worker)
{
    const struct pass *p = ctx;
    struct lx_attention_head head = head_at(p->a, i / p->a->H, i % p->a->H, worker);

    lx_simd()->attention_forward(&head);
}

static void backward_head(void *ctx, int i, int worker)
{
    const struct pass *p = ctx;
    struct lx_attention_head head = head_at(p->a, i / p->a->H, i % p->a->H, worker);

    head.dout = p->dout + (head.out - p->a->out);
    head.dq = p->dqkv + (head.q - p->a->qkv);
    head.dk = p->dqkv + (head.k - p->a->qkv);
    head.dv = p->dqkv + (head.v - p->a->qkv);
    head.dbias = p->dbias != NULL ? p->dbias + (size_t)i * (size_t)p->a->T : NULL;
    lx_simd()->attention_backward(&head);
}

void lx_attention_forward(const struct lx_attention *a)
{
    struct pass p = {.a = a};

    lx_parallel(a->B * a->H, forward_head, &p);
}

void lx_attention_backward(const struct lx_attention *a, const real *dout, real *dqkv, real *dbias)
{
    struct pass p = {.a = a, .dout = dout, .dqkv = dqkv, .dbias = dbias};

    lx_parallel(a->B * a->H, backward_head, &p);
}
