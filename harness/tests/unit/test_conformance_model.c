/* What every scheme must keep to inside a model, whatever its formula: causality, determinism, finite
 * numbers at lengths far past training, statistics within their bounds, the same first weights; and
 * what particular families promise: blindness to order, to position, to what a window hides. */
#include "encodings/encoding.h"
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"

#ifdef LX_REAL_DOUBLE
static const double tol = 1e-11;
#else
static const double tol = 5e-5; /* of logits of size 10 after two layers */
#endif

enum { L = 16, V = 13 };

static const struct lx_model_config two_layers = {
    .layers = 2, .d_model = 16, .heads = 2, .d_ff = 24, .vocab = V};
static const struct lx_model_config one_layer = {
    .layers = 1, .d_model = 16, .heads = 2, .d_ff = 24, .vocab = V};

/* Stacks beyond the single schemes: options that change what happens past the training length. */
static const char *const stacks[] = {
    "[]",
    "[\"rope\", \"alibi\"]",
    "[\"rope\", \"logn\"]",
    "[\"sinusoidal\", {\"name\": \"window\", \"width\": 5}]",
    "[{\"name\": \"alibi\", \"learned\": true, \"interpolation\": \"dynamic\"}]",
    "[{\"name\": \"t5\", \"buckets\": 6, \"max_distance\": 8, \"shared\": false}]",
    "[{\"name\": \"learned\", \"past\": \"clamp\"}]",
    "[{\"name\": \"learned\", \"past\": \"wrap\"}]",
    "[{\"name\": \"learned\", \"past\": \"interpolate\"}]",
    "[{\"name\": \"rope\", \"scaling\": \"dynamic_ntk\"}]",
    "[{\"name\": \"rope\", \"scaling\": \"yarn\"}]",
    "[{\"name\": \"rope\", \"scaling\": \"pi\"}, {\"name\": \"temperature\", \"tau\": 0.8}]",
    "[{\"name\": \"sandwich\", \"smoothed\": true}]",
    "[\"fox\", \"sink\", {\"name\": \"window\", \"width\": 5, \"layers\": [0]}]",
    "[\"rope\", \"ssmax\", \"fire\", {\"name\": \"chunks\", \"width\": 7, \"back\": 1}]",
    "[\"rope\", \"alibi\", {\"name\": \"positions\", \"draw\": \"subset\", \"phase\": \"both\", "
    "\"max\": 2000}]",
    "[\"cope\", \"fox\", {\"name\": \"window\", \"width\": 9}]",
    "[\"rope\", \"alibi\", {\"name\": \"dape\", \"kernel\": 3}, \"sink\"]",
    "[\"rope\", \"stick_breaking\", {\"name\": \"self_extend\", \"window\": 6}, \"ssmax\"]",
    "[\"rope\", \"fire\", {\"name\": \"streaming\", \"recent\": 6}]",
    "[\"scale_invariant\", {\"name\": \"rope\", \"layers\": \"every 2\"}, \"fox\"]",
};

/* An opened model with scattered values and room for B sequences of T tokens. */
static void open_scattered(struct model_rig *r, const char *stack,
                           const struct lx_model_config *config, int B, int T)
{
    struct model_shape shape = {.config = *config, .train_length = L, .max_length = T};

    model_open(r, stack, &shape);
    model_scatter(r, 0.25, 3);
    model_work(r, B, T, false);
}

/* Whether weights may go elsewhere than to keys, or be exactly 0. */
static bool other_weights(const struct lx_stack *s)
{
    return LX_STACK_HAS(s, NULL, sink) || LX_STACK_HAS(s, NULL, normalise);
}

/* Longest of the wanted lengths that the stack can process. */
static int reach(const char *stack, int wanted)
{
    struct model_rig r;
    struct model_shape shape = {.config = two_layers, .train_length = L, .max_length = wanted};
    int limit;

    model_open(&r, stack, &shape);
    limit = lx_stack_max_length(&r.m.stack);
    model_close(&r);
    return limit > 0 && limit < wanted ? limit : wanted;
}

/* test(stack) for every single scheme, then for every stack above. */
static void each(void (*test)(const char *stack))
{
    for (int i = 0; i < lx_encoding_count(); i++) {
        char stack[96];

        test(model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)));
    }
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        test(stacks[i]);
}

