/* From a plan to jobs: what is neither done nor queued is submitted; see array.h. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "cluster/array.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/array_internal.h"
#include "core/log.h"
#include "process/interrupt.h"
#include "system/fs.h"

static const struct lx_batch_system *system_of(const struct lx_array_launch *a)
{
    return a->launcher->batch;
}

static enum lx_code absolute(struct lx_array_launch *a, const char *path, const char **out,
                             struct lx_err *err)
{
    char *full = realpath(path, NULL);

    if (full == NULL)
        return lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    *out = strpbrk(full, "\n\r") == NULL ? lx_arena_text(&a->arena, full) : NULL;
    free(full);
    return *out != NULL ? LX_OK : lx_fail(err, LX_EUSAGE, "%s: must not contain line ends", path);
}

static enum lx_code set_up(struct lx_array_launch *a, struct lx_err *err)
{
    struct lx_array_script *s = &a->script;

    *s = (struct lx_array_script){.name = a->e->config.name, .l = a->l};
    if (system_of(a)->options(a->l->options, &a->options, err) ||
        lx_inventory_take(a->e, !a->l->drop_weights, &a->arena, &a->have, err) ||
        absolute(a, a->e->dir, &s->dir, err) || absolute(a, ".", &s->cwd, err) ||
        absolute(a, "/proc/self/exe", &s->program, err))
        return err->code;
    s->options = a->options.text;
    a->folder = lx_arena_printf(&a->arena, "%s/%s", s->dir, a->launcher->name);
    return a->folder != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

/* Whether there is a task that will do cell k. */
static bool is_queued(const struct lx_array_launch *a, size_t k)
{
    for (size_t i = 0; i < a->batches.n; i++) {
        const struct lx_array_batch *b = &a->batches.batch[i];

        for (size_t c = 0; c < b->tasks.n; c++)
            if (b->queued[b->tasks.cells[c].task] &&
                strcmp(b->tasks.cells[c].id, a->e->plan.cells[k].id) == 0)
                return true;
    }
    return false;
}

/* ---------------------------------------------------------------------------------- submitting */

static enum lx_code write_text(const char *path, const struct lx_buf *text, struct lx_err *err)
{
    if (lx_buf_check(text, err))
        return err->code;
    return lx_fs_write_own(path, text->text, text->len, err);
}

/* A number that no other launcher, here or elsewhere, has: who makes the file has it. */
static enum lx_code new_number(struct lx_array_batches *b, size_t *number, const char **script,
                               struct lx_err *err)
{
    for (;;) {
        int fd;

        *number = ++b->last;
        if (lx_array_path(b, *number, "sh", script, err))
            return err->code;
        fd = open(*script, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 && close(fd) == 0)
            return LX_OK;
        if (errno != EEXIST)
            return lx_fail(err, LX_EIO, "%s: %s", *script, strerror(errno));
    }
}

static size_t largest_cell(const struct lx_plan *p, const struct lx_tasks *tasks)
{
    size_t most = 0;

    for (size_t i = 0; i < tasks->n; i++) {
        const struct lx_cell *cell = &p->cells[tasks->cells[i].k];

        most = cell->train_bytes > most ? cell->train_bytes : most;
        most = cell->eval_bytes > most ? cell->eval_bytes : most;
    }
    return most;
}

static enum lx_code submit_batch(struct lx_array_launch *a, const struct lx_tasks *tasks,
                                 struct lx_err *err)
{
    struct lx_array_batches *b = &a->batches;
    struct lx_buf config = {0}, text = {0};
    const char *script, *config_path, *list;
    char job[LX_JOB_SIZE];
    size_t number;
    enum lx_code code = LX_OK;

    if (new_number(b, &number, &script, err) ||
        lx_array_path(b, number, "json", &config_path, err) ||
        lx_array_path(b, number, "tasks", &list, err))
        return err->code;
    a->script.number = number;
    a->script.n_tasks = tasks->n_tasks;
    a->script.bytes = largest_cell(&a->e->plan, tasks);
    system_of(a)->write_tasks(&a->script, &text);
    if (lx_config_write(&a->e->config, &config, err) || write_text(config_path, &config, err) ||
        lx_tasks_write(list, tasks, err) || write_text(script, &text, err) ||
        system_of(a)->submit(script, job, err) || lx_array_batches_add(b, number, job, tasks, err))
        code = err->code;
    else
        lx_log("submitted job %s: %zu cells in %zu tasks", job, tasks->n, tasks->n_tasks);
    lx_buf_free(&config);
    lx_buf_free(&text);
    return code;
}

static enum lx_code submit(struct lx_array_launch *a, const size_t *cells, size_t n,
                           struct lx_err *err)
{
    struct lx_tasks all = {0}, some;
    size_t limit;

