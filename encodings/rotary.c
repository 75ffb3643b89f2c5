/* Frequencies of the rotary schemes; see rotary.h and, for formulas and sources, rope.c. */
#include "encodings/rotary.h"

#include <math.h>

#define PI 3.14159265358979323846

enum scaling {
    SCALING_NONE,
    SCALING_PI,
    SCALING_NTK,
    SCALING_DYNAMIC_NTK,
    SCALING_YARN,
    SCALING_LLAMA3,
    SCALING_LONGROPE,
    SCALING_MIXED_NTK
};

static enum lx_code check_fraction(const struct rotary *s, struct lx_err *err)
{
    double R = s->fraction * s->dims.head_dim;

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
    return LX_OK;
}

/* longrope's list of divisors: one a pair, and none without longrope. */
static enum lx_code check_list(const struct rotary *s, const char *key,
                               const struct lx_numbers *list, struct lx_err *err)
{
    int pairs = (int)nearbyint(s->fraction * s->dims.head_dim) / 2;

    if (s->scaling != SCALING_LONGROPE && list->n > 0)
        return lx_fail(err, LX_ECONFIG, "%s: must be unset but with scaling longrope", key);
    if (s->scaling == SCALING_LONGROPE && list->n != pairs)
        return lx_fail(err, LX_ECONFIG,
                       "%s: must hold %d numbers with scaling longrope, one a pair, got %d", key,
                       pairs, list->n);
    return LX_OK;
}

static enum lx_code check(const struct rotary *s, struct lx_err *err)
{
    bool set = !isnan(s->factor);

    if (check_fraction(s, err) || check_list(s, "long_factor", &s->long_factor, err) ||
        check_list(s, "short_factor", &s->short_factor, err))
        return err->code;
    if (set && (s->scaling == SCALING_NONE || s->scaling == SCALING_DYNAMIC_NTK))
        return lx_fail(err, LX_ECONFIG, "factor: must be unset with scaling %s, got %g",
                       s->scaling == SCALING_NONE ? "none" : "dynamic_ntk", s->factor);
    if (!set && s->scaling == SCALING_LLAMA3)
        return lx_fail(err, LX_ECONFIG, "factor: must be set with scaling llama3");
    if (s->scaling == SCALING_LONGROPE && s->dims.train_length < 2)
        return lx_fail(err, LX_ECONFIG,
                       "scaling: longrope needs a training length of at least 2, got %d",
                       s->dims.train_length);
    if (s->beta_fast <= s->beta_slow)
        return lx_fail(err, LX_ECONFIG, "beta_fast: must be above beta_slow %g, got %g",
                       s->beta_slow, s->beta_fast);
    if (s->high_freq_factor <= s->low_freq_factor)
        return lx_fail(err, LX_ECONFIG,
                       "high_freq_factor: must be above low_freq_factor %g, got %g",
                       s->low_freq_factor, s->high_freq_factor);
    return LX_OK;
}

enum lx_code lx_rotary_init(struct rotary *s, const struct lx_enc_dims *dims,
                            struct lx_arena *arena, struct lx_err *err)
{
    size_t pairs, n;

    s->dims = *dims;
    if (check(s, err))
        return err->code;
    s->R = (int)nearbyint(s->fraction * dims->head_dim);
    pairs = (size_t)s->R / 2;
    n = (size_t)dims->max_length * pairs;
    if (lx_arena_get(arena, pairs, sizeof(double), &s->theta, "rope frequencies", err) ||
        lx_arena_get(arena, n, sizeof(real), &s->cosine, "rope cosines", err) ||
        lx_arena_get(arena, n, sizeof(real), &s->sine, "rope sines", err))
        return err->code;
    return LX_OK;
}

/* s of the formulas in rope.c, at length T. */
static double stretch(const struct rotary *s, int T)
{
    if (s->scaling == SCALING_NONE)
        return 1;
    if (!isnan(s->factor))
        return s->factor;
    return fmax(1, (double)T / s->dims.train_length);
}

/* The (fractional) pair that makes `turns` turns within the training length. */
static double pair_of_turns(const struct rotary *s, double turns)
{
    return s->R * log(s->dims.train_length / (2 * PI * turns)) / (2 * log(s->base));
}

static double yarn_frequency(const struct rotary *s, int c, double theta, double factor)
{
    double low = pair_of_turns(s, s->beta_fast), high = pair_of_turns(s, s->beta_slow), ramp;

    if (s->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, s->R - 1);
    if (high <= low)
        high = low + 0.001;
    ramp = fmin(fmax((c - low) / (high - low), 0), 1);
    return theta / factor * ramp + theta * (1 - ramp);
}

