/* The arithmetic below the model against definitions written here in double: activation, norm, loss,
 * sums, the optimiser's inner loop for every instruction set; matrix products for all transposes and
 * ragged shapes; linear and norm layers, forward and backward. */
#include "kernels/gemm.h"
#include "tensor/ops.h"
#include "tests/unit/simd_rig.h"

static void tables_are_listed_plain_first(void **state)
{
    (void)state;
    assert_string_equal(lx_simd_at(0)->name, "plain");
    assert_null(lx_simd_at(lx_simd_count()));
    assert_null(lx_simd_at(-1));
    assert_non_null(lx_simd());
}

static double gelu_of(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static void gelus(const struct lx_simd *s, size_t n)
{
    real x[MOST + 1], y[MOST + 1], dy[MOST + 1], dx[MOST + 1];

    noise(x, n, 3, n);
    noise(dy, n, 1, n + 1);
    noise(y, n, 0, 0);
    noise(dx, n, 0, 0);
    x[0] = 0;
    x[n - 1] = n % 2 ? 30 : -30;
    s->gelu(n, x, y);
    s->gelu_back(n, x, dy, dx);
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], h = 1e-3;
        double want =
            (gelu_of(v - 2 * h) - 8 * gelu_of(v - h) + 8 * gelu_of(v + h) - gelu_of(v + 2 * h)) /
            (12 * h);

        CHECK_NEAR(y[i], gelu_of(v), (exp_error + 50 * eps) * (1 + fabs(v)));
        CHECK_NEAR(dx[i], (double)dy[i] * want,
                   (exp_error + 100 * eps + 1e-10) * 4 * (1 + fabs((double)dy[i])));
    }
    CHECK_NEAR(y[n], GUARD, 0);
    CHECK_NEAR(dx[n], GUARD, 0);
    s->gelu_back(n, x, dy, dy); /* in place, as the model does */
    assert_memory_equal(dy, dx, n * sizeof(*dx));
}

static void gelu_is_the_tanh_form(void **state)
{
    (void)state;
    each(gelus);
}

static double mean_of(const real *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / (double)n;
}

static void norms(const struct lx_simd *s, size_t n)
{
    real x[MOST + 1], w[MOST + 1], b[MOST + 1], y[MOST + 1], mean, rstd;
    double m, var = 0, root;

    noise(x, n, 3, n);
    noise(w, n, 1, n + 1);
    noise(b, n, 1, n + 2);
    noise(y, n, 0, 0);
    for (size_t i = 0; i < n; i++)
        x[i] += 10; /* an offset that a one-pass variance would feel */
    s->norm_row(n, x, w, b, y, &mean, &rstd);
    m = mean_of(x, n);
    for (size_t i = 0; i < n; i++)
        var += ((double)x[i] - m) * ((double)x[i] - m) / (double)n;
    root = 1 / sqrt(var + 1e-5);
    CHECK_NEAR(mean, m, 20 * eps * fabs(m));
    CHECK_NEAR(rstd, root, 200 * eps * root);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(y[i], ((double)x[i] - m) * root * (double)w[i] + (double)b[i],
                   400 * eps * root * (1 + fabs((double)w[i])));
    CHECK_NEAR(y[n], GUARD, 0);
}

static void norm_row_is_layer_norm(void **state)
{
    (void)state;
    each(norms);
}

