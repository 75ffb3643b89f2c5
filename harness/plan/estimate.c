/* Costs of a cell; see estimate.h. */
#include "plan/estimate.h"

#include "core/metric_list.h"
#include "eval/windows.h"
#include "model/row_costs.h"

/* Copies of the weights that are in memory at one moment besides moments and activations: weights and
 * gradients; a state being written (weights and two moments in one buffer), and reading one back, before
 * there are gradients, moments and activations, takes no more; a checkpoint being read (file and
 * arrays). */
#define GRADED 2
#define SAVED 3
#define LOADED 2

static size_t stream_bytes(const struct lx_stream *s)
{
    size_t each = sizeof(*s->tokens);

    each += s->floor_nll != NULL ? sizeof(*s->floor_nll) : 0;
    each += s->reach != NULL ? sizeof(*s->reach) : 0;
    each += s->blind_nll != NULL ? sizeof(*s->blind_nll) : 0;
    return s->n * each;
}

/* The model of a stack, laid out as it will be for training or for evaluation. The layout itself is
 * small: values that nobody writes cost no memory. */
struct layout {
    struct lx_arena arena;
    struct lx_stack stack;
    struct lx_model model;
    size_t bytes; /* of the model and its stack */
};

static enum lx_code lay_out(struct layout *l, const struct lx_config_stack *s, bool training,
                            const struct lx_cell *cell, struct lx_err *err)
{
    int length = cell->v->train.length, longest = training ? length : lx_variant_longest(cell->v);
    size_t before;

    *l = (struct layout){.bytes = 0};
    if (lx_stack_clone(&s->stack, &l->arena, &l->stack, err))
        return err->code;
    before = l->arena.used;
    if (lx_model_init(&l->model, &cell->v->model, &l->stack, length, longest, false, &l->arena,
                      err))
        return lx_config_at(err, s->path);
    l->bytes = l->arena.used - before;
    return LX_OK;
}

/* Learned numbers of the stack. */
static size_t count_of_schemes(const struct lx_paramset *ps)
{
    size_t n = 0;

    for (size_t i = 0; i < ps->count; i++)
        n += ps->items[i].spec.of_scheme && !ps->items[i].spec.frozen ? ps->items[i].n : 0;
    return n;
}

/* How much longer than planned by lx_model_flops alone a pass over T tokens takes. The longest pass of
 * the cell takes that much longer, too. */
static double slowness(const struct layout *l, int T, bool training, struct lx_cell *cell)
{
    double times = lx_row_slowness(&l->model, T, training);

    cell->slowness = times > cell->slowness ? times : cell->slowness;
    return times;
}

/* What training takes besides the model. Where schemes learn nothing, a rate for that changes nothing. */
static void cost_training(const struct layout *l, struct lx_cell *cell)
{
    const struct lx_train_config *t = &cell->v->train;
    size_t weights = l->model.params.n_values * sizeof(real);
    size_t fixed = LX_PROGRAM_BYTES + cell->data_bytes + l->bytes - weights;
    size_t work = lx_train_bytes(&l->model, &cell->v->train) + (GRADED + SAVED) * weights;

    cell->parameters = lx_model_parameters(&l->model);
    cell->scheme_parameters = count_of_schemes(&l->model.params);
    cell->train.array_lr = cell->scheme_parameters > 0 ? cell->train.array_lr : 1;
    cell->train_bytes = fixed + work;
    cell->train_flops = 3.0 * lx_model_flops(&cell->v->model, t->length) * t->batch_tokens *
                        t->steps * slowness(l, t->length, true, cell);
}

/* Every token of every window that is read, once forward, and analyses. */
static double eval_flops(const struct layout *l, const char *id, const struct lx_stream *eval,
                         struct lx_cell *cell)
{
    const struct lx_eval_config *e = &cell->v->eval;
    double flops = lx_analyses_flops(&cell->v->analyses, id, &cell->v->model, e) *
                   slowness(l, lx_variant_longest(cell->v), false, cell);

    for (int i = 0; i < e->n_lengths; i++)
        flops += lx_eval_flops(&cell->v->model, e, e->lengths[i], eval) *
                 slowness(l, e->lengths[i], false, cell);
    return flops;
}

/* What evaluation under one of the stacks takes: operations are added up, of bytes the most counts. */
static void cost_evaluation(const struct layout *l, const char *id, const struct lx_stream *stream,
                            struct lx_cell *cell)
{
    const struct lx_eval_config *eval = &cell->v->eval;
    int length = cell->v->train.length, last = eval->lengths[eval->n_lengths - 1];
    size_t plain = lx_eval_bytes(&l->model, eval, last > length ? last : length);
    size_t other = lx_analyses_bytes(&cell->v->analyses, id, &l->model, eval);
    size_t work = plain > other ? plain : other;
    size_t load = LOADED * l->model.params.n_values * sizeof(float);
    size_t bytes = LX_PROGRAM_BYTES + cell->data_bytes + l->bytes + (work > load ? work : load);

