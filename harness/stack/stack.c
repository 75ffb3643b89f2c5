/* Running hooks over a stack of schemes; see stack.h. */
#include "stack/stack.h"

#include <stdio.h>
#include <string.h>

bool lx_stack_acts(const struct lx_stack *s, const struct lx_stack_item *e,
                   const struct lx_enc_call *c)
{
    if (c == NULL)
        return true;
    if (e->until > 0 && !(s->progress < e->until))
        return false;
    return e->off == NULL || c->layer < 0 || !e->off[c->layer];
}

/* The element from i on (counting down: to i, with step -1) that sets the hook and acts; NULL: none. */
static const struct lx_stack_item *next(const struct lx_stack *s, const struct lx_enc_call *c,
                                        size_t hook, int *i, int step)
{
    for (; *i >= 0 && *i < s->n; *i += step) {
        const struct lx_stack_item *e = &s->items[*i];

        if (lx_hook_used(e->ops, e->self, hook) && lx_stack_acts(s, e, c)) {
            *i += step;
            return e;
        }
    }
    return NULL;
}

/* Walks over the elements that set a hook and act in the layer, first to last or last to first. */
struct walk {
    const struct lx_stack *s;
    const struct lx_enc_call *c;
    size_t hook;
    int at, step;
};

#define WALK(s, c, hook) ((struct walk){(s), (c), offsetof(struct lx_encoding_ops, hook), 0, 1})
#define WALK_BACK(s, c, hook)                                                                      \
    ((struct walk){(s), (c), offsetof(struct lx_encoding_ops, hook), (s)->n - 1, -1})

static const struct lx_stack_item *step(struct walk *w)
{
    return next(w->s, w->c, w->hook, &w->at, w->step);
}

bool lx_stack_has(const struct lx_stack *s, const struct lx_enc_call *c, size_t hook)
{
    int i = 0;

    return next(s, c, hook, &i, 1) != NULL;
}

const struct lx_stack_item *lx_stack_only(const struct lx_stack *s, const struct lx_enc_call *c,
                                          size_t hook)
{
    int i = 0;

    return next(s, c, hook, &i, 1);
}

bool lx_stack_by_rows(const struct lx_stack *s, const struct lx_enc_call *c)
{
    for (size_t k = 0; k < lx_hook_count; k++)
        if (lx_hooks[k].place == LX_HOOK_SLOW && lx_stack_has(s, c, lx_hooks[k].at))
            return true;
    return false;
}

/* What a scheme says of itself, else what is usual for its hooks. */
static struct lx_enc_cost row_cost(const struct lx_stack_item *e)
{
    struct lx_enc_cost sum = {0, 0};
    bool slow = false;

    for (size_t k = 0; k < lx_hook_count; k++) {
        const struct lx_hook *hook = &lx_hooks[k];

        if (hook->place != LX_HOOK_SLOW || !lx_hook_used(e->ops, e->self, hook->at))
            continue;
        slow = true;
        sum.forward += hook->cost.forward;
        sum.training += hook->cost.training;
    }
    return slow && e->ops->row_cost.training > 0 ? e->ops->row_cost : sum;
}

struct lx_enc_cost lx_stack_row_cost(const struct lx_stack *s, const struct lx_enc_call *c)
{
    struct lx_enc_cost sum = {0, 0};

    for (int i = 0; i < s->n; i++) {
        struct lx_enc_cost own = row_cost(&s->items[i]);

        if (!lx_stack_acts(s, &s->items[i], c))
            continue;
        sum.forward += own.forward;
        sum.training += own.training;
    }
    return sum;
}

bool lx_stack_reads_input(const struct lx_stack *s, const struct lx_enc_call *c)
{
    struct walk w = WALK(s, c, scale);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        if (e->ops->reads_input)
            return true;
    return false;
}

void lx_stack_prepare(struct lx_stack *s, int T, int reach)
{
    struct walk w = WALK(s, NULL, prepare);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->prepare(e->self, T, reach);
}

/* ---------------------------------------------------------------------------------- positions */

