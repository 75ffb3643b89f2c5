/* Distance biases (ALiBi, T5, Sandwich, KERPLE): published vectors, closed forms, identities, refusals.
 * The other schemes are in test_rope.c and test_encodings_absolute.c. */
#include "tests/unit/encoding_rig.h"

static struct lx_enc_dims dims_of(int heads, int train_length, int max_length)
{
    return (struct lx_enc_dims){.layers = 2,
                                .heads = heads,
                                .head_dim = 8,
                                .d_model = 8 * heads,
                                .train_length = train_length,
                                .max_length = max_length};
}

static void fails(const char *name, const char *options, const char *part)
{
    struct lx_enc_dims dims = dims_of(4, 16, 64);
    struct lx_err err;
    struct rig r;

    CHECK_FAILS(rig_try(&r, name, options, &dims, &err), LX_ECONFIG, part);
    rig_close(&r);
}

/* Entropy in nats of the softmax of a row of n biases: attention where content says nothing. */
static double entropy(const real *bias, int n)
{
    double sum = 0, dot = 0;

    for (int d = 0; d < n; d++) {
        double e = exp((double)(bias[d] - bias[0]));

        sum += e;
        dot += e * (double)(bias[d] - bias[0]);
    }
    return log(sum) - dot / sum;
}

/* ---- ALiBi ---- */

