/* The rules of encodings/encoding.h for hooks, tried on every scheme of the registry, whatever its formula: with
 * its default options, and with every other value of each choice and switch that it accepts. */
#include "stack/stack.h"
#include "tests/unit/encoding_rig.h"
#include "tests/unit/hook_rig.h"

#define MAX_LENGTH 8192
#define MAX_SCHEMES 256

static const struct lx_enc_dims dims = {.layers = 2,
                                        .heads = 4,
                                        .head_dim = 8,
                                        .d_model = 32,
                                        .train_length = 16,
                                        .max_length = MAX_LENGTH};

enum { MAX_HOOKS = 64 };

/* Everything that the hooks of one layer answer for a call, to be compared; one buffer for each hook that
 * the scheme uses. */
struct answers {
    struct hook_buffer of[MAX_HOOKS];
    int window, always;
    int *first; /* (T) */
};

/* The v-th value of a switch or a choice as JSON; false: there are no more. */
static bool value_text(const struct lx_option *o, int v, char *out, size_t size)
{
    char name[60];

    if (o->type == LX_OPT_BOOL && v < 2) {
        (void)snprintf(out, size, "%s", v == 0 ? "false" : "true");
        return true;
    }
    if (o->type != LX_OPT_CHOICE)
        return false;
    lx_option_choice_name(o, v, name, sizeof(name));
    (void)snprintf(out, size, "\"%s\"", name);
    return strcmp(name, "?") != 0;
}

/* Runs `check` on every accepted variant of every scheme, or of $LX_SCHEME. */
static void for_all(void (*check)(const char *name, const char *options))
{
    const char *only = getenv("LX_SCHEME");

    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

        if (only != NULL && strcmp(ops->name, only) != 0)
            continue;
        check(ops->name, NULL);
        for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++) {
            char value[64], options[256];

            for (int v = 0; value_text(o, v, value, sizeof(value)); v++) {
                struct lx_err err;
                struct rig r;

                (void)snprintf(options, sizeof(options), "{\"%s\": %s}", o->key, value);
                if (rig_try(&r, ops->name, options, &dims, &err) == LX_OK)
                    check(ops->name, options);
                rig_close(&r);
            }
        }
    }
}

/* Longest T to try: the scheme's own limit, or that of the run. */
static int longest(const struct rig *r)
{
    int limit = r->ops->max_length != NULL ? r->ops->max_length(r->self) : 0;

    assert_true(limit == 0 || limit >= r->dims.train_length);
    return limit > 0 && limit < MAX_LENGTH ? limit : MAX_LENGTH;
}

/* A layer's input, the same at every call. */
static real *input(struct rig *r, int T)
{
    real *x = rig_reals(r, (size_t)T * (size_t)dims.d_model);

    rig_noise(x, (size_t)T * (size_t)dims.d_model, 77);
    return x;
}

static bool used(const struct rig *r, const struct lx_hook *k)
{
    return lx_hook_used(r->ops, r->self, k->at);
}

/* All hooks on buffers that hold `fill` everywhere, or noise where fill is NAN. */
static struct answers ask(struct rig *r, int B, int T, int layer, double fill)
{
    struct lx_enc_call call = {.layer = layer, .B = B, .T = T};
    struct answers a = {.first = lx_arena_take(&r->arena, (size_t)T, sizeof(int))};
    real *x = input(r, T);

    assert_true(lx_hook_count <= MAX_HOOKS);
    assert_non_null(a.first);
    for (size_t k = 0; k < lx_hook_count; k++) {
        struct hook_buffer *b = &a.of[k];

        if (!used(r, &lx_hooks[k]) || hook_size(r, &lx_hooks[k], B, T) == 0)
            continue;
        *b = hook_take(r, &lx_hooks[k], B, T);
        if (isnan(fill))
            rig_noise(b->x, b->n, k);
        for (size_t i = 0; i < b->n; i++) {
            b->x[i] = isnan(fill) ? b->x[i] : (real)fill;
            b->wide[i] = (double)b->x[i];
        }
        hook_call(r, &lx_hooks[k], call, x, b);
    }
    call.B = 1;
    if (r->ops->window != NULL)
        a.window = r->ops->window(r->self, &call);
    if (r->ops->always_seen != NULL)
        a.always = r->ops->always_seen(r->self);
    for (int i = 0; r->ops->first_seen != NULL && i < T; i++)
        a.first[i] = r->ops->first_seen(r->self, &call, i);
    return a;
}

