/* Values and gradients of expressions; see expression.h. A tree of nodes is walked, each node working on
 * all lanes at a time; a node that is the same for all lanes has one value. */
#include <math.h>
#include <string.h>

#include "expression/expression_internal.h"

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double relu(double x)
{
    return x > 0 ? x : 0;
}

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

/* Slopes at x, y the value there. */
#define SLOPE(name, expression)                                                                    \
    static double name(double x, double y)                                                         \
    {                                                                                              \
        (void)x;                                                                                   \
        (void)y;                                                                                   \
        return expression;                                                                         \
    }

SLOPE(exp_slope, y)
SLOPE(expm1_slope, y + 1)
SLOPE(log_slope, 1 / x)
SLOPE(log1p_slope, 1 / (1 + x))
SLOPE(log2_slope, 1 / (x * 0.69314718055994530942))
SLOPE(sqrt_slope, 0.5 / y)
SLOPE(abs_slope, sign(x))
SLOPE(sin_slope, cos(x))
SLOPE(cos_slope, -sin(x))
SLOPE(tan_slope, 1 + y * y)
SLOPE(atan_slope, 1 / (1 + x * x))
SLOPE(sinh_slope, cosh(x))
SLOPE(cosh_slope, sinh(x))
SLOPE(tanh_slope, 1 - y * y)
SLOPE(erf_slope, 1.12837916709551257390 * exp(-x * x))
SLOPE(sigmoid_slope, y *(1 - y))
SLOPE(softplus_slope, sigmoid(x))
SLOPE(relu_slope, x > 0 ? 1 : 0)

const struct lx_expr_function lx_expr_function_list[] = {
    {"exp", exp, exp_slope},
    {"expm1", expm1, expm1_slope},
    {"log", log, log_slope},
    {"log1p", log1p, log1p_slope},
    {"log2", log2, log2_slope},
    {"sqrt", sqrt, sqrt_slope},
    {"abs", fabs, abs_slope},
    {"sin", sin, sin_slope},
    {"cos", cos, cos_slope},
    {"tan", tan, tan_slope},
    {"atan", atan, atan_slope},
    {"sinh", sinh, sinh_slope},
    {"cosh", cosh, cosh_slope},
    {"tanh", tanh, tanh_slope},
    {"erf", erf, erf_slope},
    {"sigmoid", sigmoid, sigmoid_slope},
    {"softplus", softplus, softplus_slope},
    {"relu", relu, relu_slope},
    {"floor", floor, NULL},
    {"ceil", ceil, NULL},
    {"round", nearbyint, NULL},
    {"sign", sign, NULL},
    {NULL, NULL, NULL},
};

bool lx_expr_uses(const struct lx_expr *e, int variable)
{
    return e->uses[variable];
}

bool lx_expr_learns(const struct lx_expr *e, int learned)
{
    return e->learns[learned];
}

bool lx_expr_cut(const struct lx_expr *e)
{
    return e->cut;
}

/* One argument of a node, lane by lane. */
struct operand {
    const double *v;
    int step; /* 0: the same for all lanes */
};

static struct operand operand(const struct lx_expr *e, const struct lx_expr_node *n, int i)
{
    const struct lx_expr_node *arg = &e->nodes[n->arg[i]];

    return (struct operand){arg->value, arg->uniform ? 0 : 1};
}

static double pick(double x, double y, enum lx_expr_op op)
{
    switch ((int)op) {
    case OP_LT:
        return x < y;
    case OP_LE:
        return x <= y;
    case OP_GT:
        return x > y;
    case OP_GE:
        return x >= y;
    case OP_EQ:
        return !(x < y) && !(x > y);
    case OP_NE:
        return x < y || x > y;
    case OP_MIN:
        return x < y ? x : y;
    case OP_MAX:
        return x > y ? x : y;
    default:
        return pow(x, y);
    }
}

