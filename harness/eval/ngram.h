/* Yardsticks: what a table of tokens, pairs and triples of the training split makes of a text.
 *
 * Deleted interpolation (Jelinek and Mercer 1980): with c(h) the times that context h was followed by
 * anything, V tokens in the vocabulary and n in the stream,
 *
 *     p(w | h) = a c(h w)/c(h) + (1 - a) p(w | h'),     h' = h without its oldest token
 *     p(w)     = a c(w)/n + (1 - a)/V
 *
 * with one weight a for each order and octave of c(h): the one that makes the last tenth of the split
 * (65536 tokens at most) likeliest by the counts of what is before it. Then that tenth is counted, too. A
 * context that was never seen says what the shorter one says. The probabilities of all tokens sum to
 * one. Everything is sparse, so that memory goes with the different triples, not with V^3. */
#ifndef LX_EVAL_NGRAM_H
#define LX_EVAL_NGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define LX_NGRAM_ORDERS 3         /* unigrams, bigrams, trigrams */
#define LX_NGRAM_TRIGRAM_IDS 4096 /* vocabularies above it have no trigrams */

struct lx_ngram;

/* Metrics of their mean cost: "nll_unigram", "nll_bigram", "nll_trigram". order: from 1. */
const char *lx_ngram_metric(int order);

/* Count the n tokens of the training split, all below vocab. Free with lx_ngram_free. */
LX_MUST_CHECK
enum lx_code lx_ngram_count(struct lx_ngram **out, const uint16_t *tokens, size_t n, int vocab,
                            struct lx_err *err);
void lx_ngram_free(struct lx_ngram *g); /* NULL: nothing to do */

/* Orders that were counted: 3, or 2 with a vocabulary of more than LX_NGRAM_TRIGRAM_IDS. */
int lx_ngram_orders(const struct lx_ngram *g);

/* Bytes it holds. */
size_t lx_ngram_bytes(const struct lx_ngram *g);

/* Cost in nats of token *target under each order, where the reader sees the `context` tokens before
 * it in memory and no more. nll has LX_NGRAM_ORDERS places; orders that were not counted are left alone. */
void lx_ngram_score(const struct lx_ngram *g, const uint16_t *target, int context, double *nll);

#endif
