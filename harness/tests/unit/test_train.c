/* Whole training runs: learning by heart, repeating to the bit, batches that are the same for every
 * scheme, windows drawn evenly, breaking down cleanly, the rows of the log. */
#include "kernels/gemm.h"
#include "tests/unit/train_rig.h"

/* A run of a fresh model; the losses of all steps go to `losses` (NULL: not kept). */
struct recorded {
    double losses[4000];
    struct lx_train_row rows[200];
    int steps, n_rows, stop_at;
};

static bool record(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct recorded *k = ctx;

    assert_int_equal(step, k->steps + 1);
    assert_true(k->steps < 4000 && k->n_rows < 200);
    k->losses[k->steps++] = loss;
    if (row != NULL)
        k->rows[k->n_rows++] = *row;
    return step != k->stop_at;
}

static void train(struct model_rig *r, const char *stack, const struct lx_train_config *c,
                  const struct lx_stream *stream, uint64_t seed, struct recorded *k,
                  struct lx_train_result *out)
{
    struct model_shape shape = {
        .config = config, .train_length = c->length, .max_length = L, .gradients = true};
    struct lx_train_watch watch = {.seen = record, .ctx = k};
    struct lx_err err;

    CHECK_OK(lx_gemm_setup(&err));
    memset(k->losses, 0, sizeof(k->losses));
    k->steps = k->n_rows = 0;
    model_open(r, stack, &shape);
    CHECK_OK(lx_train_run(&r->m, c, stream, seed, &watch, &r->arena, out, &err));
}

/* 0 3 6 1 4 7 2 5, over and over: the next token follows from this one. */
static void fill_stream(uint16_t *tokens, size_t n, struct lx_stream *s)
{
    for (size_t i = 0; i < n; i++)
        tokens[i] = (uint16_t)(3 * i % V);
    *s = (struct lx_stream){.tokens = tokens, .n = n};
}

static struct recorded kept, other;

static void learns_by_heart(void **state)
{
    static const char *const stacks[] = {"[\"nope\"]", "[\"rope\"]", "[\"learned\"]", "[\"t5\"]",
                                         "[\"kerple_power\"]"};
    struct lx_train_config c = usual;
    uint16_t tokens[100];
    struct lx_stream stream;

    (void)state;
    fill_stream(tokens, 100, &stream);
    c.steps = 150;
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        struct lx_train_result result;
        struct model_rig r;

        train(&r, stacks[i], &c, &stream, 1, &kept, &result);
        assert_true(kept.losses[0] > 1.5);
        assert_true(result.last_nll < 0.1);
        assert_false(result.diverged || result.stopped);
        assert_int_equal(result.steps, 150);
        model_close(&r);
    }
}

static void runs_repeat_to_the_bit(void **state)
{
    static uint16_t tokens[500];
    struct lx_train_result x, y, z;
    struct model_rig a, b, c;
    struct lx_stream stream;
    struct lx_rng rng;

    (void)state;
    fill_stream(tokens, 500, &stream);
    lx_rng_init(&rng, 1, "stream");
    for (int i = 0; i < 500; i++)
        tokens[i] = (uint16_t)lx_rng_below(&rng, V);
    train(&a, "[\"rope\", \"kerple_log\"]", &usual, &stream, 5, &kept, &x);
    train(&b, "[\"rope\", \"kerple_log\"]", &usual, &stream, 5, &other, &y);
    assert_memory_equal(a.m.params.w, b.m.params.w, a.m.params.n_values * sizeof(real));
    assert_memory_equal(kept.losses, other.losses, sizeof(kept.losses));
    CHECK_NEAR(x.last_nll, y.last_nll, 0);
    train(&c, "[\"rope\", \"kerple_log\"]", &usual, &stream, 6, &other, &z);
    assert_memory_not_equal(kept.losses, other.losses, sizeof(kept.losses));
    model_close(&a);
    model_close(&b);
    model_close(&c);
}

/* Schemes that leave a model alone (on purpose) see the same losses to the bit, step by step; so does
 * one that drew first values of its own, while nothing is learned: the batches are the same. */
