/* Causal attention of one head over one sequence, streaming, forward and backward.
 *
 *     s[i][j] = (f_i mul[i - j] q_i . k_j + bias[i - j] + key[j] - key[i] + pair(i, j)) / tau
 *     p = softmax(s)        out_i = sum_j p[i][j] v_j     f_i = factor * scale[i]
 *
 * for the keys j <= i that are seen: i - window < j, or first[i] <= j or j < always. A sink adds
 * exp(sink) to the sum of each row and nothing to its output; the entropy is -sum p ln p over keys.
 *
 * Keys are taken in tiles that stay in the cache, and the softmax of a row is carried from tile to
 * tile: running maximum m, sum of exp(s - m) and sum of exp(s - m) (s - m), the last one for the
 * entropy (the recurrence of Milakov and Gimelshein 2018, arXiv:1805.02867, used like this by Dao et
 * al. 2022, arXiv:2205.14135). The backward pass computes the scores again from the logsumexp of
 * each row. Nothing is of size T x T but what `attention` asks for. */
#ifndef LX_KERNELS_ATTENTION_HEAD_H
#define LX_KERNELS_ATTENTION_HEAD_H

#include <stdbool.h>
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
    const int *first;  /* (T) the first key that a query sees, not falling; NULL: by window  */
    int always;        /* the first keys that all queries see, whatever first says           */
    /* The rarer parts; NULL: none */
    const real *mul;   /* (T) reversed like bias                                             */
    const double *key; /* (T) in double: large sums of which only differences count          */
    void (*pair)(void *ctx, int i, int j0, int n, real *bias); /* bias[j - j0] += ...          */
    void (*pair_back)(void *ctx, int i, int j0, int n, const real *dbias);
    void *ctx;
    const real *sink;
    bool dense;       /* leave nothing out: for tests, the numbers are the same              */
    size_t *left_out; /* strips that were left out are counted here; NULL: not wanted        */
    real *scratch;    /* lx_attention_head_scratch() reals                                  */
    real *out;
    real *lse;                /* (T) logsumexp of each row, NULL: not kept by the forward pass  */
    real *entropy, *max_prob; /* (T), NULL: not wanted                                          */
    real *attention;          /* (T, T), NULL: not wanted                                       */
    /* Backward; out and lse as the forward pass left them */
    const real *dout;
    real *dq, *dk, *dv; /* assigned                                                          */
    real *dbias;        /* (T) reversed, added to; NULL: not wanted                          */
    real *dmul;         /* the same                                                          */
    real *dscale;       /* (T) assigned; NULL: not wanted                                    */
    double *dkey;       /* (T) added to; NULL: not wanted                                    */
    double *dsink;      /* added to; NULL: not wanted                                        */
};

#endif
