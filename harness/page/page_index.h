/* index.html: one page over many studies, with a link to the page of each.
 *
 * What is shown of a study is made while it is loaded, so that studies can be loaded one after another:
 * lx_page_card for each, then lx_page_index once. The page has no script, and refers to nothing but the
 * folders beside it. */
#ifndef LX_PAGE_PAGE_INDEX_H
#define LX_PAGE_PAGE_INDEX_H

#include "page/page.h"

struct lx_page_index {
    const char *title;
    struct lx_buf row, card; /* HTML of the studies so far: lines of the table, and what is below */
    size_t n;
};

/* Add a study: what it asks, its verdicts, its best scheme, a small chart, its protocol. Verdicts of rows of
 * the first protocol are not counted: they were given by other rules, which its claims.md has. folder: its
 * name beside the page; file: what to open there, "report.html" or what it has instead; NULL: nothing. */
LX_MUST_CHECK
enum lx_code lx_page_card(struct lx_page_index *x, const struct lx_page *p, const char *folder,
                          const char *file, struct lx_err *err);

/* Add a folder that cannot be read, and why. */
void lx_page_card_broken(struct lx_page_index *x, const char *folder, const char *why);

/* Append the page. */
LX_MUST_CHECK
enum lx_code lx_page_index(const struct lx_page_index *x, struct lx_buf *out, struct lx_err *err);
void lx_page_index_free(struct lx_page_index *x);

#endif
