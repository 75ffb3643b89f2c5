/* From a checkpoint to rows; see evaluation.h. */
#include "run/evaluation.h"

#include "eval/selfcheck.h"
#include "model/checkpoint.h"
#include "run/estimate.h"

static enum lx_code load(const struct lx_evaluation *e, struct lx_model *m, struct lx_err *err)
{
    struct lx_checkpoint checkpoint;
    struct lx_arena file = {0};
    enum lx_code code = lx_checkpoint_open(&checkpoint, e->weights, &file, err);

    if (code == LX_OK) {
        code = lx_checkpoint_load(&checkpoint, m, e->other, err);
        if (code != LX_OK)
            code = lx_wrap(err, "%s", e->weights);
        lx_checkpoint_close(&checkpoint);
    }
    lx_arena_free(&file);
    return code;
}

/* Rows are turned to text unit by unit. */
struct transfer {
    const struct lx_evaluation *e;
    struct lx_buf *rows;
    size_t n; /* rows already there */
};

static bool seen(void *ctx, double done, double total)
{
    const struct lx_eval_watch *w = &((const struct transfer *)ctx)->e->watch;

    return w->seen == NULL || w->seen(w->ctx, done, total);
}

static void transfer(void *ctx, const struct lx_metrics *m)
{
    struct transfer *t = ctx;
    const struct lx_metrics rest = {.rows = m->rows + t->n, .n = m->n - t->n};

    lx_store_metrics(&t->e->label, &rest, t->rows);
    t->n = m->n;
    if (t->e->kept != NULL)
        t->e->kept(t->e->watch.ctx);
}

enum lx_code lx_evaluation_run(const struct lx_evaluation *e, struct lx_buf *rows,
                               struct lx_err *err)
{
    const struct lx_config_variant *v = e->v;
    struct lx_arena arena = {0};
    struct lx_metrics metrics = {0};
    struct transfer state = {.e = e, .rows = rows};
    const struct lx_eval_watch watch = {
        .seen = seen, .ctx = &state, .skip = e->watch.skip, .unit = transfer};
    const struct lx_stream *stream = NULL;
    const double *token_bytes = NULL;
    struct lx_stack stack;
    struct lx_model m;
    size_t used, limit = e->memory_limit;
    enum lx_code code = lx_data_load(e->data, (enum lx_split)v->eval.split, &stream, err);

    if (code == LX_OK)
        code = lx_data_token_bytes(e->data, v->model.vocab, &token_bytes, err);
    if (code == LX_OK)
        code = lx_config_stack(e->stack, &arena, &stack, err);
    if (code == LX_OK && lx_model_init(&m, &v->model, &stack, v->train.length,
                                       lx_variant_longest(v), false, &arena, err) != LX_OK)
        code = lx_config_at(err, e->stack->path);
    if (code == LX_OK && e->weights != NULL)
        code = load(e, &m, err);
    if (code == LX_OK && e->weights != NULL &&
        lx_selfcheck_causal(&m, stream, v->train.length, err) != LX_OK)
        code = lx_wrap(err, "%s", e->stack->path);
    used = LX_PROGRAM_BYTES + e->data_bytes + arena.used;
    if (limit > 0)
        limit = limit > used ? limit - used : 1;
    if (code == LX_OK)
        code = lx_evaluate(&m, &v->eval, stream, token_bytes, e->weights == NULL, limit, &watch,
                           &metrics, err);
    lx_metrics_free(&metrics);
    lx_arena_free(&arena);
    return code;
}
