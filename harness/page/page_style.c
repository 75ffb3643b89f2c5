/* How a series looks on a page: as in the plots, except that black is the colour of the text, which is
 * light on a dark ground. */
#include <string.h>

#include "page/page_internal.h"
#include "plot/style.h"

void lx_page_color(const struct lx_series *s, struct lx_buf *out)
{
    const char *color = lx_style_of(s->look, s->variant).color;

    lx_buf_add(out, strcmp(color, "#000000") == 0 ? "currentColor" : color);
}

const char *lx_page_dash(const struct lx_series *s)
{
    const char *dash = lx_style_of(s->look, s->variant).dash;

    return dash[0] != '('               ? ""
           : strcmp(dash, "(3,3)") == 0 ? "2 3"
           : s->variant                 ? "7 4"
                                        : "9 3 2 3";
}