static void check_causal(const char *stack, int T)
{
    static const int part[] = {0, 1, 30, 50, 93, 100}; /* where, in percent of the way */
    struct model_rig r;
    uint16_t *tokens;
    real *before;

    open_scattered(&r, stack, &two_layers, 2, T);
    tokens = model_tokens(&r, (size_t)(2 * T), 1);
    before = model_logits(&r, tokens, 2, T);
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        size_t t = (size_t)((T - 1) * part[i] / 100), n = t * V;
        uint16_t kept = tokens[t];
        real *after;

        tokens[t] = (uint16_t)((kept + 1) % V);
        after = model_logits(&r, tokens, 2, T);
        tokens[t] = kept;
        if (memcmp(before, after, n * sizeof(real)) != 0)
            fail_msg("%s: T %d: changing token %zu changes logits before it", stack, T, t);
        if (memcmp(before + n, after + n, V * sizeof(real)) == 0)
            fail_msg("%s: T %d: changing token %zu does not change its own logits", stack, T, t);
        if (memcmp(before + T * V, after + T * V, (size_t)(T * V) * sizeof(real)) != 0)
            fail_msg("%s: T %d: changing token %zu changes another sequence", stack, T, t);
    }
    model_close(&r);
}

static void causal(const char *stack)
{
    check_causal(stack, L);
    check_causal(stack, reach(stack, 4 * L + 3));
}

static void the_future_does_not_show(void **state)
{
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    each(causal);
}

/* What ran before must leave no trace: tables depend on T alone, whichever length came first. */
static void deterministic(const char *stack)
{
    int T = reach(stack, 4 * L);
    size_t bytes = (size_t)(2 * L * V) * sizeof(real), more = (size_t)(2 * T * V) * sizeof(real);
    struct model_rig a, b;
    uint16_t *tokens;
    real *first, *longer;

    open_scattered(&a, stack, &two_layers, 2, T);
    open_scattered(&b, stack, &two_layers, 2, T);
    tokens = model_tokens(&a, (size_t)(2 * T), 1);
    first = model_logits(&a, tokens, 2, L);
    longer = model_logits(&a, tokens, 2, T);
    (void)model_logits(&a, tokens, 1, 3);
    assert_memory_equal(first, model_logits(&a, tokens, 2, L), bytes);
    assert_memory_equal(longer, model_logits(&b, tokens, 2, T), more);
    assert_memory_equal(first, model_logits(&b, tokens, 2, L), bytes);
    model_close(&a);
    model_close(&b);
}

static void runs_repeat_bit_for_bit(void **state)
{
    (void)state;
    each(deterministic);
}

/* A training work keeps every layer's activations, the other shares buffers: same numbers. */
static void frugal(const char *stack)
{
    struct model_rig r;
    uint16_t *tokens;
    real *lean;

    open_scattered(&r, stack, &two_layers, 2, L);
    tokens = model_tokens(&r, 2 * L, 1);
    lean = model_logits(&r, tokens, 2, L);
    model_work(&r, 2, L, true);
    assert_memory_equal(lean, model_logits(&r, tokens, 2, L), 2 * L * V * sizeof(real));
    model_close(&r);
}

static void evaluation_memory_gives_the_same_numbers(void **state)
{
    (void)state;
    each(frugal);
}

static void one_token(const char *stack)
{
    struct model_rig r;
    uint16_t *tokens, targets[1] = {2};
    double nll[1];
    real *z, entropy[4], max_prob[4];
    struct lx_observe ob = {.entropy = entropy, .max_prob = max_prob};

    open_scattered(&r, stack, &two_layers, 1, 1);
    tokens = model_tokens(&r, 1, 1);
    z = model_logits(&r, tokens, 1, 1);
    for (int v = 0; v < V; v++)
        assert_true(isfinite(z[v]) != 0);
    lx_model_forward(&r.m, r.work, tokens, 1, 1, &ob);
    lx_model_loss(&r.m, r.work, tokens, targets, nll, NULL, false);
    assert_true(isfinite(nll[0]) != 0);
    for (int i = 0; i < 4; i++) {
        double p = (double)max_prob[i];

        assert_true(other_weights(&r.m.stack) || p >= 1);
        CHECK_NEAR(entropy[i], p > 0 ? -p * log(p) : 0, tol);
    }
    model_close(&r);
}