static void eval_binary(const struct lx_expr *e, struct lx_expr_node *n, int lanes)
{
    struct operand a = operand(e, n, 0), b = operand(e, n, 1);
    double *v = n->value;

    for (int l = 0; l < lanes; l++) {
        double x = a.v[l * a.step], y = b.v[l * b.step];

        switch ((int)n->op) {
        case OP_ADD:
            v[l] = x + y;
            break;
        case OP_SUB:
            v[l] = x - y;
            break;
        case OP_MUL:
            v[l] = x * y;
            break;
        case OP_DIV:
            v[l] = x / y;
            break;
        default:
            v[l] = pick(x, y, n->op);
        }
    }
}

static void eval(struct lx_expr *e, int at);

/* First and last k that any lane wants. */
static void sum_range(struct lx_expr *e, const struct lx_expr_node *n, double *first, double *last)
{
    struct operand from = operand(e, n, 0), to = operand(e, n, 1);

    *first = HUGE_VAL;
    *last = -HUGE_VAL;
    for (int l = 0; l < (n->uniform ? 1 : e->in->n); l++) {
        *first = fmin(*first, ceil(from.v[l * from.step]));
        *last = fmax(*last, floor(to.v[l * to.step]));
    }
    if (*last - *first >= LX_EXPR_TERMS) {
        *last = *first + LX_EXPR_TERMS - 1;
        e->cut = true;
    }
}

static bool within(double k, struct operand from, struct operand to, int l)
{
    return k >= from.v[l * from.step] && k <= to.v[l * to.step];
}

static void eval_sum(struct lx_expr *e, struct lx_expr_node *n, int lanes)
{
    struct operand from = operand(e, n, 0), to = operand(e, n, 1), term = operand(e, n, 2);
    double first, last;

    for (int l = 0; l < lanes; l++)
        n->value[l] = 0;
    sum_range(e, n, &first, &last);
    for (double k = first; k <= last; k++) {
        e->k[n->index] = k;
        eval(e, n->arg[2]);
        for (int l = 0; l < lanes; l++)
            if (within(k, from, to, l))
                n->value[l] += term.v[l * term.step];
    }
}

static void eval_one(struct lx_expr *e, struct lx_expr_node *n, int lanes)
{
    struct operand a = n->arg[0] < 0 ? (struct operand){0} : operand(e, n, 0);
    double *v = n->value;

    for (int l = 0; l < lanes; l++) {
        switch ((int)n->op) {
        case OP_NUMBER:
            v[l] = n->number;
            break;
        case OP_VARIABLE:
            v[l] = n->uniform ? e->in->variables[n->index] : e->in->first + l;
            break;
        case OP_LEARNED:
            v[l] = e->in->learned[n->index];
            break;
        case OP_INDEX:
            v[l] = e->k[n->index];
            break;
        case OP_MINUS:
            v[l] = -a.v[l * a.step];
            break;
        case OP_IF:
            v[l] = a.v[l * a.step] < 0 || a.v[l * a.step] > 0
                       ? operand(e, n, 1).v[l * operand(e, n, 1).step]
                       : operand(e, n, 2).v[l * operand(e, n, 2).step];
            break;
        default:
            v[l] = lx_expr_function_list[n->index].value(a.v[l * a.step]);
        }
    }
}

static void eval(struct lx_expr *e, int at)
{
    struct lx_expr_node *n = &e->nodes[at];
    int lanes = n->uniform ? 1 : e->in->n;

    for (int i = 0; i < 3 && n->arg[i] >= 0; i++)
        if (n->op != OP_SUM || i < 2)
            eval(e, n->arg[i]);
    if (n->op == OP_SUM)
        eval_sum(e, n, lanes);
    else if (n->op >= OP_ADD && n->op <= OP_NE)
        eval_binary(e, n, lanes);
    else
        eval_one(e, n, lanes);
}

static void back(struct lx_expr *e, int at);

