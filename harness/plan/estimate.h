/* What a cell will cost, before anything is trained: parameters, operations, bytes. */
#ifndef LX_PLAN_ESTIMATE_H
#define LX_PLAN_ESTIMATE_H

#include "plan/plan.h"

/* What the program takes whatever it computes: itself, its libraries, buffers of BLAS (measured: 5 to
 * 12 MB). */
#define LX_PROGRAM_BYTES ((size_t)24 << 20)

/* Fill parameters, operations and bytes of a cell whose data is open. The model of the training stack
 * and of every other stack is laid out, so this also finds every error that a stack has with these
 * dimensions, arrays that an evaluate_as asks for and nobody trains, and windows that a split lacks. table_bytes: tables of
 * n-grams. */
LX_MUST_CHECK
enum lx_code lx_estimate(struct lx_cell *cell, const struct lx_stream *train,
                         const struct lx_stream *eval, size_t table_bytes, struct lx_err *err);

#endif