static void one_token_is_enough(void **state)
{
    (void)state;
    each(one_token);
}

/* The most that -sum p ln p of n weights can be: ln n, or where they may sum to less than 1, n/e. */
static double most_entropy(double n, bool less)
{
    return less && n < exp(1) ? n * exp(-1) : log(n);
}

/* At 64 times the training length all is finite, entropies are in [0, ln n] and the largest
 * probabilities in [1/n, 1], n the keys a row sees. */
static void bounded(const char *stack)
{
    int T = reach(stack, 64 * L);
    struct model_rig r;
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = T};
    struct lx_observe ob = {0};
    uint16_t *tokens;
    real *z;
    bool less;

    open_scattered(&r, stack, &two_layers, 1, T);
    tokens = model_tokens(&r, (size_t)T, 1);
    ob.entropy = model_take(&r, (size_t)(4 * T), sizeof(real));
    ob.max_prob = model_take(&r, (size_t)(4 * T), sizeof(real));
    z = model_take(&r, (size_t)(T * V), sizeof(real));
    lx_model_forward(&r.m, r.work, tokens, 1, T, &ob);
    lx_model_logits(&r.m, r.work, 0, T, z);
    less = other_weights(&r.m.stack);
    for (int i = 0; i < T * V; i++)
        if (!isfinite(z[i]))
            fail_msg("%s: T %d: logit %d is not finite", stack, T, i);
    for (int i = 0; i < 4 * T; i++) {
        double n;

        call.layer = i / (2 * T);
        n = lx_stack_keys(&r.m.stack, &call, i % T);
        if (!(ob.entropy[i] >= 0 && (double)ob.entropy[i] <= most_entropy(n, less) + tol))
            fail_msg("%s: row %d: entropy %.9g of %g keys", stack, i, (double)ob.entropy[i], n);
        if (!((double)ob.max_prob[i] >= (less ? 0 : (1 - tol) / n) && ob.max_prob[i] <= 1))
            fail_msg("%s: row %d: max-probability %.9g of %g keys", stack, i,
                     (double)ob.max_prob[i], n);
    }
    model_close(&r);
}

static void numbers_stay_in_bounds_far_out(void **state)
{
    (void)state;
    each(bounded);
}

/* The place of a sequence in the batch, and its company, do not matter (up to the order of sums). */
static void unordered(const char *stack)
{
    enum { B = 3 };
    int T = reach(stack, 2 * L + 5);
    size_t n = (size_t)(T * V);
    struct model_rig r;
    uint16_t *tokens, *turned;
    real *z, *y;

    open_scattered(&r, stack, &two_layers, B, T);
    tokens = model_tokens(&r, (size_t)(B * T), 1);
    turned = model_tokens(&r, (size_t)(B * T), 1);
    for (int b = 0; b < B; b++)
        memcpy(turned + (b + 1) % B * T, tokens + b * T, (size_t)T * sizeof(*tokens));
    z = model_logits(&r, tokens, B, T);
    y = model_logits(&r, turned, B, T);
    for (size_t b = 0; b < B; b++) {
        CHECK_NEAR(model_difference(z + b * n, y + (b + 1) % B * n, n), 0, tol);
        CHECK_NEAR(model_difference(z + b * n, model_logits(&r, tokens + b * (size_t)T, 1, T), n),
                   0, tol);
    }
    model_close(&r);
}

static void order_in_the_batch_is_irrelevant(void **state)
{
    (void)state;
    each(unordered);
}

/* Change of the last logits when the tokens before the last are permuted. */
static double permutation_effect(const char *stack, const struct lx_model_config *config)
{
    struct model_rig r;
    uint16_t *tokens;
    real *z, *y;
    double d;

    open_scattered(&r, stack, config, 1, L);
    tokens = model_tokens(&r, L, 1);
    z = model_logits(&r, tokens, 1, L);
    for (int i = 0; i < (L - 1) / 2; i++) {
        uint16_t t = tokens[i];

        tokens[i] = tokens[L - 2 - i];
        tokens[L - 2 - i] = t;
    }
    y = model_logits(&r, tokens, 1, L);
    d = model_difference(z + (L - 1) * V, y + (L - 1) * V, V);
    model_close(&r);
    return d;
}

