/* Evaluation mode `answers`: planted models whose answers are known, sizes and rows, and one pass against
 * a decoder that reads its own tokens. */
#include "eval/answers_internal.h"
#include "kernels/gemm.h"
#include "stats/wilson.h"
#include "tests/unit/dataset_open.h"
#include "tests/unit/model_rig.h"
#include "train/train.h"

enum { V = 16, L = 8, N = 6, EXAMPLES = 60 };

/* Examples for a model that says its last input again. */
enum planted { KNOWN, LATE, FIRST_WRONG, SKEWED };

static int planted_tokens(const void *self, int size)
{
    (void)self;
    return size + 2;
}

static void planted_sizes(const void *self, int length, int *shortest, int *longest)
{
    (void)self;
    *shortest = 1;
    *longest = length - 2;
}

static uint64_t planted_seed(const void *self)
{
    (void)self;
    return 5;
}

static void put(struct lx_example *x, int input, int target)
{
    x->inputs[x->n] = (uint16_t)input;
    x->targets[x->n] = (uint16_t)target;
    x->n++;
    x->reach[x->n - 1] = (uint16_t)(target == LX_UNSCORED ? 0 : x->n);
}

static void planted_draw(const void *self, struct lx_rng *rng, enum lx_split split, int size,
                         struct lx_example *out)
{
    enum planted kind = *(const enum planted *)self;

    (void)split;
    out->n = 0;
    out->ends = kind != SKEWED;
    put(out, LX_EXAMPLE_END, LX_UNSCORED);
    for (int i = 0; i < size; i++) {
        int a = 2 + (int)lx_rng_below(rng, 4);

        if (kind == SKEWED) /* 2 is said half of the time */
            put(out, a, i > 0 ? LX_UNSCORED : lx_rng_below(rng, 2) == 0 ? 2 : a);
        else
            put(out, a,
                kind == LATE && i == size - 1   ? LX_EXAMPLE_END
                : kind == FIRST_WRONG && i == 0 ? 1
                                                : a);
    }
    if (kind == KNOWN || kind == FIRST_WRONG)
        put(out, LX_EXAMPLE_END, LX_EXAMPLE_END);
}

static const struct lx_example_ops planted_ops = {
    .tokens = planted_tokens, .sizes = planted_sizes, .seed = planted_seed, .draw = planted_draw};

struct rig {
    struct model_rig model;
    struct lx_eval_config c;
    struct lx_metrics out;
};

/* says < 0: the last input again; else always that token. */
static void rig_open(struct rig *r, int says)
{
    struct model_shape shape = {
        .config = {.layers = 1, .d_model = V, .heads = 2, .d_ff = 8, .vocab = V},
        .train_length = L,
        .max_length = 8 * L};
    struct lx_err err;
    struct lx_param *embed, *weight, *bias;

    memset(r, 0, sizeof(*r));
    CHECK_OK(lx_gemm_setup(&err));
    CHECK_OK(model_try(&r->model, "[\"nope\"]", &shape, &err));
    embed = (struct lx_param *)lx_paramset_find(&r->model.m.params, "tok_embed.weight");
    weight = (struct lx_param *)lx_paramset_find(&r->model.m.params, "ln_final.weight");
    bias = (struct lx_param *)lx_paramset_find(&r->model.m.params, "ln_final.bias");
    for (int v = 0; v < V; v++)
        embed->w[v * V + v] = 1;
    for (int d = 0; d < V; d++) {
        weight->w[d] = says < 0;
        bias->w[d] = says == d;
    }
    r->c = (struct lx_eval_config){.lengths = {L, 10, 2 * L},
                                   .n_lengths = 3,
                                   .modes = {[LX_MODE_ANSWERS] = true},
                                   .split = LX_SPLIT_TEST,
                                   .attention = true,
                                   .per_head = false,
                                   .batch_tokens = 40,
                                   .examples = EXAMPLES,
                                   .points = 1};
}

static void rig_close(struct rig *r)
{
    lx_metrics_free(&r->out);
    model_close(&r->model);
}

static void ask(struct rig *r, enum planted kind)
{
    struct lx_stream stream = {.examples = &planted_ops, .self = &kind};
    struct lx_eval_text text = {.stream = &stream};
    struct lx_err err;

    lx_metrics_free(&r->out);
    CHECK_OK(lx_evaluate(&r->model.m, &r->c, &text, false, 0, NULL, &r->out, &err));
}

static const struct lx_metric *row(const struct rig *r, const char *metric, int T, int lo)
{
    const struct lx_metric *found = NULL;

    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, metric) != 0 || m->eval_length != T || m->position_lo != lo)
            continue;
        assert_null(found);
        assert_string_equal(m->mode, "answers");
        assert_int_equal(m->stride, 0);
        found = m;
    }
    return found;
}

