/* Arena allocator; see arena.h. Small requests share chunks, large ones get their own. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 64u
#define CHUNK_BYTES ((size_t)64 * 1024)

struct lx_arena_chunk {
    struct lx_arena_chunk *next;
    char *base; /* aligned start of the payload */
    size_t size, used;
};

void lx_arena_free(struct lx_arena *a)
{
    struct lx_arena_chunk *c = a->chunks;

    while (c != NULL) {
        struct lx_arena_chunk *next = c->next;

        free(c);
        c = next;
    }
    memset(a, 0, sizeof(*a));
}

static struct lx_arena_chunk *add_chunk(struct lx_arena *a, size_t bytes)
{
    size_t payload = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct lx_arena_chunk *c;

    if (payload > SIZE_MAX - sizeof(*c) - ALIGN)
        return NULL;
    c = calloc(1, sizeof(*c) + ALIGN + payload);
    if (c == NULL)
        return NULL;
    c->base = (char *)(((uintptr_t)(c + 1) + ALIGN - 1) / ALIGN * ALIGN);
    c->size = payload;
    /* A large block goes behind the current chunk, whose room is still good for small ones. */
    if (a->chunks != NULL && bytes > CHUNK_BYTES) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
    }
    return c;
}

void *lx_arena_take(struct lx_arena *a, size_t n, size_t size)
{
    struct lx_arena_chunk *c = a->chunks;
    size_t bytes;
    void *p;

    if (size != 0 && n > (SIZE_MAX - ALIGN) / size) {
        a->failed = true;
        return NULL;
    }
    bytes = (n * size + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes == 0)
        bytes = ALIGN;
    if (a->measure) {
        a->used += bytes;
        return NULL;
    }
    if (c == NULL || c->size - c->used < bytes) {
        c = add_chunk(a, bytes);
        if (c == NULL) {
            a->failed = true;
            return NULL;
        }
    }
    p = c->base + c->used;
    c->used += bytes;
    a->used += bytes;
    return p;
}

enum lx_code lx_arena_get(struct lx_arena *a, size_t n, size_t size, void *out, const char *what,
                          struct lx_err *err)
{
    void *p = lx_arena_take(a, n, size);

    memcpy(out, &p, sizeof(p));
    if (p == NULL && !a->measure)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory: could not get %zu x %zu bytes", what, n,
                       size);
    return LX_OK;
}

char *lx_arena_textn(struct lx_arena *a, const char *text, size_t n)
{
    char *p = lx_arena_take(a, n + 1, 1);

    if (p != NULL) {
        memcpy(p, text, n);
        p[n] = '\0';
    }
    return p;
}

char *lx_arena_text(struct lx_arena *a, const char *text)
{
    return lx_arena_textn(a, text, strlen(text));
}

static char *format(struct lx_arena *a, const char *fmt, va_list ap)
{
    va_list again;
    char *p;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return NULL;
    p = lx_arena_take(a, (size_t)n + 1, 1);
    if (p != NULL)
        (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
    return p;
}

char *lx_arena_printf(struct lx_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = format(a, fmt, ap);
    va_end(ap);
    return p;
}

static enum lx_code check_text(const char *text, struct lx_err *err)
{
    return text != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for a text");
}

enum lx_code lx_arena_copy(struct lx_arena *a, const char *text, size_t n, const char **out,
                           struct lx_err *err)
{
    *out = lx_arena_textn(a, text, n);
    return check_text(*out, err);
}

enum lx_code lx_arena_format(struct lx_arena *a, const char **out, struct lx_err *err,
                             const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *out = format(a, fmt, ap);
    va_end(ap);
    return check_text(*out, err);
}
