/* The rules of encodings/encoding.h for hooks, tried on every scheme of the registry, whatever its formula: with
 * its default options, and with every other value of each choice and switch that it accepts. */
#include "model/stack.h"
#include "tests/unit/encoding_rig.h"

#define MAX_LENGTH 8192
#define MAX_SCHEMES 256

static const struct lx_enc_dims dims = {.layers = 2,
                                        .heads = 4,
                                        .head_dim = 8,
                                        .d_model = 32,
                                        .train_length = 16,
                                        .max_length = MAX_LENGTH};

/* Everything that the forward hooks of one layer answer for a call, to be compared. */
struct answers {
    size_t n_x, n_dist;
    real *x, *q, *k, *scale, *tau, *dist;
    int window;
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

/* Runs `check` on every accepted variant of every scheme. */
static void for_all(void (*check)(const char *name, const char *options))
{
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

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

/* All hooks on buffers that hold `fill` everywhere, or noise where fill is NAN. */
static struct answers ask(struct rig *r, int B, int T, int layer, double fill)
{
    struct lx_enc_call call = {.layer = layer, .B = B, .T = T}, first = {-1, B, T};
    struct answers a = {.n_x = (size_t)B * (size_t)T * 32, .n_dist = 4 * (size_t)T};
    real **all[] = {&a.x, &a.q, &a.k, &a.scale, &a.tau, &a.dist};
    size_t sizes[] = {a.n_x, a.n_x, a.n_x, (size_t)T, 4, a.n_dist};

    for (size_t i = 0; i < 6; i++) {
        *all[i] = rig_reals(r, sizes[i]);
        if (isnan(fill))
            rig_noise(*all[i], sizes[i], i);
        for (size_t j = 0; !isnan(fill) && j < sizes[i]; j++)
            (*all[i])[j] = (real)fill;
    }
    if (r->ops->embed != NULL)
        r->ops->embed(r->self, &first, a.x);
    if (r->ops->rotate != NULL)
        r->ops->rotate(r->self, &call, a.q, a.k, 32);
    if (r->ops->scale != NULL)
        r->ops->scale(r->self, &call, a.scale);
    if (r->ops->tau != NULL)
        r->ops->tau(r->self, &call, a.tau);
    if (r->ops->dist != NULL)
        r->ops->dist(r->self, &call, a.dist);
    if (r->ops->window != NULL)
        a.window = r->ops->window(r->self, &call);
    return a;
}

static void assert_same(const struct answers *a, const struct answers *b, int T)
{
    assert_int_equal(a->n_x, b->n_x);
    assert_memory_equal(a->x, b->x, a->n_x * sizeof(real));
    assert_memory_equal(a->q, b->q, a->n_x * sizeof(real));
    assert_memory_equal(a->k, b->k, a->n_x * sizeof(real));
    assert_memory_equal(a->scale, b->scale, (size_t)T * sizeof(real));
    assert_memory_equal(a->tau, b->tau, 4 * sizeof(real));
    assert_memory_equal(a->dist, b->dist, a->n_dist * sizeof(real));
    assert_int_equal(a->window, b->window);
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

        assert_int_equal(ops->rotate != NULL, ops->rotate_back != NULL);
        assert_true(ops->embed != NULL || ops->embed_back == NULL);
        assert_true(ops->dist != NULL || ops->dist_back == NULL);
        assert_true(ops->options == NULL || ops->state_size > 0);
        assert_int_equal(learned[i], ops->embed_back != NULL || ops->dist_back != NULL);
    }
}

/* Each array gets a gradient from the back hooks, added to what was there. */
static void check_gradients_are_added(const char *name, const char *options)
{
    struct lx_enc_call call = {.layer = 0, .B = 2, .T = 16}, first = {-1, 2, 16};
    struct rig r;
    real *g, *dx;

    rig_open(&r, name, options, &dims);
    if (r.params.count > 0) {
        dx = rig_reals(&r, 2 * 16 * 32);
        g = rig_reals(&r, r.params.n_values);
        rig_noise(dx, 2 * 16 * 32, 9);
        rig_prepare(&r, 16);
        for (int pass = 0; pass < 2; pass++) {
            if (r.ops->embed_back != NULL)
                r.ops->embed_back(r.self, &first, dx);
            if (r.ops->dist_back != NULL)
                r.ops->dist_back(r.self, &call, dx);
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
            else
                assert_true(size > 0.01);
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
    for (size_t i = 0; i < zero.n_x; i++) {
        CHECK_NEAR(three.x[i], zero.x[i] + 3, 5 * RIG_EPS);
        CHECK_NEAR(three.q[i], 3 * one.q[i], 5 * RIG_EPS);
        CHECK_NEAR(three.k[i], 3 * one.k[i], 5 * RIG_EPS);
        CHECK_NEAR(zero.q[i], 0, 0);
    }
    for (size_t i = 0; i < zero.n_dist; i++)
        CHECK_NEAR(three.dist[i], zero.dist[i] + 3, 5 * RIG_EPS * (1 + fabs((double)zero.dist[i])));
    for (size_t i = 0; i < 16; i++)
        CHECK_NEAR(three.scale[i], 3 * one.scale[i], 5 * RIG_EPS);
    for (size_t h = 0; h < 4; h++)
        CHECK_NEAR(three.tau[h], 3 * one.tau[h], 5 * RIG_EPS);
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
        for (size_t i = 0; i < a.n_x; i++) {
            assert_true(fabs((double)a.x[i]) < 1e3);
            assert_true(isfinite(a.q[i]) && isfinite(a.k[i]));
            /* What one grows by the other may shrink by. */
            assert_true(fabs((double)a.q[i] * (double)a.k[i]) < 16);
        }
        for (size_t i = 0; i < a.n_dist; i++)
            assert_true(isfinite(a.dist[i]));
        for (int t = 0; t < T; t++)
            assert_true(a.scale[t] >= 0 && isfinite(a.scale[t]));
        for (int h = 0; h < 4; h++)
            assert_true(a.tau[h] > 0 && isfinite(a.tau[h]));
        assert_true(r.ops->window == NULL || a.window >= 0);
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
        lx_stack_prepare(&clone, 16);
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