int lx_stack_reach(const struct lx_stack *s, int T, bool training)
{
    struct walk w = WALK(s, NULL, reach);
    const struct lx_stack_item *e = step(&w);
    int own = T, embed = T;

    if (e != NULL) {
        own = e->ops->reach(e->self, T, training, false);
        embed = e->ops->reach(e->self, T, training, true);
    }
    return own > embed ? own : embed;
}

int lx_stack_positions(const struct lx_stack *s, const struct lx_enc_draw *draw,
                       const uint16_t *tokens, int B, int T, double *pos, double *pos_embed,
                       double *distances)
{
    struct walk w = WALK(s, NULL, positions);
    const struct lx_stack_item *e = step(&w);
    int wrote = 0;

    for (int b = 0; e != NULL && b < B; b++) {
        struct lx_rng rng;
        char stream[64];
        size_t at = (size_t)b * (size_t)T;
        struct lx_enc_positions p = {.draw = draw,
                                     .tokens = tokens != NULL ? tokens + at : NULL,
                                     .rng = &rng,
                                     .pos = pos + at,
                                     .pos_embed = pos_embed + at,
                                     .distances = b == 0 ? distances : NULL};

        for (int t = 0; t < T; t++) {
            p.pos[t] = p.pos_embed[t] = t;
            distances[t] = b == 0 ? t : distances[t];
        }
        if (draw->training)
            (void)snprintf(stream, sizeof(stream), "positions/%lld/%d", draw->step, b);
        else
            (void)snprintf(stream, sizeof(stream), "positions/%d", T);
        lx_rng_init(&rng, draw->training ? draw->seed : 0, stream);
        wrote |= e->ops->positions(e->self, T, &p);
    }
    return wrote;
}

void lx_stack_embed(const struct lx_stack *s, const struct lx_enc_call *c, real *x)
{
    struct walk w = WALK(s, c, embed);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->embed(e->self, c, x);
}

