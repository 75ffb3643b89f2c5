/* The outlook of a plan; see outlook.h. */
#include "run/outlook.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "launch/process.h"
#include "store/cell_files.h"

#define LITTLE 1e12 /* operations: some ten seconds of a core, not worth a second of asking */
#define COLUMNS 7

static double flops_of(const struct lx_cell *c)
{
    return c->train_flops + c->eval_flops;
}

static size_t bytes_of(const struct lx_cell *c)
{
    return c->train_bytes > c->eval_bytes ? c->train_bytes : c->eval_bytes;
}

/* "45 seconds", "8 minutes", "3.5 hours": no finer than the estimate. */
static void about(double seconds, char out[40])
{
    if (seconds < 100)
        (void)snprintf(out, 40, "%.0f seconds",
                       seconds < 10 ? ceil(seconds) : 5 * ceil(seconds / 5));
    else if (seconds < 5400)
        (void)snprintf(out, 40, "%.0f minutes", ceil(seconds / 60));
    else if (seconds < 48 * 3600.0)
        (void)snprintf(out, 40, "%.1f hours", seconds / 3600);
    else
        (void)snprintf(out, 40, "%.1f days", seconds / 86400);
}

/* ------------------------------------------------------------------------------------ the table */

/* Cells from k on that differ in their seed alone. */
static size_t same_but_seed(const struct lx_plan *p, size_t k)
{
    size_t n = 1;

    while (k + n < p->n && p->cells[k + n].v == p->cells[k].v &&
           p->cells[k + n].e == p->cells[k].e && p->cells[k + n].dataset == p->cells[k].dataset)
        n++;
    return n;
}

/* "1-3,7" */
static void write_seeds(const struct lx_plan *p, size_t k, size_t n, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n && used + 1 < size;) {
        unsigned long long first = p->config->seeds[p->cells[k + i].seed], last = first;

        for (i++; i < n && p->config->seeds[p->cells[k + i].seed] == last + 1; i++)
            last++;
        used += (size_t)snprintf(out + used, size - used, "%s%llu", used > 0 ? "," : "", first);
        if (last > first && used + 1 < size)
            used += (size_t)snprintf(out + used, size - used, "-%llu", last);
    }
}

static void fill_row(const struct lx_plan *p, size_t k, size_t n, const struct lx_rate *rate,
                     char cell[COLUMNS][104])
{
    const struct lx_cell *c = &p->cells[k];

    (void)snprintf(cell[0], 104, "%s", c->label);
    (void)snprintf(cell[1], 104, "%s", p->config->datasets[c->dataset].id);
    write_seeds(p, k, n, cell[2], 104);
    (void)snprintf(cell[3], 104, "%zu", c->parameters);
    (void)snprintf(cell[4], 104, "%.0f MB", ceil((double)bytes_of(c) * 1e-6));
    (void)snprintf(cell[5], 104, "%.3g", flops_of(c));
    cell[6][0] = '\0';
    if (rate != NULL)
        about(flops_of(c) / (rate->gflops * 1e9), cell[6]);
}

static void write_row(char cell[COLUMNS][104], const int *width, int n, struct lx_buf *out)
{
    for (int i = 0; i < n; i++)
        lx_buf_printf(out, "%s%*s", i > 0 ? "  " : "", i < 3 ? -width[i] : width[i], cell[i]);
    lx_buf_add(out, "\n");
}

void lx_outlook_table(const struct lx_plan *p, const struct lx_rate *rate, struct lx_buf *out)
{
    static const char *const heads[COLUMNS] = {"encoding", "dataset",    "seeds", "parameters",
                                               "memory",   "operations", "a cell"};
    int n_columns = rate != NULL ? COLUMNS : COLUMNS - 1, width[COLUMNS];
    char cell[COLUMNS][104];

    for (int i = 0; i < COLUMNS; i++)
        width[i] = (int)strlen(heads[i]);
    for (size_t k = 0; k < p->n; k += same_but_seed(p, k)) {
        fill_row(p, k, same_but_seed(p, k), rate, cell);
        for (int i = 0; i < n_columns; i++)
            width[i] = (int)strlen(cell[i]) > width[i] ? (int)strlen(cell[i]) : width[i];
    }
    for (int i = 0; i < COLUMNS; i++)
        (void)snprintf(cell[i], sizeof(cell[i]), "%s", heads[i]);
    write_row(cell, width, n_columns, out);
    for (size_t k = 0, n; k < p->n; k += n) {
        n = same_but_seed(p, k);
        fill_row(p, k, n, rate, cell);
        write_row(cell, width, n_columns, out);
    }
}

