/* What a plan means for a person: its cells as a table, and how long they will take here. */
#ifndef LX_RUN_OUTLOOK_H
#define LX_RUN_OUTLOOK_H

#include "bench/rate.h"
#include "core/buf.h"
#include "core/err.h"
#include "experiment/experiment.h"

/* One line an encoding and dataset, its seeds together: parameters, memory, operations, and with a rate
 * (NULL: none) the time of one cell. Every cell must be resolved. */
void lx_outlook_table(const struct lx_plan *p, const struct lx_rate *rate, struct lx_buf *out);

/* "output layer of 50257 ids: 97% of the parameters, 94% of the operations, 34 MB of logits a thread" of the
 * cell with most ids; nothing if that is below LX_OUTLOOK_IDS. */
#define LX_OUTLOOK_IDS 1024
void lx_outlook_head(const struct lx_plan *p, struct lx_buf *out);

/* "16 cells to do, about 8 minutes on 2 cores, up to 312 MB each". dir: what is done there is left out;
 * NULL: nothing is. */
void lx_outlook_line(const struct lx_plan *p, const char *dir, int cores,
                     const struct lx_rate *rate, struct lx_buf *out);

/* The rate of the largest cell that is to be done; false: there is little to do, or it could not be
 * measured. */
bool lx_outlook_rate(const struct lx_plan *p, const char *dir, struct lx_rate *rate);

#endif
