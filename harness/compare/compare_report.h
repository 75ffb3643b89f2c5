/* The outputs of a comparison. A new one is a function and a line in compare_text.c. */
#ifndef LX_COMPARE_COMPARE_REPORT_H
#define LX_COMPARE_COMPARE_REPORT_H

#include "compare/compare.h"

struct lx_compare_format {
    const char *name;
    /* Append the result. update: the new rows become the baseline, so that all that changed is listed and
     * nothing judged. */
    enum lx_code (*write)(const struct lx_comparison *c, bool update, struct lx_buf *out,
                          struct lx_err *err);
};

int lx_compare_format_count(void);
const struct lx_compare_format *lx_compare_format_at(int i); /* the first is the default */
/* NULL: no such format. */
const struct lx_compare_format *lx_compare_format_find(const char *name);

LX_MUST_CHECK
enum lx_code lx_compare_plain(const struct lx_comparison *c, bool update, struct lx_buf *out,
                              struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_compare_markdown(const struct lx_comparison *c, bool update, struct lx_buf *out,
                                 struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_compare_junit(const struct lx_comparison *c, bool update, struct lx_buf *out,
                              struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_compare_json(const struct lx_comparison *c, bool update, struct lx_buf *out,
                             struct lx_err *err);

#endif
