/* Absolute positions and the modifiers (window, log-n, temperature): published vectors, closed forms,
 * identities, refusals. */
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

/* ---- Absolute positions ---- */

/* Width 8: frequencies 1, 0.1, 0.01, 0.001; sine and cosine interleaved. Every vector has length
 * sqrt(d/2); the product of two depends on their distance alone. */
static void sinusoids_obey_their_laws(void **state)
{
    struct lx_enc_dims dims = dims_of(1, 16, 600);
    struct rig r;
    real *pe;

    (void)state;
    rig_open(&r, "sinusoidal", NULL, &dims);
    pe = rig_embed(&r, 600);
    CHECK_NEAR(pe[0], 0, 0);
    CHECK_NEAR(pe[1], 1, 0);
    CHECK_NEAR(pe[8 + 0], 0.84147098480789651, RIG_EPS);
    CHECK_NEAR(pe[8 + 1], 0.54030230586813972, RIG_EPS);
    CHECK_NEAR(pe[500 * 8 + 4], sin(5), RIG_EPS);
    CHECK_NEAR(pe[500 * 8 + 7], cos(0.5), RIG_EPS);
    for (int t = 0; t < 600; t++) {
        double size = 0, dot = 0, first = 0;

        for (int c = 0; c < 8; c++) {
            size += (double)(pe[t * 8 + c] * pe[t * 8 + c]);
            first += (double)(pe[c] * pe[7 * 8 + c]);
            if (t >= 7)
                dot += (double)(pe[t * 8 + c] * pe[(t - 7) * 8 + c]);
        }
        CHECK_NEAR(size, 4, 10 * RIG_EPS);
        if (t >= 7)
            CHECK_NEAR(dot, first, 10 * RIG_EPS);
    }
    rig_close(&r);
}

/* Row t of the table, which has `size` of them, is filled with 10 t, so that what is read shows the
 * row. L = 5. */
static void check_past(const char *options, size_t size, int limit, int T, const double *rows)
{
    struct lx_enc_dims dims = dims_of(1, 5, 16);
    struct lx_param *p;
    struct rig r;
    real *x;

    rig_open(&r, "learned", options, &dims);
    p = lx_paramset_find(&r.params, "encoding.learned.table");
    assert_non_null(p);
    assert_true(p->spec.decay);
    assert_int_equal(p->n, 8 * size);
    for (size_t i = 0; i < p->n; i++)
        p->w[i] = (real)(10 * (i / 8));
    assert_int_equal(r.ops->max_length(r.self), limit);
    x = rig_embed(&r, T);
    for (int i = 0; i < T * 8; i++)
        CHECK_NEAR(x[i], 10 * rows[i / 8], 30 * RIG_EPS);
    rig_close(&r);
}

static void learned_positions_past_the_table(void **state)
{
    static const double within[] = {0, 1, 2, 3, 4};
    static const double clamp[] = {0, 1, 2, 3, 4, 4, 4, 4, 4};
    static const double wrap[] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0};
    static const double interpolate[] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4};

    (void)state;
    check_past(NULL, 5, 5, 5, within);
    check_past(NULL, 5, 5, 1, within);
    check_past("{\"past\": \"clamp\"}", 5, 0, 9, clamp);
    check_past("{\"past\": \"wrap\"}", 5, 0, 11, wrap);
    check_past("{\"past\": \"interpolate\"}", 5, 0, 9, interpolate);
    check_past("{\"past\": \"interpolate\"}", 5, 0, 5, within);
    check_past("{\"past\": \"interpolate\"}", 5, 0, 3, within);
    fails("learned", "{\"past\": \"repeat\"}", "past");
}

/* Seven rows where five are trained: all are read in turn, and what is past the table starts there. */
static void learned_rows_past_the_training_length(void **state)
{
    static const double within[] = {0, 1, 2, 3, 4, 5, 6};
    static const double clamp[] = {0, 1, 2, 3, 4, 5, 6, 6, 6};
    static const double wrap[] = {0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0};
    static const double interpolate[] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6};

    (void)state;
    check_past("{\"rows\": 7}", 7, 7, 7, within);
    check_past("{\"rows\": 7}", 7, 7, 5, within);
    check_past("{\"rows\": 5}", 5, 5, 5, within);
    check_past("{\"rows\": 0}", 5, 5, 5, within);
    check_past("{\"rows\": 7, \"past\": \"clamp\"}", 7, 0, 9, clamp);
    check_past("{\"rows\": 7, \"past\": \"wrap\"}", 7, 0, 15, wrap);
    check_past("{\"rows\": 7, \"past\": \"interpolate\"}", 7, 0, 13, interpolate);
    check_past("{\"rows\": 7, \"past\": \"interpolate\"}", 7, 0, 6, within);
    fails("learned", "{\"rows\": 15}",
          "rows: must be 0 or at least the training length 16, got 15");
    fails("learned", "{\"rows\": -1}", "rows");
    fails("learned", "{\"rows\": 2000000}", "rows");
}