static double value(const struct rig *r, const char *metric, int T)
{
    const struct lx_metric *m = row(r, metric, T, -1);

    if (m == NULL)
        fail_msg("%s at %d: no row", metric, T);
    return m->value;
}

static void a_model_that_knows_scores_one(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, -1);
    ask(&r, KNOWN);
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(value(&r, "exact_match", r.c.lengths[i]), 1, 0);
        CHECK_NEAR(value(&r, "token_accuracy", r.c.lengths[i]), 1, 0);
        CHECK_NEAR(value(&r, "end_accuracy", r.c.lengths[i]), 1, 0);
        assert_true(value(&r, "exact_match_chance", r.c.lengths[i]) < 0.1);
    }
    rig_close(&r);
}

static void one_that_stops_late_scores_zero(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, -1);
    ask(&r, LATE);
    CHECK_NEAR(value(&r, "exact_match", L), 0, 0);
    CHECK_NEAR(value(&r, "token_accuracy", L), 1, 0);
    CHECK_NEAR(value(&r, "end_accuracy", L), 0, 0);
    CHECK_NEAR(row(&r, "exact_match", L, -1)->stderr_value, lx_wilson_error(0, EXAMPLES), 1e-15);
    rig_close(&r);
}

static void mistakes_are_told_by_place_and_reach(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, -1);
    ask(&r, FIRST_WRONG);
    CHECK_NEAR(value(&r, "exact_match", L), 0, 0);
    CHECK_NEAR(value(&r, "token_accuracy", L), (N - 1.0) / N, 1e-12);
    CHECK_NEAR(value(&r, "end_accuracy", L), 1, 0);
    CHECK_NEAR(row(&r, "accuracy_by_place", L, 0)->value, 0, 0);
    CHECK_NEAR(row(&r, "accuracy_by_place", L, 1)->value, 1, 0);
    assert_int_equal(row(&r, "accuracy_by_place", L, 4)->tokens, 2 * EXAMPLES);
    CHECK_NEAR(row(&r, "accuracy_by_reach", L, 2)->value, 0.5, 1e-12); /* 2 wrong, 3 right */
    CHECK_NEAR(row(&r, "accuracy_by_reach", L, 4)->value, 1, 0);
    rig_close(&r);
}

static void the_best_constant_has_exactly_chance(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, 2);
    ask(&r, SKEWED);
    CHECK_NEAR(value(&r, "exact_match", L), value(&r, "exact_match_chance", L), 0);
    CHECK_NEAR(value(&r, "token_accuracy", L), value(&r, "token_accuracy_chance", L), 0);
    assert_true(value(&r, "exact_match", L) > 0.4 && value(&r, "exact_match", L) < 0.85);
    assert_null(row(&r, "end_accuracy", L, -1));
    rig_close(&r);
}

/* floor(T N / L); more points go up evenly from the length before. */
static void sizes_follow_the_lengths(void **state)
{
    static const int plain[] = {6, 7, 12}, three[3][3] = {{2, 4, 6}, {7, 0, 0}, {9, 11, 12}};
    int sizes[LX_ANSWERS_POINTS];
    enum planted kind = KNOWN;
    struct rig r;

    (void)state;
    rig_open(&r, -1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lx_answers_sizes(&r.c, &planted_ops, &kind, L, i, sizes), 1);
        assert_int_equal(sizes[0], plain[i]);
    }
    r.c.points = 3;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lx_answers_sizes(&r.c, &planted_ops, &kind, L, i, sizes), i == 1 ? 1 : 3);
        assert_memory_equal(sizes, three[i], (i == 1 ? 1 : 3) * sizeof(*sizes));
    }
    ask(&r, KNOWN);
    assert_non_null(row(&r, "exact_match", L, 4));
    assert_int_equal(row(&r, "exact_match", L, 6)->windows, EXAMPLES);
    assert_int_equal(row(&r, "exact_match", L, -1)->windows, 3 * EXAMPLES);
    assert_int_equal(row(&r, "exact_match", L, 6)->tokens, EXAMPLES * (N + 1));
    rig_close(&r);
}

static void more_examples_begin_with_the_fewer(void **state)
{
    enum planted kind = KNOWN;
    struct lx_stream stream = {.examples = &planted_ops, .self = &kind};
    struct lx_answers_set few, many;
    struct lx_rng rng;
    struct lx_err err;
    struct rig r;

    (void)state;
    rig_open(&r, -1);
    CHECK_OK(lx_answers_take(&few, &r.model.m, 4, L, 16, false, &r.model.arena, &err));
    CHECK_OK(lx_answers_take(&many, &r.model.m, 8, L, 16, false, &r.model.arena, &err));
    lx_rng_init(&rng, 1, "x");
    lx_answers_draw(&few, &stream, &rng, LX_SPLIT_TEST, N);
    lx_rng_init(&rng, 1, "x");
    lx_answers_draw(&many, &stream, &rng, LX_SPLIT_TEST, N);
    for (int k = 0; k < 4; k++)
        assert_memory_equal(few.item[k].inputs, many.item[k].inputs,
                            (size_t)few.item[k].n * sizeof(uint16_t));
    rig_close(&r);
}

