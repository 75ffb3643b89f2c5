/* Between attention.c, which hands out the work, attention_rows.c and attention_rows_back.c, the path by
 * whole rows, and attention_pair.c, which both paths ask. */
#ifndef LX_ATTENTION_ATTENTION_INTERNAL_H
#define LX_ATTENTION_ATTENTION_INTERNAL_H

#include "attention/attention.h"

#define LX_HEADS_MAX 1024 /* heads of a model */

/* The call for hooks that see sequence b alone. */
struct lx_enc_call lx_attention_call(const struct lx_attention *a, int b);

/* dist is read at differences of positions, between two of its entries where those are not whole. */
bool lx_attention_by_positions(const struct lx_attention *a);

/* Tables by distance: keys up to the query, and without a causal mask those after it. */
int lx_attention_sides(const struct lx_attention *a);

/* Biases of one row and head that are asked pair by pair, those of dist at positions included. Their
 * gradients: dheads (sides, H, reach), sums of the sequence; NULL: not wanted. */
void lx_attention_pair(const struct lx_attention *a, const struct lx_enc_call *c, int h, int i,
                       int j0, int n, real *bias);
void lx_attention_pair_back(const struct lx_attention *a, const struct lx_enc_call *c, int h, int i,
                            int j0, int n, const real *dbias, real *dheads, double *sums);

/* One sequence by rows; the gradients are added to. */
size_t lx_attention_rows_scratch(const struct lx_attention *a, bool training);
void lx_attention_rows_forward(const struct lx_attention *a, int b, real *scratch);
void lx_attention_rows_backward(const struct lx_attention *a, int b, real *scratch,
                                const real *dout, real *dqkv, const struct lx_attention_grads *g);

#endif
