/* Attention by rows against the streaming kernels: for every stack that both can do, logits, gradients and
 * what is observed agree to rounding. And definitions that make one stack of hooks equal to another. */
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"

enum { B = 3, T = 150, V = 11, H = 3, LAYERS = 2 };

#ifdef LX_REAL_DOUBLE
#define ALLOWED 1e-12
#else
#define ALLOWED 3e-5
#endif

static const struct lx_model_config config = {
    .layers = LAYERS, .d_model = 24, .heads = H, .d_ff = 24, .vocab = V};

struct outcome {
    struct model_rig rig;
    real *logits, *entropy, *max_prob;
    bool by_rows; /* some layer has hooks that the kernels do not know */
};

static void compute(struct outcome *o, const char *stack, bool rows)
{
    struct model_shape shape = {
        .config = config, .train_length = T / 2, .max_length = T, .gradients = true};
    struct lx_observe observe = {0};
    struct lx_paramset *ps;
    uint16_t *tokens, *targets;
    double *nll;

    model_open(&o->rig, stack, &shape);
    model_scatter(&o->rig, 0.25, 2);
    o->rig.m.rows = rows;
    o->by_rows = lx_stack_by_rows(&o->rig.m.stack, NULL);
    model_work(&o->rig, B, T, true);
    tokens = model_tokens(&o->rig, B * T, 3);
    targets = model_tokens(&o->rig, B * T, 4);
    nll = model_take(&o->rig, B * T, sizeof(*nll));
    o->entropy = observe.entropy = model_take(&o->rig, B * LAYERS * H * T, sizeof(real));
    o->max_prob = observe.max_prob = model_take(&o->rig, B * LAYERS * H * T, sizeof(real));
    o->logits = model_logits(&o->rig, tokens, B, T);
    ps = &o->rig.m.params;
    memset(ps->g, 0, ps->n_values * sizeof(real));
    lx_model_forward(&o->rig.m, o->rig.work, tokens, B, T, &observe);
    lx_model_loss(&o->rig.m, o->rig.work, tokens, targets, nll, NULL, true);
}

static void check_same(const struct outcome *a, const struct outcome *b, const char *what)
{
    size_t rows = (size_t)(B * LAYERS * H * T);
    double worst = model_difference(a->logits, b->logits, (size_t)(B * T * V));

    for (size_t i = 0; i < a->rig.m.params.count; i++) {
        const struct lx_param *p = &a->rig.m.params.items[i];
        const struct lx_param *q = lx_paramset_find(&b->rig.m.params, p->spec.name);

        if (q != NULL)
            worst = fmax(worst, model_difference(p->g, q->g, p->n));
    }
    worst = fmax(worst, model_difference(a->entropy, b->entropy, rows));
    worst = fmax(worst, model_difference(a->max_prob, b->max_prob, rows));
    if (!(worst <= ALLOWED))
        fail_msg("%s: %.3g, allowed %.3g", what, worst, ALLOWED);
}

static void check_stack(const char *stack)
{
    struct outcome fast, slow;

    compute(&fast, stack, false);
    if (!fast.by_rows) {
        compute(&slow, stack, true);
        check_same(&fast, &slow, stack);
        model_close(&slow.rig);
    }
    model_close(&fast.rig);
}

static void both_ways_agree(void **state)
{
    static const char *const stacks[] = {
        "[{\"name\": \"alibi\", \"learned\": true}, \"logn\"]",
        "[\"t5\", \"rope\", {\"name\": \"temperature\", \"tau\": 0.7}]",
        "[\"kerple_power\", {\"name\": \"window\", \"width\": 40}]",
        "[\"fox\", \"ssmax\", \"sink\", {\"name\": \"window\", \"width\": 70}]",
        "[\"scale_invariant\", \"kerple_log\", \"fox\", \"sink\", {\"name\": \"temperature\", "
        "\"tau\": 0.7}]",
        "[\"rope\", \"kerple_log\", \"fire\", {\"name\": \"positions\", \"draw\": \"subset\", "
        "\"phase\": \"both\", \"max\": 400}]",
        "[\"kerple_weighted\", {\"name\": \"positions\", \"draw\": \"subset\", \"map\": "
        "\"distances\", \"phase\": \"both\", \"max\": 400}]",
        "[\"fire\", \"ssmax\", \"logn\", {\"name\": \"chunks\", \"width\": 20, \"back\": 1}]",
    };
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    for (int i = 0; i < lx_encoding_count(); i++) {
        char stack[96];

        if (strcmp(lx_encoding_at(i)->name, "learned") != 0)
            check_stack(model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)));
    }
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        check_stack(stacks[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(both_ways_agree),
};

CHECK_MAIN(tests)
