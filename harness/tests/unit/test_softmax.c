/* The last row of attention, forward and backward, of every instruction set against its definition in
 * double: softmax, log-sum-exp, entropy, largest probability; what NaN, infinities and logits far
 * below the maximum do. */
#include <stdlib.h>

#include "tests/unit/simd_rig.h"

/* A head whose last query sees n keys with q.k = z[j]: q is 1 there and 0 in the other rows, k is z
 * in the first channel and 0 in the others. With few keys the values are the unit vectors, so that
 * the output is the row of probabilities as the kernels used it. */
struct row {
    struct lx_attention_head h;
    size_t n, d;
    real *memory;
    real *q, *k, *v, *bias, *dout, *dk, *dv, *dbias;
    const real *p; /* (n) probabilities of the last row */
    double lse, entropy, max_prob;
};

enum { UNIT_KEYS = 130 };

static void open_row(struct row *r, const struct lx_simd *s, size_t n, double a, double tau,
                     const real *bias, const real *z)
{
    size_t d = n <= UNIT_KEYS ? n : 1, nd = n * d;
    size_t scratch = s->attention_scratch((int)n, (int)d, true);
    size_t whole = d == n ? 0 : n * n;
    real *m = calloc(8 * nd + 5 * n + whole + scratch, sizeof(*m));

    assert_non_null(m);
    *r = (struct row){.n = n, .d = d, .memory = m};
    r->q = m;
    r->k = r->q + nd;
    r->v = r->k + nd;
    r->dout = r->v + nd;
    r->dk = r->dout + nd;
    r->dv = r->dk + nd;
    r->bias = r->dv + nd;
    r->dbias = r->bias + n;
    r->h = (struct lx_attention_head){.T = (int)n,
                                      .d = (int)d,
                                      .window = (int)n,
                                      .stride = d,
                                      .out_stride = d,
                                      .q = r->q,
                                      .k = r->k,
                                      .v = r->v,
                                      .factor = (real)a,
                                      .tau = (real)tau,
                                      .bias = bias != NULL ? r->bias : NULL};
    r->h.lse = r->dbias + n;
    r->h.entropy = r->h.lse + n;
    r->h.max_prob = r->h.entropy + n;
    r->h.out = r->h.max_prob + n;
    r->h.dq = r->h.out + nd;
    r->h.attention = whole > 0 ? r->h.dq + nd : NULL;
    r->h.scratch = r->h.dq + nd + whole;
    r->q[(n - 1) * d] = 1;
    for (size_t j = 0; j < n; j++) {
        r->k[j * d] = z[j];
        if (d == n)
            r->v[j * d + j] = 1;
    }
    if (bias != NULL)
        memcpy(r->bias, bias, n * sizeof(*bias));
    r->h.dout = r->dout;
    r->h.dk = r->dk;
    r->h.dv = r->dv;
    r->h.dbias = r->dbias;
}

static void run_row(struct row *r, const struct lx_simd *s)
{
    size_t last = r->n - 1;

    s->attention_forward(&r->h);
    r->p = r->h.attention != NULL ? r->h.attention + last * r->n : r->h.out + last * r->d;
    r->lse = (double)r->h.lse[last];
    r->entropy = (double)r->h.entropy[last];
    r->max_prob = (double)r->h.max_prob[last];
}

static void close_row(struct row *r)
{
    free(r->memory);
}

static void check_row(const struct lx_simd *s, size_t n, double a, double tau, bool biased,
                      double size)
{
    static struct definition d;
    real z[MOST + 1], bias[MOST + 1];
    struct row row;
    double tol;

    noise(z, n, size, n);
    noise(bias, n, 2, n + 7);
    define_row(&d, n, a, tau, biased ? bias : NULL, z);
    /* An error of the logits is that of p: relative, as large as the logits are. */
    tol = exp_error + 8 * eps * (1 + 4 * fabs(a) * size / tau + (biased ? 8 / tau : 0));
    open_row(&row, s, n, a, tau, biased ? bias : NULL, z);
    run_row(&row, s);
    CHECK_NEAR(row.lse, d.lse, tol * (1 + fabs(d.lse)));
    CHECK_NEAR(row.max_prob, d.max_prob, tol * d.max_prob * 4);
    CHECK_NEAR(row.entropy, d.entropy, tol * 4 * (1 + log((double)n)));
    assert_true(row.entropy >= 0);
    for (size_t j = 0; j < n; j++)
        CHECK_NEAR(row.p[j], d.p[j], tol * d.p[j] * 4 + 1e-37);
    close_row(&row);
}

static void attention_rows(const struct lx_simd *s, size_t n)
{
    check_row(s, n, 1, 1, false, 1);
    check_row(s, n, 0.25, 1, true, 3);
    check_row(s, n, 0.25, 0.5, true, 10);
    check_row(s, n, 0.5, 2, false, 4);
}

static void attention_row_is_a_softmax(void **state)
{
    (void)state;
    each(attention_rows);
}

/* exp alone: with a zero in the row the maximum is 0, so that p over the largest p is exp(z), over its
 * range; dividing and multiplying by the sum costs two roundings more. */
