/* What the tables of claims put into their cells, to read and for programs. */
#ifndef LX_REPORT_CLAIMS_CELLS_H
#define LX_REPORT_CLAIMS_CELLS_H

#include "grid/grid.h"
#include "verdict/claims.h"

/* "holds", "primary", as the files spell them. */
const char *lx_verdict_word(enum lx_claim_verdict v);
const char *lx_role_word(int role);

/* What the interval speaks of: "seeds and text", "seeds alone"; "" without one. */
const char *lx_interval_word(const struct lx_claim_view *v);

/* "non-overlapping", "last": a view in words; "" for a metric without views. */
const char *lx_view_word(const struct lx_claim_view *v);

/* The unit of an effect, and what follows it in a cell: " nats", or nothing. */
const char *lx_claim_unit(const struct lx_claim *c);
const char *lx_claim_unit_after(const struct lx_claim *c);

/* Whether the effect is shown as a ratio of two perplexities; differences of logarithms stay in nats. */
bool lx_claim_as_ratio(const struct lx_claim *c);

/* The effect of a view, or the value that it is of; the interval; what is claimed; p in few digits. */
void lx_cell_effect(const struct lx_claim *c, double effect, struct lx_buf *cell);
void lx_cell_interval(const struct lx_claim *c, const struct lx_claim_view *v, struct lx_buf *cell);
void lx_cell_claimed(const struct lx_claim_result *r, struct lx_buf *cell);
void lx_cell_chance(double p, struct lx_buf *cell);

/* Whether the verdict is of one view of the text alone. */
bool lx_claim_in_one_view(const struct lx_claim_result *r);

/* "holds (non-overlapping only)". */
void lx_cell_verdict(const struct lx_claim_result *r, struct lx_buf *cell);

/* The names of the premises: "far_context, converged". */
void lx_cell_premises(const struct lx_claim *c, struct lx_buf *cell);

/* What the claim left open, where the study has several of it: " (books, trained at 64)". */
void lx_cell_scope(const struct lx_claim_result *r, const struct lx_study *s, struct lx_buf *cell);

#endif
