/* Lengths as configs give them: tokens, or a multiple of the training length such as "2x". */
#ifndef LX_TEXT_LENGTH_H
#define LX_TEXT_LENGTH_H

#include <stdbool.h>

#include "json/json.h"

struct lx_length {
    double number;
    bool multiple; /* of the training length */
};

/* False if v is neither a number nor a text of digits, a point and a final x. */
bool lx_length_parse(const struct lx_json *v, struct lx_length *out);

/* In tokens. A multiple that is whole but for rounding is whole; else the caller decides. */
double lx_length_tokens(const struct lx_length *l, int train_length);

#endif
