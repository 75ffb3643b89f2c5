/* Retrieval: does the model answer a question about something said once, however far back it stands?
 *
 * The dataset makes prompts (datasets/dataset.h, `prompt`): windows of T inputs whose last tokens are a
 * question and its answer, the fact that tells it at a controlled depth. For each length and each of
 * `depths` depths 0 .. 1, `prompts` of them are decoded greedily; an answer counts if all of its tokens
 * are right (exact match). Tasks as in Chi et al. 2024, arXiv:2311.00684 (passkey, line retrieval,
 * questions about documents); depth and length as axes as is usual for passkeys.
 *
 * All the answer's tokens are read in one pass of T inputs (retrieval.h says why that is greedy
 * decoding). A scheme that depends on the length of the window reads T for each of them. Prompts depend
 * on the cell's seed, the length and the depth alone: all encodings get the same. */
#include <math.h>
#include <stdio.h>

#include "eval/analysis.h"
#include "eval/retrieval.h"

struct retrieval {
    int depths, prompts;
};

static const struct lx_option options[] = {
    {"depths", LX_OPT_INT, offsetof(struct retrieval, depths), 5, 1, 101, NULL,
     "places of the fact, evenly from the front of the prompt to the question; 1: the middle", 0},
    {"prompts", LX_OPT_INT, offsetof(struct retrieval, prompts), 40, 2, 1 << 20, NULL,
     "prompts of each length and depth", 0},
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"retrieval_accuracy", "retrieval_nll", NULL};

bool lx_retrieval_given(const real *logits, int n, int vocab, const uint16_t *answer, double *nll)
{
    bool given = true;

    *nll = 0;
    for (int k = 0; k < n; k++) {
        const real *row = logits + (size_t)k * (size_t)vocab;
        double sum = 1;
        int best = 0;

        for (int t = 1; t < vocab; t++)
            best = row[t] > row[best] ? t : best;
        for (int t = 0; t < vocab; t++)
            sum += t == best ? 0 : exp((double)row[t] - (double)row[best]);
        *nll += (log(sum) + (double)row[best] - (double)row[answer[k]]) / n;
        given &= best == answer[k];
    }
    return given;
}

double lx_retrieval_stderr(double k, double n)
{
    double p = k / n;

    return sqrt(p * (1 - p) / n + 1 / (4 * n * n)) / (1 + 1 / n);
}

struct tally {
    double n, given, nll, square; /* square: of the NLL, for its error */
};

struct buffers {
    int B;
    struct lx_work *work;
    uint16_t *tokens; /* (B, T)                        */
    uint16_t *prompt; /* (B, T + 1)                    */
    real *logits;     /* (answers, V) of one prompt    */
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
                     "retrieval", err))
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

/* percent -1: all depths. */
static enum lx_code add_rows(struct lx_analysis_call *c, const struct tally *t, int percent,
                             int answers, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, "retrieval_accuracy");
    double mean = t->nll / t->n;

    r.windows = (long long)t->n;
    r.tokens = r.windows * answers;
    r.position_lo = percent;
    r.position_hi = percent < 0 ? -1 : percent + 1;
    if (isfinite(mean)) {
        r.value = t->given / t->n;
        r.stderr_value = lx_retrieval_stderr(t->given, t->n);
    } else {
        r.status = "diverged";
    }
    if (lx_metrics_add(c->out, &r, err))
        return err->code;
    r.metric = "retrieval_nll";
    if (isfinite(mean)) {
        r.value = mean;
        r.stderr_value = sqrt(fmax(t->square / t->n - mean * mean, 0) / (t->n - 1));
    }
    return lx_metrics_add(c->out, &r, err);
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct retrieval *r = self;
    const struct lx_analysis_subject *s = c->subject;
    struct lx_prompt p = {0};
    struct tally all = {0};
    struct buffers u;
    enum lx_code code = s->dataset->prompt(s->dataset_self, NULL, c->T, 0, &p, err);

    if (code == LX_OK)
        code = take(&u, r, c->m, s->eval, c->T, p.answers, c->arena, err);
    for (int d = 0; d < r->depths && code == LX_OK; d++) {
        int percent = (int)lround(100 * depth_of(r, d));
        struct tally t = {0};
        struct lx_rng rng;
        char name[64];

        (void)snprintf(name, sizeof(name), "retrieval/%d/%d", c->T, percent);
        lx_rng_init(&rng, s->seed, name);
        for (int k = 0; k < r->prompts && code == LX_OK; k += u.B) {
            int n = r->prompts - k < u.B ? r->prompts - k : u.B;

            code = ask(c, &u, &rng, depth_of(r, d), n, &t, err);
            if (code == LX_OK)
                code = lx_analysis_seen(c, (d + (double)(k + n) / r->prompts) / r->depths, err);
        }
        if (code == LX_OK)
            code = add_rows(c, &t, percent, p.answers, err);
        all.n += t.n;
        all.given += t.given;
        all.nll += t.nll;
        all.square += t.square;
    }
    return code == LX_OK ? add_rows(c, &all, -1, p.answers, err) : code;
}

/* An answer is not longer than its prompt: enough, without the dataset at hand, for its logits. */
static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    struct lx_arena count = {.measure = true};
    struct buffers u;
    struct lx_err err;

    return take(&u, self, m, c, T, T, &count, &err) == LX_OK ? count.used : 0;
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct retrieval *r = self;

    (void)c;
    return (double)r->depths * r->prompts * T * lx_model_flops(m, T);
}

const struct lx_analysis lx_analysis_retrieval = {
    .name = "retrieval",
    .title = "Answers found far back",
    .cite = "tasks of Chi et al. 2024, arXiv:2311.00684",
    .help = "exact match of greedy answers by prompt length and depth of the fact that tells them",
    .metrics = metrics,
    .prompts = true,
    .state_size = sizeof(struct retrieval),
    .options = options,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
