/* The forward pass, and the loss with the start of the backward pass; see transformer.h. */
#include <math.h>
#include <string.h>

#include "model/work.h"
#include "tensor/gemm.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

void lx_work_attention(struct lx_model *m, struct lx_work *w, int l, struct lx_attention *a)
{
    struct lx_enc_call c = {.layer = l, .B = w->B, .T = w->T};
    int H = m->config.heads;
    size_t T = (size_t)w->T;

    memset(a, 0, sizeof(*a));
    a->B = w->B;
    a->T = w->T;
    a->H = H;
    a->head_dim = m->config.d_model / H;
    a->qkv = w->acts[l].qkv;
    a->out = w->acts[l].att;
    a->lse = w->acts[l].lse;
    a->scratch = w->scratch;
    a->window = lx_stack_window(&m->stack, &c);
    a->tau = w->tau;
    lx_stack_tau(&m->stack, &c, H, w->tau);
    if (lx_stack_has_scale(&m->stack)) {
        a->scale = w->scale;
        lx_stack_scale(&m->stack, &c, w->scale);
    }
    if (lx_stack_has_dist(&m->stack)) {
        a->bias = w->bias;
        lx_stack_dist(&m->stack, &c, H, w->dist);
        for (size_t h = 0; h < (size_t)H; h++)
            for (size_t d = 0; d < T; d++)
                w->bias[h * T + T - 1 - d] = w->dist[h * T + d];
    }
}

static void embed(struct lx_model *m, struct lx_work *w, const uint16_t *tokens)
{
    struct lx_enc_call c = {.layer = -1, .B = w->B, .T = w->T};
    size_t D = (size_t)m->config.d_model, R = (size_t)w->B * (size_t)w->T;
    real factor = (real)sqrt((double)D);
    real *x = w->acts[0].x;

    for (size_t r = 0; r < R; r++) {
        const real *e = m->embed->w + (size_t)tokens[r] * D;

        for (size_t i = 0; i < D; i++)
            x[r * D + i] = factor * e[i];
    }
    lx_stack_embed(&m->stack, &c, x);
}

/* One layer; `next` is where the residual stream goes on, which may be where it came from. */
static void layer_forward(struct lx_model *m, struct lx_work *w, int l, real *next,
                          const struct lx_observe *observe)
{
    const struct lx_layer *y = &m->layers[l];
    struct lx_acts *a = &w->acts[l];
    int R = w->B * w->T, D = m->config.d_model, F = m->config.d_ff, L = m->config.layers;
    size_t D3 = (size_t)3 * (size_t)D, HT = (size_t)m->config.heads * (size_t)w->T;
    size_t bytes = (size_t)R * (size_t)D * sizeof(real);
    struct lx_enc_call c = {.layer = l, .B = w->B, .T = w->T};
    struct lx_attention att;

    lx_norm(R, D, a->x, y->ln1_w->w, y->ln1_b->w, a->ln1, a->mean1, a->rstd1);
    lx_linear(R, D, 3 * D, a->ln1, y->qkv_w->w, y->qkv_b->w, false, a->qkv);
    lx_stack_rotate(&m->stack, &c, a->qkv, a->qkv + D, D3);
    lx_work_attention(m, w, l, &att);
    if (observe != NULL) {
        att.observe_stride = (size_t)L * HT;
        att.entropy = observe->entropy != NULL ? observe->entropy + (size_t)l * HT : NULL;
        att.max_prob = observe->max_prob != NULL ? observe->max_prob + (size_t)l * HT : NULL;
        att.attention =
            observe->attention != NULL ? observe->attention + (size_t)l * HT * (size_t)w->T : NULL;
    }
    lx_attention_forward(&att);
    if (a->mid != a->x)
        memcpy(a->mid, a->x, bytes);
    lx_linear(R, D, D, a->att, y->out_w->w, y->out_b->w, true, a->mid);

    lx_norm(R, D, a->mid, y->ln2_w->w, y->ln2_b->w, a->ln2, a->mean2, a->rstd2);
    lx_linear(R, D, F, a->ln2, y->up_w->w, y->up_b->w, false, a->up);
    lx_simd()->gelu((size_t)R * (size_t)F, a->up, a->act);
    if (next != a->mid)
        memcpy(next, a->mid, bytes);
    lx_linear(R, F, D, a->act, y->down_w->w, y->down_b->w, true, next);
}

void lx_model_forward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens, int B, int T,
                      const struct lx_observe *observe)
{
    int L = m->config.layers;

    w->B = B;
    w->T = T;
    lx_stack_prepare(&m->stack, T);
    embed(m, w, tokens);
    for (int l = 0; l < L; l++)
        layer_forward(m, w, l, l + 1 < L ? w->acts[l + 1].x : w->x_out, observe);
    lx_norm(B * T, m->config.d_model, w->x_out, m->lnf_w->w, m->lnf_b->w, w->lnf, w->meanf,
            w->rstdf);
}

void lx_model_logits(struct lx_model *m, struct lx_work *w, int r0, int n, real *out)
{
    int D = m->config.d_model, V = m->config.vocab;

    lx_gemm(false, true, n, V, D, 1, w->lnf + (size_t)r0 * (size_t)D, D, m->embed->w, D, 0, out, V);
}

void lx_model_loss(struct lx_model *m, struct lx_work *w, const uint16_t *tokens,
                   const uint16_t *targets, double *nll, const real *weight, bool backward)
{
    const struct lx_simd *simd = lx_simd();
    int R = w->B * w->T, D = m->config.d_model, V = m->config.vocab;
    real even = (real)(1.0 / R);

    for (int r0 = 0; r0 < R; r0 += LX_LOSS_ROWS) {
        int n = R - r0 < LX_LOSS_ROWS ? R - r0 : LX_LOSS_ROWS;
        size_t at = (size_t)r0 * (size_t)D;

        lx_model_logits(m, w, r0, n, w->logits);
        for (int r = r0; r < r0 + n; r++) {
            real *z = w->logits + (size_t)(r - r0) * (size_t)V;

            nll[r] = simd->loss_row((size_t)V, z, targets[r], weight != NULL ? weight[r] : even,
                                    backward ? z : NULL);
        }
        if (!backward)
            continue;
        lx_gemm(false, false, n, D, V, 1, w->logits, V, m->embed->w, D, 0, w->dh + at, D);
        lx_gemm(true, false, V, D, n, 1, w->logits, V, w->lnf + at, D, 1, m->embed->g, D);
    }
    if (backward)
        lx_model_backward(m, w, tokens);
}
