/* A results folder in memory: what the files of this room that make a report share. */
#ifndef LX_REPORT_REPORT_INTERNAL_H
#define LX_REPORT_REPORT_INTERNAL_H

#include "report/partial.h"
#include "report/report_tables.h"
#include "study/aggregate.h"
#include "text/json.h"

struct lx_report_folder {
    const char *dir;
    struct lx_arena arena;
    struct lx_study study;
    struct lx_json *config; /* NULL: there is none */
    struct lx_json *usual;  /* its defaults; NULL: not known */
    struct lx_claim_results claims;
    struct lx_published_list published;
    struct lx_costs costs;
    struct lx_partial partial;
};

/* report.html of the folder. */
LX_MUST_CHECK
enum lx_code lx_report_page(const struct lx_report_folder *f, struct lx_buf *out,
                            struct lx_err *err);

#endif