    if (lx_analyses_gradients(&cell->v->analyses, id))
        bytes += l->model.params.n_values * sizeof(real);
    cell->eval_bytes = bytes > cell->eval_bytes ? bytes : cell->eval_bytes;
    cell->eval_flops += eval_flops(l, id, stream, cell);
}

/* Weights that are evaluated under another stack must have every array that it asks for, in its shape:
 * nothing is trained for it. */
static enum lx_code check_arrays(const struct lx_paramset *trained, const struct lx_paramset *other,
                                 const struct lx_config_encoding *e, const char *path,
                                 struct lx_err *err)
{
    for (size_t i = 0; i < other->count; i++) {
        const struct lx_param_spec *want = &other->items[i].spec;
        const struct lx_param *p = lx_paramset_find(trained, want->name);
        bool same = p != NULL && p->spec.n_dims == want->n_dims;

        if (p == NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s.stack: must be one that the arrays of %s (\"%s\") suit, but nobody "
                           "trains %s",
                           path, e->trained.path, e->trained.id, want->name);
        for (int d = 0; same && d < want->n_dims; d++)
            same = p->spec.dim[d] == want->dim[d];
        if (!same)
            return lx_fail(err, LX_ECONFIG,
                           "%s.stack: must be one that the arrays of %s (\"%s\") suit, but %s has "
                           "another shape there (%zu numbers, here %zu)",
                           path, e->trained.path, e->trained.id, want->name, p->n,
                           other->items[i].n);
    }
    return LX_OK;
}

/* Costs of training, and of evaluation under every stack. */
static enum lx_code measure(struct lx_cell *cell, const struct lx_stream *eval, struct lx_err *err)
{
    const struct lx_config_encoding *e = cell->e;
    struct layout trained, l;
    enum lx_code code = lay_out(&trained, &e->trained, true, cell, err);

    if (code == LX_OK)
        cost_training(&trained, cell);
    for (size_t i = 0; i <= e->n_evaluate_as && code == LX_OK; i++) {
        const struct lx_config_stack *s = i == 0 ? &e->trained : &e->evaluate_as[i - 1];

        code = lay_out(&l, s, false, cell, err);
        if (code == LX_OK)
            code = check_arrays(&trained.model.params, &l.model.params, e, s->path, err);
        if (code == LX_OK)
            cost_evaluation(&l, s->id, eval, cell);
        lx_arena_free(&l.arena);
    }
    lx_arena_free(&trained.arena);
    return code;
}

static int octaves(int T)
{
    int n = 0;

    while (T >> n > 1)
        n++;
    return n;
}

/* Rows of an evaluation at length T, from above: of each metric the overall value and the curve by
 * position (at most five bins and four an octave) for each mode; those of attention by layer, head and
 * octave, in one mode. */
static size_t evaluated_rows(const struct lx_cell *cell, int T)
{
    const struct lx_eval_config *e = &cell->v->eval;
    size_t heads =
        1 + (e->per_head ? (size_t)cell->v->model.layers * (size_t)cell->v->model.heads : 0);
    size_t n = (size_t)octaves(T) + 2, modes = 0, rows = 0;

    for (int m = 0; m < LX_MODES; m++)
        modes += e->modes[m];
    for (int i = 0; i < lx_metric_count(); i++) {
        unsigned kinds = lx_metric_at(i)->rows;

        if ((kinds & LX_METRIC_MASKED) != 0 && e->masking.objective != LX_OBJECTIVE_MASKED)
            continue;

        rows += kinds & LX_METRIC_OVERALL ? modes : 0;
        rows += kinds & LX_METRIC_POSITIONS ? modes * (5 + 4 * n) : 0;
        rows += kinds & LX_METRIC_HEADS && e->attention ? heads * n : 0;
        if (e->modes[LX_MODE_ANSWERS])
            rows += kinds & LX_METRIC_ANSWERS ? (size_t)e->points + 1 + 5 + 4 * n : 0;
    }
    return rows + modes * LX_EVAL_BLOCKS / 3; /* a row of blocks.csv is a third of one of these */
}

/* Rows of metrics.csv and train.csv, from above. */
static size_t count_rows(const struct lx_cell *cell)
{
    const struct lx_eval_config *e = &cell->v->eval;
    const struct lx_train_config *t = &cell->v->train;
    size_t heads = (size_t)cell->v->model.heads, rows = 0;
    for (int i = 0; i < e->n_lengths; i++)
        rows += evaluated_rows(cell, e->lengths[i]);
    for (size_t i = 0; i < cell->v->analyses.n; i++) /* each metric by layer and a fine position */
        for (int k = 0; k < cell->v->analyses.item[i].n_lengths; k++) {
            const struct lx_analysis_item *it = &cell->v->analyses.item[i];
            size_t metrics = 0, readings = 1, places = 16 + 8 * (size_t)octaves(it->lengths[k]);

            places = it->ops->suffix != NULL && places < heads ? heads : places;

            while (it->ops->metrics[metrics] != NULL)
                metrics++;
            while (it->ops->variant != NULL &&
                   it->ops->variant(it->self, (int)readings - 1) != NULL)
                readings++;
            rows += readings * metrics * ((size_t)cell->v->model.layers + 1) * places;
            if (it->ops->suffix != NULL)
                rows += evaluated_rows(cell, it->lengths[k]);
        }
    return rows + (size_t)(t->steps / (t->log_every > 0 ? t->log_every : 1)) + 1;
}

/* The largest training step or batch of evaluation. */
static double count_pass(const struct lx_cell *cell)
{
    const struct lx_eval_config *e = &cell->v->eval;
    const struct lx_train_config *t = &cell->v->train;
    double most = 3.0 * lx_model_flops(&cell->v->model, t->length) * t->batch_tokens;

    for (int i = 0; i < e->n_lengths; i++) {
        int T = e->lengths[i], tokens = e->batch_tokens > T ? e->batch_tokens : T;
        double flops = lx_model_flops(&cell->v->model, T) * tokens;

        most = flops > most ? flops : most;
    }
    for (size_t i = 0; i < cell->v->analyses.n; i++) {
        const struct lx_analysis_item *it = &cell->v->analyses.item[i];
        int T = it->lengths[it->n_lengths - 1], tokens = e->batch_tokens > T ? e->batch_tokens : T;
        double flops = (it->ops->gradients ? 3 : 1) * lx_model_flops(&cell->v->model, T) * tokens;

        most = flops > most ? flops : most;
    }
    return most;
}

/* Windows that analyses ask for must be there, and differ. */
static enum lx_code check_analyses(const struct lx_analyses *a, const struct lx_stream *train,
                                   const struct lx_stream *eval, struct lx_err *err)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct lx_analysis_item *it = &a->item[i];
        bool trained = it->ops->train_split != NULL && it->ops->train_split(it->self);
        const struct lx_stream *s = trained ? train : eval;
        int longest = it->lengths[it->n_lengths - 1];

