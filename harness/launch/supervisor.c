/* Handing out cells to workers; see supervisor.h. */
#include "launch/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/log.h"
#include "launch/worker_pool.h"
#include "store/disk.h"
#include "store/heartbeat.h"
#include "system/fs.h"
#include "system/interrupt.h"

#define POLL_MS 200
#define ENDING_MS 5 /* a worker that has closed its pipe is about to end */
#define LONGEST_TURN                                                                               \
    2.0 /* seconds; what a turn of the loop takes longer, this process was not awake */
#define SLOW_FLOPS 1e9 /* operations a second that any machine reaches */

static void stop_all(struct lx_pool *c, const char *why)
{
    if (c->stopping)
        return;
    c->stopping = true;
    lx_log("%s: waiting for the workers to end", why);
    for (int j = 0; j < c->s->jobs; j++)
        if (c->workers[j].pid != 0) {
            (void)kill(c->workers[j].pid, SIGTERM);
            (void)kill(c->workers[j].pid, SIGCONT);
        }
}

/* The next cell in plan order whose training no worker is busy with. */
static bool next_cell(const struct lx_pool *c, size_t *out)
{
    const struct lx_plan *p = &c->e->plan;

    for (size_t k = 0; k < p->n; k++) {
        bool busy = false;

        if (c->cells[k].state != LX_WAITING)
            continue;
        for (int j = 0; j < c->s->jobs; j++)
            if (c->workers[j].pid != 0 &&
                strcmp(p->cells[c->workers[j].k].train_id, p->cells[k].train_id) == 0)
                busy = true;
        if (!busy) {
            *out = k;
            return true;
        }
    }
    return false;
}

static void set_failed(struct lx_pool *c, size_t k, const char *cause)
{
    c->cells[k].state = LX_FAILED;
    c->cells[k].cause = cause;
    c->n_failed++;
    lx_log("failed: %s: %s", lx_pool_name(c, k), cause);
    if (c->s->fail_fast)
        stop_all(c, "--fail-fast");
}

static void set_done(struct lx_pool *c, size_t k)
{
    struct lx_err err;
    struct lx_buf text = {0};
    const char *log;

    c->cells[k].state = LX_DONE;
    c->cells[k].part = 1.0;
    c->n_done++;
    /* a log that says nothing need not stay */
    if (lx_store_work(c->e->dir, c->e->plan.cells[k].id, "log.txt", &c->arena, &log, &err) ==
            LX_OK &&
        lx_fs_exists(log) && lx_fs_read(log, &text, &err) == LX_OK && text.len == 0)
        (void)!lx_fs_remove(log, &err);
    lx_buf_free(&text);
    if (!lx_log_is_terminal())
        lx_log("%zu of %zu cells done: %s", c->n_done, c->e->plan.n, lx_pool_name(c, k));
}

/* A worker that stopped for a signal which this process did not send goes on where it was, unless it
 * got no further than at the last such signal: then that would never end. */
static void set_stopped(struct lx_pool *c, size_t k)
{
    struct lx_pool_cell *cell = &c->cells[k];

    if (c->stopping || cell->part > cell->stopped_at) {
        if (!c->stopping)
            lx_log("%s: a signal from outside ended its worker at %.0f%%, going on",
                   lx_pool_name(c, k), 100.0 * cell->part);
        cell->stopped_at = cell->part;
        cell->state = LX_WAITING;
    } else {
        set_failed(c, k,
                   lx_pool_record(c, k,
                                  "signals from outside ended its worker twice, without progress "
                                  "in between"));
    }
}

/* The worker did well; what it left could not be looked at. */
static const char *cause_of(struct lx_pool *c, const struct lx_err *why)
{
    const char *text = lx_arena_text(&c->arena, why->text);

    return text != NULL ? text : "out of memory";
}

static void finish(struct lx_pool *c, struct lx_process *w, int status)
{
    size_t k = w->k;
    const struct lx_cell *cell = &c->e->plan.cells[k];
    struct lx_err why;
    bool done; /* also if it was killed right after that */
    enum lx_code looked = lx_store_check(c->e->dir, cell->id, &done, &why);

    c->cells[k].part = done ? 1.0 : lx_pool_fraction(c, w);
    if (w->begun)
        c->work += (c->cells[k].part - w->base) * (cell->train_flops + cell->eval_flops);
    if (done)
        set_done(c, k);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == lx_exit_status(LX_EINTERRUPT))
        set_stopped(c, k);
    else if (c->stopping && !w->hung)
        c->cells[k].state = LX_WAITING;
    else if (status == 0 && looked != LX_OK)
        set_failed(c, k, cause_of(c, &why));
    else
        set_failed(c, k, lx_pool_failure_cause(c, k, status));
}

