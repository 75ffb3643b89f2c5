/* Models that tell hidden tokens: evaluation against brute force, the same targets at every length, and a
 * training that learns what only the right side of a token says. */
#include "eval/evaluate.h"
#include "eval/windows.h"
#include "kernels/gemm.h"
#include "tests/unit/model_rig.h"
#include "train/train.h"

enum { L = 8, V = 12, MASK = V - 1, STREAM = 131, TARGETS = 120, LONGEST = 40 };

#ifdef LX_REAL_DOUBLE
static const double tol = 1e-11;
#else
static const double tol = 2e-5;
#endif

struct masked_rig {
    struct model_rig model;
    struct lx_eval_config c;
    struct lx_stream stream;
    struct lx_eval_text text;
    double bytes[V];
    struct lx_metrics out;
};

static void open_rig(struct masked_rig *r)
{
    struct model_shape shape = {.config = {.layers = 2,
                                           .d_model = 8,
                                           .heads = 2,
                                           .d_ff = 12,
                                           .vocab = V,
                                           .attention = LX_ATTENTION_BIDIRECTIONAL},
                                .train_length = L,
                                .max_length = LONGEST};
    struct lx_err err;
    uint16_t *tokens;

    memset(r, 0, sizeof(*r));
    CHECK_OK(lx_gemm_setup(&err));
    model_open(&r->model, "[{\"name\": \"t5\", \"buckets\": 8, \"max_distance\": 6}]", &shape);
    model_scatter(&r->model, 0.3, 1);
    r->c = (struct lx_eval_config){.lengths = {L, 11, 3 * L, LONGEST},
                                   .n_lengths = 4,
                                   .modes = {true, false, false},
                                   .tokens = TARGETS + 7,
                                   .last_tokens = 34,
                                   .stride = 3,
                                   .batch_tokens = 50,
                                   .masking = {LX_OBJECTIVE_MASKED, 0.25, 2},
                                   .train_length = L};
    tokens = model_tokens(&r->model, STREAM, 2);
    for (int i = 0; i < STREAM; i++)
        tokens[i] %= MASK;
    r->stream = (struct lx_stream){.tokens = tokens, .n = STREAM};
    for (int v = 0; v < V; v++)
        r->bytes[v] = 1 + v % 4;
    r->text = (struct lx_eval_text){.stream = &r->stream, .token_bytes = r->bytes};
    CHECK_OK(lx_evaluate(&r->model.m, &r->c, &r->text, false, 0, NULL, &r->out, &err));
}

static void close_rig(struct masked_rig *r)
{
    lx_metrics_free(&r->out);
    model_close(&r->model);
}

/* NLL of the hidden targets, window by window, summed over those whose nearer end is lo .. hi-1 away. */
static double brute(struct masked_rig *r, int T, int lo, int hi, long long *count)
{
    unsigned char hidden[LONGEST], room[L];
    double nll[LONGEST], sum = 0;

    *count = 0;
    for (int start = 0; start < TARGETS; start += T) {
        int n = TARGETS - start < T ? TARGETS - start : T;
        const uint16_t *targets = r->stream.tokens + start + 1;
        uint16_t inputs[LONGEST];

        lx_masking_targets(&r->c.masking, L, start, n, room, hidden);
        for (int t = 0; t < n; t++)
            inputs[t] = hidden[t] ? MASK : targets[t];
        model_work(&r->model, 1, n, false);
        lx_model_forward(&r->model.m, r->model.work, inputs, 1, n, NULL);
        lx_model_loss(&r->model.m, r->model.work, inputs, targets, nll, NULL, false);
        for (int t = 0; t < n; t++) {
            int edge = t < n - 1 - t ? t : n - 1 - t;

            if (hidden[t] && edge >= lo && edge < hi) {
                sum += nll[t];
                ++*count;
            }
        }
    }
    return sum / (double)*count;
}

static void every_number_matches_brute_force(void **state)
{
    struct masked_rig r;
    int edges = 0, overall = 0;

    (void)state;
    open_rig(&r);
    for (size_t i = 0; i < r.out.n; i++) {
        const struct lx_metric *m = &r.out.rows[i];
        bool edge = strcmp(m->metric, "nll_edge") == 0;
        long long count;
        double want;

        if (!edge && (strcmp(m->metric, "nll") != 0 || m->position_lo >= 0))
            continue;
        want = brute(&r, m->eval_length, edge ? m->position_lo : 0, edge ? m->position_hi : LONGEST,
                     &count);
        CHECK_NEAR(m->value, want, tol);
        assert_int_equal(m->tokens, count);
        edges += edge;
        overall += !edge;
        if (!edge)
            assert_int_equal(m->tokens, TARGETS / L * 2); /* 2 of 8, whatever the window */
    }
    assert_int_equal(overall, 4);
    assert_true(edges >= 12);
    close_rig(&r);
}

