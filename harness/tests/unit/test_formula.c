/* The scheme `formula`: what it writes down of other schemes equals them, values and gradients; what cannot
 * be meant is refused by name and column. */
#include "encoding_rig.h"

static const struct lx_enc_dims dims = {
    .layers = 2, .heads = 4, .head_dim = 4, .d_model = 16, .train_length = 12, .max_length = 200};

/* Rounding of a bias of size up to `size` in single steps. */
static double slack(double size)
{
    return (sizeof(real) == sizeof(double) ? 1e-12 : 4e-6) * (1 + fabs(size));
}

/* A scheme and the formula that says the same; array i of the one is array map[i] of the other. */
struct twin {
    const char *name, *options, *formula;
    int map[3], arrays;
};

static const struct twin twins[] = {
    {"alibi", NULL, "{\"dist\": \"-d*2^(-8*(h+1)/H)\"}", {0}, 0},
    {"alibi", "{\"learned\": true}", NULL, {0}, 1},
    {"alibi",
     "{\"learned\": true, \"interpolation\": \"dynamic\"}",
     "{\"dist\": \"-r*d/max(1, T/L)\", \"learned\": {\"r\": {\"start\": \"2^(-8*(h+1)/H)\"}}}",
     {0},
     1},
    {"kerple_log",
     NULL,
     "{\"dist\": \"-r1*log(1+r2*d)\", \"learned\": {\"r1\": {\"init\": [0, 2], \"min\": 0.01}, "
     "\"r2\": {\"init\": [0, 1], \"min\": 0.01}}}",
     {0, 1},
     2},
    {"kerple_power",
     NULL,
     "{\"dist\": \"-r1*d^r2\", \"learned\": {\"r1\": {\"init\": [0, 1], \"min\": 0.01}, "
     "\"r2\": {\"init\": [0, 2], \"min\": 0.01, \"max\": 2}}}",
     {0, 1},
     2},
    {"kerple_log3",
     "{\"shared\": false}",
     "{\"dist\": \"-c*log1p(b*d^a)\", \"learned\": {\"a\": {\"init\": 1, \"per\": "
     "\"layer_head\"}, \"b\": {\"init\": 1, \"per\": \"layer_head\"}, \"c\": {\"init\": 1, "
     "\"per\": \"layer_head\"}}}",
     {2, 1, 0},
     3},
    {"sandwich",
     NULL,
     "{\"dist\": \"sum(k, 1, 64, cos(d*10000^(-2*k/128)) - 1) / (8*(h+1)/H)\"}",
     {0},
     0},
    {"bam",
     NULL,
     "{\"dist\": \"-exp(scale)*(d+1e-5)^a_shape\", \"learned\": {\"a_shape\": {\"init\": 1}, "
     "\"scale\": {\"init\": 0}}}",
     {0, 1},
     2},
};

static void same_arrays(struct rig *one, struct rig *two, const struct twin *t)
{
    assert_int_equal(one->params.count, t->arrays);
    assert_int_equal(two->params.count, t->arrays);
    for (int i = 0; i < t->arrays; i++) {
        struct lx_param *p = &one->params.items[i], *q = &two->params.items[t->map[i]];

        assert_int_equal(p->n, q->n);
        for (size_t k = 0; k < p->n; k++)
            p->w[k] = q->w[k] = (real)(0.2 + 0.1 * (double)((3 * k + (size_t)i) % 7));
    }
}

static void check_twin(const struct twin *t, int T, int layer)
{
    struct lx_enc_call call = {.layer = layer, .B = 1, .T = T};
    size_t n = (size_t)(dims.heads * T);
    struct rig one, two;
    real *a, *b, *g;

    rig_open(&one, t->name, t->options, &dims);
    rig_open(&two, "formula", t->formula, &dims);
    same_arrays(&one, &two, t);
    a = rig_reals(&one, n);
    b = rig_reals(&two, n);
    g = rig_reals(&one, n);
    rig_noise(g, n, 5);
    rig_prepare(&one, T);
    rig_prepare(&two, T);
    one.ops->dist(one.self, &call, a);
    two.ops->dist(two.self, &call, b);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(b[i], a[i], slack((double)a[i]));
    if (t->arrays > 0) {
        one.ops->dist_back(one.self, &call, g);
        two.ops->dist_back(two.self, &call, g);
    }
    for (int i = 0; i < t->arrays; i++) {
        const struct lx_param *p = &one.params.items[i], *q = &two.params.items[t->map[i]];

        for (size_t k = 0; k < p->n; k++)
            CHECK_NEAR(q->g[k], p->g[k], slack((double)p->g[k]));
    }
    rig_close(&one);
    rig_close(&two);
}

