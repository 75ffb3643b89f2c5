/* Streaming attention against the T x T definition, in double: outputs, statistics and gradients for
 * ragged shapes, biases, factors, temperatures, windows and other masks, sinks; what a window hides; what
 * is written. */
#include <float.h>
#include <stdbool.h>

#include "attention/attention.h"
#include "core/arena.h"
#include "core/rng.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"
#include "tests/unit/check.h"

#ifdef LX_REAL_DOUBLE
static const double tol = 1e-12;
#else
static const double tol = 4e-6;
#endif

#define GUARDS 64
#define GUARD ((real)-777.25)

struct shape {
    int B, H, T, hd, window; /* window 0: T */
    bool biased, scaled, heated;
    bool rare;  /* factors by distance, biases of keys, a sink  */
    int always; /* these keys are seen beside the window        */
    int chunk;  /* keys of the query's chunk and the one before */
};

/* A problem, what the code under test makes of it, and what the definition does. */
struct problem {
    struct shape s;
    struct lx_arena arena;
    struct lx_attention a;
    int D;
    size_t rows, probs; /* B*H*T and B*H*T*T */
    struct lx_attention_grads g;
    real *dout, *dqkv;
    double *gscale, *gmul, *gkey, *gsink; /* (B,H,T), (H,T), (B,H,T), (H) */
    double *p, *lse, *entropy, *max_prob; /* (B,H,T,T), (B,H,T) */
    double *out, *gqkv, *gbias;           /* (B*T,D), (B*T,3D), (H,T) by distance */
};

/* Reals with guards behind them. */
static real *guarded(struct problem *p, size_t n)
{
    real *x = lx_arena_take(&p->arena, n + GUARDS, sizeof(*x));

    assert_non_null(x);
    for (size_t i = n; i < n + GUARDS; i++)
        x[i] = GUARD;
    return x;
}

static void check_guards(const real *x, size_t n)
{
    for (size_t i = n; i < n + GUARDS; i++)
        CHECK_NEAR(x[i], GUARD, 0);
}

static real *random_reals(struct problem *p, size_t n, double size, uint64_t seed)
{
    real *x = guarded(p, n);
    struct lx_rng rng;

    lx_rng_init(&rng, seed, "attention");
    for (size_t i = 0; i < n; i++)
        x[i] = (real)(size * lx_rng_normal(&rng));
    return x;
}

static double *doubles(struct problem *p, size_t n)
{
    double *x = lx_arena_take(&p->arena, n, sizeof(*x));

    assert_non_null(x);
    return x;
}

static real *around_one(struct problem *p, size_t n, uint64_t seed)
{
    real *x = random_reals(p, n, 0.2, seed);

    for (size_t i = 0; i < n; i++)
        x[i] += 1;
    return x;
}

static void open_rare(struct problem *p)
{
    size_t T = (size_t)p->s.T, H = (size_t)p->s.H;
    int *first = lx_arena_take(&p->arena, T, sizeof(*first));
    double *key = doubles(p, p->rows);
    struct lx_rng rng;

    lx_rng_init(&rng, 8, "keys");
    for (size_t i = 0; i < p->rows; i++)
        key[i] = 1000 + lx_rng_normal(&rng);
    if (p->s.rare) {
        p->a.mul = around_one(p, H * T, 7);
        p->a.key = key;
        p->a.sink = random_reals(p, H, 1, 9);
    }
    p->a.always = p->s.always;
    assert_non_null(first);
    for (int i = 0; i < p->s.T; i++) {
        int chunk = p->s.chunk > 0 ? (i / p->s.chunk - 1) * p->s.chunk : 0;
        int window = i + 1 - p->a.window;

        first[i] = chunk > window ? chunk : window;
        first[i] = first[i] > 0 ? first[i] : 0;
    }
    if (p->s.chunk > 0 || p->s.always > 0)
        p->a.first = first;
}

