/* The backward pass, layer by layer in reverse; entered from lx_model_loss with the gradient of the
 * final normalised states in dh. */
#include <math.h>
#include <string.h>

#include "model/work.h"
#include "tensor/ops.h"
#include "tensor/simd.h"

static void attention_back(struct lx_model *m, struct lx_work *w, int l)
{
    struct lx_enc_call c = {.layer = l, .B = w->B, .T = w->T};
    size_t D = (size_t)m->config.d_model, H = (size_t)m->config.heads, T = (size_t)w->T;
    bool learns = lx_stack_learns_dist(&m->stack);
    struct lx_attention att;

    lx_work_attention(m, w, l, &att);
    if (learns)
        memset(w->dbias, 0, H * T * sizeof(*w->dbias));
    lx_attention_backward(&att, w->dh, w->dqkv, learns ? w->dbias : NULL);
    if (learns) {
        for (size_t h = 0; h < H; h++)
            for (size_t d = 0; d < T; d++)
                w->dist[h * T + d] = w->dbias[h * T + T - 1 - d];
        lx_stack_dist_back(&m->stack, &c, w->dist);
    }
    lx_stack_rotate_back(&m->stack, &c, w->dqkv, w->dqkv + D, 3 * D);
}

/* dx: in, the gradient after the layer; out, before it. */
static void layer_back(struct lx_model *m, struct lx_work *w, int l)
{
    const struct lx_layer *y = &m->layers[l];
    struct lx_acts *a = &w->acts[l];
    int R = w->B * w->T, D = m->config.d_model, F = m->config.d_ff;

    lx_linear_back(R, F, D, a->act, y->down_w->w, w->dx, w->dup, y->down_w->g, y->down_b->g);
    lx_simd()->gelu_back((size_t)R * (size_t)F, a->up, w->dup, w->dup);
    lx_linear_back(R, D, F, a->ln2, y->up_w->w, w->dup, w->dh, y->up_w->g, y->up_b->g);
    lx_norm_back(R, D, a->mid, y->ln2_w->w, a->mean2, a->rstd2, w->dh, w->dx, y->ln2_w->g,
                 y->ln2_b->g);

    lx_linear_back(R, D, D, a->att, y->out_w->w, w->dx, w->dh, y->out_w->g, y->out_b->g);
    attention_back(m, w, l);
    lx_linear_back(R, D, 3 * D, a->ln1, y->qkv_w->w, w->dqkv, w->dh, y->qkv_w->g, y->qkv_b->g);
    lx_norm_back(R, D, a->x, y->ln1_w->w, a->mean1, a->rstd1, w->dh, w->dx, y->ln1_w->g,
                 y->ln1_b->g);
}

void lx_model_backward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens)
{
    struct lx_enc_call c = {.layer = -1, .B = w->B, .T = w->T};
    size_t D = (size_t)m->config.d_model, R = (size_t)w->B * (size_t)w->T;
    real factor = (real)sqrt((double)D);

    memset(w->dx, 0, R * D * sizeof(*w->dx));
    lx_norm_back((int)R, (int)D, w->x_out, m->lnf_w->w, w->meanf, w->rstdf, w->dh, w->dx,
                 m->lnf_w->g, m->lnf_b->g);
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
