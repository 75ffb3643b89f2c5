/* Waiting for tasks: how far they are, and what became of them. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "cluster/array_internal.h"
#include "core/log.h"
#include "process/interrupt.h"
#include "store/cell_files.h"
#include "store/heartbeat.h"
#include "store/store.h"
#include "system/fs.h"

#define FRESH_SECONDS 60.0  /* who was heard of later than that works on a cell */
#define SETTLE_SECONDS 10.0 /* for the last results to be seen on a shared file system */

static double flops_of(const struct lx_cell *cell)
{
    return cell->train_flops + cell->eval_flops;
}

void lx_array_look(struct lx_array_launch *a)
{
    for (size_t k = 0; k < a->e->plan.n; k++)
        if (!a->have.done[k] && lx_cell_is_done(a->e->dir, a->e->plan.cells[k].id)) {
            a->have.done[k] = true;
            a->have.n_done++;
            if (a->l->drop_weights)
                lx_inventory_drop_weights(a->e, a->have.done, k, &a->not_dropped);
        }
}

/* What the first cells at work have said of themselves. */
static void add_heartbeats(const struct lx_array_launch *a, struct lx_buf *line)
{
    const struct lx_plan *p = &a->e->plan;
    struct lx_arena arena = {0};
    struct lx_err ignored;
    int named = 0;

    for (size_t k = 0; k < p->n && named < 3; k++) {
        struct lx_heartbeat_view v;
        const char *path;

        if (a->have.done[k] || lx_store_work(a->e->dir, p->cells[k].id, LX_HEARTBEAT_FILE, &arena,
                                             &path, &ignored) != LX_OK)
            continue;
        if (!lx_heartbeat_read(path, &v) || v.age > FRESH_SECONDS ||
            strcmp(v.state, "interrupted") == 0)
            continue;
        lx_buf_printf(line, " | %s seed %llu on %s %s %.0f%%", p->cells[k].label,
                      (unsigned long long)a->e->config.seeds[p->cells[k].seed], v.host, v.state,
                      100.0 * v.done);
        if (isfinite(v.nll))
            lx_buf_printf(line, " nll %.3f", v.nll);
        named++;
    }
    lx_arena_free(&arena);
}

