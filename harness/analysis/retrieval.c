/* Retrieval: does the model answer a question about something said once, however far back it stands?
 *
 * The dataset makes prompts (datasets/dataset.h, `prompt`): windows of T inputs whose last tokens are a
 * question and its answer, the fact that tells it at a controlled depth. For each length and each of
 * `depths` depths 0 .. 1, `prompts` of them are decoded greedily; an answer counts if all of its tokens
 * are right (exact match). Tasks as in Chi et al. 2024, arXiv:2311.00684 (passkey, line retrieval,
 * questions about documents); depth and length as axes as is usual for passkeys.
 *
 * `align` asks the same prompts once more at the temperatures under which attention in windows of T
 * tokens is as spread as at the training length (align.h; found on the training split as the analysis
 * `alignment` does it): rows under `stack+align-STRATEGY`. At the training length the temperature is 1
 * by definition, so that its rows are those of the stack itself and nothing is asked again.
 *
 * All the answer's tokens are read in one pass of T inputs (retrieval.h says why that is greedy
 * decoding). A scheme that depends on the length of the window reads T for each of them. Prompts depend
 * on the cell's seed, the length and the depth alone: all encodings get the same. */
#include "analysis/retrieval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/align.h"
#include "eval/given.h"
#include "stats/wilson.h"

enum { MAX_DEPTHS = 101 };

/* Of `align`: which strategies are to be asked under. */
enum { NONE, ENTROPY, MAX_PROB, BOTH };

struct retrieval {
    int depths, prompts, align;
    struct lx_align_config search[LX_ALIGN_STRATEGIES]; /* the options are those of the first */
};

static const struct lx_option options[] = {
    {"depths", LX_OPT_INT, offsetof(struct retrieval, depths), 5, 1, MAX_DEPTHS, NULL,
     "places of the fact, evenly from the front of the prompt to the question; 1: the middle", 0},
    {"prompts", LX_OPT_INT, offsetof(struct retrieval, prompts), 40, 2, 1 << 20, NULL,
     "prompts of each length and depth", 0},
    {"align", LX_OPT_CHOICE, offsetof(struct retrieval, align), NONE, 0, 0,
     "none|entropy|max_prob|both",
     "ask again at temperatures that bring this back to its mean at the training length", 0},
    LX_ALIGN_OPTIONS("align_", offsetof(struct retrieval, search)),
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"retrieval_accuracy", "retrieval_nll", NULL};
static const char *const variant_metrics[] = {"retrieval_temperature", NULL};

bool lx_retrieval_given(const real *logits, int n, int vocab, const uint16_t *answer, double *nll)
{
    bool given = true;

    *nll = 0;
    for (int k = 0; k < n; k++) {
        double one;

        given &= lx_given(logits + (size_t)k * (size_t)vocab, vocab, answer[k], &one);
        *nll += one / n;
    }
    return given;
}

struct tally {
    double n, given, nll, square; /* square: of the NLL, for its error */
};

/* Of the prompts of one length. */
struct tallies {
    struct tally depth[MAX_DEPTHS], all;
    int answers; /* tokens of an answer */
};

struct buffers {
    int B;
    struct lx_work *work;
    uint16_t *tokens;  /* (B, T)                        */
    uint16_t *prompt;  /* (B, T + 1)                    */
    real *logits;      /* (answers, V) of one prompt    */
    real *temperature; /* (layers, heads) */
};

static enum lx_code take(struct buffers *u, const struct retrieval *r, const struct lx_model *m,
                         const struct lx_eval_config *c, int T, int answers, struct lx_arena *arena,
                         struct lx_err *err)
{
    int B = lx_analysis_batch(c, T);
    size_t rows;

    *u = (struct buffers){.B = B < r->prompts ? B : r->prompts};
    rows = (size_t)u->B * (size_t)T;
    if (lx_arena_get(arena, rows, sizeof(*u->tokens), &u->tokens, "retrieval", err) ||
        lx_arena_get(arena, rows + (size_t)u->B, sizeof(*u->prompt), &u->prompt, "retrieval",
                     err) ||
        lx_arena_get(arena, (size_t)answers * (size_t)m->config.vocab, sizeof(real), &u->logits,
                     "retrieval", err) ||
        lx_arena_get(arena, (size_t)m->config.layers * (size_t)m->config.heads, sizeof(real),
                     &u->temperature, "retrieval", err))
        return err->code;
    return lx_work_init(&u->work, m, u->B, T, false, arena, err);
}

static double depth_of(const struct retrieval *r, int d)
{
    return r->depths > 1 ? (double)d / (r->depths - 1) : 0.5;
}

