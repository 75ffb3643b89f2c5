/* NoPE: no positional signal at all.
 *
 * Formula: logit[i][j] = q_i . k_j / sqrt(head_dim). The causal mask alone breaks the symmetry: the
 * average of i + 1 values has a variance that shrinks with i, and later layers can read it.
 * Source: Haviv et al. 2022, arXiv:2203.16634, s. 2; Kazemnejad et al. 2023, arXiv:2305.19466.
 * Past the training length: nothing is undefined, but attention disperses over more keys than were
 * ever seen, so the loss rises after a while.
 * Options: none.
 * Differences from the papers: none. */
#include "encodings/encoding.h"

extern const struct lx_encoding_ops lx_encoding_nope;

const struct lx_encoding_ops lx_encoding_nope = {
    .name = "nope",
    .title = "NoPE",
    .cite = "Haviv et al. 2022, arXiv:2203.16634",
    .formula = "logit = q.k / sqrt(head_dim)",
    .beyond = "defined at any length; attention spreads over more keys than training ever showed",
    .both = LX_BOTH_SAME,
};
