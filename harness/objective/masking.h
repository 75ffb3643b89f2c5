/* Masked tokens: which of a sequence are hidden from the model, to be told from what is left.
 *
 * Of n tokens round(share n), at least one, are hidden. With span 1 any set of that size is as likely as
 * any other (Devlin et al. 2019, arXiv:1810.04805, without its random and kept tokens). With a longer span
 * they form runs, round(hidden / span) of them, every way of cutting the hidden and the other tokens into
 * that many runs as likely (the span corruption of Raffel et al. 2020, arXiv:1910.10683, s. 3.1.4 and its
 * code; there a run becomes one token, here each of its tokens stays a place of its own, so that
 * distances stay what they are); the whole is then turned by a random number of tokens, since it would
 * else end in a hidden run.
 * A hidden token reads as the last one of the vocabulary, which no text has. */
#ifndef LX_OBJECTIVE_MASKING_H
#define LX_OBJECTIVE_MASKING_H

#include <stddef.h>
#include <stdint.h>

#include "core/rng.h"

enum lx_objective {
    LX_OBJECTIVE_NEXT,  /* every token is told from those before it */
    LX_OBJECTIVE_MASKED /* hidden tokens are told from the others    */
};

struct lx_masking {
    int objective; /* enum lx_objective                          */
    double share;  /* of the tokens of a sequence that are hidden */
    double span;   /* mean length of a run of them                */
};

/* Fill hidden (n) with 0 and 1. */
void lx_masking_draw(const struct lx_masking *m, struct lx_rng *rng, int n, unsigned char *hidden);

/* What evaluation hides, whatever the length of its windows, the model and the seed: targets from ..
 * from+n-1 of a split, drawn in blocks of `block` targets. room: (block). */
void lx_masking_targets(const struct lx_masking *m, int block, long long from, int n,
                        unsigned char *room, unsigned char *hidden);

/* Hidden tokens of (n) become `mask`. */
void lx_masking_apply(int n, const unsigned char *hidden, uint16_t mask, uint16_t *tokens);

#endif
