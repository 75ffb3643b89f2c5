/* What the files of the published schema share: schema.c, schema_claims.c, schema_value.c. */
#ifndef LX_SCHEMA_SCHEMA_INTERNAL_H
#define LX_SCHEMA_SCHEMA_INTERNAL_H

#include "json/json.h"

/* An object type: its description (NULL: none), and "properties", left open for its members. */
void lx_schema_open(struct lx_json_writer *w, const char *key, const char *description);
/* Ends properties and type. `required` are the keys that must be there, up to a NULL; NULL: none. */
void lx_schema_close(struct lx_json_writer *w, const char *const *required);
/* The same where others, who refer to it, add properties: they say "unevaluatedProperties". */
void lx_schema_close_part(struct lx_json_writer *w, const char *const *required);
/* An array type of `least` elements or more (0: any number), left open for "items". */
void lx_schema_array(struct lx_json_writer *w, const char *key, const char *description, int least);
void lx_schema_ref(struct lx_json_writer *w, const char *key, const char *to);

/* The members `claims` and `published` of a config; the writer has its "properties" open. */
void lx_schema_claims(struct lx_json_writer *w);
/* What they refer to; the writer has "$defs" open. */
void lx_schema_claims_defs(struct lx_json_writer *w);

#endif
