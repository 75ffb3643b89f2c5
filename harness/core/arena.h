/* Arena: memory that is freed all at once.
 *
 * Blocks are 64-byte aligned and zeroed. Nothing is freed singly; lx_arena_free frees all. Pointers
 * stay valid until then. The measuring form counts bytes without allocating, which is how a run
 * states its memory before it trains. */
#ifndef LX_CORE_ARENA_H
#define LX_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct lx_arena_chunk;

struct lx_arena {
    struct lx_arena_chunk *chunks; /* newest first */
    size_t used;                   /* bytes handed out (or counted), alignment included */
    bool measure;                  /* count only: every allocation yields NULL */
    bool failed;                   /* some allocation failed since the arena was empty */
};

/* A zeroed struct lx_arena is an empty arena. */
void lx_arena_free(struct lx_arena *a);

/* n items of `size` bytes, zeroed. NULL: out of memory, or measuring. */
void *lx_arena_take(struct lx_arena *a, size_t n, size_t size);

/* The same, with the failure as an error; *out is NULL while measuring. `what` names the thing. */
LX_MUST_CHECK
enum lx_code lx_arena_get(struct lx_arena *a, size_t n, size_t size, void *out, const char *what,
                          struct lx_err *err);

/* A copy of text, NUL-terminated; NULL: out of memory. */
char *lx_arena_text(struct lx_arena *a, const char *text);
char *lx_arena_textn(struct lx_arena *a, const char *text, size_t n);
char *lx_arena_printf(struct lx_arena *a, const char *fmt, ...) LX_PRINTF(2, 3);

/* The same with the failure as an error. */
LX_MUST_CHECK
enum lx_code lx_arena_copy(struct lx_arena *a, const char *text, size_t n, const char **out,
                           struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_arena_format(struct lx_arena *a, const char **out, struct lx_err *err,
                             const char *fmt, ...) LX_PRINTF(4, 5);

#endif
