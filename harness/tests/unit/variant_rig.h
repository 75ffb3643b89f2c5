/* Variants of a scheme that nobody chose: options drawn from its table, heads, widths and lengths drawn, too,
 * until the scheme accepts them. */
#ifndef LX_TESTS_VARIANT_RIG_H
#define LX_TESTS_VARIANT_RIG_H

#include "tests/unit/model_rig.h"

enum { VARIANTS = 10, TRIES = 400, LAYERS = 2, VOCAB = 11 };

/* A drawn model. */
struct variant {
    char stack[900];
    struct model_shape shape;
    int T;
};

static inline int between(struct lx_rng *rng, int lo, int hi)
{
    return lo + (int)lx_rng_below(rng, (uint64_t)(hi - lo + 1));
}

static inline double clipped(double v, const struct lx_option *o)
{
    return fmin(fmax(v, o->min), o->max);
}

/* A value for one option as JSON; false: a kind that is not drawn. Small numbers, so that what a scheme counts
 * in tokens falls inside of the lengths here. */
static inline bool draw_value(struct lx_rng *rng, const struct lx_option *o, char *out, size_t size)
{
    static const double factors[] = {0.5, 0.8, 1.3, 2.0};
    double around = isfinite(o->def) && o->def != 0.0 ? o->def : 1.0;
    char name[60];
    int n = 0;

    if (o->type == LX_OPT_BOOL) {
        (void)snprintf(out, size, "%s", between(rng, 0, 1) ? "true" : "false");
    } else if (o->type == LX_OPT_CHOICE) {
        do
            lx_option_choice_name(o, n++, name, sizeof(name));
        while (strcmp(name, "?") != 0);
        lx_option_choice_name(o, between(rng, 0, n - 2), name, sizeof(name));
        (void)snprintf(out, size, "\"%s\"", name);
    } else if (o->type == LX_OPT_INT) {
        (void)snprintf(out, size, "%.0f", clipped(between(rng, 1, 24), o));
    } else if (o->type == LX_OPT_REAL) {
        (void)snprintf(out, size, "%.3g", clipped(around * factors[between(rng, 0, 3)], o));
    } else {
        return false;
    }
    return true;
}

/* What stands before the scheme (entries, each with a comma after it), then {"name": ..., options}; every
 * option is there with that probability in percent. */
static inline void draw_stack(struct lx_rng *rng, const struct lx_encoding_ops *ops,
                              const char *before, int percent, struct variant *v)
{
    size_t size = sizeof(v->stack), at;
    char value[80];

    at = (size_t)snprintf(v->stack, size, "[%s{\"name\": \"%s\"", before, ops->name);
    for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++)
        if (between(rng, 0, 99) < percent && draw_value(rng, o, value, sizeof(value)))
            at += (size_t)snprintf(v->stack + at, size - at, ", \"%s\": %s", o->key, value);
    at += (size_t)snprintf(v->stack + at, size - at, "}]");
    assert_true(at < size);
}

static inline void draw_shape(struct lx_rng *rng, struct variant *v)
{
    int heads = between(rng, 1, 4);

    v->T = between(rng, 20, 90);
    v->shape = (struct model_shape){.config = {.layers = LAYERS,
                                               .d_model = heads * 2 * between(rng, 2, 6),
                                               .heads = heads,
                                               .d_ff = between(rng, 5, 30),
                                               .vocab = VOCAB},
                                    .train_length = between(rng, 8, v->T),
                                    .max_length = v->T,
                                    .gradients = true};
}

/* One that the scheme accepts, at a length that it can process. What it refuses is drawn again, with fewer
 * options as tries go by. */
static inline void draw(struct lx_rng *rng, const struct lx_encoding_ops *ops, const char *before,
                        struct variant *v)
{
    struct lx_err err = {.code = LX_OK};

    for (int i = 0; i < TRIES; i++) {
        struct model_rig r;
        enum lx_code code;
        int limit;

        draw_shape(rng, v);
        draw_stack(rng, ops, before, 60 - 60 * i / TRIES, v);
        code = model_try(&r, v->stack, &v->shape, &err);
        limit = code == LX_OK ? lx_stack_max_length(&r.m.stack) : 0;
        model_close(&r);
        if (code == LX_OK) {
            v->T = limit > 0 && limit < v->T ? limit : v->T;
            return;
        }
    }
    fail_msg("%s: no variant accepted in %d tries; the last: %s: %s", ops->name, TRIES, v->stack,
             err.text);
}

/* Draws of one scheme; LX_SEED gives others, by hand. */
static inline void draw_begin(struct lx_rng *rng, const struct lx_encoding_ops *ops)
{
    const char *seed = getenv("LX_SEED");

    lx_rng_init(rng, seed != NULL ? strtoull(seed, NULL, 10) : 1, ops->name);
}

#endif
