/* The scheme `formula`: what it writes down of other schemes equals them, values and gradients; what cannot
 * be meant is refused by name and column. */
#include "tests/unit/hook_rig.h"

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
    int map[4], arrays;
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
    {"kerple_weighted",
     NULL,
     "{\"dist\": \"-r1*d^r2\", \"mul\": \"exp(-r3*d^r4)\", \"learned\": {\"r1\": {\"init\": 1}, "
     "\"r2\": {\"init\": 1}, \"r3\": {\"init\": 1}, \"r4\": {\"init\": 1}}}",
     {0, 1, 2, 3},
     4},
    {"ssmax",
     NULL,
     "{\"scale\": \"s*log(i+1)\", \"learned\": {\"s\": {\"init\": 1, \"per\": \"layer_head\"}}}",
     {0},
     1},
    {"ssmax",
     "{\"bias\": true, \"offset\": 1}",
     "{\"scale\": \"s*log(i+2) + b\", \"learned\": {\"s\": {\"init\": 1, \"per\": \"layer_head\"}, "
     "\"b\": {\"init\": 1, \"per\": \"layer_head\"}}}",
     {1, 0},
     2},
    {"scale_invariant",
     NULL,
     "{\"dist\": \"-2*log1p(d/10)\", \"mul\": \"sqrt(2*log1p(d/10)+1)\"}",
     {0},
     0},
    {"logn", NULL, "{\"scale\": \"max(1, log(i+1)/log(L))\"}", {0}, 0},
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

/* All hooks of a scheme at one layer, forward into buf, and back with noise for gradients. */
static void run_hooks(struct rig *r, struct lx_enc_call c, struct hook_buffer *buf)
{
    size_t n = r->ops->n_sums != NULL ? r->ops->n_sums(r->self, c.T) : 0;
    double *sums = lx_arena_take(&r->arena, n * (size_t)r->dims.heads + 1, sizeof(*sums));

    assert_non_null(sums);
    rig_prepare(r, c.T);
    for (size_t k = 0; k < lx_hook_count; k++) {
        buf[k] = hook_take(r, &lx_hooks[k], 1, c.T);
        for (size_t i = 0; lx_hooks[k].joint == LX_HOOK_MULTIPLIES && i < buf[k].n; i++)
            buf[k].x[i] = 1;
        if (lx_hook_used(r->ops, r->self, lx_hooks[k].at))
            hook_call(r, &lx_hooks[k], c, NULL, &buf[k]);
        if (lx_hooks[k].back != 0 && lx_hook_used(r->ops, r->self, lx_hooks[k].back))
            hook_call_back(r, &lx_hooks[k], c, NULL, sums);
    }
    if (n > 0)
        r->ops->sums_back(r->self, &c, sums);
}

static void check_twin(const struct twin *t, int T, int layer)
{
    struct lx_enc_call call = {.layer = layer, .B = 1, .T = T};
    struct hook_buffer a[32], b[32];
    struct rig one, two;

    assert_true(lx_hook_count <= 32);
    rig_open(&one, t->name, t->options, &dims);
    rig_open(&two, "formula", t->formula, &dims);
    same_arrays(&one, &two, t);
    run_hooks(&one, call, a);
    run_hooks(&two, call, b);
    for (size_t k = 0; k < lx_hook_count; k++) {
        assert_int_equal(lx_hook_used(one.ops, one.self, lx_hooks[k].at),
                         lx_hook_used(two.ops, two.self, lx_hooks[k].at));
        for (size_t i = 0; i < a[k].n; i++)
            CHECK_NEAR(b[k].x[i], a[k].x[i], slack((double)a[k].x[i]));
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
        {"{\"dist\": \"log(d)\"}", "dist: is not finite at d = 0 of 12 tokens for head 0: -inf"},
        {"{\"dist\": \"if(T > 100, 1/(d-190), 0)\"}",
         "dist: is not finite at d = 190 of 200 tokens for head 0"},
        {"{\"dist\": \"sum(k, 1, 1e5, k)\"}", "dist: a sum has more than 65536 terms"},
        {"{\"learned\": {\"a\": {\"init\": 1}}}",
         "dist: it, scale or mul must be given with learned numbers"},
        {"{\"dist\": \"-d\", \"learned\": {\"a\": {\"init\": 1}}}",
         "learned.a: no expression reads it"},
        {"{\"scale\": \"log(d)\"}", "scale: column 5: unknown name \"d\" (known here: i h H L T)"},
        {"{\"mul\": \"1/(d-3)\"}", "mul: is not finite at d = 3 of 12 tokens"},
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
