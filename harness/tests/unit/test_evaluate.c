/* Evaluation against brute force: every window on its own through the model, and every sum written out
 * again from the definitions in results/README.md. Then what is not a number: lengths that cannot be,
 * models that are broken, memory that is not there. */
#include "eval/attention_stats.h"
#include "eval/evaluate.h"
#include "eval/windows.h"
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"

enum { L = 8, V = 11, STREAM = 130, TARGETS = 120, LAYERS = 2, HEADS = 2 };

#ifdef LX_REAL_DOUBLE
static const double tol = 1e-11;
#else
static const double tol = 2e-5;
#endif

static const struct lx_model_config config = {
    .layers = LAYERS, .d_model = 8, .heads = HEADS, .d_ff = 12, .vocab = V};

struct eval_rig {
    struct model_rig model;
    struct lx_eval_config c;
    struct lx_stream stream;
    struct lx_window_plan plan;
    struct lx_eval_text text;
    float floor[STREAM], blind[STREAM];
    uint32_t reach[STREAM];
    double bytes[V];
    struct lx_metrics out;
};

/* 1x, 3x and 5x of the training length, and one that does not even divide the targets; all modes. */
static void eval_open(struct eval_rig *r, const char *stack, bool generated)
{
    struct model_shape shape = {.config = config, .train_length = L, .max_length = 40};
    struct lx_rng rng;
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    CHECK_OK(lx_gemm_setup(&err));
    model_open(&r->model, stack, &shape);
    model_scatter(&r->model, 0.3, 1);
    r->c = (struct lx_eval_config){.lengths = {L, 11, 3 * L, 5 * L},
                                   .n_lengths = 4,
                                   .modes = {true, true, true},
                                   .tokens = TARGETS + 7,
                                   .last_tokens = 34,
                                   .stride = 3,
                                   .attention = true,
                                   .per_head = true,
                                   .batch_tokens = 50};
    r->stream.tokens = model_tokens(&r->model, STREAM, 2);
    r->stream.n = STREAM;
    lx_rng_init(&rng, 3, "floor");
    for (int i = 0; i < STREAM; i++) {
        r->floor[i] = (float)lx_rng_uniform(&rng);
        r->blind[i] = r->floor[i] + 1;
        r->reach[i] = (uint32_t)lx_rng_below(&rng, 60);
    }
    if (generated) {
        r->stream.floor_nll = r->floor;
        r->stream.blind_nll = r->blind;
        r->stream.reach = r->reach;
    }
    for (int v = 0; v < V; v++)
        r->bytes[v] = 1 + v % 4;
    CHECK_OK(lx_window_plan(&r->c, &r->stream, &r->plan, &err));
    assert_int_equal(r->plan.targets, TARGETS);
    r->text = (struct lx_eval_text){.stream = &r->stream, .token_bytes = r->bytes};
}

static void eval_close(struct eval_rig *r)
{
    lx_metrics_free(&r->out);
    model_close(&r->model);
}

static void evaluate(struct eval_rig *r, bool diverged, size_t limit)
{
    struct lx_err err;

    lx_metrics_free(&r->out);
    CHECK_OK(lx_evaluate(&r->model.m, &r->c, &r->text, diverged, limit, NULL, &r->out, &err));
}

/* The one row of a metric over all positions and heads. */
static const struct lx_metric *overall(const struct eval_rig *r, const char *metric, int T,
                                       enum lx_eval_mode mode)
{
    const struct lx_metric *found = NULL;

    for (size_t i = 0; i < r->out.n; i++) {
        const struct lx_metric *m = &r->out.rows[i];

        if (strcmp(m->metric, metric) == 0 && m->eval_length == T &&
            strcmp(m->mode, lx_eval_mode_name(mode)) == 0 && m->layer < 0 && m->head < 0 &&
            m->position_lo < 0) {
            assert_null(found);
            assert_int_equal(m->position_hi, -1);
            found = m;
        }
    }
    return found;
}

