/* Window: a query sees its last `width` keys only, itself included.
 *
 * Formula: key j is visible to query i iff i - j < width. It says nothing of order within the window:
 * stack it on a scheme that does.
 * Source: Beltagy et al. 2020, arXiv:2004.05150, s. 3.1 (sliding window attention).
 * Past the training length: with n layers the output depends on the last n (width - 1) + 1 tokens, so
 * a model whose reach stays within the training length sees nothing new at longer ones.
 * Options: fraction, the width as a part of L, or width; 0, the default, is the training length, the control that shows whether a scheme gains
 * anything from tokens further away.
 * Differences from the paper: causal, the same width in every layer, no global tokens, no dilation. */
#include <math.h>

#include "encodings/encoding.h"

struct window {
    int width, train_length;
    double fraction; /* the option */
};

static const struct lx_option options[] = {
    {.key = "width",
     .type = LX_OPT_INT,
     .offset = offsetof(struct window, width),
     .def = 0,
     .min = 0,
     .max = 1e9,
     .help = "keys that a query sees, itself included; 0: the training length"},
    {.key = "fraction",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct window, fraction),
     .def = (double)NAN,
     .min = 0,
     .max = 1e6,
     .help = "width as a part of the training length, rounded up, in place of width",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct window *s = self;

    (void)arena;
    (void)params;
    s->train_length = dims->train_length;
    if (s->width > 0 && !isnan(s->fraction))
        return lx_fail(err, LX_ECONFIG, "fraction: must be unset with width %d, got %g", s->width,
                       s->fraction);
    return LX_OK;
}

static int window(const void *self, const struct lx_enc_call *c)
{
    const struct window *s = self;

    (void)c;
    if (!isnan(s->fraction))
        return (int)fmin(ceil(s->fraction * s->train_length), 1e9);
    return s->width > 0 ? s->width : s->train_length;
}

extern const struct lx_encoding_ops lx_encoding_window;

const struct lx_encoding_ops lx_encoding_window = {
    .name = "window",
    .title = "window",
    .cite = "Beltagy et al. 2020, arXiv:2004.05150, s. 3.1",
    .formula = "key j visible to query i iff i - j < width",
    .beyond = "sees the last layers * (width - 1) + 1 tokens at any length",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct window),
    .options = options,
    .init = init,
    .window = window,
};