/* dx of LayerNorm from its Jacobian: dxhat_i/dx_k = rstd (delta_ik - 1/n - xhat_i xhat_k / n). */
static void norms_back(const struct lx_simd *s, size_t n)
{
    static real x[MOST + 1], w[MOST + 1], b[MOST + 1], y[MOST + 1], dy[MOST + 1];
    static real dx[MOST + 1], dw[MOST + 1], db[MOST + 1];
    real mean, rstd;

    noise(x, n, 2, n);
    noise(w, n, 1, n + 1);
    noise(b, n, 1, n + 2);
    noise(dy, n, 1, n + 3);
    s->norm_row(n, x, w, b, y, &mean, &rstd);
    for (size_t i = 0; i <= n; i++)
        dx[i] = dw[i] = db[i] = i < n ? 1 : GUARD; /* all three accumulate */
    s->norm_row_back(n, x, w, mean, rstd, dy, dx, dw, db);
    for (size_t k = 0; k < n; k++) {
        double r = (double)rstd, xk = ((double)x[k] - (double)mean) * r, sum = 0, size = 1;

        for (size_t i = 0; i < n; i++) {
            double xi = ((double)x[i] - (double)mean) * r;
            double jacobian = r * ((i == k ? 1 : 0) - (1 + xi * xk) / (double)n);

            sum += (double)dy[i] * (double)w[i] * jacobian;
            size += fabs((double)dy[i] * (double)w[i] * jacobian);
        }
        CHECK_NEAR((double)dx[k] - 1, sum, 40 * eps * (size + r));
        CHECK_NEAR((double)dw[k] - 1, (double)dy[k] * xk,
                   40 * eps * (1 + fabs((double)dy[k] * xk)));
        CHECK_NEAR((double)db[k] - 1, (double)dy[k], 4 * eps * (1 + fabs((double)dy[k])));
    }
    CHECK_NEAR(dx[n], GUARD, 0);
    CHECK_NEAR(dw[n], GUARD, 0);
    CHECK_NEAR(db[n], GUARD, 0);
}

static void norm_row_back_is_its_gradient(void **state)
{
    (void)state;
    each(norms_back);
}

static void losses(const struct lx_simd *s, size_t n)
{
    static struct definition d;
    static const double shift[] = {0, 40, -1000};
    real z[MOST + 1], dz[MOST + 1];
    int target = (int)(n / 2);

    for (size_t k = 0; k < 3; k++) {
        double tol = exp_error + 40 * eps * (1 + fabs(shift[k])), nll;

        noise(z, n, 3, n + k);
        noise(dz, n, 1, 0);
        for (size_t j = 0; j < n; j++)
            z[j] += (real)shift[k];
        define_row(&d, n, 1, 1, NULL, z);
        nll = -log(d.p[target]);
        CHECK_NEAR(s->loss_row(n, z, target, 0, NULL), nll, tol * (1 + nll));
        CHECK_NEAR(s->loss_row(n, z, target, (real)0.75, dz), nll, tol * (1 + nll));
        for (size_t j = 0; j < n; j++)
            CHECK_NEAR(dz[j], 0.75 * (d.p[j] - ((int)j == target ? 1 : 0)), tol * 4);
        CHECK_NEAR(dz[n], GUARD, 0);
        (void)s->loss_row(n, z, target, (real)0.75, z); /* in place, as the model does */
        assert_memory_equal(z, dz, n * sizeof(*z));
    }
}

static void loss_row_is_cross_entropy(void **state)
{
    (void)state;
    each(losses);
}

static void loss_of_nan_is_nan(void **state)
{
    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        for (size_t at = 0; at < 37; at++) {
            real z[38], dz[38];

            noise(z, 37, 1, 3);
            z[at] = (real)NAN;
            assert_true(!isfinite(lx_simd_at(i)->loss_row(37, z, 20, 1, NULL)));
            assert_true(!isfinite(lx_simd_at(i)->loss_row(37, z, 20, 1, dz)));
            assert_true(!isfinite(dz[20]));
        }
    }
}

/* A target far below the others costs its distance; the loss stays finite and exact. */
static void loss_of_an_impossible_target(void **state)
{
    (void)state;
    for (int i = 0; i < lx_simd_count(); i++) {
        real z[20], dz[20];

        for (int j = 0; j < 20; j++)
            z[j] = j == 7 ? -5000 : 100;
        CHECK_NEAR(lx_simd_at(i)->loss_row(20, z, 7, 1, dz), 5100 + log(19), 5100 * 4 * eps);
        CHECK_NEAR(dz[7], -1, 0);
        CHECK_NEAR(dz[3], 1.0 / 19, 4 * eps);
    }
}

