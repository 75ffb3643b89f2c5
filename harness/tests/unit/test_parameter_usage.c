/* How often learned rows of positions are read: counts by brute force over queries and keys, with rules of
 * the schemes written down once more, closed forms, attention that is known, and that training leaves
 * rows without a read alone. */
#include "kernels/gemm.h"
#include "tests/unit/analysis_rig.h"
#include "train/train.h"

enum { V = 13, L = 64, LONGEST = 8 * L, STREAM = 2000, ROWS = LONGEST, WINDOWS = 1000 };

static void open_rig(struct analysis_rig *r, const char *stack, const char *list)
{
    static const struct model_shape shape = {
        .config = {.layers = 2, .d_model = 8, .heads = 2, .d_ff = 16, .vocab = V},
        .train_length = L,
        .max_length = LONGEST};
    static const struct lx_eval_config eval = {.lengths = {L / 2, L, 2 * L, LONGEST},
                                               .n_lengths = 4,
                                               .tokens = LONGEST,
                                               .batch_tokens = LONGEST};

    analysis_open(r, stack, &shape, STREAM, &eval, list);
    r->subject.trained_windows = WINDOWS;
}

/* layer and lo -1: those without one. NULL: there is no such row. */
static const struct lx_metric *find(const struct analysis_rig *r, const char *metric, int T,
                                    int layer, int lo)
{
    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, metric) == 0 && m->eval_length == T && m->layer == layer &&
            m->position_lo == lo)
            return m;
    }
    return NULL;
}

static double value(const struct analysis_rig *r, const char *metric, int T)
{
    const struct lx_metric *m = find(r, metric, T, -1, -1);

    if (m == NULL)
        fail_msg("no row %s at %d", metric, T);
    else
        assert_string_equal(m->status, "ok");
    return m != NULL ? m->value : 0;
}

/* The count of each of n rows, from the runs of equal ones, which cover all rows and are never two where
 * one would do. */
static void counts_of(const struct analysis_rig *r, size_t n, double *count)
{
    size_t next = 0;
    double last = -1;

    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, "usage_trained_count") != 0 || strcmp(m->status, "ok") != 0)
            continue;
        assert_int_equal(m->eval_length, L / 2);
        assert_int_equal(m->position_lo, next);
        assert_true(m->position_hi > m->position_lo && (size_t)m->position_hi <= n);
        assert_true(m->value < last || m->value > last);
        assert_int_equal(m->windows, WINDOWS);
        assert_int_equal(m->tokens, WINDOWS * L);
        for (last = m->value; next < (size_t)m->position_hi; next++)
            count[next] = m->value;
    }
    assert_int_equal(next, n);
}

/* -------------------------------------------------------------------- the rules, once more */

/* Where the buckets 16 .. 31 of the published rule begin, for 32 of them to a distance of 128. */
static int t5_row(int d)
{
    static const int start[] = {16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};
    int row = 15;

    if (d < 16)
        return d;
    for (int k = 0; k < 16 && start[k] <= d; k++)
        row = 16 + k;
    return row;
}

static int clamp16_row(int d)
{
    return d < 16 ? d : 15;
}

static int zero16_row(int d)
{
    return d < 16 ? d : -1;
}

static int own_row(int d)
{
    return d;
}

struct relative_case {
    const char *stack;
    int (*row)(int d);
    int rows, window; /* window 0: all keys */
};

static bool visible(const struct relative_case *k, int i, int j)
{
    return j <= i && (k->window == 0 || i - j < k->window);
}

