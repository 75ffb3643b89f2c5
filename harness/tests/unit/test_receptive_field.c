/* The receptive field against what must be: nothing at all beyond a window, equal shares under uniform
 * attention, finite differences of a position table (whose row t is added to input vector t), and the
 * control by hand. */
#include "tests/unit/analysis_rig.h"

enum { V = 9, L = 8, STREAM = 400 };

static void open_rig(struct analysis_rig *r, int layers, const char *stack, const char *list,
                     int longest)
{
    const struct model_shape shape = {
        .config = {.layers = layers, .d_model = 8, .heads = 2, .d_ff = 12, .vocab = V},
        .train_length = L,
        .max_length = longest,
        .gradients = true};
    const struct lx_eval_config eval = {
        .lengths = {longest}, .n_lengths = 1, .tokens = 64, .batch_tokens = 3 * longest};

    analysis_open(r, stack, &shape, STREAM, &eval, list);
    model_scatter(&r->model, 0.4, 1);
}

/* hi 0: the overall row. */
static const struct lx_metric *row(const struct analysis_rig *r, const char *metric, int hi)
{
    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, metric) == 0 && m->position_hi == (hi > 0 ? hi : -1))
            return m;
    }
    fail_msg("no row %s at %d", metric, hi);
    return NULL;
}

static double value(const struct analysis_rig *r, const char *metric, int hi)
{
    return row(r, metric, hi)->value;
}

static bool has(const struct analysis_rig *r, const char *metric)
{
    for (size_t i = 0; i < r->out.n; i++)
        if (strcmp(r->out.rows[i].metric, metric) == 0)
            return true;
    return false;
}

/* Width w in n layers: token n (w - 1) back is the last that counts, and it does. What is cut away
 * beyond it changes nothing. */
static void nothing_beyond_a_window(void **state)
{
    (void)state;
    for (int layers = 1; layers <= 3; layers++)
        for (int w = 1; w <= 4; w++) {
            int reach = layers * (w - 1) + 1;
            char stack[100], list[160];
            struct analysis_rig r;

            (void)snprintf(stack, sizeof(stack), "[{\"name\": \"window\", \"width\": %d}]", w);
            (void)snprintf(list, sizeof(list),
                           "[{\"name\": \"receptive_field\", \"share\": 1, \"cut\": %d}]", reach);
            open_rig(&r, layers, stack, list, 40);
            analysis_run(&r);
            CHECK_NEAR(value(&r, "receptive_field", 0), reach, 0);
            CHECK_NEAR(value(&r, "gradient_share", reach), 1, 0);
            if (reach > 1)
                assert_true(value(&r, "gradient_share", reach - 1) < 1);
            CHECK_NEAR(value(&r, "gradient_share", 40), 1, 0);
            CHECK_NEAR(value(&r, "context_gain", 0), 0, 1e-5);
            CHECK_NEAR(value(&r, "nll_last", 0), value(&r, "nll_last_cut", 0), 1e-5);
            analysis_close(&r);
        }
}

/* One layer, q = k = 0: attention is uniform; with the same token everywhere all earlier tokens have
 * one and the same gradient, so that the curve is a straight line from the last token's share to 1. */
static void uniform_attention_is_a_line(void **state)
{
    const int T = 40;
    struct analysis_rig r;
    struct lx_param *w, *b;
    uint16_t *same;
    size_t D = 8;
    double first, field;

    (void)state;
    open_rig(&r, 1, "[]", "[{\"name\": \"receptive_field\", \"share\": 0.8}]", T);
    w = r.model.m.layers[0].qkv_w;
    b = r.model.m.layers[0].qkv_b;
    memset(w->w, 0, 2 * D * D * sizeof(real));
    memset(b->w, 0, 2 * D * sizeof(real));
    same = model_take(&r.model, STREAM, sizeof(*same));
    for (size_t i = 0; i < STREAM; i++)
        same[i] = 5;
    r.stream.tokens = same;
    analysis_run(&r);
    first = value(&r, "gradient_share", 1);
    assert_true(first > 0.01 && first < 0.99);
    for (int n = 2; n <= 16; n++)
        CHECK_NEAR(value(&r, "gradient_share", n), first + (1 - first) * (n - 1) / (T - 1), 1e-5);
    field = 1 + ceil((0.8 - first) / (1 - first) * (T - 1));
    CHECK_NEAR(value(&r, "receptive_field", 0), fmax(field, 1), 0);
    CHECK_NEAR(row(&r, "receptive_field", 0)->stderr_value, 0, 0);
    analysis_close(&r);
}

/* NLL of the last target of the window. */
static double last_nll(struct analysis_rig *r, size_t start, int T)
{
    const uint16_t *from = r->stream.tokens + start;
    double nll[64];

    lx_model_forward(&r->model.m, r->model.work, from, 1, T, NULL);
    lx_model_loss(&r->model.m, r->model.work, from, from + 1, nll, NULL, false);
    return nll[T - 1];
}

/* Norms of the gradient by the rows of the position table, four-point differences. */
static void differences(struct analysis_rig *r, size_t start, int T, double *norm)
{
    struct lx_param *table = lx_paramset_find(&r->model.m.params, "encoding.learned.table");
    double h = sizeof(real) == sizeof(double) ? 1e-3 : 2e-2;

    assert_non_null(table);
    for (int d = 0; d < T; d++) {
        double square = 0;

        for (int i = 0; i < 8; i++) {
            real *x = &table->w[(size_t)(T - 1 - d) * 8 + (size_t)i], kept = *x;
            double f[4], g;
            static const double at[] = {-2, -1, 1, 2};

            for (int k = 0; k < 4; k++) {
                *x = (real)((double)kept + at[k] * h);
                f[k] = last_nll(r, start, T);
            }
            *x = kept;
            g = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
            square += g * g;
        }
        norm[d] = sqrt(square);
    }
}

