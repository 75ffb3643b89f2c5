/* The dataset `tasks`: splits, how examples are drawn, windows of training, and what is refused. */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/dataset_open.h"

enum { ROOM = 4096, END = '\n' };

static uint16_t inputs[ROOM], targets[ROOM], reach[ROOM];
static struct lx_example x = {.inputs = inputs, .targets = targets, .reach = reach};

static void open_task(struct opened *o, const char *json)
{
    struct lx_err err;

    CHECK_OK(open_dataset(o, "tasks", json, &err));
}

static uint64_t fnv(const int *point, int n)
{
    uint64_t h = 0xcbf29ce484222325U;

    for (int i = 0; i < 2 * n; i++) {
        h ^= (uint64_t)(i % 2 == 0 ? point[i / 2] & 255 : point[i / 2] >> 8);
        h *= 0x100000001b3U;
    }
    return h;
}

/* In which every bit depends on every bit. */
static uint64_t mixed(uint64_t h)
{
    static const uint64_t factor[] = {0xff51afd7ed558ccdU, 0xc4ceb9fe1a85ec53U, 1};

    for (int k = 0; k < 3; k++) {
        h ^= h >> 33;
        h *= factor[k];
    }
    return h;
}

/* The characters that an example prints as, from its text. */
static uint64_t printed_hash(const struct opened *o)
{
    int point[ROOM];

    for (int i = 0; i < x.n; i++) {
        struct lx_buf text = {0};

        o->ops->text(o->self, inputs[i], &text);
        point[i] = (unsigned char)text.text[0];
        if (text.len == 2)
            point[i] = (point[i] & 31) << 6 | ((unsigned char)text.text[1] & 63);
        lx_buf_free(&text);
    }
    return fnv(point, x.n);
}

static void splits_follow_the_hash_of_what_is_printed(void **state)
{
    static const char *const tasks[] = {
        "{}",
        "{\"task\": \"mqar\"}",
        "{\"task\": \"addition\", \"hints\": 20}",
        "{\"task\": \"group\", \"group\": \"s5\"}",
        "{\"task\": \"parity\"}",
        "{\"task\": \"reverse\"}",
        "{\"task\": \"sort\"}",
        "{\"task\": \"selective_copy\"}",
        "{\"task\": \"modsum\"}",
        "{\"task\": \"count\"}",
        "{\"task\": \"chain\"}",
        "{\"task\": \"parity\", \"labels\": \"dense\"}",
        "{\"task\": \"dyck\"}",
        "{\"task\": \"flipflop\"}",
    };
    const int copy[] = {'\n', 'a', '=', 'a'};

    (void)state;
    assert_true(fnv(copy, 4) == 0xda5c6421f4eda812U);
    assert_true(mixed(0) == 0 && mixed(1) == 0xb456bcfc34c2cb2cU); /* fmix64, published values */
    for (size_t v = 0; v < sizeof(tasks) / sizeof(tasks[0]); v++) {
        struct opened o;
        struct lx_rng rng;

        open_task(&o, tasks[v]);
        lx_rng_init(&rng, v, "test");
        for (int k = 0; k < 120; k++) {
            uint64_t bucket;

            o.ops->examples->draw(o.self, &rng, (enum lx_split)(k % 3), 16, &x);
            bucket = mixed(printed_hash(&o)) % 16;
            assert_int_equal(k % 3, bucket == 0   ? LX_SPLIT_VALID
                                    : bucket == 1 ? LX_SPLIT_TEST
                                                  : LX_SPLIT_TRAIN);
        }
        lx_arena_free(&o.arena);
    }
}

/* Shares that the definitions give, within five standard deviations. */
static void check_share(double hits, double n, double p)
{
    double sd = sqrt(p * (1 - p) / n);

    if (fabs(hits / n - p) > 5 * sd)
        fail_msg("%g of %g: expected a share of %g +- %g", hits, n, p, sd);
}

