/* The parts of the published schema that have a file of their own. */
#ifndef LX_CONFIG_SCHEMA_INTERNAL_H
#define LX_CONFIG_SCHEMA_INTERNAL_H

#include "text/json.h"

/* The members `claims` and `published` of a config; the writer has its "properties" open. */
void lx_schema_claims(struct lx_json_writer *w);
/* What they refer to; the writer has "$defs" open. */
void lx_schema_claims_defs(struct lx_json_writer *w);

#endif
