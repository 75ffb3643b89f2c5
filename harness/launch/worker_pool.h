/* The state of a sweep, shared by the parts of the supervisor: supervisor.c hands out cells and takes
 * in how they end, failure_cause.c finds out why one failed, progress_line.c says how the whole gets on. */
#ifndef LX_LAUNCH_WORKER_POOL_H
#define LX_LAUNCH_WORKER_POOL_H

#include "launch/inventory.h"
#include "launch/process.h"
#include "launch/supervisor.h"

/* ELSEWHERE: a process of another run is at it, and ends it or leaves it. */
enum lx_pool_state { LX_WAITING, LX_RUNNING, LX_ELSEWHERE, LX_DONE, LX_FAILED };

struct lx_pool_cell {
    enum lx_pool_state state;
    double fraction;   /* 0 .. 1 of its operations, as far as known */
    double stopped_at; /* where a signal from outside last ended its worker, -1: never */
    const char *cause; /* of a failure */
};

struct lx_pool {
    const struct lx_launch *l;
    struct lx_experiment *e;
    struct lx_arena arena;
    struct lx_process *workers; /* (jobs) */
    struct lx_pool_cell *cells; /* (plan.n) */
    struct lx_process_setup setup;
    struct lx_inventory inventory; /* its done cells are those in state LX_DONE */
    size_t n_done, n_failed;
    struct lx_err not_dropped;  /* the first weights that could not be removed; LX_OK: none */
    double looked;              /* clock of the last look at cells that are run elsewhere */
    bool stopping;              /* workers were told to end */
    const struct lx_cell *full; /* for this one the disk had no room; NULL: none so far */
    /* Seconds that this process was running itself: neither a suspended machine nor a stopped
     * supervisor makes a worker look silent, or the rest look slow. */
    double awake, clock;
    double work;             /* operations done by workers that have ended, of this run alone */
    unsigned long oom_kills; /* of the system, as far as they are accounted for */
};

/* "rope seed 2" or, with several datasets, "rope text seed 2". */
const char *lx_pool_name(struct lx_pool *c, size_t k);

/* Fraction of the cell's operations that are done, as its worker says. */
double lx_pool_fraction(const struct lx_pool *c, const struct lx_process *w);

/* Why the worker of cell k failed, given its status from waitpid: what it wrote to error.txt, else the
 * end of its log, else how it ended. Written to error.txt if nothing is there. */
const char *lx_pool_failure_cause(struct lx_pool *c, size_t k, int status);
/* Record a cause that the supervisor itself knows. */
const char *lx_pool_record(struct lx_pool *c, size_t k, const char *cause);
/* What an earlier run recorded; NULL: nothing. */
const char *lx_pool_recorded(struct lx_pool *c, size_t k);
/* How many processes the kernel has killed for lack of memory since it started. */
unsigned long lx_pool_oom_kills(void);

/* One progress line: cells, time, rate, what is left, and the workers' losses. */
void lx_pool_show(struct lx_pool *c, bool final);

#endif
