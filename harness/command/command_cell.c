/* `cell`: run chosen cells of a config in this process. The supervisor starts it for each cell; on
 * a cluster every task of an array job calls it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell/worker.h"
#include "command/command.h"
#include "config/config_tune.h"
#include "core/log.h"
#include "experiment/experiment.h"
#include "plan/task_list.h"
#include "process/interrupt.h"
#include "record/register.h"
#include "store/cell_files.h"
#include "system/fs.h"
#include "system/limits.h"
#include "tensor/parallel.h"

struct options {
    const char *id, *index, *shard, *list, *out;
    const char *products, *tensorboard;
    size_t memory;
    double checkpoint_every;
    int progress_fd, threads;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"id", LX_OPT_ARGUMENT, AT(id), 0, 0, 0, "ID", "the cell of that id, as `plan` prints it", 0},
    {"index", LX_OPT_ARGUMENT, AT(index), 0, 0, 0, "K",
     "cell K of the plan, from 0; auto: from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
     "PBS_ARRAY_INDEX, PBS_ARRAYID, SGE_TASK_ID or LSB_JOBINDEX (which count from 1)",
     0},
    {"shard", LX_OPT_ARGUMENT, AT(shard), 0, 0, 0, "I/N",
     "cells I, I+N, I+2N, ... of the plan, I from 0", 0},
    {"list", LX_OPT_ARGUMENT, AT(list), 0, 0, 0, "FILE",
     "with --index: the cells of line K of FILE, as `run --launcher slurm` writes it", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "DIR", "results folder (default: results/NAME)",
     LX_OPT_LETTER('o')},
    {"memory", LX_OPT_BYTES, AT(memory), 0, 0, 0, "BYTES",
     "most memory to use, as 2G (default: what is available)", 0},
    {"checkpoint-every", LX_OPT_SECONDS, AT(checkpoint_every), LX_CHECKPOINT_EVERY, 0, 0, "SEC",
     "save the state of training this often, 0: only when interrupted (default: 60)", 0},
    {"tensorboard", LX_OPT_ARGUMENT, AT(tensorboard), 0, 0, 0, "DIR",
     "curves for TensorBoard, appended to DIR/ENCODING/seed-N-ID while the cell runs", 0},
    {"threads", LX_OPT_INT, AT(threads), 1, 1, INT_MAX, "N",
     "threads of the cell (default: 1); results are the same bytes for any number", 0},
    {"progress-fd", LX_OPT_INT, AT(progress_fd), -1, 0, INT_MAX, "FD", NULL, 0},
    LX_COMMAND_PRODUCTS(AT(products)),
    {.type = LX_OPT_END},
};

/* What batch systems call the place of a task in its array, and where they begin to count. */
static const struct {
    const char *name;
    int first;
} indices[] = {{"SLURM_ARRAY_TASK_ID", 0}, {"JOB_COMPLETION_INDEX", 0}, {"PBS_ARRAY_INDEX", 0},
               {"PBS_ARRAYID", 0},         {"SGE_TASK_ID", 1},          {"LSB_JOBINDEX", 1}};

/* The first that is set. Outside of an array SGE says "undefined", and LSF 0. */
static enum lx_code index_from_environment(int *k, struct lx_err *err)
{
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        const char *v = getenv(indices[i].name);

        if (v == NULL || v[0] == '\0' || strcmp(v, "undefined") == 0 ||
            (strcmp(indices[i].name, "LSB_JOBINDEX") == 0 && strcmp(v, "0") == 0))
            continue;
        if (lx_args_count(v, indices[i].name, indices[i].first, k, err) != LX_OK)
            return err->code;
        *k -= indices[i].first;
        return LX_OK;
    }
    return lx_fail(err, LX_EUSAGE,
                   "--index auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
                   "PBS_ARRAY_INDEX, PBS_ARRAYID, SGE_TASK_ID, LSB_JOBINDEX is set");
}

/* Cells in the order they are run. */
struct choice {
    struct lx_arena arena;
    struct lx_task_cell *cells; /* id "": any */
    size_t n;
};