void lx_stack_embed_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dx)
{
    struct walk w = WALK_BACK(s, c, embed_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->embed_back(e->self, c, dx);
}

void lx_stack_rotate(const struct lx_stack *s, const struct lx_enc_call *c, real *q, real *k,
                     size_t stride)
{
    struct walk w = WALK(s, c, rotate);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->rotate(e->self, c, q, k, stride);
}

void lx_stack_rotate_back(struct lx_stack *s, const struct lx_enc_call *c, real *dq, real *dk,
                          size_t stride)
{
    struct walk w = WALK_BACK(s, c, rotate_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->rotate_back(e->self, c, dq, dk, stride);
}

/* -------------------------------------------------------------------------- factors and biases */

static void fill(real *x, size_t n, real v)
{
    for (size_t i = 0; i < n; i++)
        x[i] = v;
}

void lx_stack_scale(const struct lx_stack *s, const struct lx_enc_call *c, int heads, const real *x,
                    real *scale)
{
    struct walk w = WALK(s, c, scale);

    fill(scale, (size_t)heads * (size_t)c->T, 1);
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->scale(e->self, c, e->ops->reads_input ? x : NULL, scale);
}

/* The gradient by the factors of one element: that by the product, times the factors of all others. */
static const real *own_factor(real *spare, size_t n, const real *gradient)
{
    for (size_t i = 0; i < n; i++)
        spare[i] *= gradient[i];
    return spare;
}

void lx_stack_scale_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const real *x, const real *ds, real *dx, double *sums, real *spare)
{
    size_t n = (size_t)heads * (size_t)c->T;
    struct walk w = WALK_BACK(s, c, scale_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        struct walk others = WALK(s, c, scale);

        fill(spare, n, 1);
        for (const struct lx_stack_item *o = step(&others); o != NULL; o = step(&others))
            if (o != e)
                o->ops->scale(o->self, c, o->ops->reads_input ? x : NULL, spare);
        e->ops->scale_back(e->self, c, e->ops->reads_input ? x : NULL, own_factor(spare, n, ds),
                           e->ops->reads_input ? dx : NULL,
                           lx_stack_sums_of(s, e, heads, c->T, sums));
    }
}

void lx_stack_tau(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *tau)
{
    struct walk w = WALK(s, c, tau);

    fill(tau, (size_t)heads, 1);
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->tau(e->self, c, tau);
}

void lx_stack_dist(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table)
{
    struct walk w = WALK(s, c, dist);

    memset(table, 0, (size_t)heads * (size_t)c->T * sizeof(*table));
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->dist(e->self, c, table);
}

void lx_stack_dist_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dtable)
{
    struct walk w = WALK_BACK(s, c, dist_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->dist_back(e->self, c, dtable);
}

void lx_stack_mul(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table)
{
    struct walk w = WALK(s, c, mul);

    fill(table, (size_t)heads * (size_t)c->T, 1);
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->mul(e->self, c, table);
}

void lx_stack_mul_back(struct lx_stack *s, const struct lx_enc_call *c, int heads,
                       const real *dtable, real *spare)
{
    size_t n = (size_t)heads * (size_t)c->T;
    struct walk w = WALK_BACK(s, c, mul_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        struct walk others = WALK(s, c, mul);

        fill(spare, n, 1);
        for (const struct lx_stack_item *o = step(&others); o != NULL; o = step(&others))
            if (o != e)
                o->ops->mul(o->self, c, spare);
        e->ops->mul_back(e->self, c, own_factor(spare, n, dtable));
    }
}

void lx_stack_key(const struct lx_stack *s, const struct lx_enc_call *c, int heads, const real *x,
                  double *key)
{
    struct walk w = WALK(s, c, key);

    memset(key, 0, (size_t)heads * (size_t)c->T * sizeof(*key));
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->key(e->self, c, x, key);
}

void lx_stack_key_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                       const real *x, const double *dkey, real *dx, double *sums)
{
    struct walk w = WALK_BACK(s, c, key_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->key_back(e->self, c, x, dkey, dx, lx_stack_sums_of(s, e, heads, c->T, sums));
}

void lx_stack_sink(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *sink)
{
    struct walk w = WALK(s, c, sink);

    fill(sink, (size_t)heads, 0);
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->sink(e->self, c, sink);
}

void lx_stack_sink_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dsink)
{
    struct walk w = WALK_BACK(s, c, sink_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->sink_back(e->self, c, dsink);
}

void lx_stack_pair(const struct lx_stack *s, const struct lx_enc_call *c, int h, int i, int j0,
                   int n, real *bias)
{
    struct walk w = WALK(s, c, pair);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->pair(e->self, c, h, i, j0, n, bias);
}

void lx_stack_pair_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads, int h,
                        int i, int j0, int n, const real *dbias, double *sums)
{
    struct walk w = WALK_BACK(s, c, pair_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        size_t own = e->ops->n_sums != NULL ? e->ops->n_sums(e->self, c->T) : 0;

        e->ops->pair_back(e->self, c, h, i, j0, n, dbias,
                          lx_stack_sums_of(s, e, heads, c->T, sums) + (size_t)h * own);
    }
}

/* ----------------------------------------------------------------------------------- row by row */

void lx_stack_whole(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *whole)
{
    struct walk w = WALK(s, c, whole);

    fill(whole, (size_t)heads * (size_t)c->T, 1);
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->whole(e->self, c, whole);
}

void lx_stack_whole_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const real *dwhole, double *sums, real *spare)
{
    size_t n = (size_t)heads * (size_t)c->T;
    struct walk w = WALK_BACK(s, c, whole_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        struct walk others = WALK(s, c, whole);

        fill(spare, n, 1);
        for (const struct lx_stack_item *o = step(&others); o != NULL; o = step(&others))
            if (o != e)
                o->ops->whole(o->self, c, spare);
        e->ops->whole_back(e->self, c, own_factor(spare, n, dwhole),
                           lx_stack_sums_of(s, e, heads, c->T, sums));
    }
}

