/* Evaluation: windows through the model, sums into rows; see evaluate.h. */
#include "eval/evaluate.h"

#include <math.h>
#include <string.h>

#include "eval/answers.h"
#include "eval/attention_stats.h"
#include "eval/eval_sums.h"
#include "eval/windows.h"

#define MAX_BATCH 64 /* windows of a forward pass */

struct eval {
    struct lx_model *m;
    const struct lx_eval_config *c;
    const struct lx_eval_text *text;
    const struct lx_eval_watch *watch;
    struct lx_metrics *out;
    const char *suffix; /* of the rows */
    struct lx_window_plan plan;
    double done, total; /* tokens processed */
    int unit;           /* units begun */
    /* Buffers of the length at hand: B windows of T. */
    int B, T;
    struct lx_work *work;
    uint16_t *tokens, *next;
    double *nll;
    unsigned char *hidden, *room;     /* (B, T) masked targets, (train_length) NULL: none */
    struct lx_attention_stats *stats; /* NULL: not measured */
};

/* The window's inputs are its targets then, but for the hidden ones. */
static void hide(const struct eval *e, const struct lx_window *w, uint16_t *tokens,
                 unsigned char *hidden)
{
    memcpy(tokens, e->text->stream->tokens + w->start + 1, (size_t)w->length * sizeof(*tokens));
    lx_masking_targets(&e->c->masking, e->c->train_length, w->start, w->length, e->room, hidden);
    lx_masking_apply(w->length, hidden, (uint16_t)(e->m->config.vocab - 1), tokens);
}

/* Windows k .. k+n-1 (of equal length T) through the model; false: asked to stop. */
static bool run_batch(struct eval *e, const struct lx_window *w, int n, struct lx_eval_sums *s)
{
    size_t T = (size_t)w[0].length;
    struct lx_observe ob;

    for (size_t b = 0; b < (size_t)n; b++) {
        const uint16_t *from = e->text->stream->tokens + w[b].start;

        memcpy(e->tokens + b * T, from, T * sizeof(*from));
        memcpy(e->next + b * T, from + 1, T * sizeof(*from));
        if (e->hidden != NULL)
            hide(e, &w[b], e->tokens + b * T, e->hidden + b * T);
    }
    if (e->stats != NULL)
        ob = lx_attention_stats_observe(e->stats);
    lx_model_forward(e->m, e->work, e->tokens, n, (int)T, e->stats != NULL ? &ob : NULL);
    lx_model_loss(e->m, e->work, e->tokens, e->next, e->nll, NULL, false);
    for (int b = 0; b < n; b++) {
        lx_eval_sums_add(s, e->text, &w[b], e->nll + (size_t)b * T,
                         e->hidden != NULL ? e->hidden + (size_t)b * T : NULL);
        if (e->stats != NULL)
            lx_attention_stats_add(e->stats, e->m, b, w[b].length, w[b].skip);
    }
    e->done += (double)n * (double)T;
    return e->watch == NULL || e->watch->seen == NULL ||
           e->watch->seen(e->watch->ctx, e->done, e->total);
}

static enum lx_code run_mode(struct eval *e, enum lx_eval_mode mode, int T, struct lx_eval_sums *s,
                             struct lx_err *err)
{
    long long n = lx_window_count(e->c, &e->plan, mode, T);
    struct lx_window batch[MAX_BATCH];
    int filled = 0;

    for (long long k = 0; k < n; k++) {
        struct lx_window w = lx_window_at(e->c, &e->plan, mode, T, k);

        if (filled > 0 && (filled == e->B || w.length != batch[0].length)) {
            if (!run_batch(e, batch, filled, s))
                return lx_fail(err, LX_EINTERRUPT, "evaluation: interrupted");
            filled = 0;
        }
        batch[filled++] = w;
    }
    if (filled > 0 && !run_batch(e, batch, filled, s))
        return lx_fail(err, LX_EINTERRUPT, "evaluation: interrupted");
    return LX_OK;
}

