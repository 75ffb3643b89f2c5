/* What a run checks about itself before its numbers are believed. */
#ifndef LX_PROBE_SELFCHECK_H
#define LX_PROBE_SELFCHECK_H

#include "core/arena.h"
#include "core/err.h"
#include "datasets/dataset.h"
#include "model/transformer.h"

/* The model sees what it is meant to. Causal, it must not look ahead: changing token t of a window must
 * leave the logits of all earlier positions equal to the bit, and change those of position t. With
 * attention on both sides it must change those of an earlier one, too, unless no query sees beyond itself. T:
 * length of the window. A breach is LX_EFAILED and names the positions. */
LX_MUST_CHECK
enum lx_code lx_selfcheck(struct lx_model *m, const struct lx_stream *stream, int T,
                          struct lx_err *err);

#endif
