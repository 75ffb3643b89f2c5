/* `cell`: run chosen cells of a config in this process. The supervisor starts it for each cell; on
 * a cluster every task of an array job calls it. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "run/command.h"
#include "run/experiment.h"
#include "run/interrupt.h"
#include "run/worker.h"
#include "tensor/parallel.h"

static const char *id, *index_text, *shard, *out_dir;
static size_t memory;
static double checkpoint_every = LX_CHECKPOINT_EVERY;
static int progress_fd = -1, threads = 1;

static const struct lx_arg args[] = {
    {"id", 0, LX_ARG_TEXT, &id, "ID", "the cell of that id, as `plan` prints it", 0},
    {"index", 0, LX_ARG_TEXT, &index_text, "K",
     "cell K of the plan, from 0; auto: from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
     "PBS_ARRAY_INDEX or SGE_TASK_ID",
     0},
    {"shard", 0, LX_ARG_TEXT, &shard, "I/N", "cells I, I+N, I+2N, ... of the plan, I from 0", 0},
    {"out", 'o', LX_ARG_TEXT, &out_dir, "DIR", "results folder (default: results/NAME)", 0},
    {"memory", 0, LX_ARG_BYTES, &memory, "BYTES",
     "most memory to use, as 2G (default: what is available)", 0},
    {"checkpoint-every", 0, LX_ARG_SECONDS, &checkpoint_every, "SEC",
     "save the state of training this often, 0: only when interrupted (default: 60)", 0},
    {"threads", 0, LX_ARG_COUNT, &threads, "N",
     "threads of the cell (default: 1); results are the same bytes for any number", 1},
    {"progress-fd", 0, LX_ARG_COUNT, &progress_fd, "FD", NULL, 0},
    {.type = LX_ARG_END},
};

/* The first array-job variable that is set. SGE counts from 1 and says "undefined" outside. */
static enum lx_code index_from_environment(int *k, struct lx_err *err)
{
    static const char *const names[] = {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX",
                                        "PBS_ARRAY_INDEX", "SGE_TASK_ID"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *v = getenv(names[i]);
        bool sge = strcmp(names[i], "SGE_TASK_ID") == 0;

        if (v == NULL || v[0] == '\0' || strcmp(v, "undefined") == 0)
            continue;
        if (lx_args_count(v, names[i], sge ? 1 : 0, k, err) != LX_OK)
            return err->code;
        *k -= sge ? 1 : 0;
        return LX_OK;
    }
    return lx_fail(err, LX_EUSAGE,
                   "--index auto: none of SLURM_ARRAY_TASK_ID, "
                   "JOB_COMPLETION_INDEX, PBS_ARRAY_INDEX, SGE_TASK_ID is set");
}

/* Cells first, first + step, ... below end. */
struct choice {
    size_t first, step, end;
};

static enum lx_code choose_index(const struct lx_plan *p, struct choice *c, struct lx_err *err)
{
    int k;
    enum lx_code code = strcmp(index_text, "auto") == 0
                            ? index_from_environment(&k, err)
                            : lx_args_count(index_text, "--index", 0, &k, err);

    if (code != LX_OK)
        return code;
    if ((size_t)k >= p->n)
        return lx_fail(err, LX_EUSAGE, "--index: must be below %zu, the cells of the plan, got %d",
                       p->n, k);
    *c = (struct choice){(size_t)k, 1, (size_t)k + 1};
    return LX_OK;
}

static enum lx_code choose_shard(const struct lx_plan *p, struct choice *c, struct lx_err *err)
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
    *c = (struct choice){(size_t)i, (size_t)n, p->n};
    return LX_OK;
}

static enum lx_code choose_id(struct lx_plan *p, struct choice *c, struct lx_err *err)
{
    for (size_t k = 0; k < p->n; k++) {
        enum lx_code code = lx_plan_resolve(p, k, err);

        if (code != LX_OK)
            return code;
        if (strcmp(p->cells[k].id, id) == 0) {
            *c = (struct choice){k, 1, k + 1};
            return LX_OK;
        }
    }
    (void)lx_fail(err, LX_EUSAGE, "--id: no cell of the plan has the id \"%.80s\"", id);
    return lx_hint(err, "`longshot plan CONFIG` prints them; the content of data files counts too");
}

static enum lx_code choose(struct lx_plan *p, struct choice *c, struct lx_err *err)
{
    enum lx_code code;

    if ((index_text != NULL) + (shard != NULL) + (id != NULL && index_text == NULL) != 1)
        return lx_fail(err, LX_EUSAGE, "cell: must have one of --id, --index and --shard");
    if (shard != NULL)
        return choose_shard(p, c, err);
    if (index_text == NULL)
        return choose_id(p, c, err);
    /* Both: the supervisor's way, that spares reading the data of other cells. */
    code = choose_index(p, c, err);
    if (code == LX_OK && id != NULL)
        code = lx_plan_resolve(p, c->first, err);
    if (code == LX_OK && id != NULL && strcmp(id, p->cells[c->first].id) != 0)
        return lx_fail(err, LX_EDATA, "cell %s: the data changed since the plan was made", id);
    return code;
}

static enum lx_code run_cells(struct lx_experiment *e, struct lx_err *err)
{
    struct lx_worker w = {.dir = e->dir,
                          .memory_limit = memory,
                          .checkpoint_every = checkpoint_every,
                          .progress_fd = progress_fd};
    struct choice c = {0, 1, 0};
    enum lx_code code = choose(&e->plan, &c, err);

    if (w.memory_limit == 0)
        w.memory_limit = lx_memory_available();
    if (code == LX_OK && progress_fd < 0)
        code = lx_experiment_save(e, err);
    for (size_t k = c.first; k < c.end && code == LX_OK; k += c.step) {
        bool done = progress_fd < 0 && e->plan.cells[k].resolved &&
                    lx_store_done(e->dir, e->plan.cells[k].id);

        if (done)
            lx_log("cell %s: done before", e->plan.cells[k].id);
        else
            code = lx_worker_run(&w, &e->plan, k, err);
    }
    return code;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_experiment e;
    enum lx_code code = lx_command_arity(&lx_command_cell, n, 1, -1, err);

    if (code != LX_OK)
        return code;
    lx_parallel_threads_set(threads);
    lx_interrupt_watch(progress_fd >= 0);
    code = lx_experiment_open(&e, argv[0], argv + 1, (size_t)n - 1, out_dir, err);
    if (code == LX_OK)
        code = run_cells(&e, err);
    lx_experiment_close(&e);
    return code;
}

const struct lx_command lx_command_cell = {
    .name = "cell",
    .usage = "CONFIG [KEY=VALUE ...] --id ID | --index K | --shard I/N [-o DIR]",
    .help = "train and evaluate chosen cells of a plan in this process",
    .more = "What a task of a cluster's array job calls. `longshot merge DIR` puts the rows of all "
            "cells together afterwards.\n"
            "TERM, INT, USR1, USR2 and XCPU: finish the step, save, exit with 75; the same command "
            "goes "
            "on from\nthere. A second one exits at once.\n",
    .args = args,
    .computes = true,
    .run = run,
};