        if (s->n < (size_t)longest + 1)
            return lx_fail(err, LX_EDATA,
                           "%s split: must have at least %d tokens (the longest length of an "
                           "analysis and one more), got %zu",
                           trained ? "train" : "evaluation", longest + 1, s->n);
        if (it->ops->check_windows != NULL &&
            it->ops->check_windows(it->self, s->n - (size_t)longest, longest, err))
            return lx_wrap(err, "analyses[%zu] (%s)", i, it->ops->name);
    }
    return LX_OK;
}

/* What the split has no room for; that `tokens` is cut to whole windows is no fault of it. */
static void note_targets(struct lx_cell *cell, const struct lx_window_plan *plan)
{
    const struct lx_eval_config *c = &cell->v->eval;
    bool front = c->modes[LX_MODE_NONOVERLAPPING] || c->modes[LX_MODE_SLIDING];
    long long last = lx_window_scored(c, plan, LX_MODE_LAST);

    cell->last_targets = last < c->last_tokens ? last : 0;
    cell->front_targets = front && plan->have < c->tokens ? plan->targets : 0;
}

/* Splits too short to be used are found here and not hours later. */
static enum lx_code check_splits(struct lx_cell *cell, const struct lx_stream *train,
                                 const struct lx_stream *eval, struct lx_err *err)
{
    size_t least = (size_t)cell->v->train.length + 1;
    struct lx_window_plan plan;

    if (train->examples !=
        NULL) /* made as they are needed; their sizes were checked with the config */
        return LX_OK;
    if (train->n < least)
        return lx_fail(err, LX_EDATA, "train split: must have at least %zu tokens, got %zu", least,
                       train->n);
    if (check_analyses(&cell->v->analyses, train, eval, err))
        return err->code;
    if (lx_window_plan(&cell->v->eval, eval, &plan, err))
        return err->code;
    note_targets(cell, &plan);
    return LX_OK;
}

enum lx_code lx_estimate(struct lx_cell *cell, const struct lx_stream *train,
                         const struct lx_stream *eval, size_t table_bytes, struct lx_err *err)
{
    if (check_splits(cell, train, eval, err))
        return err->code;
    /* a table that grows is there twice, the old one at half the size */
    cell->data_bytes = stream_bytes(train) + (eval == train ? 0 : stream_bytes(eval)) +
                       table_bytes + table_bytes / 2;
    cell->rows = count_rows(cell) * (1 + cell->e->n_evaluate_as);
    cell->eval_bytes = 0;
    cell->eval_flops = 0;
    cell->slowness = 1;
    if (measure(cell, eval, err))
        return err->code;
    cell->pass_flops = count_pass(cell) * cell->slowness;
    return LX_OK;
}
