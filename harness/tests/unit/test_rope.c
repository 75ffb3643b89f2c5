/* RoPE: angles against closed forms and published tables of its scalings, and what rotations obey. */
#include "tests/unit/encoding_rig.h"

/* Set in a unit vector of channel c at position 1, a rotation shows its angle and its size. */
struct angle {
    double theta, size;
};

static struct angle angle_of(struct rig *r, int T, int c, int pairs)
{
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = T};
    size_t row = (size_t)(r->dims.heads * r->dims.head_dim);
    real *q = rig_reals(r, (size_t)T * row), *k = rig_reals(r, (size_t)T * row);
    double x, y;

    q[row + (size_t)c] = 1;
    rig_prepare(r, T);
    r->ops->rotate(r->self, &call, q, k, row);
    x = (double)q[row + (size_t)c];
    y = (double)q[row + (size_t)(c + pairs)];
    return (struct angle){atan2(y, x), hypot(x, y)};
}

static struct lx_enc_dims dims_of(int head_dim, int train_length, int max_length)
{
    return (struct lx_enc_dims){.layers = 1,
                                .heads = 1,
                                .head_dim = head_dim,
                                .d_model = head_dim,
                                .train_length = train_length,
                                .max_length = max_length};
}

struct case_of_scaling {
    const char *options;
    int T;
    double theta[4], size;
};

/* Head of 8 channels, L = 16. NTK at 4: pair c is slowed by 4^(c/3), so the last one by 4. YaRN: pair 0
 * makes 2.5 turns in L, beyond the ramp's lower end; the others are divided; size 1 + ln(4)/10. Llama 3:
 * pair 0 makes 8/pi turns, between 1 and 4, and comes to 2/pi. */
static void scalings_have_their_closed_forms(void **state)
{
    static const struct case_of_scaling cases[] = {
        {"{}", 64, {1, 0.1, 0.01, 0.001}, 1},
        {"{\"base\": 16}", 64, {1, 0.5, 0.25, 0.125}, 1},
        {"{\"scaling\": \"pi\", \"factor\": 4}", 16, {0.25, 0.025, 0.0025, 0.00025}, 1},
        {"{\"scaling\": \"pi\"}", 64, {0.25, 0.025, 0.0025, 0.00025}, 1},
        {"{\"scaling\": \"pi\"}", 16, {1, 0.1, 0.01, 0.001}, 1},
        {"{\"scaling\": \"pi\"}", 8, {1, 0.1, 0.01, 0.001}, 1},
        {"{\"scaling\": \"ntk\", \"factor\": 4}",
         16,
         {1, 0.062996052494743658, 0.0039685026299204987, 0.00025},
         1},
        {"{\"scaling\": \"dynamic_ntk\"}",
         64,
         {1, 0.062996052494743658, 0.0039685026299204987, 0.00025},
         1},
        {"{\"scaling\": \"dynamic_ntk\"}", 16, {1, 0.1, 0.01, 0.001}, 1},
        {"{\"scaling\": \"yarn\", \"factor\": 4}",
         16,
         {1, 0.025, 0.0025, 0.00025},
         1.1386294361119891},
        {"{\"scaling\": \"yarn\"}", 64, {1, 0.025, 0.0025, 0.00025}, 1.1386294361119891},
        {"{\"scaling\": \"yarn\"}", 16, {1, 0.1, 0.01, 0.001}, 1},
        {"{\"scaling\": \"llama3\", \"factor\": 4}",
         16,
         {0.63661977236758138, 0.025, 0.0025, 0.00025},
         1},
    };
    struct lx_enc_dims dims = dims_of(8, 16, 64);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig r;

        rig_open(&r, "rope", cases[i].options, &dims);
        for (int c = 0; c < 4; c++) {
            struct angle a = angle_of(&r, cases[i].T, c, 4);

            CHECK_NEAR(a.theta, cases[i].theta[c], RIG_EPS * cases[i].theta[c]);
            CHECK_NEAR(a.size, cases[i].size, RIG_EPS);
        }
        rig_close(&r);
    }
}

