/* From a plan to jobs: what is neither done nor queued is submitted; see slurm.h. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "launch/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "launch/slurm_internal.h"
#include "system/fs.h"
#include "system/interrupt.h"

static enum lx_code out_of_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory");
}

static enum lx_code absolute(struct lx_slurm_launch *l, const char *path, const char **out,
                             struct lx_err *err)
{
    char *full = realpath(path, NULL);

    if (full == NULL)
        return lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    *out = strpbrk(full, "\n\r") == NULL ? lx_arena_text(&l->arena, full) : NULL;
    free(full);
    return *out != NULL ? LX_OK : lx_fail(err, LX_EUSAGE, "%s: must not contain line ends", path);
}

static enum lx_code set_up(struct lx_slurm_launch *l, struct lx_err *err)
{
    const struct lx_slurm *s = l->s;
    enum lx_code code = lx_slurm_options(s->options, &l->options, err);

    l->script = (struct lx_slurm_script){.name = l->e->config.name, .s = s};
    l->done = lx_arena_take(&l->arena, l->e->plan.n, sizeof(*l->done));
    if (code == LX_OK && l->done == NULL)
        code = out_of_memory(err);
    if (code == LX_OK)
        code = absolute(l, l->e->dir, &l->script.dir, err);
    if (code == LX_OK)
        code = absolute(l, ".", &l->script.cwd, err);
    if (code == LX_OK)
        code = absolute(l, "/proc/self/exe", &l->script.program, err);
    if (code != LX_OK)
        return code;
    l->script.options = l->options.text;
    l->folder = lx_arena_printf(&l->arena, "%s/slurm", l->script.dir);
    return l->folder != NULL ? LX_OK : out_of_memory(err);
}

/* Whether Slurm has a task that will do cell k. */
static bool is_queued(const struct lx_slurm_launch *l, size_t k)
{
    for (size_t i = 0; i < l->batches.n; i++) {
        const struct lx_slurm_batch *b = &l->batches.batch[i];

        for (size_t c = 0; c < b->tasks.n; c++)
            if (b->queued[b->tasks.cells[c].task] &&
                strcmp(b->tasks.cells[c].id, l->e->plan.cells[k].id) == 0)
                return true;
    }
    return false;
}

/* ---------------------------------------------------------------------------------- submitting */

static enum lx_code write_text(const char *path, const struct lx_buf *text, struct lx_err *err)
{
    enum lx_code code = path == NULL ? out_of_memory(err) : lx_buf_check(text, err);

    return code != LX_OK ? code : lx_fs_write(path, text->text, text->len, err);
}

/* A number that no other launcher, here or elsewhere, has: who makes the file has it. */
static enum lx_code take_number(struct lx_slurm_batches *b, size_t *number, struct lx_err *err)
{
    for (;;) {
        const char *path = lx_slurm_path(b, ++b->last, "sh");
        int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;

        *number = b->last;
        if (fd >= 0 && close(fd) == 0)
            return LX_OK;
        if (path == NULL || errno != EEXIST)
            return path == NULL ? out_of_memory(err)
                                : lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    }
}

static enum lx_code submit_batch(struct lx_slurm_launch *l, const struct lx_tasks *tasks,
                                 struct lx_err *err)
{
    struct lx_slurm_batches *b = &l->batches;
    struct lx_buf text = {0};
    char job[LX_JOB_SIZE];
    size_t number;
    enum lx_code code = take_number(b, &number, err);
    const char *list = lx_slurm_path(b, number, "tasks"), *script = lx_slurm_path(b, number, "sh");

    if (code == LX_OK)
        code = lx_config_write(&l->e->config, &text, err);
    l->script.number = number;
    l->script.n_tasks = tasks->n_tasks;
    l->script.bytes = 0;
    for (size_t i = 0; i < tasks->n; i++) {
        const struct lx_cell *cell = &l->e->plan.cells[tasks->cells[i].k];
        size_t bytes = cell->train_bytes > cell->eval_bytes ? cell->train_bytes : cell->eval_bytes;

        l->script.bytes = bytes > l->script.bytes ? bytes : l->script.bytes;
    }
    if (code == LX_OK)
        code = write_text(lx_slurm_path(b, number, "json"), &text, err);
    if (code == LX_OK && (list == NULL || script == NULL))
        code = out_of_memory(err);
    if (code == LX_OK)
        code = lx_tasks_write(list, tasks, err);
    lx_buf_clear(&text);
    lx_slurm_write_tasks(&l->script, &text);
    if (code == LX_OK)
        code = write_text(script, &text, err);
    if (code == LX_OK)
        code = lx_slurm_submit(script, job, err);
    if (code == LX_OK)
        code = lx_slurm_batches_add(b, number, job, tasks, err);
    if (code == LX_OK)
        lx_log("submitted job %s: %zu cells in %zu tasks", job, tasks->n, tasks->n_tasks);
    lx_buf_free(&text);
    return code;
}

