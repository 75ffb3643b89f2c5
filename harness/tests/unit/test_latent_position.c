/* What a model knows of positions without being told: the ridge regression against closed forms, the
 * probe on positions that were planted and on none, the variance of attention against the law 1/m of
 * uniform attention over independent tokens, computed from the weights by hand. */
#include "analysis/ridge.h"
#include "core/rng.h"
#include "tests/unit/analysis_rig.h"

enum { V = 13, T = 48, STREAM = 4000 };

/* ---------------------------------------------------------------------------------------- ridge */

static void ridge_open(struct lx_ridge *r, size_t D, struct lx_arena *arena)
{
    struct lx_err err;

    CHECK_OK(lx_ridge_init(r, D, arena, &err));
}

/* One feature: w = cov(x, y) / (var x (1 + penalty)). */
static void ridge_of_one_feature(void **state)
{
    const real x[] = {1, 2, 4, 7};
    const double y[] = {1, 3, 2, 8};
    const double cov = 71.0 / 4 - 3.5 * 3.5, var = 70.0 / 4 - 3.5 * 3.5;
    struct lx_arena arena = {0};

    (void)state;
    for (int k = 0; k < 3; k++) {
        double penalty = (double[]){1e-12, 0.1, 3}[k], w = cov / var / (1 + penalty);
        struct lx_ridge r;

        ridge_open(&r, 1, &arena);
        for (size_t i = 0; i < 4; i++)
            lx_ridge_add(&r, &x[i], y[i]);
        assert_true(lx_ridge_solve(&r, penalty));
        CHECK_NEAR(r.weight[0], w, 1e-10);
        CHECK_NEAR(lx_ridge_predict(&r, &x[2]), 3.5 + w * (4 - 3.5), 1e-10);
    }
    lx_arena_free(&arena);
}

/* A plane is found exactly; a constant feature and one that is a copy of another do no harm. */
static void ridge_finds_a_plane(void **state)
{
    const double truth[] = {2, -3, 0.5};
    struct lx_arena arena = {0};
    struct lx_ridge r;
    struct lx_rng rng;
    real x[5];

    (void)state;
    ridge_open(&r, 5, &arena);
    lx_rng_init(&rng, 1, "ridge");
    for (int i = 0; i < 200; i++) {
        double y = 7;

        for (int k = 0; k < 3; k++) {
            x[k] = (real)(lx_rng_normal(&rng) + 10 * k);
            y += truth[k] * (double)x[k];
        }
        x[3] = 4;
        x[4] = x[0];
        lx_ridge_add(&r, x, y);
    }
    assert_true(lx_ridge_solve(&r, 1e-10));
    CHECK_NEAR(r.weight[0] + r.weight[4], truth[0], 1e-6);
    CHECK_NEAR(r.weight[1], truth[1], 1e-6);
    CHECK_NEAR(r.weight[2], truth[2], 1e-6);
    CHECK_NEAR(r.weight[3], 0, 0);
    lx_arena_free(&arena);
}

/* At the minimum the derivative of the objective is zero, whatever solved it. */
static void ridge_is_a_minimum(void **state)
{
    enum { N = 60, D = 4 };
    const double penalty = 0.3;
    struct lx_arena arena = {0};
    struct lx_ridge r;
    struct lx_rng rng;
    real x[N][D];
    double y[N], mean[D] = {0}, sd[D] = {0};

    (void)state;
    ridge_open(&r, D, &arena);
    lx_rng_init(&rng, 2, "ridge");
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < D; k++)
            x[i][k] =
                (real)(lx_rng_normal(&rng) * (k + 1) + (k > 0 ? 0.5 * (double)x[i][k - 1] : 0));
        y[i] = lx_rng_normal(&rng) + (double)x[i][1];
        lx_ridge_add(&r, x[i], y[i]);
    }
    assert_true(lx_ridge_solve(&r, penalty));
    for (int k = 0; k < D; k++) {
        for (int i = 0; i < N; i++)
            mean[k] += (double)x[i][k] / N;
        for (int i = 0; i < N; i++)
            sd[k] += ((double)x[i][k] - mean[k]) * ((double)x[i][k] - mean[k]) / N;
        sd[k] = sqrt(sd[k]);
    }
    for (int k = 0; k < D; k++) {
        double g = 2 * penalty * r.weight[k] * sd[k];

        for (int i = 0; i < N; i++)
            g += 2 * (lx_ridge_predict(&r, x[i]) - y[i]) * ((double)x[i][k] - mean[k]) / sd[k] / N;
        CHECK_NEAR(g, 0, 1e-9);
    }
    lx_arena_free(&arena);
}

