/* Lists of objects in a config: claims, published tables, their rows. */
#ifndef LX_VERDICT_ENTRIES_H
#define LX_VERDICT_ENTRIES_H

#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "json/json.h"

/* Reads one element into `entry`, zeroed but for what it starts with, a pointer to its path. */
typedef enum lx_code lx_entry_reader(const struct lx_json *obj, void *entry, void *context,
                                     struct lx_arena *arena, struct lx_err *err);

struct lx_entries {
    const char *path; /* of the list, "claims" */
    size_t size;      /* of an entry, which begins with a const char * */
    lx_entry_reader *read;
    void *context; /* for read */
};

/* Read an array of objects. *n counts the entries that are whole, also while it grows. NULL: none. */
LX_MUST_CHECK
enum lx_code lx_entries_read(const struct lx_entries *e, const struct lx_json *list, void *items,
                             size_t *n, struct lx_arena *arena, struct lx_err *err);

/* LX_ECONFIG unless it is an object. */
LX_MUST_CHECK
enum lx_code lx_entry_object(const struct lx_json *obj, const char *path, struct lx_err *err);

#endif
