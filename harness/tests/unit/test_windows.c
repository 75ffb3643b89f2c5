/* Windows of the evaluation modes: every length scores the same targets, each once, with the context
 * that the mode promises. And the "eval" section of a config: what it becomes, what it refuses. */
#include "core/arena.h"
#include "eval/windows.h"
#include "json/json.h"
#include "tests/unit/check.h"

enum { MOST = 4096 };

/* How often each target is scored, and how many tokens its prediction sees at least. */
struct tally {
    int times[MOST], context[MOST];
};

static void count(const struct lx_eval_config *c, const struct lx_window_plan *p,
                  enum lx_eval_mode mode, int T, struct tally *out)
{
    long long rank = 0;

    memset(out, 0, sizeof(*out));
    for (long long k = 0; k < lx_window_count(c, p, mode, T); k++) {
        struct lx_window w = lx_window_at(c, p, mode, T, k);

        assert_true(w.start >= 0 && w.length >= 1 && w.length <= T);
        assert_true(w.start + w.length <= (mode == LX_MODE_LAST ? p->have : p->targets));
        assert_int_equal(w.rank, rank);
        rank += w.length - w.skip;
        assert_true(w.skip >= 0 && w.skip < w.length);
        for (int t = w.skip; t < w.length; t++) {
            out->times[w.start + t]++;
            out->context[w.start + t] = t + 1;
        }
    }
    assert_int_equal(rank, lx_window_scored(c, p, mode));
}

static struct lx_eval_config config_of(const int *lengths, int n, int stride)
{
    struct lx_eval_config c = {.n_lengths = n, .stride = stride, .modes = {true, true, true}};

    memcpy(c.lengths, lengths, (size_t)n * sizeof(*lengths));
    return c;
}

/* Lengths that divide one another and lengths that do not. */
static const int doubled[] = {16, 32, 64, 128}, ragged[] = {12, 36, 60, 84}, odd[] = {7, 21, 35};
static const int nearly[] = {5, 17, 84}; /* the last window lacks just one token */
static const struct {
    const int *lengths;
    int n, stride;
    long long targets;
} cases[] = {{doubled, 4, 4, 128}, {doubled, 4, 16, 1024}, {doubled, 4, 5, 512},
             {ragged, 4, 3, 84},   {ragged, 4, 12, 420},   {ragged, 4, 5, 840},
             {odd, 3, 1, 35},      {odd, 3, 7, 350},       {nearly, 3, 2, 84}};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void nonoverlapping_windows_tile_the_targets(void **state)
{
    (void)state;
    for (size_t k = 0; k < CASES; k++) {
        struct lx_eval_config c = config_of(cases[k].lengths, cases[k].n, cases[k].stride);
        const struct lx_window_plan p = {.targets = cases[k].targets, .have = cases[k].targets};

        for (int i = 0; i < c.n_lengths; i++) {
            int T = c.lengths[i];
            struct tally t;

            count(&c, &p, LX_MODE_NONOVERLAPPING, T, &t);
            for (long long j = 0; j < cases[k].targets; j++) {
                assert_int_equal(t.times[j], 1);
                assert_int_equal(t.context[j], j % T + 1);
            }
        }
    }
}

/* After the first window every target has at least T - stride + 1 tokens before it. */
static void sliding_windows_keep_their_context(void **state)
{
    (void)state;
    for (size_t k = 0; k < CASES; k++) {
        struct lx_eval_config c = config_of(cases[k].lengths, cases[k].n, cases[k].stride);
        const struct lx_window_plan p = {.targets = cases[k].targets, .have = cases[k].targets};

        for (int i = 0; i < c.n_lengths; i++) {
            int T = c.lengths[i];
            struct tally t;

            count(&c, &p, LX_MODE_SLIDING, T, &t);
            for (long long j = 0; j < cases[k].targets; j++) {
                assert_int_equal(t.times[j], 1);
                if (j < T)
                    assert_int_equal(t.context[j], j + 1);
                else
                    assert_in_range(t.context[j], T - c.stride + 1, T);
            }
        }
    }
}

static struct lx_window_plan plan_of(const struct lx_eval_config *c, size_t stream)
{
    static const uint16_t tokens[1] = {0};
    const struct lx_stream s = {.tokens = tokens, .n = stream};
    struct lx_window_plan p;
    struct lx_err err;