static void ridge_refuses_what_is_broken(void **state)
{
    struct lx_arena arena = {0};
    struct lx_ridge r;
    real x[] = {1, (real)NAN};

    (void)state;
    ridge_open(&r, 2, &arena);
    assert_false(lx_ridge_solve(&r, 1)); /* nothing added */
    lx_ridge_add(&r, x, 1);
    assert_false(lx_ridge_solve(&r, 1));
    lx_arena_free(&arena);
}

/* ------------------------------------------------------------------------------------- analyses */

static void open_layers(struct analysis_rig *r, int layers, int d_model, const char *stack,
                        const char *list)
{
    const struct model_shape shape = {.config = {.layers = layers,
                                                 .d_model = d_model,
                                                 .heads = 2,
                                                 .d_ff = 2 * d_model,
                                                 .vocab = V},
                                      .train_length = T,
                                      .max_length = T};
    const struct lx_eval_config eval = {
        .lengths = {T}, .n_lengths = 1, .tokens = T, .batch_tokens = 5 * T};

    analysis_open(r, stack, &shape, STREAM, &eval, list);
}

static void open_rig(struct analysis_rig *r, int d_model, const char *stack, const char *list)
{
    open_layers(r, 2, d_model, stack, list);
}

/* lo -1: the row without positions. */
static double value(const struct analysis_rig *r, const char *metric, int layer, int lo)
{
    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, metric) == 0 && m->layer == layer && m->position_lo == lo)
            return m->value;
    }
    fail_msg("no row %s of layer %d at %d", metric, layer, lo);
    return 0;
}

static struct lx_param *param(struct analysis_rig *r, const char *name)
{
    struct lx_param *p = lx_paramset_find(&r->model.m.params, name);

    assert_non_null(p);
    return p;
}

/* The position in one channel, tokens in the others: read exactly. */
static void planted_positions_are_read(void **state)
{
    struct analysis_rig r;
    struct lx_param *table;

    (void)state;
    open_rig(&r, 8, "[{\"name\": \"learned\"}]", "[\"position_probe\"]");
    table = param(&r, "encoding.learned.table");
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < 8; i++)
            table->w[t * 8 + i] = i == 3 ? (real)(0.1 * (double)t) : 0;
    for (size_t k = 0; k < V; k++)
        r.model.m.embed->w[k * 8 + 3] = 0;
    analysis_run(&r);
    CHECK_NEAR(value(&r, "position_r2", 0, -1), 1, 1e-4);
    CHECK_NEAR(value(&r, "position_error", 0, -1), 0, 0.1);
    assert_true(value(&r, "position_r2_initial", 0, -1) < 0.9);
    analysis_close(&r);
}

/* No positions in the embedding of random tokens: R^2 is 0 and the error T/4 but for chance. The best layer is what stands without a layer. */
static void absent_positions_are_not(void **state)
{
    struct analysis_rig r;
    double best;

    (void)state;
    open_rig(&r, 32, "[]", "[{\"name\": \"position_probe\", \"windows\": 64}]");
    analysis_run(&r);
    CHECK_NEAR(value(&r, "position_r2", 0, -1), 0, 0.05);
    CHECK_NEAR(value(&r, "position_error", 0, -1), T / 4.0, 0.04 * T);
    best = fmax(value(&r, "position_r2", 1, -1), value(&r, "position_r2", 2, -1));
    best = fmax(best, value(&r, "position_r2", 0, -1));
    CHECK_NEAR(value(&r, "position_r2", -1, -1), best, 0);
    analysis_close(&r);
}

/* Rows of the first weights are those of a model that was never trained, to the bit. */
static void initial_is_untrained(void **state)
{
    static const char *const lists[] = {"[\"position_probe\"]", "[\"attention_variance\"]"};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct analysis_rig fresh, trained;
        size_t found = 0;

        open_rig(&fresh, 8, "[]", lists[k]);
        open_rig(&trained, 8, "[]", lists[k]);
        model_scatter(&trained.model, 0.5, 3);
        analysis_run(&fresh);
        analysis_run(&trained);
        assert_int_equal(fresh.out.n, trained.out.n);
        for (size_t i = 0; i < fresh.out.n; i++) {
            const struct lx_metric *a = &fresh.out.rows[i], *b = &trained.out.rows[i];
            bool initial = strstr(a->metric, "_initial") != NULL;
            char plain[60];

            assert_int_equal(memcmp(&a->value, &b->value, sizeof(a->value)) == 0, initial);
            if (!initial)
                continue;
            (void)snprintf(plain, sizeof(plain), "%.*s", (int)(strlen(a->metric) - 8), a->metric);
            CHECK_NEAR(a->value, value(&fresh, plain, a->layer, a->position_lo), 0);
            found++;
        }
        assert_int_equal(2 * found, fresh.out.n);
        analysis_close(&fresh);
        analysis_close(&trained);
    }
}

