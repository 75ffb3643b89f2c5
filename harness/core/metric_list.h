/* The metrics of metrics.csv: what each is called, its unit, which way is better, what it can be at
 * all, and how often an evaluation writes it. Whoever asks something about a metric asks it here; a
 * new metric is one line in metric_list.c. Definitions are in results/README.md. */
#ifndef LX_CORE_METRIC_LIST_H
#define LX_CORE_METRIC_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum lx_metric_better {
    LX_METRIC_EITHER, /* no direction is the good one */
    LX_METRIC_LESS,
    LX_METRIC_MORE
};

/* The rows of one evaluated length; 0: an analysis writes it, in places of its own. */
enum lx_metric_rows {
    LX_METRIC_OVERALL = 1,   /* one in each mode */
    LX_METRIC_POSITIONS = 2, /* a bin of positions each, in each mode */
    LX_METRIC_HEADS = 4,   /* each head and all of them, an octave of positions each, in one mode */
    LX_METRIC_MASKED = 8,  /* only where hidden tokens are told */
    LX_METRIC_ANSWERS = 16 /* mode answers: each size, all of them, or a bin each */
};

struct lx_metric_info {
    const char *name;
    const char *unit; /* "nats", "bits", "tokens"; "": a pure number */
    enum lx_metric_better better;
    double min, max; /* what lies outside cannot be; infinite: no bound */
    bool open_min;   /* the lower bound itself cannot be, either */
    unsigned rows;   /* of enum lx_metric_rows */
    const char *help;
};

int lx_metric_count(void);
const struct lx_metric_info *lx_metric_at(int i);
const struct lx_metric_info *lx_metric_find(const char *name); /* NULL: not of this list */

/* Whether an evaluation writes it, not an analysis. */
bool lx_metric_evaluated(const char *name);

/* Whether the metric can have this value: finite, and in its bounds but for rounding. Of a metric
 * that is not in the list anything finite can be. */
bool lx_metric_possible(const char *name, double value);

/* "above 0", "from 0 to 1", "at most 1": its bounds in words; size bytes. */
void lx_metric_bounds(const struct lx_metric_info *m, char *out, size_t size);

#endif