    CHECK_OK(lx_window_plan(c, &s, &p, &err));
    return p;
}

/* The same targets at any length, each once, all with at least T - stride + 1 tokens before them, from
 * the end of the first longest window to the end of the split, evenly. */
static void last_windows_score_the_same_targets_at_every_length(void **state)
{
    (void)state;
    for (size_t k = 0; k < CASES; k++) {
        struct lx_eval_config c = config_of(cases[k].lengths, cases[k].n, cases[k].stride);
        int longest = c.lengths[c.n_lengths - 1];
        struct lx_window_plan p;
        struct tally first;

        c.tokens = (int)cases[k].targets;
        c.last_tokens = (int)cases[k].targets / 3 + 1;
        p = plan_of(&c, (size_t)cases[k].targets + 18);
        assert_int_equal(p.have, cases[k].targets + 17);
        count(&c, &p, LX_MODE_LAST, longest, &first);
        for (int i = 0; i < c.n_lengths; i++) {
            int T = c.lengths[i];
            struct tally t;

            count(&c, &p, LX_MODE_LAST, T, &t);
            assert_memory_equal(t.times, first.times, sizeof(t.times));
            for (long long w = 0; w < p.last; w++) {
                long long end = longest + (p.last > 1 ? w * 17 / (p.last - 1) : 0);

                if (cases[k].targets == longest) /* the split is one window and 17 tokens */
                    assert_int_equal(lx_window_at(&c, &p, LX_MODE_LAST, T, w).start, end - T);
            }
            for (int j = 0; j < MOST; j++) {
                assert_in_range(t.times[j], 0, 1);
                if (t.times[j])
                    assert_in_range(t.context[j], T - c.stride + 1, T);
            }
        }
    }
}

/* As many as are asked for, rounded up to whole windows; a short split gives what has targets of its
 * own, which is all of its targets from the first whole stride on. */
static void last_windows_are_as_many_as_the_split_has(void **state)
{
    struct lx_eval_config c = config_of(doubled, 4, 16);
    struct lx_window_plan p;
    struct tally t;

    (void)state;
    c.tokens = 1024;
    c.last_tokens = 500;
    p = plan_of(&c, 1025);
    assert_int_equal(p.last, 32);
    assert_int_equal(lx_window_scored(&c, &p, LX_MODE_LAST), 512);
    assert_int_equal(lx_window_at(&c, &p, LX_MODE_LAST, 16, 0).start, 112);
    assert_int_equal(lx_window_at(&c, &p, LX_MODE_LAST, 16, 31).start, 1024 - 16);
    c.last_tokens = 5000;
    p = plan_of(&c, 1025);
    assert_int_equal(p.last,
                     57); /* 112, 128, .. 1008: the last 16 of windows that end from 128 on */
    count(&c, &p, LX_MODE_LAST, 128, &t);
    for (int j = 0; j < 1024; j++)
        assert_int_equal(t.times[j], j >= 112);
    p = plan_of(&c, 129);
    assert_int_equal(p.last, 1);
    c.modes[LX_MODE_LAST] = false;
    p = plan_of(&c, 1025);
    assert_int_equal(p.last, 0);
}

/* Without a split: all that is asked for. */
static void plans_without_a_split_have_all(void **state)
{
    struct lx_eval_config c = config_of(doubled, 4, 16);
    struct lx_window_plan p;
    struct lx_err err;

    (void)state;
    c.tokens = 1000;
    c.last_tokens = 5000;
    CHECK_OK(lx_window_plan(&c, NULL, &p, &err));
    assert_int_equal(p.targets, 896);
    assert_int_equal(p.last, 313);
}

static void targets_are_a_multiple_of_the_longest(void **state)
{
    static const uint16_t tokens[1] = {0};
    struct lx_eval_config c = config_of(ragged, 4, 3);
    struct lx_stream s = {.tokens = tokens};
    struct lx_window_plan p;
    struct lx_err err;

    (void)state;
    c.tokens = 1000;
    s.n = 5000;
    CHECK_OK(lx_window_plan(&c, &s, &p, &err));
    assert_int_equal(p.targets, 924);
    s.n = 924; /* one token less than needed: the first is never a target */
    CHECK_OK(lx_window_plan(&c, &s, &p, &err));
    assert_int_equal(p.targets, 840);
    s.n = 85;
    CHECK_OK(lx_window_plan(&c, &s, &p, &err));
    assert_int_equal(p.targets, 84);
    s.n = 84;
    CHECK_FAILS(lx_window_plan(&c, &s, &p, &err), LX_EDATA,
                "evaluation split: must have at least 85 tokens (the longest length and one more), "
                "got 84");
    s.n = 0;
    CHECK_FAILS(lx_window_plan(&c, &s, &p, &err), LX_EDATA, "got 0");
}

