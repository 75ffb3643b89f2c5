/* Attention without a causal mask: every scheme does there what it says, or is refused in one line. */
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"

enum { B = 1, T = 20, V = 11, D = 16 };

#ifdef LX_REAL_DOUBLE
#define ALLOWED 1e-11
#else
#define ALLOWED 1e-4
#endif

static struct model_shape shape_of(enum lx_attention_mask attention)
{
    return (struct model_shape){.config = {.layers = 2,
                                           .d_model = D,
                                           .heads = 2,
                                           .d_ff = 24,
                                           .vocab = V,
                                           .attention = (int)attention},
                                .train_length = T,
                                .max_length = T};
}

static void open_model(struct model_rig *r, const char *stack, enum lx_attention_mask attention)
{
    struct model_shape shape = shape_of(attention);
    struct lx_err err;

    CHECK_OK(lx_gemm_setup(&err));
    model_open(r, stack, &shape);
    model_scatter(r, 0.25, 2);
    model_work(r, B, T, false);
}

/* Difference of the logits of positions from .. to-1 once token `changed` is another. */
static double change(struct model_rig *r, int changed, int from, int to)
{
    uint16_t *tokens = model_tokens(r, T, 3);
    real *before = model_logits(r, tokens, B, T), *after;

    tokens[changed] = (uint16_t)((tokens[changed] + 1) % V);
    after = model_logits(r, tokens, B, T);
    return model_difference(before + (size_t)(from * V), after + (size_t)(from * V),
                            (size_t)((to - from) * V));
}

/* The other way round: the logits of position t against those of T-1-t of the mirrored sequence. */
static double mirror(struct model_rig *r)
{
    uint16_t *tokens = model_tokens(r, T, 3), *back = model_tokens(r, T, 3);
    real *there, *here;
    double worst = 0;

    for (int t = 0; t < T; t++)
        back[t] = tokens[T - 1 - t];
    there = model_logits(r, tokens, B, T);
    here = model_logits(r, back, B, T);
    for (int t = 0; t < T; t++)
        worst = fmax(
            worst, model_difference(there + (size_t)(t * V), here + (size_t)((T - 1 - t) * V), V));
    return worst;
}

static void the_last_token_reaches_the_first(void **state)
{
    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct model_rig causal, both;
        char stack[96];

        if (ops->both == LX_BOTH_REFUSED)
            continue;
        (void)model_stack_of(ops->name, stack, sizeof(stack));
        open_model(&causal, stack, LX_ATTENTION_CAUSAL);
        open_model(&both, stack, LX_ATTENTION_BIDIRECTIONAL);
        if (change(&causal, T - 1, 0, T - 1) != 0.0 || !(change(&both, T - 1, 0, 1) > 1e-6))
            fail_msg("%s: the last token must change the first logits without a mask alone",
                     ops->name);
        model_close(&causal);
        model_close(&both);
    }
}

/* What is by |i - j| cannot tell a text from its mirror image; what has signs can. */
static void distances_have_the_signs_they_say(void **state)
{
    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct model_rig r;
        char stack[96];
        double apart;

        if (ops->both != LX_BOTH_DISTANCE && ops->both != LX_BOTH_SIGNED)
            continue;
        open_model(&r, model_stack_of(ops->name, stack, sizeof(stack)), LX_ATTENTION_BIDIRECTIONAL);
        apart = mirror(&r);
        if (ops->both == LX_BOTH_DISTANCE ? !(apart <= ALLOWED) : !(apart > 1e-3))
            fail_msg("%s: a mirrored text changes logits by %.3g", ops->name, apart);
        model_close(&r);
    }
}

/* Without positions and without a mask order is not to be had: permuted tokens, permuted logits. */
static void nothing_tells_order_without_positions(void **state)
{
    struct model_rig r;

    (void)state;
    open_model(&r, "[]", LX_ATTENTION_BIDIRECTIONAL);
    assert_true(mirror(&r) <= ALLOWED);
    model_close(&r);
    open_model(&r, "[]", LX_ATTENTION_CAUSAL);
    assert_true(mirror(&r) > 1e-3);
    model_close(&r);
}

