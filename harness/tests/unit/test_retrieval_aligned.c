/* Retrieval under attention alignment: the same prompts, at the temperature that the analysis of the
 * alignment reports; the rows of the stack itself at the training length; reasons where there is none. */
#include "analysis/analysis.h"
#include "tests/unit/model_rig.h"

enum { V = 11, L = 12, DEPTHS = 3, PROMPTS = 7, LOG = 512 };

/* Prompts of random tokens. The first and the last token of each are kept: enough to see that two rounds
 * are the same. */
struct asked {
    uint16_t log[LOG][2];
    int length[LOG], n;
};

static enum lx_code ask_noise(const void *self, struct lx_rng *rng, int length, double depth,
                              struct lx_prompt *out, struct lx_err *err)
{
    struct asked *a = (struct asked *)(uintptr_t)self;

    (void)depth;
    (void)err;
    out->at = 0;
    out->answers = 2;
    if (out->tokens == NULL)
        return LX_OK;
    for (int i = 0; i <= length; i++)
        out->tokens[i] = (uint16_t)lx_rng_below(rng, V);
    assert_true(a->n < LOG);
    a->length[a->n] = length;
    a->log[a->n][0] = (uint16_t)(out->tokens[0] * V + out->tokens[1]);
    a->log[a->n++][1] = (uint16_t)(out->tokens[length] * V + out->tokens[length - 1]);
    return LX_OK;
}

struct aligned {
    struct model_rig model;
    struct asked asked;
    struct lx_json *list;
    struct lx_stream stream, train;
    double bytes[V], before;
    struct lx_eval_config eval;
    struct lx_analyses analyses;
    struct lx_analysis_subject subject;
    struct lx_metrics out;
};

static const struct lx_dataset_ops noise = {.name = "noise", .prompt = ask_noise};

static enum lx_code load_train(void *ctx, enum lx_split split, const struct lx_stream **out,
                               struct lx_err *err)
{
    struct aligned *a = ctx;

    (void)err;
    assert_int_equal(split, LX_SPLIT_TRAIN);
    *out = &a->train;
    return LX_OK;
}

/* Progress goes up, never beyond all there is. */
static bool progress(void *ctx, double done, double total)
{
    struct aligned *a = ctx;

    assert_true(done >= a->before * (1 - 1e-12) && done <= total * (1 + 1e-9));
    a->before = done;
    return true;
}

static void aligned_open(struct aligned *a, const char *stack, const char *list)
{
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 16, .heads = 2, .d_ff = 12, .vocab = V},
        .train_length = L,
        .max_length = 4 * L};
    struct lx_err err;

    memset(a, 0, sizeof(*a));
    model_open(&a->model, stack, &shape);
    model_scatter(&a->model, 0.5, 1);
    a->stream.n = a->train.n = 300;
    a->stream.tokens = model_tokens(&a->model, a->stream.n, 2);
    a->train.tokens = model_tokens(&a->model, a->train.n, 3);
    for (int i = 0; i < V; i++)
        a->bytes[i] = 1;
    a->eval = (struct lx_eval_config){
        .lengths = {L, 4 * L}, .n_lengths = 2, .modes = {true}, .tokens = 48, .batch_tokens = 150};
    CHECK_OK(lx_json_parse(list, strlen(list), "list", &a->list, &err));
    CHECK_OK(lx_analyses_parse(&a->analyses, a->list, "analyses", &a->model.m.config, &a->eval, L,
                               &a->model.arena, &err));
    a->subject = (struct lx_analysis_subject){.m = &a->model.m,
                                              .stack_id = "s",
                                              .eval = &a->eval,
                                              .stream = &a->stream,
                                              .token_bytes = a->bytes,
                                              .dataset = &noise,
                                              .dataset_self = &a->asked,
                                              .load = load_train,
                                              .load_ctx = a,
                                              .seed = 1,
                                              .watch = {.seen = progress, .ctx = a}};
}

static void aligned_run(struct aligned *a)
{
    struct lx_err err;

    a->out.n = 0;
    a->before = 0;
    CHECK_OK(lx_analyses_run(&a->analyses, &a->subject, &a->out, &err));
}

static void aligned_close(struct aligned *a)
{
    lx_metrics_free(&a->out);
    lx_json_free(a->list);
    model_close(&a->model);
}

/* The temperature that retrieval asked at, at a length under a suffix; NULL: no row. */
static const struct lx_metric *temperature_row(const struct aligned *a, int T, const char *suffix)
{
    const struct lx_metric *found = NULL;

    for (size_t i = 0; i < a->out.n; i++) {
        const struct lx_metric *r = &a->out.rows[i];

        if (r->eval_length != T || strcmp(r->metric, "retrieval_temperature") != 0)
            continue;
        assert_non_null(r->suffix); /* the stack's own rows have none */
        if (strcmp(r->suffix, suffix) == 0) {
            assert_null(found);
            found = r;
        }
    }
    return found;
}