/* A worker that has not said anything for too long. One that someone stopped (SIGSTOP) is left alone. */
static void check_silence(struct lx_pool *c, struct lx_process *w)
{
    double limit = c->s->hang_timeout + c->e->plan.cells[w->k].pass_flops / SLOW_FLOPS;
    const char *cause;
    char text[32];

    if (w->pid == 0 || w->hung || c->s->hang_timeout <= 0.0 || c->awake - w->heard <= limit)
        return;
    if (lx_process_is_stopped(w)) {
        lx_log("%s: its worker (process %ld) is stopped, waiting for it", lx_pool_name(c, w->k),
               (long)w->pid);
        w->heard = c->awake;
        return;
    }
    lx_log_duration(c->awake - w->heard, text);
    cause = lx_arena_printf(&c->arena, "no progress for %s (--hang-timeout): killed", text);
    (void)lx_pool_record(c, w->k, cause != NULL ? cause : "no progress: killed");
    w->hung = true;
    (void)kill(w->pid, SIGKILL);
}

static void tick(struct lx_pool *c)
{
    double now = lx_clock(), turn = now - c->clock;

    c->awake += turn < LONGEST_TURN ? turn : LONGEST_TURN;
    c->clock = now;
}

/* Wait for news of any worker, take it in, and see who ended. Number of workers still there. */
static int attend(struct lx_pool *c, struct pollfd *fds)
{
    int n = 0, alive = 0, wait = POLL_MS, status;

    for (int j = 0; j < c->s->jobs; j++) {
        if (c->workers[j].fd >= 0)
            fds[n++] = (struct pollfd){.fd = c->workers[j].fd, .events = POLLIN};
        else if (c->workers[j].pid != 0)
            wait = ENDING_MS;
    }
    (void)poll(fds, (nfds_t)n, wait);
    tick(c);
    if (lx_interrupted())
        stop_all(c, "stopping");
    for (int j = 0; j < c->s->jobs; j++) {
        struct lx_process *w = &c->workers[j];

        if (w->pid == 0)
            continue;
        if (lx_process_read(w)) {
            if (!w->begun)
                w->base = lx_pool_fraction(c, w);
            w->begun = true;
            w->heard = c->awake;
            c->cells[w->k].part = lx_pool_fraction(c, w);
        }
        if (lx_process_ended(w, &status))
            finish(c, w, status);
        else
            check_silence(c, w);
        alive += w->pid != 0;
    }
    return alive;
}

/* Give a cell to a free worker; not if the disk has no room for what it writes. */
static enum lx_code start(struct lx_pool *c, struct lx_process *w, size_t k, struct lx_err *err)
{
    const struct lx_supervisor *s = c->s;
    const struct lx_cell *cell = &c->e->plan.cells[k];
    enum lx_code code;

    if (s->disk_limit == 0 && lx_disk_free(c->e->dir) < lx_disk_cell(cell)) {
        c->full = cell;
        return LX_OK;
    }
    code = lx_process_start(w, c->e, k, s->memory_limit, s->checkpoint_every, err);
    if (code == LX_OK) {
        c->cells[k].state = LX_RUNNING;
        w->heard = c->awake;
    } else {
        stop_all(c, "stopping");
    }
    return code;
}

static enum lx_code work(struct lx_pool *c, struct lx_err *err)
{
    struct pollfd *fds = lx_arena_take(&c->arena, (size_t)c->s->jobs, sizeof(*fds));
    enum lx_code code = LX_OK;
    int alive = 0;

