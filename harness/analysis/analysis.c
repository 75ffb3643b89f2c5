/* Running analyses: which apply, what they cost, one call for each length; see analysis.h. */
#include "analysis/analysis.h"

#include <math.h>
#include <string.h>

#define MAX_BATCH 64

bool lx_analysis_applies(const struct lx_analysis_item *it, const char *stack_id)
{
    for (size_t i = 0; i < it->n_only; i++)
        if (strcmp(it->only[i], stack_id) == 0)
            return true;
    return it->n_only == 0;
}

int lx_analyses_longest(const struct lx_analyses *a)
{
    int longest = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct lx_analysis_item *it = &a->item[i];

        if (it->lengths[it->n_lengths - 1] > longest)
            longest = it->lengths[it->n_lengths - 1];
    }
    return longest;
}

bool lx_analyses_gradients(const struct lx_analyses *a, const char *stack_id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->item[i].ops->gradients && lx_analysis_applies(&a->item[i], stack_id))
            return true;
    return false;
}

static bool fits(const struct lx_model *m, int T)
{
    int limit = lx_stack_max_length(&m->stack);

    return limit == 0 || T <= limit;
}

size_t lx_analyses_bytes(const struct lx_analyses *a, const char *stack_id,
                         const struct lx_model *m, const struct lx_eval_config *c)
{
    size_t most = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct lx_analysis_item *it = &a->item[i];

        for (int k = 0; k < it->n_lengths && lx_analysis_applies(it, stack_id); k++)
            if (fits(m, it->lengths[k])) {
                size_t bytes = it->ops->bytes(it->self, m, c, it->lengths[k]);

                most = bytes > most ? bytes : most;
            }
    }
    return most;
}

double lx_analyses_flops(const struct lx_analyses *a, const char *stack_id,
                         const struct lx_model_config *m, const struct lx_eval_config *c)
{
    double flops = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct lx_analysis_item *it = &a->item[i];

        for (int k = 0; k < it->n_lengths && lx_analysis_applies(it, stack_id); k++)
            flops += it->ops->flops(it->self, m, c, it->lengths[k]);
    }
    return flops;
}

struct lx_metric lx_analysis_row(const struct lx_analysis_call *c, const char *metric)
{
    struct lx_metric r = {.metric = metric,
                          .eval_length = c->T,
                          .mode = c->item->id,
                          .layer = -1,
                          .head = -1,
                          .position_lo = -1,
                          .position_hi = -1,
                          .value = (double)NAN,
                          .stderr_value = (double)NAN,
                          .tokens = -1,
                          .windows = -1,
                          .status = "ok"};

    return r;
}

/* Operations of this length are spread over its parts. */
enum lx_code lx_analysis_seen(struct lx_analysis_call *c, double part, struct lx_err *err)
{
    const struct lx_eval_watch *w = &c->subject->watch;
    double here = c->item->ops->flops(c->item->self, &c->m->config, c->subject->eval, c->T);

    if (w->seen == NULL || w->seen(w->ctx, c->done + part * here, c->total))
        return LX_OK;
    return lx_fail(err, LX_EINTERRUPT, "%s: interrupted", c->item->ops->name);
}

struct share {
    struct lx_analysis_call *call;
    double before, part;
};

static bool seen_share(void *ctx, double done, double total)
{
    const struct share *s = ctx;
    struct lx_err ignored;

    return lx_analysis_seen(s->call, s->before + s->part * (total > 0 ? done / total : 1),
                            &ignored) == LX_OK;
}

enum lx_code lx_analysis_evaluate(struct lx_analysis_call *c, const struct lx_eval_config *config,
                                  const char *suffix, double before, double part,
                                  struct lx_err *err)
{
    struct share share = {.call = c, .before = before, .part = part};
    const struct lx_eval_watch watch = {.seen = seen_share, .ctx = &share};
    const struct lx_eval_text text = {.stream = c->subject->stream,
                                      .token_bytes = c->subject->token_bytes};

    return lx_evaluate_length(c->m, config, &text, c->T, suffix, &watch, c->out, err);
}

size_t lx_analysis_shift(size_t room, int k, int n)
{
    return n > 1 ? (size_t)((double)room * k / (n - 1)) : 0;
}

size_t lx_analysis_window(const struct lx_analysis_call *c, int k, int n, int length)
{
    size_t targets = c->subject->stream->n - 1, longest = (size_t)c->longest;
    size_t room = targets > longest ? targets - longest : 0;

    return longest + lx_analysis_shift(room, k, n) - (size_t)length;
}

enum lx_code lx_analysis_enough(int n, size_t starts, int longest, struct lx_err *err)
{
    if ((size_t)n <= starts)
        return LX_OK;
    return lx_fail(
        err, LX_ECONFIG,
        "must read at most %zu windows of %d tokens, as many as differ in the split, got "
        "%d",
        starts, longest, n);
}

void lx_analysis_tokens(const struct lx_analysis_call *c, int k, int B, int n, int length,
                        uint16_t *tokens, uint16_t *next)
{
    size_t T = (size_t)length;

    for (int b = 0; b < B; b++) {
        const uint16_t *from = c->subject->stream->tokens + lx_analysis_window(c, k + b, n, length);

        memcpy(tokens + (size_t)b * T, from, T * sizeof(*from));
        if (next != NULL)
            memcpy(next + (size_t)b * T, from + 1, T * sizeof(*from));
    }
}

