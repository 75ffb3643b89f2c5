/* Costs of a cell; see estimate.h. */
#include "plan/estimate.h"

#include "core/metric_list.h"
#include "eval/windows.h"

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

/* Lay out the model of a stack as it will be for training or for evaluation, and add what the work
 * around it needs. The layout itself is small: values that nobody writes cost no memory. */
static enum lx_code measure(const struct lx_config_stack *s, bool training, struct lx_cell *cell,
                            struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_stack stack;
    struct lx_model model;
    const struct lx_eval_config *eval = &cell->v->eval;
    int length = cell->v->train.length, longest = training ? length : lx_variant_longest(cell->v);
    int last = eval->lengths[eval->n_lengths - 1];
    size_t before;
    enum lx_code code = lx_stack_clone(&s->stack, &arena, &stack, err);

    before = arena.used;
    if (code == LX_OK && lx_model_init(&model, &cell->v->model, &stack, length, longest, false,
                                       &arena, err) != LX_OK)
        code = lx_config_at(err, s->path);
    if (code == LX_OK && training) {
        size_t weights = model.params.n_values * sizeof(real);
        size_t fixed = LX_PROGRAM_BYTES + cell->data_bytes + arena.used - before - weights;
        size_t work = lx_train_bytes(&model, &cell->v->train) + (GRADED + SAVED) * weights;

        cell->parameters = lx_model_parameters(&model);
        cell->train_bytes = fixed + work;
    } else if (code == LX_OK) {
        size_t plain = lx_eval_bytes(&model, eval, last > length ? last : length);
        size_t other = lx_analyses_bytes(&cell->v->analyses, s->id, &model, eval);
        size_t work = plain > other ? plain : other;
        size_t load = LOADED * model.params.n_values * sizeof(float);
        size_t bytes =
            LX_PROGRAM_BYTES + cell->data_bytes + arena.used - before + (work > load ? work : load);

        if (lx_analyses_gradients(&cell->v->analyses, s->id))
            bytes += model.params.n_values * sizeof(real);
        cell->eval_bytes = bytes > cell->eval_bytes ? bytes : cell->eval_bytes;
    }
    lx_arena_free(&arena);
    return code;
}

/* Every token of every window that is read, once forward. */
static double eval_flops(const struct lx_cell *cell, long long targets)
{
    const struct lx_eval_config *e = &cell->v->eval;
    double flops = 0.0;

    for (int i = 0; i < e->n_lengths; i++)
        flops += lx_eval_flops(&cell->v->model, e, e->lengths[i], targets);
    return flops;
}

static double analyses_flops(const struct lx_cell *cell)
{
    const struct lx_config_variant *v = cell->v;
    const struct lx_config_encoding *e = cell->e;
    double flops = lx_analyses_flops(&v->analyses, e->trained.id, &v->model, &v->eval);

    for (size_t i = 0; i < e->n_evaluate_as; i++)
        flops += lx_analyses_flops(&v->analyses, e->evaluate_as[i].id, &v->model, &v->eval);
    return flops;
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

        rows += kinds & LX_METRIC_OVERALL ? modes : 0;
        rows += kinds & LX_METRIC_POSITIONS ? modes * (5 + 4 * n) : 0;
        rows += kinds & LX_METRIC_HEADS && e->attention ? heads * n : 0;
    }
    return rows;
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

/* Splits too short to be used are found here and not hours later. */
static enum lx_code check_splits(const struct lx_cell *cell, const struct lx_stream *train,
                                 const struct lx_stream *eval, long long *targets,
                                 struct lx_err *err)
{
    size_t least = (size_t)cell->v->train.length + 2;

    for (size_t i = 0; i < cell->v->analyses.n; i++) {
        const struct lx_analysis_item *it = &cell->v->analyses.item[i];
        size_t longest = (size_t)it->lengths[it->n_lengths - 1];

        if (it->ops->train_split != NULL && it->ops->train_split(it->self) && longest + 1 > least)
            least = longest + 1;
    }
    if (train->n < least)
        return lx_fail(err, LX_EDATA, "train split: must have at least %zu tokens, got %zu", least,
                       train->n);
    if (eval->n < (size_t)lx_analyses_longest(&cell->v->analyses) + 1)
        return lx_fail(err, LX_EDATA,
                       "evaluation split: must have at least %d tokens (the longest length of an "
                       "analysis and one more), got %zu",
                       lx_analyses_longest(&cell->v->analyses) + 1, eval->n);
    return lx_window_targets(&cell->v->eval, eval, targets, err);
}

enum lx_code lx_estimate(struct lx_cell *cell, const struct lx_stream *train,
                         const struct lx_stream *eval, struct lx_err *err)
{
    const struct lx_config_encoding *e = cell->e;
    const struct lx_train_config *t = &cell->v->train;
    long long targets = 0;
    enum lx_code code = check_splits(cell, train, eval, &targets, err);

    if (code != LX_OK)
        return code;
    cell->data_bytes = stream_bytes(train) + (eval == train ? 0 : stream_bytes(eval));
    cell->train_flops =
        3.0 * lx_model_flops(&cell->v->model, t->length) * (double)t->batch_tokens * t->steps;
    cell->eval_flops =
        eval_flops(cell, targets) * (double)(1 + e->n_evaluate_as) + analyses_flops(cell);
    cell->rows = count_rows(cell) * (1 + e->n_evaluate_as);
    cell->pass_flops = count_pass(cell);
    cell->eval_bytes = 0;
    code = measure(&e->trained, true, cell, err);
    if (code == LX_OK)
        code = measure(&e->trained, false, cell, err);
    for (size_t i = 0; i < e->n_evaluate_as && code == LX_OK; i++)
        code = measure(&e->evaluate_as[i], false, cell, err);
    return code;
}
