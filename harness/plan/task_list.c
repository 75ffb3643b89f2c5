/* Grouping cells into tasks; see task_list.h. */
#include "plan/task_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "system/fs.h"

#define FLOPS_PER_SECOND                                                                           \
    2e10 /* of one core, a low guess: half that speed makes tasks of 20 minutes */

static int by_task(const void *a, const void *b)
{
    const struct lx_task_cell *x = a, *y = b;

    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return (x->k > y->k) - (x->k < y->k);
}

/* The task in which this training is done already; `none` if there is none. */
static size_t same_training(const struct lx_plan *p, const struct lx_tasks *t, size_t k,
                            size_t none)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(p->cells[t->cells[i].k].train_id, p->cells[k].train_id) == 0)
            return t->cells[i].task;
    return none;
}

enum lx_code lx_tasks_make(const struct lx_plan *p, const size_t *cells, size_t n, size_t per_task,
                           struct lx_arena *arena, struct lx_tasks *out, struct lx_err *err)
{
    size_t in_task = 0;
    double seconds = 0.0;

    *out = (struct lx_tasks){0};
    if (lx_arena_get(arena, n, sizeof(*out->cells), &out->cells, "the list of tasks", err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const struct lx_cell *cell = &p->cells[cells[i]];
        double takes = (cell->train_flops + cell->eval_flops) / FLOPS_PER_SECOND;
        size_t task = same_training(p, out, cells[i], SIZE_MAX);

        if (task == SIZE_MAX) {
            bool full = per_task > 0 ? in_task == per_task : seconds + takes > LX_TASK_SECONDS;

            if (out->n_tasks == 0 || (in_task > 0 && full)) {
                out->n_tasks++;
                in_task = 0;
                seconds = 0.0;
            }
            task = out->n_tasks - 1;
            in_task++;
            seconds += takes;
        }
        out->cells[out->n] = (struct lx_task_cell){.task = task, .k = cells[i]};
        memcpy(out->cells[out->n++].id, cell->id, LX_ID_SIZE);
    }
    qsort(out->cells, out->n, sizeof(*out->cells), by_task);
    return LX_OK;
}

enum lx_code lx_tasks_write(const char *path, const struct lx_tasks *t, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < t->n; i++) {
        bool last = i + 1 == t->n || t->cells[i + 1].task != t->cells[i].task;

        lx_buf_printf(&text, "%zu:%s%s", t->cells[i].k, t->cells[i].id, last ? "\n" : " ");
    }
    if (lx_buf_check(&text, err) || lx_fs_write(path, text.text, text.len, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

/* "K:ID" at *at; moves on behind it. */
static bool read_cell(const char **at, struct lx_task_cell *out)
{
    const size_t digits = LX_ID_SIZE - 1;
    unsigned long long k;
    char *end;

    if (**at < '0' || **at > '9')
        return false;
    k = strtoull(*at, &end, 10);
    if (*end != ':' || k >= LX_MAX_CELLS || strspn(end + 1, "0123456789abcdef") != digits)
        return false;
    out->k = (size_t)k;
    memcpy(out->id, end + 1, digits);
    out->id[digits] = '\0';
    *at = end + 1 + digits;
    return true;
}

static enum lx_code parse(const char *text, const char *path, struct lx_tasks *out,
                          struct lx_err *err)
{
    for (const char *at = text; *at != '\0';) {
        struct lx_task_cell *cell = &out->cells[out->n];

        if (!read_cell(&at, cell) || (*at != ' ' && *at != '\n'))
            return lx_fail(err, LX_EFORMAT,
                           "%s: line %zu: must be K:ID for each cell, separated by single spaces",
                           path, out->n_tasks + 1);
        cell->task = out->n_tasks;
        out->n++;
        out->n_tasks += *at++ == '\n';
    }
    return LX_OK;
}

enum lx_code lx_tasks_read(const char *path, struct lx_arena *arena, struct lx_tasks *out,
                           struct lx_err *err)
{
    struct lx_buf text = {0};
    size_t most = 1;
    enum lx_code code = lx_fs_read(path, &text, err);

    *out = (struct lx_tasks){0};
    for (size_t i = 0; code == LX_OK && i < text.len; i++)
        most += text.text[i] == ':';
    if (code == LX_OK &&
        (lx_arena_get(arena, most, sizeof(*out->cells), &out->cells, "the list of tasks", err) ||
         parse(text.text, path, out, err)))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_tasks_part(const struct lx_tasks *t, size_t first, size_t n_tasks,
                           struct lx_arena *arena, struct lx_tasks *out, struct lx_err *err)
{
    *out = (struct lx_tasks){.n_tasks = n_tasks};
    if (lx_arena_get(arena, t->n + 1, sizeof(*out->cells), &out->cells, "the list of tasks", err))
        return err->code;
    for (size_t i = 0; i < t->n; i++)
        if (t->cells[i].task >= first && t->cells[i].task < first + n_tasks) {
            out->cells[out->n] = t->cells[i];
            out->cells[out->n++].task -= first;
        }
    return LX_OK;
}
