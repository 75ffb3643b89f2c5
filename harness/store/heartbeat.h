/* The heartbeat of a cell at work: lines to its supervisor (or to a person), and a small file that `status`
 * reads from any shell or machine, DIR/work/ID/live.json.
 *
 * The file is there while the cell is neither done nor failed: one that is left by an interrupted or
 * killed process says how far it got. Nothing in it is a result. */
#ifndef LX_STORE_HEARTBEAT_H
#define LX_STORE_HEARTBEAT_H

#include <stdbool.h>

#include "core/err.h"

#define LX_HEARTBEAT_FILE "live.json"
#define LX_HEARTBEAT_SECONDS 2.0      /* between two writes of the file */
#define LX_HEARTBEAT_FAR_SECONDS 10.0 /* without a supervisor: hundreds may share a file system */

struct lx_heartbeat {
    /* Set by the owner. */
    const char *path;  /* of the file, kept */
    const char *label; /* of the cell, for a person */
    int fd; /* lines "train STEP STEPS NLL", "eval FRACTION" and "held PID"; -1: to stderr */
    unsigned long long seed;
    double train_flops, eval_flops;
    /* How far it is. */
    bool begun, evaluating, broken_pipe;
    int step, steps;
    double nll, evaluated; /* evaluated: 0 .. 1 */
    double began, base;    /* clock and operations done when this process first said something */
    double said, written;  /* clocks */
};

/* False: stop, because of a signal or because the supervisor is gone. `force`: say it now. */
bool lx_heartbeat_train(struct lx_heartbeat *h, int step, int steps, double nll, bool force);
bool lx_heartbeat_eval(struct lx_heartbeat *h, double fraction, bool force);
/* Another process is at the cell. */
void lx_heartbeat_held(struct lx_heartbeat *h, long process);
bool lx_heartbeat_stopped(const struct lx_heartbeat *h);

/* The cell ends: resumable leaves the file with what was last reached, else it is removed. */
void lx_heartbeat_end(struct lx_heartbeat *h, bool resumable);

/* The file of some cell. */
struct lx_heartbeat_view {
    char host[128];
    char state[16]; /* training, evaluating, interrupted */
    long process;
    double done; /* 0 .. 1 of the cell's operations */
    double rate; /* operations a second of that process, 0: not known yet */
    double nll;  /* NaN: none yet */
    int step, steps;
    double age;      /* seconds since it was written */
    bool is_of_here; /* written where its process id means something here */
};

/* False: no such file, or none that can be read. */
bool lx_heartbeat_read(const char *path, struct lx_heartbeat_view *v);

#endif