/* NLL of each target of a window, window by window; entropy and max_prob (L, H, T). */
static void brute_window(struct eval_rig *r, const struct lx_window *w, double *nll, real *entropy,
                         real *max_prob)
{
    struct lx_observe ob = {.entropy = entropy, .max_prob = max_prob};
    const uint16_t *from = r->stream.tokens + w->start;

    model_work(&r->model, 1, w->length, true);
    lx_model_forward(&r->model.m, r->model.work, from, 1, w->length, &ob);
    lx_model_loss(&r->model.m, r->model.work, from, from + 1, nll, NULL, false);
}

/* Everything a mode and length should give. */
struct brute {
    double nll, bytes, floor, context;
    double error; /* sum over windows of (S - mean n)^2 */
    double position_nll[40], position_n[40];
    long long tokens, windows;
};

static void brute(struct eval_rig *r, enum lx_eval_mode mode, int T, struct brute *s)
{
    double sums[128][2], nll[40];
    real entropy[LAYERS * HEADS * 40], max_prob[LAYERS * HEADS * 40];
    long long n = lx_window_count(&r->c, &r->plan, mode, T);

    memset(s, 0, sizeof(*s));
    assert_true(n <= 128);
    for (long long k = 0; k < n; k++) {
        struct lx_window w = lx_window_at(&r->c, &r->plan, mode, T, k);

        sums[k][0] = sums[k][1] = 0;
        brute_window(r, &w, nll, entropy, max_prob);
        for (int t = w.skip; t < w.length; t++) {
            long long target = w.start + 1 + t;
            bool seen = r->reach[target] <= (uint32_t)t + 1;

            sums[k][0] += nll[t];
            sums[k][1] += 1;
            s->position_nll[t] += nll[t];
            s->position_n[t] += 1;
            s->bytes += r->bytes[r->stream.tokens[target]];
            s->floor += (double)r->floor[target];
            s->context += (double)(seen ? r->floor[target] : r->blind[target]);
        }
        s->nll += sums[k][0];
        s->tokens += (long long)sums[k][1];
    }
    s->windows = n;
    for (long long k = 0; k < n; k++)
        s->error += pow(sums[k][0] - s->nll / (double)s->tokens * sums[k][1], 2);
}

static void check_sums(struct eval_rig *r, enum lx_eval_mode mode, int T)
{
    struct brute s;
    double mean, se;
    static const char *const names[] = {"nll", "ppl", "bits_per_byte", "nll_floor",
                                        "nll_floor_context"};

    brute(r, mode, T, &s);
    mean = s.nll / (double)s.tokens;
    se = sqrt(s.error * (double)s.windows / (double)(s.windows - 1)) / (double)s.tokens;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct lx_metric *m = overall(r, names[i], T, mode);

        assert_non_null(m);
        assert_string_equal(m->status, "ok");
        assert_int_equal(m->tokens, s.tokens);
        assert_int_equal(m->windows, s.windows);
        assert_int_equal(m->stride, mode == LX_MODE_NONOVERLAPPING ? 0 : 3);
    }
    CHECK_NEAR(overall(r, "nll", T, mode)->value, mean, tol);
    CHECK_NEAR(overall(r, "nll", T, mode)->stderr_value, se, tol);
    CHECK_NEAR(overall(r, "ppl", T, mode)->value, exp(mean), tol * exp(mean));
    CHECK_NEAR(overall(r, "ppl", T, mode)->stderr_value, exp(mean) * se, tol * exp(mean));
    CHECK_NEAR(overall(r, "bits_per_byte", T, mode)->value, s.nll / log(2) / s.bytes, tol);
    CHECK_NEAR(overall(r, "bits_per_byte", T, mode)->stderr_value,
               se * (double)s.tokens / log(2) / s.bytes, tol);
    CHECK_NEAR(overall(r, "nll_floor", T, mode)->value, s.floor / (double)s.tokens, 1e-12);
    CHECK_NEAR(overall(r, "nll_floor_context", T, mode)->value, s.context / (double)s.tokens,
               1e-12);
    assert_true(overall(r, "nll_floor_context", T, mode)->value >
                overall(r, "nll_floor", T, mode)->value);
}