/* Instructions to ignore, and letters at the front of a copy. */
static void draws_are_distributed_as_defined(void **state)
{
    double ignored = 0, first = 0, hops[3] = {0}, carried = 0;
    enum { N = 12, DRAWS = 2000 };
    struct opened flip, copy, chain, sum;
    struct lx_rng rng;

    (void)state;
    lx_rng_init(&rng, 3, "test");
    open_task(&flip, "{\"task\": \"flipflop\"}");
    open_task(&copy, "{}");
    open_task(&chain, "{\"task\": \"chain\"}");
    open_task(&sum, "{\"task\": \"addition\"}");
    for (int k = 0; k < DRAWS; k++) {
        int name, far = -1, carry = 0;

        flip.ops->examples->draw(flip.self, &rng, LX_SPLIT_TRAIN, N, &x);
        for (int i = 1; i < N - 1; i++)
            ignored += inputs[1 + 2 * i] == 'i';
        copy.ops->examples->draw(copy.self, &rng, LX_SPLIT_TRAIN, N, &x);
        first += inputs[1] == 'a';
        chain.ops->examples->draw(chain.self, &rng, LX_SPLIT_TRAIN, N, &x);
        name = inputs[x.n - 2];
        for (int i = 2 * N - 1; i >= 1; i -= 2)
            if (inputs[i] == name) {
                name = inputs[i + 1];
                far++;
            }
        hops[far]++;
        sum.ops->examples->draw(sum.self, &rng, LX_SPLIT_TRAIN, N, &x);
        for (int i = 0; i < N - 1; i++) {
            carry = inputs[1 + i] - '0' + inputs[2 + N + i] - '0' + carry > 9;
            carried += carry;
        }
    }
    check_share(ignored, DRAWS * (N - 2), 0.8);
    check_share(first, DRAWS, 1.0 / 26);
    assert_in_range((int)(1000 * carried / (DRAWS * (N - 1))), 470, 500);
    for (int h = 0; h < 3; h++)
        check_share(hops[h], DRAWS, 1.0 / 3);
    lx_arena_free(&flip.arena);
    lx_arena_free(&copy.arena);
    lx_arena_free(&chain.arena);
    lx_arena_free(&sum.arena);
}

/* A window of training with the options given, at a part of the training. */
/* What is asked may be drawn otherwise than what is trained on. */
static void asked_examples_may_differ(void **state)
{
    enum { N = 20, DRAWS = 500 };
    struct opened flip, letters;
    struct lx_rng rng;

    (void)state;
    lx_rng_init(&rng, 3, "test");
    open_task(&flip, "{\"task\": \"flipflop\", \"ignore\": 0.1, \"asked_ignore\": 0.9}");
    open_task(&letters,
              "{\"task\": \"selective_copy\", \"density\": 0.5, \"asked_density\": 0.75}");
    assert_int_equal(letters.ops->examples->tokens(letters.self, N), N + 2 + 15);
    for (int split = LX_SPLIT_TRAIN; split <= LX_SPLIT_TEST; split++) {
        double ignored = 0;

        for (int k = 0; k < DRAWS; k++) {
            int filled = 0;

            flip.ops->examples->draw(flip.self, &rng, (enum lx_split)split, N, &x);
            for (int i = 1; i < N - 1; i++)
                ignored += inputs[1 + 2 * i] == 'i';
            letters.ops->examples->draw(letters.self, &rng, (enum lx_split)split, N, &x);
            for (int i = 1; i <= N; i++)
                filled += inputs[i] != '_';
            assert_int_equal(filled, split == LX_SPLIT_TRAIN ? 10 : 15);
        }
        check_share(ignored, DRAWS * (N - 2), split == LX_SPLIT_TRAIN ? 0.1 : 0.9);
    }
    lx_arena_free(&flip.arena);
    lx_arena_free(&letters.arena);
}

static void draw_window(const char *json, uint64_t seed, double progress, int length, uint16_t *in,
                        uint16_t *out)
{
    struct lx_rng rng;
    struct lx_err err;
    struct opened o;

    CHECK_OK(open_dataset(&o, "tasks", json, &err));
    lx_rng_init(&rng, seed, "test");
    o.ops->examples->window(o.self, &rng, progress, length, &x, in, out);
    lx_arena_free(&o.arena);
}

static void a_window_scores_the_answers_it_holds_whole(void **state)
{
    uint16_t in[64], out[64], all[64];

    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        int last, equals = 0;

        draw_window("{}", seed, 0, 40, in, out);
        for (last = 39; in[last] == END && last > 0; last--)
            ;
        for (int i = 0; i < 40; i++) {
            bool answered = equals > 0 && i <= last;

            equals += in[i] == '=';
            assert_int_equal(out[i] != LX_UNSCORED, in[i] == '=' || answered);
        }
        assert_int_equal(equals, 1);
        assert_int_equal(out[last], END);
        draw_window("{\"loss\": \"all\"}", seed, 0, 40, in, all);
        for (int i = 0; i < 40; i++)
            assert_int_equal(all[i], out[i] != LX_UNSCORED ? out[i]
                                     : i < last            ? in[i + 1]
                                                           : LX_UNSCORED);

        draw_window("{\"pack\": \"many\", \"longest\": 6}", seed, 0, 40, in, out);
        last = 0;
        for (int i = 1; i <= 40; i++) { /* an example is from one line break to the next */
            bool cut = i == 40 && out[39] != END;

            if (i < 40 && in[i] != END)
                continue;
            equals = i;
            for (int k = last; k < i; k++)
                equals = in[k] == '=' && k < equals ? k : equals;
            for (int k = last; k < i; k++)
                assert_int_equal(out[k] != LX_UNSCORED, k >= equals && !cut);
            last = i;
        }
    }
}

