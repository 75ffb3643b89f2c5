/* What was submitted, as it stands in DIR/slurm. One small file a job, each written whole, is all the
 * memory the launcher has: the same command can be run again at any time, from any machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/slurm_internal.h"
#include "system/fs.h"

const char *lx_slurm_path(struct lx_slurm_batches *b, size_t number, const char *kind)
{
    return lx_arena_printf(&b->arena, "%s/%zu.%s", b->folder, number, kind);
}

static enum lx_code out_of_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory");
}

static enum lx_code append(struct lx_slurm_batches *b, const struct lx_slurm_batch *batch,
                           struct lx_err *err)
{
    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 16 : 2 * b->cap;
        struct lx_slurm_batch *p = lx_arena_take(&b->arena, cap, sizeof(*p));

        if (p == NULL)
            return out_of_memory(err);
        if (b->n > 0)
            memcpy(p, b->batch, b->n * sizeof(*p));
        b->batch = p;
        b->cap = cap;
    }
    b->batch[b->n] = *batch;
    b->batch[b->n].queued =
        lx_arena_take(&b->arena, batch->tasks.n_tasks + 1, sizeof(*batch->queued));
    return b->batch[b->n++].queued != NULL ? LX_OK : out_of_memory(err);
}

struct visit {
    struct lx_slurm_batches *b;
    struct lx_err *err;
};

static enum lx_code read_batch(struct visit *v, size_t number)
{
    struct lx_slurm_batch batch = {.number = number};
    const char *job = lx_slurm_path(v->b, number, "job");
    const char *tasks = lx_slurm_path(v->b, number, "tasks");
    struct lx_buf text = {0};
    enum lx_code code;
    size_t n;

    if (job == NULL || tasks == NULL)
        return out_of_memory(v->err);
    code = lx_fs_read(job, &text, v->err);
    if (code != LX_OK)
        return code;
    n = strspn(text.text, "0123456789");
    if (n == 0 || n >= LX_JOB_SIZE || strcmp(text.text + n, "\n") != 0)
        code = lx_fail(v->err, LX_EFORMAT, "%s: must hold the id of a job, got \"%.80s\"", job,
                       text.text);
    else
        memcpy(batch.job, text.text, n);
    if (code == LX_OK)
        code = lx_tasks_read(tasks, &v->b->arena, &batch.tasks, v->err);
    lx_buf_free(&text);
    return code != LX_OK ? code : append(v->b, &batch, v->err);
}

static enum lx_code visit_file(void *ctx, const char *name)
{
    struct visit *v = ctx;
    char *end;
    unsigned long long number = strtoull(name, &end, 10);

    if (end == name || *end != '.')
        return LX_OK;
    if (number > v->b->last)
        v->b->last = (size_t)number;
    return strcmp(end, ".job") == 0 ? read_batch(v, (size_t)number) : LX_OK;
}

enum lx_code lx_slurm_batches_read(struct lx_slurm_batches *b, const char *folder,
                                   struct lx_err *err)
{
    struct visit v = {b, err};

    *b = (struct lx_slurm_batches){.folder = folder};
    return lx_fs_exists(folder) ? lx_fs_list(folder, visit_file, &v, err) : LX_OK;
}

void lx_slurm_batches_free(struct lx_slurm_batches *b)
{
    lx_arena_free(&b->arena);
    *b = (struct lx_slurm_batches){0};
}

static void see_task(struct lx_slurm_batches *b, const struct lx_slurm_task *t)
{
    for (size_t i = 0; i < b->n; i++) {
        struct lx_slurm_batch *batch = &b->batch[i];

        if (strcmp(batch->job, t->job) != 0 || t->index >= batch->tasks.n_tasks)
            continue;
        batch->queued[t->index] = true;
        b->running += t->running;
        b->waiting += !t->running;
        if (!t->running && b->reason[0] == '\0')
            (void)snprintf(b->reason, sizeof(b->reason), "%.63s", t->reason);
    }
}

static void forget_queue(struct lx_slurm_batches *b)
{
    b->running = b->waiting = 0;
    b->reason[0] = '\0';
    for (size_t i = 0; i < b->n; i++)
        memset(b->batch[i].queued, 0, b->batch[i].tasks.n_tasks * sizeof(*b->batch[i].queued));
}

enum lx_code lx_slurm_batches_ask(struct lx_slurm_batches *b, struct lx_err *err)
{
    struct lx_buf jobs = {0}, answer = {0};
    struct lx_slurm_task task;
    enum lx_code code;

    if (b->n == 0)
        return LX_OK;
    for (size_t i = 0; i < b->n; i++)
        lx_buf_printf(&jobs, "%s%s", i == 0 ? "" : ",", b->batch[i].job);
    code = lx_buf_check(&jobs, err);
    if (code == LX_OK)
        code = lx_slurm_queue(jobs.text, &answer, err);
    if (code == LX_OK) {
        char *at = answer.text;

        forget_queue(b);
        while (lx_slurm_next_task(&at, &task))
            see_task(b, &task);
    }
    lx_buf_free(&jobs);
    lx_buf_free(&answer);
    return code;
}

/* Whether Slurm still has a task of it. */
static bool is_queued(const struct lx_slurm_batch *batch)
{
    for (size_t t = 0; t < batch->tasks.n_tasks; t++)
        if (batch->queued[t])
            return true;
    return false;
}

enum lx_code lx_slurm_batches_retire(struct lx_slurm_batches *b, struct lx_err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        const char *from, *to;

        if (is_queued(&b->batch[i]))
            continue;
        from = lx_slurm_path(b, b->batch[i].number, "job");
        to = lx_slurm_path(b, b->batch[i].number, "ended");
        if (from == NULL || to == NULL)
            return out_of_memory(err);
        /* another launcher may have done the same */
        if (rename(from, to) != 0 && errno != ENOENT)
            return lx_fail(err, LX_EIO, "%s: cannot rename: %s", from, strerror(errno));
    }
    return LX_OK;
}

enum lx_code lx_slurm_batches_add(struct lx_slurm_batches *b, size_t number, const char *job,
                                  const struct lx_tasks *tasks, struct lx_err *err)
{
    struct lx_slurm_batch batch = {.number = number, .tasks = *tasks};
    const char *path = lx_slurm_path(b, number, "job");
    char text[LX_JOB_SIZE + 1];
    enum lx_code code;

    if (path == NULL)
        return out_of_memory(err);
    (void)snprintf(batch.job, sizeof(batch.job), "%s", job);
    (void)snprintf(text, sizeof(text), "%s\n", job);
    code = lx_fs_write(path, text, strlen(text), err);
    if (code == LX_OK)
        code = append(b, &batch, err);
    if (code == LX_OK) /* until Slurm says otherwise */
        for (size_t t = 0; t < tasks->n_tasks; t++)
            b->batch[b->n - 1].queued[t] = true;
    return code;
}

void lx_slurm_batches_jobs(const struct lx_slurm_batches *b, const char *separator,
                           struct lx_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < b->n; i++)
        if (is_queued(&b->batch[i])) {
            lx_buf_printf(out, "%s%s", any ? separator : "", b->batch[i].job);
            any = true;
        }
}