/* Without an MLP a layer adds just its attention output to the stream. */
static void observed_output_is_what_is_added(void **state)
{
    enum { D = 8 };
    struct analysis_rig r;
    real output[2 * T * D], residual[3 * T * D];
    const struct lx_observe ob = {.output = output, .residual = residual};

    (void)state;
    open_rig(&r, D, "[{\"name\": \"rope\"}]", "[]");
    model_scatter(&r.model, 0.3, 4);
    for (size_t l = 0; l < 2; l++) {
        memset(r.model.m.layers[l].down_w->w, 0, 2 * D * D * sizeof(real));
        memset(r.model.m.layers[l].down_b->w, 0, D * sizeof(real));
    }
    for (int training = 0; training < 2; training++) {
        double size = 0;

        model_work(&r.model, 1, T, training != 0);
        lx_model_forward(&r.model.m, r.model.work, r.stream.tokens, 1, T, &ob);
        for (size_t i = 0; i < 2 * T * D; i++) {
            CHECK_NEAR((double)residual[T * D + i] - (double)residual[i], output[i], 1e-5);
            size += fabs((double)output[i]) / (2 * T * D);
        }
        assert_true(size > 0.05);
    }
    analysis_close(&r);
}

/* Mean over channels of the variance, over uniformly random tokens, of Wo Wv LN(E[token]): what the
 * first layer's attention output varies by where it sees one token. In double, from the weights. */
static double variance_of_one(struct analysis_rig *r)
{
    const struct lx_layer *y = &r->model.m.layers[0];
    size_t D = (size_t)r->model.m.config.d_model;
    double sum[64] = {0}, square[64] = {0}, variance = 0;

    for (size_t k = 0; k < V; k++) {
        const real *e = r->model.m.embed->w + k * D;
        double x[64], v[64], mean = 0, var = 0;

        for (size_t i = 0; i < D; i++)
            mean += (double)e[i] / (double)D;
        for (size_t i = 0; i < D; i++)
            var += ((double)e[i] - mean) * ((double)e[i] - mean) / (double)D;
        for (size_t i = 0; i < D; i++) /* the factor sqrt(D) of the embedding only moves eps */
            x[i] = ((double)e[i] - mean) / sqrt(var + 1e-5 / (double)D) * (double)y->ln1_w->w[i] +
                   (double)y->ln1_b->w[i];
        for (size_t o = 0; o < D; o++) {
            v[o] = (double)y->qkv_b->w[2 * D + o];
            for (size_t i = 0; i < D; i++)
                v[o] += (double)y->qkv_w->w[(2 * D + o) * D + i] * x[i];
        }
        for (size_t o = 0; o < D; o++) {
            double out = (double)y->out_b->w[o];

            for (size_t i = 0; i < D; i++)
                out += (double)y->out_w->w[o * D + i] * v[i];
            sum[o] += out / V;
            square[o] += out * out / V;
        }
    }
    for (size_t o = 0; o < D; o++)
        variance += (square[o] - sum[o] * sum[o]) / (double)D;
    return variance;
}

#define RANDOM_WINDOWS                                                                             \
    "[{\"name\": \"attention_variance\", \"source\": \"random\", \"windows\": 1500}]"

/* Mean of 1/m over the positions of a bin [lo, hi). */
static double mean_inverse(int lo, int hi)
{
    double sum = 0;

    for (int m = lo + 1; m <= hi; m++)
        sum += 1.0 / m;
    return sum / (hi - lo);
}

static void check_law(struct analysis_rig *r, const char *metric, double one, double tol)
{
    int bins = 0;

    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];
        double law;

        if (strcmp(m->metric, metric) != 0 || m->layer != 0)
            continue;
        law = one * mean_inverse(m->position_lo, m->position_hi);
        CHECK_NEAR(m->value, law, tol * law);
        bins++;
    }
    assert_int_equal(bins, 11);
}