static void simple_loops(const struct lx_simd *s, size_t n)
{
    real x[MOST + 1], y[MOST + 1], y0[MOST + 1];
    double dot = 0, square = 0, size = 0;

    noise(x, n, 2, n);
    noise(y, n, 1, n + 1);
    memcpy(y0, y, sizeof(y0));
    for (size_t i = 0; i < n; i++) {
        dot += (double)x[i] * (double)y[i];
        size += fabs((double)x[i] * (double)y[i]);
        square += (double)x[i] * (double)x[i];
    }
    CHECK_NEAR(s->dot(n, x, y), dot, 40 * eps * size);
    CHECK_NEAR(s->square_sum(n, x), square, 40 * eps * square);
    s->add(n, x, y);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(y[i], x[i] + y0[i], 0);
    s->scale(n, (real)-1.5, y);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(y[i], (x[i] + y0[i]) * (real)-1.5, 0);
    CHECK_NEAR(y[n], GUARD, 0);
}

static void sums_and_products(void **state)
{
    (void)state;
    each(simple_loops);
    for (int i = 0; i < lx_simd_count(); i++) {
        const struct lx_simd *s = lx_simd_at(i);
        real x = 3;

        CHECK_NEAR(s->dot(0, &x, &x), 0, 0);
        CHECK_NEAR(s->square_sum(0, &x), 0, 0);
        s->scale(0, 2, &x);
        CHECK_NEAR(x, 3, 0);
    }
}

/* Long sums are cut into blocks, so their error does not grow with the length. */
static void long_square_sums_stay_accurate(void **state)
{
    enum { N = 1 << 20 };
    real *x = malloc(N * sizeof(*x));

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < N; i++)
        x[i] = (real)(1 + 0.001 * (double)(i % 7));
    for (int i = 0; i < lx_simd_count(); i++) {
        long double want = 0;

        for (size_t k = 0; k < N; k++)
            want += (long double)x[k] * (long double)x[k];
        CHECK_NEAR(lx_simd_at(i)->square_sum(N, x), want, 100 * eps * (double)want);
    }
    free(x);
}