void lx_stack_bias(const struct lx_stack *s, const struct lx_enc_call *c,
                   const struct lx_enc_row *row)
{
    struct walk w = WALK(s, c, bias);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->bias(e->self, c, row);
}

/* The row as element e sees it: with its own sums. */
static struct lx_enc_row row_of(const struct lx_stack *s, const struct lx_stack_item *e, int heads,
                                int T, const struct lx_enc_row *row)
{
    struct lx_enc_row own = *row;

    own.sums = lx_stack_sums_of(s, e, heads, T, row->sums);
    return own;
}

void lx_stack_bias_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                        const struct lx_enc_row *row)
{
    struct walk w = WALK_BACK(s, c, bias_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        struct lx_enc_row own = row_of(s, e, heads, c->T, row);

        e->ops->bias_back(e->self, c, &own);
    }
}

void lx_stack_value(const struct lx_stack *s, const struct lx_enc_call *c,
                    const struct lx_enc_row *row)
{
    struct walk w = WALK(s, c, value);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->value(e->self, c, row);
}

void lx_stack_value_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const struct lx_enc_row *row)
{
    struct walk w = WALK_BACK(s, c, value_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        struct lx_enc_row own = row_of(s, e, heads, c->T, row);

        e->ops->value_back(e->self, c, &own);
    }
}

/* --------------------------------------------------------------------------------------- sums */

static size_t sums_before(const struct lx_stack *s, int n, int heads, int T)
{
    size_t sum = 0;

    for (int i = 0; i < n; i++)
        if (s->items[i].ops->n_sums != NULL)
            sum += (size_t)heads * s->items[i].ops->n_sums(s->items[i].self, T);
    return sum;
}

double *lx_stack_sums_of(const struct lx_stack *s, const struct lx_stack_item *e, int heads, int T,
                         double *sums)
{
    return sums != NULL ? sums + sums_before(s, (int)(e - s->items), heads, T) : NULL;
}

size_t lx_stack_n_sums(const struct lx_stack *s, int heads, int T)
{
    return sums_before(s, s->n, heads, T);
}

void lx_stack_sums_back(struct lx_stack *s, const struct lx_enc_call *c, int heads,
                        const double *sums)
{
    struct walk w = WALK_BACK(s, c, sums_back);

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w))
        e->ops->sums_back(e->self, c, sums + sums_before(s, (int)(e - s->items), heads, c->T));
}

/* ----------------------------------------------------------------------------- what is hidden */

int lx_stack_window(const struct lx_stack *s, const struct lx_enc_call *c)
{
    struct walk w = WALK(s, c, window);
    int width = c->T;

    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        int own = e->ops->window(e->self, c);

        if (own > 0 && own < width)
            width = own;
    }
    return width;
}

bool lx_stack_hides(const struct lx_stack *s, const struct lx_enc_call *c)
{
    return LX_STACK_HAS(s, c, first_seen);
}

int lx_stack_first_seen(const struct lx_stack *s, const struct lx_enc_call *c, int i)
{
    struct walk w = WALK(s, c, first_seen);
    int first = i + 1 - lx_stack_window(s, c);

    first = first > 0 ? first : 0;
    for (const struct lx_stack_item *e = step(&w); e != NULL; e = step(&w)) {
        int own = e->ops->first_seen(e->self, c, i);

        first = own > first ? own : first;
    }
    return first;
}

int lx_stack_always_seen(const struct lx_stack *s, const struct lx_enc_call *c)
{
    struct walk w = WALK(s, c, always_seen);
    const struct lx_stack_item *e = step(&w);

    return e != NULL ? e->ops->always_seen(e->self) : 0;
}

int lx_stack_keys(const struct lx_stack *s, const struct lx_enc_call *c, int i)
{
    int first = lx_stack_first_seen(s, c, i), always = lx_stack_always_seen(s, c);
    int window = c->both ? lx_stack_window(s, c) : 1, after = c->T - 1 - i;

    return i + 1 - first + (always < first ? always : first) +
           (after < window - 1 ? after : window - 1);
}
