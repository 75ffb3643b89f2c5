/* Attention alignment against attention that is known in closed form (a bias alone), against passes made
 * by hand, and against the scheme that applies a temperature; targets that no temperature reaches. */
#include "analysis/analysis.h"
#include "tensor/parallel.h"
#include "tests/unit/model_rig.h"

enum { V = 9, L = 16, LONGEST = 64, STREAM = 400, HEADS = 4 };

struct rig {
    struct model_rig model;
    struct lx_json *list;
    struct lx_stream stream, train;
    double bytes[V];
    struct lx_eval_config eval;
    struct lx_analyses analyses;
    struct lx_analysis_subject subject;
    struct lx_metrics out;
    int calls, stop_at;
};

static enum lx_code load(void *ctx, enum lx_split split, const struct lx_stream **out,
                         struct lx_err *err)
{
    struct rig *r = ctx;

    (void)err;
    assert_int_equal(split, LX_SPLIT_TRAIN);
    *out = &r->train;
    return LX_OK;
}

static bool seen(void *ctx, double done, double total)
{
    struct rig *r = ctx;

    assert_true(done >= 0 && done <= total * (1 + 1e-9));
    return ++r->calls != r->stop_at;
}

static void open_rig(struct rig *r, const char *stack, const char *list)
{
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 16, .heads = HEADS, .d_ff = 12, .vocab = V},
        .train_length = L,
        .max_length = LONGEST};
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    model_open(&r->model, stack, &shape);
    model_scatter(&r->model, 0.4, 1);
    r->stream.n = r->train.n = STREAM;
    r->stream.tokens = model_tokens(&r->model, STREAM, 2);
    r->train.tokens = model_tokens(&r->model, STREAM, 3);
    for (int i = 0; i < V; i++)
        r->bytes[i] = 1;
    r->eval = (struct lx_eval_config){.lengths = {L / 2, L, 2 * L, LONGEST},
                                      .n_lengths = 4,
                                      .modes = {true, false, true},
                                      .tokens = 128,
                                      .stride = 4,
                                      .attention = true,
                                      .per_head = true,
                                      .batch_tokens = 3 * LONGEST};
    CHECK_OK(lx_json_parse(list, strlen(list), "list", &r->list, &err));
    CHECK_OK(lx_analyses_parse(&r->analyses, r->list, "analyses", &r->model.m.config, &r->eval, L,
                               &r->model.arena, &err));
    r->subject = (struct lx_analysis_subject){.m = &r->model.m,
                                              .stack_id = "s",
                                              .eval = &r->eval,
                                              .stream = &r->stream,
                                              .token_bytes = r->bytes,
                                              .load = load,
                                              .load_ctx = r,
                                              .seed = 1,
                                              .watch = {.seen = seen, .ctx = r}};
}

static void run_rig(struct rig *r)
{
    struct lx_err err;

    r->out.n = 0;
    CHECK_OK(lx_analyses_run(&r->analyses, &r->subject, &r->out, &err));
    assert_null(r->model.m.temperature);
}

static void close_rig(struct rig *r)
{
    lx_metrics_free(&r->out);
    lx_json_free(r->list);
    model_close(&r->model);
}

/* No content in the logits: q = k = 0. */
static void silence(struct rig *r)
{
    size_t D = 16;

    for (int l = 0; l < 2; l++) {
        memset(r->model.m.layers[l].qkv_w->w, 0, 2 * D * D * sizeof(real));
        memset(r->model.m.layers[l].qkv_b->w, 0, 2 * D * sizeof(real));
    }
}

static const struct lx_metric *row(const struct rig *r, int T, const char *metric, int layer,
                                   int head)
{
    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (m->eval_length == T && strcmp(m->metric, metric) == 0 && m->layer == layer &&
            m->head == head && m->position_lo < 0)
            return m;
    }
    fail_msg("no row %s at %d, layer %d, head %d", metric, T, layer, head);
    return NULL;
}

static double value(const struct rig *r, int T, const char *metric, int layer, int head)
{
    const struct lx_metric *m = row(r, T, metric, layer, head);

    assert_string_equal(m->status, "ok");
    return m->value;
}

/* Softmax of -m d / t over d = 0 .. n-1: a geometric distribution cut at n. */
static double entropy_of(double m, double t, int n)
{
    double s = m / t, q = exp(-s), qn = exp(-s * n);

    return log(-expm1(-s * n) / -expm1(-s)) + s * (q / -expm1(-s) - n * qn / -expm1(-s * n));
}