/* Algorithm 2 of Loshchilov & Hutter, with the gradient clipped beforehand. */
static void adamw_steps(const struct lx_simd *s, size_t n)
{
    const double lr = 0.01, b1 = 0.9, b2 = 0.95, tiny = 1e-8, decay = 0.1, clip = 0.5;
    static real g[MOST + 1], w[MOST + 1], m[MOST + 1], v[MOST + 1];
    static double ww[MOST], mm[MOST], vv[MOST];

    noise(w, n, 1, n);
    noise(m, n, 0, 0);
    noise(v, n, 0, 0);
    for (size_t i = 0; i < n; i++) {
        ww[i] = (double)w[i];
        mm[i] = vv[i] = 0;
    }
    for (int step = 1; step <= 5; step++) {
        struct lx_adamw o = {.lr = (real)lr,
                             .beta1 = (real)b1,
                             .beta2 = (real)b2,
                             .eps = (real)tiny,
                             .decay = (real)decay,
                             .grad_scale = (real)clip,
                             .bias1 = (real)(1 - pow(b1, step)),
                             .bias2 = (real)(1 - pow(b2, step))};

        noise(g, n, 0.1, n + (size_t)step);
        s->adamw(n, &o, g, w, m, v);
        for (size_t i = 0; i < n; i++) {
            double gi = clip * (double)g[i];

            mm[i] = b1 * mm[i] + (1 - b1) * gi;
            vv[i] = b2 * vv[i] + (1 - b2) * gi * gi;
            ww[i] -=
                lr * (mm[i] / (1 - pow(b1, step)) / (sqrt(vv[i] / (1 - pow(b2, step))) + tiny) +
                      decay * ww[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        CHECK_NEAR(w[i], ww[i], 40 * eps * (0.1 + fabs(ww[i])));
        CHECK_NEAR(m[i], mm[i], 40 * eps * 0.1);
        CHECK_NEAR(v[i], vv[i], 40 * eps * vv[i]);
    }
    CHECK_NEAR(w[n], GUARD, 0);
}

static void adamw_is_the_textbook_step(void **state)
{
    (void)state;
    each(adamw_steps);
}

/* No compiler flag of this build may assume that NaN does not exist. */
static void isfinite_works(void **state)
{
    volatile double nan = (double)NAN, inf = HUGE_VAL, zero = 0;

    (void)state;
    assert_true(!isfinite(nan));
    assert_true(!isfinite(inf));
    assert_true(!isfinite(zero / zero));
    assert_true(isnan(nan) != 0);
    assert_true(nan != nan);
}

/* C = alpha op(A) op(B) + beta C by the definition in double, for rows with gaps between them. */
static void check_gemm(int kind, int M, int N, int K, double alpha, double beta)
{
    enum { ROOM = 140 * 140 };
    static real A[ROOM + 1], B[ROOM + 1], C[ROOM + 1], D[ROOM + 1], C0[ROOM + 1];
    bool ta = (kind & 1) != 0, tb = (kind & 2) != 0;
    int lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2;

    noise(A, ROOM, 1, 1);
    noise(B, ROOM, 1, 2);
    noise(C0, ROOM, 1, 3);
    memcpy(C, C0, sizeof(C));
    memcpy(D, C0, sizeof(D));
    lx_gemm(ta, tb, M, N, K, (real)alpha, A, lda, B, ldb, (real)beta, C, ldc);
    lx_gemm_naive(ta, tb, M, N, K, (real)alpha, A, lda, B, ldb, (real)beta, D, ldc);
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < ldc; j++) {
            double sum = 0, size = fabs(beta) * 4;

            for (int k = 0; j < N && k < K; k++) {
                double a = (double)(ta ? A[k * lda + i] : A[i * lda + k]);
                double b = (double)(tb ? B[j * ldb + k] : B[k * ldb + j]);

                sum += alpha * a * b;
                size += fabs(alpha * a * b);
            }
            sum += (j < N ? beta : 1) * (double)C0[i * ldc + j]; /* gaps stay as they were */
            CHECK_NEAR(C[i * ldc + j], sum, j < N ? 20 * eps * size : 0);
            CHECK_NEAR(D[i * ldc + j], sum, j < N ? 2 * eps * size : 0);
        }
    }
    for (int i = M * ldc; i < M * ldc + 40; i++)
        CHECK_NEAR(C[i], C0[i], 0);
}

static void products_of_all_kinds_and_shapes(void **state)
{
    static const int shapes[][3] = {{1, 1, 1},     {1, 17, 3},    {17, 1, 5},
                                    {3, 4, 1},     {15, 16, 17},  {64, 64, 4},
                                    {65, 130, 63}, {130, 65, 64}, {64, 32, 130}};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    assert_true(strlen(lx_gemm_core()) > 0 && strlen(lx_gemm_library()) > 0);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (int kind = 0; kind < 4; kind++) {
            int M = shapes[i][0], N = shapes[i][1], K = shapes[i][2];

            check_gemm(kind, M, N, K, 1, 0);
            check_gemm(kind, M, N, K, 1, 1);
            check_gemm(kind, M, N, K, -0.5, 0.25);
        }
    }
}

/* beta = 0 assigns: what C held before, NaN included, must not matter. */
static void products_overwrite_nan(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        real A[9] = {1, 0, 0, 0, 2, 0, 0, 0, 3}, B[9] = {4, 0, 0, 0, 5, 0, 0, 0, 6}, C[9];

        for (int i = 0; i < 9; i++)
            C[i] = (real)NAN;
        lx_gemm((kind & 1) != 0, (kind & 2) != 0, 3, 3, 3, 1, A, 3, B, 3, 0, C, 3);
        for (int i = 0; i < 9; i++)
            CHECK_NEAR(C[i], i == 0 ? 4 : i == 4 ? 10 : i == 8 ? 18 : 0, 0);
    }
}

/* A layer y = F(x, p, b) with three inputs, and the gradient of f = sum G y with respect to each. */
enum { ROWS = 5, IN = 7, OUT = 6 };

struct layer {
    real x[ROWS * IN + 1], p[OUT * IN + 1], b[IN + 1], G[ROWS * IN + 1];
    bool norm; /* LayerNorm over IN with weights p, else linear IN -> OUT */
};

