/* What expression_parse.c makes and expression.c evaluates; everyone else wants expression.h. */
#ifndef LX_EXPRESSION_EXPRESSION_INTERNAL_H
#define LX_EXPRESSION_EXPRESSION_INTERNAL_H

#include "expression/expression.h"

enum lx_expr_op {
    OP_NUMBER,
    OP_VARIABLE,
    OP_LEARNED,
    OP_INDEX, /* the variable of a sum */
    OP_MINUS,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_POW,
    OP_MIN,
    OP_MAX,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_EQ,
    OP_NE,
    OP_IF,
    OP_SUM, /* arg: from, to, the terms */
    OP_FUNCTION
};

#define LX_EXPR_NODES 512 /* of one expression */
#define LX_EXPR_SUMS 8    /* one within the other */

struct lx_expr_node {
    enum lx_expr_op op;
    int arg[3];
    double number;
    int index;          /* variable, learned number, function, or the sum's place */
    bool uniform;       /* one value for all lanes */
    bool learns;        /* some learned number reaches it */
    double *value, *by; /* (LX_EXPR_BLOCK); `by`: the gradient */
};

struct lx_expr {
    struct lx_expr_node *nodes; /* arguments before what uses them */
    int n, root;
    int n_variables, n_learned;
    bool *uses, *learns;
    bool cut;
    /* Of the call that runs. */
    const struct lx_expr_input *in;
    double k[LX_EXPR_SUMS];
    double *dlearned;
};

struct lx_expr_function {
    const char *name;
    double (*value)(double x);
    double (*slope)(double x, double y); /* y = value(x); NULL: 0 */
};

extern const struct lx_expr_function lx_expr_function_list[]; /* ends with a NULL name */

#endif