    if (fds == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    do {
        size_t k;

        for (int j = 0; j < c->s->jobs; j++)
            if (code == LX_OK && !c->stopping && c->full == NULL && c->workers[j].pid == 0 &&
                next_cell(c, &k))
                code = start(c, &c->workers[j], k, err);
        alive = attend(c, fds);
        if (alive > 0 && !c->stopping)
            lx_pool_show(c, false);
    } while (alive > 0 || (code == LX_OK && !c->stopping && c->full == NULL &&
                           c->n_done + c->n_failed < c->e->plan.n));
    return code;
}

/* What earlier runs left: cells that are done, that failed, and how far the others are. */
static void look_around(struct lx_pool *c)
{
    struct lx_plan *p = &c->e->plan;

    for (size_t k = 0; k < p->n; k++) {
        struct lx_pool_cell *cell = &c->cells[k];
        struct lx_heartbeat_view v;
        struct lx_err err;
        const char *path;
        bool done;

        cell->stopped_at = -1.0;
        if (lx_store_check(c->e->dir, p->cells[k].id, &done, &err) != LX_OK)
            lx_log("not used, evaluating again: %s", err.text);
        cell->cause = done ? NULL : lx_pool_recorded(c, k);
        if (done) {
            cell->state = LX_DONE;
            cell->part = 1.0;
            c->n_done++;
        } else if (cell->cause != NULL && c->s->skip_failed) {
            cell->state = LX_FAILED;
            c->n_failed++;
        } else if (lx_store_work(c->e->dir, p->cells[k].id, LX_HEARTBEAT_FILE, &c->arena, &path,
                                 &err) == LX_OK &&
                   lx_heartbeat_read(path, &v)) {
            cell->part = v.done;
        }
    }
    if (c->n_failed > 0)
        lx_log("%zu cells: %zu done, %zu failed before and are skipped, %zu to do", p->n, c->n_done,
               c->n_failed, p->n - c->n_done - c->n_failed);
    else
        lx_log("%zu cells: %zu done, %zu to do", p->n, c->n_done, p->n - c->n_done);
}

/* At the end, all failures together, where they can be seen. */
static void list_failures(struct lx_pool *c)
{
    if (c->n_failed == 0)
        return;
    lx_log("failed cells (more in %s/work/ID/log.txt):", c->e->dir);
    for (size_t k = 0; k < c->e->plan.n; k++)
        if (c->cells[k].state == LX_FAILED)
            lx_log("  %s %s: %s", c->e->plan.cells[k].id, lx_pool_name(c, k), c->cells[k].cause);
}

static enum lx_code conclude(struct lx_pool *c, struct lx_err *err)
{
    size_t n = c->e->plan.n, left = n - c->n_done - c->n_failed;

    list_failures(c);
    if (lx_interrupted())
        return lx_fail(err, LX_EINTERRUPT,
                       "interrupted with %zu of %zu cells done; the same command goes on from here",
                       c->n_done, n);
    if (c->full != NULL) {
        (void)lx_fail(
            err, LX_EIO,
            "%s: the disk is full, with %zu of %zu cells done: %.0f MB are free, the next "
            "cell needs up to %.0f MB",
            c->e->dir, c->n_done, n, (double)lx_disk_free(c->e->dir) / 1e6,
            (double)lx_disk_cell(c->full) / 1e6);
        return lx_hint(err, "with more room the same command goes on from here");
    }
    if (c->n_failed == 0)
        return LX_OK;
    if (left > 0)
        (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed, %zu are left (--fail-fast)",
                      c->n_failed, n, left);
    else
        (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed", c->n_failed, n);
    return lx_hint(err, c->s->skip_failed ? "--retry yes tries them again"
                                          : "the same command tries them again");
}

enum lx_code lx_supervise(const struct lx_supervisor *s, struct lx_experiment *e,
                          struct lx_err *err)
{
    struct lx_pool c = {.s = s, .e = e, .clock = lx_clock(), .oom_kills = lx_pool_oom_kills()};
    enum lx_code code = lx_process_environment(err);
    bool idle;

    c.workers = lx_arena_take(&c.arena, (size_t)s->jobs, sizeof(*c.workers));
    c.cells = lx_arena_take(&c.arena, e->plan.n, sizeof(*c.cells));
    if (c.workers == NULL || c.cells == NULL) {
        lx_arena_free(&c.arena);
        return lx_fail(err, LX_ENOMEM, "out of memory");
    }
    for (int j = 0; j < s->jobs; j++)
        c.workers[j].fd = -1;
    look_around(&c);
    idle = c.n_done + c.n_failed == e->plan.n;
    if (code == LX_OK && !idle)
        code = work(&c, err);
    if (!idle)
        lx_pool_show(&c, true);
    if (code == LX_OK)
        code = conclude(&c, err);
    lx_arena_free(&c.arena);
    return code;
}
