/* Our own matrix products, of each instruction set, and OpenBLAS behind the same door: against the
 * definition in double over odd shapes, with every matrix at the edge of memory that may not be
 * touched; the same bytes however rows are cut; and the table of processors that chooses. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/gemm.h"
#include "system/processor.h"
#include "tests/unit/simd_rig.h"

/* The k-th of a row of values in [0, 1). */
static double uniform(uint64_t k)
{
    return (double)((k + 1) * 2654435761u % 1000003u) / 1000003;
}

static int at_least_1(int n)
{
    return n > 0 ? n : 1;
}

/* n reals that end right before, or begin right after, a page that may not be touched. */
struct guarded {
    char *pages;
    size_t size;
    real *x;
};

static struct guarded guard(size_t n, bool at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = n * sizeof(real);
    size_t room = (bytes + page - 1) / page * page;
    struct guarded g = {.size = room + 2 * page};
    static int zero = -1;

    if (zero < 0)
        zero = open("/dev/zero", O_RDWR);
    assert_true(zero >= 0);
    g.pages = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    assert_true(g.pages != MAP_FAILED);
    assert_int_equal(mprotect(g.pages, page, PROT_NONE), 0);
    assert_int_equal(mprotect(g.pages + page + room, page, PROT_NONE), 0);
    g.x = (real *)(void *)(g.pages + page + (at_end ? room - bytes : 0));
    return g;
}

static void unguard(struct guarded *g)
{
    assert_int_equal(munmap(g->pages, g->size), 0);
}

static enum lx_precision precision; /* of the products that are tested */

