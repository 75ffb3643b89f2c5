/* "Did you mean": what is said where a name is none of those there are. */
#ifndef LX_TEXT_NEAREST_H
#define LX_TEXT_NEAREST_H

#include <stddef.h>

#include "core/err.h"
#include "json/json.h"

#define LX_NAMES                                                                                   \
    256 /* as many names as a caller gathers to choose from; further ones are not suggested */

/* What others call something, and what it is here; a list ends with NULL. A word may stand in it twice. */
struct lx_word {
    const char *word, *name;
};

/* The name of `names` (n of them) nearest to `got`, NULL if none is near. */
const char *lx_nearest(const char *got, const char *const *names, size_t n);

/* Fail with the text of fmt, then `"GOT"`, and where one of the n names is near ` (did you mean
 * "NAME"?)`. */
enum lx_code lx_fail_unknown(struct lx_err *err, enum lx_code code, const char *got,
                             const char *const *names, size_t n, const char *fmt, ...)
    LX_PRINTF(6, 7);

/* The same with words of others for these names; ` (did you mean "NAME" or "NAME"?)` where they mean
 * either. */
enum lx_code lx_fail_unknown_word(struct lx_err *err, enum lx_code code, const char *got,
                                  const struct lx_word *words, const char *const *names, size_t n,
                                  const char *fmt, ...) LX_PRINTF(7, 8);

/* Where an object has no "name" but a key that is one of the n names, as in {"NAME": {"OPTION": 5}}: hint at
 * {"name": "NAME", ...}. Nothing where the error says already what was meant. words may be NULL. */
enum lx_code lx_hint_named(struct lx_err *err, const struct lx_json *obj,
                           const struct lx_word *words, const char *const *names, size_t n);

/* Where there is no file or folder `path`: hint at the one with the nearest name, if one is near and the
 * error has no hint yet. */
void lx_hint_file(struct lx_err *err, const char *path);

#endif