static enum lx_code parse(struct lx_eval_config *c, const char *json, int L, struct lx_arena *arena,
                          struct lx_err *err)
{
    struct lx_json *root;
    enum lx_code code = lx_json_parse(json, strlen(json), "eval", &root, err);

    if (code == LX_OK)
        code = lx_eval_config_parse(c, root, "eval", L, false, arena, err);
    lx_json_free(root);
    return code;
}

static void an_empty_section_has_the_stated_defaults(void **state)
{
    struct lx_arena arena = {0};
    struct lx_eval_config c;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c, "{}", 128, &arena, &err));
    assert_int_equal(c.n_lengths, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(c.lengths[i], 128 << i);
    assert_int_equal(c.tokens, 65536);
    assert_int_equal(c.stride, 32);
    assert_int_equal(c.split, LX_SPLIT_VALID);
    assert_int_equal(c.last_tokens, 32768);
    assert_true(c.attention && c.modes[LX_MODE_NONOVERLAPPING] && c.modes[LX_MODE_LAST]);
    assert_false(c.modes[LX_MODE_SLIDING]);
    CHECK_OK(lx_eval_config_parse(&c, NULL, "eval", 3, false, &arena, &err));
    assert_int_equal(c.stride, 1);
    lx_arena_free(&arena);
}

static void lengths_are_tokens_or_multiples(void **state)
{
    struct lx_arena arena = {0};
    struct lx_eval_config c;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c, "{\"lengths\": [\"0.5x\", \"1x\", 100, \"3x\", \"25.0x\"], \"stride\": 8}",
                   64, &arena, &err));
    assert_int_equal(c.n_lengths, 5);
    assert_int_equal(c.lengths[0], 32);
    assert_int_equal(c.lengths[1], 64);
    assert_int_equal(c.lengths[2], 100);
    assert_int_equal(c.lengths[3], 192);
    assert_int_equal(c.lengths[4], 1600);
    lx_arena_free(&arena);
}

/* What is written reads back as the same section. */
static void sections_round_trip(void **state)
{
    static const char *const text =
        "{\"lengths\": [\"1x\", \"3x\", \"5x\"], \"modes\": [\"last\", \"sliding\"], "
        "\"tokens\": 5000, \"last_tokens\": 77, \"stride\": 7, \"split\": \"test\", \"attention\": "
        "false, "
        "\"batch_tokens\": 99}";
    struct lx_arena arena = {0};
    struct lx_eval_config c, again;
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c, text, 12, &arena, &err));
    lx_json_open_object(&w, NULL);
    lx_eval_config_write(&c, &w);
    lx_json_close_object(&w);
    CHECK_OK(lx_buf_check(&out, &err));
    CHECK_OK(parse(&again, out.text, 12, &arena, &err));
    assert_memory_equal(&c, &again, sizeof(c));
    assert_int_equal(c.lengths[2], 60);
    assert_int_equal(c.stride, 7);
    assert_true(c.modes[LX_MODE_LAST] && c.modes[LX_MODE_SLIDING]);
    assert_false(c.modes[LX_MODE_NONOVERLAPPING] || c.attention);
    lx_buf_free(&out);
    lx_arena_free(&arena);
}