static void follows_finite_differences(void **state)
{
    const int T = L;
    const double tol = sizeof(real) == sizeof(double) ? 1e-7 : 3e-3;
    struct analysis_rig r;
    double share[L] = {0}, norm[L];
    double fields[3], mean = 0, square = 0;

    (void)state;
    open_rig(&r, 2, "[{\"name\": \"learned\"}]",
             "[{\"name\": \"receptive_field\", \"share\": 0.7, \"windows\": 3}]", T);
    model_work(&r.model, 1, T, false);
    analysis_run(&r);
    for (size_t k = 0; k < 3; k++) {
        size_t start = (size_t)((double)(STREAM - 1 - T) * (double)k / 2);
        double total = 0, sum = 0;

        differences(&r, start, T, norm);
        for (int d = 0; d < T; d++)
            total += norm[d];
        fields[k] = 0;
        for (int d = 0; d < T; d++) {
            sum += norm[d] / total;
            share[d] += sum / 3;
            if (sum < 0.7)
                fields[k] = d + 2;
        }
        mean += fields[k] / 3;
    }
    for (size_t k = 0; k < 3; k++)
        square += (fields[k] - mean) * (fields[k] - mean);
    for (int d = 0; d < T; d++)
        CHECK_NEAR(value(&r, "gradient_share", d + 1), share[d], tol);
    CHECK_NEAR(value(&r, "receptive_field", 0), mean, 1e-12);
    CHECK_NEAR(row(&r, "receptive_field", 0)->stderr_value, sqrt(square / 2 / 3), 1e-9);
    assert_int_equal(row(&r, "receptive_field", 0)->windows, 3);
    analysis_close(&r);
}

static void control_by_hand(void **state)
{
    const int T = 24, n = 5;
    struct analysis_rig r;
    double full = 0, cut = 0, square = 0, gain;

    (void)state;
    open_rig(&r, 2, "[{\"name\": \"alibi\"}]",
             "[{\"name\": \"receptive_field\", \"windows\": 2, \"control_windows\": 5}]", T);
    model_work(&r.model, 1, T, false);
    analysis_run(&r);
    for (int k = 0; k < n; k++) {
        size_t end = (size_t)T + (size_t)((double)(STREAM - 1 - T) * k / (n - 1));
        double a = last_nll(&r, end - (size_t)T, T), b = last_nll(&r, end - L, L);

        full += a / n;
        cut += b / n;
        square += (b - a) * (b - a);
    }
    gain = cut - full;
    CHECK_NEAR(value(&r, "nll_last", 0), full, 1e-5);
    CHECK_NEAR(value(&r, "nll_last_cut", 0), cut, 1e-5);
    CHECK_NEAR(value(&r, "context_gain", 0), gain, 1e-5);
    CHECK_NEAR(row(&r, "context_gain", 0)->stderr_value,
               sqrt((square - n * gain * gain) / (n - 1) / n), 1e-5);
    assert_true(fabs(gain) > 1e-3);
    analysis_close(&r);
    open_rig(&r, 1, "[]", "[\"receptive_field\"]", L); /* nothing to cut */
    analysis_run(&r);
    assert_true(has(&r, "receptive_field") && !has(&r, "context_gain"));
    analysis_close(&r);
}

/* Every token that is asked for gets its row once, in rising order, the whole window last and 1. */
static void curve_is_complete(void **state)
{
    struct analysis_rig r;
    int before = 0;
    double last = 0;

    (void)state;
    open_rig(&r, 2, "[{\"name\": \"rope\"}]", "[{\"name\": \"receptive_field\", \"windows\": 2}]",
             100);
    analysis_run(&r);
    for (size_t i = 0; i < r.out.n; i++) {
        const struct lx_metric *m = &r.out.rows[i];

        if (strcmp(m->metric, "gradient_share") != 0)
            continue;
        assert_int_equal(m->position_lo, 0);
        assert_true(m->position_hi > before && m->value >= last);
        if (m->position_hi <= 16)
            assert_int_equal(m->position_hi, before + 1);
        before = m->position_hi;
        last = m->value;
    }
    assert_int_equal(before, 100);
    CHECK_NEAR(last, 1, 0);
    analysis_close(&r);
}

static void broken_weights_say_so(void **state)
{
    struct analysis_rig r;

    (void)state;
    open_rig(&r, 1, "[]", "[\"receptive_field\"]", 16);
    r.model.m.lnf_w->w[0] = (real)NAN;
    analysis_run(&r);
    assert_string_equal(row(&r, "receptive_field", 0)->status, "diverged");
    assert_string_equal(row(&r, "context_gain", 0)->status, "diverged");
    assert_false(has(&r, "gradient_share"));
    analysis_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_beyond_a_window),    cmocka_unit_test(uniform_attention_is_a_line),
    cmocka_unit_test(follows_finite_differences), cmocka_unit_test(control_by_hand),
    cmocka_unit_test(curve_is_complete),          cmocka_unit_test(broken_weights_say_so),
};

CHECK_MAIN(tests)
