/* Handing out cells to workers; see supervisor.h. */
#include "launch/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "launch/worker_pool.h"
#include "process/interrupt.h"
#include "process/owner.h"
#include "store/cell_files.h"
#include "store/disk.h"
#include "store/heartbeat.h"
#include "store/lock.h"
#include "store/store.h"
#include "system/fs.h"

#define POLL_MS 200
#define ENDING_MS 5 /* a worker that has closed its pipe is about to end */
/* Seconds; what a turn of the loop takes longer, this process was not awake. */
#define LONGEST_TURN 2.0
#define LOOK_SECONDS 0.5 /* between looks at cells that another run is at */
#define SLOW_FLOPS 1e9   /* operations a second that any machine reaches */

static void stop_all(struct lx_pool *c, const char *why)
{
    if (c->stopping)
        return;
    c->stopping = true;
    lx_log("%s: waiting for the workers to end", why);
    for (int j = 0; j < c->l->jobs; j++)
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
        for (int j = 0; j < c->l->jobs; j++)
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
    if (c->l->fail_fast)
        stop_all(c, "--fail-fast");
}

static void set_done(struct lx_pool *c, size_t k)
{
    struct lx_err err;
    struct lx_buf text = {0};
    const char *log;

    c->cells[k].state = LX_DONE;
    c->cells[k].fraction = 1.0;
    c->inventory.done[k] = true;
    c->n_done++;
    if (c->l->drop_weights)
        lx_inventory_drop_weights(c->e, c->inventory.done, k, &c->not_dropped);
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

    if (c->stopping || cell->fraction > cell->stopped_at) {
        if (!c->stopping)
            lx_log("%s: a signal from outside ended its worker at %.0f%%, going on",
                   lx_pool_name(c, k), 100.0 * cell->fraction);
        cell->stopped_at = cell->fraction;
        cell->state = LX_WAITING;
    } else {
        set_failed(c, k,
                   lx_pool_record(c, k,
                                  "signals from outside ended its worker twice, without progress "
                                  "in between"));
    }
}

/* Another run of this folder is at the cell: who ends it does not matter. */
static void set_elsewhere(struct lx_pool *c, size_t k, long process)
{
    if (c->cells[k].state != LX_ELSEWHERE)
        lx_log("%s: process %ld is at it, waiting for that", lx_pool_name(c, k), process);
    c->cells[k].state = LX_ELSEWHERE;
}

static long holder_of(struct lx_pool *c, size_t k)
{
    struct lx_arena arena = {0};
    struct lx_err ignored;
    const char *lock;
    long holder = 0;

    if (lx_store_work(c->e->dir, c->e->plan.cells[k].id, LX_LOCK_FILE, &arena, &lock, &ignored) ==
        LX_OK)
        holder = lx_lock_holder(lock);
    lx_arena_free(&arena);
    return holder;
}

/* Cells that another run has ended, or left. */
static void look_elsewhere(struct lx_pool *c)
{
    if (c->clock - c->looked < LOOK_SECONDS)
        return;
    c->looked = c->clock;
    for (size_t k = 0; k < c->e->plan.n; k++) {
        if (c->cells[k].state != LX_ELSEWHERE || holder_of(c, k) != 0)
            continue;
        if (lx_cell_is_done(c->e->dir, c->e->plan.cells[k].id))
            set_done(c, k);
        else
            c->cells[k].state = LX_WAITING;
    }
}

