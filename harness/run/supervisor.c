/* Handing out cells to workers; see supervisor.h. */
#include "run/supervisor.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "core/fs.h"
#include "core/log.h"
#include "run/interrupt.h"
#include "run/process.h"

#define POLL_MS 200

enum state { WAITING, RUNNING, DONE, FAILED };

struct crew {
    const struct lx_supervisor *s;
    struct lx_experiment *e;
    struct lx_arena arena;
    struct lx_process *workers; /* (jobs) */
    enum state *state;          /* (cells) */
    size_t n_done, n_failed;
    bool stopping;
    double start;
    double work_before; /* operations of the cells that were done before */
};

/* "rope seed 2" or, with several datasets, "rope text seed 2". */
static const char *name_of(struct crew *c, size_t k)
{
    const struct lx_config *config = &c->e->config;
    const struct lx_cell *cell = &c->e->plan.cells[k];
    bool many = config->n_datasets > 1;
    const char *name = lx_arena_printf(&c->arena, "%s%s%s seed %llu", cell->label, many ? " " : "",
                                       many ? config->datasets[cell->dataset].id : "",
                                       (unsigned long long)config->seeds[cell->seed]);

    return name != NULL ? name : cell->label;
}

/* The next cell in plan order whose training no worker is busy with. */
static bool next_cell(const struct crew *c, size_t *out)
{
    const struct lx_plan *p = &c->e->plan;

    for (size_t k = 0; k < p->n; k++) {
        bool busy = false;

        if (c->state[k] != WAITING)
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

/* Why a worker failed: what it wrote to error.txt, else the last line of its log, else how it
 * ended. A worker that was killed could not write error.txt, so it is written here. */
static const char *find_cause(struct crew *c, size_t k, int status)
{
    const char *id = c->e->plan.cells[k].id, *path, *log, *cause = "no cause was left";
    struct lx_buf text = {0};
    struct lx_err err;

    if (lx_store_cell(c->e->dir, id, "error.txt", &c->arena, &path, &err) != LX_OK ||
        lx_store_cell(c->e->dir, id, "log.txt", &c->arena, &log, &err) != LX_OK)
        return cause;
    if (lx_fs_exists(path) && lx_fs_read(path, &text, &err) == LX_OK && text.len > 0) {
        cause = lx_arena_text(&c->arena, text.text);
        lx_buf_free(&text);
        return cause != NULL ? cause : "";
    }
    if (WIFSIGNALED(status)) {
        cause = lx_arena_printf(&c->arena, "ended by signal %d (%s)", WTERMSIG(status),
                                strsignal(WTERMSIG(status)));
    } else if (lx_fs_exists(log) && lx_fs_read(log, &text, &err) == LX_OK && text.len > 0) {
        size_t end = text.len, begin;

        while (end > 0 && text.text[end - 1] == '\n')
            end--;
        begin = end;
        while (begin > 0 && text.text[begin - 1] != '\n')
            begin--;
        cause = lx_arena_textn(&c->arena, text.text + begin, end - begin);
    }
    cause = cause != NULL ? cause : "";
    if (lx_fs_write(path, cause, strlen(cause), &err) != LX_OK)
        lx_log_error(&err);
    lx_buf_free(&text);
    return cause;
}

static void finish(struct crew *c, struct lx_process *w, int status)
{
    size_t k = w->k;
    const char *id = c->e->plan.cells[k].id, *log;
    struct lx_err err;
    struct lx_buf text = {0};
    bool stopped = WIFEXITED(status) && WEXITSTATUS(status) == lx_exit_status(LX_EINTERRUPT);

    /* done is done, even if it was killed right after that */
    if (lx_store_done(c->e->dir, id)) {
        c->state[k] = DONE;
        c->n_done++;
        /* a log that says nothing need not stay */
        if (lx_store_cell(c->e->dir, id, "log.txt", &c->arena, &log, &err) == LX_OK &&
            lx_fs_exists(log) && lx_fs_read(log, &text, &err) == LX_OK && text.len == 0)
            (void)!lx_fs_remove(log, &err);
        lx_buf_free(&text);
        if (!lx_log_is_terminal())
            lx_log("%zu of %zu cells done: %s", c->n_done, c->e->plan.n, name_of(c, k));
    } else if (stopped || c->stopping) {
        c->state[k] = WAITING;
    } else {
        c->state[k] = FAILED;
        c->n_failed++;
        lx_log("failed: %s: %s", name_of(c, k), find_cause(c, k, status));
    }
}

static void show(struct crew *c, bool final)
{
    const struct lx_plan *p = &c->e->plan;
    double total = 0.0, done = 0.0, elapsed = lx_clock() - c->start, left;
    char eta[32], spent[32], line[512];
    size_t used;

    for (size_t k = 0; k < p->n; k++) {
        double flops = p->cells[k].train_flops + p->cells[k].eval_flops;

        total += flops;
        done += c->state[k] == DONE || c->state[k] == FAILED ? flops : 0.0;
    }
    for (int j = 0; j < c->s->jobs; j++)
        if (c->workers[j].pid != 0)
            done += c->workers[j].trained * p->cells[c->workers[j].k].train_flops +
                    c->workers[j].evaluated * p->cells[c->workers[j].k].eval_flops;
    done -= c->work_before;
    left = done > 0.0 ? elapsed * (total - c->work_before - done) / done : (double)NAN;
    lx_log_duration(left, eta);
    lx_log_duration(elapsed, spent);
    used = (size_t)snprintf(line, sizeof(line), "%zu/%zu cells", c->n_done, p->n);
    if (c->n_failed > 0)
        used += (size_t)snprintf(line + used, sizeof(line) - used, ", %zu failed", c->n_failed);
    if (final)
        used += (size_t)snprintf(line + used, sizeof(line) - used, " in %s", spent);
    else
        used += (size_t)snprintf(line + used, sizeof(line) - used, ", %s, %s left", spent, eta);
    if (!final && done > 0.0 && elapsed > 0.0)
        used += (size_t)snprintf(line + used, sizeof(line) - used, ", %.3g Gflop/s",
                                 done / elapsed * 1e-9);
    for (int j = 0; j < c->s->jobs && used < sizeof(line) - 120; j++) {
        const struct lx_process *w = &c->workers[j];

        if (w->pid == 0)
            continue;
        used += (size_t)snprintf(line + used, sizeof(line) - used, " | %.40s %s %.0f%%",
                                 name_of(c, w->k), w->trained < 1.0 ? "train" : "eval",
                                 100.0 * (w->trained < 1.0 ? w->trained : w->evaluated));
        if (w->trained < 1.0 && !isnan(w->nll))
            used += (size_t)snprintf(line + used, sizeof(line) - used, " nll %.3f", w->nll);
    }
    lx_progress(final, "%s", line);
}

static void stop_all(struct crew *c)
{
    if (c->stopping)
        return;
    c->stopping = true;
    lx_log("stopping: waiting for the workers to end");
    for (int j = 0; j < c->s->jobs; j++)
        if (c->workers[j].pid != 0)
            (void)kill(c->workers[j].pid, SIGTERM);
}

/* Wait for news of any worker, take it in, and see who ended. Number of workers still there. */
static int attend(struct crew *c, struct pollfd *fds)
{
    int n = 0, alive = 0, status;

    for (int j = 0; j < c->s->jobs; j++)
        if (c->workers[j].fd >= 0)
            fds[n++] = (struct pollfd){.fd = c->workers[j].fd, .events = POLLIN};
    (void)poll(fds, (nfds_t)n, POLL_MS);
    if (lx_interrupted())
        stop_all(c);
    for (int j = 0; j < c->s->jobs; j++) {
        struct lx_process *w = &c->workers[j];

        lx_process_read(w);
        if (lx_process_ended(w, &status))
            finish(c, w, status);
        alive += w->pid != 0;
    }
    return alive;
}

static enum lx_code work(struct crew *c, struct lx_err *err)
{
    struct pollfd *fds = lx_arena_take(&c->arena, (size_t)c->s->jobs, sizeof(*fds));
    enum lx_code code = LX_OK;
    int alive = 0;

    if (fds == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    do {
        size_t k;

        for (int j = 0; j < c->s->jobs && code == LX_OK && !c->stopping; j++) {
            if (c->workers[j].pid != 0 || !next_cell(c, &k))
                continue;
            code = lx_process_start(&c->workers[j], c->e, k, c->s->memory_limit,
                                    c->s->checkpoint_every, err);
            if (code == LX_OK)
                c->state[k] = RUNNING;
            else
                stop_all(c);
        }
        alive = attend(c, fds);
        if (alive > 0 && !c->stopping)
            show(c, false);
    } while (alive > 0 ||
             (code == LX_OK && !c->stopping && c->n_done + c->n_failed < c->e->plan.n));
    return code;
}

static void look_for_done(struct crew *c)
{
    struct lx_plan *p = &c->e->plan;

    for (size_t k = 0; k < p->n; k++)
        if (lx_store_done(c->e->dir, p->cells[k].id)) {
            c->state[k] = DONE;
            c->n_done++;
            c->work_before += p->cells[k].train_flops + p->cells[k].eval_flops;
        }
    lx_log("%zu cells: %zu done, %zu to do", p->n, c->n_done, p->n - c->n_done);
}

enum lx_code lx_supervise(const struct lx_supervisor *s, struct lx_experiment *e,
                          struct lx_err *err)
{
    struct crew c = {.s = s, .e = e, .start = lx_clock()};
    enum lx_code code = lx_process_environment(err);
    bool idle;

    c.workers = lx_arena_take(&c.arena, (size_t)s->jobs, sizeof(*c.workers));
    c.state = lx_arena_take(&c.arena, e->plan.n, sizeof(*c.state));
    if (c.workers == NULL || c.state == NULL) {
        lx_arena_free(&c.arena);
        return lx_fail(err, LX_ENOMEM, "out of memory");
    }
    for (int j = 0; j < s->jobs; j++)
        c.workers[j].fd = -1;
    look_for_done(&c);
    idle = c.n_done == e->plan.n;
    if (code == LX_OK && !idle)
        code = work(&c, err);
    if (!idle)
        show(&c, true);
    if (code == LX_OK && c.stopping)
        code = lx_fail(err, LX_EINTERRUPT,
                       "interrupted with %zu of %zu cells done; the same "
                       "command goes on from here",
                       c.n_done, e->plan.n);
    else if (code == LX_OK && c.n_failed > 0)
        code = lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed", c.n_failed, e->plan.n);
    lx_arena_free(&c.arena);
    return code;
}