static double largest_of(double m, double t, int n)
{
    return expm1(-m / t) / expm1(-m / t * n);
}

/* ALiBi's slopes of four heads. */
static double slope(int h)
{
    return pow(2, -2.0 * (h + 1));
}

/* Mean over the queries of the last part of a window and heads from .. to-1. */
static double mean_of(double (*f)(double m, double t, int n), int from, int to, double t, int T,
                      double skip)
{
    double sum = 0;
    int first = skip < 1 ? (int)(skip * T) : T - 1;

    for (int h = from; h < to; h++)
        for (int i = first; i < T; i++)
            sum += f(slope(h), t, i + 1);
    return sum / (to - from) / (T - first);
}

/* The temperature, by false position on its logarithm (Illinois variant), within 1/64 .. 64. */
static double solve(double (*f)(double m, double t, int n), int from, int to, int T, double skip)
{
    double target = mean_of(f, from, to, 1, L, skip);
    double a = 0, b = T > L ? -log(64) : log(64);
    double fa = mean_of(f, from, to, 1, T, skip) - target;
    double fb = mean_of(f, from, to, exp(b), T, skip) - target;

    assert_true(fa * fb < 0);
    for (int i = 0; i < 200 && fabs(b - a) > 1e-12; i++) {
        double c = b - fb * (b - a) / (fb - fa);
        double fc = mean_of(f, from, to, exp(c), T, skip) - target;

        if (fc * fb < 0) {
            a = b;
            fa = fb;
        } else {
            fa /= 2;
        }
        b = c;
        fb = fc;
        if (fabs(fc) < 1e-14)
            break;
    }
    return exp(b);
}

static void check_closed_form(const char *options, bool entropy, bool by_head, double skip)
{
    double (*f)(double m, double t, int n) = entropy ? entropy_of : largest_of;
    const char *target = entropy ? "alignment_entropy_target" : "alignment_max_prob_target";
    const char *before = entropy ? "alignment_entropy_before" : "alignment_max_prob_before";
    const char *after = entropy ? "alignment_entropy_after" : "alignment_max_prob_after";
    const double tol = 3e-5; /* of the search; attention itself is good to 1e-6 */
    static const int lengths[] = {L / 2, 2 * L, LONGEST};
    char list[200];
    struct rig r;

    (void)snprintf(list, sizeof(list),
                   "[{\"name\": \"alignment\", \"windows\": 3, \"tolerance\": 1e-5%s}]", options);
    open_rig(&r, "[{\"name\": \"alibi\"}]", list);
    silence(&r);
    run_rig(&r);
    for (size_t i = 0; i < 3; i++)
        for (int g = 0; g < (by_head ? HEADS : 1); g++)
            for (int l = by_head ? 0 : -1; l < (by_head ? 2 : 0); l++) {
                int T = lengths[i], from = by_head ? g : 0, to = by_head ? g + 1 : HEADS;
                int head = by_head ? g : -1;
                double want = mean_of(f, from, to, 1, L, skip);

                CHECK_NEAR(value(&r, T, target, l, head), want, 1e-5);
                CHECK_NEAR(value(&r, T, before, l, head), mean_of(f, from, to, 1, T, skip), 1e-5);
                if (strcmp(row(&r, T, "alignment_temperature", l, head)->status, "ok") != 0) {
                    assert_true(T < L); /* even uniform attention has too few keys */
                    assert_true((mean_of(f, from, to, 64, T, skip) < want) == entropy);
                    continue;
                }
                CHECK_NEAR(value(&r, T, after, l, head), want, 1e-4);
                CHECK_NEAR(value(&r, T, "alignment_temperature", l, head) /
                               solve(f, from, to, T, skip),
                           1, tol);
            }
    CHECK_NEAR(value(&r, LONGEST, "alignment_temperature", -1, -1) < 1, true, 0);
    close_rig(&r);
}

static void bias_alone_has_the_temperature_of_its_closed_form(void **state)
{
    (void)state;
    check_closed_form("", true, false, 0.5);
    check_closed_form(", \"skip\": 0", true, false, 0);
    check_closed_form(", \"skip\": 1", true, false, 1);
    check_closed_form(", \"strategy\": \"max_prob\"", false, false, 0.5);
    check_closed_form(", \"per\": \"head\"", true, true, 0.5);
    check_closed_form(", \"per\": \"head\", \"strategy\": \"max_prob\"", false, true, 0.5);
}