static void assert_same(const struct answers *a, const struct answers *b, int T)
{
    for (size_t k = 0; k < lx_hook_count; k++) {
        assert_int_equal(a->of[k].n, b->of[k].n);
        if (a->of[k].n == 0)
            continue;
        assert_memory_equal(a->of[k].x, b->of[k].x, a->of[k].n * sizeof(real));
        assert_memory_equal(a->of[k].wide, b->of[k].wide, a->of[k].n * sizeof(double));
    }
    assert_int_equal(a->window, b->window);
    assert_int_equal(a->always, b->always);
    assert_memory_equal(a->first, b->first, (size_t)T * sizeof(int));
}

/* By place in the registry: some variant declares learned arrays. */
static bool learned[MAX_SCHEMES];

/* Some array is not frozen. */
static bool trained(const struct rig *r)
{
    for (size_t i = 0; i < r->params.count; i++)
        if (!r->params.items[i].spec.frozen)
            return true;
    return false;
}

static void note_learned(const char *name, const char *options)
{
    struct rig r;
    char prefix[80];

    (void)snprintf(prefix, sizeof(prefix), "encoding.%s.", name);
    rig_open(&r, name, options, &dims);
    for (size_t i = 0; i < r.params.count; i++)
        assert_memory_equal(r.params.items[i].spec.name, prefix, strlen(prefix));
    for (int i = 0; trained(&r) && i < lx_encoding_count(); i++)
        learned[i] = learned[i] || lx_encoding_at(i) == r.ops;
    rig_close(&r);
}

static void back_hooks_come_in_pairs(void **state)
{
    (void)state;
    assert_true(lx_encoding_count() <= MAX_SCHEMES);
    for_all(note_learned);
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

        bool back = false;

        assert_int_equal(ops->rotate != NULL, ops->rotate_back != NULL);
        for (size_t k = 0; k < lx_hook_count; k++) {
            const struct lx_hook *hook = &lx_hooks[k];

            assert_true(hook->back == 0 || lx_hook_set(ops, hook->at) ||
                        !lx_hook_set(ops, hook->back));
            back |= hook->back != 0 && !hook_is(hook, "rotate") && lx_hook_set(ops, hook->back);
        }
        assert_true(ops->options == NULL || ops->state_size > 0);
        assert_true(!learned[i] || back);
        assert_int_equal(ops->n_sums != NULL, ops->sums_back != NULL);
        assert_int_equal(ops->positions != NULL, ops->reach != NULL);
        assert_int_equal(ops->variants != NULL, ops->remap != NULL);
        assert_int_equal(ops->variants != NULL, ops->choose != NULL);
        assert_int_equal(ops->features != NULL, ops->width != NULL);
        assert_true(ops->always_seen == NULL || ops->first_seen != NULL);
    }
}

/* Every back hook of layer 0, gradients of learned arrays included. */
static void all_back(struct rig *r, const struct lx_enc_call *call)
{
    size_t n = r->ops->n_sums != NULL ? r->ops->n_sums(r->self, call->T) : 0;
    double *sums = lx_arena_take(&r->arena, n * (size_t)dims.heads + 1, sizeof(*sums));
    real *x = input(r, call->T);

    assert_non_null(sums);
    for (size_t k = 0; k < lx_hook_count; k++)
        if (lx_hooks[k].back != 0 && lx_hook_used(r->ops, r->self, lx_hooks[k].back))
            hook_call_back(r, &lx_hooks[k], *call, x, sums);
    if (r->ops->sums_back != NULL)
        r->ops->sums_back(r->self, call, sums);
}

/* Whether a hook that works on whole rows may feed the arrays: those are tried in test_gradients.c. */
static bool fed_by_rows(const struct rig *r)
{
    for (size_t k = 0; k < lx_hook_count; k++)
        if (used(r, &lx_hooks[k]) && lx_hooks[k].back != 0 &&
            hook_size(r, &lx_hooks[k], 1, 1) == 0 && lx_hook_set(r->ops, lx_hooks[k].back))
            return true;
    return false;
}