static void every_number_matches_brute_force(void **state)
{
    struct eval_rig r;

    (void)state;
    eval_open(&r, "[\"rope\", {\"name\": \"alibi\", \"slope_multiplier\": 2}]", true);
    evaluate(&r, false, 0);
    for (int mode = 0; mode < LX_WINDOW_MODES; mode++)
        for (int i = 0; i < r.c.n_lengths; i++)
            check_sums(&r, (enum lx_eval_mode)mode, r.c.lengths[i]);
    eval_close(&r);
}

/* How a run of windows is cut into batches does not matter beyond rounding. */
static void batches_do_not_matter(void **state)
{
    static const int sizes[] = {1, 8, 33, 120, 4096};
    struct eval_rig r;
    struct lx_metrics first;

    (void)state;
    eval_open(&r, "[\"rope\"]", true);
    evaluate(&r, false, 0);
    first = r.out;
    memset(&r.out, 0, sizeof(r.out));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        r.c.batch_tokens = sizes[i];
        evaluate(&r, false, 0);
        assert_int_equal(r.out.n, first.n);
        for (size_t k = 0; k < first.n; k++) {
            const struct lx_metric *a = &first.rows[k], *b = &r.out.rows[k];

            assert_string_equal(a->metric, b->metric);
            assert_int_equal(a->tokens, b->tokens);
            assert_int_equal(a->windows, b->windows);
            CHECK_NEAR(b->value, a->value, tol * (1 + fabs(a->value)));
        }
    }
    lx_metrics_free(&first);
    eval_close(&r);
}

/* Position rows follow each other without a gap from the first scored position to T, hold the brute
 * force means, and average back to the NLL. */
static void positions_partition_the_window(void **state)
{
    static const int starts[] = {0, 1, 2, 4, 8, 16, 20, 24, 28, 32, 40};
    struct eval_rig r;

    (void)state;
    eval_open(&r, "[\"rope\"]", false);
    evaluate(&r, false, 0);
    for (int mode = 0; mode < LX_WINDOW_MODES; mode++) {
        for (int i = 0; i < r.c.n_lengths; i++) {
            int T = r.c.lengths[i], at = -1;
            struct brute s;
            double sum = 0, n = 0;

            brute(&r, (enum lx_eval_mode)mode, T, &s);
            for (size_t k = 0; k < r.out.n; k++) {
                const struct lx_metric *m = &r.out.rows[k];
                double value = 0, count = 0;
                int bin = 0;

                if (strcmp(m->metric, "nll") != 0 || m->eval_length != T ||
                    strcmp(m->mode, lx_eval_mode_name((enum lx_eval_mode)mode)) != 0 ||
                    m->position_lo < 0)
                    continue;
                while (starts[bin] != m->position_lo)
                    assert_true(++bin < 10);
                assert_int_equal(m->position_hi, starts[bin + 1] < T ? starts[bin + 1] : T);
                assert_true(at < 0 || m->position_lo == at);
                at = m->position_hi;
                for (int t = m->position_lo; t < m->position_hi; t++) {
                    value += s.position_nll[t];
                    count += s.position_n[t];
                }
                assert_int_equal(m->tokens, (long long)count);
                CHECK_NEAR(m->value, value / count, tol);
                sum += m->value * count;
                n += count;
            }
            assert_int_equal(at, T);
            assert_int_equal((long long)n, s.tokens);
            CHECK_NEAR(sum / n, overall(&r, "nll", T, (enum lx_eval_mode)mode)->value, tol);
        }
    }
    eval_close(&r);
}

/* Mean over the scored rows of a head (l, h < 0: over all) in [lo, hi) by brute force. */
static double mean_statistic(struct eval_rig *r, enum lx_eval_mode mode, int T,
                             const struct lx_metric *m, int window, long long *rows)
{
    real entropy[LAYERS * HEADS * 40], max_prob[LAYERS * HEADS * 40];
    double nll[40], sum = 0, n = 0;
    bool normal = strstr(m->metric, "normalized") != NULL;

    for (long long k = 0; k < lx_window_count(&r->c, &r->plan, mode, T); k++) {
        struct lx_window w = lx_window_at(&r->c, &r->plan, mode, T, k);

        brute_window(r, &w, nll, entropy, max_prob);
        for (int head = 0; head < LAYERS * HEADS; head++) {
            if (m->layer >= 0 && head != m->layer * HEADS + m->head)
                continue;
            for (int t = w.skip; t < w.length; t++) {
                int keys = t + 1 < window ? t + 1 : window;
                double H = (double)entropy[head * w.length + t];

                if (t < m->position_lo || t >= m->position_hi || (normal && keys == 1))
                    continue;
                n += 1;
                sum += strstr(m->metric, "max_prob") ? (double)max_prob[head * w.length + t]
                       : normal                      ? H / log(keys)
                                                     : H;
            }
        }
    }
    *rows = (long long)(m->layer >= 0 ? n : n / (LAYERS * HEADS));
    return sum / n;
}

