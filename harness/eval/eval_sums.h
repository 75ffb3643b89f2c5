/* What the scored targets of one mode at one length add up to, and the rows that makes. */
#ifndef LX_EVAL_EVAL_SUMS_H
#define LX_EVAL_EVAL_SUMS_H

#include "eval/evaluate.h"
#include "eval/ngram.h"
#include "eval/windows.h"

#define LX_EVAL_BINS 128 /* position bins of the NLL curve */

/* NLL over targets, and what the ratio estimator of its error over windows needs: sums of S^2, S n and
 * n^2, with S the NLL of a window's n targets. */
struct lx_eval_mean {
    double nll, square, product;
    long long n, n_square, windows;
};

/* n targets of one window whose NLL is `sum`. */
void lx_eval_mean_add(struct lx_eval_mean *m, double sum, int n);
/* Standard error of the token-weighted mean over windows (ratio estimator); NaN for one window. */
double lx_eval_mean_error(const struct lx_eval_mean *m);

struct lx_eval_sums {
    struct lx_eval_mean all, bin[LX_EVAL_BINS];
    struct lx_eval_mean edge[LX_EVAL_BINS]; /* of hidden targets, by distance to the nearer end */
    double floor_nll, blind_nll, bytes, table_nll[LX_NGRAM_ORDERS];
    struct lx_metric_blocks blocks;
    long long scored; /* targets there will be */
    bool masked;      /* they are hidden ones  */
};

/* Empty sums for the rows that `blank` begins; scored: targets of all windows. */
void lx_eval_sums_start(struct lx_eval_sums *s, const struct lx_metric *blank, long long scored);

/* Add a window; nll: (w->length). hidden (w->length): which targets are scored; NULL: all after skip. */
void lx_eval_sums_add(struct lx_eval_sums *s, const struct lx_eval_text *text,
                      const struct lx_window *w, const double *nll, const unsigned char *hidden);

/* Whether perplexity is a number. */
bool lx_eval_sums_finite(const struct lx_eval_sums *s);

/* Rows made from `blank` by filling metric, positions and value; and the blocks. */
LX_MUST_CHECK
enum lx_code lx_eval_sums_rows(const struct lx_eval_sums *s, const struct lx_eval_text *text,
                               const struct lx_metric *blank, struct lx_metrics *out,
                               struct lx_err *err);

#endif
