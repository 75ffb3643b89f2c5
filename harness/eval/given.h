/* Whether a token would be said, from its logits.
 *
 * Greedy decoding reads its own tokens. As long as it is right these are the answer's, and once it is
 * wrong the answer is: so an answer is given exactly when every of its tokens has the largest logit after
 * the answer's tokens before it, and one pass over the true answer tells. */
#ifndef LX_EVAL_GIVEN_H
#define LX_EVAL_GIVEN_H

#include <stdbool.h>

#include "core/real.h"

/* True if `token` has the largest of logits (vocab), the first of equals; *nll: -ln p(token) in nats. */
bool lx_given(const real *logits, int vocab, int token, double *nll);

#endif