static void check_attention(const char *stack, int window, int modes, enum lx_eval_mode expected)
{
    struct eval_rig r;
    int seen = 0;

    eval_open(&r, stack, false);
    for (int m = 0; m < LX_WINDOW_MODES; m++)
        r.c.modes[m] = (modes >> m & 1) != 0;
    evaluate(&r, false, 0);
    for (size_t k = 0; k < r.out.n; k++) {
        const struct lx_metric *m = &r.out.rows[k];
        long long rows;

        if (strncmp(m->metric, "attention_", 10) != 0)
            continue;
        seen++;
        assert_string_equal(m->mode, lx_eval_mode_name(expected));
        assert_int_equal(m->layer < 0, m->head < 0);
        assert_true(m->position_lo == 0 || m->position_lo == 16 || m->position_lo == 32);
        CHECK_NEAR(m->value, mean_statistic(&r, expected, m->eval_length, m, window, &rows), tol);
        assert_int_equal(m->tokens, rows);
        assert_int_equal(m->windows, lx_window_count(&r.c, &r.plan, expected, m->eval_length));
    }
    /* Bins with rows: one of 8 and 11, two of 24, three of 40 (mode last: one each);
     * times three statistics, four heads and their mean. */
    assert_int_equal(seen, (expected == LX_MODE_LAST ? 4 : 7) * 3 * (LAYERS * HEADS + 1));
    eval_close(&r);
}

static void attention_rows_are_means_over_rows(void **state)
{
    (void)state;
    check_attention("[\"alibi\"]", 1000, 7, LX_MODE_NONOVERLAPPING);
    check_attention("[\"rope\"]", 1000, 6, LX_MODE_LAST);
    check_attention("[\"rope\", {\"name\": \"window\", \"width\": 5}]", 5, 2, LX_MODE_SLIDING);
}

/* Rows of a length that gives no numbers: three a mode, all without a value. */
/* Without rows of each head those of their mean are what they were, and nothing else changes. */
static void rows_of_heads_can_be_left_out(void **state)
{
    struct eval_rig all, mean;
    size_t k = 0;

    (void)state;
    eval_open(&all, "[\"alibi\"]", false);
    eval_open(&mean, "[\"alibi\"]", false);
    mean.c.per_head = false;
    evaluate(&all, false, 0);
    evaluate(&mean, false, 0);
    assert_true(mean.out.n < all.out.n);
    for (size_t i = 0; i < all.out.n; i++) {
        const struct lx_metric *a = &all.out.rows[i], *b = &mean.out.rows[k];

        if (a->layer >= 0)
            continue;
        assert_true(k++ < mean.out.n);
        assert_string_equal(a->metric, b->metric);
        assert_int_equal(a->position_lo, b->position_lo);
        assert_int_equal(a->eval_length, b->eval_length);
        assert_true(a->value == b->value);
        assert_int_equal(b->layer, -1);
        assert_int_equal(b->head, -1);
    }
    assert_int_equal(k, mean.out.n);
    eval_close(&all);
    eval_close(&mean);
}

static void check_status(const struct eval_rig *r, int T, const char *status)
{
    static const char *const names[] = {"nll", "ppl", "bits_per_byte"};
    size_t rows = 0, want = 0;

    for (int m = 0; m < LX_WINDOW_MODES; m++)
        want += r->c.modes[m] ? 3 : 0;
    for (size_t i = 0; i < r->out.n; i++)
        rows += r->out.rows[i].eval_length == T ? 1 : 0;
    assert_int_equal(rows, want);
    for (int mode = 0; mode < LX_WINDOW_MODES; mode++) {
        for (size_t i = 0; r->c.modes[mode] && i < 3; i++) {
            const struct lx_metric *m = overall(r, names[i], T, (enum lx_eval_mode)mode);

            assert_non_null(m);
            assert_string_equal(m->status, status);
            assert_true(isnan(m->value) && isnan(m->stderr_value));
            assert_int_equal(m->tokens + m->windows, 0);
        }
    }
}

