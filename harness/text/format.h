/* Numbers as tables and figures write them. */
#ifndef LX_TEXT_FORMAT_H
#define LX_TEXT_FORMAT_H

/* Two decimals, fewer as `like` grows, exponent form from a million on: a spread is written with
 * the decimals of its mean. */
void lx_format_number(double v, double like, char out[24]);

/* The ends of an interval, with the decimals of the larger. */
void lx_format_interval(double low, double high, char out[2][24]);

/* "2x", "1.5x", "0.33x". */
void lx_format_multiple(int length, int train_length, char out[24]);

#endif
