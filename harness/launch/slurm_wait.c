/* Waiting for tasks of Slurm: how far they are, and what became of them. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "launch/slurm_internal.h"
#include "store/heartbeat.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/interrupt.h"

#define FRESH_SECONDS 60.0  /* who was heard of later than that works on a cell */
#define SETTLE_SECONDS 10.0 /* for the last results to be seen on a shared file system */

static double work_of(const struct lx_cell *cell)
{
    return cell->train_flops + cell->eval_flops;
}

void lx_slurm_look(struct lx_slurm_launch *l)
{
    for (size_t k = 0; k < l->e->plan.n; k++)
        if (!l->done[k] && lx_store_done(l->e->dir, l->e->plan.cells[k].id)) {
            l->done[k] = true;
            l->n_done++;
        }
}

/* What the first cells at work have said of themselves. */
static void add_live(const struct lx_slurm_launch *l, struct lx_buf *line)
{
    const struct lx_plan *p = &l->e->plan;
    struct lx_arena arena = {0};
    struct lx_err ignored;
    int named = 0;

    for (size_t k = 0; k < p->n && named < 3; k++) {
        struct lx_heartbeat_view v;
        const char *path;

        if (l->done[k] || lx_store_work(l->e->dir, p->cells[k].id, LX_HEARTBEAT_FILE, &arena, &path,
                                        &ignored) != LX_OK)
            continue;
        if (!lx_heartbeat_read(path, &v) || v.age > FRESH_SECONDS ||
            strcmp(v.state, "interrupted") == 0)
            continue;
        lx_buf_printf(line, " | %s seed %llu on %s %s %.0f%%", p->cells[k].label,
                      (unsigned long long)l->e->config.seeds[p->cells[k].seed], v.host, v.state,
                      100.0 * v.done);
        if (isfinite(v.nll))
            lx_buf_printf(line, " nll %.3f", v.nll);
        named++;
    }
    lx_arena_free(&arena);
}

static void show(struct lx_slurm_launch *l, bool final)
{
    const struct lx_plan *p = &l->e->plan;
    double total = 0.0, done = 0.0, elapsed = lx_clock() - l->start;
    struct lx_buf line = {0};
    struct lx_err ignored;
    char left[32], spent[32];

    for (size_t k = 0; k < p->n; k++) {
        total += work_of(&p->cells[k]);
        done += l->done[k] ? work_of(&p->cells[k]) : 0.0;
    }
    done -= l->work_before;
    lx_log_duration(done > 0.0 ? elapsed * (total - l->work_before - done) / done : (double)NAN,
                    left);
    lx_log_duration(elapsed, spent);
    lx_buf_printf(&line, "%zu/%zu cells", l->n_done, p->n);
    if (final) {
        lx_buf_printf(&line, " in %s", spent);
    } else {
        lx_buf_printf(&line, ", %zu tasks running, %zu waiting", l->batches.running,
                      l->batches.waiting);
        if (l->batches.reason[0] != '\0')
            lx_buf_printf(&line, " (%s)", l->batches.reason);
        lx_buf_printf(&line, ", %s, %s left", spent, left);
    }
    if (!final)
        add_live(l, &line);
    if (lx_buf_check(&line, &ignored) == LX_OK)
        lx_progress(final, "%s", line.text);
    lx_buf_free(&line);
}

/* In steps, so that a signal is noticed soon. */
static void pause_for(double seconds)
{
    double end = lx_clock() + seconds, left;

    while ((left = end - lx_clock()) > 0.0 && !lx_interrupted()) {
        double step = left < 0.5 ? left : 0.5;
        const struct timespec t = {.tv_nsec = (long)(step * 1e9)};

        (void)nanosleep(&t, NULL);
    }
}

/* Said once each: a queue that stands still, and a Slurm that does not answer. */
struct complaints {
    bool held, silent;
};

static void watch_queue(struct lx_slurm_launch *l, struct complaints *said)
{
    struct lx_err err;

    if (lx_slurm_batches_ask(&l->batches, &err) != LX_OK) {
        if (!said->silent && !lx_interrupted())
            lx_log("asking Slurm again: %s", err.text);
        said->silent = true;
        return;
    }
    said->silent = false;
    if (!said->held && l->batches.running == 0 &&
        (strstr(l->batches.reason, "held") != NULL || strstr(l->batches.reason, "Held") != NULL ||
         strcmp(l->batches.reason, "DependencyNeverSatisfied") == 0)) {
        lx_log("tasks are held (%s): `scontrol release JOB` or `scancel JOB`", l->batches.reason);
        said->held = true;
    }
}

