/* What Markdown and TeX would take for markup, spelled out. */
#include "report/escape.h"

#include <string.h>

static void add(struct lx_buf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ') {
            lx_buf_add(out, " ");
            continue;
        }
        if (strchr(special, *text))
            lx_buf_add(out, "\\");
        lx_buf_addn(out, text, 1);
    }
}

void lx_escape_plain(struct lx_buf *out, const char *text)
{
    add(out, text, "");
}

void lx_escape_markdown(struct lx_buf *out, const char *text)
{
    add(out, text, "\\|*`<");
}

void lx_escape_tex(struct lx_buf *out, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } SPECIAL[] = {{'\\', "\\textbackslash{}"},  {'~', "\\textasciitilde{}"},
                   {'^', "\\textasciicircum{}"}, {'<', "\\textless{}"},
                   {'>', "\\textgreater{}"},     {'|', "\\textbar{}"}};
    for (; *text; text++) {
        size_t i = 0;
        while (i < sizeof SPECIAL / sizeof SPECIAL[0] && SPECIAL[i].c != *text)
            i++;
        if (i < sizeof SPECIAL / sizeof SPECIAL[0]) {
            lx_buf_add(out, SPECIAL[i].as);
        } else if ((unsigned char)*text < ' ') {
            lx_buf_add(out, " ");
        } else {
            if (strchr("_&%$#{}", *text))
                lx_buf_add(out, "\\");
            lx_buf_addn(out, text, 1);
        }
    }
}
