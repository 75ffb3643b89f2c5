/* How a series looks on a page: as in the plots, except that black is the colour of the text, which is
 * light on a dark ground. */
#include <string.h>

#include "figure/style.h"
#include "page/page_internal.h"

void lx_page_color(const struct lx_series *s, struct lx_buf *out)
{
    const char *color = lx_style_of(s->look, s->variant).color;

    lx_buf_add(out, strcmp(color, "#000000") == 0 ? "currentColor" : color);
}

const char *lx_page_dash(const struct lx_series *s)
{
    return lx_style_of(s->look, s->variant).page_dash;
}
