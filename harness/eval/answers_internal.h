/* Shared by answers.c (lengths, sizes, rows), answers_score.c (examples through the model) and
 * answers_guess.c (what a guess has). */
#ifndef LX_EVAL_ANSWERS_INTERNAL_H
#define LX_EVAL_ANSWERS_INTERNAL_H

#include "eval/answers.h"
#include "eval/attention_stats.h"
#include "eval/eval_sums.h"

/* The best constant: at each place of the answer the token that is most frequent there in training. */
struct lx_guess {
    int places, vocab;
    int *count;     /* (places, vocab) */
    uint16_t *best; /* (places) */
    int *total;     /* (places) */
};

/* What examples of one size, or of several, add up to. */
struct lx_answers_sums {
    long long examples, exact, guessed, ends, ended;
    struct lx_eval_mean token, nll, guess_token, guess_nll; /* a window is an example */
};

/* Of all sizes of a length: right tokens by place in the answer, and by how far back it looks. */
struct lx_answers_places {
    struct lx_eval_mean place[LX_EVAL_BINS], reach[LX_EVAL_BINS];
};

/* Examples of one size, and the buffers they go through. */
struct lx_answers_set {
    int n, room;              /* examples; inputs of one at most */
    struct lx_example *item;  /* (n) */
    uint16_t *inputs, *batch; /* (n, 3, room), (B, room) */
    int B;
    real *logits; /* (room, V) */
    struct lx_work *work;
    struct lx_attention_stats *stats; /* NULL: not measured */
};

LX_MUST_CHECK
enum lx_code lx_answers_take(struct lx_answers_set *s, const struct lx_model *m, int n, int room,
                             int batch_tokens, bool attention, struct lx_arena *arena,
                             struct lx_err *err);
/* Draw all examples anew. */
void lx_answers_draw(struct lx_answers_set *s, const struct lx_stream *stream, struct lx_rng *rng,
                     enum lx_split split, int size);
/* Through the model and into the sums; guess and places may be NULL. False: asked to stop. */
bool lx_answers_score(struct lx_answers_set *s, struct lx_model *m, const struct lx_guess *guess,
                      bool (*seen)(void *ctx, double tokens), void *ctx,
                      struct lx_answers_sums *sums, struct lx_answers_places *places);

LX_MUST_CHECK
enum lx_code lx_guess_make(struct lx_guess *g, const struct lx_stream *stream, int size, int room,
                           int vocab, struct lx_example *scratch, struct lx_arena *arena,
                           struct lx_err *err);
void lx_guess_clear(struct lx_guess *g);
/* An example by the guess, into the sums. */
void lx_guess_add(const struct lx_guess *g, const struct lx_example *x,
                  struct lx_answers_sums *sums);

#endif
