/* The registry of positional schemes. The list below is the only place that names them: adding a
 * scheme is its own file x.c, which defines lx_encoding_x, and the line X(x) here. */
#include <string.h>

#include "encodings/encoding.h"

#define SCHEMES(X)                                                                                 \
    X(nope)                                                                                        \
    X(learned)                                                                                     \
    X(sinusoidal)                                                                                  \
    X(rope)                                                                                        \
    X(xpos)                                                                                        \
    X(fope)                                                                                        \
    X(pope)                                                                                        \
    X(hope)                                                                                        \
    X(alibi)                                                                                       \
    X(t5)                                                                                          \
    X(relative)                                                                                    \
    X(kerple_log)                                                                                  \
    X(kerple_power)                                                                                \
    X(kerple_log3)                                                                                 \
    X(kerple_weighted)                                                                             \
    X(bam)                                                                                         \
    X(mlp_bias)                                                                                    \
    X(sandwich)                                                                                    \
    X(shaw)                                                                                        \
    X(transformer_xl)                                                                              \
    X(formula)                                                                                     \
    X(adaptive_scale)                                                                              \
    X(window)                                                                                      \
    X(logn)                                                                                        \
    X(temperature)                                                                                 \
    X(ssmax)                                                                                       \
    X(scale_invariant)                                                                             \
    X(fox)                                                                                         \
    X(fire)                                                                                        \
    X(sink)                                                                                        \
    X(rerope)                                                                                      \
    X(leaky_rerope)                                                                                \
    X(self_extend)                                                                                 \
    X(dual_chunk)                                                                                  \
    X(lm_infinite)                                                                                 \
    X(streaming)                                                                                   \
    X(cope)                                                                                        \
    X(dape)                                                                                        \
    X(stick_breaking)                                                                              \
    X(selective)                                                                                   \
    X(entmax)                                                                                      \
    X(positions)                                                                                   \
    X(chunks)

#define DECLARE(name) extern const struct lx_encoding_ops lx_encoding_##name;
#define ENTRY(name) &lx_encoding_##name,

SCHEMES(DECLARE)

static const struct lx_encoding_ops *const schemes[] = {SCHEMES(ENTRY)};

int lx_encoding_count(void)
{
    return (int)(sizeof(schemes) / sizeof(schemes[0]));
}

const struct lx_encoding_ops *lx_encoding_at(int i)
{
    return schemes[i];
}

const struct lx_encoding_ops *lx_encoding_find(const char *name)
{
    int i;

    for (i = 0; i < lx_encoding_count(); i++)
        if (strcmp(schemes[i]->name, name) == 0)
            return schemes[i];
    return NULL;
}

const struct lx_word lx_encoding_words[] = {
    {"rotary", "rope"},
    {"roformer", "rope"},
    {"rotary_embedding", "rope"},
    {"none", "nope"},
    {"no", "nope"},
    {"nopos", "nope"},
    {"no_pos", "nope"},
    {"absolute", "learned"},
    {"absolute", "sinusoidal"},
    {"ape", "learned"},
    {"ape", "sinusoidal"},
    {"learnt", "learned"},
    {"learnable", "learned"},
    {"trainable", "learned"},
    {"sin", "sinusoidal"},
    {"sine", "sinusoidal"},
    {"sincos", "sinusoidal"},
    {"cosine", "sinusoidal"},
    {"fourier", "sinusoidal"},
    {"vaswani", "sinusoidal"},
    {"rel", "t5"},
    {"rel", "shaw"},
    {"rel_pos", "t5"},
    {"rel_pos", "shaw"},
    {"relative_bias", "t5"},
    {"relative_bias", "relative"},
    {"relative_position", "t5"},
    {"relative_position", "shaw"},
    {"t5_bias", "t5"},
    {"bucketed", "t5"},
    {"linear_bias", "alibi"},
    {"linear_biases", "alibi"},
    {"xl", "transformer_xl"},
    {"swa", "window"},
    {"local", "window"},
    {"sliding_window", "window"},
    {"sinks", "sink"},
    {"sinks", "streaming"},
    {"attention_sink", "sink"},
    {"attention_sink", "streaming"},
    {"contextual", "cope"},
    {"forgetting", "fox"},
    {"forgetting_transformer", "fox"},
    {"random_positions", "positions"},
    {"randomized", "positions"},
    {NULL, NULL},
};
