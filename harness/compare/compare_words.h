/* Words that every output of a comparison shares. Names come from a file that anyone may have written:
 * nothing in them can move a terminal's cursor, break a table or begin markup. */
#ifndef LX_COMPARE_COMPARE_WORDS_H
#define LX_COMPARE_COMPARE_WORDS_H

#include "compare/compare.h"

/* "rope as rope+pi", "journal/valid", "last/8": parts of a key, without control characters. */
void lx_compare_encoding(struct lx_buf *out, const struct lx_compare_key *k);
void lx_compare_data(struct lx_buf *out, const struct lx_compare_key *k);
void lx_compare_mode(struct lx_buf *out, const struct lx_compare_key *k);

/* "rope as rope+pi, journal/valid, 32 -> 128, last/8, nll" */
void lx_compare_label(struct lx_buf *out, const struct lx_compare_key *k);

/* One side: a number, or a status: "2.30258509", "diverged (1 of 3 seeds ok, 2.3)". */
void lx_compare_side_text(struct lx_buf *out, const struct lx_compare_side *s);

/* "+0.1, +4.35%"; what was decided by a seed, the median or other rules says that instead. */
void lx_compare_change(struct lx_buf *out, const struct lx_compare_line *l);

/* What happened: "2.3 -> 2.4 (+0.1, +4.35%; band 0.0023)" */
void lx_compare_detail(struct lx_buf *out, const struct lx_compare_line *l);

/* What stands above the lines of a verdict: "worse", "not in the baseline". */
const char *lx_compare_heading(enum lx_compare_verdict v);

/* "48 keys: 40 same, 6 within the band, 1 worse, 1 missing" */
void lx_compare_summary(struct lx_buf *out, const struct lx_comparison *c);

/* "abs 0, rel 0.001, sigma 0; metrics nll" */
void lx_compare_rule(struct lx_buf *out, const struct lx_comparison *c);

/* "PASS", "FAIL" or "UPDATE": an update judges nothing, what changed is accepted. */
const char *lx_compare_outcome(const struct lx_comparison *c, bool update);

/* What to do now, one line. */
void lx_compare_advice(struct lx_buf *out, const struct lx_comparison *c, bool update);

/* The lines of a verdict, the largest change first; *n of them. Memory from the arena. */
LX_MUST_CHECK
enum lx_code lx_compare_sorted(const struct lx_comparison *c, enum lx_compare_verdict v,
                               struct lx_arena *arena, const struct lx_compare_line ***line,
                               size_t *n, struct lx_err *err);

/* Keys that one side has alone, in groups: hands each group on as a text like "8 encodings: a, b (96
 * keys)" and takes its lines out of the list. */
LX_MUST_CHECK
enum lx_code lx_compare_groups(const struct lx_comparison *c, enum lx_compare_verdict v,
                               const struct lx_compare_line **line, size_t *n,
                               void (*say)(void *ctx, const char *text), void *ctx,
                               struct lx_err *err);

/* What is said of a baseline of one seed. */
const char *lx_compare_lone(void);

/* Whether the sides have no key in common; and in which parts of their keys they differ wholly. */
bool lx_compare_disjoint(const struct lx_comparison *c);
LX_MUST_CHECK
enum lx_code lx_compare_apart(const struct lx_comparison *c,
                              void (*say)(void *ctx, const char *text), void *ctx,
                              struct lx_err *err);

#endif
