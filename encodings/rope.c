/* RoPE: queries and keys turn with their position, so that their product sees the distance only.
 *
 * Formula: with R = fraction * head_dim rotated channels and theta_c = base^(-2c/R), c = 0 .. R/2-1,
 * the pair (c, c + R/2) of a query or key at position t (from 0) turns by t theta_c. The channels
 * from R on stay as they are.
 * Source: Su et al. 2021, arXiv:2104.09864, s. 3.2; fraction as in GPT-NeoX (Black et al. 2022,
 * arXiv:2204.06745, s. 2.1).
 * Past the training length: the slow pairs reach angles that training never showed and the loss
 * rises soon after L = train_length. `scaling` stretches the angles for a length of T; with s the
 * factor, where unset s = max(1, T/L), one s for all positions of a sequence:
 *   pi           theta_c / s                               (Chen et al. 2023, arXiv:2306.15595)
 *   ntk          base s^(R/(R-2)) instead of base          (bloc97 2023, a web post)
 *   dynamic_ntk  ntk with s = max(1, T/L) always           (emozilla 2023, a web post)
 *   yarn         theta_c/s for pairs that turn seldom within L, theta_c for those that turn often,
 *                a ramp between; cos and sin times 0.1 ln(s) + 1 (Peng et al. 2023, arXiv:2309.00071)
 *   llama3       theta_c/s for wavelengths above L/low_freq_factor, theta_c for those below
 *                L/high_freq_factor, a ramp between        (model code of Llama 3.1, 2024)
 *   longrope     theta_c / long_factor[c] for T > L, else theta_c / short_factor[c]; cos and sin
 *                times sqrt(1 + ln(s)/ln(L)) at every length (Ding et al. 2024, arXiv:2402.13753)
 *   mixed_ntk    theta_c exp(-a (c+1)^exponent), a = ln(s) / (R/2)^exponent (Su 2023, a web post)
 * keep stops the slowest pairs, theta_c = 0 for c >= floor(keep R/2) (p-RoPE, Barbero et al. 2024,
 * arXiv:2410.06205); resonance rounds wavelengths to whole tokens, 2 pi / max(1, round(2 pi/theta)),
 * half to even, so that no position has an angle of its own (Wang et al. 2024, arXiv:2403.00071). Both
 * come after the scaling, keep last.
 * Options: base, fraction, keep, scaling, factor, beta_fast, beta_slow, truncate (yarn; false: the
 * ramp's ends are not rounded to whole pairs, as in gpt-oss), low_freq_factor, high_freq_factor
 * (llama3), exponent (mixed_ntk), long_factor, short_factor (longrope), resonance.
 * Differences from the papers: pairs are (c, c + R/2) as in GPT-NeoX and Llama on Hugging Face, not
 * (2c, 2c+1): the same model up to a permutation of channels. yarn follows its code, whose ramp is
 * linear in c (the paper's is linear in the number of turns); where the ramp's upper end would fall
 * below its lower end (L < 2 pi beta_slow) it is put on it. dynamic_ntk treats a sequence with
 * one s, where a decoder with a cache would give every new token its own. */
#include <assert.h>
#include <math.h>

#include "encodings/rotary.h"

static const struct lx_option options[] = {
    ROTARY_OPTIONS(0),
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    (void)params;
    return lx_rotary_init(self, dims, arena, err);
}

static void prepare(void *self, int T, int reach)
{
    lx_rotary_prepare(self, T, reach);
}

/* Turn every row of x by `sign` times its angle. */
static void turn(const struct rotary *s, const struct lx_enc_call *call, real *x, size_t stride,
                 real sign)
{
    size_t T = (size_t)call->T, rows = (size_t)call->B * T;

    assert(call->T <= s->rows);
    for (size_t r = 0; x != NULL && r < rows; r++)
        lx_rotary_turn(s, call->pos != NULL ? call->pos[r] : (double)(r % T), sign, x + r * stride);
}

static void rotate(const void *self, const struct lx_enc_call *c, real *q, real *k, size_t stride)
{
    turn(self, c, q, stride, 1);
    turn(self, c, k, stride, 1);
}

static void rotate_back(void *self, const struct lx_enc_call *c, real *dq, real *dk, size_t stride)
{
    turn(self, c, dq, stride, -1);
    turn(self, c, dk, stride, -1);
}

extern const struct lx_encoding_ops lx_encoding_rope;

const struct lx_encoding_ops lx_encoding_rope = {
    .name = "rope",
    .title = "RoPE",
    .cite = "Su et al. 2021, arXiv:2104.09864, s. 3.2",
    .formula = "(x[c], x[c+R/2]) turns by t base^(-2c/R), for q and k",
    .beyond = "slow pairs reach angles never trained; scaling squeezes them into the trained range",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct rotary),
    .options = options,
    .init = init,
    .prepare = prepare,
    .reads_positions = true,
    .rotate = rotate,
    .rotate_back = rotate_back,
};
