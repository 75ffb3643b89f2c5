/* Probe: one forward pass (and backward) of a checkpoint, every tensor written out, so that other
 * implementations can be compared with this one, number by number. */
#ifndef LX_PROBE_PROBE_H
#define LX_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct lx_probe_options {
    const char *checkpoint; /* path                                                              */
    const char *tokens; /* path: safetensors with `tokens` I32 (B, T+1), or text (bytes), .gz too */
    const char *out;    /* path of the safetensors that is written                           */
    const char *stack_json; /* NULL, or a JSON list: the stack to use in place of the trained one */
    int precision;          /* enum lx_precision */
    bool grad;              /* gradients of the mean NLL and input_grad_share                    */
    bool attention;         /* attention matrices (B, L, H, T, T)                                */
    size_t memory_limit;    /* bytes of what is written, 0: no limit                         */
};

/* Writes logits (B,T,V), nll (B,T), entropy (B,L,H,T), max_prob (B,L,H,T); with attention
 * `attention`; with grad `grad.<array>` of the mean NLL over all targets, and input_grad_share (B,T):
 * the gradient norm of the last position's NLL with respect to each input vector (after the embed
 * hook), divided by the sum of these norms over the positions of its sequence. Float
 * builds write F32, double builds F64. */
LX_MUST_CHECK enum lx_code lx_probe_run(const struct lx_probe_options *o, struct lx_err *err);

#endif
