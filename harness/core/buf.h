/* Growing text buffer. Appends never fail visibly: the first failed allocation sets `failed`, later
 * appends do nothing, and whoever uses the text checks once with lx_buf_check. */
#ifndef LX_CORE_BUF_H
#define LX_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"

struct lx_buf {
    char *text; /* NUL-terminated once something was appended; NULL before */
    size_t len, cap;
    bool failed;
};

/* A zeroed struct lx_buf is empty. */
void lx_buf_free(struct lx_buf *b);
void lx_buf_clear(struct lx_buf *b); /* len = 0, keeps the memory */
void lx_buf_add(struct lx_buf *b, const char *text);
void lx_buf_addn(struct lx_buf *b, const void *bytes, size_t n);
void lx_buf_printf(struct lx_buf *b, const char *fmt, ...) LX_PRINTF(2, 3);
LX_MUST_CHECK enum lx_code lx_buf_check(const struct lx_buf *b, struct lx_err *err);
/* The text so far ("" if nothing was appended) as one that lives as long as the arena. */
LX_MUST_CHECK
enum lx_code lx_buf_keep(const struct lx_buf *b, struct lx_arena *arena, const char **out,
                         struct lx_err *err);

#endif
