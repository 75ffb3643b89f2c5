/* What attention leaves out is exactly nothing: outputs, statistics and gradients have the same bytes
 * as with nothing left out, over shapes, biases, masks and weights that were chosen to be hard. */
#include "tests/unit/simd_rig.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { LONGEST_T = 700, DEEPEST_D = 40 };

/* A head, everything that it reads and writes, and how it was made. */
struct rig {
    struct lx_attention_head a;
    real q[LONGEST_T * DEEPEST_D], k[LONGEST_T * DEEPEST_D], v[LONGEST_T * DEEPEST_D];
    real dout[LONGEST_T * DEEPEST_D], bias[LONGEST_T + 1], scale[LONGEST_T], sink;
    int first[LONGEST_T];
    real out[LONGEST_T * DEEPEST_D], lse[LONGEST_T], entropy[LONGEST_T], max_prob[LONGEST_T];
    real dq[LONGEST_T * DEEPEST_D], dk[LONGEST_T * DEEPEST_D], dv[LONGEST_T * DEEPEST_D];
    real dbias[LONGEST_T];
    double dsink;
    size_t left_out;
};

static struct rig kept, free_to_skip;

static void fill(real *x, size_t n, double size, struct lx_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (real)(size * lx_rng_normal(rng));
}

/* Random weights of this size, and a bias that falls by `slope` a key. */
static void make(struct rig *g, int T, int d, double size, double slope, uint64_t seed)
{
    size_t n = (size_t)T * (size_t)d;
    struct lx_rng rng;

    memset(g, 0, sizeof(*g));
    lx_rng_init(&rng, seed, "skip");
    fill(g->q, n, size, &rng);
    fill(g->k, n, size, &rng);
    fill(g->v, n, 1, &rng);
    fill(g->dout, n, 1, &rng);
    for (int i = 0; i < T; i++) {
        g->bias[T - 1 - i] = (real)(-slope * i);
        g->scale[i] = (real)(1 + 0.1 * lx_rng_normal(&rng));
    }
    g->a = (struct lx_attention_head){.T = T,
                                      .d = d,
                                      .window = T,
                                      .stride = (size_t)d,
                                      .out_stride = (size_t)d,
                                      .factor = (real)(1 / sqrt(d)),
                                      .tau = 1};
}

/* The pointers of a copy are its own. */
static void aim(struct rig *g, bool biased)
{
    g->a.q = g->q;
    g->a.k = g->k;
    g->a.v = g->v;
    g->a.dout = g->dout;
    g->a.bias = biased ? g->bias : NULL;
    g->a.out = g->out;
    g->a.lse = g->lse;
    g->a.entropy = g->entropy;
    g->a.max_prob = g->max_prob;
    g->a.dq = g->dq;
    g->a.dk = g->dk;
    g->a.dv = g->dv;
    g->a.dbias = biased ? g->dbias : NULL;
    g->a.left_out = &g->left_out;
    if (g->a.scale != NULL)
        g->a.scale = g->scale;
    if (g->a.first != NULL)
        g->a.first = g->first;
    if (g->a.sink != NULL) {
        g->a.sink = &g->sink;
        g->a.dsink = &g->dsink;
    }
}

/* Whether the backward pass met or made denormal numbers; never, where that cannot be asked. */
static bool saw_denormal;

#if defined(__x86_64__)
static const unsigned denormal = _MM_EXCEPT_DENORM | _MM_EXCEPT_UNDERFLOW;

static void forget_denormal(void)
{
    _mm_setcsr(_mm_getcsr() & ~denormal);
}

static bool is_denormal_seen(void)
{
    return (_mm_getcsr() & denormal) != 0;
}
#else
static void forget_denormal(void)
{
}

static bool is_denormal_seen(void)
{
    return false;
}
#endif