static void open_problem(struct problem *p, const struct shape *s)
{
    size_t T = (size_t)s->T, H = (size_t)s->H, BT = (size_t)s->B * T;

    memset(p, 0, sizeof(*p));
    p->s = *s;
    p->D = s->H * s->hd;
    p->rows = BT * H;
    p->probs = p->rows * T;
    p->a = (struct lx_attention){.B = s->B, .T = s->T, .H = s->H, .head_dim = s->hd};
    p->a.window = s->window > 0 ? s->window : s->T;
    p->a.qkv = random_reals(p, BT * 3 * (size_t)p->D, 1.5, 1);
    p->a.scratch = guarded(p, lx_attention_scratch(&p->a, true));
    p->a.out = guarded(p, BT * (size_t)p->D);
    p->a.lse = guarded(p, p->rows);
    p->a.entropy = guarded(p, p->rows);
    p->a.max_prob = guarded(p, p->rows);
    p->a.attention = guarded(p, p->probs);
    p->a.observe_stride = H * T;
    p->a.reach = s->T;
    p->a.reversed = guarded(p, 2 * H * T);
    if (s->biased)
        p->a.dist = random_reals(p, H * T, 1, 2);
    if (s->scaled)
        p->a.scale = around_one(p, p->rows, 3);
    p->a.scale_stride = H * T;
    open_rare(p);
    p->a.tau = random_reals(p, H, s->heated ? 0.2 : 0, 4);
    for (size_t h = 0; h < H; h++)
        ((real *)(uintptr_t)p->a.tau)[h] += s->heated ? (real)1.5 : 1;
    p->dout = random_reals(p, BT * (size_t)p->D, 1, 5);
    p->dqkv = random_reals(p, BT * 3 * (size_t)p->D, 1, 6); /* assigned: what was there is lost */
    p->g.dist = guarded(p, p->rows);
    p->g.scale = guarded(p, p->rows);
    if (s->rare) { /* wanted only where they are set */
        p->g.mul = guarded(p, p->rows);
        p->g.key = doubles(p, p->rows);
        p->g.sink = doubles(p, (size_t)s->B * H);
    }
}

static double content(const struct problem *p, int b, int h, int i, int j)
{
    const real *q = p->a.qkv + (b * p->s.T + i) * 3 * p->D + h * p->s.hd;
    const real *k = p->a.qkv + (b * p->s.T + j) * 3 * p->D + p->D + h * p->s.hd;
    double sum = 0;

    for (int c = 0; c < p->s.hd; c++)
        sum += (double)q[c] * (double)k[c];
    return sum;
}

static int row_of(const struct problem *p, int b, int h, int i)
{
    return (b * p->s.H + h) * p->s.T + i;
}

static double scale_of(const struct problem *p, int b, int h, int i)
{
    return p->a.scale != NULL ? (double)p->a.scale[row_of(p, b, h, i)] : 1;
}

static double mul_of(const struct problem *p, int h, int d)
{
    return p->a.mul != NULL ? (double)p->a.mul[h * p->s.T + d] : 1;
}

static double factor(const struct problem *p, int b, int h, int i, int j)
{
    return scale_of(p, b, h, i) * mul_of(p, h, i - j) / sqrt((double)p->s.hd);
}

static double bias_of(const struct problem *p, int b, int h, int i, int j)
{
    double bias = p->a.dist != NULL ? (double)p->a.dist[h * p->s.T + i - j] : 0;

    if (p->a.key != NULL)
        bias += p->a.key[row_of(p, b, h, j)] - p->a.key[row_of(p, b, h, i)];
    return bias;
}

static bool seen(const struct problem *p, int i, int j)
{
    return j < p->a.always || (p->a.first != NULL ? j >= p->a.first[i] : i - j < p->a.window);
}

