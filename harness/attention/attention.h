/* Attention over one layer: every head of every sequence, by the streaming kernels of
 * kernels/attention_head.h, which are causal, or, with `rows`, row by row in attention_rows.c. Entropy and max-probability come from the same pass: with p the weights of
 * a row,
 *     H = -sum p ln p,     max p,     over its keys.
 * The formula of a logit is that of encodings/encoding.h. Tables are by distance here and everywhere
 * else; how the kernels want them is known to attention.c alone. */
#ifndef LX_ATTENTION_ATTENTION_H
#define LX_ATTENTION_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/real.h"
#include "stack/stack.h"

#define LX_PRODUCTS_MAX 4 /* of a remap */

struct lx_attention {
    int B, T, H, head_dim;
    const real *qkv;     /* (B*T, 3D): q of all heads, k of all heads, v of all heads; rotated   */
    const real *tau;     /* (H)                                                                  */
    const real *scale;   /* (B, H, T) factor a query row, NULL: 1                                */
    size_t scale_stride; /* reals from sequence to sequence; 0: the same for all                 */
    const real *dist;    /* (sides, H, reach) by distance; NULL: none                            */
    const real *mul;     /* (sides, H, reach) by distance; NULL: 1                               */
    int reach;           /* T, or with positions what they are below                             */
    const double *key;   /* (B, H, T); NULL: none                                                */
    const real *sink;    /* (H); NULL: none                                                      */
    int window;          /* keys visible on a side of a query, itself included; >= T: all        */
    const int *first;    /* (T) the first key that a query sees; NULL: by window                 */
    int always;          /* the first keys that all queries see                                  */
    /* What the stack is asked pair by pair, and the positions of call, NULL: dist by tokens */
    const struct lx_stack *stack;
    struct lx_enc_call call;
    bool pair;      /* there are hooks of that name */
    size_t n_sums;  /* doubles of a sequence        */
    real *reversed; /* (2, H, T) for attention.c where dist or mul are set                  */
    real *scratch;  /* (threads, scratch_size), scratch_size: lx_attention_scratch()        */
    size_t scratch_size;
    /* Row by row; q and k of qkv are then not rotated yet */
    bool rows;
    const real *whole; /* (H, T) factor on content and biases; NULL: 1                           */
    int products, width; /* products of queries and keys, channels of a head in them             */
    bool turned;         /* they are not of q and k as they are                                  */
    const double *maps;  /* (products, 2, T) positions of queries and keys; NULL: those of call  */
    bool values;         /* there are hooks of the value side                                    */
    double *state;       /* (B, n_state) NULL: none                                              */
    size_t n_state;
    /* Results */
    real *out;       /* (B*T, D)                                                                  */
    real *lse;       /* (B, H, T) logsumexp of each row, sink included; NULL: not kept            */
    real *entropy;   /* NULL, or base of (T) rows: sequence b, head h at b*observe_stride + h*T   */
    real *max_prob;  /* the same                                                                  */
    real *attention; /* NULL, or base of (T, T) matrices: b*observe_stride*T + h*T*T              */
    size_t observe_stride;
};

/* What the backward pass gives besides dqkv; NULL: not wanted. All are assigned. */
struct lx_attention_grads {
    real *dist;   /* room for (B, sides, H, reach); the gradient is the first of B  */
    real *mul;    /* the same                                                       */
    real *scale;  /* (B, H, T)                                                      */
    real *whole;  /* (B, H, T)                                                      */
    double *key;  /* (B, H, T)                                                      */
    double *sink; /* room for (B, H); the gradient is the first (H)                 */
    double *sums; /* (B, n_sums) those of pair_back, 0 before                       */
};

/* Reals of scratch for T, H, head_dim, rows, products, width and turned; `training`: for the
 * backward pass too. */
size_t lx_attention_scratch(const struct lx_attention *a, bool training);

/* Where the table of head h for keys up to the query, or after it, begins in dist, in mul and in the
 * gradients of one sequence. */
size_t lx_attention_side(const struct lx_attention *a, bool ahead, int h);

void lx_attention_forward(const struct lx_attention *a);

/* dout (B*T, D), out and lse as the forward pass left them; dqkv (B*T, 3D) is assigned. */
void lx_attention_backward(const struct lx_attention *a, const real *dout, real *dqkv,
                           const struct lx_attention_grads *g);

#endif
