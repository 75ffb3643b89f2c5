/* Crossed intervals: variance components by closed forms and written out the long way, p as the inverse
 * of the interval, and coverage by simulation.
 *
 * The simulation draws seeds, blocks and residuals, over ratios of seeds to text of 0.1 to 10 (standard
 * deviation of a seed over that of the text's mean), 3, 5 and 10 seeds, within one model and between two,
 * with normal and with heavy tails, and with neighbouring blocks alike. Quick and with fixed numbers
 * here; LX_COVERAGE=5000 draws as many each and prints the tables of harness/tests/README.md. */
#include <stdbool.h>

#include "check.h"
#include "core/rng.h"
#include "stats/crossed.h"
#include "stats/stats.h"

enum { K = LX_CROSSED_BLOCKS, MOST = 10 };

/* Blocks that are not all alike in size still have the mean over all targets. */
static void shares_average_to_the_mean_over_targets(void **state)
{
    const double sum[] = {10, 30, 11, 0.5}, n[] = {5, 10, 5, 1};
    double y[4], mean = 51.5 / 21;

    (void)state;
    lx_crossed_shares(sum, n, 4, y);
    CHECK_NEAR((y[0] + y[1] + y[2] + y[3]) / 4, mean, 1e-14);
    CHECK_NEAR(y[1] - mean, (30 - 10 * mean) * 4 / 21, 1e-14);
    lx_crossed_shares(sum, (const double[]){2, 2, 2, 2}, 4, y);
    CHECK_NEAR(y[2], 5.5, 1e-14); /* alike: the means of the blocks */
}

/* Without blocks: Student's interval for one model, Welch's for two. */
static void seeds_alone_are_student_and_welch(void **state)
{
    const double a[] = {1.0, 1.3, 0.8, 1.1}, b[] = {-0.5, -0.9, -0.1};
    const struct lx_crossed_arm arm[] = {{a, 4}, {b, 3}};
    double sd = sqrt((0.05 * 0.05 + 0.25 * 0.25 + 0.25 * 0.25 + 0.05 * 0.05) / 3);
    double va = sd * sd / 4, vb = 0.16 / 3, dof;
    struct lx_crossed x;

    (void)state;
    lx_crossed_estimate(arm, 1, 1, &x);
    CHECK_NEAR(x.effect, 1.05, 1e-15);
    CHECK_NEAR(lx_crossed_half_width(&x, 0.05), lx_t_half_width(sd, 4), 1e-12);
    CHECK_NEAR(lx_crossed_p(&x, 0.9), 2 * lx_t_tail(0.15 / sqrt(va), 3), 1e-12);
    assert_true(isnan(x.text_var) && isnan(x.text_dof));
    lx_crossed_estimate(arm, 2, 1, &x);
    dof = (va + vb) * (va + vb) / (va * va / 3 + vb * vb / 2);
    CHECK_NEAR(x.effect, 0.55, 1e-15);
    CHECK_NEAR(x.seed_var, va + vb, 1e-15);
    CHECK_NEAR(x.seed_dof, dof, 1e-12);
    CHECK_NEAR(lx_crossed_p(&x, 0), 2 * lx_t_tail(0.55 / sqrt(va + vb), dof), 1e-12);
}

/* No spread at all: the sign decides. One seed: nothing is known, the text's part apart. */
static void corners(void **state)
{
    const double same[] = {2, 2, 2};
    double one[K];
    struct lx_crossed x;

    (void)state;
    lx_crossed_estimate(&(struct lx_crossed_arm){same, 3}, 1, 1, &x);
    CHECK_NEAR(lx_crossed_half_width(&x, 0.05), 0, 0);
    CHECK_NEAR(lx_crossed_p(&x, 1), 0, 0);
    CHECK_NEAR(lx_crossed_p(&x, 2), 1, 0);
    for (int b = 0; b < K; b++)
        one[b] = b % 7;
    lx_crossed_estimate(&(struct lx_crossed_arm){one, 1}, 1, K, &x);
    assert_true(isnan(x.seed_var) && isnan(lx_crossed_half_width(&x, 0.05)));
    assert_true(isnan(lx_crossed_p(&x, 1)) && x.text_var > 0 && x.text_dof > 1);
    lx_crossed_estimate(&(struct lx_crossed_arm){one, 1}, 1, 4, &x);
    assert_true(isnan(x.text_var)); /* too few to tell */
}

