/* Text as gnuplot takes it, and how long it is; see figure_parts.h. */
#include "figure/figure_parts.h"
#include "json/json_scan.h"

void lx_figure_plain(struct lx_buf *out, const char *text)
{
    for (; *text; text++)
        lx_buf_addn(out, (unsigned char)*text < ' ' ? " " : text, 1);
}

/* Only the quote itself is special. */
void lx_figure_quoted(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "'");
    for (; *text; text++) {
        lx_buf_addn(out, (unsigned char)*text < ' ' ? " " : text, 1);
        if (*text == '\'')
            lx_buf_add(out, "'");
    }
    lx_buf_add(out, "'");
}

void lx_figure_shorten(struct lx_buf *out, const char *text, size_t most)
{
    size_t n = lx_utf8_cut(text, most);

    lx_buf_addn(out, text, n);
    lx_buf_add(out, text[n] != '\0' ? "\xe2\x80\xa6" : ""); /* ellipsis */
}

void lx_figure_name(struct lx_buf *out, const char *text, size_t most)
{
    struct lx_buf name = {0};

    lx_figure_shorten(&name, text, most);
    if (name.failed)
        out->failed = true;
    else
        lx_figure_quoted(out, name.text);
    lx_buf_free(&name);
}

/* The last space among the first `most` characters, or where those end. */
static size_t line_end(const char *text, size_t most)
{
    size_t n = lx_utf8_cut(text, most), at = n;

    while (at > 0 && text[at] != ' ')
        at--;
    return at > 0 ? at : n;
}

void lx_figure_title(struct lx_buf *out, const char *text, size_t most)
{
    struct lx_buf line = {0};

    while (lx_utf8_count(text) > most) {
        size_t n = line_end(text, most);

        lx_buf_clear(&line);
        lx_buf_addn(&line, text, n);
        if (line.failed)
            break;
        lx_figure_quoted(out, line.text);
        lx_buf_add(out, ".\"\\n\".");
        text += n + (text[n] == ' ');
    }
    lx_figure_quoted(out, text);
    out->failed |= line.failed;
    lx_buf_free(&line);
}

void lx_figure_lines(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "\"");
    for (; *text; text++) {
        if (*text == '\n')
            lx_buf_add(out, "\\n");
        else if (*text != '"' && *text != '\\')
            lx_buf_addn(out, text, 1);
    }
    lx_buf_add(out, "\"");
}