/* Weights of row (b, h, i) into prob (T), and what they tell about it. */
static void define_row(struct problem *p, int b, int h, int i, double *prob)
{
    int row = row_of(p, b, h, i);
    double tau = (double)p->a.tau[h], sum = 0, max = -HUGE_VAL;

    for (int j = 0; j <= i; j++) {
        prob[j] =
            seen(p, i, j)
                ? (factor(p, b, h, i, j) * content(p, b, h, i, j) + bias_of(p, b, h, i, j)) / tau
                : -HUGE_VAL;
        max = fmax(max, prob[j]);
    }
    for (int j = 0; j <= i; j++)
        sum += exp(prob[j] - max);
    if (p->a.sink != NULL)
        sum += exp((double)p->a.sink[h] - max);
    p->lse[row] = max + log(sum);
    for (int j = 0; j <= i; j++) {
        prob[j] = exp(prob[j] - p->lse[row]);
        p->entropy[row] -= prob[j] > 0 ? prob[j] * log(prob[j]) : 0;
        p->max_prob[row] = fmax(p->max_prob[row], prob[j]);
    }
}

/* ds: the gradient by a logit before tau. */
static void define_pair(struct problem *p, int b, int h, int i, int j, double ds)
{
    int T = p->s.T, D = p->D, hd = p->s.hd;
    const real *q = p->a.qkv + (b * T + i) * 3 * D + h * hd;
    const real *k = p->a.qkv + (b * T + j) * 3 * D + D + h * hd;
    double z = content(p, b, h, i, j) / sqrt((double)hd);

    p->gbias[h * T + i - j] += ds;
    p->gscale[row_of(p, b, h, i)] += ds * z * mul_of(p, h, i - j);
    p->gmul[h * T + i - j] += ds * z * scale_of(p, b, h, i);
    p->gkey[row_of(p, b, h, j)] += ds;
    p->gkey[row_of(p, b, h, i)] -= ds;
    for (int c = 0; c < hd; c++) {
        double f = factor(p, b, h, i, j);

        p->gqkv[(b * T + i) * 3 * D + h * hd + c] += f * ds * (double)k[c];
        p->gqkv[(b * T + j) * 3 * D + D + h * hd + c] += f * ds * (double)q[c];
    }
}

/* Forward and backward of one row by the chain rule. */
static void define_gradients(struct problem *p, int b, int h, int i, const double *prob)
{
    int T = p->s.T, D = p->D, hd = p->s.hd, at = b * T + i;
    double delta = 0, *dp = doubles(p, (size_t)T);

    for (int j = 0; j <= i; j++) {
        const real *v = p->a.qkv + (b * T + j) * 3 * D + 2 * D + h * hd;
        double *gv = p->gqkv + (b * T + j) * 3 * D + 2 * D + h * hd;

        for (int c = 0; c < hd; c++) {
            double g = (double)p->dout[at * D + h * hd + c];

            p->out[at * D + h * hd + c] += prob[j] * (double)v[c];
            dp[j] += g * (double)v[c];
            gv[c] += prob[j] * g;
        }
        delta += prob[j] * dp[j];
    }
    for (int j = 0; j <= i; j++)
        define_pair(p, b, h, i, j, prob[j] * (dp[j] - delta) / (double)p->a.tau[h]);
    if (p->a.sink != NULL)
        p->gsink[h] -= exp((double)p->a.sink[h] - p->lse[row_of(p, b, h, i)]) * delta;
}

static void define(struct problem *p)
{
    size_t BT = (size_t)p->s.B * (size_t)p->s.T, D = (size_t)p->D;

    p->p = doubles(p, p->probs);
    p->lse = doubles(p, p->rows);
    p->entropy = doubles(p, p->rows);
    p->max_prob = doubles(p, p->rows);
    p->out = doubles(p, BT * D);
    p->gqkv = doubles(p, BT * 3 * D);
    p->gbias = doubles(p, (size_t)p->s.H * (size_t)p->s.T);
    p->gscale = doubles(p, p->rows);
    p->gmul = doubles(p, (size_t)p->s.H * (size_t)p->s.T);
    p->gkey = doubles(p, p->rows);
    p->gsink = doubles(p, (size_t)p->s.H);
    for (int b = 0; b < p->s.B; b++) {
        for (int h = 0; h < p->s.H; h++) {
            for (int i = 0; i < p->s.T; i++) {
                double *prob =
                    p->p + (((size_t)b * (size_t)p->s.H + (size_t)h) * (size_t)p->s.T + (size_t)i) *
                               (size_t)p->s.T;

                define_row(p, b, h, i, prob);
                define_gradients(p, b, h, i, prob);
            }
        }
    }
}