/* More rows leave those that are trained where they were; unset, the option is not written, so that
 * whatever is hashed is what it was before there was one. */
static void learned_rows_change_nothing_else(void **state)
{
    struct lx_enc_dims dims = dims_of(2, 16, 64);
    struct rig plain, more;

    (void)state;
    rig_open(&plain, "learned", NULL, &dims);
    rig_open(&more, "learned", "{\"rows\": 64}", &dims);
    assert_int_equal(plain.params.n_values, 16 * 16);
    assert_int_equal(more.params.n_values, 64 * 16);
    assert_memory_equal(plain.params.w, more.params.w, 16 * 16 * sizeof(real));
    for (int i = 0; i < 2; i++) {
        struct rig *r = i == 0 ? &plain : &more;
        struct lx_buf out = {0};
        struct lx_json_writer w = {.out = &out};

        lx_json_open_object(&w, NULL);
        lx_options_write(r->ops->options, r->self, &w);
        lx_json_close_object(&w);
        assert_string_equal(out.text,
                            i == 0 ? "{\"past\":\"not_applicable\",\"std\":0.02}"
                                   : "{\"past\":\"not_applicable\",\"std\":0.02,\"rows\":64}");
        lx_buf_free(&out);
        rig_close(r);
    }
}

static void learned_first_values(void **state)
{
    struct lx_enc_dims dims = dims_of(16, 100, 100);
    struct lx_param *p;
    struct rig r;
    double sum = 0, squares = 0, n = 12800;

    (void)state;
    rig_open(&r, "learned", NULL, &dims);
    p = lx_paramset_find(&r.params, "encoding.learned.table");
    for (size_t i = 0; i < p->n; i++) {
        sum += (double)p->w[i];
        squares += (double)(p->w[i] * p->w[i]);
    }
    CHECK_NEAR(sum / n, 0, 4 * 0.02 / sqrt(n));
    CHECK_NEAR(sqrt(squares / n), 0.02, 4 * 0.02 / sqrt(2 * n));
    rig_close(&r);
}

/* ---- Window, log-n, temperature ---- */

static void window_log_n_and_temperature(void **state)
{
    struct lx_enc_dims dims = dims_of(4, 16, 256), one = dims_of(4, 1, 16);
    struct lx_enc_call call = {.layer = 0, .B = 1, .T = 256};
    struct rig r;
    struct lx_err err;
    real s[4 * 256], tau[4] = {1, 2, 3, 4};

    (void)state;
    rig_open(&r, "window", "{\"width\": 5}", &dims);
    assert_int_equal(r.ops->window(r.self, &call), 5);
    rig_close(&r);
    rig_open(&r, "window", NULL, &dims);
    assert_int_equal(r.ops->window(r.self, &call), 16);
    rig_close(&r);

    rig_open(&r, "logn", NULL, &dims);
    for (int i = 0; i < 4 * 256; i++)
        s[i] = 3;
    r.ops->scale(r.self, &call, NULL, s);
    for (int i = 0; i < 16; i++)
        CHECK_NEAR(s[i], 3, 0);
    CHECK_NEAR(s[16], 3 * 1.0218656, 1e-5); /* ln 17 / ln 16 */
    CHECK_NEAR(s[63], 4.5, 3 * RIG_EPS);
    CHECK_NEAR(s[255], 6, 3 * RIG_EPS);
    for (int i = 256; i < 4 * 256; i++)
        CHECK_NEAR(s[i], s[i % 256], 0);
    rig_close(&r);
    CHECK_FAILS(rig_try(&r, "logn", NULL, &one, &err), LX_ECONFIG, "training length of at least 2");
    rig_close(&r);

    rig_open(&r, "temperature", "{\"tau\": 0.5}", &dims);
    r.ops->tau(r.self, &call, tau);
    for (int h = 0; h < 4; h++)
        CHECK_NEAR(tau[h], 0.5 * (h + 1), 0);
    rig_close(&r);
    fails("temperature", "{\"tau\": 0}", "tau");
    fails("window", "{\"width\": -1}", "width");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sinusoids_obey_their_laws),
    cmocka_unit_test(learned_positions_past_the_table),
    cmocka_unit_test(learned_first_values),
    cmocka_unit_test(learned_rows_past_the_training_length),
    cmocka_unit_test(learned_rows_change_nothing_else),
    cmocka_unit_test(window_log_n_and_temperature),
};

CHECK_MAIN(tests)