/* Pairs that a scaling leaves alone, and pairs that it divides by the factor. */
static void count_pairs(const char *options, int head_dim, int L, int *kept, int *divided)
{
    struct lx_enc_dims dims = dims_of(head_dim, L, 8);
    struct rig r;

    rig_open(&r, "rope", options, &dims);
    *kept = *divided = 0;
    for (int c = 0; c < head_dim / 2; c++) {
        double plain = pow(10000, -2.0 * c / head_dim);
        double ratio = angle_of(&r, 8, c, head_dim / 2).theta / plain;

        *kept += fabs(ratio - 1) < 1e-5;
        *divided += fabs(ratio - 0.125) < 1e-5;
    }
    rig_close(&r);
}

/* Ends of YaRN's ramp and the split of Llama 3 at small training lengths, base 10000. */
static void ramps_begin_and_end_where_they_should(void **state)
{
    static const struct {
        int head_dim, L, low, high, kept, divided;
    } rows[] = {
        {32, 64, 0, 5, 2, 11},   {32, 128, 0, 6, 3, 10},   {32, 256, 0, 7, 5, 9},
        {32, 512, 1, 8, 6, 8},   {64, 64, 0, 9, 4, 23},    {64, 128, 0, 11, 6, 21},
        {64, 256, 0, 13, 9, 19}, {64, 512, 3, 16, 11, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int kept, divided;

        count_pairs("{\"scaling\": \"yarn\", \"factor\": 8}", rows[i].head_dim, rows[i].L, &kept,
                    &divided);
        assert_int_equal(kept, rows[i].low + 1);
        assert_int_equal(divided, rows[i].head_dim / 2 - rows[i].high);
        count_pairs("{\"scaling\": \"llama3\", \"factor\": 8}", rows[i].head_dim, rows[i].L, &kept,
                    &divided);
        assert_int_equal(kept, rows[i].kept);
        assert_int_equal(divided, rows[i].divided);
    }
}

/* 64 channels, L = 512: the ramp runs from pair 3 to pair 16, so pair 8 is 5/13 of the way down. */
static void yarn_ramp_is_linear_in_the_pair(void **state)
{
    struct lx_enc_dims dims = dims_of(64, 512, 8);
    struct rig r;

    (void)state;
    rig_open(&r, "rope", "{\"scaling\": \"yarn\", \"factor\": 4}", &dims);
    CHECK_NEAR(angle_of(&r, 8, 8, 32).theta, 0.1 * (5.0 / 13 / 4 + 8.0 / 13), 1e-7);
    rig_close(&r);
}

/* L = 6 is less than a turn of the fastest pair: nothing is fast enough to be spared but pair 0, where
 * both ends of the ramp lie. */
static void yarn_survives_a_tiny_training_length(void **state)
{
    struct lx_enc_dims dims = dims_of(8, 6, 8);
    struct rig r;

    (void)state;
    rig_open(&r, "rope", "{\"scaling\": \"yarn\", \"factor\": 4}", &dims);
    CHECK_NEAR(angle_of(&r, 8, 0, 4).theta, 1, RIG_EPS);
    CHECK_NEAR(angle_of(&r, 8, 1, 4).theta, 0.025, RIG_EPS);
    rig_close(&r);
}

/* A factor of 1 is no scaling, bit for bit for those that only divide. */
static void factor_one_is_plain(void **state)
{
    static const char *const scalings[] = {"pi", "ntk", "yarn", "llama3"};
    struct lx_enc_dims dims = dims_of(16, 16, 64);
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = 64};
    size_t n = 64 * 16;
    struct rig plain;
    real *want, *k;

    (void)state;
    rig_open(&plain, "rope", NULL, &dims);
    want = rig_reals(&plain, n);
    k = rig_reals(&plain, n);
    rig_noise(want, n, 1);
    rig_prepare(&plain, 64);
    plain.ops->rotate(plain.self, &call, want, k, 16);
    for (size_t i = 0; i < 4; i++) {
        struct rig r;
        char options[80];
        real *q;

        (void)snprintf(options, sizeof(options), "{\"scaling\": \"%s\", \"factor\": 1}",
                       scalings[i]);
        rig_open(&r, "rope", options, &dims);
        q = rig_reals(&r, n);
        rig_noise(q, n, 1);
        rig_prepare(&r, 64);
        r.ops->rotate(r.self, &call, q, k, 16);
        for (size_t j = 0; j < n; j++)
            CHECK_NEAR(q[j], want[j], 10 * RIG_EPS);
        rig_close(&r);
    }
    rig_close(&plain);
}

