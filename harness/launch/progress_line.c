/* The progress line of a sweep; see worker_pool.h. What matters most comes first: a narrow terminal cuts
 * the end. */
#include <math.h>
#include <stdio.h>

#include "core/log.h"
#include "launch/worker_pool.h"

#define BUSY_AFTER 10.0 /* seconds at work: before, workers start */

const char *lx_pool_name(struct lx_pool *c, size_t k)
{
    const struct lx_config *config = &c->e->config;
    const struct lx_cell *cell = &c->e->plan.cells[k];
    bool many = config->n_datasets > 1;
    const char *name = lx_arena_printf(&c->arena, "%s%s%s seed %llu", cell->label, many ? " " : "",
                                       many ? config->datasets[cell->dataset].id : "",
                                       (unsigned long long)config->seeds[cell->seed]);

    return name != NULL ? name : cell->label;
}

static double flops_of(const struct lx_pool *c, size_t k)
{
    return c->e->plan.cells[k].train_flops + c->e->plan.cells[k].eval_flops;
}

double lx_pool_fraction(const struct lx_pool *c, const struct lx_process *w)
{
    const struct lx_cell *cell = &c->e->plan.cells[w->k];
    double flops = flops_of(c, w->k);

    return flops > 0.0 ? (w->trained * cell->train_flops + w->evaluated * cell->eval_flops) / flops
                       : 0.0;
}

/* Operations done in this run, and still to do. What earlier runs did counts in neither. */
static void count_work(const struct lx_pool *c, double *done, double *left)
{
    *done = c->work;
    *left = 0.0;
    for (size_t k = 0; k < c->e->plan.n; k++)
        if (c->cells[k].state == LX_WAITING || c->cells[k].state == LX_RUNNING)
            *left += flops_of(c, k) * (1.0 - c->cells[k].fraction);
    for (int j = 0; j < c->l->jobs; j++) {
        const struct lx_process *w = &c->workers[j];

        if (w->pid != 0 && w->begun)
            *done += (lx_pool_fraction(c, w) - w->base) * flops_of(c, w->k);
    }
}

static void add_worker(struct lx_pool *c, const struct lx_process *w, struct lx_buf *line)
{
    if (!w->begun) {
        lx_buf_printf(line, " | %s", lx_pool_name(c, w->k));
        return;
    }
    lx_buf_printf(line, " | %s %s %.0f%%", lx_pool_name(c, w->k),
                  w->trained < 1.0 ? "train" : "eval",
                  100.0 * (w->trained < 1.0 ? w->trained : w->evaluated));
    if (w->trained < 1.0 && !isnan(w->nll))
        lx_buf_printf(line, " nll %.3f", w->nll);
}

/* How fast, and where that is far below what the cores can do, that others use them. */
static void add_rate(const struct lx_pool *c, double rate, struct lx_buf *line)
{
    size_t running = 0;
    double able;

    for (int j = 0; j < c->l->jobs; j++)
        running += c->workers[j].pid != 0;
    able = c->l->rate * (double)running * c->l->threads;
    lx_buf_printf(line, ", %.3g Gflop/s", rate);
    if (c->awake > BUSY_AFTER && rate < able / 2)
        lx_buf_printf(line, " of about %.*f: %s busy", able < 10 ? 1 : 0, able,
                      able > c->l->rate ? "cores are" : "the core is");
}

void lx_pool_show(struct lx_pool *c, bool final)
{
    double done, left;
    char spent[32], eta[32];
    struct lx_buf line = {0};
    size_t elsewhere = 0;

    count_work(c, &done, &left);
    lx_log_duration(c->awake, spent);
    lx_log_duration(done > 0.0 ? c->awake * left / done : (double)NAN, eta);
    for (size_t k = 0; k < c->e->plan.n; k++)
        elsewhere += c->cells[k].state == LX_ELSEWHERE;
    lx_buf_printf(&line, "%zu/%zu cells", c->n_done, c->e->plan.n);
    if (c->n_failed > 0)
        lx_buf_printf(&line, ", %zu failed", c->n_failed);
    if (elsewhere > 0)
        lx_buf_printf(&line, ", %zu run by another process", elsewhere);
    if (final)
        lx_buf_printf(&line, " in %s", spent);
    else
        lx_buf_printf(&line, ", %s, %s left", spent, eta);
    if (!final && done > 0.0 && c->awake > 0.0)
        add_rate(c, done / c->awake * 1e-9, &line);
    for (int j = 0; j < c->l->jobs; j++)
        if (c->workers[j].pid != 0)
            add_worker(c, &c->workers[j], &line);
    if (!line.failed)
        lx_progress(final, "%s", line.text);
    lx_buf_free(&line);
}
