/* A results folder in memory: what the files of this room that make a report share. */
#ifndef LX_REPORT_REPORT_INTERNAL_H
#define LX_REPORT_REPORT_INTERNAL_H

#include "json/json.h"
#include "report/report_tables.h"
#include "results/partial.h"
#include "study/aggregate.h"
#include "tune/rates.h"
#include "tune/tuned.h"

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
    struct lx_rates rates; /* n 0: it is no study of rates */
    struct lx_tuned tuned; /* where its own rates come from */
};

/* Read the files of a folder into *f, zeroed, and judge its claims. Unload after a failure too. */
LX_MUST_CHECK
enum lx_code lx_report_load(const char *dir, struct lx_report_folder *f, struct lx_err *err);
void lx_report_unload(struct lx_report_folder *f);

/* Log what is doubtful in it: texts nobody learned, rates at an edge, kernels of several kinds, papers on the
 * other side of their own claim. */
void lx_report_warn(const struct lx_report_folder *f);

/* report.html of the folder. */
LX_MUST_CHECK
enum lx_code lx_report_page(const struct lx_report_folder *f, struct lx_buf *out,
                            struct lx_err *err);

#endif
