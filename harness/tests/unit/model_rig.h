/* A tiny model from a stack in JSON, as a run would build it, for tests of the whole. */
#ifndef LX_TESTS_MODEL_RIG_H
#define LX_TESTS_MODEL_RIG_H

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "json/json.h"
#include "model/transformer.h"
#include "tests/unit/check.h"

struct model_rig {
    struct lx_arena arena;
    struct lx_model m;
    struct lx_work *work;
};

struct model_shape {
    struct lx_model_config config;
    int train_length, max_length;
    bool gradients;
};

/* Stack: JSON list text, [{"name": ...}]. Values stay zero. */
static inline enum lx_code model_try(struct model_rig *r, const char *stack,
                                     const struct model_shape *shape, struct lx_err *err)
{
    struct lx_json *list = NULL;
    struct lx_stack parsed;
    enum lx_code code;

    memset(r, 0, sizeof(*r));
    code = lx_json_parse(stack, strlen(stack), "stack", &list, err);
    if (code == LX_OK)
        code = lx_stack_parse(&parsed, list, "stack", &r->arena, err);
    lx_json_free(list);
    if (code == LX_OK)
        code = lx_model_init(&r->m, &shape->config, &parsed, shape->train_length, shape->max_length,
                             shape->gradients, &r->arena, err);
    return code;
}

static inline void model_open(struct model_rig *r, const char *stack,
                              const struct model_shape *shape)
{
    struct lx_err err;

    if (model_try(r, stack, shape, &err) != LX_OK)
        fail_msg("%s: %s", stack, err.text);
    lx_paramset_fill(&r->m.params, 1);
}

static inline void model_work(struct model_rig *r, int B, int T, bool training)
{
    struct lx_err err;

    CHECK_OK(lx_work_init(&r->work, &r->m, B, T, training, &r->arena, &err));
}

static inline void model_close(struct model_rig *r)
{
    lx_arena_free(&r->arena);
}

/* Every value of every array somewhere general: norms about 1, bounded arrays inside their bounds,
 * everything else normal; nothing is zero and no two are equal. */
static inline void model_scatter(struct model_rig *r, double spread, uint64_t seed)
{
    struct lx_rng rng;

    lx_rng_init(&rng, seed, "scatter");
    for (size_t i = 0; i < r->m.params.count; i++) {
        struct lx_param *p = &r->m.params.items[i];
        bool norm = strstr(p->spec.name, "ln") != NULL && strstr(p->spec.name, "weight") != NULL;

        for (size_t k = 0; k < p->n; k++) {
            double v = spread * lx_rng_normal(&rng);

            if (norm)
                v += 1;
            if (p->spec.clamped)
                v = 0.3 + 0.5 * lx_rng_uniform(&rng);
            p->w[k] = (real)v;
        }
    }
}

/* Stack of one scheme with its default options, and with rotations below one that moves them;
 * size >= 96. */
static inline const char *model_stack_of(const char *name, char *out, size_t size)
{
    const struct lx_encoding_ops *ops = lx_encoding_find(name);

    (void)snprintf(out, size, "[%s{\"name\": \"%s\"}]",
                   ops != NULL && ops->remap != NULL ? "\"rope\", " : "", name);
    return out;
}

static inline void *model_take(struct model_rig *r, size_t n, size_t size)
{
    void *p = lx_arena_take(&r->arena, n, size);

    assert_non_null(p);
    return p;
}

static inline uint16_t *model_tokens(struct model_rig *r, size_t n, uint64_t seed)
{
    uint16_t *t = model_take(r, n, sizeof(*t));
    struct lx_rng rng;

    lx_rng_init(&rng, seed, "tokens");
    for (size_t i = 0; i < n; i++)
        t[i] = (uint16_t)lx_rng_below(&rng, (uint64_t)r->m.config.vocab);
    return t;
}

/* Logits (B*T, V) of one forward pass with the rig's work. */
static inline real *model_logits(struct model_rig *r, const uint16_t *tokens, int B, int T)
{
    real *out = model_take(r, (size_t)(B * T) * (size_t)r->m.config.vocab, sizeof(*out));

    lx_model_forward(&r->m, r->work, tokens, B, T, NULL);
    lx_model_logits(&r->m, r->work, 0, B * T, out);
    return out;
}

/* Largest difference of n values. */
static inline double model_difference(const real *a, const real *b, size_t n)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        if (!(d <= worst))
            worst = d;
    }
    return worst;
}

#endif