static void check_relative(const struct relative_case *k, double rare)
{
    static const int lengths[] = {L / 2, L, 2 * L, LONGEST};
    static double want[ROWS], got[ROWS];
    struct analysis_rig r;
    double most = 0;
    char list[100];

    (void)snprintf(list, sizeof(list),
                   "[{\"name\": \"parameter_usage\", \"rare\": %g, \"attention\": 0}]", rare);
    open_rig(&r, k->stack, list);
    analysis_run(&r);
    memset(want, 0, sizeof(want));
    for (int i = 0; i < L; i++)
        for (int j = 0; j < L; j++)
            if (visible(k, i, j) && k->row(i - j) >= 0)
                want[k->row(i - j)] += 1;
    counts_of(&r, (size_t)k->rows, got);
    for (int row = 0; row < k->rows; row++) {
        CHECK_NEAR(got[row], WINDOWS * want[row], 0);
        most = fmax(most, want[row]);
    }
    for (size_t t = 0; t < 4; t++) {
        double pairs = 0, never = 0, seldom = 0;

        for (int i = 0; i < lengths[t]; i++)
            for (int j = 0; j <= i; j++) {
                int row = k->row(i - j);

                if (!visible(k, i, j))
                    continue;
                pairs += 1;
                never += row >= 0 && want[row] < 0.5 ? 1 : 0;
                seldom += row >= 0 && (want[row] < 0.5 || want[row] < rare * most) ? 1 : 0;
            }
        CHECK_NEAR(value(&r, "usage_untrained_share", lengths[t]), never / pairs, 1e-14);
        CHECK_NEAR(value(&r, "usage_rare_share", lengths[t]), seldom / pairs, 1e-14);
        assert_int_equal(find(&r, "usage_rare_share", lengths[t], -1, -1)->tokens, pairs);
        assert_null(find(&r, "usage_untrained_attention", lengths[t], -1, -1));
    }
    analysis_close(&r);
}

