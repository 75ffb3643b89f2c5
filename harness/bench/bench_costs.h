/* What stacks cost beside the first of them: pairs of runs in turn, by processor time, so that another
 * program on the machine disturbs both of a pair alike, and the median of the ratios. */
#ifndef LX_BENCH_BENCH_COSTS_H
#define LX_BENCH_BENCH_COSTS_H

#include "bench/bench.h"

#define LX_BENCH_PAIRS_MAX 1000

struct lx_bench_cost {
    double ratio, least, most; /* median over the pairs, and between what they lie */
    double seconds, of_first;  /* processor time of a pass, the least of the runs  */
};

/* Ratios second[k] / first[k] of n pairs; n from 1 to LX_BENCH_PAIRS_MAX. */
struct lx_bench_cost lx_bench_cost_of(const double *first, const double *second, int n);

/* n pairs of the case under two stacks; which comes first changes from pair to pair. */
LX_MUST_CHECK
enum lx_code lx_bench_cost_measure(const struct lx_bench_case *c,
                                   const struct lx_bench_stack *first, int n,
                                   struct lx_bench_cost *out, struct lx_err *err);

extern const char lx_bench_costs_header[]; /* of costs.csv, with its line end */

/* Append one row of costs.csv; cost NULL: it failed, its numbers stay empty. */
void lx_bench_cost_row(const struct lx_bench_case *c, const struct lx_bench_stack *first, int n,
                       const struct lx_bench_cost *cost, struct lx_buf *out);

/* costs.csv and costs.md in dir from the rows. */
LX_MUST_CHECK
enum lx_code lx_bench_costs_report(const struct lx_buf *rows, const char *dir, const char *machine,
                                   struct lx_err *err);

#endif
