/* Retrieval: what prompts and streams of questions contain, read by a reader of its own; and that the
 * analysis counts just those answers that a model gives when it decodes greedily, token by token. */
#include "analysis/analysis.h"
#include "analysis/retrieval.h"
#include "datasets/questions_words.h"
#include "stats/wilson.h"
#include "tests/unit/dataset_open.h"
#include "tests/unit/model_rig.h"

enum { PASSKEY, LINES, DOCUMENTS };
static const char *const tasks[] = {"passkey", "lines", "documents"};

static void open_task(struct opened *o, int task, const char *more)
{
    char json[256];
    struct lx_err err;

    (void)snprintf(json, sizeof(json), "{\"task\": \"%s\"%s}", tasks[task], more);
    CHECK_OK(open_dataset(o, "questions", json, &err));
}

static bool is_digit(int token)
{
    return token >= LX_WORD_DIGIT && token < LX_WORD_DIGIT + 10;
}

static int count(const uint16_t *tokens, int n, int token)
{
    int found = 0;

    for (int i = 0; i < n; i++)
        found += tokens[i] == token;
    return found;
}

/* The first digits from `at` on. */
static const uint16_t *digits_from(const uint16_t *tokens)
{
    while (!is_digit(*tokens))
        tokens++;
    return tokens;
}

static void check_prompt(const struct opened *o, int task, int length, double depth)
{
    enum { ANSWER = 2, BODY = 4 };
    int size = task == DOCUMENTS ? 4 + BODY + ANSWER : 2 + ANSWER, C = length - 1 - ANSWER;
    uint16_t tokens[400], same[400];
    struct lx_prompt p = {0}, q = {0};
    struct lx_rng rng;
    struct lx_err err;

    CHECK_OK(o->ops->prompt(o->self, NULL, length, depth, &p, &err));
    lx_rng_init(&rng, 3, "a");
    q.tokens = tokens;
    tokens[length + 1] = 60000;
    CHECK_OK(o->ops->prompt(o->self, &rng, length, depth, &q, &err));
    assert_int_equal(tokens[length + 1], 60000);
    assert_int_equal(p.at, q.at);
    assert_int_equal(p.answers, ANSWER);
    assert_int_equal(q.answers, ANSWER);

    /* The question is the end, its name was said once, with these digits. */
    assert_int_equal(tokens[C], LX_WORD_QUESTION);
    assert_int_equal(count(tokens, length + 1, LX_WORD_QUESTION), 1);
    assert_int_equal(count(tokens, C, tokens[C + 1]), 1);
    assert_int_equal(tokens[p.at], tokens[C + 1]);
    assert_memory_equal(digits_from(tokens + p.at), tokens + C + 2, ANSWER * sizeof(*tokens));
    assert_true(digits_from(tokens + p.at) < tokens + p.at + size - 1);
    assert_int_equal(tokens[p.at + size - 1], LX_WORD_STOP);

    /* It stands where it should. */
    if (task == PASSKEY) {
        assert_int_equal(tokens[p.at], LX_WORD_KEY);
        assert_true(fabs(p.at - depth * (C - size)) <= 0.5);
        for (int i = 0; i < C; i++)
            assert_int_equal(is_digit(tokens[i]), i == p.at + 1 || i == p.at + 2);
    } else {
        int facts = C / size, which = (p.at - C % size) / size;

        assert_true(tokens[p.at] >= LX_WORD_NAME);
        assert_int_equal((p.at - C % size) % size, 0);
        assert_true(fabs(which - depth * (facts - 1)) <= 0.5);
        for (int k = 0; k < facts; k++)
            assert_true(tokens[C % size + k * size] >= LX_WORD_NAME);
        /* No part of a fact before the first: a value without its name. */
        assert_int_equal(count(tokens, C % size, LX_WORD_END), C % size);
    }
    for (int i = 0; i <= length; i++)
        assert_true(tokens[i] < o->ops->vocab(o->self));

    lx_rng_init(&rng, 3, "a");
    q.tokens = same;
    CHECK_OK(o->ops->prompt(o->self, &rng, length, depth, &q, &err));
    assert_memory_equal(tokens, same, (size_t)(length + 1) * sizeof(*tokens));
    if (length > 60) {
        CHECK_OK(o->ops->prompt(o->self, &rng, length, depth, &q, &err));
        assert_memory_not_equal(tokens, same, (size_t)(length + 1) * sizeof(*tokens));
    }
}

static void prompts_hold_the_fact_once_at_its_depth(void **state)
{
    static const double depths[] = {0, 0.2, 0.5, 0.77, 1};

    (void)state;
    for (int task = PASSKEY; task <= DOCUMENTS; task++) {
        struct opened o;
        struct lx_prompt p = {0};
        struct lx_err err;
        int least = task == DOCUMENTS ? 13 : 7;

        open_task(&o, task, "");
        CHECK_FAILS(o.ops->prompt(o.self, NULL, least - 1, 0, &p, &err), LX_ECONFIG, "at least");
        for (int length = least; length < 390; length += 1 + length / 9)
            for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++)
                check_prompt(&o, task, length, depths[d]);
        lx_arena_free(&o.arena);
    }
}

