/* Headers of .npy files; see npy_header.h. The header is a Python dictionary of three members, as text:
 * {'descr': '<u2', 'fortran_order': False, 'shape': (1234,), } */
#include "datasets/npy_header.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAGIC_BYTES 6
#define LARGEST ((size_t)1 << 48) /* values; times their width it is still a size */

enum { DESCR = 1, ORDER = 2, SHAPE = 4 };

struct cursor {
    const char *at, *end;
};

struct header {
    char descr[32];
    size_t dims, n;
    unsigned seen;
};

static void skip(struct cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL && *c->at != '\0')
        c->at++;
}

static bool take(struct cursor *c, const char *word)
{
    size_t n = strlen(word);

    skip(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

/* A text in quotes, cut to the room there is; what does not print becomes '?'. */
static bool take_text(struct cursor *c, char *out, size_t size)
{
    size_t n = 0;
    char quote;

    skip(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    quote = *c->at++;
    for (; c->at < c->end && *c->at != quote; c->at++)
        if (n + 1 < size)
            out[n++] = *c->at >= ' ' && *c->at <= '~' ? *c->at : '?';
    out[n] = '\0';
    return take(c, (const char[]){quote, '\0'});
}

/* Digits, with the L that Python 2 wrote. */
static bool take_size(struct cursor *c, size_t *out)
{
    const char *from;

    skip(c);
    from = c->at;
    *out = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        *out = *out * 10 + (size_t)(*c->at - '0');
        if (*out > LARGEST)
            return false;
    }
    if (c->at == from)
        return false;
    (void)take(c, "L");
    return true;
}

/* Numbers in round brackets. h->n is the first of them. */
static bool take_shape(struct cursor *c, struct header *h)
{
    size_t size;

    if (!take(c, "("))
        return false;
    h->dims = 0;
    while (!take(c, ")")) {
        if (!take_size(c, &size))
            return false;
        h->n = h->dims == 0 ? size : h->n;
        h->dims++;
        if (!take(c, ",") && (c->at == c->end || *c->at != ')'))
            return false;
    }
    return true;
}

static bool take_member(struct cursor *c, struct header *h)
{
    char key[16];
    unsigned which;
    bool ok;

    if (!take_text(c, key, sizeof(key)) || !take(c, ":"))
        return false;
    which = strcmp(key, "descr") == 0           ? DESCR
            : strcmp(key, "fortran_order") == 0 ? ORDER
            : strcmp(key, "shape") == 0         ? SHAPE
                                                : 0;
    if (which == 0 || (h->seen & which) != 0)
        return false;
    h->seen |= which;
    if (which == SHAPE)
        return take_shape(c, h);
    if (which == ORDER)
        return take(c, "False") || take(c, "True");
    ok = take_text(c, h->descr, sizeof(h->descr));
    if (!ok && take(c, "[")) { /* fields: nothing of it is wanted, so the rest is not read */
        (void)snprintf(h->descr, sizeof(h->descr), "fields");
        h->seen = DESCR | ORDER | SHAPE;
        c->at = c->end;
        ok = true;
    }
    return ok;
}

static bool take_header(struct cursor *c, struct header *h)
{
    if (!take(c, "{"))
        return false;
    while (!take(c, "}")) {
        if (!take_member(c, h))
            return false;
        if (c->at == c->end)
            break;
        if (!take(c, ",") && (c->at == c->end || *c->at != '}'))
            return false;
    }
    skip(c);
    return c->at == c->end && h->seen == (DESCR | ORDER | SHAPE);
}

static enum lx_code use(const struct header *h, struct lx_npy *out, struct lx_err *err)
{
    const char *d = h->descr;

    if (d[0] == '>')
        return lx_fail(err, LX_EDATA, "dtype: must be little endian (<u2, <u4 or <i4), got %s", d);
    if (strcmp(d, "<u2") != 0 && strcmp(d, "<u4") != 0 && strcmp(d, "<i4") != 0)
        return lx_fail(err, LX_EDATA,
                       "dtype: must be uint16, uint32 or int32 (<u2, <u4, <i4), got %s", d);
    if (h->dims != 1)
        return lx_fail(err, LX_EDATA, "shape: must have 1 dimension, got %zu", h->dims);
    out->width = d[2] - '0';
    out->is_signed = d[1] == 'i';
    out->n = h->n;
    return LX_OK;
}

size_t lx_little_endian(const unsigned char *at, int bytes)
{
    size_t v = 0;

    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | at[i];
    return v;
}

enum lx_code lx_npy_parse(const unsigned char *head, size_t n, struct lx_npy *out,
                          struct lx_err *err)
{
    size_t fixed, length;
    struct header h = {.seen = 0};
    struct cursor c;

    *out = (struct lx_npy){.width = 0};
    if (n < MAGIC_BYTES + 2 || memcmp(head, LX_NPY_MAGIC, MAGIC_BYTES) != 0)
        return lx_fail(err, LX_EDATA, "must begin as .npy files do (\\x93NUMPY and a version)");
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return lx_fail(err, LX_EDATA, "version of .npy: must be 1.0, 2.0 or 3.0, got %d.%d",
                       head[6], head[7]);
    fixed = head[6] == 1 ? 10 : 12;
    if (n < fixed)
        return lx_fail(err, LX_EDATA, "is cut: must have a header of .npy, got %zu bytes", n);
    length = lx_little_endian(head + 8, (int)fixed - 8);
    if (length > LX_NPY_HEADER_MOST)
        return lx_fail(err, LX_EDATA, "header of .npy: must be at most %d bytes, got %zu",
                       LX_NPY_HEADER_MOST, length);
    if (n - fixed < length)
        return lx_fail(err, LX_EDATA, "is cut: must have %zu bytes of header, got %zu", length,
                       n - fixed);
    c = (struct cursor){.at = (const char *)head + fixed,
                        .end = (const char *)head + fixed + length};
    if (!take_header(&c, &h))
        return lx_fail(err, LX_EDATA,
                       "header of .npy: must be a dictionary of descr, fortran_order and shape");
    out->offset = fixed + length;
    return use(&h, out, err);
}
