/* JSON text out; see json.h. One value has one text, so that equal documents are equal bytes and
 * can be hashed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "json/json_scan.h"

void lx_number_text(double v, char *out, size_t size)
{
    char *e, *d;

    if (isnan(v)) {
        (void)snprintf(out, size, "nan");
        return;
    }
    if (isinf(v)) {
        (void)snprintf(out, size, "%s", v > 0.0 ? "inf" : "-inf");
        return;
    }
    if (fabs(v) < 1e15 && floor(v) == v) {
        (void)snprintf(out, size, "%.0f", v);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, size, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    /* 1e+20 -> 1e20, 1e-05 -> 1e-5 */
    e = strchr(out, 'e');
    if (e == NULL)
        return;
    d = ++e;
    if (*d == '-')
        e = ++d;
    while (*d == '+' || *d == '0')
        d++;
    memmove(e, d, strlen(d) + 1);
}

static void add_quoted(struct lx_buf *out, const char *text)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    size_t n = strlen(text);

    lx_buf_add(out, "\"");
    for (size_t i = 0; i < n;) {
        size_t len = lx_utf8_length(text + i, n - i);
        const char *escape = strchr(from, text[i]);

        if (escape != NULL)
            lx_buf_printf(out, "\\%c", to[escape - from]);
        else if (len == 0)
            lx_buf_add(out, "\xEF\xBF\xBD"); /* U+FFFD: a file name need not be UTF-8 */
        else if ((unsigned char)text[i] < 0x20)
            lx_buf_printf(out, "\\u%04x", (unsigned)text[i]);
        else
            lx_buf_addn(out, text + i, len);
        i += len > 0 ? len : 1;
    }
    lx_buf_add(out, "\"");
}

static void new_line(const struct lx_json_writer *w)
{
    if (!w->indent)
        return;
    lx_buf_add(w->out, "\n");
    for (int i = 0; i < w->depth; i++)
        lx_buf_add(w->out, "  ");
}

/* What stands in front of any value: comma, line, key. */
static void begin_value(struct lx_json_writer *w, const char *key)
{
    if (w->comma)
        lx_buf_add(w->out, ",");
    if (w->depth > 0)
        new_line(w);
    if (key != NULL) {
        add_quoted(w->out, key);
        lx_buf_add(w->out, w->indent ? ": " : ":");
    }
    w->comma = true;
}

static void open_container(struct lx_json_writer *w, const char *key, const char *bracket)
{
    begin_value(w, key);
    lx_buf_add(w->out, bracket);
    w->depth++;
    w->comma = false;
}

static void close_container(struct lx_json_writer *w, const char *bracket)
{
    w->depth--;
    if (w->comma)
        new_line(w);
    lx_buf_add(w->out, bracket);
    w->comma = true;
}

void lx_json_open_object(struct lx_json_writer *w, const char *key)
{
    open_container(w, key, "{");
}

void lx_json_close_object(struct lx_json_writer *w)
{
    close_container(w, "}");
}

void lx_json_open_array(struct lx_json_writer *w, const char *key)
{
    open_container(w, key, "[");
}

void lx_json_close_array(struct lx_json_writer *w)
{
    close_container(w, "]");
}

void lx_json_add_number(struct lx_json_writer *w, const char *key, double v)
{
    char text[40];

    begin_value(w, key);
    lx_number_text(v, text, sizeof(text));
    lx_buf_add(w->out, isfinite(v) ? text : "null");
}

void lx_json_add_int(struct lx_json_writer *w, const char *key, long long v)
{
    begin_value(w, key);
    lx_buf_printf(w->out, "%lld", v);
}

void lx_json_add_bool(struct lx_json_writer *w, const char *key, bool v)
{
    begin_value(w, key);
    lx_buf_add(w->out, v ? "true" : "false");
}

void lx_json_add_text(struct lx_json_writer *w, const char *key, const char *v)
{
    begin_value(w, key);
    if (v == NULL)
        lx_buf_add(w->out, "null");
    else
        add_quoted(w->out, v);
}

void lx_json_add_value(struct lx_json_writer *w, const char *key, const struct lx_json *v)
{
    enum lx_json_type type = lx_json_type(v);

    switch (type) {
    case LX_JSON_NULL:
        lx_json_add_text(w, key, NULL);
        break;
    case LX_JSON_BOOL:
        lx_json_add_bool(w, key, lx_json_bool(v));
        break;
    case LX_JSON_NUMBER:
        lx_json_add_number(w, key, lx_json_number(v));
        break;
    case LX_JSON_TEXT:
        lx_json_add_text(w, key, lx_json_text(v));
        break;
    case LX_JSON_ARRAY:
    case LX_JSON_OBJECT:
        open_container(w, key, type == LX_JSON_ARRAY ? "[" : "{");
        for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c))
            lx_json_add_value(w, type == LX_JSON_ARRAY ? NULL : lx_json_key(c), c);
        close_container(w, type == LX_JSON_ARRAY ? "]" : "}");
        break;
    }
}