    if (system_of(a)->array_limit(&limit, err) ||
        lx_tasks_make(&a->e->plan, cells, n, (size_t)a->l->cells_per_task, &a->arena, &all, err) ||
        lx_fs_mkdir(a->folder, err))
        return err->code;
    for (size_t first = 0; first < all.n_tasks; first += limit) {
        size_t rest = all.n_tasks - first;

        if (lx_tasks_part(&all, first, rest < limit ? rest : limit, &a->arena, &some, err) ==
                LX_OK &&
            submit_batch(a, &some, err) == LX_OK)
            continue;
        return first == 0 ? err->code
                          : lx_hint(err,
                                    "%zu of %zu tasks are submitted; the same command goes on from "
                                    "here",
                                    first, all.n_tasks);
    }
    return LX_OK;
}

static enum lx_code submit_merge(struct lx_array_launch *a, struct lx_err *err)
{
    const char *path = lx_arena_printf(&a->arena, "%s/merge.sh", a->folder);
    struct lx_buf jobs = {0}, text = {0};
    char job[LX_JOB_SIZE];
    enum lx_code code = path != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");

    lx_array_batches_jobs(&a->batches, ":", &jobs);
    if (code == LX_OK)
        code = lx_buf_check(&jobs, err);
    if (code == LX_OK) {
        system_of(a)->write_merge(&a->script, jobs.text, &text);
        if (write_text(path, &text, err) || system_of(a)->submit(path, job, err))
            code = err->code;
        else
            lx_log("submitted job %s: merges and reports when the others have ended", job);
    }
    lx_buf_free(&jobs);
    lx_buf_free(&text);
    return code;
}

/* Ask about what was submitted before, and submit what is neither done nor queued. */
static enum lx_code submit_missing(struct lx_array_launch *a, size_t *submitted, struct lx_err *err)
{
    struct lx_plan *p = &a->e->plan;
    size_t *cells, queued = 0;

    *submitted = 0;
    if (lx_arena_get(&a->arena, p->n, sizeof(*cells), &cells, "the list of cells", err) ||
        lx_array_batches_read(&a->batches, system_of(a), a->folder, err) ||
        lx_array_batches_ask(&a->batches, err) || lx_array_batches_retire(&a->batches, err))
        return err->code;
    lx_array_look(a); /* again: they may have ended since */
    for (size_t k = 0; k < p->n; k++) {
        bool is = !a->have.done[k] && is_queued(a, k);

        queued += is;
        if (!a->have.done[k] && !is)
            cells[(*submitted)++] = k;
        else if (a->have.done[k])
            a->work_before += p->cells[k].train_flops + p->cells[k].eval_flops;
    }
    lx_log("%zu cells: %zu done, %zu in %s's queue, %zu to submit", p->n, a->have.n_done, queued,
           system_of(a)->title, *submitted);
    return *submitted > 0 ? submit(a, cells, *submitted, err) : LX_OK;
}

static enum lx_code stopped_waiting(struct lx_array_launch *a, struct lx_err *err)
{
    struct lx_buf jobs = {0};

    lx_array_batches_jobs(&a->batches, " ", &jobs);
    (void)lx_fail(err, LX_EINTERRUPT, "stopped waiting with %zu of %zu cells done; the jobs go on",
                  a->have.n_done, a->e->plan.n);
    if (jobs.len > 0 && jobs.len < 120)
        (void)lx_hint(err, "the same command waits again, `%s %s` ends them", system_of(a)->cancel,
                      jobs.text);
    lx_buf_free(&jobs);
    return err->code;
}

static enum lx_code launch(struct lx_array_launch *a, bool *queued, struct lx_err *err)
{
    size_t submitted;

    if (set_up(a, err))
        return err->code;
    for (size_t k = 0; k < a->e->plan.n && a->l->drop_weights; k++)
        if (a->have.done[k])
            lx_inventory_drop_weights(a->e, a->have.done, k, &a->not_dropped);
    if (a->have.n_done == a->e->plan.n) {
        lx_log("%zu cells: all done", a->have.n_done);
        *err = a->not_dropped;
        return err->code;
    }
    if (submit_missing(a, &submitted, err))
        return err->code;
    if (a->l->no_wait) {
        *queued = a->have.n_done < a->e->plan.n;
        return submitted > 0 ? submit_merge(a, err) : LX_OK;
    }
    lx_array_wait(a);
    return lx_interrupted() ? stopped_waiting(a, err) : lx_array_judge(a, err);
}

enum lx_code lx_array_run(const struct lx_launcher *self, const struct lx_launch *l,
                          struct lx_experiment *e, bool *queued, struct lx_err *err)
{
    struct lx_array_launch a = {.launcher = self, .l = l, .e = e, .start = lx_clock()};
    enum lx_code code;

    *queued = false;
    code = launch(&a, queued, err);
    lx_array_batches_free(&a.batches);
    lx_buf_free(&a.options);
    lx_arena_free(&a.arena);
    return code;
}