static void show(struct lx_array_launch *a, bool final)
{
    const struct lx_plan *p = &a->e->plan;
    double total = 0.0, done = 0.0, elapsed = lx_clock() - a->start;
    struct lx_buf line = {0};
    struct lx_err ignored;
    char left[32], spent[32];

    for (size_t k = 0; k < p->n; k++) {
        total += flops_of(&p->cells[k]);
        done += a->have.done[k] ? flops_of(&p->cells[k]) : 0.0;
    }
    done -= a->work_before;
    lx_log_duration(done > 0.0 ? elapsed * (total - a->work_before - done) / done : (double)NAN,
                    left);
    lx_log_duration(elapsed, spent);
    lx_buf_printf(&line, "%zu/%zu cells", a->have.n_done, p->n);
    if (final) {
        lx_buf_printf(&line, " in %s", spent);
    } else {
        lx_buf_printf(&line, ", %zu tasks running, %zu waiting", a->batches.running,
                      a->batches.waiting);
        if (a->batches.reason[0] != '\0')
            lx_buf_printf(&line, " (%s)", a->batches.reason);
        lx_buf_printf(&line, ", %s, %s left", spent, left);
    }
    if (!final)
        add_heartbeats(a, &line);
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

/* Said once each: a queue that does not move, and a system that does not answer. */
struct complaints {
    bool held, silent;
};

static void watch_queue(struct lx_array_launch *a, struct complaints *said)
{
    const struct lx_batch_system *system = a->launcher->batch;
    struct lx_err err;

    if (lx_array_batches_ask(&a->batches, &err) != LX_OK) {
        if (!said->silent && !lx_interrupted())
            lx_log("asking %s again: %s", system->title, err.text);
        said->silent = true;
        return;
    }
    said->silent = false;
    if (said->held || a->batches.running > 0)
        return;
    for (size_t i = 0; system->held[i] != NULL; i++)
        said->held = said->held || strstr(a->batches.reason, system->held[i]) != NULL;
    if (said->held)
        lx_log("tasks are held (%s): `%s JOB` or `%s JOB`", a->batches.reason, system->go_on,
               system->cancel);
}

static enum lx_code ignore_name(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return LX_OK;
}

/* A folder of another machine may be seen late; listing the one it is in makes the file system look. */
static void settle(struct lx_array_launch *a)
{
    double end = lx_clock() + fmin(SETTLE_SECONDS, 2.0 * a->l->poll);
    const char *cells = lx_arena_printf(&a->arena, "%s/cells", a->e->dir);

    lx_array_look(a);
    while (a->have.n_done < a->e->plan.n && lx_clock() < end && !lx_interrupted()) {
        struct lx_err ignored;

        if (cells != NULL)
            (void)!lx_fs_list(cells, ignore_name, NULL, &ignored);
        lx_array_look(a);
        if (a->have.n_done < a->e->plan.n)
            pause_for(fmin(0.5, end - lx_clock()));
    }
}

void lx_array_wait(struct lx_array_launch *a)
{
    struct complaints said = {false, false};
    double interval = fmin(1.0, a->l->poll);

    while (!lx_interrupted() && a->have.n_done < a->e->plan.n) {
        struct lx_buf jobs = {0};
        bool any;

        lx_array_batches_jobs(&a->batches, ",", &jobs);
        any = jobs.len > 0;
        lx_buf_free(&jobs);
        if (!any)
            break;
        pause_for(interval);
        interval = fmin(1.5 * interval, a->l->poll);
        watch_queue(a, &said);
        lx_array_look(a);
        show(a, false);
    }
    if (!lx_interrupted()) {
        settle(a);
        show(a, true);
    }
}

/* ---------------------------------------------------------------------------------- what failed */

/* The last line of a text that is not empty. */
static const char *last_line(struct lx_array_launch *a, const struct lx_buf *text)
{
    size_t end = text->len, begin;

    while (end > 0 && text->text[end - 1] == '\n')
        end--;
    for (begin = end; begin > 0 && text->text[begin - 1] != '\n';)
        begin--;
    return end > begin ? lx_arena_textn(&a->arena, text->text + begin, end - begin) : NULL;
}

/* The last words of a task; NULL: another's log, or memory, is wanting. */
static const char *last_words(struct lx_array_launch *a, const struct lx_array_batch *b,
                              size_t task)
{
    const char *path = lx_arena_printf(&a->arena, "%s/%zu.%zu.log", a->folder, b->number, task);
    const char *words = NULL;
    struct lx_buf text = {0};
    struct lx_err err;

    if (path == NULL || !lx_fs_exists(path))
        return "its task left no log: the node cannot write there, or the job was cancelled before "
               "it began";
    if (lx_fs_read(path, &text, &err) == LX_OK)
        words = lx_arena_printf(&a->arena, "%s: %s", path,
                                text.len > 0 ? last_line(a, &text) : "empty");
    lx_buf_free(&text);
    return words;
}

/* What the cell left, else the last words of its newest task. */
static const char *find_cause(struct lx_array_launch *a, size_t k)
{
    const char *id = a->e->plan.cells[k].id, *path, *cause = NULL;
    struct lx_buf text = {0};
    struct lx_err err;

    if (lx_store_work(a->e->dir, id, LX_ERROR_FILE, &a->arena, &path, &err) == LX_OK &&
        lx_fs_exists(path) && lx_fs_read(path, &text, &err) == LX_OK)
        cause = last_line(a, &text);
    lx_buf_free(&text);
    for (size_t i = a->batches.n; i > 0 && cause == NULL; i--) {
        const struct lx_array_batch *b = &a->batches.batch[i - 1];

        for (size_t c = 0; c < b->tasks.n && cause == NULL; c++)
            if (strcmp(b->tasks.cells[c].id, id) == 0)
                cause = last_words(a, b, b->tasks.cells[c].task);
    }
    return cause != NULL ? cause : "no cause was left";
}

enum lx_code lx_array_judge(struct lx_array_launch *a, struct lx_err *err)
{
    const struct lx_plan *p = &a->e->plan;

    if (a->have.n_done == p->n) {
        *err = a->not_dropped;
        return err->code;
    }
    for (size_t k = 0; k < p->n; k++)
        if (!a->have.done[k])
            lx_log("failed: %s seed %llu: %s", p->cells[k].label,
                   (unsigned long long)a->e->config.seeds[p->cells[k].seed], find_cause(a, k));
    (void)lx_fail(err, LX_EPARTIAL, "%zu of %zu cells are not done", p->n - a->have.n_done, p->n);
    return lx_hint(err, "the same command submits them again");
}