/* y(s, b) = S(s) + B(b) exactly: each component is seen alone. */
static void components_are_told_apart(void **state)
{
    const double seed[] = {0.3, -0.1, 0.4, 0.0, 0.2};
    double y[5 * K], text = 0, wave[K];
    struct lx_crossed x;

    (void)state;
    for (int b = 0; b < K; b++)
        wave[b] = cos(acos(-1.0) * 3 * (b + 0.5) / K); /* sum of squares K / 2 */
    for (int s = 0; s < 5; s++)
        for (int b = 0; b < K; b++)
            y[s * K + b] = seed[s] + 0.5 * wave[b];
    lx_crossed_estimate(&(struct lx_crossed_arm){y, 5}, 1, K, &x);
    CHECK_NEAR(x.effect, 0.16, 1e-14);
    CHECK_NEAR(x.seed_var, (0.3 * 0.3 + 0.1 * 0.1 + 0.16 + 0.04 - 5 * 0.16 * 0.16) / 4 / 5, 1e-14);
    text = 0.5 * 0.5 * (K / 2.0) / K / 12; /* all of it in one of twelve waves */
    CHECK_NEAR(x.text_var, text, 1e-14);
    CHECK_NEAR(x.text_dof, 12, 0);
    for (int i = 0; i < 5 * K; i++) /* a wave too quick to be looked at */
        y[i] = cos(acos(-1.0) * 40 * (i % K + 0.5) / K);
    lx_crossed_estimate(&(struct lx_crossed_arm){y, 5}, 1, K, &x);
    CHECK_NEAR(x.text_var, 0, 1e-14);
}

/* The same once more by other formulas: the analysis of variance of the table of coefficients. */
static void components_match_the_table_of_squares(void **state)
{
    enum { N = 4, J = 12 };
    double y[N * K], w[N][J], square_waves = 0, square_rest = 0;
    struct lx_crossed x;
    struct lx_rng rng;

    (void)state;
    lx_rng_init(&rng, 5, "table");
    for (int i = 0; i < N * K; i++)
        y[i] = lx_rng_normal(&rng) + (i % K > 20 ? 2 : 0);
    for (int j = 0; j < J; j++) {
        double mean = 0;

        for (int s = 0; s < N; s++) {
            w[s][j] = 0;
            for (int b = 0; b < K; b++)
                w[s][j] += sqrt(2.0 / K) * cos(acos(-1.0) * (j + 1) * (b + 0.5) / K) * y[s * K + b];
            mean += w[s][j] / N;
        }
        square_waves += N * mean * mean / J;
        for (int s = 0; s < N; s++)
            square_rest += (w[s][j] - mean) * (w[s][j] - mean) / ((N - 1) * J);
    }
    lx_crossed_estimate(&(struct lx_crossed_arm){y, N}, 1, K, &x);
    CHECK_NEAR(x.text_var, (square_waves - square_rest) / (N * K), 1e-12);
}

/* p is the probability at which the interval just reaches the bound; both by t of their own. */
static void p_is_the_inverse_of_the_interval(void **state)
{
    const struct lx_crossed x = {
        .effect = 1, .seed_var = 0.04, .seed_dof = 2, .text_var = 0.09, .text_dof = 12};

    (void)state;
    CHECK_NEAR(lx_crossed_half_width(&x, 0.05),
               sqrt(4.3027 * 4.3027 * 0.04 + 2.1788 * 2.1788 * 0.09), 1e-4);
    for (double miss = 1e-6; miss < 0.9; miss *= 3) {
        double half = lx_crossed_half_width(&x, miss);

        CHECK_NEAR(lx_crossed_p(&x, 1 + half) / miss, 1, 1e-9);
        CHECK_NEAR(lx_crossed_p(&x, 1 - half) / miss, 1, 1e-9);
    }
    assert_true(lx_crossed_p(&x, 1) > 0.999);
}

