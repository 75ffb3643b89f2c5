/* The forward pass, and the loss with the start of the backward pass; see transformer.h. */
#include <math.h>
#include <string.h>

#include "kernels/simd.h"
#include "model/work.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

static void embed(struct lx_model *m, struct lx_work *w, const uint16_t *tokens)
{
    struct lx_enc_call c = lx_work_call(w, -1, 0, w->B);
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

/* One layer at work; `next` is where the residual stream goes on, which may be where it came from. */
struct layer_pass {
    struct lx_model *m;
    struct lx_work *w;
    int l;
    real *next;
};

/* Everything before attention, for the rows of one chunk. */
static void project_chunk(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    const struct lx_layer *y = &p->m->layers[p->l];
    struct lx_acts *a = &p->w->acts[p->l];
    int D = p->m->config.d_model, r0, n;
    size_t at;

    (void)worker;
    lx_work_chunk(p->w->B * p->w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    lx_norm(n, D, a->x + at, y->ln1_w->w, y->ln1_b->w, a->ln1 + at, a->mean1 + r0, a->rstd1 + r0);
    lx_linear(p->m->precision, n, D, 3 * D, a->ln1 + at, y->qkv_w->w, y->qkv_b->w, NULL,
              a->qkv + 3 * at);
}

/* Everything after it. */
static void mlp_chunk(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    const struct lx_layer *y = &p->m->layers[p->l];
    struct lx_acts *a = &p->w->acts[p->l];
    int D = p->m->config.d_model, F = p->m->config.d_ff, r0, n;
    size_t at, hidden;

    (void)worker;
    lx_work_chunk(p->w->B * p->w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    hidden = (size_t)r0 * (size_t)F;
    lx_linear(p->m->precision, n, D, D, a->att + at, y->out_w->w, y->out_b->w, a->x + at,
              a->mid + at);

    lx_norm(n, D, a->mid + at, y->ln2_w->w, y->ln2_b->w, a->ln2 + at, a->mean2 + r0, a->rstd2 + r0);
    lx_linear_gelu(p->m->precision, n, D, F, a->ln2 + at, y->up_w->w, y->up_b->w, a->up + hidden,
                   a->act + hidden);
    lx_linear(p->m->precision, n, F, D, a->act + hidden, y->down_w->w, y->down_b->w, a->mid + at,
              p->next + at);
}

/* What attention adds to the stream, on its own. */
static void observe_output(const struct lx_model *m, const struct lx_work *w, int l, real *output)
{
    const struct lx_layer *y = &m->layers[l];
    int R = w->B * w->T, D = m->config.d_model;

    lx_linear(m->precision, R, D, D, w->acts[l].att, y->out_w->w, y->out_b->w, NULL,
              output + (size_t)l * (size_t)R * (size_t)D);
}

static void layer_forward(struct lx_model *m, struct lx_work *w, int l, real *next,
                          const struct lx_observe *observe)
{
    struct layer_pass p = {.m = m, .w = w, .l = l, .next = next};
    int chunks = lx_work_chunks(w->B * w->T);
    size_t HT = (size_t)m->config.heads * (size_t)w->T;
    struct lx_attention att;

    lx_parallel(chunks, project_chunk, &p);
    lx_work_sequences(m, w, l);
    lx_work_attention(m, w, l, &att);
    if (observe != NULL) {
        att.observe_stride = (size_t)m->config.layers * HT;
        att.entropy = observe->entropy != NULL ? observe->entropy + (size_t)l * HT : NULL;
        att.max_prob = observe->max_prob != NULL ? observe->max_prob + (size_t)l * HT : NULL;
        att.attention =
            observe->attention != NULL ? observe->attention + (size_t)l * HT * (size_t)w->T : NULL;
    }
    lx_attention_forward(&att);
    if (observe != NULL && observe->output != NULL)
        observe_output(m, w, l, observe->output);
    lx_parallel(chunks, mlp_chunk, &p);
}

static void final_norm_chunk(void *ctx, int i, int worker)
{
    struct layer_pass *p = ctx;
    struct lx_work *w = p->w;
    int D = p->m->config.d_model, r0, n;
    size_t at;

    (void)worker;
    lx_work_chunk(w->B * w->T, i, &r0, &n);
    at = (size_t)r0 * (size_t)D;
    lx_norm(n, D, w->x_out + at, p->m->lnf_w->w, p->m->lnf_b->w, w->lnf + at, w->meanf + r0,
            w->rstdf + r0);
}

/* Stream x as it is before layer l. */
static void keep_residual(const struct lx_work *w, const struct lx_observe *observe, int l, int D,
                          const real *x)
{
    size_t n = (size_t)w->B * (size_t)w->T * (size_t)D;

    if (observe != NULL && observe->residual != NULL)
        memcpy(observe->residual + (size_t)l * n, x, n * sizeof(*x));
}

void lx_model_forward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens, int B, int T,
                      const struct lx_observe *observe)
{
    int L = m->config.layers;
    struct layer_pass p = {.m = m, .w = w};

    lx_work_begin(m, w, tokens, B, T);
    embed(m, w, tokens);
    for (int l = 0; l < L; l++) {
        keep_residual(w, observe, l, m->config.d_model, w->acts[l].x);
        layer_forward(m, w, l, l + 1 < L ? w->acts[l + 1].x : w->x_out, observe);
    }
    keep_residual(w, observe, L, m->config.d_model, w->x_out);
    lx_parallel(lx_work_chunks(B * T), final_norm_chunk, &p);
}

void lx_model_logits(struct lx_model *m, struct lx_work *w, int r0, int n, real *out)
{
    int D = m->config.d_model, V = m->config.vocab;

    lx_linear(m->precision, n, D, V, w->lnf + (size_t)r0 * (size_t)D, m->embed->w, NULL, NULL, out);
}

struct loss_pass {
    struct lx_model *m;
    struct lx_work *w;
    const uint16_t *targets;
    double *nll;
    const real *weight;
    bool backward;
};

/* The losses of one chunk, and what they send back to the final states and to the embedding. */
static void loss_chunk(void *ctx, int i, int worker)
{
    const struct loss_pass *p = ctx;
    const struct lx_simd *simd = lx_simd();
    struct lx_work *w = p->w;
    int R = w->B * w->T, D = p->m->config.d_model, V = p->m->config.vocab, first, rows;
    int room = lx_loss_rows(V);
    real *logits = w->logits + (size_t)worker * (size_t)room * (size_t)V;
    real *embed_g = i == 0 ? p->m->embed->g : lx_work_partial(w, i);
    real even = (real)(1.0 / R);

    lx_work_chunk(R, i, &first, &rows);
    if (p->backward && i > 0)
        memset(embed_g, 0, p->m->embed->n * sizeof(*embed_g));
    for (int r0 = first; r0 < first + rows; r0 += room) {
        int n = first + rows - r0 < room ? first + rows - r0 : room;
        size_t at = (size_t)r0 * (size_t)D;

        lx_model_logits(p->m, w, r0, n, logits);
        for (int r = r0; r < r0 + n; r++) {
            real *z = logits + (size_t)(r - r0) * (size_t)V;

            p->nll[r] =
                simd->loss_row((size_t)V, z, p->targets[r], p->weight != NULL ? p->weight[r] : even,
                               p->backward ? z : NULL);
        }
        if (!p->backward)
            continue;
        lx_linear_back(p->m->precision, n, D, V, w->lnf + at, p->m->embed->w, logits, NULL,
                       w->dh + at, embed_g, NULL);
    }
}

void lx_model_loss(struct lx_model *m, struct lx_work *w, const uint16_t *tokens,
                   const uint16_t *targets, double *nll, const real *weight, bool backward)
{
    struct loss_pass p = {
        .m = m, .w = w, .targets = targets, .nll = nll, .weight = weight, .backward = backward};

    lx_parallel(lx_work_chunks(w->B * w->T), loss_chunk, &p);
    if (!backward)
        return;
    lx_work_add_partials(w, m->embed->g, m->embed->n);
    lx_model_backward(m, w, tokens);
}