/* n prompts of one depth go through the model. */
static enum lx_code ask(struct lx_analysis_call *c, struct buffers *u, struct lx_rng *rng,
                        double depth, int n, struct tally *t, struct lx_err *err)
{
    const struct lx_analysis_subject *s = c->subject;
    size_t T = (size_t)c->T;
    struct lx_prompt p = {0};

    for (size_t b = 0; b < (size_t)n; b++) {
        p.tokens = u->prompt + b * (T + 1);
        if (s->dataset->prompt(s->dataset_self, rng, c->T, depth, &p, err))
            return err->code;
        for (size_t i = 0; i < T; i++)
            u->tokens[b * T + i] = p.tokens[i];
    }
    lx_model_forward(c->m, u->work, u->tokens, n, c->T, NULL);
    for (int b = 0; b < n; b++) {
        const uint16_t *end = u->prompt + (size_t)(b + 1) * (T + 1);
        double nll;

        lx_model_logits(c->m, u->work, (b + 1) * c->T - p.answers, p.answers, u->logits);
        t->given +=
            lx_retrieval_given(u->logits, p.answers, c->m->config.vocab, end - p.answers, &nll) ? 1
                                                                                                : 0;
        t->n += 1;
        t->nll += nll;
        t->square += nll * nll;
    }
    return LX_OK;
}

static int percent_of(const struct retrieval *r, int d)
{
    return (int)lround(100 * depth_of(r, d));
}

static void add(struct tally *sum, const struct tally *t)
{
    sum->n += t->n;
    sum->given += t->given;
    sum->nll += t->nll;
    sum->square += t->square;
}

/* All prompts of this length, with the model as it now reads: `part` of the length's work, behind
 * `before` of it. */
static enum lx_code ask_all(const struct retrieval *r, struct lx_analysis_call *c,
                            struct buffers *u, double before, double part, struct tallies *out,
                            struct lx_err *err)
{
    out->all = (struct tally){0};
    for (int d = 0; d < r->depths; d++) {
        struct tally *t = &out->depth[d];
        struct lx_rng rng;
        char name[64];

        *t = (struct tally){0};
        (void)snprintf(name, sizeof(name), "retrieval/%d/%d", c->T, percent_of(r, d));
        lx_rng_init(&rng, c->subject->seed, name);
        for (int k = 0; k < r->prompts; k += u->B) {
            int n = r->prompts - k < u->B ? r->prompts - k : u->B;
            double share = (d + (double)(k + n) / r->prompts) / r->depths;

            if (ask(c, u, &rng, depth_of(r, d), n, t, err) ||
                lx_analysis_seen(c, before + part * share, err))
                return err->code;
        }
        add(&out->all, t);
    }
    return LX_OK;
}

/* percent -1: all depths. t NULL: there are no numbers, for the reason in `status`. */
static enum lx_code add_rows(struct lx_analysis_call *c, const struct tally *t, int percent,
                             int answers, const char *suffix, const char *status,
                             struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metrics[0]);
    double mean = t != NULL ? t->nll / t->n : (double)NAN;

    r.suffix = suffix;
    r.position_lo = percent;
    r.position_hi = percent < 0 ? -1 : percent + 1;
    r.status = t == NULL ? status : isfinite(mean) ? "ok" : "diverged";
    if (t != NULL) {
        r.windows = (long long)t->n;
        r.tokens = r.windows * answers;
    }
    if (isfinite(mean)) {
        r.value = t->given / t->n;
        r.stderr_value = lx_wilson_error(t->given, t->n);
    }
    if (lx_metrics_add(c->out, &r, err))
        return err->code;
    r.metric = metrics[1];
    if (isfinite(mean)) {
        r.value = mean;
        r.stderr_value = sqrt(fmax(t->square / t->n - mean * mean, 0) / (t->n - 1));
    }
    return lx_metrics_add(c->out, &r, err);
}

/* The temperature that a variant was asked at. */
static enum lx_code add_temperature(struct lx_analysis_call *c, const char *suffix, double value,
                                    const char *status, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, variant_metrics[0]);

    r.suffix = suffix;
    r.status = status;
    r.value = strcmp(status, "ok") == 0 ? value : (double)NAN;
    return lx_metrics_add(c->out, &r, err);
}

/* Each depth, then all of them. */
static enum lx_code add_all(const struct retrieval *r, struct lx_analysis_call *c,
                            const struct tallies *t, const char *suffix, const char *status,
                            struct lx_err *err)
{
    bool ok = strcmp(status, "ok") == 0;

    for (int d = 0; d < r->depths; d++)
        if (add_rows(c, ok ? &t->depth[d] : NULL, percent_of(r, d), t->answers, suffix, status,
                     err))
            return err->code;
    return add_rows(c, ok ? &t->all : NULL, -1, t->answers, suffix, status, err);
}

/* The k-th strategy that is asked under, -1: no more. */
static int strategy_at(const struct retrieval *r, int k)
{
    int n = r->align == NONE ? 0 : r->align == BOTH ? 2 : 1;

    return k >= n ? -1 : r->align == BOTH ? k : r->align - ENTROPY;
}

