/* From a checkpoint to rows; see evaluation.h. */
#include "cell/evaluation.h"

#include <math.h>

#include "model/checkpoint.h"
#include "plan/estimate.h"
#include "probe/selfcheck.h"

/* What analyses want to know of the training. */
struct training {
    struct lx_stack stack;
    bool other; /* stack is set up, and not that of the model */
    long long windows;
};

/* The trained stack, where the model has another, without values for its arrays. */
static enum lx_code find_training(const struct lx_evaluation *e, const struct lx_checkpoint *c,
                                  const struct lx_model *m, struct lx_arena *arena,
                                  struct training *t, struct lx_err *err)
{
    const struct lx_enc_dims dims = {.layers = m->config.layers,
                                     .heads = m->config.heads,
                                     .head_dim = m->config.d_model / m->config.heads,
                                     .d_model = m->config.d_model,
                                     .train_length = m->train_length,
                                     .max_length = m->train_length,
                                     .both = lx_model_both(&m->config)};
    double batch = lx_json_number(lx_json_find(lx_json_find(c->config, "train"), "batch_tokens"));
    double windows = (double)c->step * floor(batch / m->train_length);
    struct lx_paramset params;

    if (e->v->analyses.n == 0)
        return LX_OK;
    t->windows = windows >= 1 && windows < 9e15 ? (long long)windows : 0;
    t->other = e->other;
    if (!t->other)
        return LX_OK;
    if (lx_stack_parse(&t->stack, c->stack, "config.encoding.stack", arena, err) ||
        lx_paramset_init(&params, (size_t)LX_STACK_MAX * 8, arena, err))
        return err->code;
    return lx_stack_init(&t->stack, &dims, arena, &params, err);
}

static enum lx_code load(const struct lx_evaluation *e, struct lx_model *m, struct lx_arena *arena,
                         struct training *t, struct lx_err *err)
{
    struct lx_checkpoint checkpoint;
    struct lx_arena file = {0};
    enum lx_code code = lx_checkpoint_open(&checkpoint, e->weights, &file, err);

    if (code == LX_OK) {
        if (lx_checkpoint_load(&checkpoint, m, e->other, err) ||
            find_training(e, &checkpoint, m, arena, t, err))
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
    struct lx_store_rows *rows;
    size_t n, n_blocks;   /* already there */
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
    const struct lx_metrics rest = {.rows = m->rows + t->n,
                                    .n = m->n - t->n,
                                    .blocks = m->blocks + t->n_blocks,
                                    .n_blocks = m->n_blocks - t->n_blocks};

    lx_store_metrics(&t->e->label, &rest, t->rows);
    t->n = m->n;
    t->n_blocks = m->n_blocks;
    if (t->e->unit_done != NULL)
        t->e->unit_done(t->e->watch.ctx);
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
                            const struct training *training, const struct lx_eval_text *text,
                            size_t limit, struct lx_store_rows *rows, struct lx_err *err)
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
                                          .stream = text->stream,
                                          .token_bytes = text->token_bytes,
                                          .dataset = e->data->set->ops,
                                          .dataset_self = e->data->set->self,
                                          .load = load_split,
                                          .load_ctx = e->data,
                                          .seed = e->label.seed,
                                          .trained_as = training->other ? &training->stack : NULL,
                                          .trained_windows = training->windows,
                                          .diverged = e->weights == NULL,
                                          .memory_limit = limit,
                                          .watch = watch};
    struct lx_metrics metrics = {0};
    enum lx_code code;

    for (int i = 0; i < v->eval.n_lengths; i++)
        plain += lx_eval_flops(&v->model, &v->eval, v->eval.lengths[i], text->stream);
    state.share = plain / (plain + other);
    code = lx_evaluate(m, &v->eval, text, e->weights == NULL, limit, &watch, &metrics, err);
    state.before = state.share;
    state.share = 1 - state.before;
    subject.watch.skip -= lx_eval_units(&v->eval);
    if (code == LX_OK)
        code = lx_analyses_run(&v->analyses, &subject, &metrics, err);
    lx_metrics_free(&metrics);
    return code;
}

/* The model under the stack that is asked for, with its weights. */
static enum lx_code make_model(const struct lx_evaluation *e, struct lx_model *m,
                               const struct lx_stream *stream, struct lx_arena *arena,
                               struct training *training, struct lx_err *err)
{
    const struct lx_config_variant *v = e->v;
    bool gradients = lx_analyses_gradients(&v->analyses, e->stack->id);
    struct lx_stack stack;

    if (lx_precision_check("eval.precision", v->eval.precision, err) ||
        lx_stack_clone(&e->stack->stack, arena, &stack, err))
        return err->code;
    if (lx_model_init(m, &v->model, &stack, v->train.length, lx_variant_longest(v), gradients,
                      arena, err))
        return lx_config_at(err, e->stack->path);
    m->precision = (enum lx_precision)v->eval.precision;
    if (e->weights == NULL)
        return LX_OK;
    if (load(e, m, arena, training, err))
        return err->code;
    if (lx_selfcheck(m, stream, v->train.length, err))
        return lx_wrap(err, "%s", e->stack->path);
    return LX_OK;
}

/* Whether n-grams are wanted, and can tell what the model tells. */
static bool wants_table(const struct lx_evaluation *e)
{
    return e->yardsticks && e->weights != NULL &&
           e->v->train.masking.objective == LX_OBJECTIVE_NEXT;
}

enum lx_code lx_evaluation_run(const struct lx_evaluation *e, struct lx_store_rows *rows,
                               struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_eval_text text = {0};
    struct lx_model m;
    struct training training = {.windows = 0};
    size_t used, limit = e->memory_limit;
    enum lx_code code = LX_OK;

    if (lx_data_load(e->data, (enum lx_split)e->v->eval.split, &text.stream, err) ||
        lx_data_token_bytes(e->data, e->v->model.vocab, &text.token_bytes, err) ||
        make_model(e, &m, text.stream, &arena, &training, err) ||
        (wants_table(e) && lx_data_table(e->data, &text.table, err)))
        code = err->code;
    used = LX_PROGRAM_BYTES + e->data_bytes + arena.used;
    if (limit > 0)
        limit = limit > used ? limit - used : 1;
    if (code == LX_OK)
        code = measure(e, &m, &training, &text, limit, rows, err);
    lx_arena_free(&arena);
    return code;
}
