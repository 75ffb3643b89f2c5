/* Back hooks of the schemes against finite differences of their forward hooks: the gradient of
 * f = sum G * hook(parameters) for a random G, for every value of every learned array. In double the
 * differences are good to nine digits, in float to three. */
#include "tests/unit/encoding_rig.h"

#ifdef LX_REAL_DOUBLE
#define STEP 1e-3
#define TOLERANCE 1e-8
#else
#define STEP 2e-2
#define TOLERANCE 2e-3
#endif

static const struct lx_enc_dims dims = {
    .layers = 2, .heads = 4, .head_dim = 4, .d_model = 16, .train_length = 12, .max_length = 40};

/* f for the dist hook (embed: layer -1), summed in double. */
static double value_of(struct rig *r, const struct lx_enc_call *c, const real *G, real *out,
                       size_t n)
{
    double sum = 0;

    memset(out, 0, n * sizeof(real));
    rig_prepare(r, c->T);
    if (c->layer < 0)
        r->ops->embed(r->self, c, out);
    else
        r->ops->dist(r->self, c, out);
    for (size_t i = 0; i < n; i++)
        sum += (double)G[i] * (double)out[i];
    return sum;
}

/* Four-point difference: error of order STEP^4. */
static double slope_of(struct rig *r, const struct lx_enc_call *c, const real *G, real *out,
                       size_t n, real *w)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    real kept = *w;
    double sum = 0, step = STEP * fmax(0.2, fabs((double)kept));

    for (int i = 0; i < 4; i++) {
        *w = (real)((double)kept + at[i] * step);
        sum += weight[i] * value_of(r, c, G, out, n);
    }
    *w = kept;
    return sum / (12 * step);
}

static void check_gradients(const char *name, const char *options, int layer, int B, int T)
{
    struct lx_enc_call call = {.layer = layer, .B = B, .T = T};
    size_t n = layer < 0 ? (size_t)(B * T * dims.d_model) : (size_t)(dims.heads * T);
    struct rig r;
    real *G, *out;
    size_t checked = 0;

    rig_open(&r, name, options, &dims);
    G = rig_reals(&r, n);
    out = rig_reals(&r, n);
    rig_noise(G, n, 3);
    /* First values may be zeros: move everything somewhere general, inside the bounds. */
    for (size_t i = 0; i < r.params.n_values; i++) {
        r.params.w[i] = (real)(0.3 + 0.1 * (double)(i % 11));
        r.params.g[i] = 0;
    }
    rig_prepare(&r, T);
    if (layer < 0)
        r.ops->embed_back(r.self, &call, G);
    else
        r.ops->dist_back(r.self, &call, G);
    for (size_t i = 0; i < r.params.n_values; i++, checked++) {
        double want = slope_of(&r, &call, G, out, n, &r.params.w[i]);

        CHECK_NEAR(r.params.g[i], want, TOLERANCE * (1 + fabs(want)));
    }
    assert_true(checked > 0);
    rig_close(&r);
}

static void alibi_slopes(void **state)
{
    (void)state;
    check_gradients("alibi", "{\"learned\": true}", 0, 1, 12);
    check_gradients("alibi", "{\"learned\": true, \"interpolation\": \"dynamic\"}", 1, 1, 36);
    check_gradients("alibi",
                    "{\"learned\": true, \"interpolation\": \"fixed\", \"factor\": 3, "
                    "\"slope_multiplier\": 0.5}",
                    0, 1, 20);
}

static void t5_biases(void **state)
{
    (void)state;
    check_gradients("t5", "{\"buckets\": 8, \"max_distance\": 16}", 0, 1, 12);
    check_gradients("t5", "{\"buckets\": 8, \"max_distance\": 16}", 1, 1, 40);
    check_gradients("t5", "{\"buckets\": 6, \"max_distance\": 8, \"shared\": false}", 1, 1, 12);
}

static void relative_biases(void **state)
{
    (void)state;
    check_gradients("relative", "{\"offsets\": 8}", 0, 1, 12);
    check_gradients("relative", "{\"offsets\": 8, \"past\": \"zero\"}", 1, 1, 40);
    check_gradients("relative", "{\"offsets\": 20, \"shared\": false}", 1, 1, 12);
}

/* A bucket that no distance reaches gets no gradient, and the other layer's table gets none. */
static void t5_gradients_stay_in_their_buckets(void **state)
{
    struct lx_enc_call call = {.layer = 1, .B = 1, .T = 3};
    struct rig r;
    real G[12];

    (void)state;
    rig_open(&r, "t5", "{\"buckets\": 8, \"max_distance\": 16, \"shared\": false}", &dims);
    for (int i = 0; i < 12; i++)
        G[i] = 1;
    r.ops->dist_back(r.self, &call, G);
    for (size_t i = 0; i < r.params.n_values; i++)
        CHECK_NEAR(r.params.g[i], i >= 32 && i < 32 + 12 ? 1 : 0, 0);
    rig_close(&r);
}

static void kerple_parameters(void **state)
{
    (void)state;
    check_gradients("kerple_log", NULL, 0, 1, 12);
    check_gradients("kerple_log", NULL, 1, 1, 40);
    check_gradients("kerple_power", NULL, 0, 1, 12);
    check_gradients("kerple_power", NULL, 1, 1, 24);
}

