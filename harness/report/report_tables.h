/* The tables beside those of perplexities: costs, claims, published numbers. Each appends the whole table,
 * to read (by the writer of a format) or as rows for programs. */
#ifndef LX_REPORT_REPORT_TABLES_H
#define LX_REPORT_REPORT_TABLES_H

#include "grid/grid.h"
#include "study/costs.h"
#include "verdict/claims.h"
#include "verdict/published.h"

LX_MUST_CHECK
enum lx_code lx_costs_write(const struct lx_costs *c, const struct lx_study *s,
                            const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_costs_data(const struct lx_costs *c, struct lx_buf *out, struct lx_err *err);

/* As plain text a list for a terminal. */
LX_MUST_CHECK
enum lx_code lx_claims_write(const struct lx_claim_results *r, const struct lx_study *s,
                             const struct lx_grid_writer *w, struct lx_buf *out,
                             struct lx_err *err);
/* Append how many hold, fail, and so on: "3 claims: 1 holds, ...". */
void lx_claims_count(const struct lx_claim_results *r, struct lx_buf *out);
LX_MUST_CHECK
enum lx_code lx_claims_data(const struct lx_claim_results *r, const struct lx_study *s,
                            struct lx_buf *out, struct lx_err *err);

/* Add what the registration says about a claim to the note of its results. Where a folder has no registration
 * it says nothing: that is said once, below. */
LX_MUST_CHECK
enum lx_code lx_registration_note(const char *dir, const struct lx_json *claims,
                                  struct lx_claim_results *results, struct lx_arena *arena,
                                  struct lx_err *err);

/* Which of the claims were not written down before anything was finished: a sentence to stand after their
 * table, between line breaks. */
LX_MUST_CHECK
enum lx_code lx_registration_write(const char *dir, const struct lx_json *claims,
                                   const struct lx_grid_writer *w, struct lx_buf *out,
                                   struct lx_err *err);

/* Each published table beside our ratios at the nearest multiple of the training length. */
LX_MUST_CHECK
enum lx_code lx_published_write(const struct lx_published_list *p, const struct lx_study *s,
                                const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_published_data(const struct lx_published_list *p, const struct lx_study *s,
                               struct lx_buf *out, struct lx_err *err);

/* Answers to examples: exact match and token accuracy by length, all tasks at twice the trained size, and the
 * rows of answers.csv. */
/* Append the tables of one section of answers, without its heading. */
LX_MUST_CHECK
enum lx_code lx_answers_write(const struct lx_study *s, size_t section,
                              const struct lx_grid_writer *w, struct lx_buf *out,
                              struct lx_err *err);

/* Append the table over all tasks, where there are two or more. */
LX_MUST_CHECK
enum lx_code lx_answers_overall(const struct lx_study *s, const struct lx_grid_writer *w,
                                struct lx_buf *out, struct lx_err *err);

/* A row for each task, encoding and length. */
LX_MUST_CHECK
enum lx_code lx_answers_data(const struct lx_study *s, struct lx_buf *out, struct lx_err *err);

#endif
