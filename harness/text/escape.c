/* Foreign text made harmless; see escape.h. */
#include "text/escape.h"

#include <string.h>

#include "json/json_scan.h"

/* U+0080 .. U+009F are control characters too; U+FFFE and U+FFFF are not allowed in XML. */
static bool printable(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;

    if (len == 1)
        return u[0] >= 0x20 && u[0] != 0x7f;
    if (len == 2)
        return u[0] != 0xc2 || u[1] >= 0xa0;
    return len > 0 && !(u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe);
}

void lx_escape_control(struct lx_buf *out, const char *text)
{
    size_t n = strlen(text);

    lx_buf_add(out, "");
    for (size_t i = 0; i < n;) {
        size_t len = lx_utf8_length(text + i, n - i);
        bool plain = printable(text + i, len);

        len = len ? len : 1;
        if (plain)
            lx_buf_addn(out, text + i, len);
        for (size_t k = 0; !plain && k < len; k++)
            lx_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text[i + k]);
        i += len;
    }
}

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

void lx_escape_comment(struct lx_buf *out, const char *text)
{
    struct lx_buf clean = {0};

    lx_escape_control(&clean, text);
    if (clean.failed)
        out->failed = true;
    else
        add(out, clean.text, "\\|*_`<>&[]~#");
    lx_buf_free(&clean);
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
        while (i < sizeof(SPECIAL) / sizeof(SPECIAL[0]) && SPECIAL[i].c != *text)
            i++;
        if (i < sizeof(SPECIAL) / sizeof(SPECIAL[0])) {
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

/* Append printable characters, those in `special` through `spell`. */
static void add_printable(struct lx_buf *out, const char *text, const char *special,
                          void (*spell)(struct lx_buf *out, char c))
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n;) {
        size_t len = lx_utf8_length(text + i, n - i);

        if (text[i] == '\n' || text[i] == '\t')
            lx_buf_add(out, " ");
        else if (!printable(text + i, len))
            lx_buf_add(out, "\xef\xbf\xbd");
        else if (len == 1 && strchr(special, text[i]) != NULL)
            spell(out, text[i]);
        else
            lx_buf_addn(out, text + i, len);
        i += len > 0 ? len : 1;
    }
}

static void spell_entity(struct lx_buf *out, char c)
{
    lx_buf_printf(out, "&#%d;", c);
}

static void spell_unit(struct lx_buf *out, char c)
{
    lx_buf_printf(out, "\\u%04x", (unsigned)c);
}

void lx_escape_html(struct lx_buf *out, const char *text)
{
    add_printable(out, text, "&<>\"'", spell_entity);
}

void lx_escape_script(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "\"");
    add_printable(out, text, "&<>\"'\\/", spell_unit);
    lx_buf_add(out, "\"");
}