static const struct {
    const char *json, *text;
} wrong_sections[] = {
    {"{\"lengths\": 5}", "eval.lengths: must be an array, got a number"},
    {"{\"lengths\": null}", "eval.lengths: must be an array, got null"},
    {"{\"lengths\": []}", "eval.lengths: must have 1 to 32 elements, got 0"},
    {"{\"lengths\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
     "28,29,30,31,32,33]}",
     "eval.lengths: must have 1 to 32 elements, got 33"},
    {"{\"lengths\": [64, 64]}", "eval.lengths[1]: must ascend, got 64 after 64"},
    {"{\"lengths\": [\"2x\", \"1x\"]}", "eval.lengths[1]: must ascend, got 64 after 128"},
    {"{\"lengths\": [\"two\"]}",
     "eval.lengths[0]: must be a number of tokens or a multiple of the training length like "
     "\"2x\", got \"two\""},
    {"{\"lengths\": [\"x\"]}", "got \"x\""},
    {"{\"lengths\": [\"2\"]}", "got \"2\""},
    {"{\"lengths\": [\"2x \"]}", "got \"2x \""},
    {"{\"lengths\": [\" 2x\"]}", "got \" 2x\""},
    {"{\"lengths\": [\"0x2x\"]}", "got \"0x2x\""},
    {"{\"lengths\": [\"infx\"]}", "got \"infx\""},
    {"{\"lengths\": [\"nanx\"]}", "got \"nanx\""},
    {"{\"lengths\": [\"-1x\"]}", "got \"-1x\""},
    {"{\"lengths\": [64, true]}", "eval.lengths[1]: must be a number of tokens or a multiple "
                                  "like \"2x\", got true or false"},
    {"{\"lengths\": [1.5]}",
     "eval.lengths[0]: must be a whole number of tokens from 1 to 16777216, got 1.5"},
    {"{\"lengths\": [\"0.01x\"]}", "from 1 to 16777216, got 0.64"},
    {"{\"lengths\": [0]}", "from 1 to 16777216, got 0"},
    {"{\"lengths\": [16777217]}", "from 1 to 16777216, got 16777217"},
    {"{\"modes\": \"last\"}", "eval.modes: must be a non-empty array of names"},
    {"{\"modes\": []}", "eval.modes: must be a non-empty array of names"},
    {"{\"modes\": [\"lasst\"]}", "eval.modes: must be one of nonoverlapping, sliding, last, "
                                 "answers, got \"lasst\" (did you mean "
                                 "\"last\"?)"},
    {"{\"modes\": [3]}",
     "eval.modes: must be one of nonoverlapping, sliding, last, answers, got \"\""},
    {"{\"modes\": [\"last\", \"last\"]}", "eval.modes: \"last\" stands twice"},
    {"{\"lengths\": [8, 64], \"modes\": [\"last\"]}",
     "eval.stride: must be at most the shortest length = 8, got 16"},
    {"{\"stride\": 65, \"modes\": [\"sliding\"]}",
     "eval.stride: must be at most the shortest length = 64, got 65"},
    {"{\"tokens\": 511}", "eval.tokens: must be at least the longest length = 512, got 511"},
    {"{\"token\": 511}", "did you mean"},
    {"{\"split\": \"train2\"}", "eval.split"},
    {"{\"stride\": -1}", "eval.stride"},
    {"{\"last_tokens\": -1}", "eval.last_tokens"},
    {"{\"batch_tokens\": 0}", "eval.batch_tokens"},
};

static void broken_sections_are_refused_with_the_reason(void **state)
{

    (void)state;
    for (size_t i = 0; i < sizeof(wrong_sections) / sizeof(wrong_sections[0]); i++) {
        struct lx_arena arena = {0};
        struct lx_eval_config c;
        struct lx_err err = {.text = ""};

        if (parse(&c, wrong_sections[i].json, 64, &arena, &err) != LX_ECONFIG)
            fail_msg("%s: not refused: %s", wrong_sections[i].json, err.text);
        if (strstr(err.text, wrong_sections[i].text) == NULL)
            fail_msg("%s: \"%s\" lacks \"%s\"", wrong_sections[i].json, err.text,
                     wrong_sections[i].text);
        lx_arena_free(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nonoverlapping_windows_tile_the_targets),
    cmocka_unit_test(sliding_windows_keep_their_context),
    cmocka_unit_test(last_windows_score_the_same_targets_at_every_length),
    cmocka_unit_test(last_windows_are_as_many_as_the_split_has),
    cmocka_unit_test(plans_without_a_split_have_all),
    cmocka_unit_test(targets_are_a_multiple_of_the_longest),
    cmocka_unit_test(an_empty_section_has_the_stated_defaults),
    cmocka_unit_test(lengths_are_tokens_or_multiples),
    cmocka_unit_test(sections_round_trip),
    cmocka_unit_test(broken_sections_are_refused_with_the_reason),
};

CHECK_MAIN(tests)
