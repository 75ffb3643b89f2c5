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
 * Options: base, fraction, scaling, factor, beta_fast, beta_slow (yarn), low_freq_factor,
 * high_freq_factor (llama3).
 * Differences from the papers: pairs are (c, c + R/2) as in GPT-NeoX and Llama on Hugging Face, not
 * (2c, 2c+1): the same model up to a permutation of channels. yarn follows its code, whose ramp is
 * linear in c (the paper's is linear in the number of turns); where the ramp's upper end would fall
 * below its lower end (L < 2 pi beta_slow) it is put on it. dynamic_ntk treats a sequence with
 * one s, where a decoder with a cache would give every new token its own. */
#include <assert.h>
#include <math.h>

#include "encodings/encoding.h"

#define PI 3.14159265358979323846

enum scaling {
    SCALING_NONE,
    SCALING_PI,
    SCALING_NTK,
    SCALING_DYNAMIC_NTK,
    SCALING_YARN,
    SCALING_LLAMA3
};

struct rope {
    double base, fraction, factor, beta_fast, beta_slow, low_freq_factor, high_freq_factor;
    int scaling; /* enum scaling */
    struct lx_enc_dims dims;
    int R; /* rotated channels of a head */
    /* The tables hold positions 0 .. rows-1 for the factor `built`. */
    int rows;
    double built;
    double *theta;       /* (R/2) */
    real *cosine, *sine; /* (max_length, R/2) */
};

#define REAL(name, first, lowest, highest, text_, bits)                                            \
    {                                                                                              \
        .key = #name, .type = LX_OPT_REAL, .offset = offsetof(struct rope, name), .def = (first),  \
        .min = (lowest), .max = (highest), .help = (text_), .flags = (bits)                        \
    }

static const struct lx_option options[] = {
    REAL(base, 10000, 1, 1e12, "base of the wavelengths, 2 pi .. 2 pi base tokens",
         LX_OPT_OPEN_MIN),
    REAL(fraction, 1, 0, 1, "part of a head's channels that turns; times head_dim an even number",
         LX_OPT_OPEN_MIN),
    {.key = "scaling",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct rope, scaling),
     .text = "none|pi|ntk|dynamic_ntk|yarn|llama3",
     .help = "how angles are stretched for longer sequences"},
    REAL(factor, (double)NAN, 1, 1e6,
         "stretch of pi, ntk, yarn, llama3; unset: length / training length", 0),
    REAL(beta_fast, 32, 0, 1e6, "yarn: pairs with more turns in the training length stay",
         LX_OPT_OPEN_MIN),
    REAL(beta_slow, 1, 0, 1e6, "yarn: pairs with fewer turns in the training length are stretched",
         LX_OPT_OPEN_MIN),
    REAL(low_freq_factor, 1, 0, 1e6,
         "llama3: pairs with fewer turns in the training length are stretched", LX_OPT_OPEN_MIN),
    REAL(high_freq_factor, 4, 0, 1e6, "llama3: pairs with more turns in the training length stay",
         LX_OPT_OPEN_MIN),
    {.type = LX_OPT_END},
};

static enum lx_code check(const struct rope *s, struct lx_err *err)
{
    double R = s->fraction * s->dims.head_dim;
    bool set = !isnan(s->factor);

    if (fabs(R - 2 * nearbyint(R / 2)) > 1e-9 || R < 1)
        return lx_fail(err, LX_ECONFIG,
                       "fraction: times the head dimension %d must be an even number, at least 2, "
                       "got %g * %d = %g",
                       s->dims.head_dim, s->fraction, s->dims.head_dim, R);
    if ((s->scaling == SCALING_NTK || s->scaling == SCALING_DYNAMIC_NTK) && R < 3)
        return lx_fail(
            err, LX_ECONFIG,
            "scaling: ntk needs at least 4 rotated channels (fraction * head dimension), "
            "got %g",
            R);
    if (set && (s->scaling == SCALING_NONE || s->scaling == SCALING_DYNAMIC_NTK))
        return lx_fail(err, LX_ECONFIG, "factor: must be unset with scaling %s, got %g",
                       s->scaling == SCALING_NONE ? "none" : "dynamic_ntk", s->factor);
    if (!set && s->scaling == SCALING_LLAMA3)
        return lx_fail(err, LX_ECONFIG, "factor: must be set with scaling llama3");
    if (s->beta_fast <= s->beta_slow)
        return lx_fail(err, LX_ECONFIG, "beta_fast: must be above beta_slow %g, got %g",
                       s->beta_slow, s->beta_fast);
    if (s->high_freq_factor <= s->low_freq_factor)
        return lx_fail(err, LX_ECONFIG,
                       "high_freq_factor: must be above low_freq_factor %g, got %g",
                       s->low_freq_factor, s->high_freq_factor);
    return LX_OK;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct rope *s = self;
    size_t pairs, n;
    enum lx_code code;

