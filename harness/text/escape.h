/* Foreign text made harmless where it is printed. */
#ifndef LX_TEXT_ESCAPE_H
#define LX_TEXT_ESCAPE_H

#include "core/buf.h"

/* Append text as printable UTF-8: control characters, broken UTF-8 and what XML cannot hold at all
 * become \xNN, byte by byte. For a terminal, where a name must not move the cursor. */
void lx_escape_control(struct lx_buf *out, const char *text);

/* The same on one line as it stands, control characters as blanks. */
void lx_escape_plain(struct lx_buf *out, const char *text);

/* What Markdown and TeX would take for markup, spelled out. */
void lx_escape_markdown(struct lx_buf *out, const char *text);
/* Markdown on the page of a service, which may be sent to it unread: all that some dialect takes for
 * markup (links, mentions of an issue, HTML); control characters like lx_escape_control. */
void lx_escape_comment(struct lx_buf *out, const char *text);
void lx_escape_tex(struct lx_buf *out, const char *text);

/* Text between tags or inside a quoted attribute of HTML. What no page can hold (control characters,
 * broken UTF-8) becomes U+FFFD, an end of line or a tab a blank. */
void lx_escape_html(struct lx_buf *out, const char *text);

/* The same as JSON inside a script element, with its quotes: no byte of it is markup. */
void lx_escape_script(struct lx_buf *out, const char *text);

#endif
