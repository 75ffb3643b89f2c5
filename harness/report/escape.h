/* Names and sentences of the user inside marked-up text. A control character becomes a blank. */
#ifndef LX_REPORT_ESCAPE_H
#define LX_REPORT_ESCAPE_H

#include "core/buf.h"

void lx_escape_plain(struct lx_buf *out, const char *text);
void lx_escape_markdown(struct lx_buf *out, const char *text); /* also inside a table */
void lx_escape_tex(struct lx_buf *out, const char *text);

#endif
