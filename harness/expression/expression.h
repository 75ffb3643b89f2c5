/* Expressions: formulas that a user writes, evaluated over a run of values and differentiated exactly.
 *
 *     -r1 * log(1 + r2 * d)          if(d < 16, 0, -slope)          sum(k, 1, 64, cos(d / 10000^(k/64)))
 *
 * Numbers, + - * / ^ (from the right, closer than a sign: -2^2 is -4), comparisons (1 where they hold,
 * else 0), if(condition, then, else), min, max, sum(k, from, to, of k) over whole k, exp expm1 log
 * log1p log2 sqrt abs sin cos tan atan sinh cosh tanh erf sigmoid softplus relu floor ceil round sign, pi, and the names that the caller knows: variables and learned numbers. One
 * variable, the lane, runs over consecutive values; everything else has one value a call.
 *
 * Gradients by learned numbers are by reverse differentiation. floor, ceil, round, sign and comparisons
 * have gradient 0, a kink that of one side, 0^r by r is 0. A branch not taken has no gradient. */
#ifndef LX_EXPRESSION_EXPRESSION_H
#define LX_EXPRESSION_EXPRESSION_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"

#define LX_EXPR_BLOCK 64      /* lanes of one call, at most */
#define LX_EXPR_TERMS 65536   /* terms of one sum, at most: further ones are left out */
#define LX_EXPR_NAME_CHARS 31 /* of a name, at most */

struct lx_expr_names {
    const char *const *variables; /* (n_variables) */
    int n_variables;
    int lane;                   /* which of them runs */
    const char *const *learned; /* (n_learned) */
    int n_learned;
};

/* One call: lanes first, first + 1, ... of the running variable. */
struct lx_expr_input {
    const double *variables; /* (n_variables); that of the lane is not read */
    const double *learned;   /* (n_learned) */
    double first;
    int n; /* lanes, 1 .. LX_EXPR_BLOCK */
};

struct lx_expr;

/* Errors name the column, from 1: "column 7: unknown name "r3" ...". *out is NULL while the arena
 * measures; errors are found all the same. */
LX_MUST_CHECK
enum lx_code lx_expr_parse(const char *text, const struct lx_expr_names *names,
                           struct lx_arena *arena, struct lx_expr **out, struct lx_err *err);

/* A name that a formula can use: letters, digits, _; and not taken by the language. */
bool lx_expr_name_is_free(const char *name);

bool lx_expr_uses(const struct lx_expr *e, int variable);
bool lx_expr_learns(const struct lx_expr *e, int learned);

/* out (n). The expression holds the values it worked with: one caller at a time. */
void lx_expr_eval(struct lx_expr *e, const struct lx_expr_input *in, double *out);

/* Evaluate, then add to dlearned (n_learned) the gradients of sum_l dout[l] value[l]. */
void lx_expr_back(struct lx_expr *e, const struct lx_expr_input *in, const double *dout,
                  double *dlearned);

/* Some sum met more terms than it may since the expression was made. */
bool lx_expr_cut(const struct lx_expr *e);

#endif