/* What this process itself found out. */
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
    enum lx_code looked = lx_cell_check(c->e->dir, cell->id, &done, NULL, &why);

    c->cells[k].fraction = done ? 1.0 : lx_pool_fraction(c, w);
    if (w->begun)
        c->work += (c->cells[k].fraction - w->base) * (cell->train_flops + cell->eval_flops);
    if (done)
        set_done(c, k);
    else if (w->held_by != 0)
        set_elsewhere(c, k, w->held_by);
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
    double limit = c->l->hang_timeout + c->e->plan.cells[w->k].pass_flops / SLOW_FLOPS;
    const char *cause;
    char text[32];

    if (w->pid == 0 || w->hung || c->l->hang_timeout <= 0.0 || c->awake - w->heard <= limit)
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

    for (int j = 0; j < c->l->jobs; j++) {
        if (c->workers[j].fd >= 0)
            fds[n++] = (struct pollfd){.fd = c->workers[j].fd, .events = POLLIN};
        else if (c->workers[j].pid != 0)
            wait = ENDING_MS;
    }
    (void)poll(fds, (nfds_t)n, wait);
    tick(c);
    look_elsewhere(c);
    if (lx_interrupted())
        stop_all(c, "stopping");
    for (int j = 0; j < c->l->jobs; j++) {
        struct lx_process *w = &c->workers[j];

        if (w->pid == 0)
            continue;
        if (lx_process_read(w)) {
            if (!w->begun)
                w->base = lx_pool_fraction(c, w);
            w->begun = true;
            w->heard = c->awake;
            c->cells[w->k].fraction = lx_pool_fraction(c, w);
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
    const struct lx_cell *cell = &c->e->plan.cells[k];
    long holder;
    const char *folder;
    struct lx_err why;

    if (lx_store_work(c->e->dir, cell->id, "", &c->arena, &folder, &why) ||
        lx_fs_mkdir_own(folder, &why)) {
        set_failed(c, k, cause_of(c, &why));
        return LX_OK;
    }
    holder = holder_of(c, k);
    if (holder != 0) {
        set_elsewhere(c, k, holder);
        return LX_OK;
    }
    if (c->l->disk_limit == 0 && lx_disk_free(c->e->dir) < lx_disk_cell(cell)) {
        c->full = cell;
        return LX_OK;
    }
    if (lx_process_start(w, &c->setup, k, err)) {
        stop_all(c, "stopping");
        return err->code;
    }
    c->cells[k].state = LX_RUNNING;
    w->heard = c->awake;
    return LX_OK;
}

static enum lx_code work(struct lx_pool *c, struct lx_err *err)
{
    struct pollfd *fds = lx_arena_take(&c->arena, (size_t)c->l->jobs, sizeof(*fds));
    enum lx_code code = LX_OK;
    int alive = 0;

    if (fds == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    do {
        size_t k;

        for (int j = 0; j < c->l->jobs; j++)
            while (code == LX_OK && !c->stopping && c->full == NULL && c->workers[j].pid == 0 &&
                   next_cell(c, &k))
                code = start(c, &c->workers[j], k, err);
        alive = attend(c, fds);
        if (!c->stopping && c->n_done + c->n_failed < c->e->plan.n)
            lx_pool_show(c, false);
    } while (alive > 0 || (code == LX_OK && !c->stopping && c->full == NULL &&
                           c->n_done + c->n_failed < c->e->plan.n));
    return code;
}

/* What earlier runs left: cells that are done, that failed, and how far the others are. */
static enum lx_code look_around(struct lx_pool *c, struct lx_err *err)
{
    struct lx_plan *p = &c->e->plan;

    if (lx_inventory_take(c->e, !c->l->drop_weights, &c->arena, &c->inventory, err))
        return err->code;
    for (size_t k = 0; k < p->n; k++) {
        struct lx_pool_cell *cell = &c->cells[k];
        struct lx_heartbeat_view v;
        struct lx_err ignored;
        const char *path;

        cell->stopped_at = -1.0;
        cell->cause = c->inventory.done[k] ? NULL : lx_pool_recorded(c, k);
        if (c->inventory.done[k]) {
            cell->state = LX_DONE;
            cell->fraction = 1.0;
            c->n_done++;
            if (c->l->drop_weights)
                lx_inventory_drop_weights(c->e, c->inventory.done, k, &c->not_dropped);
        } else if (cell->cause != NULL && c->l->skip_failed) {
            cell->state = LX_FAILED;
            c->n_failed++;
        } else if (lx_store_work(c->e->dir, p->cells[k].id, LX_HEARTBEAT_FILE, &c->arena, &path,
                                 &ignored) == LX_OK &&
                   lx_heartbeat_read(path, &v)) {
            cell->fraction = v.done;
        }
    }
    lx_plan_warn(p);
    if (c->n_failed > 0)
        lx_log("%zu cells: %zu done, %zu failed before and are skipped, %zu to do", p->n, c->n_done,
               c->n_failed, p->n - c->n_done - c->n_failed);
    else
        lx_log("%zu cells: %zu done, %zu to do", p->n, c->n_done, p->n - c->n_done);
    return LX_OK;
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
    if (lx_interrupted()) {
        (void)lx_fail(err, LX_EINTERRUPT,
                      "interrupted with %zu of %zu cells done; the same command goes on from here",
                      c->n_done, n);
        return c->n_done == 0 ? err->code
                              : lx_hint(err,
                                        "tables of what is done: `longshot merge %.80s`, then "
                                        "`longshot report %.80s`",
                                        c->e->dir, c->e->dir);
    }
    if (c->full != NULL) {
        (void)lx_fail(
            err, LX_EIO,
            "%s: the disk is full, with %zu of %zu cells done: %.0f MB are free, the next "
            "cell needs up to %.0f MB",
            c->e->dir, c->n_done, n, (double)lx_disk_free(c->e->dir) / 1e6,
            (double)lx_disk_cell(c->full) / 1e6);
        return lx_hint(err, "with more room the same command goes on from here");
    }
    if (c->n_failed == 0) {
        *err = c->not_dropped;
        return err->code;
    }
    if (left > 0)
        (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed, %zu are left (--fail-fast)",
                      c->n_failed, n, left);
    else
        (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed", c->n_failed, n);
    return lx_hint(err, c->l->skip_failed ? "--retry yes tries them again"
                                          : "the same command tries them again");
}

/* The config for the workers: whatever becomes of DIR/config.json meanwhile, they read what was planned
 * with. Named as temp files are, so that it is known for a leftover if this process is killed. */
static enum lx_code write_config(struct lx_pool *c, struct lx_err *err)
{
    char owner[LX_OWNER_SIZE];
    struct lx_buf text = {0};
    const char *folder = lx_arena_printf(&c->arena, "%s/work", c->e->dir);
    enum lx_code code = LX_OK;

    lx_owner(owner);
    c->setup.config =
        lx_arena_printf(&c->arena, "%s/config.tmp-%s-%ld-0", folder, owner, (long)getpid());
    if (c->arena.failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (lx_config_write(&c->e->config, &text, err) || lx_fs_mkdir(folder, err) ||
        lx_fs_replace(c->setup.config, text.text, text.len, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

static enum lx_code run_missing(struct lx_pool *c, struct lx_err *err)
{
    struct lx_err ignored;
    enum lx_code code = write_config(c, err);

    if (code == LX_OK)
        code = work(c, err);
    if (c->setup.config != NULL)
        (void)!lx_fs_remove(c->setup.config, &ignored);
    lx_pool_show(c, true);
    return code;
}

static enum lx_code supervise(struct lx_pool *c, struct lx_err *err)
{
    const struct lx_launch *l = c->l;

    c->setup = (struct lx_process_setup){.e = c->e,
                                         .memory_limit = l->memory_limit,
                                         .checkpoint_every = l->checkpoint_every,
                                         .tensorboard = l->tensorboard};
    if (lx_process_environment(err) ||
        lx_arena_get(&c->arena, (size_t)l->jobs, sizeof(*c->workers), &c->workers, "workers",
                     err) ||
        lx_arena_get(&c->arena, c->e->plan.n, sizeof(*c->cells), &c->cells, "cells", err))
        return err->code;
    for (int j = 0; j < l->jobs; j++)
        c->workers[j].fd = -1;
    if (look_around(c, err))
        return err->code;
    if (c->n_done + c->n_failed < c->e->plan.n && run_missing(c, err))
        return err->code;
    return conclude(c, err);
}

static enum lx_code run(const struct lx_launcher *self, const struct lx_launch *l,
                        struct lx_experiment *e, bool *queued, struct lx_err *err)
{
    struct lx_pool c = {.l = l, .e = e, .clock = lx_clock(), .oom_kills = lx_pool_oom_kills()};
    enum lx_code code = supervise(&c, err);

    (void)self;
    *queued = false;
    lx_arena_free(&c.arena);
    return code;
}

static const char *const options[] = {"fail-fast", "retry", "disk", NULL};

const struct lx_launcher lx_launcher_local = {
    .name = "local", .help = "workers on this machine", .options = options, .run = run};