/* Every value within `allowed`. */
static void compare(const char *what, const struct shape *s, const real *got, const double *want,
                    size_t n, double allowed)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= allowed * (1 + fabs(want[i]))))
            fail_msg("B %d H %d T %d window %d: %s[%zu] = %.9g, expected %.9g", s->B, s->H, s->T,
                     s->window, what, i, (double)got[i], want[i]);
}

static void compare_doubles(const char *what, const struct shape *s, const double *got,
                            const double *want, size_t n, double allowed)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= allowed * (1 + fabs(want[i]))))
            fail_msg("B %d H %d T %d window %d: %s[%zu] = %.9g, expected %.9g", s->B, s->H, s->T,
                     s->window, what, i, got[i], want[i]);
}

static void check_shape(const struct shape *s)
{
    size_t BT = (size_t)s->B * (size_t)s->T, HT = (size_t)s->H * (size_t)s->T;
    struct problem p;

    open_problem(&p, s);
    define(&p);
    lx_attention_forward(&p.a);
    compare("out", s, p.a.out, p.out, BT * (size_t)p.D, 10 * tol);
    compare("lse", s, p.a.lse, p.lse, p.rows, 10 * tol);
    compare("entropy", s, p.a.entropy, p.entropy, p.rows, 10 * tol);
    compare("max_prob", s, p.a.max_prob, p.max_prob, p.rows, 10 * tol);
    compare("attention", s, p.a.attention, p.p, p.probs, 10 * tol);
    for (size_t i = 0; i < p.rows; i++) /* assigned: what was there is lost */
        p.g.dist[i] = p.g.scale[i] = 2;
    for (size_t i = 0; s->rare && i < p.rows; i++) {
        p.g.mul[i] = 2;
        p.g.key[i] = 3;
    }
    lx_attention_backward(&p.a, p.dout, p.dqkv, &p.g);
    compare("dqkv", s, p.dqkv, p.gqkv, BT * 3 * (size_t)p.D, 40 * tol);
    if (s->biased)
        compare("dist", s, p.g.dist, p.gbias, HT, 100 * tol);
    compare("scale", s, p.g.scale, p.gscale, p.rows, 100 * tol);
    if (s->rare) {
        compare("mul", s, p.g.mul, p.gmul, HT, 100 * tol);
        compare_doubles("key", s, p.g.key, p.gkey, p.rows, 100 * tol);
        compare_doubles("sink", s, p.g.sink, p.gsink, (size_t)s->H, 100 * tol);
    }
    check_guards(p.a.out, BT * (size_t)p.D);
    check_guards(p.a.lse, p.rows);
    check_guards(p.a.entropy, p.rows);
    check_guards(p.a.max_prob, p.rows);
    check_guards(p.a.attention, p.probs);
    check_guards(p.dqkv, BT * 3 * (size_t)p.D);
    check_guards(p.g.scale, p.rows);
    check_guards(p.g.dist, p.rows);
    check_guards(p.a.reversed, 2 * HT);
    check_guards(p.a.scratch, lx_attention_scratch(&p.a, true));
    lx_arena_free(&p.arena);
}

static void every_shape_matches_the_definition(void **state)
{
    static const int lengths[] = {1, 2, 63, 64, 65, 130};
    static const int windows[] = {0, 1, 5, 64};

    (void)state;
    for (size_t t = 0; t < 6 * (size_t)lx_simd_count(); t++) {
        lx_simd_choose(lx_simd_at((int)(t / 6)));
        for (size_t w = 0; w < 4; w++) {
            for (int kind = 0; kind < 16; kind++) {
                struct shape s = {.B = 1 + kind % 2,
                                  .H = 1 + kind % 3,
                                  .T = lengths[t % 6],
                                  .hd = kind % 4 == 3 ? 1 : 4 + kind % 2,
                                  .window = windows[w],
                                  .biased = (kind & 1) != 0,
                                  .scaled = (kind & 2) != 0,
                                  .heated = (kind & 4) != 0,
                                  .rare = (kind & 8) != 0,
                                  .always = kind % 5 == 4 ? 1 + kind : 0,
                                  .chunk = kind % 3 == 2 ? 11 + 3 * kind : 0};

                if (s.window <= s.T)
                    check_shape(&s);
            }
        }
    }
}