/* One layer without positions sees a bag of tokens; a second layer sees the causal mask of the
 * first, and any positional scheme breaks the symmetry at once. */
static void only_positions_tell_order(void **state)
{
    static const char *const blind[] = {"[]", "[\"nope\"]", "[\"logn\"]",
                                        "[{\"name\": \"temperature\", \"tau\": 0.5}]",
                                        "[{\"name\": \"window\", \"width\": 16}]"};
    static const char *const sighted[] = {
        "[\"rope\"]",       "[\"alibi\"]",    "[\"sinusoidal\"]",
        "[\"learned\"]",    "[\"t5\"]",       "[\"kerple_power\"]",
        "[\"kerple_log\"]", "[\"sandwich\"]", "[{\"name\": \"window\", \"width\": 8}]"};

    (void)state;
    for (size_t i = 0; i < sizeof(blind) / sizeof(blind[0]); i++)
        CHECK_NEAR(permutation_effect(blind[i], &one_layer), 0, tol);
    for (size_t i = 0; i < sizeof(sighted) / sizeof(sighted[0]); i++)
        if (!(permutation_effect(sighted[i], &one_layer) > 1e-3))
            fail_msg("%s: permuted tokens give the same logits", sighted[i]);
    assert_true(permutation_effect("[\"nope\"]", &two_layers) > 1e-3);
}

/* Change of the last logits when `cut` tokens are taken off the front, past the reach of a window of
 * 4 in two layers (7 tokens). */
static double shift_effect(const char *stack, int cut)
{
    struct model_rig r;
    uint16_t *tokens;
    real *z, *y;
    double d;

    open_scattered(&r, stack, &two_layers, 1, 40);
    tokens = model_tokens(&r, 40, 1);
    z = model_logits(&r, tokens, 1, 40);
    y = model_logits(&r, tokens + cut, 1, 40 - cut);
    d = model_difference(z + (cut + 6) * V, y + 6 * V, (size_t)((40 - cut - 6) * V));
    model_close(&r);
    return d;
}

#define WINDOWED(name) "[\"" name "\", {\"name\": \"window\", \"width\": 4}]"

/* Relative schemes see distances only: within a window the same text gives the same logits wherever
 * it stands. Absolute schemes do not. */
static void relative_schemes_do_not_see_the_place(void **state)
{
    static const char *const relative[] = {
        WINDOWED("nope"),       WINDOWED("rope"),         WINDOWED("alibi"),   WINDOWED("t5"),
        WINDOWED("kerple_log"), WINDOWED("kerple_power"), WINDOWED("sandwich")};
    static const char *const absolute[] = {
        WINDOWED("sinusoidal"),
        "[{\"name\": \"learned\", \"past\": \"wrap\"}, {\"name\": \"window\", \"width\": 4}]"};

    (void)state;
    for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
        CHECK_NEAR(shift_effect(relative[i], 1), 0, tol);
        CHECK_NEAR(shift_effect(relative[i], 17), 0, tol);
    }
    for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++)
        assert_true(shift_effect(absolute[i], 1) > 1e-3);
}

/* n layers of width w reach back n (w - 1) tokens, and not one further; of two windows the smaller one
 * counts (the other has the training length, 16). */
static void windows_have_an_exact_reach(void **state)
{
    static const int widths[] = {1, 2, 5, 9};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct model_rig r;
        int T = 70, at = 66, back = 2 * (widths[i] - 1);
        uint16_t *tokens;
        char stack[96];
        real *z, *y;

        (void)snprintf(stack, sizeof(stack),
                       "[{\"name\": \"window\", \"width\": %d}, \"rope\", \"window\"]", widths[i]);
        open_scattered(&r, stack, &two_layers, 1, T);
        tokens = model_tokens(&r, (size_t)T, 1);
        z = model_logits(&r, tokens, 1, T);
        for (int t = 0; t < at - back; t++)
            tokens[t] = (uint16_t)((tokens[t] + 5) % V);
        y = model_logits(&r, tokens, 1, T);
        assert_memory_equal(z + at * V, y + at * V, V * sizeof(real));
        tokens[at - back] = (uint16_t)((tokens[at - back] + 5) % V);
        y = model_logits(&r, tokens, 1, T);
        assert_memory_not_equal(z + at * V, y + at * V, V * sizeof(real));
        model_close(&r);
    }
}

