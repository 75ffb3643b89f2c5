/* Names as small numbers: equal texts get equal ids, in the order first seen. */
#ifndef LX_TEXT_INTERN_H
#define LX_TEXT_INTERN_H

#include <stddef.h>

#include "core/err.h"

struct lx_intern {
    const char **text; /* (n) borrowed: the texts outlive the table */
    size_t n, cap;
    int *slot; /* (slots) id or -1; slots is a power of two, at most half full */
    size_t slots;
};

/* A zeroed struct lx_intern is empty. */
void lx_intern_free(struct lx_intern *t);

/* The id of text, which is added if new. */
LX_MUST_CHECK
enum lx_code lx_intern_add(struct lx_intern *t, const char *text, int *id, struct lx_err *err);

/* The id of text, -1 if it was never added. */
int lx_intern_find(const struct lx_intern *t, const char *text);

#endif