/* Rows of d(logit) sum to zero, so the gradients of a bias sum to zero over its distances. */
static void gradients_of_a_bias_sum_to_zero(void **state)
{
    static const struct shape s = {.B = 2, .H = 3, .T = 130, .hd = 4, .biased = true};
    struct problem p;

    (void)state;
    open_problem(&p, &s);
    lx_attention_forward(&p.a);
    lx_attention_backward(&p.a, p.dout, p.dqkv, &p.g);
    for (int h = 0; h < s.H; h++) {
        double sum = 0, size = 0;

        for (int d = 0; d < s.T; d++) {
            real g = p.g.dist[h * s.T + d];

            sum += (double)g;
            size += fabs((double)g);
        }
        assert_true(size > 1);
        CHECK_NEAR(sum, 0, 10 * tol * size);
    }
    lx_arena_free(&p.arena);
}

/* With a gradient at the last query only, keys and values behind its window get exactly nothing, and
 * so does every other query; the oldest key that it sees gets something. */
static void nothing_reaches_behind_the_window(void **state)
{
    static const int windows[] = {1, 5, 64, 65, 100};

    (void)state;
    for (size_t w = 0; w < 5; w++) {
        struct shape s = {.B = 1, .H = 1, .T = 130, .hd = 4, .window = windows[w], .biased = true};
        struct problem p;
        int D = 4, oldest = s.T - s.window;

        open_problem(&p, &s);
        memset(p.dout, 0, (size_t)(s.T - 1) * (size_t)D * sizeof(real));
        lx_attention_forward(&p.a);
        lx_attention_backward(&p.a, p.dout, p.dqkv, &p.g);
        for (int t = 0; t < s.T; t++) {
            for (int c = 0; c < 3 * D; c++) {
                bool may = c < D ? t == s.T - 1 : t >= oldest;

                if (!may)
                    CHECK_NEAR(p.dqkv[t * 3 * D + c], 0, 0);
            }
        }
        assert_true(p.dqkv[oldest * 3 * D + 2 * D] != 0);
        for (int d = s.window; d < s.T; d++)
            CHECK_NEAR(p.g.dist[d], 0, 0);
        lx_arena_free(&p.arena);
    }
}

/* Values outside the window, however large, do not touch the result. */
static void hidden_keys_do_not_matter(void **state)
{
    static const struct shape s = {.B = 1, .H = 1, .T = 130, .hd = 4, .window = 5};
    struct problem p;
    real *qkv, kept[4];

    (void)state;
    open_problem(&p, &s);
    lx_attention_forward(&p.a);
    memcpy(kept, p.a.out + 129 * 4, sizeof(kept));
    qkv = (real *)(uintptr_t)p.a.qkv;
    for (size_t i = 0; i < (size_t)(130 - 5) * 12; i++)
        qkv[i] = (real)1e6;
    lx_attention_forward(&p.a);
    assert_memory_equal(kept, p.a.out + 129 * 4, sizeof(kept));
    lx_arena_free(&p.arena);
}

/* Tiles that a window hides are not computed: NaN in all keys, values and gradients before some token
 * spoils nothing that lies a window and a strip (rounded to whole vectors) behind it. A tile that was
 * computed and masked would hand the NaN on, as 0 times it. */