/* Every number of the plain evaluation, to the bit. */
static void training_length_is_left_alone(void **state)
{
    struct rig r;
    struct lx_metrics plain = {0};
    struct lx_err err;
    size_t found = 0;

    (void)state;
    open_rig(&r, "[{\"name\": \"rope\"}]", "[{\"name\": \"alignment\", \"per\": \"head\"}]");
    run_rig(&r);
    for (int l = 0; l < 2; l++)
        for (int h = 0; h < HEADS; h++)
            CHECK_NEAR(value(&r, L, "alignment_temperature", l, h), 1, 0);
    CHECK_NEAR(value(&r, L, "alignment_entropy_after", -1, -1),
               value(&r, L, "alignment_entropy_target", -1, -1), 0);
    CHECK_OK(lx_evaluate(&r.model.m, &r.eval, &(struct lx_eval_text){&r.stream, r.bytes, NULL},
                         false, 0, NULL, &plain, &err));
    for (size_t i = 0; i < r.out.n; i++) {
        const struct lx_metric *a = &r.out.rows[i];

        if (a->eval_length != L || a->suffix == NULL)
            continue;
        assert_string_equal(a->suffix, "+align-entropy-head");
        for (size_t k = 0; k < plain.n; k++) {
            const struct lx_metric *b = &plain.rows[k];

            if (b->eval_length == L && strcmp(a->metric, b->metric) == 0 &&
                strcmp(a->mode, b->mode) == 0 && a->layer == b->layer && a->head == b->head &&
                a->position_lo == b->position_lo) {
                assert_memory_equal(&a->value, &b->value, sizeof(a->value));
                found++;
            }
        }
    }
    assert_true(found > 30);
    for (size_t k = 0; k < plain.n; k++)
        found -= plain.rows[k].eval_length == L;
    assert_int_equal(found, 0);
    lx_metrics_free(&plain);
    close_rig(&r);
}

/* The variant's rows are those of the same weights under the temperature scheme. */
static void scores_as_the_temperature_scheme_does(void **state)
{
    static const char stack[] =
        "[{\"name\": \"alibi\"}, {\"name\": \"temperature\", \"tau\": %.17g}]";
    struct rig r, other;
    struct lx_metrics plain = {0};
    struct lx_err err;
    char text[200];
    size_t k = 0;

    (void)state;
    open_rig(&r, "[{\"name\": \"alibi\"}]", "[\"alignment\"]");
    run_rig(&r);
    (void)snprintf(text, sizeof(text), stack, value(&r, LONGEST, "alignment_temperature", -1, -1));
    open_rig(&other, text, "[]");
    other.eval.lengths[0] = LONGEST;
    other.eval.n_lengths = 1;
    CHECK_OK(lx_evaluate(&other.model.m, &other.eval,
                         &(struct lx_eval_text){&r.stream, r.bytes, NULL}, false, 0, NULL, &plain,
                         &err));
    for (size_t i = 0; i < r.out.n; i++) {
        const struct lx_metric *a = &r.out.rows[i];

        if (a->eval_length != LONGEST || a->suffix == NULL)
            continue;
        assert_true(k < plain.n);
        assert_string_equal(a->metric, plain.rows[k].metric);
        assert_memory_equal(&a->value, &plain.rows[k].value, sizeof(a->value));
        k++;
    }
    assert_int_equal(k, plain.n);
    assert_true(k > 50);
    lx_metrics_free(&plain);
    close_rig(&r);
    close_rig(&other);
}

/* Entropy by head over the calibration windows, by hand, at the temperatures that were reported. */
static void hand_entropy(struct rig *r, int T, int windows, const real *temperature, double *mean)
{
    real *entropy = model_take(&r->model, (size_t)(2 * HEADS) * (size_t)T, sizeof(*entropy));
    const struct lx_observe observe = {.entropy = entropy};

    r->model.m.temperature = temperature;
    memset(mean, 0, 2 * HEADS * sizeof(*mean));
    for (int k = 0; k < windows; k++) {
        size_t end = LONGEST + (size_t)((double)(STREAM - 1 - LONGEST) * k / (windows - 1));

        lx_model_forward(&r->model.m, r->model.work, r->train.tokens + end - T, 1, T, &observe);
        for (int h = 0; h < 2 * HEADS; h++)
            for (int t = T / 2; t < T; t++)
                mean[h] += (double)entropy[h * T + t] / (T - T / 2) / windows;
    }
    r->model.m.temperature = NULL;
}

