/* The JSON Schema of configs, derived from the option tables. */
#ifndef LX_SCHEMA_SCHEMA_H
#define LX_SCHEMA_SCHEMA_H

#include "core/buf.h"
#include "core/err.h"

LX_MUST_CHECK
enum lx_code lx_config_schema(struct lx_buf *out, struct lx_err *err);

#endif
