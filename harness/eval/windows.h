/* Which windows an evaluation mode reads, and which of their targets it scores.
 *
 * Targets are numbered 0 .. n-1 (stream tokens 1 .. n). Whatever the length, one mode scores the
 * same targets, each once. `nonoverlapping` and `sliding` score the first of a split; the windows of
 * `last` end at evenly spaced places of all of it, so contexts may overlap and targets do not. */
#ifndef LX_EVAL_WINDOWS_H
#define LX_EVAL_WINDOWS_H

#include "eval/evaluate.h"

/* What an evaluation reads of a split. */
struct lx_window_plan {
    long long targets; /* that nonoverlapping and sliding score                    */
    long long last;    /* windows of mode last                                     */
    long long have;    /* targets of the split                                     */
};

struct lx_window {
    long long start; /* first target; the input before it is stream token `start`        */
    long long rank;  /* targets that the windows before it score                         */
    int length;      /* targets in the window                                            */
    int skip;        /* targets at its front that only give context                      */
};

/* Targets are c->tokens (or the split's) rounded down to a multiple of the longest length; the windows of
 * last as many as c->last_tokens asks for, or as have targets of their own. stream NULL: a split that has
 * all that is asked for. LX_EDATA if there is no window of the longest length. */
LX_MUST_CHECK
enum lx_code lx_window_plan(const struct lx_eval_config *c, const struct lx_stream *stream,
                            struct lx_window_plan *out, struct lx_err *err);

/* Number of windows of T tokens, and the k-th of them; targets that they score together. */
long long lx_window_count(const struct lx_eval_config *c, const struct lx_window_plan *p,
                          enum lx_eval_mode mode, int T);
struct lx_window lx_window_at(const struct lx_eval_config *c, const struct lx_window_plan *p,
                              enum lx_eval_mode mode, int T, long long k);
long long lx_window_scored(const struct lx_eval_config *c, const struct lx_window_plan *p,
                           enum lx_eval_mode mode);

#endif