struct said {
    int facts, questions;
    const uint16_t *value[LX_WORD_NAME + LX_QUESTIONS_NAMES]; /* of each name, NULL: not said */
};

/* One example, read token by token: facts are remembered, questions must be answered by them. */
static void read_example(const uint16_t *t, const uint16_t *end, int answer, struct said *s)
{
    memset(s, 0, sizeof(*s));
    while (t < end) {
        if (*t == LX_WORD_QUESTION) {
            assert_non_null(s->value[t[1]]);
            assert_memory_equal(s->value[t[1]], t + 2, (size_t)answer * sizeof(*t));
            assert_int_equal(t[2 + answer], LX_WORD_STOP);
            s->questions++;
            t += 3 + answer;
            continue;
        }
        if (*t >= LX_WORD_NAME || *t == LX_WORD_KEY) {
            s->value[*t] = digits_from(t);
            s->facts++;
        }
        t++;
    }
}

static void streams_answer_their_questions(void **state)
{
    (void)state;
    for (int task = PASSKEY; task <= DOCUMENTS; task++) {
        struct opened o;
        struct lx_stream s;
        struct lx_err err;
        size_t from = 0;
        int examples = 0, below_mean = 0, most = 0;

        open_task(&o, task, ", \"train_tokens\": 200000, \"shortest\": 32, \"longest\": 128");
        CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
        for (size_t t = 0; t < s.n; t++) {
            struct said said;

            if (s.tokens[t] != LX_WORD_END)
                continue;
            read_example(s.tokens + from, s.tokens + t, 2, &said);
            assert_true(said.questions >= 1 && said.questions <= (task == PASSKEY ? 1 : 4));
            assert_true(said.facts >= said.questions);
            most = said.questions > most ? said.questions : most;
            assert_true(t + 1 - from >= 32 && t + 1 - from <= 128);
            below_mean += t + 1 - from < 64;
            examples++;
            from = t + 1;
        }
        assert_int_equal(most, task == PASSKEY ? 1 : 4);
        /* log-uniform: as many in [32, 64) as in [64, 128], 4 standard deviations */
        assert_true(examples > 2000);
        assert_true(fabs(below_mean - 0.5 * examples) < 4 * 0.5 * sqrt(examples));
        lx_arena_free(&o.arena);
    }
}

static void wrong_options_are_refused(void **state)
{
    struct opened o;
    struct lx_err err;

    (void)state;
    CHECK_FAILS(open_dataset(&o, "questions", "{\"shortest\": 200}", &err), LX_ECONFIG,
                "longest: must be at least shortest (200), got 128");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_dataset(&o, "questions", "{\"task\": \"documents\", \"shortest\": 15}", &err),
                LX_ECONFIG, "shortest: must be at least 16 tokens");
    lx_arena_free(&o.arena);
}

static void planted_answers_are_scored(void **state)
{
    enum { N = 3, VOCAB = 7 };
    const uint16_t answer[N] = {4, 0, 6};
    real logits[N * VOCAB] = {0};
    double nll, one = log(1 + 6 * exp(-2.0)), off = one + 2;

    (void)state;
    for (int k = 0; k < N; k++)
        logits[k * VOCAB + answer[k]] = 2;
    assert_true(lx_retrieval_given(logits, N, VOCAB, answer, &nll));
    CHECK_NEAR(nll, one, 1e-12);
    for (int wrong = 0; wrong < N; wrong++) { /* one token of three is enough */
        logits[wrong * VOCAB + answer[wrong]] = 0;
        logits[wrong * VOCAB + 5] = 2;
        assert_false(lx_retrieval_given(logits, N, VOCAB, answer, &nll));
        CHECK_NEAR(nll, (2 * one + off) / 3, 1e-12);
        logits[wrong * VOCAB + answer[wrong]] = 2;
        logits[wrong * VOCAB + 5] = 0;
    }
    logits[0] = 2; /* 0 and 4 alike: 0 comes first */
    assert_false(lx_retrieval_given(logits, N, VOCAB, answer, &nll));
}

/* The ends of Wilson's interval are the p with (share - p)^2 = p (1 - p) / n. */
static void errors_are_wilsons(void **state)
{
    (void)state;
    for (int n = 1; n < 50; n += 7)
        for (int k = 0; k <= n; k++) {
            double share = (double)k / n, half = lx_wilson_error(k, n);
            double middle = (share + 0.5 / n) / (1 + 1.0 / n);

            assert_true(half > 0);
            for (int side = -1; side <= 1; side += 2) {
                double p = middle + side * half;

                CHECK_NEAR((share - p) * (share - p), p * (1 - p) / n, 1e-12);
            }
        }
}

/* ----------------------------------------------------------------- through a model, end to end */

enum { V = 11, L = 12, ANSWERS = 3 };

/* A dataset whose answers are what the model says: it decodes greedily, one token and one growing
 * window at a time. `wrong`: which token of the answer is made another one, -1 none. */
struct oracle {
    struct model_rig *model;
    int wrong, every; /* of every so many prompts one is wrong */
    int asked;
};