static void content_is_aligned_head_by_head(void **state)
{
    const double tol = sizeof(real) == sizeof(double) ? 1e-9 : 2e-5;
    real temperature[2 * HEADS];
    double target[2 * HEADS], before[2 * HEADS], after[2 * HEADS];
    struct rig r;

    (void)state;
    open_rig(&r, "[{\"name\": \"t5\", \"buckets\": 8, \"max_distance\": 8}]",
             "[{\"name\": \"alignment\", \"per\": \"head\", \"windows\": 5}]");
    model_work(&r.model, 1, LONGEST, false);
    run_rig(&r);
    for (int h = 0; h < 2 * HEADS; h++)
        temperature[h] = (real)value(&r, LONGEST, "alignment_temperature", h / HEADS, h % HEADS);
    hand_entropy(&r, L, 5, NULL, target);
    hand_entropy(&r, LONGEST, 5, NULL, before);
    hand_entropy(&r, LONGEST, 5, temperature, after);
    for (int h = 0; h < 2 * HEADS; h++) {
        int l = h / HEADS, k = h % HEADS;

        CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_target", l, k), target[h], tol);
        CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_before", l, k), before[h], tol);
        CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_after", l, k), after[h], tol);
        CHECK_NEAR(after[h], target[h], 5e-3);
        assert_true(before[h] > target[h] + 0.3);
    }
    close_rig(&r);
}

/* One temperature a layer, the second found under the first. */
static void layers_are_aligned_in_turn(void **state)
{
    struct rig r, all;
    double one;

    (void)state;
    open_rig(&r, "[{\"name\": \"rope\"}]",
             "[{\"name\": \"alignment\", \"per\": \"layer\", \"strategy\": \"max_prob\"}]");
    run_rig(&r);
    for (int l = 0; l < 2; l++) {
        assert_true(value(&r, LONGEST, "alignment_temperature", l, -1) < 0.9);
        CHECK_NEAR(value(&r, LONGEST, "alignment_max_prob_after", l, -1),
                   value(&r, LONGEST, "alignment_max_prob_target", l, -1), 1e-3);
    }
    one = value(&r, LONGEST, "alignment_temperature", 0, -1) *
          value(&r, LONGEST, "alignment_temperature", 1, -1);
    CHECK_NEAR(value(&r, LONGEST, "alignment_temperature", -1, -1), sqrt(one), 1e-6);
    assert_string_equal(row(&r, LONGEST, "ppl", -1, -1)->suffix, "+align-max_prob-layer");
    open_rig(&all, "[{\"name\": \"rope\"}]",
             "[{\"name\": \"alignment\", \"strategy\": \"max_prob\"}]");
    run_rig(&all);
    CHECK_NEAR(value(&all, LONGEST, "alignment_max_prob_after", -1, -1),
               value(&all, LONGEST, "alignment_max_prob_target", -1, -1), 1e-3);
    assert_true(row(&all, LONGEST, "alignment_max_prob_after", -1, -1)->tokens == 32 * LONGEST / 2);
    close_rig(&r);
    close_rig(&all);
}

/* Attention that is uniform stays so: said in words, and nothing is evaluated in its name. */
static void out_of_reach_is_said(void **state)
{
    struct rig r;

    (void)state;
    open_rig(&r, "[]", "[\"alignment\"]");
    silence(&r);
    run_rig(&r);
    CHECK_NEAR(value(&r, L, "alignment_temperature", -1, -1), 1, 0);
    assert_true(value(&r, L, "ppl", -1, -1) > 1);
    assert_string_equal(row(&r, LONGEST, "alignment_temperature", -1, -1)->status,
                        "not_applicable");
    assert_string_equal(row(&r, LONGEST, "ppl", -1, -1)->status, "not_applicable");
    assert_string_equal(row(&r, LONGEST, "ppl", -1, -1)->suffix, "+align-entropy");
    CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_after", -1, -1),
               value(&r, LONGEST, "alignment_entropy_before", -1, -1), 0);
    close_rig(&r);
}

