/* One small model that a rotation was made for, read under every scheme that its weights fit: each scheme of
 * the registry beside the rotation, and each scaling of it. At any length the losses are numbers; up to the
 * length of training they are those of the model itself exactly where the definition says so. */
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"

enum { L = 16, LONGEST = 4 * L, B = 2, HEADS = 2, HEAD_DIM = 8 };

static const struct model_shape shape = {
    .config = {.layers = 2, .d_model = HEADS * HEAD_DIM, .heads = HEADS, .d_ff = 24, .vocab = 11},
    .train_length = L,
    .max_length = LONGEST};

/* Stacks that change nothing up to L: what they do begins past it, or their default does nothing. */
static const char *const same_up_to_L[] = {
    "rope, chunks",           "rope, lm_infinite", "rope, logn",        "rope, nope",
    "rope, positions",        "rope, streaming",   "rope, temperature", "rope scaling dynamic_ntk",
    "rope scaling mixed_ntk", "rope scaling none", "rope scaling yarn", "rope, window",
};

static bool is_same(const char *what)
{
    for (size_t i = 0; i < sizeof(same_up_to_L) / sizeof(same_up_to_L[0]); i++)
        if (strcmp(same_up_to_L[i], what) == 0)
            return true;
    return false;
}

/* Whether the model of the rig has the arrays of `from` and no others; takes their values over. */
static bool take_over(struct model_rig *r, const struct model_rig *from)
{
    const struct lx_paramset *a = &from->m.params, *b = &r->m.params;

    for (size_t i = 0; i < b->count; i++) {
        const struct lx_param *p = lx_paramset_find(a, b->items[i].spec.name);

        if (p == NULL || p->n != b->items[i].n)
            return false;
        memcpy(b->items[i].w, p->w, p->n * sizeof(*p->w));
    }
    return a->count == b->count;
}

/* NLL (B, T) of the tokens that all models read. */
static void losses(struct model_rig *r, int T, double *nll)
{
    size_t n = (size_t)(B * T);
    uint16_t *tokens = model_tokens(r, n, 3), *targets = model_tokens(r, n, 4);

    lx_model_forward(&r->m, r->work, tokens, B, T, NULL);
    lx_model_loss(&r->m, r->work, tokens, targets, nll, NULL, false);
}

static void check_finite(const char *what, const double *nll, int T)
{
    for (int i = 0; i < B * T; i++)
        if (!isfinite(nll[i]) || nll[i] < 0)
            fail_msg("%s at %d tokens: a loss of %g", what, T, nll[i]);
}

/* Whether the weights fit the stack; all that is asked of it then. */
static bool check_stack(struct model_rig *trained, const char *stack, const char *what)
{
    static double own[B * LONGEST], other[B * LONGEST];
    struct model_rig r;
    struct lx_err err;
    double worst = 0;
    bool fits = model_try(&r, stack, &shape, &err) == LX_OK && take_over(&r, trained);

    if (fits)
        model_work(&r, B, LONGEST, false);
    for (int T = L; fits && T <= LONGEST; T *= 2) {
        int limit = lx_stack_max_length(&r.m.stack);

        if (limit > 0 && T > limit)
            continue;
        losses(&r, T, other);
        check_finite(what, other, T);
        if (T > L)
            continue;
        losses(trained, T, own);
        for (int i = 0; i < B * T; i++)
            worst = fmax(worst, fabs(own[i] - other[i]));
        if (is_same(what) && !(worst <= 1e-5))
            fail_msg("%s: losses up to the length of training differ by %g", what, worst);
        if (!is_same(what) && !(worst > 1e-5))
            fail_msg("%s: changes nothing up to the length of training", what);
    }
    model_close(&r);
    return fits;
}

static void open_trained(struct model_rig *r)
{
    model_open(r, "[\"rope\"]", &shape);
    model_scatter(r, 0.35, 5);
    model_work(r, B, LONGEST, false);
}

