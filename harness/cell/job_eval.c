/* The evaluation of a cell, unit by unit; see job.h. */
#include "cell/evaluation.h"
#include "cell/job.h"
#include "core/log.h"
#include "store/eval_checkpoint.h"
#include "system/fs.h"
#include "system/manifest.h"

/* How far the evaluation of a cell is. */
struct progress {
    struct lx_job *j;
    const char *path, *key; /* of the file of finished units, and what it must be of */
    int units, stack;       /* finished units; stacks before the one at hand */
    double saved;           /* clock of the last save, or of the start */
};

static const struct lx_config_encoding *encoding_of(const struct lx_job *j)
{
    return j->cell->e;
}

static size_t stacks_of(const struct lx_job *j)
{
    return 1 + encoding_of(j)->n_evaluate_as;
}

/* Stack i of a cell: the trained one, then those it is evaluated as. */
static const struct lx_config_stack *stack_of(const struct lx_job *j, size_t i)
{
    const struct lx_config_encoding *e = encoding_of(j);

    return i == 0 ? &e->trained : &e->evaluate_as[i - 1];
}

static int units_of(const struct lx_job *j)
{
    int n = 0;

    for (size_t i = 0; i < stacks_of(j); i++)
        n += lx_evaluation_units(j->cell->v, stack_of(j, i));
    return n;
}

static bool seen_tokens(void *ctx, double done, double total)
{
    struct progress *p = ctx;
    double fraction = total > 0.0 ? done / total : 1.0;

    return lx_heartbeat_eval(&p->j->heartbeat, (p->stack + fraction) / (double)stacks_of(p->j),
                             false);
}

/* Finished units that cannot be saved cost time after an interruption, never the run. */
static void save(struct progress *p)
{
    struct lx_err err;

    if (lx_eval_checkpoint_save(p->path, p->key, p->units, &p->j->rows, &err) != LX_OK)
        lx_log("half-done evaluation not saved: %s", err.text);
    p->saved = lx_clock();
}

static void unit_done(void *ctx)
{
    struct progress *p = ctx;
    double every = p->j->w->checkpoint_every;

    p->units++;
    lx_board_eval(&p->j->board, &p->j->rows.metrics);
    if (lx_heartbeat_stopped(&p->j->heartbeat) || (every > 0.0 && lx_clock() - p->saved >= every))
        save(p);
}

/* Evaluate the trained weights under one stack and append the rows; the first `skip` units are
 * there. */
static enum lx_code evaluate(struct progress *p, const struct lx_config_stack *s, int skip,
                             struct lx_err *err)
{
    struct lx_job *j = p->j;
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const char *as = lx_arena_printf(&j->paths, "%s%s", s->id, cell->suffix);
    struct lx_evaluation e = {.v = cell->v,
                              .stack = s,
                              .other = p->stack > 0,
                              .yardsticks = true,
                              .data = j->data,
                              .memory_limit = j->w->memory_limit,
                              .data_bytes = cell->data_bytes,
                              .label = {.experiment = c->name,
                                        .cell = cell->id,
                                        .encoding = cell->label,
                                        .evaluated_as = as,
                                        .dataset = c->datasets[cell->dataset].id,
                                        .split = (enum lx_split)cell->v->eval.split,
                                        .seed = c->seeds[cell->seed],
                                        .train_length = cell->v->train.length},
                              .watch = {.seen = seen_tokens, .ctx = p, .skip = skip},
                              .unit_done = unit_done};
    enum lx_code code = LX_OK;

    if (as == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (!j->record.diverged)
        code = lx_job_checkpoint_path(j, lx_training_names[0], &e.weights, err);
    if (code == LX_OK)
        code = lx_evaluation_run(&e, &j->rows, err);
    if (!lx_heartbeat_stopped(&j->heartbeat))
        return code;
    if (p->units > 0)
        save(p);
    return lx_job_interrupted(err);
}

/* What rows of this cell depend on besides its id: the sums of the weights as they are now. */
static enum lx_code find_key(struct progress *p, struct lx_err *err)
{
    struct lx_job *j = p->j;
    struct lx_buf sums = {0};
    const char *manifest = NULL;
    enum lx_code code = lx_job_checkpoint_path(j, LX_MANIFEST_TRAIN, &manifest, err);

    if (code == LX_OK && lx_fs_exists(manifest))
        code = lx_fs_read(manifest, &sums, err);
    if (code == LX_OK) {
        p->key = lx_arena_printf(&j->paths, "%s %s", j->cell->id, sums.len > 0 ? sums.text : "");
        if (p->key == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory");
    }
    lx_buf_free(&sums);
    return code;
}

enum lx_code lx_job_evaluate(struct lx_job *j, struct lx_err *err)
{
    double start = lx_clock();
    struct progress p = {.j = j, .saved = start};
    int before = 0, found;

    if (find_key(&p, err) || lx_job_work_path(j, LX_EVAL_CHECKPOINT_FILE, &p.path, err))
        return err->code;
    p.units = found = lx_eval_checkpoint_load(p.path, p.key, &j->rows);
    if (found > 0)
        lx_log("%s seed %llu: %d of %d evaluations were done before", j->cell->label,
               j->heartbeat.seed, found, units_of(j));
    for (size_t i = 0; i < stacks_of(j); i++) {
        const struct lx_config_stack *s = stack_of(j, i);
        int each = lx_evaluation_units(j->cell->v, s), skip = found > before ? found - before : 0;

        p.stack = (int)i;
        if (skip < each && evaluate(&p, s, skip, err))
            return err->code;
        before += each;
    }
    j->eval_seconds = lx_clock() - start;
    return LX_OK;
}