/* x as bfloat16, by bits: to nearest, ties to even. */
static double rounded(real x)
{
    float f = (float)x;
    uint32_t bits;

    if (precision == LX_FLOAT32)
        return (double)x;
    memcpy(&bits, &f, sizeof(bits));
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

/* Operands of one product. Rows of A, B and of what has C's shape lie `gap` reals apart. */
enum { A, B, C, PLUS, ACT, GATE, BIAS, MATRICES };

struct operands {
    struct guarded of[MATRICES];
    struct lx_product p;
};

enum { WITH_BIAS = 1, WITH_PLUS = 2, IN_PLACE = 4, WITH_ACT = 8, WITH_GATE = 16 };

static size_t extent(int rows, int columns, int ld)
{
    return rows == 0 || columns == 0 ? 0 : (size_t)(rows - 1) * (size_t)ld + (size_t)columns;
}

static void open_operands(struct operands *o, int kind, int M, int N, int K, int gap, int with,
                          bool at_end)
{
    bool ta = (kind & 1) != 0, tb = (kind & 2) != 0;
    int lda = at_least_1((ta ? M : K) + gap), ldb = at_least_1((tb ? K : N) + gap);
    int ldc = at_least_1(N + gap);
    size_t n = extent(M, N, ldc);
    size_t size[MATRICES] = {ta ? extent(K, M, lda) : extent(M, K, lda),
                             tb ? extent(N, K, ldb) : extent(K, N, ldb),
                             n,
                             n,
                             n,
                             n,
                             (size_t)N};

    for (int i = 0; i < MATRICES; i++) {
        o->of[i] = guard(size[i], at_end);
        for (size_t k = 0; k < size[i]; k++)
            o->of[i].x[k] = (real)(2 * uniform((uint64_t)i * 1000003 + k) - 1);
    }
    o->p = (struct lx_product){.precision = precision,
                               .ta = ta,
                               .tb = tb,
                               .M = M,
                               .N = N,
                               .K = K,
                               .A = o->of[A].x,
                               .lda = lda,
                               .B = o->of[B].x,
                               .ldb = ldb,
                               .C = o->of[C].x,
                               .ldc = ldc};
    if (with & WITH_BIAS)
        o->p.bias = o->of[BIAS].x;
    if (with & WITH_PLUS)
        o->p.plus = with & IN_PLACE ? o->of[C].x : o->of[PLUS].x;
    if (with & WITH_ACT)
        o->p.act = with & IN_PLACE ? o->of[C].x : o->of[ACT].x;
    if (with & WITH_GATE)
        o->p.gate = o->of[GATE].x;
    if (!(with & WITH_PLUS) && n > 0)
        o->of[C].x[0] = o->of[C].x[n - 1] = (real)NAN; /* what C held must not matter */
}

static void close_operands(struct operands *o)
{
    for (int i = 0; i < MATRICES; i++)
        unguard(&o->of[i]);
}

static double gelu_of(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static double gelu_slope_of(double x)
{
    double c = sqrt(2 / 3.14159265358979323846), t = tanh(c * (x + 0.044715 * x * x * x));

    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
}

/* The naive twin: one element by the definition in product.h, and how large its terms are together. */
static double element(const struct lx_product *p, const real *plus, int m, int n, double *size)
{
    double sum = 0;

    *size = 0;
    for (int k = 0; k < p->K; k++) {
        double a = rounded(p->ta ? p->A[k * p->lda + m] : p->A[m * p->lda + k]);
        double b = rounded(p->tb ? p->B[n * p->ldb + k] : p->B[k * p->ldb + n]);

        sum += a * b;
        *size += fabs(a * b);
    }
    if (p->bias != NULL)
        sum += (double)p->bias[n];
    if (plus != NULL)
        sum += (double)plus[m * p->ldc + n];
    *size += (p->bias != NULL) + (plus != NULL);
    return sum;
}

/* Everything that a product writes, and that it writes nothing else. */
static void check_operands(struct operands *o, void (*multiply)(const struct lx_product *p))
{
    const struct lx_product *p = &o->p;
    size_t n = extent(p->M, p->N, p->ldc);
    real *before = calloc(n + 1, sizeof(*before));
    const real *plus = p->plus == p->C ? before : p->plus;

    assert_non_null(before);
    if (n > 0)
        memcpy(before, p->C, n * sizeof(*before));
    multiply(p);
    for (int m = 0; m < p->M; m++)
        for (int c = 0; c < p->ldc && (size_t)(m * p->ldc + c) < n; c++) {
            int at = m * p->ldc + c;
            double size, want, tol;

            if (c >= p->N) { /* the gap between rows */
                CHECK_NEAR(p->C[at], before[at], 0);
                continue;
            }
            want = element(p, plus, m, c, &size);
            tol = 20 * eps * (size + 1);
            if (p->gate != NULL)
                want *= gelu_slope_of((double)p->gate[at]);
            if (p->act != p->C)
                CHECK_NEAR(p->C[at], want, tol + (p->gate != NULL ? 8 * exp_error * size : 0));
            if (p->act != NULL)
                CHECK_NEAR(p->act[at], gelu_of(want), 2 * tol + 8 * exp_error * (1 + fabs(want)));
        }
    free(before);
}

static void check_shape(void (*multiply)(const struct lx_product *p), int M, int N, int K)
{
    static const int with[] = {0,
                               WITH_BIAS,
                               WITH_PLUS,
                               WITH_PLUS | IN_PLACE,
                               WITH_BIAS | WITH_PLUS,
                               WITH_BIAS | WITH_ACT,
                               WITH_BIAS | WITH_ACT | IN_PLACE,
                               WITH_GATE};

    for (size_t w = 0; w < sizeof(with) / sizeof(with[0]); w++)
        for (int kind = 0; kind < 4; kind++) {
            struct operands o;

            open_operands(&o, kind, M, N, K, (int)(w % 3), with[w], (kind + (int)w) % 2 == 0);
            check_operands(&o, multiply);
            close_operands(&o);
        }
}

/* Around the sizes of tiles (8 or 6 rows, 4 to 32 columns), of what is packed at a time (256 terms,
 * 512 columns, 128 or 96 rows), and nothing at all. */
static const int shapes[][3] = {
    {1, 1, 1},    {1, 17, 3},    {17, 1, 5},    {3, 4, 1},     {7, 31, 16},   {8, 32, 15},
    {9, 33, 17},  {5, 65, 255},  {13, 30, 256}, {16, 47, 257}, {11, 16, 513}, {4, 511, 3},
    {2, 512, 18}, {10, 515, 33}, {95, 7, 31},   {97, 9, 8},    {129, 34, 2},  {130, 63, 40},
    {6, 5, 0},    {0, 5, 6},     {5, 0, 6}};

static void choose_and_multiply(const struct lx_product *p)
{
    lx_product(p);
}

/* Every compilation there is, then OpenBLAS. */
static void each_choice(void (*check)(void))
{
    const struct lx_simd *kept = lx_simd();

    lx_products_choose(LX_PRODUCTS_OWN);
    for (int i = 0; i < lx_simd_count(); i++) {
        lx_simd_choose(lx_simd_at(i));
        check();
    }
    lx_simd_choose(kept);
    lx_products_choose(LX_PRODUCTS_OPENBLAS);
    check();
}

static void check_shapes(void)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        check_shape(choose_and_multiply, shapes[i][0], shapes[i][1], shapes[i][2]);
}

static void every_shape_is_the_definition(void **state)
{
    (void)state;
    each_choice(check_shapes);
}

/* bfloat16, by each of the instructions for it that are here. */
static void each_bf16(void (*check)(void))
{
    static const char *const kernels[] = {"avx512_bf16", "amx_bf16"};
    int n = 0;

    precision = LX_BF16;
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
        if (lx_bf16_choose(kernels[i])) {
            check();
            n++;
        }
    precision = LX_FLOAT32;
    assert_int_equal(n > 0, lx_bf16_kernel() != NULL);
    if (n == 0)
        print_message("# no bfloat16 here\n");
}

static void bf16_is_the_definition_on_rounded_numbers(void **state)
{
    (void)state;
    each_bf16(check_shapes);
}

/* The check has teeth: a product that forgets its last term, or its last row, is found. */
static const struct lx_product *seen;

static double worst_against_definition(const struct lx_product *p)
{
    double worst = 0, size;

    for (int m = 0; m < seen->M; m++)
        for (int n = 0; n < seen->N; n++)
            worst =
                fmax(worst, fabs((double)p->C[m * p->ldc + n] - element(seen, NULL, m, n, &size)));
    return worst;
}

static void a_missing_term_is_found(void **state)
{
    struct operands o;
    struct lx_product cut;

    (void)state;
    lx_products_choose(LX_PRODUCTS_OWN);
    open_operands(&o, 0, 9, 33, 17, 0, 0, true);
    seen = &o.p;
    cut = o.p;
    cut.K--;
    lx_product(&cut);
    assert_true(worst_against_definition(&cut) > 1e-3);
    lx_product(&o.p);
    assert_true(worst_against_definition(&o.p) < 1e-5);
    close_operands(&o);
}

/* An element depends on its row and column alone: rows cut anywhere, columns cut anywhere, whatever
 * the instruction set, give the same bytes as the whole. */
static void check_cuts(void)
{
    enum { M = 137, N = 523, K = 300 };
    static real x[M * K], w[N * K], whole[M * N], part[M * N];
    static const int cuts[] = {1, 5, 8, 64, 100, 136};
    struct lx_product p = {.precision = precision,
                           .tb = true,
                           .M = M,
                           .N = N,
                           .K = K,
                           .A = x,
                           .lda = K,
                           .B = w,
                           .ldb = K,
                           .C = whole,
                           .ldc = N};

    for (size_t i = 0; i < M * K; i++)
        x[i] = (real)(uniform(i) - 0.5);
    for (size_t i = 0; i < N * K; i++)
        w[i] = (real)(uniform(i + 77) - 0.5);
    lx_product(&p);
    for (size_t c = 0; c < sizeof(cuts) / sizeof(cuts[0]); c++) {
        struct lx_product top = p, rest = p;

        top.M = cuts[c];
        top.C = part;
        lx_product(&top);
        rest.M = M - cuts[c];
        rest.A = x + cuts[c] * K;
        rest.C = part + cuts[c] * N;
        lx_product(&rest);
        assert_memory_equal(part, whole, sizeof(whole));
        top.M = M;
        top.N = cuts[c];
        lx_product(&top);
        rest = p;
        rest.N = N - cuts[c];
        rest.B = w + cuts[c] * K;
        rest.C = part + cuts[c];
        lx_product(&rest);
        assert_memory_equal(part, whole, sizeof(whole));
    }
}

static void cuts_do_not_show(void **state)
{
    (void)state;
    lx_products_choose(LX_PRODUCTS_OWN);
    for (int i = 0; i < lx_simd_count(); i++) {
        lx_simd_choose(lx_simd_at(i));
        check_cuts();
    }
    lx_simd_choose(lx_simd_at(lx_simd_count() - 1));
}

/* NaN and infinity come through, 0 times them included, and in their rows only. */
static void nan_goes_through(void **state)
{
    enum { M = 20, N = 40, K = 30 };
    static real x[M * K], w[N * K], y[M * N];
    const struct lx_product p = {
        .tb = true, .M = M, .N = N, .K = K, .A = x, .lda = K, .B = w, .ldb = K, .C = y, .ldc = N};

    (void)state;
    lx_products_choose(LX_PRODUCTS_OWN);
    memset(x, 0, sizeof(x));
    memset(w, 0, sizeof(w));
    x[3 * K + 29] = (real)NAN;
    x[19 * K] = HUGE_VAL;
    for (int i = 0; i < lx_simd_count(); i++) {
        lx_simd_choose(lx_simd_at(i));
        lx_product(&p);
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++)
                assert_true((isnan((double)y[m * N + n]) != 0) == (m == 3 || m == 19));
    }
    lx_simd_choose(lx_simd_at(lx_simd_count() - 1));
}