/* Scores of one query and one key, put at every position, depend on the distance alone; lengths stay;
 * turning back undoes; turning twice is turning by the double position. */
static void rotations_obey_their_laws(void **state)
{
    struct lx_enc_dims dims = dims_of(16, 16, 64);
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = 48};
    enum { D = 16, T = 48 };
    struct rig r;
    real *q, *k, *once;

    (void)state;
    rig_open(&r, "rope", NULL, &dims);
    q = rig_reals(&r, T * D);
    k = rig_reals(&r, T * D);
    once = rig_reals(&r, T * D);
    rig_noise(q, D, 1);
    rig_noise(k, D, 2);
    for (int t = 1; t < T; t++) {
        memcpy(q + t * D, q, D * sizeof(real));
        memcpy(k + t * D, k, D * sizeof(real));
    }
    rig_prepare(&r, T);
    r.ops->rotate(r.self, &call, q, k, D);
    for (int t = 0; t + 20 < T; t++) {
        double score = 0, shifted = 0, size = 0, first = 0;

        for (int c = 0; c < D; c++) {
            score += (double)(q[11 * D + c] * k[4 * D + c]);
            shifted += (double)(q[(11 + t) * D + c] * k[(4 + t) * D + c]);
            first += (double)(q[c] * q[c]);
            size += (double)(q[t * D + c] * q[t * D + c]);
        }
        CHECK_NEAR(shifted, score, 20 * RIG_EPS);
        CHECK_NEAR(size, first, 20 * RIG_EPS);
    }
    memcpy(once, q, T * D * sizeof(real));
    r.ops->rotate(r.self, &call, q, k, D);
    for (int t = 0; 2 * t < T; t++)
        for (int c = 0; c < D; c++)
            CHECK_NEAR(q[t * D + c], once[2 * t * D + c], 10 * RIG_EPS);
    r.ops->rotate_back(r.self, &call, q, k, D);
    for (int i = 0; i < T * D; i++)
        CHECK_NEAR(q[i], once[i], 10 * RIG_EPS);
    rig_close(&r);
}

/* Half the channels turn, with frequencies of their own number; the rest and the room between rows
 * stay; every sequence of a batch begins at position 0. */