/* The other rows of retrieval at a length under a suffix (NULL: plain), in their order; how many. */
static int retrieval_rows(const struct aligned *a, int T, const char *suffix,
                          const struct lx_metric **to)
{
    int n = 0;

    for (size_t i = 0; i < a->out.n; i++) {
        const struct lx_metric *r = &a->out.rows[i];
        bool same = suffix == NULL ? r->suffix == NULL
                                   : r->suffix != NULL && strcmp(r->suffix, suffix) == 0;

        if (r->eval_length == T && same && strcmp(r->mode, "retrieval") == 0 &&
            strcmp(r->metric, "retrieval_temperature") != 0)
            to[n++] = r;
    }
    return n;
}

/* Same metric, place, counts and bytes of the numbers. */
static void check_same_rows(const struct lx_metric **a, const struct lx_metric **b, int n)
{
    for (int i = 0; i < n; i++) {
        assert_string_equal(a[i]->metric, b[i]->metric);
        assert_string_equal(a[i]->status, "ok");
        assert_string_equal(b[i]->status, "ok");
        assert_int_equal(a[i]->position_lo, b[i]->position_lo);
        assert_int_equal(a[i]->windows, b[i]->windows);
        assert_memory_equal(&a[i]->value, &b[i]->value, sizeof(a[i]->value));
        assert_memory_equal(&a[i]->stderr_value, &b[i]->stderr_value, sizeof(a[i]->stderr_value));
    }
}

/* The temperatures that the analysis `alignment` reports, by (layer, head). */
static void temperatures(const struct aligned *a, const char *mode, bool by_head, real *out)
{
    int found = 0;

    for (size_t i = 0; i < a->out.n; i++) {
        const struct lx_metric *r = &a->out.rows[i];

        if (r->eval_length != 4 * L || strcmp(r->mode, mode) != 0 ||
            strcmp(r->metric, "alignment_temperature") != 0 || (r->head >= 0) != by_head)
            continue;
        for (int h = 0; h < 4; h++)
            if (!by_head || h == 2 * r->layer + r->head)
                out[h] = strcmp(r->status, "ok") == 0 ? (real)r->value : 1; /* else out of reach */
        found++;
    }
    assert_int_equal(found, by_head ? 4 : 1);
}

enum { ROWS = 2 * (DEPTHS + 1) };

/* list: retrieval with align, then the analysis that says the temperatures, `mode`. */
static void check_aligned(const char *stack, const char *list, const char *suffix, const char *mode,
                          bool by_head)
{
    const struct lx_metric *own[ROWS], *again[ROWS], *hand[ROWS];
    struct aligned a, b;
    real temperature[4];
    double product = 1;
    int differ = 0, moved = 0;

    aligned_open(&a, stack, list);
    aligned_run(&a);
    assert_int_equal(retrieval_rows(&a, L, NULL, own), ROWS);
    assert_int_equal(retrieval_rows(&a, L, suffix, again), ROWS);
    check_same_rows(own, again, ROWS);
    CHECK_NEAR(temperature_row(&a, L, suffix)->value, 1, 0);

    assert_int_equal(retrieval_rows(&a, 4 * L, NULL, own), ROWS);
    assert_int_equal(retrieval_rows(&a, 4 * L, suffix, again), ROWS);
    temperatures(&a, mode, by_head, temperature);
    for (int h = 0; h < 4; h++)
        product *= (double)temperature[h];
    CHECK_NEAR(temperature_row(&a, 4 * L, suffix)->value, pow(product, 0.25), 1e-6);
    aligned_open(&b, stack, "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7}]");
    b.model.m.temperature = temperature;
    aligned_run(&b);
    assert_int_equal(retrieval_rows(&b, 4 * L, NULL, hand), ROWS);
    check_same_rows(again, hand, ROWS);
    for (int i = 0; i < ROWS; i++)
        differ += own[i]->value != again[i]->value;
    assert_true(differ >= DEPTHS + 1); /* it is not the stack itself */
    for (int h = 0; h < 4; h++)
        moved += fabs((double)temperature[h] - 1) > 0.01;
    assert_true(moved >= (by_head ? 3 : 4));
    aligned_close(&a);
    aligned_close(&b);
}

