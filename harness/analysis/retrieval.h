/* Whether an answer would be given, from the logits of its tokens. */
#ifndef LX_ANALYSIS_RETRIEVAL_H
#define LX_ANALYSIS_RETRIEVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/real.h"

/* logits (n, vocab): row k is what the model says after the question and the answer's first k tokens.
 * True if greedy decoding gives the answer: the largest logit of every row is the answer's token (the
 * first of equals counts). Greedy decoding reads its own tokens, which are the answer's as long as it is
 * right, so no token has to be generated to know. *nll: mean of -ln p(token) in nats. */
bool lx_retrieval_given(const real *logits, int n, int vocab, const uint16_t *answer, double *nll);

#endif