static enum lx_code read_index(const char *text, size_t n, const char *what, size_t *out,
                               struct lx_err *err)
{
    int k;

    *out = 0;
    if (strcmp(text, "auto") == 0 ? index_from_environment(&k, err)
                                  : lx_args_count(text, "--index", 0, &k, err))
        return err->code;
    if ((size_t)k >= n)
        return lx_fail(err, LX_EUSAGE, "--index: must be below %zu, the %s, got %d", n, what, k);
    *out = (size_t)k;
    return LX_OK;
}

/* Cells first, first + step, ... of the plan. */
static enum lx_code take(struct choice *c, size_t first, size_t step, size_t end,
                         struct lx_err *err)
{
    if (lx_arena_get(&c->arena, end, sizeof(*c->cells), &c->cells, "the list of cells", err))
        return err->code;
    for (size_t k = first; k < end; k += step)
        c->cells[c->n++].k = k;
    return LX_OK;
}

static enum lx_code choose_shard(const struct lx_plan *p, const char *shard, struct choice *c,
                                 struct lx_err *err)
{
    char first[16];
    size_t cut = strcspn(shard, "/");
    struct lx_err ignored;
    int i = -1, n = 0;

    if (cut < sizeof(first) && shard[cut] == '/') {
        memcpy(first, shard, cut);
        first[cut] = '\0';
        if (lx_args_count(first, "I", 0, &i, &ignored) != LX_OK ||
            lx_args_count(shard + cut + 1, "N", 1, &n, &ignored) != LX_OK)
            n = 0;
    }
    if (i < 0 || i >= n)
        return lx_fail(err, LX_EUSAGE, "--shard: must be I/N with 0 <= I < N, got \"%.80s\"",
                       shard);
    return take(c, (size_t)i, (size_t)n, p->n, err);
}

static enum lx_code choose_id(struct lx_plan *p, const char *id, struct choice *c,
                              struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        enum lx_code code = lx_plan_resolve(p, k, err);

        if (code != LX_OK)
            return code;
        if (strcmp(p->cells[k].id, id) == 0)
            return take(c, k, 1, k + 1, err);
    }
    (void)lx_fail(err, LX_EUSAGE, "--id: no cell of the plan has the id \"%.80s\"", id);
    return lx_hint(err, "`longshot plan CONFIG` prints them; the content of data files counts too");
}

/* With an id as well, the supervisor's way: it spares reading the data of other cells. */
static enum lx_code choose_index(const struct options *o, const struct lx_plan *p, struct choice *c,
                                 struct lx_err *err)
{
    size_t k;

    if (read_index(o->index, p->n, "cells of the plan", &k, err) || take(c, k, 1, k + 1, err))
        return err->code;
    if (o->id != NULL)
        (void)snprintf(c->cells[0].id, sizeof(c->cells[0].id), "%s", o->id);
    return LX_OK;
}

static enum lx_code choose_line(const struct options *o, const struct lx_plan *p, struct choice *c,
                                struct lx_err *err)
{
    struct lx_tasks all, one;
    size_t line;

    if (lx_tasks_read(o->list, &c->arena, &all, err) ||
        read_index(o->index, all.n_tasks, "lines of --list", &line, err) ||
        lx_tasks_part(&all, line, 1, &c->arena, &one, err))
        return err->code;
    c->cells = one.cells;
    c->n = one.n;
    for (size_t i = 0; i < c->n; i++)
        if (c->cells[i].k >= p->n)
            return lx_fail(err, LX_EUSAGE, "%s: cell %zu: the plan has %zu cells", o->list,
                           c->cells[i].k, p->n);
    return LX_OK;
}

static enum lx_code choose(const struct options *o, struct lx_plan *p, struct choice *c,
                           struct lx_err *err)
{
    if ((o->index != NULL) + (o->shard != NULL) + (o->id != NULL && o->index == NULL) != 1)
        return lx_fail(err, LX_EUSAGE, "cell: must have one of --id, --index and --shard");
    if (o->list != NULL && (o->index == NULL || o->id != NULL))
        return lx_fail(err, LX_EUSAGE, "--list: must go with --index, and without --id");
    if (o->list != NULL)
        return choose_line(o, p, c, err);
    if (o->shard != NULL)
        return choose_shard(p, o->shard, c, err);
    return o->index != NULL ? choose_index(o, p, c, err) : choose_id(p, o->id, c, err);
}