static void relative_schemes_by_brute_force(void **state)
{
    static const struct relative_case cases[] = {
        {"[\"t5\"]", t5_row, 32, 0},
        {"[{\"name\": \"t5\", \"shared\": false}]", t5_row, 32, 0},
        {"[\"t5\", {\"name\": \"window\", \"width\": 20}]", t5_row, 32, 20},
        {"[\"t5\", {\"name\": \"window\", \"width\": 100}]", t5_row, 32, 100},
        {"[{\"name\": \"relative\", \"offsets\": 16}]", clamp16_row, 16, 0},
        {"[{\"name\": \"relative\", \"offsets\": 16, \"past\": \"zero\"}]", zero16_row, 16, 0},
        {"[\"alibi\", {\"name\": \"relative\", \"offsets\": 512}]", own_row, 512, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_relative(&cases[i], 0.05);
        check_relative(&cases[i], 0.5);
        check_relative(&cases[i], 0);
    }
}

/* Rows of untrained distances: (T - L)(T - L + 1)/2 of T (T + 1)/2 pairs. */
static void relative_closed_forms(void **state)
{
    static double got[ROWS];
    struct analysis_rig r;

    (void)state;
    open_rig(&r, "[{\"name\": \"relative\", \"offsets\": 512}]", "[\"parameter_usage\"]");
    analysis_run(&r);
    counts_of(&r, 512, got);
    for (int d = 0; d < 512; d++)
        CHECK_NEAR(got[d], d < L ? WINDOWS * (L - d) : 0, 0);
    for (int T = L; T <= LONGEST; T = T == L ? 2 * L : 4 * T) {
        double past = T - L;

        CHECK_NEAR(value(&r, "usage_untrained_share", T), past * (past + 1) / ((double)T * (T + 1)),
                   1e-14);
    }
    analysis_close(&r);
    open_rig(&r, "[\"t5\"]", "[\"parameter_usage\"]");
    analysis_run(&r);
    counts_of(&r, 32, got);
    CHECK_NEAR(got[26], WINDOWS * (5 + 4 + 3 + 2 + 1), 0); /* distances 59 to 63 */
    for (int b = 27; b < 32; b++)
        CHECK_NEAR(got[b], 0, 0);
    analysis_close(&r);
}

/* -------------------------------------------------------------------------- absolute positions */

static void check_learned(const char *options, int rows, int T, double never)
{
    static double got[ROWS];
    char stack[200];
    struct analysis_rig r;

    (void)snprintf(stack, sizeof(stack), "[{\"name\": \"learned\"%s}]", options);
    open_rig(&r, stack, "[\"parameter_usage\"]");
    analysis_run(&r);
    counts_of(&r, (size_t)rows, got);
    for (int t = 0; t < rows; t++)
        CHECK_NEAR(got[t], t < L ? WINDOWS : 0, 0);
    CHECK_NEAR(value(&r, "usage_untrained_share", T), never, 1e-12);
    CHECK_NEAR(value(&r, "usage_rare_share", T), never, 1e-12);
    assert_int_equal(find(&r, "usage_rare_share", T, -1, -1)->tokens, T);
    analysis_close(&r);
}

static void absolute_positions_are_read_once(void **state)
{
    double stretched = 0;

    (void)state;
    check_learned("", L, L, 0);
    check_learned(", \"past\": \"clamp\"", L, LONGEST, 0);
    check_learned(", \"past\": \"wrap\"", L, LONGEST, 0);
    check_learned(", \"past\": \"interpolate\"", L, LONGEST, 0);
    check_learned(", \"rows\": 512", 512, L / 2, 0);
    check_learned(", \"rows\": 512", 512, 2 * L, 0.5);
    check_learned(", \"rows\": 512", 512, LONGEST, 7.0 / 8);
    check_learned(", \"rows\": 96, \"past\": \"clamp\"", 96, LONGEST, 7.0 / 8);
    check_learned(", \"rows\": 128, \"past\": \"wrap\"", 128, LONGEST, 0.5);
    /* Position t reads t 95/511: between rows 63 and 64 in part, above 64 wholly untrained ones. */
    for (int t = 0; t < LONGEST; t++)
        stretched += fmin(fmax(t * 95.0 / 511 - 63, 0), 1) / LONGEST;
    check_learned(", \"rows\": 96, \"past\": \"interpolate\"", 96, LONGEST, stretched);
}

/* ---------------------------------------------------------------------------------- attention */

/* Mean over the queries first .. end-1 of k u/(k u + n), with u = i + 1 - L untrained keys of weight k
 * and n others of weight 1. */
static double expect(int first, int end, double k)
{
    double sum = 0;

    for (int i = first; i < end; i++) {
        double u = i + 1 > L ? i + 1 - L : 0;

        sum += k * u / (k * u + (i + 1 - u));
    }
    return sum / (end - first);
}

/* All weights zero: attention is uniform but for a bias of ln k on distances from L on. */
static void check_attention(const char *stack, const char *array, double k)
{
    static const char *const name = "usage_untrained_attention";
    struct analysis_rig r;
    struct lx_param *p;

    open_rig(&r, stack, "[{\"name\": \"parameter_usage\", \"windows\": 3}]");
    p = lx_paramset_find(&r.model.m.params, array);
    assert_non_null(p);
    memset(r.model.m.params.w, 0, r.model.m.params.n_values * sizeof(real));
    for (size_t i = 2 * L; k > 1 && i < p->n; i++)
        p->w[i] = (real)log(k);
    analysis_run(&r);
    CHECK_NEAR(value(&r, name, L), 0, 0);
    CHECK_NEAR(value(&r, name, LONGEST), expect(0, LONGEST, k), 1e-5);
    for (int l = 0; l < 2; l++)
        CHECK_NEAR(find(&r, name, LONGEST, l, -1)->value, expect(0, LONGEST, k), 1e-5);
    CHECK_NEAR(find(&r, name, LONGEST, -1, 448)->value, expect(448, 512, k), 1e-5);
    CHECK_NEAR(find(&r, name, LONGEST, -1, 32)->value, 0, 0);
    assert_int_equal(find(&r, name, LONGEST, -1, 448)->tokens, 3 * 64);
    assert_int_equal(find(&r, name, LONGEST, -1, 448)->windows, 3);
    analysis_close(&r);
}

static void attention_of_known_weights(void **state)
{
    static const char *const offsets = "[{\"name\": \"relative\", \"offsets\": 512}]";

    (void)state;
    check_attention(offsets, "encoding.relative.bias", 1);
    check_attention(offsets, "encoding.relative.bias", 7);
    check_attention("[{\"name\": \"learned\", \"rows\": 512}]", "encoding.learned.table", 1);
}

/* Attention of general weights, summed over the matrices by hand, in one window. */
static void attention_by_brute_force(void **state)
{
    enum { T = 2 * L, HEADS = 4 }; /* of both layers */
    static real attention[HEADS * T * T];
    const struct lx_observe ob = {.attention = attention};
    struct analysis_rig r;
    double count[32] = {0}, most = 0, never = 0, seldom = 0;

    (void)state;
    open_rig(
        &r, "[\"t5\"]",
        "[{\"name\": \"parameter_usage\", \"windows\": 1, \"rare\": 0.5, \"lengths\": [128]}]");
    model_scatter(&r.model, 0.5, 5);
    analysis_run(&r);
    model_work(&r.model, 1, T, false);
    lx_model_forward(&r.model.m, r.model.work, r.stream.tokens, 1, T, &ob);
    for (int d = 0; d < L; d++)
        count[t5_row(d)] += L - d;
    for (int b = 0; b < 32; b++)
        most = fmax(most, count[b]);
    for (int h = 0; h < HEADS; h++)
        for (int i = 0; i < T; i++)
            for (int j = 0; j <= i; j++) {
                double a = (double)attention[(h * T + i) * T + j] / (HEADS * T);

                never += count[t5_row(i - j)] < 0.5 ? a : 0;
                seldom += count[t5_row(i - j)] < 0.5 * most ? a : 0;
            }
    assert_true(never > 0.05 && seldom > never + 0.05);
    CHECK_NEAR(value(&r, "usage_untrained_attention", T), never, 1e-6);
    CHECK_NEAR(value(&r, "usage_rare_attention", T), seldom, 1e-6);
    analysis_close(&r);
}

/* --------------------------------------------------------------------------- whose and which */

/* The trained stack had a window of 20: what a wider reader finds beyond was never read. */
static void counts_are_those_of_the_trained_stack(void **state)
{
    static const char *const trained = "[\"t5\", {\"name\": \"window\", \"width\": 20}]";
    static double got[ROWS];
    struct analysis_rig r, other;
    double never = 0;

    (void)state;
    open_rig(&r, "[\"t5\"]", "[\"parameter_usage\"]");
    open_rig(&other, trained, "[]");
    r.subject.trained_as = &other.model.m.stack;
    analysis_run(&r);
    counts_of(&r, 32, got);
    for (int b = 0; b < 32; b++)
        CHECK_NEAR(got[b],
                   WINDOWS * (b < 16    ? L - b
                              : b == 16 ? 48 + 47 + 46
                              : b == 17 ? 45 /* of 19 and 20 */
                                        : 0),
                   0);
    for (int d = 21; d < L; d++) /* bucket 17 has distance 20 too */
        never += L - d;
    CHECK_NEAR(value(&r, "usage_untrained_share", L), never / (L * (L + 1) / 2), 1e-14);
    analysis_close(&r);
    analysis_close(&other);
}

static void check_none(const char *stack, const char *list)
{
    static const char *const names[] = {"usage_trained_count", "usage_untrained_share",
                                        "usage_rare_share", "usage_untrained_attention",
                                        "usage_rare_attention"};
    struct analysis_rig r;

    open_rig(&r, stack, list);
    analysis_run(&r);
    for (int i = 0; i < 5; i++)
        assert_string_equal(find(&r, names[i], L, -1, -1)->status, "not_applicable");
    assert_int_equal(r.out.n, 4 * 5);
    analysis_close(&r);
}

static void tables_are_chosen_or_not_there(void **state)
{
    static double got[ROWS];
    static const char *const both = "[\"rope\", {\"name\": \"learned\", \"rows\": 512}, \"t5\"]";
    struct analysis_rig r;

    (void)state;
    check_none("[]", "[\"parameter_usage\"]");
    check_none("[\"rope\", \"window\"]", "[\"parameter_usage\"]");
    check_none(both, "[{\"name\": \"parameter_usage\", \"table\": 2}]");
    open_rig(&r, both, "[\"parameter_usage\"]");
    analysis_run(&r);
    counts_of(&r, 512, got);
    analysis_close(&r);
    open_rig(&r, both, "[{\"name\": \"parameter_usage\", \"table\": 1, \"attention\": 128}]");
    analysis_run(&r);
    counts_of(&r, 32, got);
    assert_non_null(find(&r, "usage_rare_attention", 128, -1, -1));
    assert_null(find(&r, "usage_rare_attention", LONGEST, -1, -1));
    assert_true(value(&r, "usage_rare_share", LONGEST) > 0);
    analysis_close(&r);
}

/* Which rows are read is known of a model of which it is not known how long it was trained. */
static void unknown_training(void **state)
{
    struct analysis_rig r;

    (void)state;
    open_rig(&r, "[\"t5\"]", "[\"parameter_usage\"]");
    r.subject.trained_windows = 0;
    analysis_run(&r);
    assert_string_equal(find(&r, "usage_trained_count", L / 2, -1, -1)->status, "not_applicable");
    assert_true(value(&r, "usage_untrained_share", LONGEST) > 0.5);
    analysis_close(&r);
}

/* ----------------------------------------------------------------------------------- training */

static const struct lx_train_config training = {.length = L,
                                                .batch_tokens = 2 * L,
                                                .steps = 12,
                                                .lr = 0.01,
                                                .array_lr = 1,
                                                .warmup = 3,
                                                .final_lr = 0.1,
                                                .weight_decay = 0.5,
                                                .clip = 1,
                                                .beta1 = 0.9,
                                                .beta2 = 0.95,
                                                .eps = 1e-8,
                                                .log_every = 10};

/* Train; `first` gets the array's values before, and the array is returned. */
static const struct lx_param *train(struct analysis_rig *r, const char *stack, const char *name,
                                    real *first)
{
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 8, .heads = 2, .d_ff = 16, .vocab = V},
        .train_length = L,
        .max_length = LONGEST,
        .gradients = true};
    struct lx_train_result result;
    struct lx_param *p;
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    CHECK_OK(lx_gemm_setup(&err));
    model_open(&r->model, stack, &shape);
    r->stream = (struct lx_stream){.n = STREAM, .tokens = model_tokens(&r->model, STREAM, 2)};
    p = lx_paramset_find(&r->model.m.params, name);
    assert_non_null(p);
    memcpy(first, p->w, p->n * sizeof(real));
    CHECK_OK(
        lx_train_run(&r->model.m, &training, &r->stream, 1, NULL, &r->model.arena, &result, &err));
    assert_false(result.diverged);
    return p;
}

