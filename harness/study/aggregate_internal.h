/* Shared by the files that make and search a study; nobody else includes it. */
#ifndef LX_STUDY_AGGREGATE_INTERNAL_H
#define LX_STUDY_AGGREGATE_INTERNAL_H

#include "study/aggregate.h"

/* qsort order of groups: section, series, metric, eval_length, layer, head, lo, hi. */
int lx_group_order(const void *a, const void *b);

/* Lengths, seeds, texts and file suffixes of all sections, from the sorted groups. */
LX_MUST_CHECK enum lx_code lx_sections_fill(struct lx_study *s, struct lx_err *err);

/* The id of an encoding of the config, or of a stack it is evaluated as; "": it has none. */
const char *lx_encoding_id(const struct lx_json *stack);
/* Whether a name in the rows is that id; a sweep may have given it a suffix: "a[lr=0.001]". */
bool lx_encoding_is(const char *name, const char *id);

/* The rates of all series. */
void lx_series_rates(struct lx_study *s, const struct lx_json *config);

#endif