    (void)params;
    s->dims = *dims;
    code = check(s, err);
    if (code != LX_OK)
        return code;
    s->R = (int)nearbyint(s->fraction * dims->head_dim);
    pairs = (size_t)s->R / 2;
    n = (size_t)dims->max_length * pairs;
    code = lx_arena_get(arena, pairs, sizeof(double), &s->theta, "rope frequencies", err);
    if (code == LX_OK)
        code = lx_arena_get(arena, n, sizeof(real), &s->cosine, "rope cosines", err);
    if (code == LX_OK)
        code = lx_arena_get(arena, n, sizeof(real), &s->sine, "rope sines", err);
    return code;
}

/* s of the formulas above, at length T. */
static double stretch(const struct rope *s, int T)
{
    if (s->scaling == SCALING_NONE)
        return 1;
    if (!isnan(s->factor))
        return s->factor;
    return fmax(1, (double)T / s->dims.train_length);
}

/* The (fractional) pair that makes `turns` turns within the training length. */
static double pair_of_turns(const struct rope *s, double turns)
{
    return s->R * log(s->dims.train_length / (2 * PI * turns)) / (2 * log(s->base));
}

static double yarn_frequency(const struct rope *s, int c, double theta, double factor)
{
    double low = fmax(floor(pair_of_turns(s, s->beta_fast)), 0);
    double high = fmin(ceil(pair_of_turns(s, s->beta_slow)), s->R - 1);
    double ramp;

    if (high <= low)
        high = low + 0.001;
    ramp = fmin(fmax((c - low) / (high - low), 0), 1);
    return theta / factor * ramp + theta * (1 - ramp);
}

static double llama3_frequency(const struct rope *s, double theta, double factor)
{
    double turns = s->dims.train_length * theta / (2 * PI);
    double keep = (turns - s->low_freq_factor) / (s->high_freq_factor - s->low_freq_factor);

    keep = fmin(fmax(keep, 0), 1);
    return (1 - keep) * theta / factor + keep * theta;
}

static double frequency(const struct rope *s, int c, double factor)
{
    double theta = pow(s->base, -2.0 * c / s->R);

    switch ((enum scaling)s->scaling) {
    case SCALING_PI:
        return theta / factor;
    case SCALING_NTK:
    case SCALING_DYNAMIC_NTK:
        return pow(s->base * pow(factor, s->R / (s->R - 2.0)), -2.0 * c / s->R);
    case SCALING_YARN:
        return yarn_frequency(s, c, theta, factor);
    case SCALING_LLAMA3:
        return llama3_frequency(s, theta, factor);
    case SCALING_NONE:
        break;
    }
    return theta;
}

static void prepare(void *self, int T)
{
    struct rope *s = self;
    int pairs = s->R / 2, c;
    double factor = stretch(s, T);
    double size = s->scaling == SCALING_YARN && factor > 1 ? 0.1 * log(factor) + 1 : 1;

    if (factor != s->built) {
        s->built = factor;
        s->rows = 0;
        for (c = 0; c < pairs; c++)
            s->theta[c] = frequency(s, c, factor);
    }
    for (; s->rows < T; s->rows++) {
        real *cosine = s->cosine + (size_t)s->rows * (size_t)pairs;
        real *sine = s->sine + (size_t)s->rows * (size_t)pairs;

        for (c = 0; c < pairs; c++) {
            cosine[c] = (real)(size * cos(s->rows * s->theta[c]));
            sine[c] = (real)(size * sin(s->rows * s->theta[c]));
        }
    }
}

/* Turn every row of x by `sign` times its angle. */
static void turn(const struct rope *s, const struct lx_enc_call *call, real *x, size_t stride,
                 real sign)
{
    size_t pairs = (size_t)s->R / 2, T = (size_t)call->T, rows = (size_t)call->B * T;
    size_t heads = (size_t)s->dims.heads, head_dim = (size_t)s->dims.head_dim;
    size_t r, h, c;

    assert(call->T <= s->rows);
    for (r = 0; r < rows; r++) {
        const real *restrict cosine = s->cosine + r % T * pairs;
        const real *restrict sine = s->sine + r % T * pairs;

        for (h = 0; h < heads; h++) {
            real *restrict u = x + r * stride + h * head_dim, *restrict v = u + pairs;

            for (c = 0; c < pairs; c++) {
                real a = u[c], b = v[c], sn = sign * sine[c];

                u[c] = a * cosine[c] - b * sn;
                v[c] = b * cosine[c] + a * sn;
            }
        }
    }
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
    .state_size = sizeof(struct rope),
    .options = options,
    .init = init,
    .prepare = prepare,
    .rotate = rotate,
    .rotate_back = rotate_back,
};