static enum lx_code ask_oracle(const void *self, struct lx_rng *rng, int length, double depth,
                               struct lx_prompt *out, struct lx_err *err)
{
    struct oracle *o = (struct oracle *)(uintptr_t)self;
    int question = length + 1 - ANSWERS;

    (void)depth;
    (void)err;
    out->at = 0;
    out->answers = ANSWERS;
    for (int i = 0; i < question && out->tokens != NULL; i++)
        out->tokens[i] = (uint16_t)lx_rng_below(rng, V);
    for (int n = question; n <= length && out->tokens != NULL; n++) {
        real logits[V];
        int best = 0;

        lx_model_forward(&o->model->m, o->model->work, out->tokens, 1, n, NULL);
        lx_model_logits(&o->model->m, o->model->work, n - 1, 1, logits);
        for (int v = 1; v < V; v++)
            best = logits[v] > logits[best] ? v : best;
        out->tokens[n] = (uint16_t)best;
    }
    if (out->tokens != NULL && o->wrong >= 0 && ++o->asked % o->every == 0) {
        uint16_t *t = &out->tokens[question + o->wrong];

        *t = (uint16_t)((*t + 1) % V);
    }
    return LX_OK;
}

static const struct lx_metric *row(const struct lx_metrics *m, const char *metric, int T, int lo)
{
    const struct lx_metric *found = NULL;

    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->rows[i].metric, metric) == 0 && m->rows[i].eval_length == T &&
            m->rows[i].position_lo == lo) {
            assert_null(found);
            found = &m->rows[i];
        }
    assert_non_null(found);
    return found;
}

/* share: of the prompts whose answer the model gives. */
static void check_oracle(const char *stack, int wrong, int every, double share)
{
    static const struct lx_dataset_ops ops = {.name = "oracle", .prompt = ask_oracle};
    static const char list_text[] = "[{\"name\": \"retrieval\", \"depths\": 3, \"prompts\": 20}]";
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 16, .heads = 2, .d_ff = 24, .vocab = V},
        .train_length = L,
        .max_length = 4 * L};
    struct model_rig rig;
    struct oracle oracle = {.model = &rig, .wrong = wrong, .every = every};
    struct lx_eval_config eval = {
        .lengths = {L, 4 * L}, .n_lengths = 2, .modes = {true}, .tokens = 48, .batch_tokens = 100};
    struct lx_stream stream = {.n = 100};
    struct lx_analyses analyses;
    struct lx_metrics out = {0};
    struct lx_json *list = NULL;
    struct lx_err err;

    model_open(&rig, stack, &shape);
    model_work(&rig, 1, 4 * L, false);
    stream.tokens = model_tokens(&rig, stream.n, 2);
    CHECK_OK(lx_json_parse(list_text, strlen(list_text), "list", &list, &err));
    CHECK_OK(
        lx_analyses_parse(&analyses, list, "analyses", &rig.m.config, &eval, L, &rig.arena, &err));
    CHECK_OK(lx_analyses_check_dataset(&analyses, "analyses", &ops, &oracle, &err));
    struct lx_analysis_subject subject = {.m = &rig.m,
                                          .stack_id = "s",
                                          .eval = &eval,
                                          .stream = &stream,
                                          .dataset = &ops,
                                          .dataset_self = &oracle,
                                          .seed = 1};
    CHECK_OK(lx_analyses_run(&analyses, &subject, &out, &err));
    assert_int_equal(out.n, 2 * 2 * (3 + 1));
    for (int T = L; T <= 4 * L; T *= 4)
        for (int lo = -1; lo <= 100; lo = lo < 0 ? 0 : lo + 50) {
            const struct lx_metric *r = row(&out, "retrieval_accuracy", T, lo);

            CHECK_NEAR(r->value, share, 1e-12);
            assert_int_equal(r->windows, lo < 0 ? 60 : 20);
            assert_int_equal(r->tokens, r->windows * ANSWERS);
            assert_int_equal(r->position_hi, lo < 0 ? -1 : lo + 1);
            CHECK_NEAR(r->stderr_value,
                       lx_wilson_error(share * (double)r->windows, (double)r->windows), 1e-12);
            assert_true(row(&out, "retrieval_nll", T, lo)->value > 0);
        }
    lx_metrics_free(&out);
    lx_json_free(list);
    model_close(&rig);
}

static void counts_what_greedy_decoding_gives(void **state)
{
    static const char *const stacks[] = {"[\"nope\"]", "[\"alibi\"]", "[\"rope\"]",
                                         "[\"sandwich\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        check_oracle(stacks[i], -1, 1, 1);
        for (int k = 0; k < ANSWERS; k++)
            check_oracle(stacks[i], k, 1, 0);
        check_oracle(stacks[i], 1, 4, 0.75);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(prompts_hold_the_fact_once_at_its_depth),
    cmocka_unit_test(streams_answer_their_questions),
    cmocka_unit_test(wrong_options_are_refused),
    cmocka_unit_test(planted_answers_are_scored),
    cmocka_unit_test(errors_are_wilsons),
    cmocka_unit_test(counts_what_greedy_decoding_gives),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
