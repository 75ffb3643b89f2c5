/* Growing text buffer; see buf.h. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lx_buf_free(struct lx_buf *b)
{
    free(b->text);
    memset(b, 0, sizeof(*b));
}

void lx_buf_clear(struct lx_buf *b)
{
    b->len = 0;
    if (b->text != NULL)
        b->text[0] = '\0';
}

/* Make room for n more bytes and the NUL. */
static bool grow(struct lx_buf *b, size_t n)
{
    size_t cap = b->cap == 0 ? 256 : b->cap;
    char *p;

    if (b->failed)
        return false;
    if (n < b->cap && b->len < b->cap - n)
        return true;
    while (cap - b->len <= n)
        cap *= 2;
    p = realloc(b->text, cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->text = p;
    b->cap = cap;
    return true;
}

void lx_buf_addn(struct lx_buf *b, const void *bytes, size_t n)
{
    if (!grow(b, n))
        return;
    memcpy(b->text + b->len, bytes, n);
    b->len += n;
    b->text[b->len] = '\0';
}

void lx_buf_add(struct lx_buf *b, const char *text)
{
    lx_buf_addn(b, text, strlen(text));
}

void lx_buf_printf(struct lx_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!grow(b, (size_t)n))
        return;
    va_start(ap, fmt);
    (void)vsnprintf(b->text + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

enum lx_code lx_buf_check(const struct lx_buf *b, struct lx_err *err)
{
    if (b->failed)
        return lx_fail(err, LX_ENOMEM, "out of memory after %zu bytes of text", b->len);
    return LX_OK;
}

enum lx_code lx_buf_keep(const struct lx_buf *b, struct lx_arena *arena, const char **out,
                         struct lx_err *err)
{
    if (lx_buf_check(b, err))
        return err->code;
    return lx_arena_copy(arena, b->len > 0 ? b->text : "", b->len, out, err);
}
