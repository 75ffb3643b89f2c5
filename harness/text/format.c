/* Numbers as tables and figures write them; see format.h. */
#include "text/format.h"

#include <math.h>
#include <stdio.h>

void lx_format_multiple(int length, int train_length, char out[24])
{
    if (length % train_length == 0)
        (void)snprintf(out, 24, "%dx", length / train_length);
    else
        (void)snprintf(out, 24, "%.3gx", (double)length / train_length);
}

void lx_format_interval(double low, double high, char out[2][24])
{
    double like = fmax(fabs(low), fabs(high));

    lx_format_number(low, like, out[0]);
    lx_format_number(high, like, out[1]);
}

void lx_format_number(double v, double like, char out[24])
{
    double size = fabs(like);

    if (size > 0 && size < 0.0995)
        (void)snprintf(out, 24, "%.2g", v);
    else if (size < 99.995)
        (void)snprintf(out, 24, "%.2f", v);
    else if (size < 999.95)
        (void)snprintf(out, 24, "%.1f", v);
    else if (size < 999999.5)
        (void)snprintf(out, 24, "%.0f", v);
    else
        (void)snprintf(out, 24, "%.2e", v);
}