static enum lx_code ignore_name(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return LX_OK;
}

/* A folder of another machine may be seen late; listing the one it is in makes the file system look. */
static void settle(struct lx_slurm_launch *l)
{
    double end = lx_clock() + fmin(SETTLE_SECONDS, 2.0 * l->s->poll);
    const char *cells = lx_arena_printf(&l->arena, "%s/cells", l->e->dir);

    lx_slurm_look(l);
    while (l->n_done < l->e->plan.n && lx_clock() < end && !lx_interrupted()) {
        struct lx_err ignored;

        if (cells != NULL)
            (void)!lx_fs_list(cells, ignore_name, NULL, &ignored);
        lx_slurm_look(l);
        if (l->n_done < l->e->plan.n)
            pause_for(fmin(0.5, end - lx_clock()));
    }
}

void lx_slurm_wait(struct lx_slurm_launch *l)
{
    struct complaints said = {false, false};
    double interval = fmin(1.0, l->s->poll);

    while (!lx_interrupted() && l->n_done < l->e->plan.n) {
        struct lx_buf jobs = {0};
        bool any;

        lx_slurm_batches_jobs(&l->batches, ",", &jobs);
        any = jobs.len > 0;
        lx_buf_free(&jobs);
        if (!any)
            break;
        pause_for(interval);
        interval = fmin(1.5 * interval, l->s->poll);
        watch_queue(l, &said);
        lx_slurm_look(l);
        show(l, false);
    }
    if (!lx_interrupted()) {
        settle(l);
        show(l, true);
    }
}

/* ---------------------------------------------------------------------------------- what failed */

/* The last line of a text that is not empty. */
static const char *last_line(struct lx_slurm_launch *l, const struct lx_buf *text)
{
    size_t end = text->len, begin;

    while (end > 0 && text->text[end - 1] == '\n')
        end--;
    for (begin = end; begin > 0 && text->text[begin - 1] != '\n';)
        begin--;
    return end > begin ? lx_arena_textn(&l->arena, text->text + begin, end - begin) : NULL;
}

/* What the cell left, else the last words of its newest task. */
static const char *find_cause(struct lx_slurm_launch *l, size_t k)
{
    const char *id = l->e->plan.cells[k].id, *path, *cause = NULL;
    struct lx_buf text = {0};
    struct lx_err err;

    if (lx_store_work(l->e->dir, id, "error.txt", &l->arena, &path, &err) == LX_OK &&
        lx_fs_exists(path) && lx_fs_read(path, &text, &err) == LX_OK)
        cause = last_line(l, &text);
    for (size_t i = l->batches.n; i > 0 && cause == NULL; i--) {
        const struct lx_slurm_batch *b = &l->batches.batch[i - 1];

        for (size_t c = 0; c < b->tasks.n && cause == NULL; c++) {
            if (strcmp(b->tasks.cells[c].id, id) != 0)
                continue;
            path = lx_arena_printf(&l->arena, "%s/%zu.%zu.log", l->folder, b->number,
                                   b->tasks.cells[c].task);
            if (path == NULL || !lx_fs_exists(path))
                cause = "its task left no log: the node cannot write there, or the job was "
                        "cancelled before it began";
            else if (lx_fs_read(path, &text, &err) == LX_OK)
                cause = lx_arena_printf(&l->arena, "%s: %s", path,
                                        text.len > 0 ? last_line(l, &text) : "empty");
        }
    }
    lx_buf_free(&text);
    return cause != NULL ? cause : "no cause was left";
}

enum lx_code lx_slurm_judge(struct lx_slurm_launch *l, struct lx_err *err)
{
    const struct lx_plan *p = &l->e->plan;

    if (l->n_done == p->n)
        return LX_OK;
    for (size_t k = 0; k < p->n; k++)
        if (!l->done[k])
            lx_log("failed: %s seed %llu: %s", p->cells[k].label,
                   (unsigned long long)l->e->config.seeds[p->cells[k].seed], find_cause(l, k));
    (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells are not done", p->n - l->n_done, p->n);
    return lx_hint(err, "the same command submits them again");
}
