/* Making and changing JSON nodes, without saying whose tree it is. Used by json.c, which implements
 * it over cJSON, and json_set.c; everyone else wants json.h. */
#ifndef LX_JSON_JSON_INTERNAL_H
#define LX_JSON_JSON_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

/* NULL: out of memory. */
struct lx_json *lx_json_new_object(void);
struct lx_json *lx_json_new_text(const char *text);

/* The member whose key is the n bytes at `key`, or the element with that index; NULL if none. */
struct lx_json *lx_json_member(struct lx_json *obj, const char *key, size_t n);
struct lx_json *lx_json_element(struct lx_json *array, size_t index);

/* Add a member; obj owns value. False: out of memory, value still belongs to the caller. */
bool lx_json_attach(struct lx_json *obj, const char *key, struct lx_json *value);

/* Give `slot` the content of `value`, which is used up. The node keeps its place and its key, so
 * nothing is allocated and borrowed pointers to the node stay good (those to its children do not).
 */
void lx_json_put(struct lx_json *slot, struct lx_json *value);

#endif