static void positions_that_do_not_exist_are_not_applicable(void **state)
{
    struct eval_rig r;

    (void)state;
    eval_open(&r, "[\"learned\"]", false);
    evaluate(&r, false, 0);
    assert_string_equal(overall(&r, "nll", L, LX_MODE_LAST)->status, "ok");
    check_status(&r, 3 * L, "not_applicable");
    check_status(&r, 5 * L, "not_applicable");
    evaluate(&r, true, 1); /* whatever else is wrong, that length has no positions */
    check_status(&r, L, "diverged");
    check_status(&r, 3 * L, "not_applicable");
    eval_close(&r);
}

/* Told or found out: a model whose loss is not finite, or whose perplexity is not, has diverged. */
static void broken_models_have_diverged(void **state)
{
    struct eval_rig r;

    (void)state;
    eval_open(&r, "[\"rope\"]", true);
    evaluate(&r, true, 0);
    for (int i = 0; i < 4; i++)
        check_status(&r, r.c.lengths[i], "diverged");
    r.model.m.layers[1].up_b->w[0] = (real)NAN;
    evaluate(&r, false, 0);
    for (int i = 0; i < 4; i++)
        check_status(&r, r.c.lengths[i], "diverged");
    eval_close(&r);
    eval_open(&r, "[\"rope\"]", false);
    for (size_t i = 0; i < r.model.m.lnf_w->n; i++)
        r.model.m.lnf_w->w[i] = 20000; /* finite, yet exp(nll) is not */
    evaluate(&r, false, 0);
    for (int i = 0; i < 4; i++)
        check_status(&r, r.c.lengths[i], "diverged");
    eval_close(&r);
}

static void lengths_over_the_limit_are_out_of_memory(void **state)
{
    struct eval_rig r;
    size_t need;

    (void)state;
    eval_open(&r, "[\"rope\"]", false);
    r.c.batch_tokens = 1; /* one window at a time: longer needs more */
    need = lx_eval_bytes(&r.model.m, &r.c, 3 * L);
    evaluate(&r, false, need);
    assert_string_equal(overall(&r, "nll", 3 * L, LX_MODE_LAST)->status, "ok");
    check_status(&r, 5 * L, "out_of_memory");
    evaluate(&r, false, need - 1);
    assert_string_equal(overall(&r, "nll", L, LX_MODE_LAST)->status, "ok");
    check_status(&r, 3 * L, "out_of_memory");
    evaluate(&r, false, 1);
    check_status(&r, L, "out_of_memory");
    eval_close(&r);
}

static double bytes_at(const struct model_rig *r, int T)
{
    struct lx_eval_config c = {.batch_tokens = 64, .attention = true};

    return (double)lx_eval_bytes(&r->m, &c, T);
}

/* No T x T matrix anywhere: a length twice as long adds twice the memory (a matrix would add four
 * times), and eight times the length need at most eight times it. */
static void memory_is_linear_in_the_length(void **state)
{
    struct model_shape shape = {.config = config, .train_length = 64, .max_length = 64 * 64};
    struct model_rig r;
    double step;

    (void)state;
    model_open(&r, "[\"alibi\"]", &shape);
    step = bytes_at(&r, 32 * 64) - bytes_at(&r, 16 * 64);
    CHECK_NEAR((bytes_at(&r, 64 * 64) - bytes_at(&r, 32 * 64)) / step, 2, 0.02);
    assert_true(bytes_at(&r, 64 * 64) < 8.1 * bytes_at(&r, 8 * 64));
    model_close(&r);
}

struct watched {
    int calls, stop_at;
    double done, total;
};

