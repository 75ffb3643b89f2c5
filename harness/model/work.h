/* The working memory of a pass, shared by forward.c and backward.c; everyone else sees it opaque.
 *
 * With `training` each layer keeps its own activations. Without, all layers point at the same
 * buffers and the residual stream is updated in place, so memory does not grow with depth. */
#ifndef LX_MODEL_WORK_H
#define LX_MODEL_WORK_H

#include "attention/attention.h"
#include "model/transformer.h"

/* Rows of logits at a time, by the vocabulary: LX_LOSS_ROWS, fewer where they would be more than
 * LX_LOSS_LOGITS numbers (32 MB in float), 16 at least. A thread never holds more of the output layer. */
#define LX_LOSS_ROWS 512
#define LX_LOSS_LOGITS (1 << 23)
int lx_loss_rows(int vocab);

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
    real *scale;                         /* (B, H, T) where the stack has factors on rows    */
    double *key;                         /* (B, H, T) where the stack has biases of keys     */
    double *state;                       /* (B, n_state) where a scheme carries one          */
    real *mid;                           /* (R, D) residual stream between attention and MLP */
    real *up, *act;                      /* (R, F) before and after GELU                     */
};

struct lx_work {
    int B, T;         /* of the last forward pass                       */
    int max_B, max_T; /* room                                           */
    bool training;
    bool both;                 /* no causal mask; tables by distance have two sides then */
    struct lx_acts *acts;      /* (layers)                                       */
    real *x_out;               /* (R, D) residual stream after the last layer    */
    real *lnf, *meanf, *rstdf; /* (R, D), (R), (R)                            */
    real *tau;                 /* (H)                                            */
    /* Where some scheme of the stack has the hook, else NULL */
    double *pos, *pos_embed;    /* (B, T) positions                               */
    double *distances;          /* (T) what a distance becomes                    */
    int placed;                 /* LX_POS_... of the last pass                    */
    int reach, max_reach;       /* positions are below it; T without              */
    real *dist, *mul;           /* (sides, H, max_reach) by distance              */
    real *table;                /* (H, max_reach) the same before distances change */
    real *reversed;             /* (2, H, T)                                      */
    real *sink;                 /* (H)                                            */
    real *whole;                /* (H, T)                                         */
    double *maps;               /* (products, 2, T)                               */
    int *first;                 /* (T)                                            */
    real *scratch;              /* (threads, attention_scratch) attention         */
    size_t attention_scratch;   /* reals                                          */
    real *logits;               /* (threads, lx_loss_rows(V), V)                  */
    real *dx, *dh, *dqkv, *dup; /* (R, D), (R, D), (R, 3D), (R, F): training  */
    /* Training, the same way */
    real *ddist, *dmul;            /* (B, sides, H, max_reach)                       */
    real *dscale, *dwhole, *spare; /* (B, H, T), (threads, H, max_reach)             */
    double *dkey, *dsink, *sums;   /* (B, H, T), (B, H), (B, n_sums)                */
    size_t n_sums;                 /* of a sequence in the last pass                 */
    real *dln1;                    /* (R, D) what hooks send back to the layer's input */
    real *partial;                 /* (chunks - 1, partial_size) gradients: training */
    size_t partial_size;           /* reals: a layer's arrays, or the embedding's    */
};

/* How many chunks R rows make, and where chunk i lies. */
int lx_work_chunks(int R);
void lx_work_chunk(int R, int i, int *first, int *rows);
/* Where chunk i > 0 sums its gradients. */
real *lx_work_partial(const struct lx_work *w, int i);
/* g (n) += the partial sums of the chunks 1, 2, ... of the last forward pass, in that order. */
void lx_work_add_partials(struct lx_work *w, real *g, size_t n);

/* Whether a pass may take the layer of the call row by row, at the stack's progress. */
bool lx_model_by_rows(const struct lx_model *m, const struct lx_enc_call *c);

/* What layer_hooks.c does with the stack. begin: sets up a pass, positions included. The call of layer
 * l (-1: embed) for sequences b .. b+B-1. */
void lx_work_begin(struct lx_model *m, struct lx_work *w, const uint16_t *tokens, int B, int T);
struct lx_enc_call lx_work_call(const struct lx_work *w, int l, int b, int B);
/* Whether layer l goes row by row; q and k are then left as they are projected. */
bool lx_work_by_rows(const struct lx_model *m, const struct lx_work *w, int l);
/* The products of queries and keys of a layer (c NULL: of any): sets products, width and turned. */
void lx_work_products(const struct lx_model *m, const struct lx_enc_call *c,
                      struct lx_attention *a);
/* After q, k and v are there: turns q and k, asks for what depends on the layer's input. */
void lx_work_sequences(struct lx_model *m, struct lx_work *w, int l);
/* Ask for everything else that holds for layer l. */
void lx_work_attention(struct lx_model *m, struct lx_work *w, int l, struct lx_attention *a);
/* Where attention shall put the gradients of the layer's hooks; then: hands them on and turns back those
 * of q and k. Returns whether dln1 holds a gradient of the layer's input. */
struct lx_attention_grads lx_work_grads(const struct lx_model *m, struct lx_work *w, int l);
bool lx_work_hooks_back(struct lx_model *m, struct lx_work *w, int l,
                        const struct lx_attention_grads *g);

/* Gradients of everything, given that of the final states in w->dh. */
void lx_model_backward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens);

#endif