/* The key itself is at distance 0: no parameter of KERPLE moves its bias. */
static void kerple_distance_zero_has_no_gradient(void **state)
{
    static const char *const names[] = {"kerple_log", "kerple_power"};
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = 1};
    real G[4] = {1, 1, 1, 1};

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct rig r;

        rig_open(&r, names[k], NULL, &dims);
        r.ops->dist_back(r.self, &call, G);
        for (size_t i = 0; i < r.params.n_values; i++)
            CHECK_NEAR(r.params.g[i], 0, 0);
        rig_close(&r);
    }
}

static void kernel_shapes(void **state)
{
    (void)state;
    check_gradients("kerple_log3", NULL, 0, 1, 12);
    check_gradients("kerple_log3", "{\"shared\": false}", 1, 1, 40);
    check_gradients("bam", NULL, 1, 1, 12);
    check_gradients("bam", "{\"shared\": false}", 0, 1, 40);
}

static void networks_of_the_distance(void **state)
{
    (void)state;
    check_gradients("mlp_bias", "{\"width\": 3, \"log\": true}", 0, 1, 12);
    check_gradients("mlp_bias", "{\"width\": 3, \"depth\": 1, \"log\": true}", 1, 1, 12);
    check_gradients("mlp_bias", "{\"width\": 2, \"depth\": 4, \"log\": true, \"shared\": false}", 1,
                    1, 30);
}

static void learned_table(void **state)
{
    (void)state;
    check_gradients("learned", NULL, -1, 2, 12);
    check_gradients("learned", NULL, -1, 3, 7);
    check_gradients("learned", "{\"past\": \"clamp\"}", -1, 2, 20);
    check_gradients("learned", "{\"past\": \"wrap\"}", -1, 2, 29);
    check_gradients("learned", "{\"past\": \"interpolate\"}", -1, 2, 31);
    check_gradients("learned", "{\"rows\": 20}", -1, 2, 12);
    check_gradients("learned", "{\"rows\": 20, \"past\": \"clamp\"}", -1, 2, 30);
    check_gradients("learned", "{\"rows\": 20, \"past\": \"wrap\"}", -1, 1, 38);
    check_gradients("learned", "{\"rows\": 20, \"past\": \"interpolate\"}", -1, 2, 31);
}

/* Sequences of the training length give rows past it a gradient of zero, not a small one. */
static void rows_past_the_training_length_have_no_gradient(void **state)
{
    struct lx_enc_call call = {.layer = -1, .B = 2, .T = dims.train_length};
    struct rig r;
    real *G;

    (void)state;
    rig_open(&r, "learned", "{\"rows\": 40}", &dims);
    G = rig_reals(&r, (size_t)(2 * dims.train_length * dims.d_model));
    for (int i = 0; i < 2 * dims.train_length * dims.d_model; i++)
        G[i] = 1;
    r.ops->embed_back(r.self, &call, G);
    assert_int_equal(r.params.n_values, 40 * dims.d_model);
    for (size_t i = 0; i < r.params.n_values; i++)
        CHECK_NEAR(r.params.g[i], i < (size_t)(dims.train_length * dims.d_model) ? 2 : 0, 0);
    rig_close(&r);
}

/* <R q, g> = <q, R' g> for all q and g, with R' the back hook: for rotations with a size too. */
static void check_adjoint(const char *name, const char *options, int T)
{
    enum { B = 2, STRIDE = 3 * 16 };
    struct lx_enc_call call = {.layer = 0, .B = B, .T = T};
    size_t n = (size_t)(B * T * STRIDE);
    struct rig r;
    real *x[4], *y[4];
    double left = 0, right = 0, size = 0;

    rig_open(&r, name, options, &dims);
    for (int i = 0; i < 4; i++) {
        x[i] = rig_reals(&r, n);
        y[i] = rig_reals(&r, n);
        rig_noise(x[i], n, (uint64_t)i);
        memcpy(y[i], x[i], n * sizeof(real));
    }
    rig_prepare(&r, T);
    r.ops->rotate(r.self, &call, y[0], y[1], STRIDE);
    r.ops->rotate_back(r.self, &call, y[2], y[3], STRIDE);
    for (size_t i = 0; i < n; i++) {
        left += (double)y[0][i] * (double)x[2][i] + (double)y[1][i] * (double)x[3][i];
        right += (double)x[0][i] * (double)y[2][i] + (double)x[1][i] * (double)y[3][i];
        size += fabs((double)y[0][i] * (double)x[2][i]);
    }
    CHECK_NEAR(left, right, RIG_EPS * size);
    rig_close(&r);
}

static void rotation_back_is_the_adjoint(void **state)
{
    (void)state;
    check_adjoint("rope", NULL, 12);
    check_adjoint("rope", "{\"fraction\": 0.5}", 30);
    check_adjoint("rope", "{\"scaling\": \"yarn\", \"factor\": 8}", 40);
    check_adjoint("rope", "{\"scaling\": \"dynamic_ntk\"}", 40);
    check_adjoint("xpos", NULL, 12);
    check_adjoint("xpos", "{\"fraction\": 0.5, \"scale_base\": 4}", 40);
    check_adjoint("fope", "{\"base\": 2}", 40);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(alibi_slopes),
    cmocka_unit_test(t5_biases),
    cmocka_unit_test(relative_biases),
    cmocka_unit_test(t5_gradients_stay_in_their_buckets),
    cmocka_unit_test(kerple_parameters),
    cmocka_unit_test(kerple_distance_zero_has_no_gradient),
    cmocka_unit_test(kernel_shapes),
    cmocka_unit_test(networks_of_the_distance),
    cmocka_unit_test(learned_table),
    cmocka_unit_test(rotation_back_is_the_adjoint),
    cmocka_unit_test(rows_past_the_training_length_have_no_gradient),
};

CHECK_MAIN(tests)