static void aligned_answers_are_those_at_the_temperature(void **state)
{
    static const char t5[] = "[{\"name\": \"t5\", \"buckets\": 8, \"max_distance\": 8}]";

    (void)state;
    check_aligned(t5,
                  "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7, \"align\": \"both\"}, "
                  "{\"name\": \"alignment\"}]",
                  "+align-entropy", "alignment", false);
    check_aligned("[\"alibi\"]",
                  "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7, \"align\": \"both\"}, "
                  "{\"name\": \"alignment\", \"strategy\": \"max_prob\"}]",
                  "+align-max_prob", "alignment", false);
    check_aligned(
        "[\"rope\"]",
        "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7, \"align\": \"max_prob\", "
        "\"align_per\": \"head\", \"align_windows\": 5, \"align_skip\": 0.25}, "
        "{\"name\": \"alignment\", \"id\": \"a\", \"strategy\": \"max_prob\", \"per\": \"head\", "
        "\"windows\": 5, \"skip\": 0.25}]",
        "+align-max_prob-head", "a", true);
}

/* At the training length every prompt is asked once, elsewhere once for each strategy and once more. */
static void the_same_prompts_are_asked_again(void **state)
{
    enum { ROUND = DEPTHS * PROMPTS };
    struct aligned a;

    (void)state;
    aligned_open(&a, "[\"alibi\"]",
                 "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7, \"align\": \"both\"}]");
    aligned_run(&a);
    assert_int_equal(a.asked.n, 4 * ROUND);
    for (int i = 0; i < 4 * ROUND; i++)
        assert_int_equal(a.asked.length[i], i < ROUND ? L : 4 * L);
    for (int round = 2; round < 4; round++)
        assert_memory_equal(a.asked.log[ROUND], a.asked.log[round * ROUND],
                            ROUND * sizeof(a.asked.log[0]));
    assert_memory_not_equal(a.asked.log[0], a.asked.log[ROUND], ROUND * sizeof(a.asked.log[0]));
    /* all that was promised is done */
    CHECK_NEAR(a.before / lx_analyses_flops(&a.analyses, "s", &a.model.m.config, &a.eval), 1, 1e-9);
    aligned_close(&a);
}

/* Each length has its rows under each suffix; what cannot be said has a reason. */
static void reasons_are_given_under_every_suffix(void **state)
{
    static const char list[] =
        "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 7, \"align\": \"both\"}]";
    static const char *const suffix[] = {NULL, "+align-entropy", "+align-max_prob"};
    const struct lx_metric *r[ROWS];
    struct aligned a;
    size_t bytes;

    (void)state;
    aligned_open(&a, "[\"nope\"]", list); /* no content: attention stays uniform */
    for (int l = 0; l < 2; l++) {
        memset(a.model.m.layers[l].qkv_w->w, 0, 2 * 16 * 16 * sizeof(real));
        memset(a.model.m.layers[l].qkv_b->w, 0, 2 * 16 * sizeof(real));
    }
    aligned_run(&a);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(retrieval_rows(&a, L, suffix[k], r), ROWS);
        for (int i = 0; i < ROWS; i++)
            assert_string_equal(r[i]->status, "ok");
        assert_int_equal(retrieval_rows(&a, 4 * L, suffix[k], r), ROWS);
        for (int i = 0; i < ROWS; i++) {
            assert_string_equal(r[i]->status, k == 0 ? "ok" : "not_applicable");
            assert_true(isnan(r[i]->value) == (k > 0));
        }
        if (k > 0)
            assert_string_equal(temperature_row(&a, 4 * L, suffix[k])->status, "not_applicable");
    }
    bytes = lx_analyses_bytes(&a.analyses, "s", &a.model.m, &a.eval);
    a.subject.memory_limit = bytes - 1;
    aligned_run(&a);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(retrieval_rows(&a, 4 * L, suffix[k], r), 2);
        assert_string_equal(r[0]->status, "out_of_memory");
        if (k > 0)
            assert_string_equal(temperature_row(&a, 4 * L, suffix[k])->status, "out_of_memory");
        assert_string_equal(r[1]->metric, "retrieval_nll");
    }
    a.subject.memory_limit = bytes;
    aligned_run(&a);
    assert_int_equal(retrieval_rows(&a, 4 * L, NULL, r), ROWS);
    aligned_close(&a);

    aligned_open(&a, "[\"learned\"]", list); /* a table of L rows */
    aligned_run(&a);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(retrieval_rows(&a, L, suffix[k], r), ROWS);
        assert_int_equal(retrieval_rows(&a, 4 * L, suffix[k], r), 2);
        assert_string_equal(r[0]->status, "not_applicable");
    }
    aligned_close(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(aligned_answers_are_those_at_the_temperature),
    cmocka_unit_test(the_same_prompts_are_asked_again),
    cmocka_unit_test(reasons_are_given_under_every_suffix),
};

CHECK_MAIN(tests)