/* Each array gets a gradient from the back hooks, added to what was there. */
static void check_gradients_are_added(const char *name, const char *options)
{
    struct lx_enc_call call = {.layer = 0, .B = 2, .T = 16};
    struct rig r;
    real *g;

    rig_open(&r, name, options, &dims);
    if (r.params.count > 0 && !fed_by_rows(&r)) {
        g = rig_reals(&r, r.params.n_values);
        for (size_t i = 0; i < r.params.n_values; i++) /* not where arrays begin at 0 */
            r.params.w[i] += (real)(0.01 * (double)(1 + i % 7));
        rig_prepare(&r, 16);
        for (int pass = 0; pass < 2; pass++) {
            all_back(&r, &call);
            if (pass == 0)
                memcpy(g, r.params.g, r.params.n_values * sizeof(real));
        }
        for (size_t i = 0; i < r.params.n_values; i++)
            CHECK_NEAR(r.params.g[i], 2 * g[i], 20 * RIG_EPS * (1 + fabs((double)g[i])));
        for (size_t i = 0; i < r.params.count; i++) {
            double size = 0;

            for (size_t j = 0; j < r.params.items[i].n; j++)
                size += fabs((double)r.params.items[i].g[j]);
            if (r.params.items[i].spec.frozen)
                CHECK_NEAR(size, 0, 0);
            else if (!(size > 0.01))
                fail_msg("%s %s: %s gets no gradient", name, options != NULL ? options : "",
                         r.params.items[i].spec.name);
        }
    }
    rig_close(&r);
}

/* Whether value i of array p belongs to row `row` of `rows`; tables of several layers follow one another. */
static bool in_row(const struct lx_param *p, size_t i, int row, int rows)
{
    size_t tables = p->spec.n_dims == 3 ? (size_t)p->spec.dim[0] : 1;
    size_t width = p->n / tables / (size_t)rows;

    return i / width % (size_t)rows == (size_t)row;
}

/* What bucket or row says is where the gradient of that distance or position goes, and nowhere else. */
static void check_rows(const char *name, const char *options)
{
    enum { T = 40 };
    struct rig r;
    real *g;

    rig_open(&r, name, options, &dims);
    assert_int_equal(r.ops->rows != NULL, (r.ops->bucket != NULL) != (r.ops->row != NULL));
    g = rig_reals(&r, (size_t)T * 32);
    for (int at = 0; r.ops->rows != NULL && at < T; at++) {
        struct lx_enc_call call = {.layer = r.ops->bucket != NULL ? 0 : -1, .B = 1, .T = T};
        int rows = r.ops->rows(r.self), row;
        double part = 0, sum[2] = {0}, all = 0;

        if (longest(&r) < T)
            break;
        row = r.ops->bucket != NULL ? r.ops->bucket(r.self, at) : r.ops->row(r.self, at, T, &part);
        assert_true(row >= (r.ops->bucket != NULL ? -1 : 0) && row < rows);
        assert_true(part >= 0 && part < 1 && (!(part > 0) || row + 1 < rows));
        memset(g, 0, (size_t)T * 32 * sizeof(*g));
        memset(r.params.g, 0, r.params.n_values * sizeof(*r.params.g));
        for (int k = 0; k < 32; k++)
            if (r.ops->row != NULL)
                g[at * 32 + k] = 1;
            else if (k < 4)
                g[k * T + at] = 1;
        if (r.ops->row != NULL)
            r.ops->embed_back(r.self, &call, g);
        else
            r.ops->dist_back(r.self, &call, g);
        for (size_t i = 0; i < r.params.n_values; i++) {
            all += (double)r.params.g[i];
            for (int k = 0; k < 2; k++)
                sum[k] += in_row(&r.params.items[0], i, row + k, rows) ? (double)r.params.g[i] : 0;
        }
        CHECK_NEAR(all, row < 0 ? 0 : r.ops->row != NULL ? 32 : 4, 1e-4);
        if (row >= 0)
            CHECK_NEAR(sum[0], all * (1 - part), 1e-4);
        if (row >= 0 && row + 1 < rows)
            CHECK_NEAR(sum[1], all * part, 1e-4);
    }
    rig_close(&r);
}