static void processors_are_known_by_model(void **state)
{
    struct lx_processor p = lx_processor_find("AuthenticAMD", 25, 0x11);

    (void)state;
    assert_string_equal(p.kind, "Zen 4");
    assert_string_equal(p.core, "Haswell");
    assert_true(p.own_products);
    assert_null(lx_processor_find("AuthenticAMD", 25, 0x01).kind); /* Zen 3 */
    assert_null(lx_processor_find("GenuineIntel", 25, 0x11).kind);
    assert_string_equal(lx_processor_find("GenuineIntel", 6, 0x8f).core, "SkylakeX");
    p = lx_processor_find("GenuineIntel", 6, 0x3c);
    assert_null(p.kind);
    assert_null(p.core);
    assert_false(p.own_products);
    p = lx_processor();
    assert_true(p.kind != NULL || (p.core == NULL && !p.own_products));
}

static void a_choice_is_one_of_two_words(void **state)
{
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_products_ask("own", &err));
    assert_int_equal(lx_products(), LX_PRODUCTS_OWN);
    assert_string_equal(lx_products_core(), "own");
    CHECK_OK(lx_gemm_setup(&err));
    CHECK_OK(lx_products_ask("openblas", &err));
    assert_int_equal(lx_products(), LX_PRODUCTS_OPENBLAS);
    assert_string_equal(lx_products_core(), lx_gemm_core());
    assert_int_equal(lx_products_ask("mkl", &err), LX_EUSAGE);
    assert_non_null(strstr(err.text, "must be own or openblas, got \"mkl\""));
    assert_int_equal(lx_products(), LX_PRODUCTS_OPENBLAS);
}

static void cuts_do_not_show_in_bf16(void **state)
{
    (void)state;
    each_bf16(check_cuts);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_shape_is_the_definition),
    cmocka_unit_test(bf16_is_the_definition_on_rounded_numbers),
    cmocka_unit_test(cuts_do_not_show_in_bf16),
    cmocka_unit_test(a_missing_term_is_found),
    cmocka_unit_test(cuts_do_not_show),
    cmocka_unit_test(nan_goes_through),
    cmocka_unit_test(processors_are_known_by_model),
    cmocka_unit_test(a_choice_is_one_of_two_words),
};

CHECK_MAIN(tests)