/* Arrays that two models share have the same first values, whatever else one of them declares. */
static void same_start(const char *stack)
{
    struct model_shape shape = {.config = two_layers, .train_length = L, .max_length = L};
    struct model_rig plain, r;

    model_open(&plain, "[]", &shape);
    model_open(&r, stack, &shape);
    for (int seed = 1; seed < 3; seed++) {
        lx_paramset_fill(&plain.m.params, (uint64_t)seed);
        lx_paramset_fill(&r.m.params, (uint64_t)seed);
        for (size_t i = 0; i < plain.m.params.count; i++) {
            const struct lx_param *a = &plain.m.params.items[i];
            const struct lx_param *b = lx_paramset_find(&r.m.params, a->spec.name);

            assert_non_null(b);
            assert_int_equal(a->n, b->n);
            assert_memory_equal(a->w, b->w, a->n * sizeof(real));
        }
    }
    model_close(&plain);
    model_close(&r);
}

static void first_weights_do_not_depend_on_the_scheme(void **state)
{
    (void)state;
    each(same_start);
}

/* Spreads of the first weights as transformer.h states them, from a model large enough to tell. */
static void first_weights_have_the_stated_spread(void **state)
{
    static const struct lx_model_config large = {
        .layers = 2, .d_model = 128, .heads = 4, .d_ff = 512, .vocab = 200};
    static const struct {
        const char *name;
        double std;
    } want[] = {{"tok_embed.weight", 0.088388347648318}, /* 1/sqrt(128)                    */
                {"layers.1.attn.qkv.weight", 0.055901699437495}, /* sqrt(2/(5 128))       */
                {"layers.1.mlp.up.weight", 0.055901699437495},
                {"layers.0.attn.out.weight", 0.027950849718747}, /* the same / sqrt(2 2)   */
                {"layers.0.mlp.down.weight", 0.027950849718747},
                {"layers.0.ln1.bias", 0},
                {"layers.0.attn.qkv.bias", 0}};
    struct model_shape shape = {.config = large, .train_length = L, .max_length = L};
    struct model_rig r;

    (void)state;
    model_open(&r, "[]", &shape);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct lx_param *p = lx_paramset_find(&r.m.params, want[i].name);
        double sum = 0, square = 0;

        assert_non_null(p);
        for (size_t k = 0; k < p->n; k++) {
            sum += (double)p->w[k];
            square += (double)p->w[k] * (double)p->w[k];
        }
        CHECK_NEAR(sum / (double)p->n, 0, 4 * want[i].std / sqrt((double)p->n));
        CHECK_NEAR(sqrt(square / (double)p->n), want[i].std,
                   4 * want[i].std / sqrt(2 * (double)p->n));
    }
    assert_int_equal(
        lx_model_parameters(&r.m),
        200 * 128 + 2 * (4 * 128 * 128 + 4 * 128 + 4 * 128 + 2 * 128 * 512 + 512 + 128) + 2 * 128);
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_future_does_not_show),
    cmocka_unit_test(runs_repeat_bit_for_bit),
    cmocka_unit_test(evaluation_memory_gives_the_same_numbers),
    cmocka_unit_test(one_token_is_enough),
    cmocka_unit_test(numbers_stay_in_bounds_far_out),
    cmocka_unit_test(order_in_the_batch_is_irrelevant),
    cmocka_unit_test(only_positions_tell_order),
    cmocka_unit_test(relative_schemes_do_not_see_the_place),
    cmocka_unit_test(windows_have_an_exact_reach),
    cmocka_unit_test(first_weights_do_not_depend_on_the_scheme),
    cmocka_unit_test(first_weights_have_the_stated_spread),
};

CHECK_MAIN(tests)