/* Two layers reach 2 (width - 1) tokens on both sides and no further. */
static void windows_have_two_sides(void **state)
{
    struct model_rig r;
    int reach = 2 * (4 - 1), at = T / 2;

    (void)state;
    open_model(&r, "[\"rope\", {\"name\": \"window\", \"width\": 4}]", LX_ATTENTION_BIDIRECTIONAL);
    CHECK_NEAR(change(&r, at, 0, at - reach), 0, 0);
    CHECK_NEAR(change(&r, at, at + reach + 1, T), 0, 0);
    assert_true(change(&r, at, at - reach, at - reach + 1) > 1e-9);
    assert_true(change(&r, at, at + reach, at + reach + 1) > 1e-9);
    model_close(&r);
}

/* What the statistics divide by. */
static void keys_are_counted_on_both_sides(void **state)
{
    struct lx_enc_call c = {.layer = 0, .B = 1, .T = 10, .both = true};
    struct model_rig r;

    (void)state;
    open_model(&r, "[]", LX_ATTENTION_BIDIRECTIONAL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(lx_stack_keys(&r.m.stack, &c, i), 10);
    model_close(&r);
    open_model(&r, "[{\"name\": \"window\", \"width\": 3}]", LX_ATTENTION_BIDIRECTIONAL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(lx_stack_keys(&r.m.stack, &c, i), i == 0 || i == 9   ? 3
                                                           : i == 1 || i == 8 ? 4
                                                                              : 5);
    model_close(&r);
}

static void what_does_not_work_is_refused(void **state)
{
    struct model_shape shape = shape_of(LX_ATTENTION_BIDIRECTIONAL);
    int refused = 0;

    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct model_rig r;
        struct lx_err err;
        char stack[96];

        assert_int_equal(ops->both == LX_BOTH_REFUSED, ops->one_way != NULL);
        if (ops->both != LX_BOTH_REFUSED)
            continue;
        (void)model_stack_of(ops->name, stack, sizeof(stack));
        assert_int_equal(model_try(&r, stack, &shape, &err), LX_ECONFIG);
        assert_non_null(strstr(err.text, ops->name));
        if (strstr(err.text, "does not work with model.attention bidirectional: it ") == NULL)
            fail_msg("%s: %s", ops->name, err.text);
        model_close(&r);
        refused++;
    }
    assert_true(refused < lx_encoding_count() / 3);
}

/* The rule of T5's code, its tests on the relative position of the key included. */
static int published_bucket(int key_minus_query, int buckets, int max_distance)
{
    int bucket = 0, n = abs(key_minus_query), exact, far;

    buckets /= 2;
    if (key_minus_query > 0)
        bucket += buckets;
    exact = buckets / 2;
    if (n < exact)
        return bucket + n;
    far = exact +
          (int)(log((double)n / exact) / log((double)max_distance / exact) * (buckets - exact));
    return bucket + (far < buckets - 1 ? far : buckets - 1);
}

static void t5_has_the_published_buckets(void **state)
{
    enum { N = 400, BUCKETS = 32 };
    struct lx_enc_call c = {.layer = 0, .B = 1, .T = N, .both = true};
    struct model_shape shape = shape_of(LX_ATTENTION_BIDIRECTIONAL);
    struct lx_param *bias;
    struct model_rig r;
    real table[2 * N];

    (void)state;
    shape.max_length = N;
    model_open(&r, "[\"t5\"]", &shape);
    bias = lx_paramset_find(&r.m.params, "encoding.t5.bias");
    assert_int_equal(bias->n, BUCKETS * 2);
    for (size_t k = 0; k < bias->n; k++)
        bias->w[k] = (real)(k / 2); /* the row, for both heads */
    for (int side = 0; side < 2; side++) {
        c.ahead = side == 1;
        lx_stack_dist(&r.m.stack, &c, 2, table);
        for (int d = side; d < N; d++)
            assert_int_equal((int)table[d], published_bucket(side == 1 ? d : -d, BUCKETS, 128));
    }
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_token_reaches_the_first),
    cmocka_unit_test(distances_have_the_signs_they_say),
    cmocka_unit_test(nothing_tells_order_without_positions),
    cmocka_unit_test(windows_have_two_sides),
    cmocka_unit_test(keys_are_counted_on_both_sides),
    cmocka_unit_test(what_does_not_work_is_refused),
    cmocka_unit_test(t5_has_the_published_buckets),
};

CHECK_MAIN(tests)