/* Published values of Wilson's interval at 1.96. */
static void intervals_are_wilsons(void **state)
{
    double lo, hi;

    (void)state;
    lx_wilson(0, 512, 1.959964, &lo, &hi);
    CHECK_NEAR(lo, 0, 1e-12);
    CHECK_NEAR(hi, 0.00745, 5e-5);
    lx_wilson(256, 512, 1.959964, &lo, &hi);
    CHECK_NEAR(lo, 0.45685, 5e-5);
    CHECK_NEAR(hi, 0.54315, 5e-5);
    lx_wilson(507, 512, 1.959964, &lo, &hi);
    CHECK_NEAR(lo, 0.9773, 1e-4);
    CHECK_NEAR(hi, 0.9958, 1e-4);
    for (int k = 0; k <= 50; k += 10)
        CHECK_NEAR(lx_wilson_trials(k / 50.0, lx_wilson_error(k, 50)), 50, 1e-6);
}

/* Greedy decoding, a token at a time, of what comes after the first inputs; whether it is the answer. */
static bool decode(struct model_rig *r, const struct lx_example *x)
{
    uint16_t tokens[64];
    real logits[256];
    int n = 0;

    while (x->targets[n] == LX_UNSCORED)
        n++;
    memcpy(tokens, x->inputs, (size_t)++n * sizeof(*tokens));
    while (n < 64) { /* it reads what it said itself */
        int best = 0;

        lx_model_forward(&r->m, r->work, tokens, 1, n, NULL);
        lx_model_logits(&r->m, r->work, n - 1, 1, logits);
        for (int v = 1; v < r->m.config.vocab; v++)
            best = logits[v] > logits[best] ? v : best;
        if (best == LX_EXAMPLE_END)
            break;
        tokens[n++] = (uint16_t)best;
        if (n > x->n)
            return false;
    }
    return n == x->n && memcmp(tokens, x->inputs, (size_t)n * sizeof(*tokens)) == 0;
}

static void decoding_token_by_token_is_one_pass(void **state)
{
    struct lx_train_config c = {.length = 12,
                                .batch_tokens = 240,
                                .steps = 250,
                                .lr = 0.01,
                                .warmup = 20,
                                .final_lr = 0.1,
                                .clip = 1,
                                .beta1 = 0.9,
                                .beta2 = 0.95,
                                .eps = 1e-8,
                                .array_lr = 1,
                                .log_every = 10};
    struct model_shape shape = {
        .config = {.layers = 1, .d_model = 16, .heads = 2, .d_ff = 32, .vocab = 128},
        .train_length = 12,
        .max_length = 48,
        .gradients = true};
    int right = 0, wrong = 0;
    struct lx_train_result result;
    struct lx_answers_set set;
    struct lx_stream stream;
    struct opened o;
    struct model_rig r;
    struct lx_rng rng;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    CHECK_OK(open_dataset(&o, "tasks", "{\"task\": \"dyck\", \"depth\": 4, \"kinds\": 3}", &err));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &stream, &err));
    model_open(&r, "[\"rope\"]", &shape);
    CHECK_OK(lx_train_run(&r.m, &c, &stream, 1, NULL, &r.arena, &result, &err));
    model_work(&r, 1, 48, false);
    CHECK_OK(lx_answers_take(&set, &r.m, 1, 48, 48, false, &r.arena, &err));
    lx_rng_init(&rng, 1, "test");
    for (int k = 0; k < 60; k++) {
        struct lx_answers_sums sums = {.examples = 0};

        lx_answers_draw(&set, &stream, &rng, LX_SPLIT_TEST, 3 + k % 20);
        assert_true(lx_answers_score(&set, &r.m, NULL, NULL, NULL, &sums, NULL));
        assert_int_equal(sums.exact, decode(&r, &set.item[0]));
        right += sums.exact == 1;
        wrong += sums.exact == 0;
    }
    if (right <= 5 || wrong <= 5)
        fail_msg("%d right and %d wrong: both must occur", right, wrong);
    model_close(&r);
    lx_arena_free(&o.arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_model_that_knows_scores_one),
    cmocka_unit_test(one_that_stops_late_scores_zero),
    cmocka_unit_test(mistakes_are_told_by_place_and_reach),
    cmocka_unit_test(the_best_constant_has_exactly_chance),
    cmocka_unit_test(sizes_follow_the_lengths),
    cmocka_unit_test(more_examples_begin_with_the_fewer),
    cmocka_unit_test(intervals_are_wilsons),
    cmocka_unit_test(decoding_token_by_token_is_one_pass),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
