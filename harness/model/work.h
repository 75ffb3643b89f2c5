/* The working memory of a pass, shared by forward.c and backward.c; everyone else sees it opaque.
 *
 * With `training` each layer keeps its own activations. Without, all layers point at the same
 * buffers and the residual stream is updated in place, so memory does not grow with depth. */
#ifndef LX_MODEL_WORK_H
#define LX_MODEL_WORK_H

#include "model/attention.h"
#include "model/transformer.h"

#define LX_LOSS_ROWS 512 /* rows of logits at a time */

/* Rows are cut into chunks, the tasks of tensor/parallel.h: at least CHUNK_ROWS rows, at most CHUNKS
 * chunks, whatever the number of threads. Each chunk but the first sums the gradients of learned
 * arrays in memory of its own; the sums are added in the order of the chunks. */
#define LX_CHUNK_ROWS 1024
#define LX_CHUNKS 16

struct lx_acts {
    real *x;                             /* (R, D) residual stream entering the layer        */
    real *ln1, *ln2;                     /* (R, D) normalised inputs of attention and MLP    */
    real *mean1, *rstd1, *mean2, *rstd2; /* (R)                             */
    real *qkv;                           /* (R, 3D) q and k rotated                          */
    real *att;                           /* (R, D) attention output, before Wo               */
    real *lse;                           /* (B, H, T)                                        */
    real *mid;                           /* (R, D) residual stream between attention and MLP */
    real *up, *act;                      /* (R, F) before and after GELU                     */
};

struct lx_work {
    int B, T;         /* of the last forward pass                       */
    int max_B, max_T; /* room                                           */
    bool training;
    struct lx_acts *acts;       /* (layers)                                       */
    real *x_out;                /* (R, D) residual stream after the last layer    */
    real *lnf, *meanf, *rstdf;  /* (R, D), (R), (R)                            */
    real *scale, *tau;          /* (T), (H)                                       */
    real *dist, *bias;          /* (H, T) by distance, and reversed               */
    real *scratch;              /* (threads, attention_scratch) attention         */
    size_t attention_scratch;   /* reals                                          */
    real *logits;               /* (threads, LX_LOSS_ROWS, V)                     */
    real *dx, *dh, *dqkv, *dup; /* (R, D), (R, D), (R, 3D), (R, F): training  */
    real *dbias;                /* (B, H, T) reversed: training                   */
    real *partial;              /* (chunks - 1, partial_size) gradients: training */
    size_t partial_size;        /* reals: a layer's arrays, or the embedding's    */
};

/* How many chunks R rows make, and where chunk i lies. */
int lx_work_chunks(int R);
void lx_work_chunk(int R, int i, int *first, int *rows);
/* Where chunk i > 0 sums its gradients. */
real *lx_work_partial(const struct lx_work *w, int i);
/* g (n) += the partial sums of the chunks 1, 2, ... of the last forward pass, in that order. */
void lx_work_add_partials(struct lx_work *w, real *g, size_t n);

/* Ask the stack for everything that holds for layer l; bias and scale are NULL in *a if unset. */
void lx_work_attention(struct lx_model *m, struct lx_work *w, int l, struct lx_attention *a);

/* Gradients of everything, given that of the final states in w->dh. */
void lx_model_backward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens);

#endif