static void sizes_are_uniform_and_can_grow(void **state)
{
    double count[16] = {0};
    uint16_t in[64], out[64];

    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        int n = 0;

        draw_window("{}", seed, 0.1, 32, in, out);
        while (in[n + 1] != '=')
            n++;
        count[n]++;
        draw_window("{\"grow\": 0.5, \"shortest\": 3}", seed, 0.25, 32, in, out);
        n = 0;
        while (in[n + 1] != '=')
            n++;
        assert_in_range(n, 3, 9);
        draw_window("{\"grow\": 0.5}", seed, 0, 32, in, out);
        assert_int_equal(in[2], '=');
    }
    for (int n = 1; n <= 15; n++)
        check_share(count[n], 3000, 1.0 / 15);
}

static void what_cannot_be_made_is_refused(void **state)
{
    static const struct {
        const char *json;
        int length, largest;
        const char *message;
    } wrong[] = {
        {"{\"order\": \"plain\"}", 0, 0, "order: belongs to task addition, this is copy"},
        {"{\"task\": \"mqar\", \"labels\": \"steps\"}", 0, 0,
         "labels: belongs to task parity, modsum, group, this is mqar"},
        {"{\"ignore\": 0.5}", 0, 0, "ignore: belongs to task flipflop, this is copy"},
        {"{\"asked_ignore\": 0.5}", 0, 0, "asked_ignore: belongs to task flipflop, this is copy"},
        {"{\"task\": \"flipflop\", \"asked_density\": 0.5}", 0, 0,
         "asked_density: belongs to task selective_copy, this is flipflop"},
        {"{\"group\": \"s5\"}", 0, 0, "group: belongs to task group, this is copy"},
        {"{\"task\": \"group\", \"group\": \"z61\"}", 0, 0,
         "group: must be s3, s5, a5 or z2 to z60, got \"z61\""},
        {"{\"task\": \"group\", \"group\": \"z07\"}", 0, 0, "got \"z07\""},
        {"{\"task\": \"group\", \"group\": \"z7x\"}", 0, 0, "got \"z7x\""},
        {"{\"task\": \"flipflop\", \"shortest\": 1}", 0, 0,
         "shortest: must be at least 2 for task flipflop, got 1"},
        {"{\"shortest\": 9, \"longest\": 8}", 0, 0,
         "longest: must be at least the smallest size = 9, got 8"},
        {"{\"task\": \"addition\", \"hints\": 1}", 0, 0, "hints: must be 0 or at least 2, got 1"},
        {"{\"longest\": 20}", 32, 0,
         "longest: an example of size 20 has up to 42 tokens, train.length must be at least that, "
         "got 32"},
        {"{}", 3, 0, "shortest: an example of size 1 has 4 tokens, train.length must be at least"},
        {"{\"task\": \"mqar\", \"keys\": 32}", 64, 60,
         "keys: must be at least 60 for size 60, the largest that is trained or asked for, got 32"},
        {"{\"task\": \"chain\", \"names\": 32}", 64, 60, "names: must be at least 60"},
        {"{\"task\": \"addition\", \"hints\": 20}", 64, 20, "hints: must be at least 21"},
        {"{}", 64, 5000, "longest: sizes must be at most 4096, got 5000"}};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct lx_err err;
        struct opened o;
        enum lx_code code = open_dataset(&o, "tasks", wrong[i].json, &err);

        if (wrong[i].length > 0) {
            CHECK_OK(code);
            code = o.ops->examples->check(o.self, wrong[i].length, wrong[i].largest, &err);
        }
        CHECK_FAILS(code, LX_ECONFIG, wrong[i].message);
        lx_arena_free(&o.arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_follow_the_hash_of_what_is_printed),
    cmocka_unit_test(draws_are_distributed_as_defined),
    cmocka_unit_test(asked_examples_may_differ),
    cmocka_unit_test(a_window_scores_the_answers_it_holds_whole),
    cmocka_unit_test(sizes_are_uniform_and_can_grow),
    cmocka_unit_test(what_cannot_be_made_is_refused),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
