/* Shared by the files that make and search a study; nobody else includes it. */
#ifndef LX_STUDY_AGGREGATE_INTERNAL_H
#define LX_STUDY_AGGREGATE_INTERNAL_H

#include "study/aggregate.h"

/* qsort order of groups: section, series, metric, eval_length, layer, head, lo, hi. */
int lx_group_order(const void *a, const void *b);

/* Lengths, seeds, texts and file suffixes of all sections, from the sorted groups. */
LX_MUST_CHECK enum lx_code lx_sections_fill(struct lx_study *s, struct lx_err *err);

#endif
