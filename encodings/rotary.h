/* What the rotary schemes share: frequencies with their scalings, and tables of cosines and sines.
 *
 * A head's first R = fraction * head_dim channels form pairs (c, c + R/2); pair c has the frequency
 * theta_c = base^(-2c/R), which `scaling` stretches (see rope.c for the formulas). */
#ifndef LX_ENCODINGS_ROTARY_H
#define LX_ENCODINGS_ROTARY_H

#include "encodings/encoding.h"

struct rotary {
    double base, fraction, factor, beta_fast, beta_slow, low_freq_factor, high_freq_factor;
    double keep, exponent;
    struct lx_numbers long_factor, short_factor; /* (R/2) each */
    bool truncate, resonance;
    int scaling; /* enum scaling of rotary.c */
    struct lx_enc_dims dims;
    int R; /* rotated channels of a head */
    /* The tables hold positions 0 .. rows-1 for the stretch `built`. */
    int rows;
    double built, size;  /* size: what cosines and sines are multiplied by */
    double *theta;       /* (R/2) */
    real *cosine, *sine; /* (max_length, R/2), times the magnitude that the scaling asks for */
};

#define ROTARY_REAL(at, name, first, lowest, highest, text_, bits)                                 \
    {                                                                                              \
        .key = #name, .type = LX_OPT_REAL, .offset = (at) + offsetof(struct rotary, name),         \
        .def = (first), .min = (lowest), .max = (highest), .help = (text_), .flags = (bits)        \
    }

#define ROTARY_LIST(at, name, text_)                                                               \
    {                                                                                              \
        .key = #name, .type = LX_OPT_NUMBERS, .offset = (at) + offsetof(struct rotary, name),      \
        .min = 1e-6, .max = 1e9, .help = (text_)                                                   \
    }

/* The options of a scheme whose state has a struct rotary at byte `at`. */
#define ROTARY_OPTIONS(at)                                                                         \
    ROTARY_REAL(at, base, 10000, 1, 1e12, "base of the wavelengths, 2 pi .. 2 pi base tokens",     \
                LX_OPT_OPEN_MIN),                                                                  \
        ROTARY_REAL(at, fraction, 1, 0, 1,                                                         \
                    "part of a head's channels that turns; times head_dim an even number",         \
                    LX_OPT_OPEN_MIN),                                                              \
        ROTARY_REAL(at, keep, 1, 0, 1,                                                             \
                    "part of the pairs that turn, the fastest; the others stay", LX_OPT_LATER),    \
        {.key = "scaling",                                                                         \
         .type = LX_OPT_CHOICE,                                                                    \
         .offset = (at) + offsetof(struct rotary, scaling),                                        \
         .text = "none|pi|ntk|dynamic_ntk|yarn|llama3|longrope|mixed_ntk",                         \
         .help = "how angles are stretched for longer sequences"},                                 \
        ROTARY_REAL(at, factor, (double)NAN, 1, 1e6,                                               \
                    "stretch of a scaling; unset: length / training length", 0),                   \
        ROTARY_REAL(at, beta_fast, 32, 0, 1e6,                                                     \
                    "yarn: pairs with more turns in the training length stay", LX_OPT_OPEN_MIN),   \
        ROTARY_REAL(at, beta_slow, 1, 0, 1e6,                                                      \
                    "yarn: pairs with fewer turns in the training length are stretched",           \
                    LX_OPT_OPEN_MIN),                                                              \
        {.key = "truncate",                                                                        \
         .type = LX_OPT_BOOL,                                                                      \
         .offset = (at) + offsetof(struct rotary, truncate),                                       \
         .def = 1,                                                                                 \
         .help = "yarn: the ends of the ramp are whole pairs",                                     \
         .flags = LX_OPT_LATER},                                                                   \
        ROTARY_REAL(at, low_freq_factor, 1, 0, 1e6,                                                \
                    "llama3: pairs with fewer turns in the training length are stretched",         \
                    LX_OPT_OPEN_MIN),                                                              \
        ROTARY_REAL(at, high_freq_factor, 4, 0, 1e6,                                               \
                    "llama3: pairs with more turns in the training length stay", LX_OPT_OPEN_MIN), \
        ROTARY_REAL(at, exponent, 0.75, 0, 10, "mixed_ntk: power of the pair in the stretch",      \
                    LX_OPT_OPEN_MIN | LX_OPT_LATER),                                               \
        ROTARY_LIST(at, long_factor,                                                               \
                    "longrope: divisor of each pair's frequency past the training length"),        \
        ROTARY_LIST(at, short_factor,                                                              \
                    "longrope: divisor of each pair's frequency up to the training length"),       \
    {                                                                                              \
        .key = "resonance", .type = LX_OPT_BOOL,                                                   \
        .offset = (at) + offsetof(struct rotary, resonance),                                       \
        .help = "wavelengths are rounded to whole tokens, after the scaling",                      \
        .flags = LX_OPT_LATER                                                                      \
    }

/* Check the options, allocate the tables. */
LX_MUST_CHECK
enum lx_code lx_rotary_init(struct rotary *s, const struct lx_enc_dims *dims,
                            struct lx_arena *arena, struct lx_err *err);

/* Fill the tables for sequences of T tokens at positions below reach. */
void lx_rotary_prepare(struct rotary *s, int T, int reach);

/* Turn the pairs of all heads of one token (heads, head_dim) by `sign` times the angles of a position,
 * which may lie between two tokens. */
void lx_rotary_turn(const struct rotary *s, double position, real sign, real *x);

#endif
