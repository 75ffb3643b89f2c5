/* AdamW; see adamw.h. */
#include "train/adamw.h"

#include <math.h>

#include "kernels/simd.h"
#include "tensor/parallel.h"

enum lx_code lx_adamw_init(struct lx_adamw_state *s, const struct lx_paramset *ps,
                           struct lx_arena *arena, struct lx_err *err)
{
    s->step = 0;
    if (lx_arena_get(arena, ps->n_values, sizeof(real), &s->m, "AdamW moments", err) ||
        lx_arena_get(arena, ps->n_values, sizeof(real), &s->v, "AdamW moments", err) ||
        lx_arena_get(arena, ps->count, sizeof(double), &s->squares, "AdamW sums", err))
        return err->code;
    return LX_OK;
}

/* An update at work; a task is one array. */
struct update {
    struct lx_adamw_state *s;
    struct lx_paramset *ps;
    const struct lx_adamw *o;
    double decay;
    double lr, array_lr; /* array_lr: a multiple, for arrays of schemes */
};

static void square_array(void *ctx, int i, int worker)
{
    const struct update *u = ctx;
    const struct lx_param *p = &u->ps->items[i];

    (void)worker;
    u->s->squares[i] = p->spec.frozen ? 0 : lx_simd()->square_sum(p->n, p->g);
}

double lx_adamw_norm(struct lx_adamw_state *s, struct lx_paramset *ps)
{
    struct update u = {.s = s, .ps = ps};
    double sum = 0;

    lx_parallel((int)ps->count, square_array, &u);
    for (size_t i = 0; i < ps->count; i++)
        sum += s->squares[i];
    return sqrt(sum);
}

static void clamp(struct lx_param *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if ((double)p->w[i] < p->spec.lower)
            p->w[i] = (real)p->spec.lower;
        if ((double)p->w[i] > p->spec.upper)
            p->w[i] = (real)p->spec.upper;
    }
}

static void update_array(void *ctx, int i, int worker)
{
    const struct update *u = ctx;
    struct lx_param *p = &u->ps->items[i];
    size_t at = (size_t)(p->w - u->ps->w);
    struct lx_adamw o = *u->o;

    (void)worker;
    if (p->spec.frozen)
        return;
    o.lr = (real)(p->spec.of_scheme ? u->lr * u->array_lr : u->lr);
    o.decay = p->spec.decay ? (real)u->decay : 0;
    lx_simd()->adamw(p->n, &o, p->g, p->w, u->s->m + at, u->s->v + at);
    if (p->spec.clamped)
        clamp(p);
}

void lx_adamw_step(struct lx_adamw_state *s, const struct lx_train_config *c, double lr,
                   double norm, struct lx_paramset *ps)
{
    double scale = c->clip > 0 && norm > c->clip ? c->clip / norm : 1.0;
    int step = ++s->step;
    struct lx_adamw o = {
        .beta1 = (real)c->beta1,
        .beta2 = (real)c->beta2,
        .eps = (real)c->eps,
        .grad_scale = (real)scale,
        .bias1 = (real)(1 - pow(c->beta1, step)),
        .bias2 = (real)(1 - pow(c->beta2, step)),
    };
    struct update u = {
        .s = s, .ps = ps, .o = &o, .decay = c->weight_decay, .lr = lr, .array_lr = c->array_lr};

    lx_parallel((int)ps->count, update_array, &u);
}
