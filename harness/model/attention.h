/* Causal attention over one layer: every head of every sequence by the streaming kernels of
 * tensor/attention_head.h. Entropy and max-probability come from the same pass: with s the logits of
 * a row and p their softmax,
 *     H = logsumexp(s) - sum p s,     max p = exp(max s - logsumexp(s)).
 * The formula of a logit is that of encodings/encoding.h. */
#ifndef LX_MODEL_ATTENTION_H
#define LX_MODEL_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/real.h"

struct lx_attention {
    int B, T, H, head_dim;
    const real *qkv; /* (B*T, 3D): q of all heads, k of all heads, v of all heads; rotated       */
    const real
        *scale;       /* (T) factor a query row, NULL: 1                                          */
    const real *tau;  /* (H)                                                                      */
    const real *bias; /* (H, T) by distance, REVERSED: bias[h*T + T-1-d]; NULL: none. Reversed so
                        * that a row's biases lie in the order of its keys                         */
    int window;       /* keys visible to a query, itself included; >= T: all                      */
    real *scratch;    /* (threads, scratch_size), scratch_size: lx_attention_scratch()            */
    size_t scratch_size;
    /* Results */
    real *out;      /* (B*T, D)                                                                   */
    real *lse;      /* (B, H, T) logsumexp of each row, NULL: not kept                            */
    real *entropy;  /* NULL, or base of (T) rows: sequence b, head h at b*observe_stride + h*T    */
    real *max_prob; /* the same                                                                   */
    real
        *attention; /* NULL, or base of (T, T) matrices: b*observe_stride*T + h*T*T               */
    size_t observe_stride;
};

/* Reals of scratch for sequences of T tokens; `training`: for the backward pass too. */
size_t lx_attention_scratch(int T, int head_dim, bool training);

void lx_attention_forward(const struct lx_attention *a);

/* dout (B*T, D), out and lse as the forward pass left them; dqkv (B*T, 3D) is assigned; dbias
 * (B, H, T) reversed like bias, added to, NULL: not wanted: each sequence has its own, since they are
 * taken in any order. */
void lx_attention_backward(const struct lx_attention *a, const real *dout, real *dqkv, real *dbias);

#endif