static enum lx_code run_one(const struct lx_worker *w, struct lx_plan *p,
                            const struct lx_task_cell *c, struct lx_err *err)
{
    const struct lx_cell *cell = &p->cells[c->k];
    bool known = c->id[0] != '\0';

    if (w->progress_fd < 0 && (known || cell->resolved) &&
        lx_cell_is_done(w->dir, known ? c->id : cell->id)) {
        lx_log("cell %s: done before", known ? c->id : cell->id);
        return LX_OK;
    }
    if (known && lx_plan_resolve(p, c->k, err))
        return err->code;
    if (known && strcmp(c->id, cell->id) != 0)
        return lx_fail(err, LX_EDATA, "cell %s: the data changed since the plan was made", c->id);
    return lx_worker_run(w, p, c->k, err);
}

/* One cell that fails is reported, and the others are run all the same. */
static enum lx_code run_cells(const struct options *o, struct lx_experiment *e,
                              const struct choice *c, struct lx_err *err)
{
    struct lx_worker w = {.dir = e->dir,
                          .memory_limit = o->memory,
                          .checkpoint_every = o->checkpoint_every,
                          .tensorboard = o->tensorboard,
                          .progress_fd = o->progress_fd};
    size_t failed = 0;

    if (w.memory_limit == 0)
        w.memory_limit = lx_limits_memory("");
    lx_fs_limit(w.memory_limit);
    for (size_t i = 0; i < c->n; i++) {
        enum lx_code code = run_one(&w, &e->plan, &c->cells[i], err);

        if (code != LX_OK && (c->n == 1 || code == LX_EINTERRUPT))
            return code;
        if (code != LX_OK) {
            failed++;
            (void)lx_wrap(err, "cell %zu", c->cells[i].k);
            lx_log_error(err);
        }
    }
    if (failed > 0)
        return lx_fail(err, LX_EPARTIAL, "%zu of %zu cells failed", failed, c->n);
    return LX_OK;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    struct lx_experiment e;
    struct choice c = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_cell, n, 1, -1, err) ||
        lx_command_choose_products(o->products, err))
        return err->code;
    lx_parallel_threads_set(o->threads);
    /* Whoever handed out the work (a supervisor, a cluster) ends in its own way those that are slow. */
    lx_interrupt_watch(o->progress_fd >= 0 || o->list != NULL);
    /* ... and has written down what it handed out. */
    if (lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, o->out, err) ||
        lx_config_tune_table(&e.config, err) || choose(o, &e.plan, &c, err) ||
        (o->progress_fd < 0 && o->list == NULL && lx_register(&e, err)) ||
        (o->tensorboard != NULL && lx_fs_mkdir(o->tensorboard, err)) || run_cells(o, &e, &c, err))
        code = err->code;
    lx_arena_free(&c.arena);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_cell = {
    .name = "cell",
    .usage = "CONFIG [KEY=VALUE ...] --id ID | --index K [--list FILE] | --shard I/N [-o DIR]",
    .help = "train and evaluate chosen cells of a plan in this process",
    .more =
        "What a task of a cluster's array job calls. `longshot merge DIR` puts the rows of all "
        "cells together afterwards.\n"
        "Cells that are done are skipped, and one that two processes run at a time is no harm: no "
        "locks are\nneeded, each file is written whole, and the bytes are the same.\n"
        "TERM, INT, USR1, USR2 and XCPU: finish the step, save, exit with 75; the same command "
        "goes "
        "on from\nthere. A second one exits at once (not with --list).\n"
        "Exit status: 0 done, 1 the cell failed, 2 usage or config error, 4 some of several "
        "cells failed,\n75 interrupted.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .computes = true,
    .run = run,
};