static enum lx_code submit(struct lx_slurm_launch *l, const size_t *cells, size_t n,
                           struct lx_err *err)
{
    struct lx_tasks all = {0}, part;
    size_t limit;
    enum lx_code code = lx_slurm_array_limit(&limit, err);

    if (code == LX_OK)
        code = lx_tasks_make(&l->e->plan, cells, n, (size_t)l->s->cells_per_task, &l->arena, &all,
                             err);
    if (code == LX_OK)
        code = lx_fs_mkdir(l->folder, err);
    for (size_t first = 0; code == LX_OK && first < all.n_tasks; first += limit) {
        size_t rest = all.n_tasks - first;

        code = lx_tasks_part(&all, first, rest < limit ? rest : limit, &l->arena, &part, err);
        if (code == LX_OK)
            code = submit_batch(l, &part, err);
        if (code != LX_OK && first > 0)
            return lx_hint(err,
                           "%zu of %zu tasks are submitted; the same command goes on from "
                           "here",
                           first, all.n_tasks);
    }
    return code;
}

static enum lx_code submit_merge(struct lx_slurm_launch *l, struct lx_err *err)
{
    const char *path = lx_arena_printf(&l->arena, "%s/merge.sh", l->folder);
    struct lx_buf jobs = {0}, text = {0};
    char job[LX_JOB_SIZE];
    enum lx_code code;

    lx_slurm_batches_jobs(&l->batches, ":", &jobs);
    code = lx_buf_check(&jobs, err);
    if (code == LX_OK)
        lx_slurm_write_merge(&l->script, jobs.text, &text);
    if (code == LX_OK)
        code = write_text(path, &text, err);
    if (code == LX_OK)
        code = lx_slurm_submit(path, job, err);
    if (code == LX_OK)
        lx_log("submitted job %s: merges and reports when the others have ended", job);
    lx_buf_free(&jobs);
    lx_buf_free(&text);
    return code;
}

/* Ask Slurm about what was submitted before, and submit what is neither done nor queued. */
static enum lx_code submit_missing(struct lx_slurm_launch *l, size_t *submitted, struct lx_err *err)
{
    struct lx_plan *p = &l->e->plan;
    size_t *cells, queued = 0;
    enum lx_code code;

    *submitted = 0;
    if (lx_arena_get(&l->arena, p->n, sizeof(*cells), &cells, "the list of cells", err))
        return err->code;
    code = lx_slurm_batches_read(&l->batches, l->folder, err);
    if (code == LX_OK)
        code = lx_slurm_batches_ask(&l->batches, err);
    if (code == LX_OK)
        code = lx_slurm_batches_retire(&l->batches, err);
    if (code != LX_OK)
        return code;
    lx_slurm_look(l); /* again: they may have ended since */
    for (size_t k = 0; k < p->n; k++) {
        bool is = !l->done[k] && is_queued(l, k);

        queued += is;
        if (!l->done[k] && !is)
            cells[(*submitted)++] = k;
        else if (l->done[k])
            l->work_before += p->cells[k].train_flops + p->cells[k].eval_flops;
    }
    lx_log("%zu cells: %zu done, %zu in Slurm's queue, %zu to submit", p->n, l->n_done, queued,
           *submitted);
    return *submitted > 0 ? submit(l, cells, *submitted, err) : LX_OK;
}

static enum lx_code stopped_waiting(struct lx_slurm_launch *l, struct lx_err *err)
{
    struct lx_buf jobs = {0};

    lx_slurm_batches_jobs(&l->batches, " ", &jobs);
    (void)lx_fail(err, LX_EINTERRUPT, "stopped waiting with %zu of %zu cells done; the jobs go on",
                  l->n_done, l->e->plan.n);
    if (jobs.len > 0 && jobs.len < 120)
        (void)lx_hint(err, "the same command waits again, `scancel %s` ends them", jobs.text);
    lx_buf_free(&jobs);
    return err->code;
}

static enum lx_code launch(struct lx_slurm_launch *l, bool *queued, struct lx_err *err)
{
    size_t submitted;
    enum lx_code code = set_up(l, err);

    if (code != LX_OK)
        return code;
    lx_slurm_look(l);
    if (l->n_done == l->e->plan.n) {
        lx_log("%zu cells: all done", l->n_done);
        return LX_OK;
    }
    code = submit_missing(l, &submitted, err);
    if (code != LX_OK)
        return code;
    if (l->s->no_wait) {
        *queued = l->n_done < l->e->plan.n;
        return submitted > 0 ? submit_merge(l, err) : LX_OK;
    }
    lx_slurm_wait(l);
    return lx_interrupted() ? stopped_waiting(l, err) : lx_slurm_judge(l, err);
}

enum lx_code lx_slurm_run(const struct lx_slurm *s, struct lx_experiment *e, bool *queued,
                          struct lx_err *err)
{
    struct lx_slurm_launch l = {.s = s, .e = e, .start = lx_clock()};
    enum lx_code code;

    *queued = false;
    code = launch(&l, queued, err);
    lx_slurm_batches_free(&l.batches);
    lx_buf_free(&l.options);
    lx_arena_free(&l.arena);
    return code;
}
