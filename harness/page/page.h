/* report.html: one file that shows a study to whoever opens it, with nothing to fetch.
 *
 * Charts are SVG written here, so a page is whole without its script; the script draws them again when a
 * scheme is hidden, shows values under the pointer, sorts and copies tables. Names of a config are
 * foreign text: they go through lx_escape_html or lx_escape_script, without exception. Equal folders give
 * equal bytes. */
#ifndef LX_PAGE_PAGE_H
#define LX_PAGE_PAGE_H

#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"
#include "study/aggregate.h"
#include "study/costs.h"
#include "tune/rates.h"
#include "verdict/claims.h"

/* What a page is made of. Parts that are HTML come from the tables' writer of it (grid/grid.h). */
struct lx_page {
    const struct lx_study *study;
    const struct lx_json *config;   /* NULL: there is none */
    const struct lx_json *defaults; /* what a config has where it says nothing; NULL: not known */
    const struct lx_claim_results *claims;
    const struct lx_train_point *train; /* (n_train) */
    size_t n_train;
    const struct lx_rates *rates; /* NULL, or n 0: it is no study of rates */
    const char *partial;          /* a sentence about missing cells; NULL: none are */
    const struct lx_buf *table;   /* (sections of the study) HTML */
    struct lx_buf claims_table, published_table, costs_table, rates_table; /* HTML, or empty */
    struct lx_buf claims_count;                                            /* words, or empty */
    const char *runs;        /* path of runs.csv; NULL: there is none */
    const char *metrics_sum; /* SHA-256 of metrics.csv */
};

/* Append the page. */
LX_MUST_CHECK
enum lx_code lx_page_write(const struct lx_page *p, struct lx_buf *out, struct lx_err *err);

#endif
