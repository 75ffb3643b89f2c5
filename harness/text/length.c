/* Reading lengths; see length.h. */
#include "text/length.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool lx_length_parse(const struct lx_json *v, struct lx_length *out)
{
    const char *text = lx_json_text(v);
    char *end;

    *out = (struct lx_length){lx_json_number(v), text != NULL};
    if (text == NULL)
        return lx_json_type(v) == LX_JSON_NUMBER;
    out->number = strtod(text, &end);
    /* strtod also takes spaces, signs, hex, "inf": digits and a point are all that is meant. */
    return end != text && end == text + strspn(text, "0123456789.") && strcmp(end, "x") == 0;
}

double lx_length_tokens(const struct lx_length *l, int train_length)
{
    double x = l->number;

    if (!l->multiple)
        return x;
    x *= train_length;
    return fabs(x - round(x)) <= 1e-9 * x ? round(x) : x; /* 1.1 * 10 is 11 but for rounding */
}
