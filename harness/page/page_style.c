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
    static const struct {
        const char *plot, *page;
    } dashes[] = {{"(14,4,3,4)", "9 3 2 3"},
                  {"(3,3)", "2 3"},
                  {"(14,3,3,3,3,3)", "9 3 2 3 2 3"},
                  {"(3,9)", "2 7"},
                  {"(9,5)", "7 4"}};
    const char *dash = lx_style_of(s->look, s->variant).dash;

    for (size_t i = 0; i < sizeof(dashes) / sizeof(dashes[0]); i++)
        if (strcmp(dash, dashes[i].plot) == 0)
            return dashes[i].page;
    return "";
}