static bool watch(void *ctx, double done, double total)
{
    struct watched *w = ctx;

    assert_true(done > w->done);
    w->done = done;
    w->total = total;
    return ++w->calls != w->stop_at;
}

static void progress_is_told_and_a_stop_is_heard(void **state)
{
    struct eval_rig r;
    struct watched seen = {0}, stopped = {.stop_at = 3};
    struct lx_eval_watch w = {.seen = watch, .ctx = &seen};
    struct lx_err err;

    (void)state;
    eval_open(&r, "[\"rope\"]", false);
    CHECK_OK(lx_evaluate(&r.model.m, &r.c, &r.text, false, 0, &w, &r.out, &err));
    assert_true(seen.done <= seen.total && seen.done > 0.95 * seen.total);
    w.ctx = &stopped;
    CHECK_FAILS(lx_evaluate(&r.model.m, &r.c, &r.text, false, 0, &w, &r.out, &err), LX_EINTERRUPT,
                "evaluation: interrupted");
    assert_int_equal(stopped.calls, 3);
    r.stream.n = 40;
    CHECK_FAILS(lx_evaluate(&r.model.m, &r.c, &r.text, false, 0, NULL, &r.out, &err), LX_EDATA,
                "at least 41 tokens");
    eval_close(&r);
}

/* Rows there were after each unit. */
struct units {
    size_t rows[64];
    int n;
};

static void unit(void *ctx, const struct lx_metrics *rows)
{
    struct units *u = ctx;

    assert_true(u->n < 64);
    u->rows[u->n++] = rows->n;
}

/* Going on behind any number of finished units gives the rest of the rows, to the bit. */
static void evaluation_goes_on_behind_any_unit(void **state)
{
    struct units all = {.n = 0}, rest;
    struct lx_eval_watch w = {.ctx = &all, .unit = unit};
    struct lx_metrics whole = {0}, part = {0};
    struct eval_rig r;
    struct lx_err err;

    (void)state;
    eval_open(&r, "[\"learned\"]", true); /* longer ones are not applicable: units as well */
    CHECK_OK(lx_evaluate(&r.model.m, &r.c, &r.text, false, 0, &w, &whole, &err));
    assert_int_equal(all.n, lx_eval_units(&r.c));
    assert_true(all.n > 3 && all.rows[all.n - 1] == whole.n);
    w.ctx = &rest;
    for (w.skip = 1; w.skip <= all.n; w.skip++) {
        size_t before = all.rows[w.skip - 1];

        rest.n = 0;
        lx_metrics_free(&part);
        CHECK_OK(lx_evaluate(&r.model.m, &r.c, &r.text, false, 0, &w, &part, &err));
        assert_int_equal(rest.n, all.n - w.skip);
        assert_int_equal(part.n, whole.n - before);
        for (size_t i = 0; i < part.n; i++) {
            const struct lx_metric *a = &whole.rows[before + i], *b = &part.rows[i];

            assert_string_equal(a->metric, b->metric);
            assert_string_equal(a->status, b->status);
            assert_memory_equal(&a->value, &b->value, sizeof(a->value));
            assert_memory_equal(&a->stderr_value, &b->stderr_value, sizeof(a->stderr_value));
            assert_true(a->eval_length == b->eval_length && a->mode == b->mode &&
                        a->layer == b->layer && a->head == b->head &&
                        a->position_lo == b->position_lo && a->tokens == b->tokens);
        }
    }
    lx_metrics_free(&part);
    lx_metrics_free(&whole);
    eval_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_number_matches_brute_force),
    cmocka_unit_test(batches_do_not_matter),
    cmocka_unit_test(positions_partition_the_window),
    cmocka_unit_test(attention_rows_are_means_over_rows),
    cmocka_unit_test(rows_of_heads_can_be_left_out),
    cmocka_unit_test(positions_that_do_not_exist_are_not_applicable),
    cmocka_unit_test(broken_models_have_diverged),
    cmocka_unit_test(lengths_over_the_limit_are_out_of_memory),
    cmocka_unit_test(memory_is_linear_in_the_length),
    cmocka_unit_test(progress_is_told_and_a_stop_is_heard),
    cmocka_unit_test(evaluation_goes_on_behind_any_unit),
};

CHECK_MAIN(tests)