/* q = k = 0 makes attention exactly uniform: Var_m = Var_1 / m, and the slope is -1. */
static void uniform_attention_falls_as_one_over_m(void **state)
{
    struct analysis_rig r;
    size_t D = 16;

    (void)state;
    open_layers(&r, 1, (int)D, "[]", RANDOM_WINDOWS);
    model_scatter(&r.model, 0.4, 5);
    memset(r.model.m.layers[0].qkv_w->w, 0, 2 * D * D * sizeof(real));
    memset(r.model.m.layers[0].qkv_b->w, 0, 2 * D * sizeof(real));
    analysis_run(&r);
    check_law(&r, "attention_variance", variance_of_one(&r), 0.08);
    CHECK_NEAR(value(&r, "attention_variance_slope", 0, -1), -1, 0.04);
    assert_true(value(&r, "attention_variance_rank", 0, -1) < -0.97);
    analysis_close(&r);
}

/* With the first weights of a model logits are small but not zero (variance 4/25), so that different
 * queries weigh tokens differently, which does not average out: the slope is flatter than -1, and goes
 * to -1 as q and k are made smaller. The first position sees one token whatever they are. */
static void first_weights_nearly_do(void **state)
{
    const double scales[] = {1, 0.5, 0.25};
    double before = 0;

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct analysis_rig r;
        double slope, one;

        open_layers(&r, 1, 64, "[]", RANDOM_WINDOWS);
        for (size_t i = 0; i < 2 * 64 * 64; i++)
            r.model.m.layers[0].qkv_w->w[i] *= (real)scales[k];
        analysis_run(&r);
        slope = value(&r, "attention_variance_slope", 0, -1);
        one = variance_of_one(&r);
        CHECK_NEAR(value(&r, "attention_variance", 0, 0), one, 0.05 * one);
        CHECK_NEAR(value(&r, "attention_variance_slope_initial", 0, -1), -0.8, 0.05);
        assert_true(slope < before);
        before = slope;
        analysis_close(&r);
    }
    CHECK_NEAR(before, -1, 0.05);
}

/* On text, against sums in another order. */
static void variance_by_brute_force(void **state)
{
    enum { D = 8, N = 7 };
    struct analysis_rig r;
    real output[2 * T * D];
    const struct lx_observe ob = {.output = output};
    double o[N][2 * T * D], variance[2][T] = {{0}};

    (void)state;
    open_rig(&r, D, "[{\"name\": \"alibi\"}]",
             "[{\"name\": \"attention_variance\", \"windows\": 7, \"initial\": false}]");
    model_scatter(&r.model, 0.4, 6);
    model_work(&r.model, 1, T, false);
    analysis_run(&r);
    for (size_t k = 0; k < N; k++) {
        size_t start = (size_t)((double)(STREAM - 1 - T) * (double)k / (N - 1));

        lx_model_forward(&r.model.m, r.model.work, r.stream.tokens + start, 1, T, &ob);
        for (size_t i = 0; i < 2 * T * D; i++)
            o[k][i] = (double)output[i];
    }
    for (size_t i = 0; i < 2 * T * D; i++) {
        double mean = 0;

        for (size_t k = 0; k < N; k++)
            mean += o[k][i] / N;
        for (size_t k = 0; k < N; k++)
            variance[i / (T * D)][i / D % T] += (o[k][i] - mean) * (o[k][i] - mean) / (N - 1) / D;
    }
    for (int l = 0; l < 2; l++) {
        CHECK_NEAR(value(&r, "attention_variance", l, 0), variance[l][0], 1e-5);
        CHECK_NEAR(value(&r, "attention_variance", l, 2), (variance[l][2] + variance[l][3]) / 2,
                   1e-5);
    }
    analysis_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ridge_of_one_feature),
    cmocka_unit_test(ridge_finds_a_plane),
    cmocka_unit_test(ridge_is_a_minimum),
    cmocka_unit_test(ridge_refuses_what_is_broken),
    cmocka_unit_test(planted_positions_are_read),
    cmocka_unit_test(absent_positions_are_not),
    cmocka_unit_test(initial_is_untrained),
    cmocka_unit_test(observed_output_is_what_is_added),
    cmocka_unit_test(uniform_attention_falls_as_one_over_m),
    cmocka_unit_test(first_weights_nearly_do),
    cmocka_unit_test(variance_by_brute_force),
};

CHECK_MAIN(tests)
