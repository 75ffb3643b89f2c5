/* A run's check of itself: it passes every scheme, and it catches a model that looks ahead or does not
 * look at all, which a scheme made for the purpose brings about. */
#include "encodings/encoding.h"
#include "probe/selfcheck.h"
#include "tests/unit/model_rig.h"

enum { L = 16, D = 16 };

static const struct model_shape shape = {
    .config = {.layers = 2, .d_model = D, .heads = 2, .d_ff = 24, .vocab = 11},
    .train_length = L,
    .max_length = 4 * L};

/* Every position learns of its successor. */
static void peek(const void *self, const struct lx_enc_call *c, real *x)
{
    (void)self;
    for (int i = 0; i < (c->B * c->T - 1) * D; i++)
        x[i] += (real)0.01 * x[i + D];
}

static void blank(const void *self, const struct lx_enc_call *c, real *x)
{
    (void)self;
    memset(x, 0, (size_t)(c->B * c->T * D) * sizeof(*x));
}

static enum lx_code check_with(struct model_rig *r, int T, size_t n, struct lx_err *err)
{
    struct lx_stream stream = {.n = n};

    stream.tokens = model_tokens(r, 100, 1);
    return lx_selfcheck(&r->m, &stream, T, err);
}

static void sound_models_pass(void **state)
{
    struct lx_err err;

    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        struct model_rig r;
        char stack[96];
        int limit;

        model_open(&r, model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)), &shape);
        limit = lx_stack_max_length(&r.m.stack);
        CHECK_OK(check_with(&r, L, 100, &err));
        CHECK_OK(check_with(&r, limit > 0 ? limit : 4 * L, 100, &err));
        CHECK_OK(check_with(&r, L, 5, &err)); /* a stream shorter than a window */
        CHECK_OK(check_with(&r, 1, 100, &err));
        model_close(&r);
    }
}

static void looking_ahead_is_caught(void **state)
{
    static const struct lx_encoding_ops ahead = {.name = "ahead", .embed = peek};
    static const struct lx_encoding_ops blind = {.name = "blind", .embed = blank};
    struct model_rig r;
    struct lx_err err;

    (void)state;
    model_open(&r, "[\"rope\"]", &shape);
    r.m.stack.items[r.m.stack.n++] = (struct lx_stack_item){.ops = &ahead};
    CHECK_FAILS(check_with(&r, L, 100, &err), LX_EFAILED,
                "self-check: changing token 15 of 16 changed the logits of position 14: the model "
                "looks ahead");
    r.m.stack.items[1].ops = &blind;
    CHECK_FAILS(check_with(&r, L, 100, &err), LX_EFAILED,
                "self-check: changing token 15 of 16 did not change its own logits");
    model_close(&r);
}

/* With attention on both sides the future must be seen, unless no query looks beyond itself. */
static void encoders_must_look_ahead(void **state)
{
    static const struct lx_encoding_ops blind = {.name = "blind", .embed = blank};
    struct model_shape both = shape;
    struct model_rig r;
    struct lx_err err;

    (void)state;
    both.config.attention = LX_ATTENTION_BIDIRECTIONAL;
    for (int i = 0; i < lx_encoding_count(); i++) {
        char stack[96];

        if (lx_encoding_at(i)->both == LX_BOTH_REFUSED)
            continue;
        model_open(&r, model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)), &both);
        CHECK_OK(check_with(&r, L, 100, &err));
        CHECK_OK(check_with(&r, 1, 100, &err));
        model_close(&r);
    }
    model_open(&r, "[{\"name\": \"window\", \"width\": 1}]", &both);
    CHECK_OK(check_with(&r, L, 100, &err));
    model_close(&r);
    model_open(&r, "[\"rope\"]", &both);
    r.m.stack.items[r.m.stack.n++] = (struct lx_stack_item){.ops = &blind};
    CHECK_FAILS(check_with(&r, L, 100, &err), LX_EFAILED,
                "self-check: changing token 15 of 16 changed no logits of an earlier position: the "
                "model does not look ahead");
    model_close(&r);
}

/* Diverged is a result, not a failure: the evaluation's rows will say so. */
static void broken_models_are_left_to_the_evaluation(void **state)
{
    struct model_rig r;
    struct lx_err err;

    (void)state;
    model_open(&r, "[\"rope\"]", &shape);
    r.m.layers[0].up_b->w[0] = (real)NAN;
    CHECK_OK(check_with(&r, L, 100, &err));
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sound_models_pass),
    cmocka_unit_test(looking_ahead_is_caught),
    cmocka_unit_test(encoders_must_look_ahead),
    cmocka_unit_test(broken_models_are_left_to_the_evaluation),
};

CHECK_MAIN(tests)
