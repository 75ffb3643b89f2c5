/* The backward pass, layer by layer in reverse; entered from lx_model_loss with the gradient of the
 * final normalised states in dh. */
#include <math.h>
#include <string.h>

#include "kernels/simd.h"
#include "model/work.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

real *lx_work_partial(const struct lx_work *w, int i)
{
    return w->partial + (size_t)(i - 1) * w->partial_size;
}

/* Sums taken together: places far enough apart for one thread each. */
enum { SUM_SPAN = 16384 };

struct sums {
    struct lx_work *w;
    real *g;
    size_t n;
};

static void add_span(void *ctx, int i, int worker)
{
    const struct sums *s = ctx;
    size_t at = (size_t)i * SUM_SPAN, n = s->n - at < SUM_SPAN ? s->n - at : SUM_SPAN;
    int chunks = lx_work_chunks(s->w->B * s->w->T);

    (void)worker;
    for (int c = 1; c < chunks; c++)
        lx_simd()->add(n, lx_work_partial(s->w, c) + at, s->g + at);
}

void lx_work_add_partials(struct lx_work *w, real *g, size_t n)
{
    struct sums s = {.w = w, .g = g, .n = n};

    if (lx_work_chunks(w->B * w->T) > 1)
        lx_parallel((int)((n + SUM_SPAN - 1) / SUM_SPAN), add_span, &s);
}

/* One layer at work. Its arrays lie one behind the other, from the weights of its first norm to the
 * biases of its last product, and so do their gradients, in the set and in the partial sums. */
struct layer_pass {
    struct lx_model *m;
    struct lx_work *w;
    int l;
    bool input; /* the stack sent a gradient to the layer's input */
};

/* Where chunk i sums the gradient of one of the layer's arrays. */
static real *gradient(const struct layer_pass *p, int i, const struct lx_param *array)
{
    const struct lx_param *first = p->m->layers[p->l].ln1_w;

    return i == 0 ? array->g : lx_work_partial(p->w, i) + (array->g - first->g);
}

static size_t layer_values(const struct lx_layer *y)
{
    return (size_t)(y->down_b->g - y->ln1_w->g) + y->down_b->n;
}

/* From the layer's end back to its attention, for the rows of one chunk. */
static void mlp_chunk_back(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    struct lx_work *w = p->w;
    const struct lx_layer *y = &p->m->layers[p->l];
    struct lx_acts *a = &w->acts[p->l];
    int D = p->m->config.d_model, F = p->m->config.d_ff, r0, n;
    size_t at, hidden;

    (void)worker;
    lx_work_chunk(w->B * w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    hidden = (size_t)r0 * (size_t)F;
    if (i > 0)
        memset(gradient(p, i, y->ln1_w), 0, layer_values(y) * sizeof(real));
    lx_linear_back(p->m->precision, n, F, D, a->act + hidden, y->down_w->w, w->dx + at,
                   a->up + hidden, w->dup + hidden, gradient(p, i, y->down_w),
                   gradient(p, i, y->down_b));
    lx_linear_back(p->m->precision, n, D, F, a->ln2 + at, y->up_w->w, w->dup + hidden, NULL,
                   w->dh + at, gradient(p, i, y->up_w), gradient(p, i, y->up_b));
    lx_norm_back(n, D, a->mid + at, y->ln2_w->w, a->mean2 + r0, a->rstd2 + r0, w->dh + at,
                 w->dx + at, gradient(p, i, y->ln2_w), gradient(p, i, y->ln2_b));
    lx_linear_back(p->m->precision, n, D, D, a->att + at, y->out_w->w, w->dx + at, NULL, w->dh + at,
                   gradient(p, i, y->out_w), gradient(p, i, y->out_b));
}

static void project_chunk_back(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    struct lx_work *w = p->w;
    const struct lx_layer *y = &p->m->layers[p->l];
    struct lx_acts *a = &w->acts[p->l];
    int D = p->m->config.d_model, r0, n;
    size_t at;

    (void)worker;
    lx_work_chunk(w->B * w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    lx_linear_back(p->m->precision, n, D, 3 * D, a->ln1 + at, y->qkv_w->w, w->dqkv + 3 * at, NULL,
                   w->dh + at, gradient(p, i, y->qkv_w), gradient(p, i, y->qkv_b));
    if (p->input)
        lx_simd()->add((size_t)n * (size_t)D, w->dln1 + at, w->dh + at);
    lx_norm_back(n, D, a->x + at, y->ln1_w->w, a->mean1 + r0, a->rstd1 + r0, w->dh + at, w->dx + at,
                 gradient(p, i, y->ln1_w), gradient(p, i, y->ln1_b));
}

static void attention_back(struct layer_pass *p)
{
    struct lx_attention att;
    struct lx_attention_grads g;

    lx_work_attention(p->m, p->w, p->l, &att);
    g = lx_work_grads(p->m, p->w, p->l);
    att.n_sums = p->w->n_sums;
    lx_attention_backward(&att, p->w->dh, p->w->dqkv, &g);
    p->input = lx_work_hooks_back(p->m, p->w, p->l, &g);
}

/* dx: in, the gradient after the layer; out, before it. */
static void layer_back(struct lx_model *m, struct lx_work *w, int l)
{
    struct layer_pass p = {.m = m, .w = w, .l = l};
    const struct lx_layer *y = &m->layers[l];
    int chunks = lx_work_chunks(w->B * w->T);

    lx_parallel(chunks, mlp_chunk_back, &p);
    attention_back(&p);
    lx_parallel(chunks, project_chunk_back, &p);
    lx_work_add_partials(w, y->ln1_w->g, layer_values(y));
}

/* The final norm; its two arrays lie one behind the other. */
static void final_norm_chunk_back(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    struct lx_work *w = p->w;
    const struct lx_param *weight = p->m->lnf_w, *bias = p->m->lnf_b;
    real *g = i == 0 ? weight->g : lx_work_partial(w, i);
    int D = p->m->config.d_model, r0, n;
    size_t at;

    (void)worker;
    lx_work_chunk(w->B * w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    if (i > 0)
        memset(g, 0, 2 * weight->n * sizeof(*g));
    memset(w->dx + at, 0, (size_t)n * (size_t)D * sizeof(*w->dx));
    lx_norm_back(n, D, w->x_out + at, weight->w, w->meanf + r0, w->rstdf + r0, w->dh + at,
                 w->dx + at, g, g + (bias->g - weight->g));
}

void lx_model_backward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens)
{
    struct lx_enc_call c = lx_work_call(w, -1, 0, w->B);
    struct layer_pass p = {.m = m, .w = w};
    size_t D = (size_t)m->config.d_model, R = (size_t)w->B * (size_t)w->T;
    real factor = (real)sqrt((double)D);

    lx_parallel(lx_work_chunks((int)R), final_norm_chunk_back, &p);
    lx_work_add_partials(w, m->lnf_w->g, 2 * m->lnf_w->n);
    for (int l = m->config.layers - 1; l >= 0; l--)
        layer_back(m, w, l);
    lx_stack_embed_back(&m->stack, &c, w->dx);
    for (size_t r = 0; r < R; r++) {
        real *g = m->embed->g + (size_t)tokens[r] * D;

        for (size_t i = 0; i < D; i++)
            g[i] += factor * w->dx[r * D + i];
    }
}

const real *lx_work_input_gradient(const struct lx_work *w)
{
    return w->dx;
}