int lx_analysis_batch(const struct lx_eval_config *c, int length)
{
    int B = c->batch_tokens / length;

    return B < 1 ? 1 : B > MAX_BATCH ? MAX_BATCH : B;
}

size_t lx_analysis_untrained_bytes(const struct lx_model *m)
{
    return m->params.n_values * sizeof(real);
}

enum lx_code lx_analysis_untrained(struct lx_analysis_call *c, real **kept, struct lx_err *err)
{
    struct lx_paramset *ps = &c->m->params;

    if (lx_arena_get(c->arena, ps->n_values, sizeof(**kept), kept, "the trained weights", err))
        return err->code;
    memcpy(*kept, ps->w, ps->n_values * sizeof(**kept));
    lx_paramset_fill(ps, c->subject->seed);
    return LX_OK;
}

void lx_analysis_trained(struct lx_analysis_call *c, const real *kept)
{
    memcpy(c->m->params.w, kept, c->m->params.n_values * sizeof(*kept));
}

/* Rows without a value of its own mode. names: NULL-terminated; NULL: none. */
static enum lx_code add_own_status(struct lx_analysis_call *c, const char *const *names,
                                   const char *suffix, const char *status, struct lx_err *err)
{
    for (; names != NULL && *names != NULL; names++) {
        struct lx_metric r = lx_analysis_row(c, *names);

        r.suffix = suffix;
        r.status = status;
        if (lx_metrics_add(c->out, &r, err))
            return err->code;
    }
    return LX_OK;
}

/* This length could not be analysed, nor evaluated under its suffix. */
static enum lx_code add_status(struct lx_analysis_call *c, const char *status, struct lx_err *err)
{
    const struct lx_analysis *ops = c->item->ops;
    const void *self = c->item->self;
    const char *variant = ops->variant != NULL ? ops->variant(self, 0) : NULL;

    if (add_own_status(c, ops->metrics, NULL, status, err))
        return err->code;
    for (int k = 1; variant != NULL; k++) {
        if (add_own_status(c, ops->metrics, variant, status, err) ||
            add_own_status(c, ops->variant_metrics, variant, status, err))
            return err->code;
        variant = ops->variant(self, k);
    }
    if (ops->suffix == NULL)
        return LX_OK;
    return lx_evaluate_status(c->subject->eval, c->T, ops->suffix(self), status, c->out, err);
}

static enum lx_code run_length(struct lx_analysis_call *c, struct lx_err *err)
{
    const struct lx_analysis_subject *s = c->subject;
    const struct lx_analysis *ops = c->item->ops;
    enum lx_code code;

    if (!fits(c->m, c->T))
        return add_status(c, "not_applicable", err);
    if (s->diverged)
        return add_status(c, "diverged", err);
    if (s->memory_limit > 0 && ops->bytes(c->item->self, c->m, s->eval, c->T) > s->memory_limit)
        return add_status(c, "out_of_memory", err);
    code = lx_analysis_seen(c, 0, err);
    if (code == LX_OK)
        code = ops->run(c->item->self, c, err);
    lx_arena_free(c->arena);
    return code;
}

static int units_of(const struct lx_analysis_item *it)
{
    return it->ops->memo_size > 0 ? 1 : it->n_lengths;
}

int lx_analyses_units(const struct lx_analyses *a, const char *stack_id)
{
    int n = 0;

    for (size_t i = 0; i < a->n; i++)
        if (lx_analysis_applies(&a->item[i], stack_id))
            n += units_of(&a->item[i]);
    return n;
}

/* All lengths but the first `skip`, which were analysed before; with a memo all of them or none. */
static enum lx_code run_item(struct lx_analysis_call *c, int skip, struct lx_err *err)
{
    const struct lx_analysis_item *it = c->item;
    const struct lx_eval_watch *w = &c->subject->watch;
    bool memo = it->ops->memo_size > 0;
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;

    c->longest = 0;
    for (int k = 0; k < it->n_lengths; k++)
        if (fits(c->m, it->lengths[k]))
            c->longest = it->lengths[k];
    if (memo)
        code = lx_arena_get(&arena, 1, it->ops->memo_size, &c->memo, it->ops->name, err);
    for (int k = 0; k < it->n_lengths && code == LX_OK; k++) {
        bool last = k + 1 == it->n_lengths, skipped = memo ? skip > 0 : k < skip;

        c->T = it->lengths[k];
        if (!skipped)
            code = run_length(c, err);
        if (code == LX_OK && !skipped && (last || !memo) && w->unit != NULL)
            w->unit(w->ctx, c->out);
        c->done += it->ops->flops(it->self, &c->m->config, c->subject->eval, c->T);
    }
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_analyses_run(const struct lx_analyses *a, const struct lx_analysis_subject *s,
                             struct lx_metrics *out, struct lx_err *err)
{
    double done = 0, total = lx_analyses_flops(a, s->stack_id, &s->m->config, s->eval);
    int skip = s->watch.skip;

    for (size_t i = 0; i < a->n; i++) {
        struct lx_arena arena = {0};
        struct lx_analysis_call c = {.subject = s,
                                     .item = &a->item[i],
                                     .m = s->m,
                                     .arena = &arena,
                                     .out = out,
                                     .done = done,
                                     .total = total};

        if (!lx_analysis_applies(c.item, s->stack_id))
            continue;
        if (run_item(&c, skip, err))
            return err->code;
        skip -= units_of(c.item);
        done = c.done;
    }
    return LX_OK;
}