static void work(const struct lx_simd *s, struct rig *g)
{
    size_t n = s->attention_scratch(g->a.T, g->a.d, true);
    real *scratch = aligned_alloc(64, (n * sizeof(real) + 63) / 64 * 64);

    assert_non_null(scratch);
    g->a.scratch = scratch;
    s->attention_forward(&g->a);
    forget_denormal();
    s->attention_backward(&g->a);
    saw_denormal = is_denormal_seen();
    free(scratch);
}

/* The same bits, or zeros. */
static void check_same(const char *what, const real *x, const real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], sizeof(x[i])) != 0 && !(x[i] == 0 && y[i] == 0))
            fail_msg("%s[%zu] is %.9g, with nothing left out %.9g", what, i, (double)x[i],
                     (double)y[i]);
}

/* Both ways, by every instruction set; returns how many strips were left out by the last. */
static size_t check(const struct rig *made, bool biased)
{
    size_t T = (size_t)made->a.T, n = T * (size_t)made->a.d;

    for (int i = 0; i < lx_simd_count(); i++) {
        kept = free_to_skip = *made;
        kept.a.dense = true;
        aim(&kept, biased);
        aim(&free_to_skip, biased);
        work(lx_simd_at(i), &kept);
        work(lx_simd_at(i), &free_to_skip);
        assert_int_equal(kept.left_out, 0);
        check_same("out", free_to_skip.out, kept.out, n);
        check_same("lse", free_to_skip.lse, kept.lse, T);
        check_same("entropy", free_to_skip.entropy, kept.entropy, T);
        check_same("max_prob", free_to_skip.max_prob, kept.max_prob, T);
        check_same("dq", free_to_skip.dq, kept.dq, n);
        check_same("dk", free_to_skip.dk, kept.dk, n);
        check_same("dv", free_to_skip.dv, kept.dv, n);
        check_same("dbias", free_to_skip.dbias, kept.dbias, T);
        assert_true(free_to_skip.dsink == kept.dsink);
    }
    return free_to_skip.left_out;
}

static struct rig made;

/* From biases so flat that nothing is left out to so steep that nearly everything is, and weights
 * from small to those that decide themselves. The edge, where a tile is just or just not left out,
 * lies among the tiles of most of these. */
static void falling_biases(void **state)
{
    static const int T[] = {1, 63, 65, 130, 321, LONGEST_T};
    static const double slope[] = {0.01, 0.13, 0.3, 0.5, 1.4, 8, 200}, size[] = {0.01, 1, 3, 20};
    size_t step = sizeof(real) == sizeof(float) ? 1 : 2; /* in double there is less to leave out */
    size_t most = 0, least = SIZE_MAX;

    (void)state;
    for (size_t t = 0; t < sizeof(T) / sizeof(T[0]); t++)
        for (size_t s = 0; s < sizeof(slope) / sizeof(slope[0]); s += step)
            for (size_t z = 0; z < sizeof(size) / sizeof(size[0]); z++) {
                size_t n;

                made.a.T = 0;
                make(&made, T[t], t % 2 ? 8 : 33, size[z], slope[s], 100 * t + 10 * s + z);
                if (z == 1)
                    made.a.scale = made.scale;
                n = check(&made, true);
                if (T[t] == LONGEST_T) {
                    most = n > most ? n : most;
                    least = n < least ? n : least;
                }
            }
    assert_int_equal(least, 0);
    /* of 88 strips a direction in 11 tiles all but the nearest */
    assert_true(sizeof(real) == sizeof(double) || most > 2 * 88 * 11 / 3);
}

/* Masks, temperatures and sinks: windows, chunks, a sink above and below everything. */
static void with_other_parts(void **state)
{
    size_t n = 0;

    (void)state;
    for (int form = 0; form < 6; form++) {
        make(&made, 500, 16, 1, form == 5 ? 3 : 1.1, (uint64_t)form);
        if (form == 1)
            made.a.window = 333;
        if (form == 2) {
            made.a.first = made.first;
            for (int i = 0; i < 500; i++)
                made.first[i] = i / 150 * 150 > 150 ? i / 150 * 150 - 150 : 0;
        }
        if (form == 3)
            made.a.tau = (real)0.4;
        if (form >= 4) {
            made.a.sink = &made.sink;
            made.sink = form == 4 ? (real)5 : (real)-300;
        }
        n += check(&made, true);
    }
    assert_true(sizeof(real) == sizeof(double) || n > 6 * 20);
}

