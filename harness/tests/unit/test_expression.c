/* The language of formulas: values, precedence, errors by column, gradients against differences. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "expression/expression.h"

static const char *const variables[] = {"d", "h", "H"}, *const learned[] = {"a", "b_2"};
static const struct lx_expr_names names = {
    .variables = variables, .n_variables = 3, .lane = 0, .learned = learned, .n_learned = 2};

/* Value at lane d, with h = 1, H = 4, a = 0.7, b_2 = -1.3. */
static double value_at(const char *text, double d)
{
    const double values[] = {-99, 1, 4}, numbers[] = {0.7, -1.3};
    const struct lx_expr_input in = {
        .variables = values, .learned = numbers, .first = d - 2, .n = 3};
    double out[3];
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;

    if (lx_expr_parse(text, &names, &arena, &e, &err) != LX_OK)
        fail_msg("%s: %s", text, err.text);
    lx_expr_eval(e, &in, out);
    lx_arena_free(&arena);
    return out[2];
}

static void values_and_precedence(void **state)
{
    static const struct {
        const char *text;
        double want; /* at d = 5 */
    } cases[] = {
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"-2^2", -4},
        {"2^-1", 0.5},
        {"2^3^2", 512},
        {"8 / 4 / 2", 1},
        {"8 - 4 - 2", 2},
        {"--d", 5},
        {"+-+d", -5},
        {"1.5e1 + .5", 15.5},
        {"1e-2*1E+2", 1},
        {"d*h/H", 1.25},
        {"a + b_2", -0.6},
        {"d < 5", 0},
        {"d <= 5", 1},
        {"d > 4", 1},
        {"d >= 6", 0},
        {"d == 5", 1},
        {"d != 5", 0},
        {"1 + (d > 3) * 2", 3},
        {"if(d > 3, 10, 20)", 10},
        {"if(d - 5, 10, 20)", 20},
        {"if(d < 3, 1 / 0, 7)", 7},
        {"min(d, 3) + max(d, 30)", 33},
        {"sum(k, 1, 4, k^2)", 30},
        {"sum(k, 1, d, k)", 15},
        {"sum(k, 0.5, 2.5, k)", 3},
        {"sum(k, 3, 1, 1)", 0},
        {"sum(k, 1, 3, sum(m, 1, k, k*m))", 25},
        {"sum(d, 1, 2, d) + d", 8},
        {"floor(2.7) + ceil(2.2) + round(2.5) + sign(-3)", 6},
        {"sqrt(16) + abs(-1) + relu(-2) + relu(2)", 7},
        {"exp(log(3)) + log2(8)", 6},
        {"log1p(expm1(2))", 2},
        {"sin(0) + cos(0) + tan(0) + atan(0) + sinh(0) + cosh(0) + tanh(0) + erf(0)", 2},
        {"sigmoid(0) + softplus(0)", 0.5 + 0.69314718055994531},
        {"softplus(800) + softplus(-800)", 800},
        {"cos(pi)", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double got = value_at(cases[i].text, 5);

        if (!(fabs(got - cases[i].want) <= 1e-12))
            fail_msg("%s: %.17g, must be %.17g", cases[i].text, got, cases[i].want);
    }
}