static void exponentials_are_accurate(void **state)
{
    double worst = 0;

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (int block = 0; block < 870; block++) {
            real x[101];
            struct row row;

            for (int j = 0; j < 100; j++)
                x[j] = (real)(-0.1 * block - 0.001 * j);
            x[100] = 0;
            open_row(&row, lx_simd_at(i), 101, 1, 1, NULL, x);
            run_row(&row, lx_simd_at(i));
            for (int j = 0; j < 100; j++)
                worst = fmax(worst, fabs((double)row.p[j] / row.max_prob / exp((double)x[j]) - 1));
            close_row(&row);
        }
    }
    print_message("# exp: worst relative error %.3g\n", worst);
    CHECK_NEAR(worst, 0, exp_error + eps);
}

/* A constant added to every logit changes no probability. */
static void attention_ignores_row_constants(void **state)
{
    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        real z[66], bias[66];
        struct row a, b;

        noise(z, 65, 2, 5);
        for (int j = 0; j < 65; j++)
            bias[j] = 50;
        open_row(&a, lx_simd_at(i), 65, 1, 1, NULL, z);
        open_row(&b, lx_simd_at(i), 65, 1, 1, bias, z);
        run_row(&a, lx_simd_at(i));
        run_row(&b, lx_simd_at(i));
        CHECK_NEAR(b.lse - a.lse, 50, 100 * eps);
        CHECK_NEAR(a.entropy, b.entropy, 1000 * eps);
        for (int j = 0; j < 65; j++)
            CHECK_NEAR(a.p[j], b.p[j], 200 * eps);
        close_row(&a);
        close_row(&b);
    }
}

/* Far below the maximum a probability is exactly 0 and leaves the entropy alone, whatever its size. */
static void vanishing_logits_give_exact_zeros(void **state)
{
    static const double low[] = {-1e3, -1e5, -1e30, -(double)INFINITY};

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (size_t k = 0; k < sizeof(low) / sizeof(low[0]); k++) {
            real z[40], tenth = (real)1 / 10;
            struct row row;

            for (int j = 0; j < 40; j++)
                z[j] = j % 4 == 1 ? 3 : (real)low[k];
            open_row(&row, lx_simd_at(i), 40, 1, 1, NULL, z);
            run_row(&row, lx_simd_at(i));
            CHECK_NEAR(row.max_prob, tenth, 0);
            CHECK_NEAR(row.entropy, log(10), 4 * eps);
            for (int j = 0; j < 40; j++)
                CHECK_NEAR(row.p[j], j % 4 == 1 ? tenth : 0, 0);
            close_row(&row);
        }
    }
}

/* One NaN, wherever it stands and whatever its bits say, must reach the sum; likewise +infinity, which
 * has no softmax. */
static void attention_passes_nan_on(void **state)
{
#ifdef LX_REAL_DOUBLE
    const real bad[] = {(real)NAN, -(real)NAN, nan("1"), nan("511"), (real)INFINITY};
#else
    const real bad[] = {NAN, -NAN, nanf("1"), nanf("511"), INFINITY};
#endif

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (size_t at = 0; at < 37; at++) {
            for (int k = 0; k < 5; k++) {
                real z[38];
                struct row row;

                noise(z, 37, 1, 3);
                z[at] = bad[k];
                open_row(&row, lx_simd_at(i), 37, 1, 1, NULL, z);
                run_row(&row, lx_simd_at(i));
                assert_true(!isfinite(row.lse));
                assert_true(!isfinite(row.max_prob));
                assert_true(!isfinite(row.entropy));
                close_row(&row);
            }
        }
    }
}

/* Without biases, with biases, and with their gradient: ds = p (dp - sum p dp) / tau in double, where
 * dp are the values of the only channel that the last output sends a gradient of 1 back to. */
static void check_back(const struct lx_simd *s, size_t n, double a, double tau, int form)
{
    static struct definition d;
    real z[MOST + 1], bias[MOST + 1], dp[MOST + 1], dbias[MOST + 1];
    double delta = 0, tol = exp_error + 100 * eps;
    struct row row;

    noise(z, n, 2, n);
    noise(bias, n, 2, n + 1);
    noise(dp, n, 1, n + 2);
    noise(dbias, n, 1, n + 3);
    define_row(&d, n, a, tau, form > 0 ? bias : NULL, z);
    for (size_t j = 0; j < n; j++)
        delta += d.p[j] * (double)dp[j];
    open_row(&row, s, n, a, tau, form > 0 ? bias : NULL, z);
    memset(row.v, 0, n * row.d * sizeof(*row.v));
    for (size_t j = 0; j < n; j++)
        row.v[j * row.d] = dp[j];
    row.dout[(n - 1) * row.d] = 1;
    memcpy(row.dbias, dbias, n * sizeof(*dbias));
    row.h.dbias = form == 2 ? row.dbias : NULL;
    run_row(&row, s);
    s->attention_backward(&row.h);
    for (size_t j = 0; j < n; j++) {
        double ds = d.p[j] * ((double)dp[j] - delta) / tau;

        CHECK_NEAR(row.dv[j * row.d], d.p[j], tol * d.p[j] * 4);
        CHECK_NEAR(row.dk[j * row.d], a * ds,
                   tol * 4 * d.p[j] * (fabs((double)dp[j]) + fabs(delta)) / tau);
        CHECK_NEAR((double)row.dbias[j] - (double)dbias[j], form == 2 ? ds : 0,
                   form == 2 ? tol * (1 + fabs((double)dbias[j])) : 0);
    }
    close_row(&row);
}

