/* Calling any hook of the table in stack/hooks.c on one flat buffer: what is changed by it, looked at as
 * doubles, for tests that go through all hooks. Hooks that work on whole rows of attention are not
 * called here: test_attention_rows.c does. */
#ifndef LX_TESTS_HOOK_RIG_H
#define LX_TESTS_HOOK_RIG_H

#include "stack/hooks.h"
#include "tests/unit/encoding_rig.h"

/* A hook's buffer: reals or doubles, as encoding.h says. */
struct hook_buffer {
    size_t n;
    real *x;
    double *wide; /* for LX_HOOK_KEYS */
};

static inline bool hook_is(const struct lx_hook *k, const char *name)
{
    return strcmp(k->name, name) == 0;
}

/* Values that the hook changes at B sequences of T tokens; 0: it answers, or works on rows. */
static inline size_t hook_size(const struct rig *r, const struct lx_hook *k, int B, int T)
{
    size_t rows = (size_t)B * (size_t)T, H = (size_t)r->dims.heads;

    switch (k->shape) {
    case LX_HOOK_VECTORS:
        return hook_is(k, "features")
                   ? 0
                   : rows * (size_t)r->dims.d_model * (hook_is(k, "rotate") ? 2 : 1);
    case LX_HOOK_ROWS:
    case LX_HOOK_KEYS:
    case LX_HOOK_DISTANCE:
        return H * (size_t)T;
    case LX_HOOK_HEADS:
        return H;
    case LX_HOOK_STRIP:
        return (size_t)T;
    case LX_HOOK_ROW:
    case LX_HOOK_NUMBER:
        break;
    }
    return 0;
}

static inline struct hook_buffer hook_take(struct rig *r, const struct lx_hook *k, int B, int T)
{
    struct hook_buffer b = {.n = hook_size(r, k, B, T)};

    b.x = rig_reals(r, b.n + 1);
    b.wide = lx_arena_take(&r->arena, b.n + 1, sizeof(double));
    assert_non_null(b.wide);
    return b;
}

static inline double hook_value(const struct lx_hook *k, const struct hook_buffer *b, size_t i)
{
    return k->shape == LX_HOOK_KEYS ? b->wide[i] : (double)b->x[i];
}

/* Runs hook k, which the scheme has, on the buffer; x (T, d_model) is a layer's input. pair: of the last
 * query, head 0. */
static inline void hook_call(struct rig *r, const struct lx_hook *k, struct lx_enc_call c,
                             const real *x, struct hook_buffer *b)
{
    const struct lx_encoding_ops *o = r->ops;
    size_t half = b->n / 2;

    if (!hook_is(k, "embed") && !hook_is(k, "rotate"))
        c.B = 1;
    if (hook_is(k, "embed")) {
        c.layer = -1;
        o->embed(r->self, &c, b->x);
    } else if (hook_is(k, "rotate")) {
        o->rotate(r->self, &c, b->x, b->x + half, (size_t)r->dims.d_model);
    } else if (hook_is(k, "scale")) {
        o->scale(r->self, &c, o->reads_input ? x : NULL, b->x);
    } else if (hook_is(k, "mul")) {
        o->mul(r->self, &c, b->x);
    } else if (hook_is(k, "dist")) {
        o->dist(r->self, &c, b->x);
    } else if (hook_is(k, "key")) {
        o->key(r->self, &c, x, b->wide);
    } else if (hook_is(k, "pair")) {
        o->pair(r->self, &c, 0, c.T - 1, 0, c.T, b->x);
    } else if (hook_is(k, "tau")) {
        o->tau(r->self, &c, b->x);
    } else if (hook_is(k, "sink")) {
        o->sink(r->self, &c, b->x);
    } else if (hook_is(k, "whole")) {
        o->whole(r->self, &c, b->x);
    } else {
        fail_msg("hook_rig.h does not know how to call \"%s\"", k->name);
    }
}

/* The back hook of k, with noise for a gradient; sums of the scheme, added to. */
static inline void hook_call_back(struct rig *r, const struct lx_hook *k, struct lx_enc_call c,
                                  const real *x, double *sums)
{
    const struct lx_encoding_ops *o = r->ops;
    size_t wide = (size_t)c.T * (size_t)r->dims.d_model;
    struct hook_buffer g = hook_take(r, k, c.B, c.T);
    real *dx = rig_reals(r, wide);

    rig_noise(g.x, g.n, 9);
    for (size_t i = 0; i < g.n; i++)
        g.wide[i] = (double)g.x[i];
    if (!hook_is(k, "embed") && !hook_is(k, "rotate"))
        c.B = 1;
    if (hook_is(k, "embed")) {
        c.layer = -1;
        o->embed_back(r->self, &c, g.x);
    } else if (hook_is(k, "rotate")) {
        o->rotate_back(r->self, &c, g.x, g.x + g.n / 2, (size_t)r->dims.d_model);
    } else if (hook_is(k, "scale")) {
        o->scale_back(r->self, &c, o->reads_input ? x : NULL, g.x, o->reads_input ? dx : NULL,
                      sums);
    } else if (hook_is(k, "mul")) {
        o->mul_back(r->self, &c, g.x);
    } else if (hook_is(k, "dist")) {
        o->dist_back(r->self, &c, g.x);
    } else if (hook_is(k, "key")) {
        o->key_back(r->self, &c, x, g.wide, dx, sums);
    } else if (hook_is(k, "pair")) {
        size_t own = o->n_sums(r->self, c.T);

        for (int h = 0; h < r->dims.heads; h++)
            for (int i = 0; i < c.T; i++)
                o->pair_back(r->self, &c, h, i, 0, i + 1, g.x, sums + (size_t)h * own);
    } else if (hook_is(k, "sink")) {
        o->sink_back(r->self, &c, g.x);
    } else if (hook_is(k, "whole")) {
        o->whole_back(r->self, &c, g.x, sums);
    } else if (g.n > 0) {
        fail_msg("hook_rig.h does not know how to call back \"%s\"", k->name);
    }
}

#endif