static void batches_do_not_depend_on_the_scheme(void **state)
{
    static const char *const idle[] = {"[\"nope\"]", "[\"logn\"]", "[\"window\"]",
                                       "[{\"name\": \"temperature\", \"tau\": 1}]"};
    static uint16_t tokens[500];
    struct lx_train_config still = usual;
    struct lx_train_result result;
    struct lx_stream stream;
    struct model_rig r;
    struct lx_rng rng;

    (void)state;
    fill_stream(tokens, 500, &stream);
    lx_rng_init(&rng, 2, "stream");
    for (int i = 0; i < 500; i++)
        tokens[i] = (uint16_t)lx_rng_below(&rng, V);
    for (int run = 0; run < 2; run++) {
        still.lr = run == 0 ? usual.lr : 1e-30;
        train(&r, "[]", &still, &stream, 5, &kept, &result);
        model_close(&r);
        for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
            train(&r, idle[i], &still, &stream, 5, &other, &result);
            assert_memory_equal(kept.losses, other.losses, sizeof(kept.losses));
            model_close(&r);
        }
    }
    train(&r, "[{\"name\": \"learned\", \"std\": 0}, \"t5\"]", &still, &stream, 5, &other, &result);
    for (int i = 0; i < usual.steps; i++)
        CHECK_NEAR(other.losses[i], kept.losses[i], 1e-25);
    model_close(&r);
}

/* One window a step and a model that stands still: each loss tells which window it was. Every start
 * is drawn, the first and the last included, as often as chance allows (chi-squared, 8 degrees). */
static void every_window_is_drawn_equally_often(void **state)
{
    enum { N = 17, STARTS = N - L, STEPS = 3600 };
    static const uint16_t tokens[N] = {0, 1, 2, 3, 4, 5, 6, 7, 7, 5, 3, 1, 0, 6, 4, 2, 2};
    struct lx_stream stream = {.tokens = tokens, .n = N};
    struct lx_train_config c = usual;
    struct lx_train_result result;
    struct model_rig r;
    double mean[STARTS] = {0}, nll[L], chi = 0;
    int times[STARTS] = {0};

    (void)state;
    c.lr = 1e-30;
    c.batch_tokens = L;
    c.steps = STEPS;
    c.log_every = 100;
    train(&r, "[]", &c, &stream, 9, &kept, &result);
    model_work(&r, 1, L, true);
    for (int s = 0; s < STARTS; s++) {
        lx_model_forward(&r.m, r.work, tokens + s, 1, L, NULL);
        lx_model_loss(&r.m, r.work, tokens + s, tokens + s + 1, nll, NULL, false);
        for (int t = 0; t < L; t++)
            mean[s] += nll[t] / L;
    }
    for (int step = 0; step < STEPS; step++) {
        int found = -1;

        for (int s = 0; s < STARTS; s++) {
            if (fabs(kept.losses[step] - mean[s]) > 1e-6)
                continue;
            assert_int_equal(found, -1);
            found = s;
        }
        assert_true(found >= 0);
        times[found]++;
    }
    for (int s = 0; s < STARTS; s++)
        chi += pow(times[s] - (double)STEPS / STARTS, 2) / ((double)STEPS / STARTS);
    assert_true(chi < 26.1); /* one in a thousand is larger */
    model_close(&r);
}

/* An absurd rate ends in a result, not in a crash; the step that failed is the last, and the weights
 * are those that it failed with: huge, but numbers. */
static void absurd_rates_diverge_cleanly(void **state)
{
    struct lx_train_config c = usual;
    struct lx_train_result result;
    uint16_t tokens[100];
    struct lx_stream stream;
    struct model_rig r;

    (void)state;
    fill_stream(tokens, 100, &stream);
    c.lr = 1e30;
    c.warmup = 0;
    train(&r, "[\"rope\", \"kerple_log\"]", &c, &stream, 1, &kept, &result);
    assert_true(result.diverged);
    assert_true(result.steps >= 2 && result.steps < 20);
    assert_int_equal(result.steps, kept.steps);
    assert_true(!isfinite(kept.losses[kept.steps - 1]));
    assert_int_equal(kept.n_rows, 1); /* the row of the break, ahead of its time */
    assert_int_equal(kept.rows[0].step, result.steps);
    assert_true(!isfinite(result.last_nll));
    for (size_t i = 0; i < r.m.params.n_values; i++)
        assert_true(isfinite(r.m.params.w[i]) != 0);
    model_close(&r);
}

