/* An encoding on its own: what a model would do to set one up, without a model around it. */
#ifndef LX_TESTS_ENCODING_RIG_H
#define LX_TESTS_ENCODING_RIG_H

#include <math.h>
#include <string.h>

#include "encodings/encoding.h"
#include "json/json.h"
#include "tests/unit/check.h"
#include "text/options.h"

/* Tolerance for values of order one after a few operations. */
#ifdef LX_REAL_DOUBLE
#define RIG_EPS 1e-12
#else
#define RIG_EPS 2e-6
#endif

struct rig {
    const struct lx_encoding_ops *ops;
    struct lx_enc_dims dims;
    struct lx_arena arena;
    struct lx_paramset params;
    void *self;
};

/* Scheme `name` with the options of a JSON object text (NULL: defaults), up to filled parameters. */
static inline enum lx_code rig_try(struct rig *r, const char *name, const char *options,
                                   const struct lx_enc_dims *dims, struct lx_err *err)
{
    struct lx_json *json = NULL;
    enum lx_code code = LX_OK;

    memset(r, 0, sizeof(*r));
    r->dims = *dims;
    r->ops = lx_encoding_find(name);
    assert_non_null(r->ops);
    r->self = lx_arena_take(&r->arena, 1, r->ops->state_size + 1);
    assert_non_null(r->self);
    if (options != NULL)
        code = lx_json_parse(options, strlen(options), name, &json, err);
    if (code == LX_OK && r->ops->options != NULL)
        code = lx_options_parse(r->ops->options, json, name, NULL, r->self, &r->arena, err);
    lx_json_free(json);
    if (code == LX_OK)
        code = lx_paramset_init(&r->params, 8, &r->arena, err);
    if (code == LX_OK && r->ops->init != NULL)
        code = r->ops->init(r->self, dims, &r->arena, &r->params, err);
    if (code == LX_OK)
        code = lx_paramset_layout(&r->params, true, err);
    if (code == LX_OK)
        lx_paramset_fill(&r->params, 1);
    return code;
}

static inline void rig_open(struct rig *r, const char *name, const char *options,
                            const struct lx_enc_dims *dims)
{
    struct lx_err err;

    CHECK_OK(rig_try(r, name, options, dims, &err));
}

static inline void rig_close(struct rig *r)
{
    lx_arena_free(&r->arena);
}

/* Zeroed reals that live as long as the rig. */
static inline real *rig_reals(struct rig *r, size_t n)
{
    real *p = lx_arena_take(&r->arena, n, sizeof(real));

    assert_non_null(p);
    return p;
}

static inline void rig_prepare(struct rig *r, int T)
{
    if (r->ops->prepare != NULL)
        r->ops->prepare(r->self, T, T);
}

/* The bias table (heads, T) that layer 0 gets. */
static inline real *rig_dist(struct rig *r, int T)
{
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = T};
    real *table = rig_reals(r, (size_t)r->dims.heads * (size_t)T);

    rig_prepare(r, T);
    r->ops->dist(r->self, &call, table);
    return table;
}

/* What embed adds to a sequence of T tokens: (T, d_model). */
static inline real *rig_embed(struct rig *r, int T)
{
    struct lx_enc_call call = {.layer = -1, .B = 1, .T = T};
    real *x = rig_reals(r, (size_t)r->dims.d_model * (size_t)T);

    rig_prepare(r, T);
    r->ops->embed(r->self, &call, x);
    return x;
}

static inline void rig_noise(real *x, size_t n, uint64_t seed)
{
    struct lx_rng rng;

    lx_rng_init(&rng, seed, "test");
    for (size_t i = 0; i < n; i++)
        x[i] = (real)lx_rng_normal(&rng);
}

#endif