static const char *variant(const void *self, int k)
{
    const struct retrieval *r = self;
    int strategy = strategy_at(r, k);

    return strategy < 0 ? NULL : lx_align_suffix(strategy, r->search[strategy].per);
}

static double ask_flops(const struct retrieval *r, const struct lx_model_config *m, int T)
{
    return (double)r->depths * r->prompts * T * lx_model_flops(m, T);
}

/* Search, and ask again. */
static double again_flops(const struct retrieval *r, const struct lx_model_config *m, int T)
{
    return T == r->search->train_length ? 0 : lx_align_flops(r->search, m, T) + ask_flops(r, m, T);
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct retrieval *r = self;
    double sum = ask_flops(r, m, T);

    (void)c;
    for (int k = 0; strategy_at(r, k) >= 0; k++)
        sum += again_flops(r, m, T);
    return sum;
}

/* Ask again under one strategy; the work begins behind `before` of this length's. */
static enum lx_code ask_aligned(const struct retrieval *r, struct lx_analysis_call *c,
                                struct buffers *u, int strategy, double before, struct tallies *t,
                                struct lx_err *err)
{
    const struct lx_model_config *m = &c->m->config;
    double whole = flops(r, m, c->subject->eval, c->T);
    double search = lx_align_flops(&r->search[strategy], m, c->T) / whole;
    struct lx_align_result found = {.temperature = u->temperature};
    const char *suffix = lx_align_suffix(strategy, r->search[strategy].per);
    const real *own = c->m->temperature;
    enum lx_code code = lx_align_solve(&r->search[strategy], c, before, search, NULL, &found, err);

    if (code == LX_OK && strcmp(found.status, "ok") == 0) {
        c->m->temperature = found.temperature;
        code = ask_all(r, c, u, before + search, ask_flops(r, m, c->T) / whole, t, err);
        c->m->temperature = own;
    }
    if (code == LX_OK)
        code = add_temperature(c, suffix, lx_align_overall(found.temperature, m->layers * m->heads),
                               found.status, err);
    return code == LX_OK ? add_all(r, c, t, suffix, found.status, err) : code;
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct retrieval *r = self;
    const struct lx_analysis_subject *s = c->subject;
    double whole = flops(self, &c->m->config, s->eval, c->T);
    double before = ask_flops(r, &c->m->config, c->T) / whole;
    struct lx_prompt p = {0};
    struct tallies t = {0};
    struct buffers u;

    if (s->dataset->prompt(s->dataset_self, NULL, c->T, 0, &p, err) ||
        take(&u, r, c->m, s->eval, c->T, p.answers, c->arena, err))
        return err->code;
    t.answers = p.answers;
    if (ask_all(r, c, &u, 0, before, &t, err) || add_all(r, c, &t, NULL, "ok", err))
        return err->code;
    for (int k = 0; strategy_at(r, k) >= 0; k++) {
        enum lx_code code;

        if (c->T == r->search->train_length) {
            code = add_temperature(c, variant(self, k), 1, "ok", err);
            if (code == LX_OK)
                code = add_all(r, c, &t, variant(self, k), "ok", err);
        } else {
            code = ask_aligned(r, c, &u, strategy_at(r, k), before, &t, err);
        }
        if (code != LX_OK)
            return code;
        before += again_flops(r, &c->m->config, c->T) / whole;
    }
    return LX_OK;
}

static bool train_split(const void *self)
{
    const struct retrieval *r = self;

    return r->align != NONE;
}

static enum lx_code check(void *self, const struct lx_model_config *m, int train_length,
                          struct lx_err *err)
{
    struct retrieval *r = self;

    (void)m;
    (void)err;
    r->search->train_length = train_length;
    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++) {
        r->search[s] = r->search[0];
        r->search[s].strategy = s;
    }
    return LX_OK;
}

/* An answer is not longer than its prompt: enough, without the dataset at hand, for its logits. */
static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    const struct retrieval *r = self;
    struct lx_arena count = {.measure = true};
    struct buffers u;
    struct lx_err err;

    if (take(&u, r, m, c, T, T, &count, &err))
        return 0;
    return count.used + (r->align == NONE || T == r->search->train_length
                             ? 0
                             : lx_align_bytes(r->search, m, c, T));
}

const struct lx_analysis lx_analysis_retrieval = {
    .name = "retrieval",
    .title = "Answers found far back",
    .cite = "tasks of Chi et al. 2024, arXiv:2311.00684",
    .help = "exact match of greedy answers by prompt length and depth of the fact that tells them, "
            "also under attention alignment",
    .metrics = metrics,
    .prompts = true,
    .state_size = sizeof(struct retrieval),
    .options = options,
    .variant = variant,
    .variant_metrics = variant_metrics,
    .train_split = train_split,
    .check = check,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
