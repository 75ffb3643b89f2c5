/* Variants of every scheme that nobody chose: options drawn from its table, heads, widths and lengths drawn,
 * too. Where the streaming kernels and attention by rows can both do one, they agree: logits, gradients,
 * entropy and largest weight. The registry and the tables are walked, so that a new scheme or option is
 * tried without a line here. */
#include "kernels/gemm.h"
#include "tests/unit/variant_rig.h"

enum { B = 2 };

#ifdef LX_REAL_DOUBLE
#define ALLOWED 1e-11
#else
#define ALLOWED 2e-4 /* times the size of the numbers */
#endif

struct outcome {
    struct model_rig rig;
    real *logits, *entropy, *max_prob;
};

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
    int n_both = 0;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct lx_rng rng;

        if (strcmp(ops->name, "formula") == 0) /* has no options to draw: test_formula.c */
            continue;
        draw_begin(&rng, ops);
        for (int k = 0; k < VARIANTS; k++) {
            struct variant v;

            draw(&rng, ops, ops->remap != NULL ? "\"rope\", " : "", &v);
            n_both += check_variant(&v);
        }
    }
    assert_true(n_both >= 20 * VARIANTS); /* schemes that both ways can do */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(drawn_variants_agree_both_ways),
};

CHECK_MAIN(tests)
