/* The kinds of kernels that computed the cells of a folder, as runs.csv tells. Numbers of one kind and of
 * another differ in their last digits: who mixes them should know. */
#ifndef LX_STUDY_KINDS_H
#define LX_STUDY_KINDS_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

/* Count the pairs of blas_core and simd in DIR/runs.csv, and append them by the row they come first in:
 * "own avx512 (12), Haswell avx2 (4)". Without the file, or without its columns, there are none. */
LX_MUST_CHECK
enum lx_code lx_kinds_read(const char *dir, struct lx_buf *out, size_t *n, struct lx_err *err);

/* Say on stderr that there are several, if there are. What cannot be read is for others to report. */
void lx_kinds_tell(const char *dir);

#endif
