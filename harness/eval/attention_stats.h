/* Attention entropy and max-probability, averaged by layer, head and octave of the query position.
 *
 * Raw entropy is at most ln n for a row that sees n keys, so it grows with the position whatever the
 * model does: numbers are given per position bin [0,16), [16,32), [32,64), ... and also divided by
 * ln n (rows with n = 1 are left out of that mean). */
#ifndef LX_EVAL_ATTENTION_STATS_H
#define LX_EVAL_ATTENTION_STATS_H

#include "eval/evaluate.h"

struct lx_attention_stats;

LX_MUST_CHECK
enum lx_code lx_attention_stats_init(struct lx_attention_stats **out, const struct lx_model *m,
                                     int B, int T, struct lx_arena *arena, struct lx_err *err);
size_t lx_attention_stats_bytes(const struct lx_model *m, int B, int T);

/* Where a forward pass over B sequences puts its rows. */
struct lx_observe lx_attention_stats_observe(struct lx_attention_stats *s);

/* Count the rows skip .. length-1 of sequence b of that pass, whose sequences had `length` tokens. */
void lx_attention_stats_add(struct lx_attention_stats *s, const struct lx_model *m, int b,
                            int length, int skip);

/* Append the rows, made from `blank` by filling metric, layer, head, positions and value; those with
 * layer and head empty are the mean over all heads of all layers. per_head: not these alone. */
LX_MUST_CHECK
enum lx_code lx_attention_stats_rows(const struct lx_attention_stats *s,
                                     const struct lx_metric *blank, bool per_head,
                                     struct lx_metrics *out, struct lx_err *err);

#endif