static double llama3_frequency(const struct rotary *s, double theta, double factor)
{
    double turns = s->dims.train_length * theta / (2 * PI);
    double keep = (turns - s->low_freq_factor) / (s->high_freq_factor - s->low_freq_factor);

    keep = fmin(fmax(keep, 0), 1);
    return (1 - keep) * theta / factor + keep * theta;
}

static double scaled_frequency(const struct rotary *s, int c, double factor, bool longer)
{
    double theta = pow(s->base, -2.0 * c / s->R), a;

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
    case SCALING_LONGROPE:
        return theta / (longer ? s->long_factor.v[c] : s->short_factor.v[c]);
    case SCALING_MIXED_NTK:
        a = log(factor) / pow(s->R / 2.0, s->exponent);
        return theta * exp(-a * pow(c + 1, s->exponent));
    case SCALING_NONE:
        break;
    }
    return theta;
}

static double frequency(const struct rotary *s, int c, double factor, bool longer)
{
    double theta = scaled_frequency(s, c, factor, longer);

    if (s->resonance)
        theta = 2 * PI / fmax(1, nearbyint(2 * PI / theta));
    return c < floor(s->keep * (s->R / 2)) ? theta : 0;
}

/* The size of all cosines and sines. */
static double magnitude(const struct rotary *s, double factor)
{
    if (factor > 1 && s->scaling == SCALING_YARN)
        return 0.1 * log(factor) + 1;
    if (factor > 1 && s->scaling == SCALING_LONGROPE)
        return sqrt(1 + log(factor) / log(s->dims.train_length));
    return 1;
}

void lx_rotary_prepare(struct rotary *s, int T, int reach)
{
    int pairs = s->R / 2;
    double factor = stretch(s, T), size = magnitude(s, factor);
    bool longer = s->scaling == SCALING_LONGROPE && T > s->dims.train_length;
    /* longrope has two sets of frequencies for one factor: the sign tells them apart. */
    double key = longer ? -factor : factor;

    if (key < s->built || key > s->built) {
        s->built = key;
        s->size = size;
        s->rows = 0;
        for (int c = 0; c < pairs; c++)
            s->theta[c] = frequency(s, c, factor, longer);
    }
    for (; s->rows < reach; s->rows++) {
        real *cosine = s->cosine + (size_t)s->rows * (size_t)pairs;
        real *sine = s->sine + (size_t)s->rows * (size_t)pairs;

        for (int c = 0; c < pairs; c++) {
            cosine[c] = (real)(size * cos(s->rows * s->theta[c]));
            sine[c] = (real)(size * sin(s->rows * s->theta[c]));
        }
    }
}

/* The heads of one token, turned by the angles of cosine and sine (R/2). */
static void turn_by(const struct rotary *s, const real *restrict cosine, const real *restrict sine,
                    real sign, real *x)
{
    size_t pairs = (size_t)s->R / 2, head_dim = (size_t)s->dims.head_dim;

    for (size_t h = 0; h < (size_t)s->dims.heads; h++) {
        real *restrict u = x + h * head_dim, *restrict v = u + pairs;

        for (size_t c = 0; c < pairs; c++) {
            real a = u[c], b = v[c], sn = sign * sine[c];

            u[c] = a * cosine[c] - b * sn;
            v[c] = b * cosine[c] + a * sn;
        }
    }
}

/* The same at a position that the tables do not have. */
static void turn_between(const struct rotary *s, double position, real sign, real *x)
{
    size_t pairs = (size_t)s->R / 2, head_dim = (size_t)s->dims.head_dim;

    for (size_t c = 0; c < pairs; c++) {
        real cosine = (real)(s->size * cos(position * s->theta[c]));
        real sine = sign * (real)(s->size * sin(position * s->theta[c]));

        for (size_t h = 0; h < (size_t)s->dims.heads; h++) {
            real *u = x + h * head_dim + c, *v = u + pairs, a = *u, b = *v;

            *u = a * cosine - b * sine;
            *v = b * cosine + a * sine;
        }
    }
}

void lx_rotary_turn(const struct rotary *s, double position, real sign, real *x)
{
    size_t t = (size_t)position;

    if (position < s->rows && !(position > (double)t))
        turn_by(s, s->cosine + t * (size_t)(s->R / 2), s->sine + t * (size_t)(s->R / 2), sign, x);
    else
        turn_between(s, position, sign, x);
}