static double layer_value(struct layer *l)
{
    real y[ROWS * IN], mean[ROWS], rstd[ROWS];
    double f = 0;

    if (l->norm)
        lx_norm(ROWS, IN, l->x, l->p, l->b, y, mean, rstd);
    else
        lx_linear(LX_FLOAT32, ROWS, IN, OUT, l->x, l->p, l->b, NULL, y);
    for (int i = 0; i < ROWS * (l->norm ? IN : OUT); i++)
        f += (double)l->G[i] * (double)y[i];
    return f;
}

/* Four-point differences in x[0 .. n-1] must give g[i] - 1: gradients were added to ones. */
static void check_layer(struct layer *l, real *x, const real *g, int n, double start)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    const double h = sizeof(real) == sizeof(double) ? 1e-3 : 2e-2;
    const double tol = sizeof(real) == sizeof(double) ? 1e-10 : 2e-3;

    for (int i = 0; i < n; i++) {
        real kept = x[i];
        double sum = 0;

        for (int k = 0; k < 4; k++) {
            x[i] = (real)((double)kept + at[k] * h);
            sum += weight[k] * layer_value(l);
        }
        x[i] = kept;
        CHECK_NEAR((double)g[i] - start, sum / (12 * h), tol * (1 + fabs(sum / (12 * h))));
    }
}

static void layer_gradients(bool norm)
{
    static struct layer l;
    real dx[ROWS * IN], dp[OUT * IN], db[IN], y[ROWS * IN], mean[ROWS], rstd[ROWS];

    l.norm = norm;
    noise(l.x, ROWS * IN, 1, 1);
    noise(l.p, OUT * IN, 1, 2);
    noise(l.b, IN, 1, 3);
    noise(l.G, ROWS * IN, 1, 4);
    for (int i = 0; i < ROWS * IN; i++)
        dx[i] = 1;
    for (int i = 0; i < OUT * IN; i++)
        dp[i] = 1;
    for (int i = 0; i < IN; i++)
        db[i] = 1;
    if (norm) {
        lx_norm(ROWS, IN, l.x, l.p, l.b, y, mean, rstd);
        lx_norm_back(ROWS, IN, l.x, l.p, mean, rstd, l.G, dx, dp, db);
    } else {
        lx_linear_back(LX_FLOAT32, ROWS, IN, OUT, l.x, l.p, l.G, NULL, dx, dp, db);
    }
    check_layer(&l, l.x, dx, ROWS * IN, norm ? 1 : 0); /* that of linear is assigned */
    check_layer(&l, l.p, dp, norm ? IN : OUT * IN, 1);
    check_layer(&l, l.b, db, norm ? IN : OUT, 1);
}

static void layers_match_finite_differences(void **state)
{
    (void)state;
    layer_gradients(false);
    layer_gradients(true);
}

static void linear_can_accumulate(void **state)
{
    real x[2] = {2, 3}, W[2] = {10, 100}, b[1] = {1000}, y[1] = {7};

    (void)state;
    lx_linear(LX_FLOAT32, 1, 2, 1, x, W, b, y, y);
    CHECK_NEAR(y[0], 7 + 1000 + 20 + 300, 0);
    lx_linear(LX_FLOAT32, 1, 2, 1, x, W, b, NULL, y);
    CHECK_NEAR(y[0], 1000 + 20 + 300, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tables_are_listed_plain_first),
    cmocka_unit_test(gelu_is_the_tanh_form),
    cmocka_unit_test(norm_row_is_layer_norm),
    cmocka_unit_test(norm_row_back_is_its_gradient),
    cmocka_unit_test(loss_row_is_cross_entropy),
    cmocka_unit_test(loss_of_nan_is_nan),
    cmocka_unit_test(loss_of_an_impossible_target),
    cmocka_unit_test(sums_and_products),
    cmocka_unit_test(long_square_sums_stay_accurate),
    cmocka_unit_test(adamw_is_the_textbook_step),
    cmocka_unit_test(isfinite_works),
    cmocka_unit_test(products_of_all_kinds_and_shapes),
    cmocka_unit_test(products_overwrite_nan),
    cmocka_unit_test(layers_match_finite_differences),
    cmocka_unit_test(linear_can_accumulate),
};

CHECK_MAIN(tests)
