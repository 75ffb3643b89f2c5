/* Asking the hooks of a stack for what one layer of a pass needs, and handing their gradients back;
 * see work.h. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "model/work.h"
#include "tensor/parallel.h"

struct lx_enc_call lx_work_call(const struct lx_work *w, int l, int b, int B)
{
    const double *pos = NULL;

    if (l < 0 && (w->placed & LX_POS_EMBED) != 0)
        pos = w->pos_embed + (size_t)b * (size_t)w->T;
    if (l >= 0 && (w->placed & LX_POS_TOKENS) != 0)
        pos = w->pos + (size_t)b * (size_t)w->T;
    return (struct lx_enc_call){.layer = l, .B = B, .T = w->T, .pos = pos, .both = w->both};
}

void lx_work_begin(struct lx_model *m, struct lx_work *w, const uint16_t *tokens, int B, int T)
{
    w->B = B;
    w->T = T;
    w->reach = T;
    w->placed = 0;
    if (w->pos != NULL) {
        w->reach = lx_stack_reach(&m->stack, T, m->draw.training);
        w->placed = lx_stack_positions(&m->stack, &m->draw, tokens, B, T, w->pos, w->pos_embed,
                                       w->distances);
    }
    assert(w->reach <= w->max_reach);
    lx_stack_prepare(&m->stack, T, w->reach);
}

/* --------------------------------------------------------------------------------- by distance */

/* Distances of the tables that dist and mul fill: those of positions, if they have anything of them. */
static int table_length(const struct lx_work *w)
{
    return (w->placed & (LX_POS_TOKENS | LX_POS_DISTANCES)) != 0 ? w->reach : w->T;
}

/* table (H, reach) read at what each distance becomes, into out (H, T). */
static void gather(const struct lx_work *w, int H, const real *table, real *out)
{
    for (int h = 0; h < H; h++) {
        const real *row = table + (size_t)h * (size_t)w->reach;

        for (int d = 0; d < w->T; d++) {
            double at = w->distances[d], part = at - floor(at);
            size_t k = (size_t)at;

            out[h * w->T + d] = part > 0 ? row[k] + (real)part * (row[k + 1] - row[k]) : row[k];
        }
    }
}

static void scatter(const struct lx_work *w, int H, const real *dout, real *dtable)
{
    memset(dtable, 0, (size_t)H * (size_t)w->reach * sizeof(*dtable));
    for (int h = 0; h < H; h++) {
        real *row = dtable + (size_t)h * (size_t)w->reach;

        for (int d = 0; d < w->T; d++) {
            double at = w->distances[d], part = at - floor(at);
            size_t k = (size_t)at;

            row[k] += (real)(1 - part) * dout[h * w->T + d];
            if (part > 0)
                row[k + 1] += (real)part * dout[h * w->T + d];
        }
    }
}

static void ask_distances(struct lx_model *m, struct lx_work *w, const struct lx_enc_call *layer,
                          struct lx_attention *a)
{
    struct lx_enc_call c = *layer;
    bool mapped = (w->placed & LX_POS_DISTANCES) != 0;
    int H = m->config.heads;

    c.T = table_length(w);
    a->reach = mapped ? w->T : c.T;
    a->dist = LX_STACK_HAS(&m->stack, layer, dist) ? w->dist : NULL;
    a->mul = LX_STACK_HAS(&m->stack, layer, mul) ? w->mul : NULL;
    for (int side = 0; side < (w->both ? 2 : 1); side++) {
        size_t at = lx_attention_side(a, side == 1, 0);

        c.ahead = side == 1;
        if (a->dist != NULL)
            lx_stack_dist(&m->stack, &c, H, mapped ? w->table : w->dist + at);
        if (a->dist != NULL && mapped)
            gather(w, H, w->table, w->dist + at);
        if (a->mul != NULL)
            lx_stack_mul(&m->stack, &c, H, mapped ? w->table : w->mul + at);
        if (a->mul != NULL && mapped)
            gather(w, H, w->table, w->mul + at);
    }
}

/* g: gradients by the tables that attention read. */
static void distances_back(struct lx_model *m, struct lx_work *w, const struct lx_enc_call *layer,
                           const struct lx_attention_grads *g)
{
    struct lx_enc_call c = *layer;
    bool mapped = (w->placed & LX_POS_DISTANCES) != 0;
    int H = m->config.heads;

    c.T = table_length(w);
    for (int side = 0; side < (w->both ? 2 : 1); side++) {
        size_t at = (size_t)(side * H) * (size_t)(mapped ? w->T : c.T);

        c.ahead = side == 1;
        if (g->mul != NULL && mapped)
            scatter(w, H, g->mul + at, w->table);
        if (g->mul != NULL)
            lx_stack_mul_back(&m->stack, &c, H, mapped ? w->table : g->mul + at, w->spare);
        if (g->dist != NULL && mapped)
            scatter(w, H, g->dist + at, w->table);
        if (g->dist != NULL)
            lx_stack_dist_back(&m->stack, &c, mapped ? w->table : g->dist + at);
    }
}

