/* "Did you mean": what is said where a name is none of those there are. */
#ifndef LX_TEXT_NEAREST_H
#define LX_TEXT_NEAREST_H

#include <stddef.h>

#include "core/err.h"

#define LX_NAMES                                                                                   \
    256 /* as many names as a caller gathers to choose from; further ones are not suggested */

/* The name of `names` (n of them) nearest to `got`, NULL if none is near. */
const char *lx_nearest(const char *got, const char *const *names, size_t n);

/* Fail with the text of fmt, then `"GOT"`, and where one of the n names is near ` (did you mean
 * "NAME"?)`. */
enum lx_code lx_fail_unknown(struct lx_err *err, enum lx_code code, const char *got,
                             const char *const *names, size_t n, const char *fmt, ...)
    LX_PRINTF(6, 7);

/* Where there is no file or folder `path`: hint at the one with the nearest name, if one is near and the
 * error has no hint yet. */
void lx_hint_file(struct lx_err *err, const char *path);

#endif