/* Rows every log_every steps and at the end: means of the steps since the row before. */
static void rows_are_means_of_their_steps(void **state)
{
    struct lx_train_config c = usual;
    struct lx_train_result result;
    uint16_t tokens[100];
    struct lx_stream stream;
    struct model_rig r;
    int at = 0;

    (void)state;
    fill_stream(tokens, 100, &stream);
    c.steps = 43;
    train(&r, "[\"alibi\"]", &c, &stream, 1, &kept, &result);
    assert_int_equal(kept.steps, 43);
    assert_int_equal(kept.n_rows, 5);
    for (int i = 0; i < 5; i++) {
        const struct lx_train_row *row = &kept.rows[i];
        double sum = 0;

        assert_int_equal(row->step, i < 4 ? 10 * (i + 1) : 43);
        assert_int_equal(row->tokens, row->step * 4 * L);
        for (int s = at; s < row->step; s++)
            sum += kept.losses[s];
        CHECK_NEAR(row->train_nll, sum / (row->step - at), 1e-12);
        CHECK_NEAR(row->lr, lx_train_lr(&c, row->step - 1), 0);
        assert_true(row->grad_norm > 0);
        at = row->step;
    }
    CHECK_NEAR(result.last_nll, (kept.losses[41] + kept.losses[42]) / 2, 1e-12);
    model_close(&r);
    kept.stop_at = 7;
    train(&r, "[\"alibi\"]", &c, &stream, 1, &kept, &result);
    kept.stop_at = 0;
    assert_true(result.stopped && !result.diverged);
    assert_int_equal(result.steps, 7);
    model_close(&r);
}

/* The memory that is announced is what is taken; too little text is refused. */
static void memory_and_text_are_checked_first(void **state)
{
    struct model_shape shape = {
        .config = config, .train_length = L, .max_length = L, .gradients = true};
    struct lx_train_config c = usual;
    struct lx_train_result result;
    struct lx_arena arena = {0};
    uint16_t tokens[100];
    struct lx_stream stream;
    struct model_rig r;
    struct lx_err err;
    size_t told;

    (void)state;
    fill_stream(tokens, 100, &stream);
    model_open(&r, "[\"t5\"]", &shape);
    told = lx_train_bytes(&r.m, &c);
    CHECK_OK(lx_train_run(&r.m, &c, &stream, 1, NULL, &arena, &result, &err));
    assert_true(arena.used >= told && arena.used < told + 4096);
    stream.n = L;
    CHECK_FAILS(lx_train_run(&r.m, &c, &stream, 1, NULL, &arena, &result, &err), LX_EDATA,
                "train split: must have at least 9 tokens, got 8");
    stream.n = L + 1; /* one window and its last target */
    CHECK_OK(lx_train_run(&r.m, &c, &stream, 1, NULL, &arena, &result, &err));
    assert_true(isfinite(result.last_nll));
    c.steps = 0;
    stream.n = 100;
    CHECK_OK(lx_train_run(&r.m, &c, &stream, 1, NULL, &arena, &result, &err));
    assert_int_equal(result.steps, 0);
    assert_true(isnan(result.last_nll) && !result.diverged);
    lx_arena_free(&arena);
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(learns_by_heart),
    cmocka_unit_test(runs_repeat_to_the_bit),
    cmocka_unit_test(batches_do_not_depend_on_the_scheme),
    cmocka_unit_test(every_window_is_drawn_equally_often),
    cmocka_unit_test(absurd_rates_diverge_cleanly),
    cmocka_unit_test(rows_are_means_of_their_steps),
    cmocka_unit_test(memory_and_text_are_checked_first),
};

CHECK_MAIN(tests)