/* Buckets 27 to 31 (distances from 67 on) keep their first values, zeros, without a gradient; all
 * others move. So do rows 64 and on of a table of offsets. */
static void training_leaves_unread_biases_alone(void **state)
{
    static const char *const stacks[] = {"[\"t5\"]", "[{\"name\": \"t5\", \"shared\": false}]",
                                         "[{\"name\": \"relative\", \"offsets\": 100}]"};
    static const char *const names[] = {"encoding.t5.bias", "encoding.t5.bias",
                                        "encoding.relative.bias"};
    static const size_t rows[] = {32, 32, 100}, read[] = {27, 27, 64};

    (void)state;
    for (int s = 0; s < 3; s++) {
        real first[400];
        struct analysis_rig r;
        const struct lx_param *p = train(&r, stacks[s], names[s], first);

        for (size_t i = 0; i < p->n; i++) {
            bool moved = p->w[i] < first[i] || p->w[i] > first[i];

            assert_int_equal(moved, i / 2 % rows[s] < read[s]);
            if (!moved)
                CHECK_NEAR(p->g[i], 0, 0);
        }
        analysis_close(&r);
    }
}

/* Rows past the training length are their first values times the product of all steps' decay. */
static void training_only_decays_unread_positions(void **state)
{
    static real first[200 * 8];
    struct analysis_rig r;
    const struct lx_param *p =
        train(&r, "[{\"name\": \"learned\", \"rows\": 200}]", "encoding.learned.table", first);
    double keep = 1;

    (void)state;
    for (int step = 0; step < training.steps; step++)
        keep *= 1 - lx_train_lr(&training, step) * training.weight_decay;
    assert_true(keep < 0.97);
    assert_int_equal(p->n, 200 * 8);
    for (size_t i = 0; i < p->n; i++) {
        double decayed = keep * (double)first[i];

        if (i < L * 8)
            assert_true(fabs((double)p->w[i] - decayed) > 1e-6);
        else
            CHECK_NEAR(p->w[i], decayed, 1e-5 * fabs(decayed));
        if (i >= L * 8)
            CHECK_NEAR(p->g[i], 0, 0);
    }
    analysis_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(relative_schemes_by_brute_force),
    cmocka_unit_test(relative_closed_forms),
    cmocka_unit_test(absolute_positions_are_read_once),
    cmocka_unit_test(attention_of_known_weights),
    cmocka_unit_test(attention_by_brute_force),
    cmocka_unit_test(counts_are_those_of_the_trained_stack),
    cmocka_unit_test(tables_are_chosen_or_not_there),
    cmocka_unit_test(unknown_training),
    cmocka_unit_test(training_leaves_unread_biases_alone),
    cmocka_unit_test(training_only_decays_unread_positions),
};

CHECK_MAIN(tests)
