/* The strict half of the JSON reader: a check of the whole text against RFC 8259 before any tree is
 * built, and the rules of UTF-8. To read JSON, json.h is wanted. */
#ifndef LX_JSON_JSON_SCAN_H
#define LX_JSON_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define LX_JSON_DEPTH 64        /* deepest nesting of arrays and objects */
#define LX_JSON_NUMBER_CHARS 63 /* longest number text */

/* LX_OK if the n bytes are one JSON value and nothing else. Otherwise LX_ECONFIG with
 * "name: line L, column C: what is wrong"; columns count characters from 1. */
LX_MUST_CHECK
enum lx_code lx_json_scan(const char *text, size_t n, const char *name, struct lx_err *err);

/* Length of the UTF-8 character at s (n > 0 bytes left), 0 if it is not valid: overlong forms,
 * surrogates and anything above U+10FFFF are not. */
size_t lx_utf8_length(const char *s, size_t n);

/* True if all n bytes are valid UTF-8. */
bool lx_utf8_valid(const char *s, size_t n);

/* Characters of a text, not bytes: what padding counts. */
size_t lx_utf8_count(const char *text);

/* As many bytes of the text as make `most` characters, or all. */
size_t lx_utf8_cut(const char *text, size_t most);

#endif
