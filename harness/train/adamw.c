/* AdamW; see adamw.h. */
#include "train/adamw.h"

#include <math.h>

#include "tensor/simd.h"

enum lx_code lx_adamw_init(struct lx_adamw_state *s, const struct lx_paramset *ps,
                           struct lx_arena *arena, struct lx_err *err)
{
    s->step = 0;
    if (lx_arena_get(arena, ps->n_values, sizeof(real), &s->m, "AdamW moments", err) ||
        lx_arena_get(arena, ps->n_values, sizeof(real), &s->v, "AdamW moments", err))
        return err->code;
    return LX_OK;
}

double lx_adamw_norm(const struct lx_paramset *ps)
{
    double sum = 0;

    for (size_t i = 0; i < ps->count; i++)
        if (!ps->items[i].spec.frozen)
            sum += lx_simd()->square_sum(ps->items[i].n, ps->items[i].g);
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

void lx_adamw_step(struct lx_adamw_state *s, const struct lx_train_config *c, double lr,
                   double norm, struct lx_paramset *ps)
{
    double scale = c->clip > 0 && norm > c->clip ? c->clip / norm : 1.0;

    s->step++;
    for (size_t i = 0; i < ps->count; i++) {
        struct lx_param *p = &ps->items[i];
        size_t at = (size_t)(p->w - ps->w);
        struct lx_adamw o = {
            .lr = (real)lr,
            .beta1 = (real)c->beta1,
            .beta2 = (real)c->beta2,
            .eps = (real)c->eps,
            .decay = p->spec.decay ? (real)c->weight_decay : 0,
            .grad_scale = (real)scale,
            .bias1 = (real)(1 - pow(c->beta1, s->step)),
            .bias2 = (real)(1 - pow(c->beta2, s->step)),
        };

        if (p->spec.frozen)
            continue;
        lx_simd()->adamw(p->n, &o, p->g, p->w, s->m + at, s->v + at);
        if (p->spec.clamped)
            clamp(p);
    }
}