static bool strides(enum lx_eval_mode mode)
{
    return mode == LX_MODE_SLIDING || mode == LX_MODE_LAST;
}

static struct lx_metric row_for(const struct eval *e, enum lx_eval_mode mode, int T,
                                const char *metric)
{
    struct lx_metric r = {.metric = metric,
                          .eval_length = T,
                          .mode = lx_eval_mode_name(mode),
                          .suffix = e->suffix,
                          .stride = strides(mode) ? e->c->stride : 0,
                          .layer = -1,
                          .head = -1,
                          .position_lo = -1,
                          .position_hi = -1,
                          .value = (double)NAN,
                          .stderr_value = (double)NAN,
                          .status = "ok"};

    return r;
}

/* Rows without a value: this length could not be evaluated in this mode. */
static enum lx_code add_status(struct eval *e, enum lx_eval_mode mode, int T, const char *status,
                               struct lx_err *err)
{
    static const char *const names[] = {"nll", "ppl", "bits_per_byte"};
    struct lx_metric blank = row_for(e, mode, T, "");
    /* the last only where it is known how many bytes a token has; without a text nothing is known to lack */
    size_t n = e->text != NULL && isnan(e->text->token_bytes[0]) ? 2 : 3;

    if (mode == LX_MODE_ANSWERS)
        return lx_answers_status(&blank, status, e->out, err);
    for (size_t i = 0; i < n; i++) {
        struct lx_metric r = row_for(e, mode, T, names[i]);

        r.status = status;
        if (lx_metrics_add(e->out, &r, err))
            return err->code;
    }
    return LX_OK;
}

/* The mode in which attention is measured: the first that is on, nonoverlapping before last. */
static enum lx_eval_mode attention_mode(const struct lx_eval_config *c)
{
    if (c->modes[LX_MODE_NONOVERLAPPING])
        return LX_MODE_NONOVERLAPPING;
    return c->modes[LX_MODE_LAST] ? LX_MODE_LAST : LX_MODE_SLIDING;
}

static enum lx_code take_buffers(struct eval *e, int T, struct lx_arena *arena, struct lx_err *err)
{
    size_t n;

    e->T = T;
    e->B = e->c->batch_tokens / T;
    if (e->B < 1)
        e->B = 1;
    if (e->B > MAX_BATCH)
        e->B = MAX_BATCH;
    n = (size_t)e->B * (size_t)T;
    if (lx_arena_get(arena, n, sizeof(*e->tokens), &e->tokens, "evaluation batch", err) ||
        lx_arena_get(arena, n, sizeof(*e->next), &e->next, "evaluation batch", err) ||
        lx_arena_get(arena, n, sizeof(*e->nll), &e->nll, "evaluation batch", err))
        return err->code;
    if (e->c->masking.objective == LX_OBJECTIVE_MASKED &&
        (lx_arena_get(arena, n, 1, &e->hidden, "evaluation batch", err) ||
         lx_arena_get(arena, (size_t)e->c->train_length, 1, &e->room, "evaluation batch", err)))
        return err->code;
    return lx_work_init(&e->work, e->m, e->B, T, false, arena, err);
}

size_t lx_eval_bytes(const struct lx_model *m, const struct lx_eval_config *c, int T)
{
    struct lx_arena count = {.measure = true};
    struct lx_model copy = *m; /* only read */
    struct eval e = {.m = &copy, .c = c};
    struct lx_err err;

    if (c->modes[LX_MODE_ANSWERS])
        return lx_answers_bytes(m, c, T);
    if (take_buffers(&e, T, &count, &err))
        return 0;
    if (c->attention)
        count.used += lx_attention_stats_bytes(m, e.B, T);
    return count.used;
}

/* Begin a unit; true: it was evaluated before. */
static bool skips(struct eval *e)
{
    return e->unit++ < (e->watch != NULL ? e->watch->skip : 0);
}

static void unit_done(const struct eval *e)
{
    if (e->watch != NULL && e->watch->unit != NULL)
        e->watch->unit(e->watch->ctx, e->out);
}