/* Biases that rise again far away, or are no numbers; none is taken to fall because most do. */
static void odd_biases(void **state)
{
    static const real odd[] = {0, 50, -1000, 1e9f, -1e9f, HUGE_VALF, -HUGE_VALF, NAN};

    (void)state;
    for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++)
        for (int at = 1; at < 400; at += 133) {
            make(&made, 400, 8, 1, 1, k);
            made.bias[at] = odd[k];
            (void)check(&made, true);
        }
    for (int i = 0; i < 400;
         i++) /* all far from 0, their differences small beside their rounding */
        made.bias[i] = (real)(1e9 + i);
    (void)check(&made, true);
    make(&made, 200, 8, 1, 1, 9);
    assert_int_equal(check(&made, false), 0);
}

/* Weights at their worst: enormous, tiny, infinite, not a number, in one place at a time. Where a tile
 * holds them nothing of it may be left out, in values and output gradients neither: 0 times infinity
 * is seen. */
static void hostile_weights(void **state)
{
    static const double worst[] = {
        1e18, 1e25, 3e38, 1e-30, 1e-44, (double)INFINITY, -(double)INFINITY, (double)NAN};
    real *const where[] = {made.q, made.k, made.v, made.dout};

    (void)state;
    for (size_t w = 0; w < sizeof(where) / sizeof(where[0]); w++)
        for (size_t k = 0; k < sizeof(worst) / sizeof(worst[0]); k++)
            for (int at = 3; at < 300 * 12; at += 1511) {
                make(&made, 300, 12, 1, 2, 7);
                where[w][at] = (real)worst[k];
                (void)check(&made, true);
            }
    make(&made, 300, 12, 1, 2, 7);
    for (int i = 0; i < 300 * 12; i++) /* everything too large to be squared */
        made.v[i] = made.dout[i] = (real)1e25;
    (void)check(&made, true);
}

/* q and k of one direction, so that the bound of their product is what it is, and a bias that brings
 * the logits of a far tile to the edge from both sides. */
static void at_the_edge(void **state)
{
    bool some = false, none = false;

    (void)state;
    for (int step = 0; step < 60; step++) {
        size_t n;

        make(&made, 192, 8, 0, 0, 1);
        for (int i = 0; i < 192 * 8; i++)
            made.q[i] = made.k[i] = i % 8 == 0 ? 2 : 0;
        for (int i = 0; i < 192; i++)
            made.bias[i] = i >= 192 - 64 ? (real)0 : (real)(-(82.0 + 0.1 * step));
        n = check(&made, true);
        some |= n > 0;
        none |= n == 0;
    }
    assert_true(none && (some || sizeof(real) == sizeof(double)));
}

/* Gates of 1/2 bring weights down to the least normal number within 126 tokens; what is made of them is never
 * denormal, as the processor itself says where it does. */
static void no_denormal_numbers(void **state)
{
    static double key[LONGEST_T], dkey[LONGEST_T];

    (void)state;
    make(&made, 300, 32, 0.3, 0, 5);
    for (int i = 0; i < 300; i++)
        key[i] = 0.6931471805599453 * i;
    for (int i = 0; i < lx_simd_count(); i++) {
        kept = made;
        kept.a.key = key;
        kept.a.dkey = dkey;
        aim(&kept, false);
        work(lx_simd_at(i), &kept);
        assert_true(!saw_denormal || sizeof(real) == sizeof(double));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(falling_biases), cmocka_unit_test(with_other_parts),
    cmocka_unit_test(odd_biases),     cmocka_unit_test(hostile_weights),
    cmocka_unit_test(at_the_edge),    cmocka_unit_test(no_denormal_numbers),
};

CHECK_MAIN(tests)