static void fraction_heads_batch_and_stride(void **state)
{
    enum { B = 2, T = 5, H = 2, D = 8, STRIDE = 24 };
    struct lx_enc_dims dims = {.layers = 1,
                               .heads = H,
                               .head_dim = D,
                               .d_model = H * D,
                               .train_length = 16,
                               .max_length = 16};
    struct lx_enc_call call = {.layer = 0, .B = B, .T = T};
    struct rig r;
    real *q, *k;

    (void)state;
    rig_open(&r, "rope", "{\"fraction\": 0.5}", &dims);
    q = rig_reals(&r, B * T * STRIDE);
    k = rig_reals(&r, B * T * STRIDE);
    for (int i = 0; i < B * T * STRIDE; i++)
        q[i] = k[i] = 1;
    rig_prepare(&r, T);
    r.ops->rotate(r.self, &call, q, k, STRIDE);
    assert_memory_equal(q, k, B * T * STRIDE * sizeof(real));
    for (int row = 0; row < B * T; row++) {
        const real *x = q + row * STRIDE;
        double a = row % T, b = 0.01 * (row % T); /* theta of 4 channels: 1, 1/100 */

        for (int h = 0; h < H; h++, x += D) {
            CHECK_NEAR(x[0], cos(a) - sin(a), RIG_EPS);
            CHECK_NEAR(x[1], cos(b) - sin(b), RIG_EPS);
            CHECK_NEAR(x[2], cos(a) + sin(a), RIG_EPS);
            CHECK_NEAR(x[3], cos(b) + sin(b), RIG_EPS);
            for (int c = 4; c < D; c++)
                CHECK_NEAR(x[c], 1, 0);
        }
        for (int c = 0; c < STRIDE - H * D; c++)
            CHECK_NEAR(x[c], 1, 0);
    }
    rig_close(&r);
}

/* An angle kept in float would be off by up to 2.4e-4 here; the table is good to its last digit. */
static void far_positions_are_exact(void **state)
{
    struct lx_enc_dims dims = dims_of(2, 16, 8192);
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = 8192};
    struct rig r;
    real *q, *k;

    (void)state;
    rig_open(&r, "rope", NULL, &dims);
    q = rig_reals(&r, 8192 * 2);
    k = rig_reals(&r, 8192 * 2);
    q[8000 * 2] = 1;
    rig_prepare(&r, 8192);
    r.ops->rotate(r.self, &call, q, k, 2);
    CHECK_NEAR(q[8000 * 2], 0.06564512751032302, RIG_EPS / 30);
    CHECK_NEAR(q[8000 * 2 + 1], 0.9978430323623818, RIG_EPS / 30);
    rig_close(&r);
}

static void refuses_wrong_options(void **state)
{
    static const struct {
        const char *options, *part;
    } cases[] = {
        {"{\"fraction\": 0.3}", "fraction: times the head dimension 8 must be an even number"},
        {"{\"fraction\": 0.125}", "got 0.125 * 8 = 1"},
        {"{\"fraction\": 0}", "fraction"},
        {"{\"fraction\": 0.25, \"scaling\": \"ntk\", \"factor\": 2}",
         "at least 4 rotated channels"},
        {"{\"base\": 1}", "base"},
        {"{\"scaling\": \"none\", \"factor\": 4}",
         "factor: must be unset with scaling none, got 4"},
        {"{\"scaling\": \"dynamic_ntk\", \"factor\": 4}", "factor: must be unset"},
        {"{\"scaling\": \"llama3\"}", "factor: must be set"},
        {"{\"scaling\": \"pi\", \"factor\": 0.5}", "factor"},
        {"{\"beta_fast\": 1}", "beta_fast: must be above beta_slow 1, got 1"},
        {"{\"high_freq_factor\": 1}", "high_freq_factor: must be above low_freq_factor 1, got 1"},
        {"{\"scaling\": \"linear\"}", "scaling"},
    };
    struct lx_enc_dims dims = dims_of(8, 16, 64);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig r;
        struct lx_err err;

        CHECK_FAILS(rig_try(&r, "rope", cases[i].options, &dims, &err), LX_ECONFIG, cases[i].part);
        rig_close(&r);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalings_have_their_closed_forms),
    cmocka_unit_test(ramps_begin_and_end_where_they_should),
    cmocka_unit_test(yarn_ramp_is_linear_in_the_pair),
    cmocka_unit_test(yarn_survives_a_tiny_training_length),
    cmocka_unit_test(factor_one_is_plain),
    cmocka_unit_test(rotations_obey_their_laws),
    cmocka_unit_test(fraction_heads_batch_and_stride),
    cmocka_unit_test(far_positions_are_exact),
    cmocka_unit_test(refuses_wrong_options),
};

CHECK_MAIN(tests)