/* --------------------------------------------------------------------------- sequence by sequence */

struct sequences {
    struct lx_model *m;
    struct lx_work *w;
    int l;
    const struct lx_attention_grads *g;
};

static void sequence(void *ctx, int b, int worker)
{
    const struct sequences *p = ctx;
    const struct lx_stack *s = &p->m->stack;
    struct lx_enc_call c = lx_work_call(p->w, p->l, b, 1);
    struct lx_acts *acts = &p->w->acts[p->l];
    int H = p->m->config.heads;
    size_t D = (size_t)p->m->config.d_model, T = (size_t)c.T, HT = (size_t)H * T;
    real *qkv = acts->qkv + (size_t)b * T * 3 * D;
    const real *x = acts->ln1 + (size_t)b * T * D;

    (void)worker;
    if (!lx_work_by_rows(p->m, p->w, p->l))
        lx_stack_rotate(s, &c, qkv, qkv + D, 3 * D);
    if (LX_STACK_HAS(s, &c, scale) && (b == 0 || lx_stack_reads_input(s, &c)))
        lx_stack_scale(s, &c, H, x, acts->scale + (size_t)b * HT);
    if (LX_STACK_HAS(s, &c, key))
        lx_stack_key(s, &c, H, x, acts->key + (size_t)b * HT);
}

static void sequence_back(void *ctx, int b, int worker)
{
    const struct sequences *p = ctx;
    const struct lx_stack *s = &p->m->stack;
    struct lx_work *w = p->w;
    struct lx_enc_call c = lx_work_call(w, p->l, b, 1);
    int H = p->m->config.heads;
    size_t D = (size_t)p->m->config.d_model, T = (size_t)c.T, HT = (size_t)H * T, at = (size_t)b;
    real *dqkv = w->dqkv + at * T * 3 * D, *dx = NULL;
    real *spare =
        w->spare != NULL ? w->spare + (size_t)worker * (size_t)H * (size_t)w->max_reach : NULL;
    const real *x = w->acts[p->l].ln1 + at * T * D;
    double *sums = p->g->sums != NULL ? p->g->sums + at * w->n_sums : NULL;

    if (w->dln1 != NULL)
        dx = memset(w->dln1 + at * T * D, 0, T * D * sizeof(*dx));
    if (p->g->key != NULL)
        lx_stack_key_back(s, &c, H, x, p->g->key + at * HT, dx, sums);
    if (p->g->scale != NULL)
        lx_stack_scale_back(s, &c, H, x, p->g->scale + at * HT, dx, sums, spare);
    if (p->g->whole != NULL)
        lx_stack_whole_back(s, &c, H, p->g->whole + at * HT, sums, spare);
    if (!lx_work_by_rows(p->m, w, p->l))
        lx_stack_rotate_back(&p->m->stack, &c, dqkv, dqkv + D, 3 * D);
}

/* ---------------------------------------------------------------------------------- whole layers */

bool lx_work_by_rows(const struct lx_model *m, const struct lx_work *w, int l)
{
    struct lx_enc_call c = {.layer = l, .B = w->B, .T = w->T};

    return m->rows || w->both || lx_stack_by_rows(&m->stack, &c) ||
           ((w->placed & LX_POS_TOKENS) != 0 && LX_STACK_HAS(&m->stack, &c, mul));
}

void lx_work_products(const struct lx_model *m, const struct lx_enc_call *c, struct lx_attention *a)
{
    const struct lx_stack *s = &m->stack;
    const struct lx_stack_item *remap = LX_STACK_ONLY(s, c, remap);
    const struct lx_stack_item *features = LX_STACK_ONLY(s, c, features);

    a->products = remap != NULL ? remap->ops->variants(remap->self) : 1;
    a->width = features != NULL ? features->ops->width(features->self) : a->head_dim;
    a->turned = remap != NULL || features != NULL || LX_STACK_HAS(s, c, rotate);
}

/* What only attention by rows wants. */
static void ask_rows(struct lx_model *m, struct lx_work *w, const struct lx_enc_call *c,
                     struct lx_attention *a)
{
    const struct lx_stack *s = &m->stack;
    const struct lx_stack_item *remap = LX_STACK_ONLY(s, c, remap);
    const struct lx_stack_item *post = LX_STACK_ONLY(s, c, post);
    size_t T = (size_t)w->T;