/* Biases are added, factors multiplied, rotations carried on: with c in the buffers beforehand the
 * answer is that for 0 plus c, that for 1 times c. */
static void check_hooks_accumulate(const char *name, const char *options)
{
    struct rig r;
    struct answers zero, one, three;

    rig_open(&r, name, options, &dims);
    rig_prepare(&r, 16);
    zero = ask(&r, 2, 16, 0, 0);
    one = ask(&r, 2, 16, 0, 1);
    three = ask(&r, 2, 16, 0, 3);
    for (size_t k = 0; k < lx_hook_count; k++) {
        const struct lx_hook *hook = &lx_hooks[k];

        for (size_t i = 0; i < zero.of[k].n; i++) {
            double at0 = hook_value(hook, &zero.of[k], i), at1 = hook_value(hook, &one.of[k], i);
            double at3 = hook_value(hook, &three.of[k], i), size = 1 + fabs(at3);
            bool product = hook->joint == LX_HOOK_MULTIPLIES || hook->joint == LX_HOOK_TURNS;

            CHECK_NEAR(at3, product ? 3 * at1 : at0 + 3, 5 * RIG_EPS * size);
            if (product)
                CHECK_NEAR(at0, 0, 0);
        }
    }
    rig_close(&r);
}

/* Two instances answer alike, whatever lengths one of them has seen before; asking changes nothing. */
static void check_history_does_not_matter(const char *name, const char *options)
{
    static const int lengths[] = {16, 64, 7, 64, 1, 33};
    struct rig old, fresh;
    struct answers a, b;

    rig_open(&old, name, options, &dims);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int T = lengths[i];

        if (T > longest(&old))
            continue;
        rig_open(&fresh, name, options, &dims);
        rig_prepare(&old, T);
        rig_prepare(&fresh, T);
        for (int layer = 0; layer < dims.layers; layer++) {
            a = ask(&old, 2, T, layer, (double)NAN);
            b = ask(&fresh, 2, T, layer, (double)NAN);
            assert_same(&a, &b, T);
            a = ask(&old, 2, T, layer, (double)NAN);
            assert_same(&a, &b, T);
        }
        rig_close(&fresh);
    }
    rig_close(&old);
}

/* One token and the longest sequence: finite biases, factors that are not negative, a window that holds
 * the key itself, rotations that keep or at most double what they turn. */
static void check_extreme_lengths(const char *name, const char *options)
{
    struct rig r;

    rig_open(&r, name, options, &dims);
    for (int pass = 0; pass < 2; pass++) {
        int T = pass == 0 ? 1 : longest(&r);
        struct answers a;

        rig_prepare(&r, T);
        a = ask(&r, 1, T, 1, 1);
        for (size_t k = 0; k < lx_hook_count; k++) {
            for (size_t i = 0; i < a.of[k].n; i++) {
                double v = hook_value(&lx_hooks[k], &a.of[k], i);

                if (!isfinite(v) && !hook_is(&lx_hooks[k], "pair"))
                    fail_msg("%s: %s[%zu] is not finite", name, lx_hooks[k].name, i);
                assert_true(!hook_is(&lx_hooks[k], "embed") || fabs(v) < 1e3);
                /* What the query grows by the key may shrink by. */
                assert_true(!hook_is(&lx_hooks[k], "rotate") ||
                            fabs(v * hook_value(&lx_hooks[k], &a.of[k],
                                                (i + a.of[k].n / 2) % a.of[k].n)) < 16);
                assert_true(!hook_is(&lx_hooks[k], "tau") || v > 0);
                assert_true(lx_hooks[k].joint != LX_HOOK_MULTIPLIES || v >= 0);
            }
        }
        assert_true(r.ops->window == NULL || a.window >= 0);
        for (int i = 0; i < T; i++)
            assert_true(a.first[i] >= 0 && a.first[i] <= i &&
                        (i == 0 || a.first[i] >= a.first[i - 1]));
    }
    rig_close(&r);
}

