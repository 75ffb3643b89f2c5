/* The transformer: one block layout for every scheme, so that the scheme is the only difference.
 *
 *     x = sqrt(D) E[token]; x += embed hook
 *     each layer:  x += Wo attention(LN1(x)) + bo;   x += W2 gelu(W1 LN2(x) + b1) + b2
 *     logits = LNf(x) E^T
 *
 * Decoder-only or, with attention bidirectional, an encoder; pre-LayerNorm (eps 1e-5), tied embedding (h0 scaled by sqrt(D): Vaswani et al.
 * 2017, arXiv:1706.03762, s. 3.4), tanh GELU. Weights N(0, 2 / (5 D)); the two projections into the
 * residual stream divided by sqrt(2 layers); E ~ N(0, 1/D); biases 0.
 *
 * Shapes: B sequences, T tokens, D width, H heads, F hidden, V vocabulary; rows r = b*T + t. */
#ifndef LX_MODEL_TRANSFORMER_H
#define LX_MODEL_TRANSFORMER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"
#include "kernels/product.h"
#include "stack/stack.h"
#include "tensor/paramset.h"
#include "text/options.h"

struct lx_model_config {
    int layers, d_model, heads, d_ff; /* d_ff 0 in a config: 4 d_model */
    int vocab;                        /* 0 in a config: the dataset's */
    int attention;                    /* enum lx_attention_mask */
};

enum lx_attention_mask {
    LX_ATTENTION_CAUSAL,       /* a query sees the keys up to itself */
    LX_ATTENTION_BIDIRECTIONAL /* it sees all keys; distances are signed */
};

extern const struct lx_option lx_model_options[]; /* the "model" section */

/* Whether a query sees the keys on both sides. */
bool lx_model_both(const struct lx_model_config *c);

/* Relations between options that a table cannot state (heads divides d_model); fills defaults that
 * depend on others (d_ff). Messages begin with the key. */
LX_MUST_CHECK
enum lx_code lx_model_config_check(struct lx_model_config *c, struct lx_err *err);

struct lx_layer {
    struct lx_param *ln1_w, *ln1_b, *qkv_w, *qkv_b, *out_w, *out_b;
    struct lx_param *ln2_w, *ln2_b, *up_w, *up_b, *down_w, *down_b;
};

struct lx_model {
    struct lx_model_config config;
    struct lx_stack stack;
    struct lx_paramset params;
    struct lx_param *embed, *lnf_w, *lnf_b;
    struct lx_layer *layers; /* (config.layers) */
    int train_length, max_length;
    /* (layers, heads) or NULL: multiplies the temperature of the stack's attention logits. For
     * analyses that read the same weights at another temperature. */
    const real *temperature;
    enum lx_precision precision; /* of linear layers and of the head; LX_FLOAT32 from init on */
    bool rows;                   /* all attention row by row: for tests */
    struct lx_enc_draw draw; /* what positions of the next pass depend on; 0 but while training */
};

/* Declare and lay out every array. `stack` is parsed, not yet initialised; its state is kept.
 * with_gradients: for training and probes. Values are zero until filled or loaded. */
LX_MUST_CHECK
enum lx_code lx_model_init(struct lx_model *m, const struct lx_model_config *config,
                           const struct lx_stack *stack, int train_length, int max_length,
                           bool with_gradients, struct lx_arena *arena, struct lx_err *err);

/* Learned numbers, those of the stack included. */
size_t lx_model_parameters(const struct lx_model *m);

/* Floating-point operations of one token at length T, forward, multiply and add counted as two,
 * attention at the causal average T/2 keys, or all T. Training costs three times as much. */
double lx_model_flops(const struct lx_model_config *c, int T);
/* The same where a query sees at most its last w = `window` keys: w - w^2 / 2T on average, T/2 for w
 * from T on. */
double lx_model_flops_windowed(const struct lx_model_config *c, int T, int window);

/* Working memory of forward and backward passes over at most B sequences of at most T tokens. With
 * `training` every layer's activations are kept; without, one layer's, so that memory is linear in
 * T and does not grow with depth. In a measuring arena the bytes are counted and *out is NULL. */
struct lx_work;

LX_MUST_CHECK
enum lx_code lx_work_init(struct lx_work **out, const struct lx_model *m, int B, int T,
                          bool training, struct lx_arena *arena, struct lx_err *err);

/* What an observing forward pass also fills; NULL members are skipped. */
struct lx_observe {
    real *entropy;   /* (B, L, H, T) nats                                   */
    real *max_prob;  /* (B, L, H, T)                                        */
    real *attention; /* (B, L, H, T, T), for probes of short sequences only */
    real *output;    /* (L, B*T, D) what attention adds to the residual stream */
    real *residual;  /* (L + 1, B*T, D) residual stream before each layer, and after the last */
};

/* tokens is (B, T). Leaves the final normalised states in the work; observe may be NULL. */
void lx_model_forward(struct lx_model *m, struct lx_work *w, const uint16_t *tokens, int B, int T,
                      const struct lx_observe *observe);

/* After a forward pass: NLL in nats of targets (B, T) into nll (B, T), double. With a training work
 * and backward = true also the gradient of  sum_r weight[r] * nll[r]  is ADDED to every g of the
 * model (weight NULL: 1/(B*T) each); the input vectors' gradient stays in the work. */
void lx_model_loss(struct lx_model *m, struct lx_work *w, const uint16_t *tokens,
                   const uint16_t *targets, double *nll, const real *weight, bool backward);

/* Bytes of logits that each thread holds at a time for losses: bounded, whatever the vocabulary. */
size_t lx_model_logit_bytes(const struct lx_model_config *c);

/* After a forward pass: logits of rows r0 .. r0+n-1 into out (n, V). */
void lx_model_logits(struct lx_model *m, struct lx_work *w, int r0, int n, real *out);

/* After a backward pass: gradient with respect to the input vectors (after the embed hook),
 * (B*T, D). */
const real *lx_work_input_gradient(const struct lx_work *w);

#endif