static void what_it_writes_down_it_equals(void **state)
{
    static const int lengths[] = {1, 12, 64, 65, 200};

    (void)state;
    for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
            check_twin(&twins[i], lengths[k], (int)(k % 2));
}

/* Draws lie within their ends, starts follow the head, and both within the bounds. */
static void first_values(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "formula",
             "{\"dist\": \"-(u + s + c + m)*d\", \"learned\": {\"c\": {\"init\": 5, \"max\": 3}, "
             "\"m\": {\"init\": 2, \"per\": \"model\"}, \"s\": {\"start\": \"(h+1)/H*L\"}, "
             "\"u\": {\"init\": [0, 2], \"min\": 0.5, \"per\": \"layer\"}}}",
             &dims);
    assert_int_equal(r.params.count, 4);
    assert_int_equal(r.params.items[1].n, 1);
    assert_int_equal(r.params.items[3].n, 2);
    for (size_t h = 0; h < 4; h++) {
        CHECK_NEAR(r.params.items[0].w[h], 3, 0);
        CHECK_NEAR(r.params.items[2].w[h], 3 * (double)(h + 1), 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_true(r.params.items[3].w[i] >= (real)0.5 && r.params.items[3].w[i] <= 2);
    assert_true(r.params.items[0].spec.clamped && !r.params.items[1].spec.clamped);
    rig_close(&r);
}

static void refusals(void **state)
{
    static const char *const cases[][2] = {
        {"{\"dist\": \"-r3*d\"}", "dist: column 2: unknown name \"r3\""},
        {"{\"dist\": \"log(d)\"}", "dist: is not finite at d = 0 of 12 tokens for head 0"},
        {"{\"dist\": \"if(T > 100, 1/(d-190), 0)\"}",
         "dist: is not finite at d = 190 of 200 tokens for head 0"},
        {"{\"dist\": \"sum(k, 1, 1e5, k)\"}", "dist: a sum has more than 65536 terms"},
        {"{\"learned\": {\"a\": {\"init\": 1}}}", "dist: must be given with learned numbers"},
        {"{\"dist\": \"a\", \"learned\": {\"a\": {}}}", "learned.a: must have init"},
        {"{\"dist\": \"a\", \"learned\": {\"a\": {\"init\": 1, \"start\": \"1\"}}}",
         "learned.a: must have init"},
        {"{\"dist\": \"a\", \"learned\": {\"a\": {\"start\": \"1+d\"}}}",
         "learned.a: start: column 3: unknown name \"d\""},
        {"{\"dist\": \"a\", \"learned\": {\"a\": {\"start\": \"1/h\"}}}",
         "learned.a: start: is not finite for head 0"},
        {"{\"dist\": \"a\", \"learned\": {\"a\": {\"init\": 1, \"min\": 3, \"max\": 2}}}",
         "learned.a: min: must be at most max 2, got 3"},
        {"{\"dist\": \"d\", \"learned\": {\"L\": {\"init\": 1}}}", "learned.L: must be a name"},
        {"{\"dist\": \"1/a\", \"learned\": {\"a\": {\"init\": [0, 1]}}}",
         "dist: is not finite at d = 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_err err;
        struct rig r;

        CHECK_FAILS(rig_try(&r, "formula", cases[i][0], &dims, &err), LX_ECONFIG, cases[i][1]);
        rig_close(&r);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_it_writes_down_it_equals),
    cmocka_unit_test(first_values),
    cmocka_unit_test(refusals),
};

CHECK_MAIN(tests)