static void errors_name_the_column(void **state)
{
    static const char *const cases[][2] = {
        {"", "column 1: a number, a name or \"(\" expected, got the end"},
        {"-c*d", "column 2: unknown name \"c\" (known here: d h H a b_2)"},
        {"1 + cso(d)", "column 5: unknown name \"cso\" (did you mean \"cos\"?)"},
        {"-d*(2", "column 6: \")\" expected, got the end"},
        {"2d", "column 1: not a number"},
        {"d + 1.2.3", "column 5: not a number"},
        {"1e999", "column 1: not a number"},
        {"d d", "column 3: an operator or the end expected, got \"d\""},
        {"d < 2 < 3", "column 7: an operator or the end expected"},
        {"max(d)", "column 6: \",\" expected, got \")\""},
        {"exp(d, 2)", "column 6: \")\" expected, got \", 2)\""},
        {"exp d", "column 5: \"(\" expected, got \"d\""},
        {"sum(3, 1, 2, d)", "column 5: the name of the sum's variable expected, got \"3"},
        {"sum(k, 1, a, k)", "column 11: an end of a sum must not depend on learned numbers"},
        {"sum(k, 1, 2, k) + k", "column 19: unknown name \"k\""},
        {"a = 2", "column 3: an operator or the end expected, got \"= 2\""},
        {"$", "column 1: a number, a name or \"(\" expected, got \"$\""},
        {"a_name_that_is_too_long_for_a_name_", "column 1: the name is too long"},
    };
    char deep[400];
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_FAILS(lx_expr_parse(cases[i][0], &names, &arena, &e, &err), LX_ECONFIG, cases[i][1]);
    memset(deep, '(', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    CHECK_FAILS(lx_expr_parse(deep, &names, &arena, &e, &err), LX_ECONFIG, "nested too deeply");
    memset(deep, '-', sizeof(deep) - 1);
    CHECK_FAILS(lx_expr_parse(deep, &names, &arena, &e, &err), LX_ECONFIG, "nested too deeply");
    lx_arena_free(&arena);
}

static void long_expressions_are_refused(void **state)
{
    char text[5000];
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;
    size_t n = 0;

    (void)state;
    for (n = 0; n < 1800; n += 2)
        memcpy(text + n, "d+", 2);
    memcpy(text + n, "d", 2);
    CHECK_FAILS(lx_expr_parse(text, &names, &arena, &e, &err), LX_ECONFIG, "too long");
    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK_FAILS(lx_expr_parse(text, &names, &arena, &e, &err), LX_ECONFIG,
                "at most 4096 characters");
    lx_arena_free(&arena);
}

static double weighted(struct lx_expr *e, struct lx_expr_input *in, const double *weight)
{
    double out[LX_EXPR_BLOCK], sum = 0;

    lx_expr_eval(e, in, out);
    for (int l = 0; l < in->n; l++)
        sum += weight[l] * out[l];
    return sum;
}

/* Reverse differentiation against four-point differences, for both learned numbers. */
static void check_gradient(const char *text)
{
    static const double at[] = {-2, -1, 1, 2}, factor[] = {1, -8, 8, -1};
    const double values[] = {0, 1, 4}, step = 1e-3;
    double numbers[] = {0.7, 1.3}, weight[LX_EXPR_BLOCK], got[2] = {10, 20};
    struct lx_expr_input in = {.variables = values, .learned = numbers, .first = 1, .n = 9};
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;

    for (int l = 0; l < LX_EXPR_BLOCK; l++)
        weight[l] = sin(3 * l + 1);
    CHECK_OK(lx_expr_parse(text, &names, &arena, &e, &err));
    lx_expr_back(e, &in, weight, got);
    for (int k = 0; k < 2; k++) {
        double kept = numbers[k], want = 0;

        for (int i = 0; i < 4; i++) {
            numbers[k] = kept + at[i] * step;
            want += factor[i] * weighted(e, &in, weight) / (12 * step);
        }
        numbers[k] = kept;
        if (!(fabs(got[k] - 10 * (k + 1) - want) <= 1e-8 * (1 + fabs(want))))
            fail_msg("%s: by %s: %.12g, must be %.12g", text, learned[k], got[k] - 10 * (k + 1),
                     want);
    }
    lx_arena_free(&arena);
}

static void gradients_are_exact(void **state)
{
    static const char *const cases[] = {
        "a",
        "-a*d",
        "a + b_2",
        "a - b_2*d",
        "a*b_2",
        "d/(a + b_2*d)",
        "a/b_2",
        "a^b_2",
        "d^a",
        "(a + d)^(b_2/3)",
        "0^a + a",
        "min(a*d, b_2)",
        "max(a*d, 4*b_2)",
        "if(d < 4, a, b_2*d)",
        "if(d < 4, a, 1/(d - 4)^(-b_2))",
        "(d < 4)*a",
        "exp(-a*d)",
        "expm1(a)",
        "log(1 + a*d)",
        "log1p(a*d^b_2)",
        "log2(a + d)",
        "sqrt(a*d)",
        "abs(a*d - 3.1)",
        "sin(a*d)",
        "cos(b_2*d)",
        "tan(a/3)",
        "atan(a*d)",
        "sinh(a)",
        "cosh(b_2)",
        "tanh(a*d/4)",
        "erf(a*d/4)",
        "sigmoid(a - b_2*d)",
        "softplus(a*d - 3)",
        "relu(a*d - 3.1)",
        "floor(a*d) + b_2",
        "ceil(a) + round(b_2) + sign(a)*b_2",
        "sum(k, 1, 5, cos(a*k*d/9) / (b_2 + k))",
        "sum(k, 1, d, a^k)",
        "sum(k, 1, 3, sum(m, 0, k, a*m + b_2^k*d))",
        "exp(sum(k, 1, 3, a/k)) * sum(k, 1, 2, b_2*k*d)",
        "-a*log(1 + b_2*d) - sum(k, 0, 3, 0.1*max(a*k, b_2))",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_gradient(cases[i]);
}

/* The same whatever lanes are asked for at a time. */
static void lanes_do_not_know_each_other(void **state)
{
    static const char text[] = "sum(k, 1, min(d, 6), cos(a*k*d)) + if(d < 20, b_2, d^a)";
    const double values[] = {0, 1, 4}, numbers[] = {0.7, 1.3};
    double all[LX_EXPR_BLOCK], one;
    struct lx_expr_input in = {
        .variables = values, .learned = numbers, .first = 0, .n = LX_EXPR_BLOCK};
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_expr_parse(text, &names, &arena, &e, &err));
    lx_expr_eval(e, &in, all);
    in.n = 1;
    for (int l = 0; l < LX_EXPR_BLOCK; l++) {
        in.first = l;
        lx_expr_eval(e, &in, &one);
        CHECK_NEAR(one, all[l], 0);
    }
    lx_arena_free(&arena);
}

static void what_an_expression_uses(void **state)
{
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_expr_parse("d + a*sum(k, 1, 70000, H)", &names, &arena, &e, &err));
    assert_true(lx_expr_uses(e, 0) && !lx_expr_uses(e, 1) && lx_expr_uses(e, 2));
    assert_true(lx_expr_learns(e, 0) && !lx_expr_learns(e, 1));
    assert_false(lx_expr_cut(e));
    assert_true(lx_expr_name_is_free("r1") && lx_expr_name_is_free("_x"));
    assert_false(lx_expr_name_is_free("exp") || lx_expr_name_is_free("sum") ||
                 lx_expr_name_is_free("1r") || lx_expr_name_is_free("") ||
                 lx_expr_name_is_free("a b"));
    lx_arena_free(&arena);
}

static void too_many_terms_are_told(void **state)
{
    const double values[] = {0, 1, 4}, numbers[] = {1, 1};
    const struct lx_expr_input in = {.variables = values, .learned = numbers, .n = 2};
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;
    double out[2];

    (void)state;
    CHECK_OK(lx_expr_parse("sum(k, 1, 70000, 1)", &names, &arena, &e, &err));
    lx_expr_eval(e, &in, out);
    assert_true(lx_expr_cut(e));
    CHECK_NEAR(out[0], LX_EXPR_TERMS, 0);
    lx_arena_free(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_and_precedence),        cmocka_unit_test(errors_name_the_column),
    cmocka_unit_test(long_expressions_are_refused), cmocka_unit_test(gradients_are_exact),
    cmocka_unit_test(lanes_do_not_know_each_other), cmocka_unit_test(what_an_expression_uses),
    cmocka_unit_test(too_many_terms_are_told),
};

CHECK_MAIN(tests)