    lx_work_products(m, c, a);
    a->values = LX_STACK_HAS(s, c, value);
    if (LX_STACK_HAS(s, c, whole)) {
        a->whole = w->whole;
        lx_stack_whole(s, c, m->config.heads, w->whole);
    }
    if (post != NULL && post->ops->n_state != NULL) {
        a->state = w->acts[c->layer].state;
        a->n_state = post->ops->n_state(post->self, w->T);
    }
    if (remap == NULL)
        return;
    a->maps = w->maps;
    for (int v = 0; v < a->products; v++)
        remap->ops->remap(remap->self, c, v, w->maps + (size_t)(2 * v) * T,
                          w->maps + (size_t)(2 * v + 1) * T);
}

void lx_work_sequences(struct lx_model *m, struct lx_work *w, int l)
{
    struct sequences p = {.m = m, .w = w, .l = l};

    lx_parallel(w->B, sequence, &p);
}

void lx_work_attention(struct lx_model *m, struct lx_work *w, int l, struct lx_attention *a)
{
    const struct lx_stack *s = &m->stack;
    struct lx_enc_call c = lx_work_call(w, l, 0, w->B);
    int H = m->config.heads;

    *a = (struct lx_attention){.B = w->B,
                               .T = w->T,
                               .H = H,
                               .head_dim = m->config.d_model / H,
                               .qkv = w->acts[l].qkv,
                               .out = w->acts[l].att,
                               .lse = w->acts[l].lse,
                               .tau = w->tau,
                               .reversed = w->reversed,
                               .scratch = w->scratch,
                               .scratch_size = w->attention_scratch,
                               .window = lx_stack_window(s, &c),
                               .always = lx_stack_always_seen(s, &c),
                               .stack = s,
                               .call = c,
                               .n_sums = w->n_sums,
                               .pair = LX_STACK_HAS(s, &c, pair)};
    lx_stack_tau(s, &c, H, w->tau);
    for (int h = 0; h < H && m->temperature != NULL; h++)
        w->tau[h] *= m->temperature[l * H + h];
    if (LX_STACK_HAS(s, &c, scale)) {
        a->scale = w->acts[l].scale;
        a->scale_stride = lx_stack_reads_input(s, &c) ? (size_t)H * (size_t)w->T : 0;
    }
    if (LX_STACK_HAS(s, &c, key))
        a->key = w->acts[l].key;
    if (LX_STACK_HAS(s, &c, sink)) {
        a->sink = w->sink;
        lx_stack_sink(s, &c, H, w->sink);
    }
    if (lx_stack_hides(s, &c)) {
        a->first = w->first;
        for (int i = 0; i < w->T; i++)
            w->first[i] = lx_stack_first_seen(s, &c, i);
    }
    ask_distances(m, w, &c, a);
    a->rows = lx_work_by_rows(m, w, l);
    if (a->rows)
        ask_rows(m, w, &c, a);
}

struct lx_attention_grads lx_work_grads(const struct lx_model *m, struct lx_work *w, int l)
{
    const struct lx_stack *s = &m->stack;
    struct lx_enc_call c = lx_work_call(w, l, 0, w->B);
    struct lx_attention_grads g = {
        .dist = LX_STACK_HAS(s, &c, dist_back) ? w->ddist : NULL,
        .mul = LX_STACK_HAS(s, &c, mul_back) ? w->dmul : NULL,
        .scale = LX_STACK_HAS(s, &c, scale_back) ? w->dscale : NULL,
        .whole = LX_STACK_HAS(s, &c, whole_back) ? w->dwhole : NULL,
        .key = LX_STACK_HAS(s, &c, key_back) ? w->dkey : NULL,
        .sink = LX_STACK_HAS(s, &c, sink_back) ? w->dsink : NULL,
        .sums = LX_STACK_HAS(s, &c, sums_back) ? w->sums : NULL,
    };

    w->n_sums = lx_stack_n_sums(s, m->config.heads, w->T);
    if (g.sums != NULL)
        memset(g.sums, 0, (size_t)w->B * w->n_sums * sizeof(*g.sums));
    return g;
}

bool lx_work_hooks_back(struct lx_model *m, struct lx_work *w, int l,
                        const struct lx_attention_grads *g)
{
    struct lx_enc_call c = lx_work_call(w, l, 0, w->B);
    struct sequences p = {.m = m, .w = w, .l = l, .g = g};
    int H = m->config.heads;

    lx_parallel(w->B, sequence_back, &p);
    distances_back(m, w, &c, g);
    if (g->sink != NULL) {
        for (int h = 0; h < H; h++)
            w->sink[h] = (real)g->sink[h];
        lx_stack_sink_back(&m->stack, &c, w->sink);
    }
    for (int b = 1; g->sums != NULL && b < w->B; b++)
        for (size_t i = 0; i < w->n_sums; i++)
            g->sums[i] += g->sums[(size_t)b * w->n_sums + i];
    if (g->sums != NULL)
        lx_stack_sums_back(&m->stack, &c, H, g->sums);
    return w->dln1 != NULL &&
           (g->key != NULL || (g->scale != NULL && lx_stack_reads_input(&m->stack, &c)));
}
