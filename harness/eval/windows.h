/* Which windows an evaluation mode reads, and which of their targets it scores.
 *
 * Targets are numbered 0 .. N-1 (stream tokens 1 .. N). Whatever the length, one mode scores the
 * same targets, each once. */
#ifndef LX_EVAL_WINDOWS_H
#define LX_EVAL_WINDOWS_H

#include "eval/evaluate.h"

struct lx_window {
    long long start; /* first target; the input before it is stream token `start`        */
    int length;      /* targets in the window                                            */
    int skip;        /* targets at its front that only give context                      */
};

/* Targets that can be scored: c->tokens (or the stream) rounded down to a multiple of the longest
 * length. LX_EDATA if that is none. */
LX_MUST_CHECK
enum lx_code lx_window_targets(const struct lx_eval_config *c, const struct lx_stream *stream,
                               long long *n, struct lx_err *err);

/* Number of windows of T tokens over n targets, and the k-th of them. */
long long lx_window_count(const struct lx_eval_config *c, enum lx_eval_mode mode, int T,
                          long long n);
struct lx_window lx_window_at(const struct lx_eval_config *c, enum lx_eval_mode mode, int T,
                              long long n, long long k);

#endif