static void a_rotation_under_every_scheme(void **state)
{
    struct model_rig trained;
    int n = 0, n_same = 0;

    (void)state;
    open_trained(&trained);
    for (int i = 0; i < lx_encoding_count(); i++) {
        const char *name = lx_encoding_at(i)->name;
        char stack[120], what[80];
        bool fits;

        (void)snprintf(stack, sizeof(stack), "[\"rope\", \"%s\"]", name);
        (void)snprintf(what, sizeof(what), "rope, %s", name);
        fits = check_stack(&trained, stack, what);
        n += fits;
        n_same += fits && is_same(what);
    }
    model_close(&trained);
    assert_true(n >= 15);
    assert_int_equal(n_same, 8);
}

/* Whatever its weights, a model whose positions are dropped or replaced. */
static void without_the_rotation(void **state)
{
    static const char *const stacks[] = {"nope", "alibi", "sandwich", "xpos", "window"};
    struct model_rig trained;

    (void)state;
    open_trained(&trained);
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        char stack[80];

        (void)snprintf(stack, sizeof(stack), "[\"%s\"]", stacks[i]);
        assert_true(check_stack(&trained, stack, stacks[i]));
    }
    model_close(&trained);
}

/* Options without which a scaling is refused. */
static const char *needs_of(const char *scaling)
{
    if (strcmp(scaling, "longrope") == 0)
        return ", \"long_factor\": [1, 2, 3, 4], \"short_factor\": [1, 1, 1.5, 2]";
    if (strcmp(scaling, "pi") == 0 || strcmp(scaling, "ntk") == 0 || strcmp(scaling, "llama3") == 0)
        return ", \"factor\": 4";
    return "";
}

static void a_rotation_under_every_scaling(void **state)
{
    const struct lx_option *o = lx_encoding_find("rope")->options;
    struct model_rig trained;
    char name[60], stack[700], what[80];

    (void)state;
    open_trained(&trained);
    while (strcmp(o->key, "scaling") != 0)
        o++;
    for (int n = 0;; n++) {
        lx_option_choice_name(o, n, name, sizeof(name));
        if (strcmp(name, "?") == 0)
            break;
        (void)snprintf(stack, sizeof(stack), "[{\"name\": \"rope\", \"scaling\": \"%s\"%s}]", name,
                       needs_of(name));
        (void)snprintf(what, sizeof(what), "rope scaling %s", name);
        if (!check_stack(&trained, stack, what))
            fail_msg("%s: is refused", stack);
    }
    model_close(&trained);
}

/* Windows as long as training: nothing is moved or hidden up to there. */
static void wide_windows_change_nothing(void **state)
{
    static const char *const stacks[] = {
        "[\"rope\", {\"name\": \"rerope\", \"window\": 16}]",
        "[\"rope\", {\"name\": \"leaky_rerope\", \"window\": 16}]",
        "[\"rope\", {\"name\": \"self_extend\", \"window\": 16}]",
        "[\"rope\", {\"name\": \"dual_chunk\", \"chunk\": 20, \"local\": 4}]",
        "[\"rope\", {\"name\": \"window\", \"width\": 16}]",
        "[\"rope\", {\"name\": \"logn\", \"form\": \"length\"}]",
        "[{\"name\": \"rope\", \"scaling\": \"yarn\", \"truncate\": false}]",
    };
    struct model_rig trained;

    (void)state;
    open_trained(&trained);
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        if (!check_stack(&trained, stacks[i], "rope scaling none"))
            fail_msg("%s: is refused", stacks[i]);
    model_close(&trained);
}

static int set_up(void **state)
{
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_rotation_under_every_scheme, set_up),
    cmocka_unit_test(without_the_rotation),
    cmocka_unit_test(a_rotation_under_every_scaling),
    cmocka_unit_test(wide_windows_change_nothing),
};

CHECK_MAIN(tests)