/* The dry pass that states a run's memory sees what a real one takes. */
static void check_measuring(const char *name, const char *options)
{
    struct rig r;
    struct lx_arena dry = {.measure = true}, wet = {0}, *both[] = {&dry, &wet};
    struct lx_err err;
    unsigned char *self;

    rig_open(&r, name, options, &dims);
    self = calloc(1, r.ops->state_size + 1);
    assert_non_null(self);
    for (int i = 0; i < 2; i++) {
        struct lx_paramset params;

        memcpy(self, r.self, r.ops->state_size);
        CHECK_OK(lx_paramset_init(&params, 8, both[i], &err));
        if (r.ops->init != NULL)
            CHECK_OK(r.ops->init(self, &dims, both[i], &params, &err));
        CHECK_OK(lx_paramset_layout(&params, true, &err));
    }
    assert_int_equal(dry.used, wet.used);
    lx_arena_free(&wet);
    free(self);
    rig_close(&r);
}

static void gradients_are_added(void **state)
{
    (void)state;
    for_all(check_gradients_are_added);
}

static void rows_are_those_that_are_read(void **state)
{
    (void)state;
    for_all(check_rows);
}

static void hooks_accumulate(void **state)
{
    (void)state;
    for_all(check_hooks_accumulate);
}

static void history_does_not_matter(void **state)
{
    (void)state;
    for_all(check_history_does_not_matter);
}

static void extreme_lengths_are_finite(void **state)
{
    (void)state;
    for_all(check_extreme_lengths);
}

static void measuring_counts_what_init_takes(void **state)
{
    (void)state;
    for_all(check_measuring);
}

/* A config parses a stack once; what a model makes of its clone does not reach the parsed one. */
static void a_clone_is_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        struct lx_arena arena = {0};
        struct lx_paramset params = {0};
        struct lx_stack parsed, clone;
        struct lx_err err;
        void *before;

        CHECK_OK(lx_stack_of(&parsed, ops, &arena, &err));
        if (ops->remap != NULL) { /* needs rotations to move */
            struct lx_stack rope;

            CHECK_OK(lx_stack_of(&rope, lx_encoding_find("rope"), &arena, &err));
            parsed.items[parsed.n++] = rope.items[0];
        }
        before = lx_arena_take(&arena, 1, ops->state_size + 1);
        assert_non_null(before);
        memcpy(before, parsed.items[0].self, ops->state_size);
        CHECK_OK(lx_stack_clone(&parsed, &arena, &clone, &err));
        assert_ptr_not_equal(clone.items[0].self, parsed.items[0].self);
        assert_memory_equal(clone.items[0].self, before, ops->state_size);
        CHECK_OK(lx_paramset_init(&params, 64, &arena, &err));
        CHECK_OK(lx_stack_init(&clone, &dims, &arena, &params, &err));
        CHECK_OK(lx_paramset_layout(&params, false, &err));
        lx_paramset_fill(&params, 1);
        lx_stack_prepare(&clone, 16, 16);
        assert_memory_equal(parsed.items[0].self, before, ops->state_size);
        lx_arena_free(&arena);
    }
}

/* No option of any scheme turns to zero or to infinity on its way into the hooks without a word. */
static void numbers_that_real_loses_are_refused(void **state)
{
    static const char *const numbers[] = {"1e-320", "-1e-320", "1e308", "-1e308"};

    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

        for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++)
            for (size_t k = 0; k < 4 && o->type == LX_OPT_REAL; k++) {
                char options[256];
                struct lx_err err;
                struct rig r;

                (void)snprintf(options, sizeof(options), "{\"%s\": %s}", o->key, numbers[k]);
                if (sizeof(real) == sizeof(double))
                    continue;
                assert_int_equal(rig_try(&r, ops->name, options, &dims, &err), LX_ECONFIG);
                rig_close(&r);
            }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_clone_is_of_its_own),
    cmocka_unit_test(numbers_that_real_loses_are_refused),
    cmocka_unit_test(back_hooks_come_in_pairs),
    cmocka_unit_test(gradients_are_added),
    cmocka_unit_test(rows_are_those_that_are_read),
    cmocka_unit_test(hooks_accumulate),
    cmocka_unit_test(history_does_not_matter),
    cmocka_unit_test(extreme_lengths_are_finite),
    cmocka_unit_test(measuring_counts_what_init_takes),
};

CHECK_MAIN(tests)