/* ---------------------------------------------------------------------------------- simulation */

struct world {
    const char *name;
    size_t n1, n2;   /* seeds; n2 = 0: within one model */
    double ratio;    /* sd of a seed over sd of the text's mean */
    double likeness; /* correlation of neighbouring blocks */
    int tails;       /* degrees of freedom of all draws; 0: normal */
};

static double draw(struct lx_rng *rng, int tails)
{
    double z = lx_rng_normal(rng), chi = 0;

    if (tails == 0)
        return z;
    for (int i = 0; i < tails; i++) {
        double v = lx_rng_normal(rng);

        chi += v * v;
    }
    return z / sqrt(chi / (tails - 2)); /* sd 1 */
}

/* K numbers, whose mean has a long-run standard deviation of 1. */
static void draw_blocks(struct lx_rng *rng, const struct world *w, double *out)
{
    double r = w->likeness, scale = sqrt(K * (1 - r) / (1 + r));

    for (int b = 0; b < K; b++) {
        double z = draw(rng, w->tails);

        out[b] = b == 0 ? z : r * out[b - 1] + sqrt(1 - r * r) * z;
    }
    for (int b = 0; b < K; b++)
        out[b] *= scale;
}

/* Residuals are half the text's part: what one model finds hard in a text, another does, too. */
static void draw_arm(struct lx_rng *rng, const struct world *w, size_t n, const double *text,
                     double *y)
{
    double residual[K];

    for (size_t s = 0; s < n; s++) {
        double seed = w->ratio * draw(rng, w->tails);

        draw_blocks(rng, w, residual);
        for (int b = 0; b < K; b++)
            y[s * K + (size_t)b] = seed + (text != NULL ? text[b] : 0) + 0.5 * residual[b];
    }
}

/* What is compared with: one t, with degrees of freedom from the two components (Satterthwaite 1946). */
static double satterthwaite(const struct lx_crossed *x, double miss)
{
    double a = x->seed_var, b = x->text_var;
    double dof = (a + b) * (a + b) / (a * a / x->seed_dof + b * b / x->text_dof);

    return lx_t_quantile(miss / 2, dof) * sqrt(a + b);
}

typedef double half_width(const struct lx_crossed *x, double miss);

/* Share of `draws` intervals, that may miss with probability `miss`, in which the truth, 0, lies. */
static double coverage(const struct world *w, int draws, half_width *half, double miss)
{
    double text[K], y1[MOST * K], y2[MOST * K];
    const struct lx_crossed_arm arm[] = {{y1, w->n1}, {y2, w->n2}};
    struct lx_rng rng;
    int inside = 0;

    lx_rng_init(&rng, 1, w->name);
    for (int i = 0; i < draws; i++) {
        struct lx_crossed x;

        draw_blocks(&rng, w, text);
        draw_arm(&rng, w, w->n1, text, y1);
        draw_arm(&rng, w, w->n2, NULL, y2);
        lx_crossed_estimate(arm, w->n2 > 0 ? 2 : 1, K, &x);
        inside += fabs(x.effect) <= half(&x, miss);
    }
    return (double)inside / draws;
}

static const double ratios[] = {0.1, 0.3, 1, 3, 10};
enum { RATIOS = 5 };
static const struct world worlds[] = {
    {"one model", 3, 0, 0, 0, 0},
    {"one model", 5, 0, 0, 0, 0},
    {"one model", 10, 0, 0, 0, 0},
    {"two models", 3, 3, 0, 0, 0},
    {"two models", 5, 5, 0, 0, 0},
    {"two models", 10, 10, 0, 0, 0},
    {"two models", 3, 10, 0, 0, 0},
    {"one model, draws of t(3)", 3, 0, 0, 0, 3},
    {"one model, draws of t(3)", 5, 0, 0, 0, 3},
    {"one model, draws of t(3)", 10, 0, 0, 0, 3},
    {"two models, draws of t(3)", 5, 5, 0, 0, 3},
    {"one model, neighbours 0.3", 3, 0, 0, 0.3, 0},
    {"one model, neighbours 0.3", 5, 0, 0, 0.3, 0},
    {"one model, neighbours 0.3", 10, 0, 0, 0.3, 0},
    {"two models, neighbours 0.3", 5, 5, 0, 0.3, 0},
};
enum { WORLDS = sizeof(worlds) / sizeof(worlds[0]) };

