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

/* Rows are turned to text unit by unit. Perplexities and analyses share one progress: a part of the
 * whole each, by operations. */
struct transfer {
    const struct lx_evaluation *e;
    struct lx_buf *rows;
    size_t n;             /* rows already there */
    double before, share; /* parts of the whole */
};

static bool seen(void *ctx, double done, double total)
{
    const struct transfer *t = ctx;
    const struct lx_eval_watch *w = &t->e->watch;

    return w->seen == NULL ||
           w->seen(w->ctx, t->before + t->share * (total > 0 ? done / total : 1), 1);
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

static enum lx_code load_split(void *ctx, enum lx_split split, const struct lx_stream **out,
                               struct lx_err *err)
{
    return lx_data_load(ctx, split, out, err);
}

int lx_evaluation_units(const struct lx_config_variant *v, const struct lx_config_stack *s)
{
    return lx_eval_units(&v->eval) + lx_analyses_units(&v->analyses, s->id);
}

/* Perplexities, then analyses. `limit`: bytes left for their working memory, 0: no limit. */
static enum lx_code measure(const struct lx_evaluation *e, struct lx_model *m,
                            const struct lx_stream *stream, const double *token_bytes, size_t limit,
                            struct lx_buf *rows, struct lx_err *err)
{
    const struct lx_config_variant *v = e->v;
    const char *id = e->stack->id;
    double plain = 0, other = lx_analyses_flops(&v->analyses, id, &v->model, &v->eval);
    struct transfer state = {.e = e, .rows = rows};
    struct lx_eval_watch watch = {
        .seen = seen, .ctx = &state, .skip = e->watch.skip, .unit = transfer};
    struct lx_analysis_subject subject = {.m = m,
                                          .stack_id = id,
                                          .eval = &v->eval,
                                          .stream = stream,
                                          .token_bytes = token_bytes,
                                          .dataset = e->data->set.ops,
                                          .dataset_self = e->data->set.self,
                                          .load = load_split,
                                          .load_ctx = e->data,
                                          .seed = e->label.seed,
                                          .diverged = e->weights == NULL,
                                          .memory_limit = limit,
                                          .watch = watch};
    struct lx_metrics metrics = {0};
    enum lx_code code;

    for (int i = 0; i < v->eval.n_lengths; i++)
        plain += lx_eval_flops(&v->model, &v->eval, v->eval.lengths[i], v->eval.tokens);
    state.share = plain / (plain + other);
    code = lx_evaluate(m, &v->eval, stream, token_bytes, e->weights == NULL, limit, &watch,
                       &metrics, err);
    state.before = state.share;
    state.share = 1 - state.before;
    subject.watch.skip -= lx_eval_units(&v->eval);
    if (code == LX_OK)
        code = lx_analyses_run(&v->analyses, &subject, &metrics, err);
    lx_metrics_free(&metrics);
    return code;
}

enum lx_code lx_evaluation_run(const struct lx_evaluation *e, struct lx_buf *rows,
                               struct lx_err *err)
{
    const struct lx_config_variant *v = e->v;
    struct lx_arena arena = {0};
    const struct lx_stream *stream = NULL;
    const double *token_bytes = NULL;
    struct lx_stack stack;
    struct lx_model m;
    bool gradients = lx_analyses_gradients(&v->analyses, e->stack->id);
    size_t used, limit = e->memory_limit;
    enum lx_code code = lx_data_load(e->data, (enum lx_split)v->eval.split, &stream, err);

    if (code == LX_OK)
        code = lx_data_token_bytes(e->data, v->model.vocab, &token_bytes, err);
    if (code == LX_OK)
        code = lx_config_stack(e->stack, &arena, &stack, err);
    if (code == LX_OK && lx_model_init(&m, &v->model, &stack, v->train.length,
                                       lx_variant_longest(v), gradients, &arena, err) != LX_OK)
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
        code = measure(e, &m, stream, token_bytes, limit, rows, err);
    lx_arena_free(&arena);
    return code;
}
