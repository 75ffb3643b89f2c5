/* What schemes share that move positions; see remap.h. */
#include "encodings/remap.h"

int lx_remap_two(const void *self)
{
    (void)self;
    return 2;
}

int lx_remap_by_window(int window, int i, int j, int *end)
{
    *end = j > i - window ? i + 1 : i - window + 1;
    return j > i - window ? 0 : 1;
}

int lx_remap_first_of(int window, int i)
{
    return i >= window ? i - window + 1 : 0;
}

int lx_remap_window(int given, const struct lx_enc_dims *dims)
{
    return given > 0 ? given : (dims->train_length + 1) / 2;
}