/* Slopes that the published code gives. */
static void alibi_slopes_for_any_head_count(void **state)
{
    static const struct {
        int heads;
        double slope[16];
    } rows[] = {
        {1, {0.00390625}},
        {2, {0.0625, 0.00390625}},
        {3, {0.0625, 0.00390625, 0.25}},
        {4, {0.25, 0.0625, 0.015625, 0.00390625}},
        {6, {0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125}},
        {8, {0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625}},
        {12,
         {0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625, 0.70710678118654752,
          0.35355339059327376, 0.17677669529663688, 0.08838834764831844}},
        {16,
         {0.70710678118654752, 0.5, 0.35355339059327376, 0.25, 0.17677669529663688, 0.125,
          0.08838834764831844, 0.0625, 0.04419417382415922, 0.03125, 0.02209708691207961, 0.015625,
          0.01104854345603981, 0.0078125, 0.00552427172801990, 0.00390625}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lx_enc_dims dims = dims_of(rows[i].heads, 16, 16);
        struct rig r;
        real *table;

        rig_open(&r, "alibi", NULL, &dims);
        table = rig_dist(&r, 16);
        for (int h = 0; h < rows[i].heads; h++)
            for (int d = 0; d < 16; d++)
                CHECK_NEAR(table[h * 16 + d], -rows[i].slope[h] * d, RIG_EPS);
        rig_close(&r);
    }
}

/* Slope 1/256 at L = 128: entropy 4.8417 over 128 keys; dividing the slope by T/L adds ln(T/L). */
static void alibi_interpolation_trades_range_for_dispersion(void **state)
{
    struct lx_enc_dims dims = dims_of(8, 128, 512);
    struct rig plain, dynamic, fixed;
    real *a, *b;

    (void)state;
    rig_open(&plain, "alibi", NULL, &dims);
    rig_open(&dynamic, "alibi", "{\"interpolation\": \"dynamic\"}", &dims);
    rig_open(&fixed, "alibi", "{\"interpolation\": \"fixed\", \"factor\": 4}", &dims);
    CHECK_NEAR(entropy(rig_dist(&plain, 128) + 7 * 128, 128), 4.8416789094, 1e-5);
    CHECK_NEAR(entropy(rig_dist(&dynamic, 256) + 7 * 256, 256), 5.5348256131, 1e-5);
    CHECK_NEAR(entropy(rig_dist(&dynamic, 512) + 7 * 512, 512), 6.2279726745, 1e-5);
    a = rig_dist(&dynamic, 512);
    b = rig_dist(&fixed, 512);
    for (int i = 0; i < 8 * 512; i++)
        CHECK_NEAR(a[i], b[i], RIG_EPS * fabs((double)b[i]));
    assert_memory_equal(rig_dist(&dynamic, 128), rig_dist(&plain, 128), 8 * 128 * sizeof(real));
    assert_memory_equal(rig_dist(&dynamic, 60), rig_dist(&plain, 60), 8 * 60 * sizeof(real));
    rig_close(&plain);
    rig_close(&dynamic);
    rig_close(&fixed);
}

static void alibi_with_one_slope_for_all_heads(void **state)
{
    struct lx_enc_dims dims = dims_of(3, 8, 16);
    struct rig r;
    real *bias;

    (void)state;
    rig_open(&r, "alibi", "{\"slope\": 0.125, \"slope_multiplier\": 2}", &dims);
    bias = rig_dist(&r, 16);
    for (int h = 0; h < 3; h++)
        for (int d = 0; d < 16; d++)
            CHECK_NEAR(bias[h * 16 + d], -0.25 * d, 0);
    rig_close(&r);
}

static void alibi_learned_begins_at_the_standard_slopes(void **state)
{
    struct lx_enc_dims dims = dims_of(4, 16, 64);
    struct rig r;
    struct lx_param *p;
    real *table;

    (void)state;
    rig_open(&r, "alibi", "{\"learned\": true, \"slope_multiplier\": 2}", &dims);
    p = lx_paramset_find(&r.params, "encoding.alibi.slope");
    assert_non_null(p);
    assert_int_equal(p->n, 4);
    assert_false(p->spec.decay);
    CHECK_NEAR(p->w[1], 0.0625, 0);
    p->w[1] = (real)0.5;
    table = rig_dist(&r, 10);
    CHECK_NEAR(table[0 * 10 + 9], -0.25 * 2 * 9, RIG_EPS);
    CHECK_NEAR(table[1 * 10 + 9], -0.5 * 2 * 9, RIG_EPS);
    rig_close(&r);
    fails("alibi", "{\"interpolation\": \"fixed\"}", "factor: must be set");
    fails("alibi", "{\"factor\": 2}", "factor: must be unset");
    fails("alibi", "{\"interpolation\": \"dynamic\", \"factor\": 2}", "factor: must be unset");
}

/* ---- T5 ---- */

/* Every bucket begins at the listed distance and ends where the next begins. */
static void check_buckets(int buckets, int max_distance, const int *starts)
{
    struct lx_enc_dims dims = dims_of(1, 16, 16);
    char options[80];
    struct rig r;

    (void)snprintf(options, sizeof(options), "{\"buckets\": %d, \"max_distance\": %d}", buckets,
                   max_distance);
    rig_open(&r, "t5", options, &dims);
    for (int b = 0; b < buckets; b++) {
        int end = b + 1 < buckets ? starts[b + 1] : 100 * max_distance;

        for (int d = starts[b]; d < end; d++)
            assert_int_equal(r.ops->bucket(r.self, d), b);
    }
    rig_close(&r);
}

/* 32/128: the published code. 8/16, 9/128 and 32/256: boundaries at 4 2^(k/2), 4 2^k and 16 2^(k/4),
 * where whole powers are ties. 4/5: the textbook's example n_b = 3, dist_max = 5. */
static void t5_buckets_begin_where_they_should(void **state)
{
    static const int s32_128[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                  16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};
    static const int s8_16[] = {0, 1, 2, 3, 4, 6, 8, 12};
    static const int s9_128[] = {0, 1, 2, 3, 4, 8, 16, 32, 64};
    static const int s32_256[] = {0,  1,  2,  3,  4,  5,   6,   7,   8,   9,  10,
                                  11, 12, 13, 14, 15, 16,  20,  23,  27,  32, 39,
                                  46, 54, 64, 77, 91, 108, 128, 153, 182, 216};
    static const int s4_5[] = {0, 1, 2, 4};
    static const int s2_2[] = {0, 1};

    (void)state;
    check_buckets(32, 128, s32_128);
    check_buckets(8, 16, s8_16);
    check_buckets(9, 128, s9_128);
    check_buckets(32, 256, s32_256);
    check_buckets(4, 5, s4_5);
    check_buckets(2, 2, s2_2);
}

static void t5_tables_are_shared_or_not(void **state)
{
    struct lx_enc_dims dims = dims_of(2, 16, 64);
    struct lx_enc_call call = {.layer = 1, .B = 1, .T = 64};
    struct rig shared, apart;
    struct lx_param *p, *q;
    real *table;

    (void)state;
    rig_open(&shared, "t5", NULL, &dims);
    rig_open(&apart, "t5", "{\"shared\": false}", &dims);
    p = lx_paramset_find(&shared.params, "encoding.t5.bias");
    q = lx_paramset_find(&apart.params, "encoding.t5.bias");
    assert_int_equal(p->spec.n_dims, 2);
    assert_int_equal(p->spec.dim[0], 32);
    assert_int_equal(p->spec.dim[1], 2);
    assert_false(p->spec.decay);
    assert_int_equal(q->spec.n_dims, 3);
    assert_int_equal(q->spec.dim[0], 2);
    assert_int_equal(q->spec.dim[1], 32);
    for (size_t i = 0; i < p->n; i++) {
        CHECK_NEAR(p->w[i], 0, 0);
        p->w[i] = (real)i;
    }
    for (size_t i = 0; i < q->n; i++)
        q->w[i] = (real)i;
    table = rig_dist(&shared, 64);
    CHECK_NEAR(table[0 * 64 + 20], 17 * 2 + 0, 0);
    CHECK_NEAR(table[1 * 64 + 63], 26 * 2 + 1, 0);
    memset(table, 0, 128 * sizeof(real));
    shared.ops->dist(shared.self, &call, table);
    CHECK_NEAR(table[1 * 64 + 63], 26 * 2 + 1, 0);
    memset(table, 0, 128 * sizeof(real));
    apart.ops->dist(apart.self, &call, table);
    CHECK_NEAR(table[1 * 64 + 63], 32 * 2 + 26 * 2 + 1, 0);
    rig_close(&shared);
    rig_close(&apart);
    fails("t5", "{\"buckets\": 32, \"max_distance\": 16}", "max_distance: must be above buckets/2");
    fails("t5", "{\"buckets\": 1}", "buckets");
}

/* ---- Sandwich, KERPLE ---- */

/* With 8 heads the first ratio is 1: the raw sums, minus 64. */
/* A table with as many rows as t5 has buckets: the same numbers of parameters, the same bias where
 * the buckets are exact, and each its own rule beyond. */
static void relative_is_t5_without_its_buckets(void **state)
{
    struct lx_enc_dims dims = dims_of(2, 16, 64);
    struct rig table, zero, t5;
    struct lx_param *p;
    real *a, *b, *c;

    (void)state;
    rig_open(&table, "relative", "{\"offsets\": 8}", &dims);
    rig_open(&zero, "relative", "{\"offsets\": 8, \"past\": \"zero\"}", &dims);
    rig_open(&t5, "t5", "{\"buckets\": 8, \"max_distance\": 16}", &dims);
    assert_int_equal(table.params.n_values, t5.params.n_values);
    p = lx_paramset_find(&table.params, "encoding.relative.bias");
    assert_non_null(p);
    for (size_t i = 0; i < p->n; i++) {
        assert_true(!(p->w[i] < 0) && !(p->w[i] > 0));
        table.params.w[i] = zero.params.w[i] = t5.params.w[i] = (real)(i * i + 1);
    }
    a = rig_dist(&table, 64);
    b = rig_dist(&zero, 64);
    c = rig_dist(&t5, 64);
    for (int h = 0; h < 2; h++)
        for (int d = 0; d < 64; d++) {
            int i = 2 * (d < 8 ? d : 7) + h;

            CHECK_NEAR(a[h * 64 + d], i * i + 1, 0);
            CHECK_NEAR(b[h * 64 + d], d < 8 ? i * i + 1 : 0, 0);
            if (d < 4 || d >= 16)
                CHECK_NEAR(a[h * 64 + d], c[h * 64 + d], 0);
        }
    assert_int_equal(table.ops->bucket(table.self, 7), 7);
    assert_int_equal(table.ops->bucket(table.self, 8), 7);
    assert_int_equal(zero.ops->bucket(zero.self, 8), -1);
    rig_close(&table);
    rig_close(&zero);
    rig_close(&t5);
    fails("relative", "{\"offsets\": 0}", "offsets");
}

static void sandwich_has_the_published_shape(void **state)
{
    static const double from0[] = {0, -1.9063, -6.6181, -11.8138, -15.414, -16.815};
    static const double from1[] = {0, -1.4466, -5.202, -9.8238, -13.7603, -16.0987};
    struct lx_enc_dims dims = dims_of(8, 16, 256);
    struct rig zero, one, smooth;
    real *a, *b, *c;

    (void)state;
    rig_open(&zero, "sandwich", "{\"first_index\": 0}", &dims);
    rig_open(&one, "sandwich", NULL, &dims);
    rig_open(&smooth, "sandwich", "{\"smoothed\": true}", &dims);
    a = rig_dist(&zero, 256);
    b = rig_dist(&one, 256);
    c = rig_dist(&smooth, 256);
    for (int d = 0; d < 6; d++) {
        CHECK_NEAR(a[d], from0[d], 6e-5);
        CHECK_NEAR(b[d], from1[d], 6e-5);
        CHECK_NEAR(b[7 * 256 + d], from1[d] / 8, 1e-5);
        CHECK_NEAR(c[7 * 256 + d], -0.825 * log(1 + d), 1e-6);
        CHECK_NEAR(c[3 * 256 + d], -0.825 * log(1 + d) * 2, 1e-6);
    }
    CHECK_NEAR(entropy(a + 0 * 256, 256), 0.3939, 6e-5);
    CHECK_NEAR(entropy(a + 3 * 256, 256), 1.5218, 6e-5);
    CHECK_NEAR(entropy(a + 7 * 256, 256), 4.2630, 6e-5);
    rig_close(&zero);
    rig_close(&one);
    rig_close(&smooth);
    fails("sandwich", "{\"dim\": 127}", "dim: must be even, got 127");
    fails("sandwich", "{\"first_index\": 2}", "first_index");
}

/* The raw bias is the inner product of two sinusoidal vectors of the same width. */
static void sandwich_is_the_product_of_sinusoids(void **state)
{
    struct lx_enc_dims dims = dims_of(8, 16, 40);
    struct rig s, p;
    real *bias, *pe;

    (void)state;
    rig_open(&s, "sandwich", "{\"dim\": 64, \"first_index\": 0}", &dims);
    rig_open(&p, "sinusoidal", NULL, &dims);
    bias = rig_dist(&s, 40);
    pe = rig_embed(&p, 40);
    for (int i = 0; i < 40; i++)
        for (int j = 0; j <= i; j++) {
            double dot = 0;

            for (int c = 0; c < 64; c++)
                dot += (double)(pe[i * 64 + c] * pe[j * 64 + c]);
            CHECK_NEAR(dot - 32, bias[i - j], 20 * RIG_EPS);
        }
    rig_close(&s);
    rig_close(&p);
}

static void set_pair(struct rig *r, const char *name, const double *values)
{
    struct lx_param *p = lx_paramset_find(&r->params, name);

    assert_non_null(p);
    assert_int_equal(p->n, 4);
    for (int h = 0; h < 4; h++)
        p->w[h] = (real)values[h];
}

static void kerple_values(void **state)
{
    static const double r1[] = {1.5, 0.5, 1, 0.25}, r2[] = {0.25, 0.5, 1, 2};
    struct lx_enc_dims dims = dims_of(4, 16, 64);
    struct rig l, p;
    real *a, *b;

    (void)state;
    rig_open(&l, "kerple_log", NULL, &dims);
    rig_open(&p, "kerple_power", NULL, &dims);
    set_pair(&l, "encoding.kerple_log.r1", r1);
    set_pair(&l, "encoding.kerple_log.r2", r2);
    set_pair(&p, "encoding.kerple_power.r1", r1);
    set_pair(&p, "encoding.kerple_power.r2", r2);
    a = rig_dist(&l, 64);
    b = rig_dist(&p, 64);
    CHECK_NEAR(a[0 * 64 + 4], -1.0397207708399179, RIG_EPS);  /* -1.5 ln 2 */
    CHECK_NEAR(a[1 * 64 + 30], -1.3862943611198906, RIG_EPS); /* -0.5 ln 16 */
    CHECK_NEAR(a[3 * 64 + 40], -1.0986122886681098, RIG_EPS); /* -0.25 ln 81 */
    CHECK_NEAR(b[0 * 64 + 16], -3, RIG_EPS);                  /* -1.5 * 16^(1/4) */
    CHECK_NEAR(b[1 * 64 + 49], -3.5, RIG_EPS);                /* -0.5 * 49^(1/2) */
    CHECK_NEAR(b[2 * 64 + 63], -63, 0);
    CHECK_NEAR(b[3 * 64 + 6], -9, 0);
    for (int h = 0; h < 4; h++) {
        CHECK_NEAR(a[h * 64], 0, 0);
        CHECK_NEAR(b[h * 64], 0, 0);
    }
    rig_close(&l);
    rig_close(&p);
}

/* First values: uniform on the published range, and never outside the bounds of training. */
static void check_range(struct rig *r, const char *name, double top, double bound)
{
    struct lx_param *p = lx_paramset_find(&r->params, name);
    double sum = 0;

    assert_non_null(p);
    assert_true(p->spec.clamped);
    assert_false(p->spec.decay);
    CHECK_NEAR(p->spec.lower, 0.01, 0);
    assert_true(p->spec.upper >= bound && (bound > 100 || p->spec.upper <= bound));
    for (size_t h = 0; h < p->n; h++) {
        assert_true((double)p->w[h] >= 0.00999999 && (double)p->w[h] <= top);
        sum += (double)p->w[h];
    }
    /* 2000 draws: the mean of U(0, top) is known to top / sqrt(12 * 2000) = 0.0065 top. */
    CHECK_NEAR(sum / (double)p->n, top / 2, 0.03 * top);
}

static void kerple_first_values(void **state)
{
    struct lx_enc_dims dims = dims_of(2000, 16, 16);
    struct rig l, p;

    (void)state;
    rig_open(&l, "kerple_log", NULL, &dims);
    rig_open(&p, "kerple_power", NULL, &dims);
    check_range(&l, "encoding.kerple_log.r1", 2, 1e300);
    check_range(&l, "encoding.kerple_log.r2", 1, 1e300);
    check_range(&p, "encoding.kerple_power.r1", 1, 1e300);
    check_range(&p, "encoding.kerple_power.r2", 2, 2);
    rig_close(&l);
    rig_close(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(alibi_slopes_for_any_head_count),
    cmocka_unit_test(alibi_interpolation_trades_range_for_dispersion),
    cmocka_unit_test(alibi_with_one_slope_for_all_heads),
    cmocka_unit_test(alibi_learned_begins_at_the_standard_slopes),
    cmocka_unit_test(t5_buckets_begin_where_they_should),
    cmocka_unit_test(t5_tables_are_shared_or_not),
    cmocka_unit_test(relative_is_t5_without_its_buckets),
    cmocka_unit_test(sandwich_has_the_published_shape),
    cmocka_unit_test(sandwich_is_the_product_of_sinusoids),
    cmocka_unit_test(kerple_values),
    cmocka_unit_test(kerple_first_values),
};

CHECK_MAIN(tests)