static void attention_rows_back(const struct lx_simd *s, size_t n)
{
    for (int form = 0; form < 3; form++) {
        check_back(s, n, 0.5, 1, form);
        check_back(s, n, -0.25, 0.5, form);
        check_back(s, n, 1, 3, form);
    }
}

static void attention_row_back_is_its_gradient(void **state)
{
    (void)state;
    each(attention_rows_back);
}

#ifdef LX_REAL_DOUBLE
/* f = sum c p of a row, by the forward pass itself. */
static double value_of(const struct lx_simd *s, size_t n, const real *z, const real *bias,
                       const real *c)
{
    struct row row;
    double f = 0;

    open_row(&row, s, n, 0.7, 0.8, bias, z);
    run_row(&row, s);
    for (size_t j = 0; j < n; j++)
        f += c[j] * row.p[j];
    close_row(&row);
    return f;
}

static double slope(const struct lx_simd *s, size_t n, real *x, const real *z, const real *bias,
                    const real *c)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    double kept = *x, sum = 0;

    for (int i = 0; i < 4; i++) {
        *x = kept + 1e-3 * at[i];
        sum += weight[i] * value_of(s, n, z, bias, c);
    }
    *x = kept;
    return sum / (12e-3);
}

/* The two passes agree by finite differences, in z and in the biases. */
static void attention_row_back_matches_finite_differences(void **state)
{
    enum { N = 19 };

    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        const struct lx_simd *s = lx_simd_at(i);
        real z[N + 1], bias[N + 1], c[N + 1];
        struct row row;

        noise(z, N, 1, 1);
        noise(bias, N, 1, 2);
        noise(c, N, 1, 3);
        open_row(&row, s, N, 0.7, 0.8, bias, z);
        for (size_t j = 0; j < N; j++)
            row.dout[(N - 1) * N + j] = c[j];
        run_row(&row, s);
        s->attention_backward(&row.h);
        for (size_t j = 0; j < N; j++) {
            CHECK_NEAR(row.dk[j * N], slope(s, N, &z[j], z, bias, c), 1e-11);
            CHECK_NEAR(row.dbias[j], slope(s, N, &bias[j], z, bias, c), 1e-11);
        }
        close_row(&row);
    }
}
#endif

/* Everything a loop returns, for the same numbers at a place `shift` reals into a block. */
static void results_at(const struct lx_simd *s, size_t n, size_t shift, double out[8])
{
    static real block[4][MOST + 64];
    real *z = block[0] + shift, *w = block[1] + shift, *b = block[2] + shift, *y = block[3] + shift;
    real mean, rstd;
    struct row row;

    noise(z, n, 2, 1);
    noise(w, n, 1, 2);
    noise(b, n, 1, 3);
    out[0] = (double)s->dot(n, z, w);
    out[1] = s->square_sum(n, z);
    out[2] = s->loss_row(n, z, (int)(n / 3), 1, NULL);
    out[3] = s->loss_row(n, z, (int)(n / 3), 1, y);
    s->norm_row(n, z, w, b, y, &mean, &rstd);
    out[4] = (double)mean;
    out[5] = (double)rstd;
    open_row(&row, s, n, 0.5, 1, b, z);
    row.h.bias = b;
    if (row.d == 1)
        row.h.k = z;
    run_row(&row, s);
    out[6] = row.lse;
    out[7] = row.entropy;
    close_row(&row);
}

/* Sums are taken in the same order wherever the numbers lie in memory. */
static void alignments(const struct lx_simd *s, size_t n)
{
    double first[8], other[8];

    results_at(s, n, 0, first);
    for (size_t shift = 1; shift <= 16; shift++) {
        results_at(s, n, shift, other);
        for (int k = 0; k < 8; k++)
            if (memcmp(&first[k], &other[k], sizeof(double)) != 0)
                fail_msg("%s: n %zu: result %d depends on alignment: %.17g at 0, %.17g at %zu",
                         s->name, n, k, first[k], other[k], shift);
    }
}

static void alignment_does_not_matter(void **state)
{
    (void)state;
    each(alignments);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(attention_row_is_a_softmax),
    cmocka_unit_test(exponentials_are_accurate),
    cmocka_unit_test(attention_ignores_row_constants),
    cmocka_unit_test(vanishing_logits_give_exact_zeros),
    cmocka_unit_test(attention_passes_nan_on),
    cmocka_unit_test(attention_row_back_is_its_gradient),
    cmocka_unit_test(alignment_does_not_matter),
#ifdef LX_REAL_DOUBLE
    cmocka_unit_test(attention_row_back_matches_finite_differences),
#endif
};

CHECK_MAIN(tests)