/* A block holds the same targets at every length, so that curves can be compared block by block. */
static void blocks_are_of_the_same_targets(void **state)
{
    struct masked_rig r;

    (void)state;
    open_rig(&r);
    assert_int_equal(r.out.n_blocks, 4);
    for (size_t k = 0; k < r.out.n_blocks; k++) {
        assert_int_equal(r.out.blocks[k].n, r.out.blocks[0].n);
        for (int b = 0; b < r.out.blocks[k].n; b++) {
            assert_true(r.out.blocks[k].tokens[b] > 0);
            assert_int_equal(r.out.blocks[k].tokens[b], r.out.blocks[0].tokens[b]);
        }
    }
    close_rig(&r);
}

/* What is under a mask does not reach the model: another token there changes its own loss alone. */
static void hidden_tokens_are_not_seen(void **state)
{
    struct masked_rig r, other;
    unsigned char hidden[TARGETS], room[L];
    uint16_t *tokens;
    int at = 0;
    long long count;
    double before, after, size;

    (void)state;
    open_rig(&r);
    open_rig(&other);
    lx_masking_targets(&r.c.masking, L, 0, TARGETS, room, hidden);
    while (!hidden[at])
        at++;
    tokens = (uint16_t *)(uintptr_t)other.stream.tokens;
    tokens[at + 1] = (uint16_t)((tokens[at + 1] + 1) % MASK);
    before = brute(&r, LONGEST, 0, LONGEST, &count) * (double)count;
    after = brute(&other, LONGEST, 0, LONGEST, &count) * (double)count;
    size = fabs(after - before);
    assert_true(size > 1e-4 && size < 20); /* one target's, not those of others too */
    close_rig(&r);
    close_rig(&other);
}

/* Pairs (a, a): who sees both sides can tell each hidden token, who sees the left half of them. */
static double trained_nll(enum lx_attention_mask attention)
{
    enum { N = 4000 };
    struct model_shape shape = {.config = {.layers = 2,
                                           .d_model = 16,
                                           .heads = 2,
                                           .d_ff = 32,
                                           .vocab = V,
                                           .attention = (int)attention},
                                .train_length = 16,
                                .max_length = 16,
                                .gradients = true};
    struct lx_train_config c = {.length = 16,
                                .batch_tokens = 256,
                                .steps = 300,
                                .lr = 0.01,
                                .array_lr = 1,
                                .warmup = 20,
                                .final_lr = 0.1,
                                .clip = 1,
                                .beta1 = 0.9,
                                .beta2 = 0.95,
                                .eps = 1e-8,
                                .log_every = 10,
                                .masking = {LX_OBJECTIVE_MASKED, 0.1, 1}};
    struct lx_stream stream = {.n = N};
    struct lx_train_result result;
    struct model_rig r;
    struct lx_err err;
    uint16_t *tokens;

    CHECK_OK(lx_gemm_setup(&err));
    model_open(&r, "[\"rope\"]", &shape);
    tokens = model_tokens(&r, N, 5);
    for (int i = 0; i < N; i += 2)
        tokens[i] = tokens[i + 1] = tokens[i] % MASK;
    stream.tokens = tokens;
    CHECK_OK(lx_train_run(&r.m, &c, &stream, 1, NULL, &r.arena, &result, &err));
    model_close(&r);
    assert_false(result.diverged);
    return result.last_nll;
}

static void both_sides_tell_more_than_one(void **state)
{
    double both = trained_nll(LX_ATTENTION_BIDIRECTIONAL);
    double left = trained_nll(LX_ATTENTION_CAUSAL);

    (void)state;
    print_message("# hidden tokens of pairs: %.3f nats from both sides, %.3f from the left\n", both,
                  left);
    assert_true(left > 1.1 && both < left - 0.2); /* the left tells half of them at best: 1.2 */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_number_matches_brute_force),
    cmocka_unit_test(blocks_are_of_the_same_targets),
    cmocka_unit_test(hidden_tokens_are_not_seen),
    cmocka_unit_test(both_sides_tell_more_than_one),
};

CHECK_MAIN(tests)
