/* Strict JSON check; see json_scan.h.
 *
 * cJSON takes much that is not JSON: leading zeros, control characters as white space or inside
 * strings, broken UTF-8, "\u0000" (which cuts the string), half surrogates, 1e400. This recursive
 * descent follows RFC 8259 to the letter and knows where it stands, so that the tree builder behind
 * it only ever sees good text and errors have a line and a column. */
#include "json/json_scan.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *text;
    size_t n, at;
    int depth;
    const char *name;
    struct lx_err *err;
};

size_t lx_utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned char low = 0x80, high = 0xBF; /* range of the second byte */
    size_t len;

    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xC2 || u[0] > 0xF4)
        return 0;
    len = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    if (len > n)
        return 0;
    if (u[0] == 0xE0)
        low = 0xA0;
    else if (u[0] == 0xED)
        high = 0x9F;
    else if (u[0] == 0xF0)
        low = 0x90;
    else if (u[0] == 0xF4)
        high = 0x8F;
    if (u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (u[i] < 0x80 || u[i] > 0xBF)
            return 0;
    return len;
}

bool lx_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = lx_utf8_length(s + i, n - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t lx_utf8_cut(const char *text, size_t most)
{
    size_t at = 0;

    for (size_t n = 0; text[at] != '\0'; at++) {
        n += ((unsigned char)text[at] & 0xc0) != 0x80;
        if (n > most)
            break;
    }
    return at;
}

size_t lx_utf8_count(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static enum lx_code bad(const struct scan *s, size_t at, const char *what)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < at; i++) {
        if (s->text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)s->text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return lx_fail(s->err, LX_ECONFIG, "%s: line %zu, column %zu: %s", s->name, line, column, what);
}

/* The character at the scan position, -1 at the end of the text. */
static int peek(const struct scan *s)
{
    return s->at < s->n ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct scan *s)
{
    for (int c = peek(s); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = peek(s))
        s->at++;
}

/* "EXPECTED, got X", or a plainer text where the character says what went wrong. */
static enum lx_code unexpected(const struct scan *s, const char *expected)
{
    char what[160];
    int c = peek(s);

    if (c < 0)
        (void)snprintf(what, sizeof(what), "%s, got the end of the text", expected);
    else if (c == 0)
        (void)snprintf(what, sizeof(what), "%s, got a NUL byte", expected);
    else if (c == '/' || c == '#')
        (void)snprintf(what, sizeof(what), "%s, got '%c' (comments are not allowed)", expected, c);
    else if (c > ' ' && c < 0x7F)
        (void)snprintf(what, sizeof(what), "%s, got '%c'", expected, c);
    else
        (void)snprintf(what, sizeof(what), "%s, got byte 0x%02x", expected, (unsigned)c);
    return bad(s, s->at, what);
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct scan *s)
{
    size_t from = s->at;

    while (is_digit(peek(s)))
        s->at++;
    return s->at > from;
}

static enum lx_code scan_number(struct scan *s)
{
    char digits[LX_JSON_NUMBER_CHARS + 1];
    size_t from = s->at;

    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0') {
        s->at++;
        if (is_digit(peek(s)))
            return bad(s, from, "a number may not begin with a zero");
    } else if (!skip_digits(s)) {
        return unexpected(s, "expected a digit");
    }
    if (peek(s) == '.') {
        s->at++;
        if (!skip_digits(s))
            return unexpected(s, "expected a digit after the decimal point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!skip_digits(s))
            return unexpected(s, "expected a digit in the exponent");
    }
    if (s->at - from > LX_JSON_NUMBER_CHARS)
        return bad(s, from, "a number may not be longer than 63 characters");
    memcpy(digits, s->text + from, s->at - from);
    digits[s->at - from] = '\0';
    if (!isfinite(strtod(digits, NULL)))
        return bad(s, from, "the number is too large for a double");
    return LX_OK;
}

/* Four hex digits behind "\u"; -1 if they are not there. */
static long hex4(const struct scan *s, size_t at)
{
    long v = 0;

    for (size_t i = 0; i < 4; i++) {
        int c = at + i < s->n ? (unsigned char)s->text[at + i] : -1;

        if (is_digit(c))
            v = v * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            v = v * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return v;
}

/* s->at is at the backslash. */
static enum lx_code scan_escape(struct scan *s)
{
    size_t from = s->at++;
    int c = peek(s);
    long u;

    if (c > 0 && strchr("\"\\/bfnrt", c) != NULL) {
        s->at++;
        return LX_OK;
    }
    if (c != 'u')
        return bad(s, from, "unknown escape: only \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    u = hex4(s, s->at + 1);
    if (u < 0)
        return bad(s, from, "\\u needs four hexadecimal digits");
    if (u == 0)
        return bad(s, from, "\\u0000 is not allowed in a string");
    s->at += 5;
    if (u >= 0xDC00 && u <= 0xDFFF)
        return bad(s, from, "half of a surrogate pair");
    if (u >= 0xD800 && u <= 0xDBFF) {
        if (s->at + 1 >= s->n || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
            return bad(s, from, "half of a surrogate pair");
        u = hex4(s, s->at + 2);
        if (u < 0xDC00 || u > 0xDFFF)
            return bad(s, from, "half of a surrogate pair");
        s->at += 6;
    }
    return LX_OK;
}

static enum lx_code scan_string(struct scan *s)
{
    size_t from = s->at++;

    for (;;) {
        int c = peek(s);

        if (c < 0)
            return bad(s, from, "the string is never closed");
        if (c == '"')
            break;
        if (c == '\n' || c == '\r')
            return bad(s, from, "the string is not closed on its line");
        if (c < 0x20)
            return unexpected(s, "a control character in a string must be escaped");
        if (c == '\\') {
            enum lx_code code = scan_escape(s);

            if (code != LX_OK)
                return code;
        } else {
            size_t len = lx_utf8_length(s->text + s->at, s->n - s->at);

            if (len == 0)
                return bad(s, s->at, "invalid UTF-8");
            s->at += len;
        }
    }
    s->at++;
    return LX_OK;
}

static enum lx_code scan_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    char what[96];
    size_t len = 0;

    while (s->at + len < s->n && len < 24) {
        char c = s->text[s->at + len];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'))
            break;
        len++;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == len && memcmp(words[i], s->text + s->at, len) == 0) {
            s->at += len;
            return LX_OK;
        }
    }
    if (len == 0)
        return unexpected(s, "expected a value");
    (void)snprintf(what, sizeof(what), "unknown word %.*s: strings need double quotes", (int)len,
                   s->text + s->at);
    return bad(s, s->at, what);
}

static enum lx_code scan_value(struct scan *s);

/* Members or elements; s->at is at the opening bracket. */
static enum lx_code scan_container(struct scan *s)
{
    bool object = peek(s) == '{';
    char close = object ? '}' : ']';
    enum lx_code code;

    if (s->depth == LX_JSON_DEPTH)
        return bad(s, s->at, "nested deeper than 64 levels");
    s->depth++;
    s->at++;
    skip_space(s);
    if (peek(s) == close)
        goto closed;
    for (;;) {
        if (object) {
            if (peek(s) != '"')
                return unexpected(s, "expected a key in double quotes");
            code = scan_string(s);
            if (code != LX_OK)
                return code;
            skip_space(s);
            if (peek(s) != ':')
                return unexpected(s, "expected ':' after the key");
            s->at++;
            skip_space(s);
        }
        code = scan_value(s);
        if (code != LX_OK)
            return code;
        skip_space(s);
        if (peek(s) == close)
            break;
        if (peek(s) != ',')
            return unexpected(s, object ? "expected ',' or '}'" : "expected ',' or ']'");
        s->at++;
        skip_space(s);
        if (peek(s) == close)
            return bad(s, s->at, "a comma before the closing bracket is not allowed");
    }
closed:
    s->at++;
    s->depth--;
    return LX_OK;
}

static enum lx_code scan_value(struct scan *s)
{
    int c = peek(s);

    if (c == '{' || c == '[')
        return scan_container(s);
    if (c == '"')
        return scan_string(s);
    if (c == '-' || is_digit(c))
        return scan_number(s);
    return scan_word(s);
}

enum lx_code lx_json_scan(const char *text, size_t n, const char *name, struct lx_err *err)
{
    struct scan s = {.text = text, .n = n, .name = name, .err = err};
    enum lx_code code;

    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return bad(&s, 0, "begins with a byte order mark: save it as UTF-8 without one");
    skip_space(&s);
    if (s.at == n)
        return lx_fail(err, LX_ECONFIG, "%s: empty: expected a JSON value", name);
    code = scan_value(&s);
    if (code != LX_OK)
        return code;
    skip_space(&s);
    if (s.at < n)
        return unexpected(&s, "expected the end of the text");
    return LX_OK;
}
