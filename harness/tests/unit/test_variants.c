/* Variants of every scheme that nobody chose: options drawn from its table, heads, widths and lengths drawn,
 * too. Where the streaming kernels and attention by rows can both do one, they agree: logits, gradients,
 * entropy and largest weight. The registry and the tables are walked, so that a new scheme or option is
 * tried without a line here. */
#include "core/rng.h"
#include "tensor/gemm.h"
#include "tests/unit/model_rig.h"

enum { VARIANTS = 10, TRIES = 400, B = 2, LAYERS = 2, VOCAB = 11 };

#ifdef LX_REAL_DOUBLE
#define ALLOWED 1e-11
#else
#define ALLOWED 2e-4 /* times the size of the numbers */
#endif

/* A drawn model. */
struct variant {
    char stack[700];
    struct model_shape shape;
    int T;
};

struct outcome {
    struct model_rig rig;
    real *logits, *entropy, *max_prob;
};

static int between(struct lx_rng *rng, int lo, int hi)
{
    return lo + (int)lx_rng_below(rng, (uint64_t)(hi - lo + 1));
}

static double clipped(double v, const struct lx_option *o)
{
    return fmin(fmax(v, o->min), o->max);
}

/* A value for one option as JSON; false: a kind that is not drawn. Small numbers, so that what a scheme counts
 * in tokens falls inside of the lengths here. */
static bool draw_value(struct lx_rng *rng, const struct lx_option *o, char *out, size_t size)
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

/* {"name": ..., options}; every option is there with that probability in percent. */
static void draw_stack(struct lx_rng *rng, const struct lx_encoding_ops *ops, int percent,
                       struct variant *v)
{
    size_t size = sizeof(v->stack), at;
    char value[80];

    at = (size_t)snprintf(v->stack, size, "[%s{\"name\": \"%s\"",
                          ops->remap != NULL ? "\"rope\", " : "", ops->name);
    for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++)
        if (between(rng, 0, 99) < percent && draw_value(rng, o, value, sizeof(value)))
            at += (size_t)snprintf(v->stack + at, size - at, ", \"%s\": %s", o->key, value);
    at += (size_t)snprintf(v->stack + at, size - at, "}]");
    assert_true(at < size);
}

static void draw_shape(struct lx_rng *rng, struct variant *v)
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
static void draw(struct lx_rng *rng, const struct lx_encoding_ops *ops, struct variant *v)
{
    struct lx_err err = {.code = LX_OK};

    for (int i = 0; i < TRIES; i++) {
        struct model_rig r;
        enum lx_code code;
        int limit;

        draw_shape(rng, v);
        draw_stack(rng, ops, 60 - 60 * i / TRIES, v);
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

static void compute(struct outcome *o, const struct variant *v, bool rows)
{
    size_t n = (size_t)(B * v->T), n_rows = (size_t)(LAYERS * v->shape.config.heads) * n;
    struct lx_observe observe = {0};
    uint16_t *tokens, *targets;
    double *nll;

    model_open(&o->rig, v->stack, &v->shape);
    model_scatter(&o->rig, 0.25, 2);
    o->rig.m.rows = rows;
    model_work(&o->rig, B, v->T, true);
    tokens = model_tokens(&o->rig, n, 3);
    targets = model_tokens(&o->rig, n, 4);
    nll = model_take(&o->rig, n, sizeof(*nll));
    o->entropy = observe.entropy = model_take(&o->rig, n_rows, sizeof(real));
    o->max_prob = observe.max_prob = model_take(&o->rig, n_rows, sizeof(real));
    o->logits = model_logits(&o->rig, tokens, B, v->T);
    memset(o->rig.m.params.g, 0, o->rig.m.params.n_values * sizeof(real));
    lx_model_forward(&o->rig.m, o->rig.work, tokens, B, v->T, &observe);
    lx_model_loss(&o->rig.m, o->rig.work, tokens, targets, nll, NULL, true);
}

/* Largest difference, as part of the size of the numbers (of 1 where they are smaller). */
static double part(const real *a, const real *b, size_t n)
{
    double size = 1.0;

    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs((double)a[i]));
    return model_difference(a, b, n) / size;
}

static void check_same(const struct outcome *a, const struct outcome *b, const struct variant *v)
{
    size_t n = (size_t)(B * v->T), n_rows = (size_t)(LAYERS * v->shape.config.heads) * n;
    double worst[4] = {part(a->logits, b->logits, n * VOCAB), 0.0,
                       part(a->entropy, b->entropy, n_rows),
                       part(a->max_prob, b->max_prob, n_rows)};

    for (size_t i = 0; i < a->rig.m.params.count; i++) {
        const struct lx_param *p = &a->rig.m.params.items[i];
        const struct lx_param *q = &b->rig.m.params.items[i];

        worst[1] = fmax(worst[1], part(p->g, q->g, p->n));
    }
    for (int i = 0; i < 4; i++)
        if (!(worst[i] <= ALLOWED))
            fail_msg(
                "%s, heads %d, width %d, trained at %d, read at %d: logits, gradients, entropy, "
                "largest weight differ by %.3g %.3g %.3g %.3g",
                v->stack, v->shape.config.heads, v->shape.config.d_model, v->shape.train_length,
                v->T, worst[0], worst[1], worst[2], worst[3]);
}

/* Whether the kernels could do it. */
static bool check_variant(const struct variant *v)
{
    struct outcome fast, slow;
    bool both;

    compute(&fast, v, false);
    both = !lx_stack_by_rows(&fast.rig.m.stack, NULL);
    if (both) {
        compute(&slow, v, true);
        check_same(&fast, &slow, v);
        model_close(&slow.rig);
    }
    model_close(&fast.rig);
    return both;
}

static void drawn_variants_agree_both_ways(void **state)
{
    const char *seed = getenv("LX_SEED"); /* other draws, by hand */
    int n_both = 0;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct lx_rng rng;

        if (strcmp(ops->name, "formula") == 0) /* has no options to draw: test_formula.c */
            continue;
        lx_rng_init(&rng, seed != NULL ? strtoull(seed, NULL, 10) : 1, ops->name);
        for (int k = 0; k < VARIANTS; k++) {
            struct variant v;

            draw(&rng, ops, &v);
            n_both += check_variant(&v);
        }
    }
    assert_true(n_both >= 20 * VARIANTS); /* schemes that both ways can do */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(drawn_variants_agree_both_ways),
};

CHECK_MAIN(tests)
