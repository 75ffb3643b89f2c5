/* What schemes share that move positions or keep the first and the last keys. */
#ifndef LX_ENCODINGS_REMAP_H
#define LX_ENCODINGS_REMAP_H

#include "encodings/encoding.h"

/* Two products: the hook `variants`. */
int lx_remap_two(const void *self);

/* The hook `choose` by distance: product 0 for keys with i - j < window, 1 for all others. */
int lx_remap_by_window(int window, int i, int j, int *end);

/* The hook `first_seen`: the first of the last `window` keys, query i included. */
int lx_remap_first_of(int window, int i);

/* The option `window` of struct s, 0 for half of the training length, and what it then is. */
#define LX_REMAP_WINDOW_OPTION(s)                                                                  \
    {                                                                                              \
        .key = "window", .type = LX_OPT_INT, .offset = offsetof(s, given), .min = 0, .max = 1e9,   \
        .help = "distances below it are exact, 0 = half of train.length"                           \
    }
int lx_remap_window(int given, const struct lx_enc_dims *dims);

#endif
