/* Causal attention of one head over one sequence, streaming, forward and backward.
 *
 *     s[i][j] = (f_i q_i . k_j + bias[i - j]) / tau       for i - window < j <= i
 *     p = softmax(s)        out_i = sum_j p[i][j] v_j     f_i = factor * scale[i]
 *
 * Keys are taken in tiles that stay in the cache, and the softmax of a row is carried from tile to
 * tile: running maximum m, sum of exp(s - m) and sum of exp(s - m) (s - m), the last one for the
 * entropy (the recurrence of Milakov and Gimelshein 2018, arXiv:1805.02867, used like this by Dao et
 * al. 2022, arXiv:2205.14135). The backward pass computes the scores again from the logsumexp of
 * each row. Nothing is of size T x T but what `attention` asks for. */
#ifndef LX_TENSOR_ATTENTION_HEAD_H
#define LX_TENSOR_ATTENTION_HEAD_H

#include <stddef.h>

#include "core/real.h"

enum { LX_ATTENTION_BLOCK = 64 }; /* queries at a time */
enum { LX_ATTENTION_TILE = 64 };  /* keys at a time    */

struct lx_attention_head {
    int T, d;          /* tokens, channels of a head                                        */
    int window;        /* keys visible to a query, itself included; >= T: all               */
    size_t stride;     /* from row to row of q, k, v, dq, dk, dv                            */
    size_t out_stride; /* from row to row of out and dout                                   */
    const real *q, *k, *v;
    real factor, tau;
    const real *scale; /* (T), NULL: 1                                                      */
    const real *bias;  /* (T) reversed: distance e at [T-1-e], so that a row's biases lie in the
                        * order of its keys; NULL: none                                      */
    real *scratch;     /* lx_attention_head_scratch() reals                                  */
    real *out;
    real *lse;                /* (T) logsumexp of each row, NULL: not kept by the forward pass  */
    real *entropy, *max_prob; /* (T), NULL: not wanted                                          */
    real *attention;          /* (T, T), NULL: not wanted                                       */
    /* Backward; out and lse as the forward pass left them */
    const real *dout;
    real *dq, *dk, *dv; /* assigned                                                          */
    real *dbias;        /* (T) reversed, added to; NULL: not wanted                          */
};

#endif