/* Tokens that a mode reads at length T. */
static double work_of(const struct eval *e, enum lx_eval_mode mode, int T)
{
    if (mode == LX_MODE_ANSWERS)
        return lx_answers_tokens(e->c, T);
    if (mode == LX_MODE_NONOVERLAPPING)
        return (double)e->plan.targets;
    return (double)lx_window_count(e->c, &e->plan, mode, T) * T;
}

/* Targets that are scored: of all in the plan, or hidden ones among them. */
static long long scored(const struct eval *e, enum lx_eval_mode mode)
{
    long long n = lx_window_scored(e->c, &e->plan, mode), count = 0;

    for (long long k = 0; e->hidden != NULL && k < n; k += e->T) {
        int part = n - k < e->T ? (int)(n - k) : e->T;

        lx_masking_targets(&e->c->masking, e->c->train_length, k, part, e->room, e->hidden);
        for (int i = 0; i < part; i++)
            count += e->hidden[i];
    }
    return e->hidden != NULL ? count : n;
}

/* One mode at one length, and its rows. */
static enum lx_code run_unit(struct eval *e, enum lx_eval_mode mode, int T, struct lx_eval_sums *s,
                             struct lx_err *err)
{
    struct lx_metric blank = row_for(e, mode, T, "");

    lx_eval_sums_start(s, &blank, scored(e, mode));
    if (run_mode(e, mode, T, s, err))
        return err->code;
    if (!lx_eval_sums_finite(s)) /* NaN, or a loss beyond anything a perplexity can hold */
        return add_status(e, mode, T, "diverged", err);
    if (lx_eval_sums_rows(s, e->text, &blank, e->out, err))
        return err->code;
    if (e->stats == NULL)
        return LX_OK;
    return lx_attention_stats_rows(e->stats, &blank, e->c->per_head, e->out, err);
}

static bool seen_answers(void *ctx, double tokens)
{
    struct eval *e = ctx;

    e->done += tokens;
    return e->watch == NULL || e->watch->seen == NULL ||
           e->watch->seen(e->watch->ctx, e->done, e->total);
}

/* Examples at the i-th length. */
static enum lx_code run_answers(struct eval *e, int i, struct lx_err *err)
{
    const int T = e->c->lengths[i];
    double before = e->done;
    struct lx_answers_call call = {.m = e->m,
                                   .c = e->c,
                                   .stream = e->text->stream,
                                   .length = i,
                                   .blank = row_for(e, LX_MODE_ANSWERS, T, ""),
                                   .seen = seen_answers,
                                   .ctx = e};
    bool diverged;

    if (!skips(e)) {
        if (lx_answers_run(&call, e->out, &diverged, err) ||
            (diverged && add_status(e, LX_MODE_ANSWERS, T, "diverged", err)))
            return err->code;
        unit_done(e);
    }
    e->done = before + lx_answers_tokens(e->c, T);
    return LX_OK;
}

/* Everything at one length. */
static enum lx_code run_length(struct eval *e, int T, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_attention_stats *stats = NULL;
    struct lx_eval_sums *sums = NULL;
    enum lx_code code = LX_OK;

    if (take_buffers(e, T, &arena, err) ||
        lx_arena_get(&arena, 1, sizeof(*sums), &sums, "sums of the evaluation", err) ||
        (e->c->attention && lx_attention_stats_init(&stats, e->m, e->B, T, &arena, err)))
        code = err->code;
    for (int m = 0; m < LX_WINDOW_MODES && code == LX_OK; m++) {
        enum lx_eval_mode mode = (enum lx_eval_mode)m;

        if (!e->c->modes[m])
            continue;
        if (skips(e)) {
            e->done += work_of(e, mode, T);
            continue;
        }
        e->stats = mode == attention_mode(e->c) ? stats : NULL;
        code = run_unit(e, mode, T, sums, err);
        if (code == LX_OK)
            unit_done(e);
    }
    e->stats = NULL;
    lx_arena_free(&arena);
    return code;
}

