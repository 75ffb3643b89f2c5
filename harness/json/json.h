/* Strict JSON: reading (over cJSON, which is lax) and writing.
 *
 * Reading refuses what cJSON lets pass: duplicate keys, trailing text, keys that differ in case only
 * when looked up, numbers that are not finite, NUL bytes inside the text, nesting deeper than 64.
 * A parse error names the file, the line and the column. */
#ifndef LX_JSON_JSON_H
#define LX_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

struct lx_json; /* a value in a parsed document: borrowed, lives as long as the document */

enum lx_json_type {
    LX_JSON_NULL,
    LX_JSON_BOOL,
    LX_JSON_NUMBER,
    LX_JSON_TEXT,
    LX_JSON_ARRAY,
    LX_JSON_OBJECT
};

/* Parse n bytes; `name` stands in front of errors. *root is NULL on failure; free with
 * lx_json_free. Broken text is LX_ECONFIG; whoever reads a file of another kind gives it its own code. */
LX_MUST_CHECK
enum lx_code lx_json_parse(const char *text, size_t n, const char *name, struct lx_json **root,
                           struct lx_err *err);
/* The same from a file. A missing file is LX_ECONFIG. */
LX_MUST_CHECK
enum lx_code lx_json_read(const char *path, struct lx_json **root, struct lx_err *err);
void lx_json_free(struct lx_json *root);

/* Looking. NULL-safe: a NULL value has type LX_JSON_NULL and no children. */
enum lx_json_type lx_json_type(const struct lx_json *v);
const char *lx_json_type_name(enum lx_json_type t); /* "a number", "an object", ... */
const struct lx_json *lx_json_find(const struct lx_json *obj, const char *key); /* case matters */
const struct lx_json *lx_json_first(const struct lx_json *v);                   /* first child */
const struct lx_json *lx_json_next(const struct lx_json *v);                    /* next sibling */
const char *lx_json_key(const struct lx_json *v);                               /* of a member */
size_t lx_json_count(const struct lx_json *v);                                  /* children */
double lx_json_number(const struct lx_json *v);    /* 0 if it is not a number */
bool lx_json_bool(const struct lx_json *v);        /* false if it is not a bool */
const char *lx_json_text(const struct lx_json *v); /* borrowed; NULL if it is not a string */

/* Changing a document. */
LX_MUST_CHECK
enum lx_code lx_json_clone(const struct lx_json *v, struct lx_json **copy, struct lx_err *err);
/* Override "a.b[2].c" with `value`, JSON text or, if it is not JSON, a bare string. Missing objects
 * on the way are made; a missing array element or a member of something else is an error. */
LX_MUST_CHECK
enum lx_code lx_json_set(struct lx_json *root, const char *path, const char *value,
                         struct lx_err *err);
/* Put a copy of `value` in place of the member `key` of obj (added if absent). */
LX_MUST_CHECK
enum lx_code lx_json_replace(struct lx_json *obj, const char *key, const struct lx_json *value,
                             struct lx_err *err);

/* Take the member `key` out of obj; false: it has none. */
bool lx_json_remove(struct lx_json *obj, const char *key);

/* Writing. One canonical form: members in the order written, numbers with the fewest digits that
 * read back equal, two-space indent when indent is set, else no white space. */
struct lx_json_writer {
    struct lx_buf *out;
    bool indent;
    int depth;
    bool comma; /* a value was written at this depth */
};

void lx_json_open_object(struct lx_json_writer *w, const char *key); /* key NULL inside an array */
void lx_json_close_object(struct lx_json_writer *w);
void lx_json_open_array(struct lx_json_writer *w, const char *key);
void lx_json_close_array(struct lx_json_writer *w);
void lx_json_add_number(struct lx_json_writer *w, const char *key, double v); /* finite */
void lx_json_add_int(struct lx_json_writer *w, const char *key, long long v);
void lx_json_add_bool(struct lx_json_writer *w, const char *key, bool v);
void lx_json_add_text(struct lx_json_writer *w, const char *key, const char *v);
void lx_json_add_value(struct lx_json_writer *w, const char *key, const struct lx_json *v);

/* The shortest decimal text that reads back as v; size >= 32. */
void lx_number_text(double v, char *out, size_t size);

#endif
