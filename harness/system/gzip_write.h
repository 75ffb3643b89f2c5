/* Writing gzip (RFC 1952). */
#ifndef LX_SYSTEM_GZIP_WRITE_H
#define LX_SYSTEM_GZIP_WRITE_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

/* Pack n bytes as tightly as zlib can, without name or date: the same bytes give the same file. */
LX_MUST_CHECK
enum lx_code lx_gzip(const void *data, size_t n, struct lx_buf *out, struct lx_err *err);

#endif
