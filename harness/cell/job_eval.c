/* The evaluation of a cell, unit by unit; see job.h. */
#include "cell/evaluation.h"
#include "cell/job.h"
#include "core/log.h"
#include "store/eval_checkpoint.h"
#include "system/fs.h"
#include "system/manifest.h"

static size_t stacks_of(const struct lx_job *j)
{
    return 1 + j->cell->e->n_evaluate_as;
}

static int units_of(const struct lx_job *j)
{
    const struct lx_config_encoding *e = j->cell->e;
    int n = lx_evaluation_units(j->cell->v, &e->trained);

    for (size_t i = 0; i < e->n_evaluate_as; i++)
        n += lx_evaluation_units(j->cell->v, &e->evaluate_as[i]);
    return n;
}

static bool seen_tokens(void *ctx, double done, double total)
{
    struct lx_job *j = ctx;
    double part = total > 0.0 ? done / total : 1.0;

    return lx_heartbeat_eval(&j->live, (j->stack + part) / (double)stacks_of(j), false);
}

/* Finished units that cannot be kept cost time after an interruption, never the run. */
static void keep(struct lx_job *j)
{
    struct lx_err err;

    if (lx_eval_checkpoint_save(j->partial, j->key, j->units, &j->rows, &err) != LX_OK)
        lx_log("half-done evaluation not saved: %s", err.text);
    j->saved = lx_clock();
}

static void unit_done(void *ctx)
{
    struct lx_job *j = ctx;
    double every = j->w->checkpoint_every;

    j->units++;
    if (lx_heartbeat_stopped(&j->live) || (every > 0.0 && lx_clock() - j->saved >= every))
        keep(j);
}

/* Evaluate the trained weights under one stack and append the rows; the first `skip` units are
 * there. */
static enum lx_code evaluate(struct lx_job *j, const struct lx_config_stack *s, int skip,
                             struct lx_err *err)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const char *as = lx_arena_printf(&j->paths, "%s%s", s->id, cell->suffix);
    struct lx_evaluation e = {.v = cell->v,
                              .stack = s,
                              .other = j->stack > 0,
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
                              .watch = {.seen = seen_tokens, .ctx = j, .skip = skip},
                              .kept = unit_done};
    enum lx_code code = as == NULL ? lx_fail(err, LX_ENOMEM, "out of memory") : LX_OK;

    if (code == LX_OK && !j->record.diverged)
        code = lx_job_checkpoint_path(j, "model.safetensors", &e.weights, err);
    if (code == LX_OK)
        code = lx_evaluation_run(&e, &j->rows, err);
    if (!lx_heartbeat_stopped(&j->live))
        return code;
    if (j->units > 0)
        keep(j);
    return lx_job_interrupted(err);
}

/* What rows of this cell depend on besides its id: the sums of the weights as they are now. */
static enum lx_code find_key(struct lx_job *j, struct lx_err *err)
{
    struct lx_buf sums = {0};
    const char *seal = NULL;
    enum lx_code code = lx_job_checkpoint_path(j, LX_SEAL_TRAIN, &seal, err);

    if (code == LX_OK && lx_fs_exists(seal))
        code = lx_fs_read(seal, &sums, err);
    if (code == LX_OK) {
        j->key = lx_arena_printf(&j->paths, "%s %s", j->cell->id, sums.len > 0 ? sums.text : "");
        if (j->key == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory");
    }
    lx_buf_free(&sums);
    return code;
}

enum lx_code lx_job_evaluate(struct lx_job *j, struct lx_err *err)
{
    const struct lx_config_encoding *e = j->cell->e;
    int before = 0, found;
    double start = lx_clock();
    enum lx_code code = find_key(j, err);

    if (code == LX_OK)
        code = lx_job_work_path(j, LX_EVAL_CHECKPOINT_FILE, &j->partial, err);
    if (code != LX_OK)
        return code;
    j->saved = start;
    j->units = found = lx_eval_checkpoint_load(j->partial, j->key, &j->rows);
    if (found > 0)
        lx_log("%s seed %llu: %d of %d evaluations were done before", j->cell->label, j->live.seed,
               found, units_of(j));
    for (size_t i = 0; i < stacks_of(j) && code == LX_OK; i++) {
        const struct lx_config_stack *s = i == 0 ? &e->trained : &e->evaluate_as[i - 1];
        int each = lx_evaluation_units(j->cell->v, s), skip = found > before ? found - before : 0;

        j->stack = (int)i;
        if (skip < each)
            code = evaluate(j, s, skip, err);
        before += each;
    }
    j->eval_seconds = lx_clock() - start;
    return code;
}