static int draws_asked(void)
{
    const char *asked = getenv("LX_COVERAGE");

    return asked != NULL ? atoi(asked) : 0;
}

/* No case below 93%, but for the chance of a short simulation (three of its standard errors), and all
 * cases together at 94.5%. */
static void intervals_cover(void **state)
{
    int asked = draws_asked(), draws = asked > 0 ? asked : 500, cases = 0;
    double least = 0.93 - (asked > 0 ? 0 : 3 * sqrt(0.05 * 0.95 / draws)), sum = 0;

    (void)state;
    for (size_t i = 0; i < WORLDS; i++)
        for (size_t k = 0; k<RATIOS; k += asked> 0 ? 1 : 2) {
            struct world w = worlds[i];
            double covered;

            w.ratio = ratios[k];
            covered = coverage(&w, draws, lx_crossed_half_width, 0.05);
            if (covered < least)
                fail_msg(
                    "%s, %zu seeds, ratio %g: %.4f of 95%% intervals cover, at least %.4f must",
                    w.name, w.n1, w.ratio, covered, least);
            sum += covered;
            cases++;
        }
    assert_true(sum / cases > 0.945);
}

static void print_row(const struct world *at, int draws, half_width *half, double miss)
{
    struct world w = *at;

    printf("| %s | %zu", w.name, w.n1);
    if (w.n2 > 0)
        printf(" and %zu", w.n2);
    for (size_t k = 0; k < RATIOS; k++) {
        w.ratio = ratios[k];
        printf(" | %.*f", miss < 0.01 ? 2 : 1, 100 * coverage(&w, draws, half, miss));
    }
    printf(" |\n");
}

/* With LX_COVERAGE: the tables of the README. */
static void tables_of_coverage(void **state)
{
    int draws = draws_asked();

    (void)state;
    for (int i = 0; i < 4 && draws > 0; i++) {
        bool own = i % 2 == 0;

        printf("# %s at %s\n", own ? "each its own t" : "Satterthwaite", i < 2 ? "95%" : "99.9%");
        for (size_t k = 0; k < WORLDS; k++)
            print_row(&worlds[k], draws, own ? lx_crossed_half_width : satterthwaite,
                      i < 2 ? 0.05 : 0.001);
    }
}

/* The test can fail: intervals of the seeds alone, as if there were no text, do not cover. */
static void seeds_alone_do_not_cover(void **state)
{
    const struct world w = {"seeds alone", 5, 0, 0.3, 0, 0};
    double y[5 * K], text[K];
    struct lx_rng rng;
    int inside = 0;

    (void)state;
    lx_rng_init(&rng, 1, w.name);
    for (int i = 0; i < 400; i++) {
        struct lx_crossed x;

        draw_blocks(&rng, &w, text);
        draw_arm(&rng, &w, w.n1, text, y);
        lx_crossed_estimate(&(struct lx_crossed_arm){y, w.n1}, 1, K, &x);
        inside += fabs(x.effect) <= sqrt(x.seed_var) * lx_t_quantile(0.025, x.seed_dof);
    }
    assert_true(inside < 400 * 0.7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shares_average_to_the_mean_over_targets),
    cmocka_unit_test(seeds_alone_are_student_and_welch),
    cmocka_unit_test(corners),
    cmocka_unit_test(components_are_told_apart),
    cmocka_unit_test(components_match_the_table_of_squares),
    cmocka_unit_test(p_is_the_inverse_of_the_interval),
    cmocka_unit_test(intervals_cover),
    cmocka_unit_test(tables_of_coverage),
    cmocka_unit_test(seeds_alone_do_not_cover),
};

CHECK_MAIN(tests)
