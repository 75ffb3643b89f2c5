/* What was submitted, as the folder of the launcher has it. One small file a job, each written whole, is all
 * the memory a launcher has: the same command can be run again at any time, from any machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/array_internal.h"
#include "system/fs.h"

enum lx_code lx_array_path(struct lx_array_batches *b, size_t number, const char *kind,
                           const char **out, struct lx_err *err)
{
    *out = lx_arena_printf(&b->arena, "%s/%zu.%s", b->folder, number, kind);
    return *out != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

static enum lx_code append(struct lx_array_batches *b, const struct lx_array_batch *batch,
                           struct lx_err *err)
{
    struct lx_array_batch *to;

    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 16 : 2 * b->cap;
        struct lx_array_batch *grown;

        if (lx_arena_get(&b->arena, cap, sizeof(*grown), &grown, "the batches", err))
            return err->code;
        if (b->n > 0)
            memcpy(grown, b->batch, b->n * sizeof(*grown));
        b->batch = grown;
        b->cap = cap;
    }
    to = &b->batch[b->n];
    *to = *batch;
    if (lx_arena_get(&b->arena, batch->tasks.n_tasks + 1, sizeof(*to->queued), &to->queued,
                     "the tasks", err))
        return err->code;
    b->n++;
    return LX_OK;
}

struct visit {
    struct lx_array_batches *b;
    struct lx_err *err;
};

/* The id of a job, a line of its own. */
static enum lx_code read_job(const char *path, char job[LX_JOB_SIZE], struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = lx_fs_read(path, &text, err);
    size_t n;

    if (code != LX_OK)
        return code;
    n = strspn(text.text, "0123456789");
    if (n == 0 || n >= LX_JOB_SIZE || strcmp(text.text + n, "\n") != 0)
        code = lx_fail(err, LX_EFORMAT, "%s: must hold the id of a job, got \"%.80s\"", path,
                       text.text);
    else
        memcpy(job, text.text, n);
    lx_buf_free(&text);
    return code;
}

static enum lx_code read_batch(struct visit *v, size_t number)
{
    struct lx_array_batch batch = {.number = number};
    const char *job, *tasks;

    if (lx_array_path(v->b, number, "job", &job, v->err) ||
        lx_array_path(v->b, number, "tasks", &tasks, v->err) || read_job(job, batch.job, v->err) ||
        lx_tasks_read(tasks, &v->b->arena, &batch.tasks, v->err))
        return v->err->code;
    return append(v->b, &batch, v->err);
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

enum lx_code lx_array_batches_read(struct lx_array_batches *b, const struct lx_batch_system *system,
                                   const char *folder, struct lx_err *err)
{
    struct visit v = {b, err};

    *b = (struct lx_array_batches){.system = system, .folder = folder};
    return lx_fs_exists(folder) ? lx_fs_list(folder, visit_file, &v, err) : LX_OK;
}

void lx_array_batches_free(struct lx_array_batches *b)
{
    lx_arena_free(&b->arena);
    *b = (struct lx_array_batches){0};
}

static void see_task(struct lx_array_batches *b, const struct lx_array_task *t)
{
    for (size_t i = 0; i < b->n; i++) {
        struct lx_array_batch *batch = &b->batch[i];

        if (strcmp(batch->job, t->job) != 0 || t->index >= batch->tasks.n_tasks)
            continue;
        batch->queued[t->index] = true;
        b->running += t->running;
        b->waiting += !t->running;
        if (!t->running && b->reason[0] == '\0')
            (void)snprintf(b->reason, sizeof(b->reason), "%.63s", t->reason);
    }
}

static void forget_queue(struct lx_array_batches *b)
{
    b->running = b->waiting = 0;
    b->reason[0] = '\0';
    for (size_t i = 0; i < b->n; i++)
        memset(b->batch[i].queued, 0, b->batch[i].tasks.n_tasks * sizeof(*b->batch[i].queued));
}

enum lx_code lx_array_batches_ask(struct lx_array_batches *b, struct lx_err *err)
{
    struct lx_buf jobs = {0}, answer = {0};
    struct lx_array_task task;
    enum lx_code code;

    if (b->n == 0)
        return LX_OK;
    for (size_t i = 0; i < b->n; i++)
        lx_buf_printf(&jobs, "%s%s", i == 0 ? "" : ",", b->batch[i].job);
    code = lx_buf_check(&jobs, err);
    if (code == LX_OK)
        code = b->system->queue(jobs.text, &answer, err);
    if (code == LX_OK) {
        char *at = answer.text;

        forget_queue(b);
        while (b->system->next_task(&at, &task))
            see_task(b, &task);
    }
    lx_buf_free(&jobs);
    lx_buf_free(&answer);
    return code;
}

/* Whether there still is a task of it. */
static bool is_queued(const struct lx_array_batch *batch)
{
    for (size_t t = 0; t < batch->tasks.n_tasks; t++)
        if (batch->queued[t])
            return true;
    return false;
}

enum lx_code lx_array_batches_retire(struct lx_array_batches *b, struct lx_err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        const char *from, *to;

        if (is_queued(&b->batch[i]))
            continue;
        if (lx_array_path(b, b->batch[i].number, "job", &from, err) ||
            lx_array_path(b, b->batch[i].number, "ended", &to, err))
            return err->code;
        /* another launcher may have done the same */
        if (rename(from, to) != 0 && errno != ENOENT)
            return lx_fail(err, LX_EIO, "%s: cannot rename: %s", from, strerror(errno));
    }
    return LX_OK;
}

enum lx_code lx_array_batches_add(struct lx_array_batches *b, size_t number, const char *job,
                                  const struct lx_tasks *tasks, struct lx_err *err)
{
    struct lx_array_batch batch = {.number = number, .tasks = *tasks};
    const char *path;
    char text[LX_JOB_SIZE + 1];

    (void)snprintf(batch.job, sizeof(batch.job), "%s", job);
    (void)snprintf(text, sizeof(text), "%s\n", job);
    if (lx_array_path(b, number, "job", &path, err) ||
        lx_fs_write_own(path, text, strlen(text), err) || append(b, &batch, err))
        return err->code;
    for (size_t t = 0; t < tasks->n_tasks; t++) /* until the system says otherwise */
        b->batch[b->n - 1].queued[t] = true;
    return LX_OK;
}

void lx_array_batches_jobs(const struct lx_array_batches *b, const char *separator,
                           struct lx_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < b->n; i++)
        if (is_queued(&b->batch[i])) {
            lx_buf_printf(out, "%s%s", any ? separator : "", b->batch[i].job);
            any = true;
        }
}