static void hidden_tiles_are_skipped(void **state)
{
    enum { T = 400, D = 4, SPOILT = 200, STRIPS = 2 * 16 };
    static const int windows[] = {1, 5, 64, 100};

    (void)state;
    for (size_t w = 0; w < 4; w++) {
        struct shape s = {.B = 1, .H = 1, .T = T, .hd = D, .window = windows[w], .biased = true};
        int clean = SPOILT + windows[w] + STRIPS;
        struct problem p;
        real *qkv;

        open_problem(&p, &s);
        qkv = (real *)(uintptr_t)p.a.qkv;
        for (int t = 0; t < SPOILT; t++) {
            for (int c = 0; c < 3 * D; c++)
                qkv[t * 3 * D + c] = (real)NAN;
            for (int c = 0; c < D; c++)
                p.dout[t * D + c] = (real)NAN;
        }
        lx_attention_forward(&p.a);
        p.g = (struct lx_attention_grads){0};
        lx_attention_backward(&p.a, p.dout, p.dqkv, &p.g);
        for (int t = clean; t < T; t++) {
            assert_true(isfinite(p.a.entropy[t]) && isfinite(p.a.lse[t]));
            for (int c = 0; c < D; c++)
                assert_true(isfinite(p.a.out[t * D + c]));
            for (int c = 0; c < 3 * D; c++)
                assert_true(isfinite(p.dqkv[t * 3 * D + c]));
        }
        assert_true(!isfinite(p.a.out[SPOILT * D - D]));
        lx_arena_free(&p.arena);
    }
}

/* Asking for statistics does not change the result; not asking leaves them alone. */
static void observing_changes_nothing(void **state)
{
    static const struct shape s = {.B = 2, .H = 2, .T = 70, .hd = 8, .biased = true};
    size_t n = (size_t)(2 * 70 * 16);
    struct problem p;
    real *seen;

    (void)state;
    open_problem(&p, &s);
    lx_attention_forward(&p.a);
    seen = guarded(&p, n);
    memcpy(seen, p.a.out, n * sizeof(*seen));
    p.a.lse = p.a.entropy = p.a.max_prob = p.a.attention = NULL;
    memset(p.a.out, 0, n * sizeof(*seen));
    lx_attention_forward(&p.a);
    assert_memory_equal(seen, p.a.out, n * sizeof(*seen));
    lx_arena_free(&p.arena);
}

/* Equal logits: entropy ln n, probability 1/n, for every number of keys. */
static void equal_logits_spread_evenly(void **state)
{
    static const struct shape s = {.B = 1, .H = 1, .T = 130, .hd = 2, .window = 100};
    struct problem p;

    (void)state;
    open_problem(&p, &s);
    memset((real *)(uintptr_t)p.a.qkv, 0, 130 * 6 * sizeof(real));
    lx_attention_forward(&p.a);
    for (int i = 0; i < s.T; i++) {
        int n = i < 100 ? i + 1 : 100;

        CHECK_NEAR(p.a.entropy[i], log(n), tol * 5);
        CHECK_NEAR(p.a.max_prob[i], 1.0 / n, tol);
        CHECK_NEAR(p.a.lse[i], log(n), tol * 5);
    }
    lx_arena_free(&p.arena);
}

/* A NaN in one key reaches the rows that see it and no row before it. */
static void nan_reaches_what_sees_it(void **state)
{
    static const struct shape s = {.B = 1, .H = 1, .T = 70, .hd = 4};
    struct problem p;

    (void)state;
    open_problem(&p, &s);
    ((real *)(uintptr_t)p.a.qkv)[66 * 12 + 4] = (real)NAN; /* key 66 */
    lx_attention_forward(&p.a);
    for (int i = 0; i < s.T; i++) {
        assert_true(!isfinite(p.a.out[i * 4]) == (i >= 66));
        assert_true(!isfinite(p.a.entropy[i]) == (i >= 66));
    }
    lx_arena_free(&p.arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_shape_matches_the_definition),
    cmocka_unit_test(gradients_of_a_bias_sum_to_zero),
    cmocka_unit_test(nothing_reaches_behind_the_window),
    cmocka_unit_test(hidden_keys_do_not_matter),
    cmocka_unit_test(hidden_tiles_are_skipped),
    cmocka_unit_test(observing_changes_nothing),
    cmocka_unit_test(equal_logits_spread_evenly),
    cmocka_unit_test(nan_reaches_what_sees_it),
};

CHECK_MAIN(tests)