/* Whether no cell before k has its dataset and training length. */
static bool is_first(const struct lx_plan *p, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (p->cells[i].dataset == p->cells[k].dataset &&
            p->cells[i].v->train.length == p->cells[k].v->train.length)
            return false;
    return true;
}

/* Windows that a single example fills to less than half: they cost as much as full ones. */
static void put_empty(const struct lx_plan *p, struct lx_buf *out)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct lx_config_dataset *set = &p->config->datasets[p->cells[k].dataset];
        const struct lx_example_ops *x = set->ops->examples;
        int length = p->cells[k].v->train.length, shortest, longest, most;

        if (x == NULL || x->fills(set->self) || !is_first(p, k))
            continue;
        x->sizes(set->self, length, &shortest, &longest);
        most = x->tokens(set->self, longest);
        if (2 * most < length)
            lx_buf_printf(out,
                          "%s: an example has at most %d tokens, a window %d, the rest is empty: "
                          "train.length=%d costs less, dataset.pack=many fills it\n",
                          set->id, most, length, most);
    }
}

void lx_outlook_head(const struct lx_plan *p, struct lx_buf *out)
{
    const struct lx_cell *most = NULL;
    const struct lx_model_config *m;
    double weights;

    put_empty(p, out);
    for (size_t k = 0; k < p->n; k++)
        if (most == NULL || p->cells[k].v->model.vocab > most->v->model.vocab)
            most = &p->cells[k];
    if (most == NULL || most->v->model.vocab < LX_OUTLOOK_IDS)
        return;
    m = &most->v->model;
    weights = (double)m->vocab * m->d_model;
    lx_buf_printf(out,
                  "output layer of %d ids: %.1f%% of the parameters (it is the embedding, too), "
                  "%.1f%% of the operations, %.0f MB of logits a thread\n",
                  m->vocab, 100 * weights / (double)most->parameters,
                  100 * 2 * weights / lx_model_flops(m, most->v->train.length),
                  ceil((double)lx_model_logit_bytes(m) * 1e-6));
}

/* ------------------------------------------------------------------------------------- the line */

void lx_outlook_line(const struct lx_plan *p, const char *dir, int cores,
                     const struct lx_rate *rate, struct lx_buf *out)
{
    double flops = 0, longest = 0;
    size_t left = 0, bytes = 0;
    char time[40];

    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *c = &p->cells[k];

        if (dir != NULL && lx_cell_is_done(dir, c->id))
            continue;
        left++;
        flops += flops_of(c);
        longest = flops_of(c) > longest ? flops_of(c) : longest;
        bytes = bytes_of(c) > bytes ? bytes_of(c) : bytes;
    }
    lx_buf_printf(out, "%zu cell%s%s", left, left == 1 ? "" : "s", dir != NULL ? " to do" : "");
    if (left == 0)
        return;
    if (rate != NULL) {
        double seconds = fmax(flops / cores, longest) / (rate->gflops * 1e9);

        about(seconds, time);
        lx_buf_printf(out, ", about %s on %d%s core%s", time, cores,
                      rate->share < LX_RATE_BUSY ? " idle" : "", cores == 1 ? "" : "s");
    }
    lx_buf_printf(out, ", up to %.0f MB each", ceil((double)bytes * 1e-6));
    if (rate != NULL && rate->share < LX_RATE_BUSY)
        lx_buf_printf(out, "; this core is busy: a probe of a second got %.0f%% of it",
                      100 * rate->share);
}

bool lx_outlook_rate(const struct lx_plan *p, const char *dir, struct lx_rate *rate)
{
    const struct lx_cell *most = NULL;
    struct lx_train_config train;
    struct lx_err err;
    double flops = 0;

    for (size_t k = 0; k < p->n; k++) {
        if (dir != NULL && lx_cell_is_done(dir, p->cells[k].id))
            continue;
        flops += flops_of(&p->cells[k]);
        if (most == NULL || flops_of(&p->cells[k]) > flops_of(most))
            most = &p->cells[k];
    }
    if (most == NULL || flops < LITTLE)
        return false;
    train = lx_config_train(most->v, most->e);
    return lx_process_environment(&err) == LX_OK &&
           lx_rate_probe(&most->v->model, &train, &most->e->trained.stack, rate, &err) == LX_OK;
}