/* d value / d argument i, at lane l. */
static double slope(const struct lx_expr *e, const struct lx_expr_node *n, int i, int l)
{
    struct operand a = operand(e, n, 0), b = n->arg[1] < 0 ? a : operand(e, n, 1);
    double x = a.v[l * a.step], y = b.v[l * b.step], v = n->value[l];
    double (*f)(double, double);

    switch ((int)n->op) {
    case OP_MINUS:
        return -1;
    case OP_ADD:
        return 1;
    case OP_SUB:
        return i == 0 ? 1 : -1;
    case OP_MUL:
        return i == 0 ? y : x;
    case OP_DIV:
        return i == 0 ? 1 / y : -v / y;
    case OP_POW:
        return i == 0 ? y * pow(x, y - 1) : x > 0 ? v * log(x) : 0;
    case OP_MIN:
        return (x < y) == (i == 0);
    case OP_MAX:
        return (x > y) == (i == 0);
    case OP_IF:
        return i > 0 && (x < 0 || x > 0) == (i == 1);
    case OP_FUNCTION:
        f = lx_expr_function_list[n->index].slope;
        return f == NULL ? 0 : f(x, v);
    default:
        return 0; /* comparisons */
    }
}

/* Add to the gradient by what a node says at lane l. */
static void give(struct lx_expr_node *to, int l, double amount)
{
    to->by[to->uniform ? 0 : l] += amount;
}

static void back_sum(struct lx_expr *e, struct lx_expr_node *n, int lanes)
{
    struct operand from = operand(e, n, 0), to = operand(e, n, 1);
    struct lx_expr_node *term = &e->nodes[n->arg[2]];
    double first, last;

    sum_range(e, n, &first, &last);
    for (double k = first; k <= last; k++) {
        e->k[n->index] = k;
        eval(e, n->arg[2]);
        memset(term->by, 0, LX_EXPR_BLOCK * sizeof(*term->by));
        for (int l = 0; l < lanes; l++)
            if (within(k, from, to, l))
                give(term, l, n->by[l]);
        back(e, n->arg[2]);
    }
}

static void back(struct lx_expr *e, int at)
{
    struct lx_expr_node *n = &e->nodes[at];
    int lanes = n->uniform ? 1 : e->in->n;

    if (n->op == OP_LEARNED)
        e->dlearned[n->index] += n->by[0];
    if (n->op == OP_SUM) {
        back_sum(e, n, lanes);
        return;
    }
    for (int i = 0; i < 3 && n->arg[i] >= 0; i++) {
        struct lx_expr_node *arg = &e->nodes[n->arg[i]];

        if (!arg->learns)
            continue;
        memset(arg->by, 0, LX_EXPR_BLOCK * sizeof(*arg->by));
        /* No gradient, no product: what is not asked for may be infinite. */
        for (int l = 0; l < lanes; l++)
            if (n->by[l] < 0 || n->by[l] > 0)
                give(arg, l, n->by[l] * slope(e, n, i, l));
        back(e, n->arg[i]);
    }
}

void lx_expr_eval(struct lx_expr *e, const struct lx_expr_input *in, double *out)
{
    const struct lx_expr_node *root = &e->nodes[e->root];

    e->in = in;
    eval(e, e->root);
    for (int l = 0; l < in->n; l++)
        out[l] = root->value[root->uniform ? 0 : l];
}

void lx_expr_back(struct lx_expr *e, const struct lx_expr_input *in, const double *dout,
                  double *dlearned)
{
    struct lx_expr_node *root = &e->nodes[e->root];

    if (!root->learns)
        return;
    e->in = in;
    e->dlearned = dlearned;
    eval(e, e->root);
    memset(root->by, 0, LX_EXPR_BLOCK * sizeof(*root->by));
    for (int l = 0; l < in->n; l++)
        give(root, l, dout[l]);
    back(e, e->root);
}