/* Few keys at every length: nothing to do, whatever the length. */
static void a_window_needs_nothing(void **state)
{
    struct rig r;

    (void)state;
    open_rig(&r, "[{\"name\": \"alibi\"}, {\"name\": \"window\", \"width\": 4}]",
             "[{\"name\": \"alignment\", \"per\": \"head\", \"tolerance\": 1e-5}]");
    silence(&r);
    run_rig(&r);
    for (int h = 0; h < HEADS; h++) {
        CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_before", 1, h),
                   value(&r, LONGEST, "alignment_entropy_target", 1, h), 1e-6);
        CHECK_NEAR(value(&r, LONGEST, "alignment_entropy_after", 1, h),
                   value(&r, LONGEST, "alignment_entropy_target", 1, h), 1e-6);
    }
    close_rig(&r);
}

static void broken_weights_say_so(void **state)
{
    struct rig r;

    (void)state;
    open_rig(&r, "[]", "[\"alignment\"]");
    r.model.m.layers[0].qkv_b->w[0] = (real)NAN;
    run_rig(&r);
    assert_string_equal(row(&r, L, "alignment_temperature", -1, -1)->status, "diverged");
    assert_string_equal(row(&r, LONGEST, "alignment_temperature", -1, -1)->status, "diverged");
    assert_string_equal(row(&r, LONGEST, "alignment_entropy_after", -1, -1)->status, "diverged");
    assert_string_equal(row(&r, LONGEST, "nll", -1, -1)->status, "diverged");
    close_rig(&r);
}

static void same_bits_for_any_threads(void **state)
{
    struct rig a, b;

    (void)state;
    open_rig(&a, "[{\"name\": \"rope\"}]",
             "[{\"name\": \"alignment\", \"per\": \"layer\", \"windows\": 4}]");
    open_rig(&b, "[{\"name\": \"rope\"}]",
             "[{\"name\": \"alignment\", \"per\": \"layer\", \"windows\": 4}]");
    run_rig(&a);
    lx_parallel_threads_set(3);
    run_rig(&b);
    lx_parallel_threads_set(1);
    assert_int_equal(a.out.n, b.out.n);
    for (size_t i = 0; i < a.out.n; i++)
        assert_memory_equal(&a.out.rows[i].value, &b.out.rows[i].value, sizeof(double));
    close_rig(&a);
    close_rig(&b);
}

/* Wherever it is stopped, weights and temperature of the model are as they were. */
static void stopping_leaves_the_model(void **state)
{
    struct rig r;
    struct lx_err err;
    size_t size;
    real *weights;
    int calls;

    (void)state;
    open_rig(&r, "[{\"name\": \"alibi\"}]", "[{\"name\": \"alignment\", \"windows\": 2}]");
    size = r.model.m.params.n_values * sizeof(*weights);
    weights = model_take(&r.model, 1, size);
    memcpy(weights, r.model.m.params.w, size);
    run_rig(&r);
    calls = r.calls;
    assert_true(calls > 20);
    for (r.stop_at = 1; r.stop_at <= calls; r.stop_at++) {
        r.calls = 0;
        r.out.n = 0;
        CHECK_FAILS(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err), LX_EINTERRUPT,
                    "interrupted");
        assert_null(r.model.m.temperature);
        assert_memory_equal(weights, r.model.m.params.w, size);
    }
    close_rig(&r);
}

static void too_little_text_to_calibrate_on(void **state)
{
    struct rig r;
    struct lx_err err;

    (void)state;
    open_rig(&r, "[]", "[\"alignment\"]");
    r.train.n = LONGEST;
    CHECK_FAILS(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err), LX_EDATA,
                "train split: must have at least 65 tokens, got 64");
    close_rig(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bias_alone_has_the_temperature_of_its_closed_form),
    cmocka_unit_test(training_length_is_left_alone),
    cmocka_unit_test(scores_as_the_temperature_scheme_does),
    cmocka_unit_test(content_is_aligned_head_by_head),
    cmocka_unit_test(layers_are_aligned_in_turn),
    cmocka_unit_test(out_of_reach_is_said),
    cmocka_unit_test(a_window_needs_nothing),
    cmocka_unit_test(broken_weights_say_so),
    cmocka_unit_test(same_bits_for_any_threads),
    cmocka_unit_test(stopping_leaves_the_model),
    cmocka_unit_test(too_little_text_to_calibrate_on),
};

CHECK_MAIN(tests)
