/* Words that every output format of a comparison shares, and the formats themselves. Used by the
 * compare_*.c files; everyone else wants compare.h. */
#ifndef LX_REPORT_COMPARE_TEXT_H
#define LX_REPORT_COMPARE_TEXT_H

#include "verdict/compare.h"

/* A name as printable UTF-8: control characters, broken UTF-8 and what XML cannot hold at all
 * become \xNN, byte by byte. */
void lx_compare_clean(struct lx_buf *out, const char *text);

/* "rope as rope+pi, journal/valid, 32 -> 128, last/8, nll", cleaned. */
void lx_compare_label(struct lx_buf *out, const struct lx_compare_key *k);

/* One side: a number, or a status: "2.30258509", "diverged (1 of 3)". */
void lx_compare_side_text(struct lx_buf *out, const struct lx_compare_side *s);

/* What happened: "2.3 -> 2.4 (+0.1, +4.35%; band 0.0023)", cleaned. */
void lx_compare_detail(struct lx_buf *out, const struct lx_compare_line *l);

/* "48 keys: 40 same, 6 within the band, 1 worse, 1 missing" */
void lx_compare_summary(struct lx_buf *out, const struct lx_comparison *c);

/* "abs 0, rel 0.001, sigma 0; metrics nll" */
void lx_compare_rule(struct lx_buf *out, const struct lx_comparison *c);

void lx_compare_plain(const struct lx_comparison *c, bool update, struct lx_buf *out);
void lx_compare_markdown(const struct lx_comparison *c, bool update, struct lx_buf *out);
void lx_compare_junit(const struct lx_comparison *c, struct lx_buf *out);
void lx_compare_json(const struct lx_comparison *c, struct lx_buf *out);

#endif