/* Why this length cannot be evaluated; NULL: it can. */
static const char *obstacle(const struct eval *e, int T, bool diverged, size_t memory_limit)
{
    int limit = lx_stack_max_length(&e->m->stack);

    if (limit > 0 && T > limit)
        return "not_applicable";
    if (diverged)
        return "diverged";
    if (memory_limit > 0 && lx_eval_bytes(e->m, e->c, T) > memory_limit)
        return "out_of_memory";
    return NULL;
}

double lx_eval_flops(const struct lx_model_config *m, const struct lx_eval_config *c, int T,
                     const struct lx_stream *stream)
{
    struct lx_window_plan plan;
    struct lx_err err;
    double windows = 0;

    if (c->modes[LX_MODE_ANSWERS])
        return lx_answers_tokens(c, T) * lx_model_flops(m, T);
    if (lx_window_plan(c, stream, &plan, &err))
        return 0; /* whoever evaluates says why */
    for (int k = 0; k < LX_WINDOW_MODES; k++)
        if (c->modes[k])
            windows += (double)lx_window_count(c, &plan, (enum lx_eval_mode)k, T);
    return windows * T * lx_model_flops(m, T);
}

int lx_eval_units(const struct lx_eval_config *c)
{
    int modes = 0;

    for (int k = 0; k < LX_MODES; k++)
        modes += c->modes[k];
    return modes * c->n_lengths;
}

enum lx_code lx_evaluate(struct lx_model *m, const struct lx_eval_config *c,
                         const struct lx_eval_text *text, bool diverged, size_t memory_limit,
                         const struct lx_eval_watch *watch, struct lx_metrics *out,
                         struct lx_err *err)
{
    struct eval e = {.m = m, .c = c, .text = text, .watch = watch, .out = out};
    bool answers = c->modes[LX_MODE_ANSWERS];

    if (!answers && lx_window_plan(c, text->stream, &e.plan, err))
        return err->code;
    for (int i = 0; i < c->n_lengths; i++)
        for (int k = 0; k < LX_MODES; k++)
            if (c->modes[k] && obstacle(&e, c->lengths[i], diverged, memory_limit) == NULL)
                e.total += work_of(&e, (enum lx_eval_mode)k, c->lengths[i]);
    for (int i = 0; i < c->n_lengths; i++) {
        int T = c->lengths[i];
        const char *status = obstacle(&e, T, diverged, memory_limit);

        if (status == NULL && (answers ? run_answers(&e, i, err) : run_length(&e, T, err)))
            return err->code;
        for (int k = 0; status != NULL && k < LX_MODES; k++) {
            if (!c->modes[k] || skips(&e))
                continue;
            if (add_status(&e, (enum lx_eval_mode)k, T, status, err))
                return err->code;
            unit_done(&e);
        }
    }
    return LX_OK;
}

enum lx_code lx_evaluate_length(struct lx_model *m, const struct lx_eval_config *c,
                                const struct lx_eval_text *text, int T, const char *suffix,
                                const struct lx_eval_watch *watch, struct lx_metrics *out,
                                struct lx_err *err)
{
    struct lx_eval_watch whole = {.seen = watch != NULL ? watch->seen : NULL,
                                  .ctx = watch != NULL ? watch->ctx : NULL};
    struct eval e = {.m = m, .c = c, .text = text, .watch = &whole, .out = out, .suffix = suffix};

    if (lx_window_plan(c, text->stream, &e.plan, err))
        return err->code;
    for (int k = 0; k < LX_MODES; k++)
        if (c->modes[k])
            e.total += work_of(&e, (enum lx_eval_mode)k, T);
    return run_length(&e, T, err);
}

enum lx_code lx_evaluate_status(const struct lx_eval_config *c, int T, const char *suffix,
                                const char *status, struct lx_metrics *out, struct lx_err *err)
{
    struct eval e = {.c = c, .out = out, .suffix = suffix};

    for (int k = 0; k < LX_MODES; k++)
        if (c->modes[k] && add_status(&e, (enum lx_eval_mode)k, T, status, err))
            return err->code;
    return LX_OK;
}
