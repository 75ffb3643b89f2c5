/* The dataset `tasks`: every example against a solver that reads the inputs alone and knows the task's
 * definition, not its generator. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/dataset_open.h"

enum { ROOM = 4096, EXTRA = 128, END = '\n' };

static uint16_t inputs[ROOM], targets[ROOM], reach[ROOM];
static struct lx_example x = {.inputs = inputs, .targets = targets, .reach = reach};

/* What a solver expects. */
static int answer[ROOM], n_answer;

static int position_of(int token)
{
    for (int i = 0; i < x.n; i++)
        if (inputs[i] == token)
            return i;
    fail_msg("there is no \"%c\"", token);
    return -1;
}

/* The answer begins after the input at p, is read as far as it was said, and ends. */
static void check_answer(int p)
{
    assert_int_equal(x.n, p + 1 + n_answer);
    assert_true(x.ends);
    for (int i = 0; i < x.n; i++)
        assert_int_equal(targets[i], i < p ? LX_UNSCORED : i < p + n_answer ? answer[i - p] : END);
    for (int i = 0; i < n_answer; i++)
        assert_int_equal(inputs[p + 1 + i], answer[i]);
}

static void say(int token)
{
    answer[n_answer++] = token;
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void solve_string(const char *task)
{
    int p = position_of('=');

    for (int i = 1; i < p; i++)
        if (inputs[i] != '_')
            say(inputs[i]);
    if (strcmp(task, "sort") == 0)
        qsort(answer, (size_t)n_answer, sizeof(*answer), by_value);
    for (int i = 0; strcmp(task, "reverse") == 0 && i < n_answer / 2; i++) {
        int kept = answer[i];

        answer[i] = answer[n_answer - 1 - i];
        answer[n_answer - 1 - i] = kept;
    }
    check_answer(p);
}

/* Brackets that match are taken out until only open ones are left. */
static void solve_dyck(void)
{
    int p = position_of('='), left[ROOM], n = 0;

    for (int i = 1; i < p; i++) {
        const char *pairs = "()[]{}<>", *at = strchr(pairs, inputs[i]);

        assert_non_null(at);
        if ((at - pairs) % 2 == 0) {
            left[n++] = inputs[i];
            continue;
        }
        assert_true(n > 0 && left[n - 1] == at[-1]);
        n--;
    }
    assert_true(n > 0);
    while (n > 0)
        say(strchr("()[]{}<>", left[--n])[1]);
    check_answer(p);
}

/* The number in inputs from .. to-1 in the order given, hints aside; *hint: that of the ones, or 0. */
static unsigned long long value_of(int from, int to, bool reversed, int *hint, int *digits)
{
    unsigned long long v = 0, power = 1;
    int seen[64], hints[64], n = 0, m = 0;

    for (int i = from; i < to; i++) {
        if (inputs[i] >= EXTRA) {
            hints[m++] = inputs[i];
            continue;
        }
        seen[n++] = inputs[i] - '0';
    }
    *hint = m == 0 ? 0 : reversed ? hints[0] : hints[m - 1];
    assert_true(m == 0 || m == n);
    for (int i = 0; i < m; i++)
        assert_int_equal(hints[i], *hint + (reversed ? i : m - 1 - i));
    for (int k = 0; k < n; k++) {
        v += power * (unsigned)seen[reversed ? k : n - 1 - k];
        power *= 10;
    }
    *digits = n;
    return v;
}

static void solve_addition(bool operands, bool result, bool pad)
{
    int plus = position_of('+'), p = position_of('='), hint[2], n[2], most;
    unsigned long long sum = value_of(1, plus, operands, &hint[0], &n[0]) +
                             value_of(plus + 1, p, operands, &hint[1], &n[1]);
    char text[64];
    size_t len;

    most = n[0] > n[1] ? n[0] : n[1];
    assert_int_equal(hint[0], hint[1]);
    (void)snprintf(text, sizeof(text), "%0*llu", pad ? most + 1 : 1, sum);
    len = strlen(text);
    for (size_t k = 0; k < len; k++) {
        size_t place = result ? k : len - 1 - k;

        if (hint[0] > 0)
            say(hint[0] + (int)place);
        say(text[len - 1 - place]);
    }
    check_answer(p);
}

/* The state after each input, by what is summed up and not step by step. */
static int sum_until(int last, int base, int modulus)
{
    int sum = 0;

    for (int i = 1; i <= last; i++)
        sum += inputs[i] - base;
    return base + sum % modulus;
}

static void check_states(const char *labels, int n, int (*state)(int last, int a, int b), int a,
                         int b)
{
    if (strcmp(labels, "dense") == 0) {
        assert_int_equal(x.n, n + 1);
        assert_false(x.ends);
        assert_int_equal(targets[0], LX_UNSCORED);
        for (int i = 1; i <= n; i++)
            assert_int_equal(targets[i], state(i, a, b));
        return;
    }
    for (int i = strcmp(labels, "steps") == 0 ? 1 : n; i <= n; i++)
        say(state(i, a, b));
    check_answer(n + 1);
}

/* Elements of a group of permutations as they act on five marked things. */
static int elements[120][5], n_elements;

static void list_permutations(int points, bool even)
{
    n_elements = 0;
    for (int code = 0; code < 3125; code++) {
        int to[5], rest = code, used = 0, turned = 0;
        bool ok = true;

        for (int i = 4; i >= 0; i--, rest /= 5)
            to[i] = rest % 5;
        for (int i = 0; i < 5; i++) {
            ok &= (used & 1 << to[i]) == 0 && (i < points || to[i] == i);
            used |= 1 << to[i];
            for (int j = 0; j < i; j++)
                turned += to[j] > to[i];
        }
        if (ok && (!even || turned % 2 == 0))
            memcpy(elements[n_elements++], to, sizeof(to));
    }
}

static int product_until(int last, int a, int b)
{
    int to[5];

    (void)a;
    (void)b;
    for (int i = 0; i < 5; i++) {
        to[i] = i;
        for (int k = 1; k <= last; k++) /* where a thing goes, one element after another */
            to[i] = elements[inputs[k] - EXTRA][to[i]];
    }
    for (int e = 0; e < n_elements; e++)
        if (memcmp(elements[e], to, sizeof(to)) == 0)
            return EXTRA + e;
    return -1;
}

static void solve_flipflop(int n)
{
    int memory = -1;

    assert_int_equal(x.n, 2 * n);
    assert_true(inputs[1] == 'w' && inputs[2 * n - 1] == 'r');
    for (int k = 0; k < n; k++) {
        int at = 1 + 2 * k, bit = k < n - 1 ? inputs[at + 1] : targets[at];

        assert_true(bit == '0' || bit == '1');
        if (inputs[at] == 'r') {
            assert_int_equal(targets[at], memory);
            assert_int_equal(bit, memory);
            assert_int_equal(inputs[at - reach[at] + 1], memory);
        } else {
            assert_int_equal(targets[at], LX_UNSCORED);
        }
        memory = inputs[at] == 'w' ? bit : memory;
        assert_int_equal(targets[2 * k], LX_UNSCORED);
    }
}

static void solve_mqar(int n, int keys)
{
    int asked[256] = {0};

    assert_int_equal(x.n, 4 * n + 1);
    assert_int_equal(position_of('='), 2 * n + 1);
    for (int i = 0; i < x.n; i++) {
        int value = -1, times = 0;

        if (i < 2 * n + 2 || i % 2 == 1) {
            assert_int_equal(targets[i], LX_UNSCORED);
            continue;
        }
        for (int k = 1; k < 2 * n; k += 2)
            if (inputs[k] == inputs[i]) {
                value = inputs[k + 1];
                times++;
            }
        assert_int_equal(times, 1);
        assert_int_equal(asked[inputs[i] - EXTRA]++, 0);
        assert_true(value >= EXTRA + keys);
        assert_int_equal(targets[i], value);
        if (i + 1 < x.n)
            assert_int_equal(inputs[i + 1], value);
    }
}

static void solve_count(int n)
{
    int p = position_of('='), value = -1;

    assert_int_equal(p, 2 * n + 3);
    assert_int_equal(inputs[p - 2], '?');
    for (int i = 1; i < 2 * n; i += 2) {
        if (inputs[i] == '_')
            assert_int_equal(inputs[i + 1], '_');
        if (inputs[i] != inputs[p - 1])
            continue;
        assert_true(inputs[i + 1] == '0' || (inputs[i + 1] == '+' && value >= 0));
        value = inputs[i + 1] == '0' ? 0 : value + 1;
    }
    assert_in_range(value, 0, 9);
    say('0' + value);
    check_answer(p);
}

static void solve_chain(int n, int hops)
{
    int ask = 2 * n + 1, name = inputs[ask + 1], far = 0;

    assert_int_equal(inputs[ask], '?');
    for (int i = 2 * n - 1; i >= 1; i -= 2) /* backwards: a name always comes after its own */
        if (inputs[i] == name) {
            name = inputs[i + 1];
            far++;
        }
    assert_in_range(name, '0', '9');
    assert_in_range(far, 1, hops + 1);
    say(name);
    check_answer(ask + 1);
}

static void solve(const char *task, const char *labels, int size, const char *variant)
{
    n_answer = 0;
    if (strcmp(task, "addition") == 0)
        solve_addition(strstr(variant, "plain") == NULL && strstr(variant, "answer") == NULL,
                       strstr(variant, "plain") == NULL, strstr(variant, "\"pad\": 0") == NULL);
    else if (strcmp(task, "parity") == 0)
        check_states(labels, size, sum_until, '0', 2);
    else if (strcmp(task, "modsum") == 0)
        check_states(labels, size, sum_until, '0', strstr(variant, "modulus") != NULL ? 7 : 10);
    else if (strcmp(task, "group") == 0 && strstr(variant, "\"z") != NULL)
        check_states(labels, size, sum_until, EXTRA, 60);
    else if (strcmp(task, "group") == 0)
        check_states(labels, size, product_until, 0, 0);
    else if (strcmp(task, "flipflop") == 0)
        solve_flipflop(size);
    else if (strcmp(task, "mqar") == 0)
        solve_mqar(size, 40);
    else if (strcmp(task, "count") == 0)
        solve_count(size);
    else if (strcmp(task, "dyck") == 0)
        solve_dyck();
    else if (strcmp(task, "chain") == 0)
        solve_chain(size, strstr(variant, "hops") != NULL ? 0 : 2);
    else
        solve_string(task);
}

static const struct {
    const char *task, *labels, *more;
} variants[] = {{"copy", "", ""},
                {"copy", "", ", \"symbols\": 2"},
                {"reverse", "", ""},
                {"sort", "", ", \"symbols\": 5"},
                {"selective_copy", "", ""},
                {"selective_copy", "", ", \"density\": 0.25"},
                {"selective_copy", "", ", \"density\": 0"},
                {"dyck", "", ""},
                {"dyck", "", ", \"depth\": 2, \"kinds\": 1"},
                {"addition", "", ""},
                {"addition", "", ", \"order\": \"plain\""},
                {"addition", "", ", \"order\": \"reversed_answer\", \"operands\": \"varied\""},
                {"addition", "", ", \"operands\": \"varied\", \"pad\": 0"},
                {"addition", "", ", \"order\": \"plain\", \"pad\": 0"},
                {"addition", "", ", \"hints\": 20"},
                {"addition", "", ", \"hints\": 20, \"order\": \"plain\", \"operands\": \"varied\""},
                {"parity", "answer", ""},
                {"parity", "steps", ", \"labels\": \"steps\""},
                {"parity", "dense", ", \"labels\": \"dense\""},
                {"modsum", "answer", ""},
                {"modsum", "steps", ", \"labels\": \"steps\", \"modulus\": 7"},
                {"group", "dense", ""},
                {"group", "dense", ", \"group\": \"s5\""},
                {"group", "steps", ", \"group\": \"a5\", \"labels\": \"steps\""},
                {"group", "answer", ", \"group\": \"z60\", \"labels\": \"answer\""},
                {"flipflop", "", ""},
                {"flipflop", "", ", \"ignore\": 0.1"},
                {"mqar", "", ", \"keys\": 40"},
                {"count", "", ""},
                {"count", "", ", \"variables\": 1, \"increment\": 50, \"pass\": 0"},
                {"chain", "", ", \"names\": 40"},
                {"chain", "", ", \"hops\": 0, \"names\": 40"}};
enum { N_VARIANTS = sizeof(variants) / sizeof(variants[0]), MOST = 17 };

static void open_variant(struct opened *o, int v)
{
    struct lx_err err;
    char json[256];

    (void)snprintf(json, sizeof(json), "{\"task\": \"%s\"%s}", variants[v].task, variants[v].more);
    CHECK_OK(open_dataset(o, "tasks", json, &err));
    if (strcmp(variants[v].task, "group") == 0)
        list_permutations(strstr(json, "5\"") != NULL ? 5 : 3, strstr(json, "a5") != NULL);
}

static void every_example_is_what_a_solver_says(void **state)
{
    (void)state;
    for (int v = 0; v < N_VARIANTS; v++) {
        struct lx_rng rng;
        struct opened o;
        int reached = 0;

        open_variant(&o, v);
        lx_rng_init(&rng, 7, "test");
        for (int k = 0; k < 600; k++) {
            int size = 2 + k % (MOST - 1), most = o.ops->examples->tokens(o.self, size);

            o.ops->examples->draw(o.self, &rng, (enum lx_split)(k % 50 == 0), size, &x);
            solve(variants[v].task, variants[v].labels, size, variants[v].more);
            assert_int_equal(inputs[0], END);
            assert_true(x.n <= most);
            reached += x.n == most;
            for (int i = 0; i < x.n; i++) {
                assert_true(inputs[i] < o.ops->vocab(o.self));
                assert_true(reach[i] <= i + 1);
                assert_int_equal(reach[i] > 0,
                                 targets[i] != LX_UNSCORED && !(x.ends && i == x.n - 1));
            }
        }
        assert_true(reached > 0);
        lx_arena_free(&o.arena);
    }
}

/* An answer to copy is n tokens back; of reverse one token, three, five. */
static void reach_is_how_far_back_the_answer_is(void **state)
{
    struct lx_rng rng;
    struct opened o;

    (void)state;
    lx_rng_init(&rng, 7, "test");
    for (int v = 0; v <= 2; v += 2) {
        open_variant(&o, v);
        o.ops->examples->draw(o.self, &rng, LX_SPLIT_TRAIN, 9, &x);
        for (int k = 0; k < 9; k++)
            assert_int_equal(reach[10 + k], v == 0 ? 10 : 2 + 2 * k);
        lx_arena_free(&o.arena);
    }
}

static void token_counts_grow_no_faster_than_sizes(void **state)
{
    (void)state;
    for (int v = 0; v < N_VARIANTS; v++) {
        struct opened o;
        int lo, hi;

        open_variant(&o, v);
        for (int n = 2; n < 20; n++)
            for (int k = 2; k <= 8; k++)
                assert_true(o.ops->examples->tokens(o.self, k * n) <=
                            k * o.ops->examples->tokens(o.self, n));
        for (int length = 20; length < 60; length++) {
            o.ops->examples->sizes(o.self, length, &lo, &hi);
            assert_true(lo >= 1 && hi >= lo);
            assert_true(o.ops->examples->tokens(o.self, hi) <= length);
            assert_true(o.ops->examples->tokens(o.self, hi + 1) > length);
        }
        lx_arena_free(&o.arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_example_is_what_a_solver_says),
    cmocka_unit_test(reach_is_how_far_back_the_answer_is),
    cmocka_unit_test(token_counts_grow_no_faster_than_sizes),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
