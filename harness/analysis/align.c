/* Finding temperatures that align attention; see align.h. */
#include "analysis/align.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *lx_align_suffix(int strategy, int per)
{
    static const char *const names[][3] = {
        {"+align-entropy", "+align-entropy-layer", "+align-entropy-head"},
        {"+align-max_prob", "+align-max_prob-layer", "+align-max_prob-head"}};

    return names[strategy][per];
}

int lx_align_groups(const struct lx_align_config *c, const struct lx_model_config *m)
{
    return c->per == LX_ALIGN_MODEL ? 1 : m->layers * (c->per == LX_ALIGN_HEAD ? m->heads : 1);
}

void lx_align_group(const struct lx_align_config *c, const struct lx_model_config *m, int group,
                    int *from, int *to)
{
    int size = c->per == LX_ALIGN_HEAD    ? 1
               : c->per == LX_ALIGN_LAYER ? m->heads
                                          : m->heads * m->layers;

    *from = group * size;
    *to = *from + size;
}

double lx_align_mean(const struct lx_align_means *a, int strategy, int from, int to)
{
    double sum = 0;

    for (int h = from; h < to; h++)
        sum += a->of[strategy][h];
    return sum / (to - from);
}

enum lx_code lx_align_take(struct lx_align *a, const struct lx_align_config *config,
                           const struct lx_model *m, const struct lx_eval_config *eval, int T,
                           struct lx_arena *arena, struct lx_err *err)
{
    struct lx_align_means *const means[] = {&a->target, &a->before, &a->after};
    size_t heads, tokens;

    *a = (struct lx_align){.config = config,
                           .L = config->train_length,
                           .T = T,
                           .layers = m->config.layers,
                           .heads = m->config.heads};
    a->longest = T > a->L ? T : a->L;
    a->B = lx_analysis_batch(eval, a->longest);
    heads = (size_t)a->layers * (size_t)a->heads;
    tokens = (size_t)a->B * (size_t)a->longest;
    if (lx_arena_get(arena, tokens, sizeof(*a->tokens), &a->tokens, "alignment", err) ||
        lx_arena_get(arena, heads, sizeof(*a->temperature), &a->temperature, "alignment", err) ||
        lx_arena_get(arena, (size_t)lx_align_groups(config, &m->config), sizeof(*a->search),
                     &a->search, "alignment", err))
        return err->code;
    if (eval->masking.objective == LX_OBJECTIVE_MASKED &&
        lx_arena_get(arena, (size_t)a->longest, 1, &a->hidden, "alignment", err))
        return err->code;
    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++) {
        if (lx_arena_get(arena, tokens * heads, sizeof(real), &a->rows[s], "alignment", err))
            return err->code;
        for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++)
            if (lx_arena_get(arena, heads, sizeof(double), &means[i]->of[s], "alignment", err))
                return err->code;
    }
    return lx_work_init(&a->work, m, a->B, a->longest, false, arena, err);
}

static double pass_flops(const struct lx_align_config *c, const struct lx_model_config *m, int T)
{
    return (double)c->windows * T * lx_model_flops(m, T);
}

double lx_align_flops(const struct lx_align_config *c, const struct lx_model_config *m, int T)
{
    int L = c->train_length;
    int stages = c->per == LX_ALIGN_MODEL ? 1 : m->layers;

    if (T == L)
        return pass_flops(c, m, L);
    return pass_flops(c, m, L) +
           pass_flops(c, m, T) * (1 + stages * (1 + lx_bisect_most(&c->range)));
}

static int first_row(const struct lx_align *a, int length)
{
    int first = (int)(a->config->skip * length);

    return first < length ? first : length - 1;
}

/* Sums over the rows of one window, which is number b of n in the batch. */
static void add_window(const struct lx_align *a, int b, int length, struct lx_align_means *out)
{
    int heads = a->layers * a->heads, first = first_row(a, length);

    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++)
        for (int h = 0; h < heads; h++) {
            const real *row = a->rows[s] + ((size_t)b * (size_t)heads + (size_t)h) * (size_t)length;

            for (int t = first; t < length; t++)
                out->of[s][h] += (double)row[t];
        }
}

/* A model that tells hidden tokens attends to text with some hidden, as in training. */
static void hide(const struct lx_align *a, int window, int length, uint16_t *tokens)
{
    struct lx_rng rng;
    char stream[64];

    (void)snprintf(stream, sizeof(stream), "mask/align/%d/%d", length, window);
    lx_rng_init(&rng, a->call->subject->seed, stream);
    lx_masking_draw(&a->call->subject->eval->masking, &rng, length, a->hidden);
    lx_masking_apply(length, a->hidden, (uint16_t)(a->call->m->config.vocab - 1), tokens);
}

/* Attention in the windows of `length` tokens under the temperatures as they stand. */
static enum lx_code measure(struct lx_align *a, int length, struct lx_align_means *out,
                            struct lx_err *err)
{
    const struct lx_observe observe = {.entropy = a->rows[LX_ALIGN_ENTROPY],
                                       .max_prob = a->rows[LX_ALIGN_MAX_PROB]};
    int windows = a->config->windows, heads = a->layers * a->heads;
    double each = pass_flops(a->config, &a->call->m->config, length) / windows;
    double rows = (double)windows * (length - first_row(a, length));

    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++)
        for (int h = 0; h < heads; h++)
            out->of[s][h] = 0;
    for (int k = 0; k < windows; k += a->B) {
        int n = windows - k < a->B ? windows - k : a->B;

        lx_analysis_tokens(&a->text, k, n, windows, length, a->tokens, NULL);
        for (int b = 0; b < n && a->hidden != NULL; b++)
            hide(a, k + b, length, a->tokens + (size_t)b * (size_t)length);
        lx_model_forward(a->call->m, a->work, a->tokens, n, length, &observe);
        for (int b = 0; b < n; b++)
            add_window(a, b, length, out);
        a->done += each * n;
        if (lx_analysis_seen(a->call, a->earlier + a->share * a->done / a->total, err))
            return err->code;
    }
    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++)
        for (int h = 0; h < heads; h++)
            out->of[s][h] /= rows;
    return LX_OK;
}

static void set(struct lx_align *a, int group)
{
    int from, to;

    lx_align_group(a->config, &a->call->m->config, group, &from, &to);
    for (int h = from; h < to; h++)
        a->temperature[h] = (real)a->search[group].at;
}

static double value_of(const struct lx_align *a, const struct lx_align_means *means, int group)
{
    int from, to;

    lx_align_group(a->config, &a->call->m->config, group, &from, &to);
    return lx_align_mean(means, a->config->strategy, from, to);
}

/* Search groups first .. end-1 together; a->after holds what was measured last. */
static enum lx_code search(struct lx_align *a, int first, int end, struct lx_err *err)
{
    bool asks = false;

    for (int g = first; g < end; g++) {
        lx_bisect_start(&a->search[g], &a->config->range, a->config->strategy == LX_ALIGN_ENTROPY,
                        value_of(a, &a->target, g), value_of(a, &a->after, g));
        set(a, g);
        asks = asks || lx_bisect_asks(&a->search[g]);
    }
    while (asks) {
        if (measure(a, a->T, &a->after, err))
            return err->code;
        asks = false;
        for (int g = first; g < end; g++) {
            lx_bisect_tell(&a->search[g], value_of(a, &a->after, g));
            set(a, g);
            asks = asks || lx_bisect_asks(&a->search[g]);
        }
    }
    return measure(a, a->T, &a->after, err);
}

/* The training length needs nothing; else stage by stage: the model, or a layer. */
static enum lx_code find(struct lx_align *a, struct lx_err *err)
{
    int stages = a->config->per == LX_ALIGN_MODEL ? 1 : a->layers;
    int heads = a->layers * a->heads, groups = lx_align_groups(a->config, &a->call->m->config);

    for (int h = 0; h < heads; h++)
        a->temperature[h] = 1;
    if (measure(a, a->L, &a->target, err) || (a->T != a->L && measure(a, a->T, &a->before, err)))
        return err->code;
    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++)
        for (int h = 0; h < heads; h++) {
            if (a->T == a->L)
                a->before.of[s][h] = a->target.of[s][h];
            a->after.of[s][h] = a->before.of[s][h];
        }
    for (int i = 0; i < stages && a->T != a->L; i++)
        if (search(a, i * (groups / stages), (i + 1) * (groups / stages), err))
            return err->code;
    for (int g = 0; g < groups && a->T == a->L; g++)
        lx_bisect_start(&a->search[g], &a->config->range, true, value_of(a, &a->target, g),
                        value_of(a, &a->target, g));
    return LX_OK;
}

enum lx_code lx_align_find(struct lx_align *a, struct lx_analysis_call *call, double before,
                           double share, struct lx_err *err)
{
    const real *own = call->m->temperature;
    enum lx_code code;

    a->call = call;
    a->train = *call->subject;
    code = call->subject->load(call->subject->load_ctx, LX_SPLIT_TRAIN, &a->train.stream, err);
    if (code != LX_OK)
        return code;
    a->text = *call;
    a->text.subject = &a->train;
    a->text.longest = call->longest > a->L ? call->longest : a->L;
    if (a->train.stream->n < (size_t)a->text.longest + 1)
        return lx_fail(err, LX_EDATA, "train split: must have at least %d tokens, got %zu",
                       a->text.longest + 1, a->train.stream->n);
    a->earlier = before;
    a->share = share;
    a->done = 0;
    a->total = lx_align_flops(a->config, &call->m->config, a->T);
    call->m->temperature = a->temperature;
    code = find(a, err);
    call->m->temperature = own;
    return code;
}

const char *lx_align_status(const struct lx_align *a, int first, int end)
{
    int found = 0;

    for (int g = first; g < end; g++) {
        if (a->search[g].state == LX_BISECT_BROKEN)
            return "diverged";
        found += a->search[g].state == LX_BISECT_FOUND;
    }
    return found > 0 ? "ok" : "not_applicable";
}

double lx_align_overall(const real *temperature, int n)
{
    double sum = 0;

    for (int h = 0; h < n; h++)
        sum += log((double)temperature[h]);
    return exp(sum / n);
}

enum lx_code lx_align_solve(const struct lx_align_config *config, struct lx_analysis_call *call,
                            double before, double share,
                            enum lx_code (*tell)(struct lx_analysis_call *call,
                                                 const struct lx_align *a, struct lx_err *err),
                            struct lx_align_result *out, struct lx_err *err)
{
    const struct lx_model_config *m = &call->m->config;
    struct lx_arena arena = {0};
    struct lx_align a;
    enum lx_code code = LX_OK;

    if (lx_align_take(&a, config, call->m, call->subject->eval, call->T, &arena, err) ||
        lx_align_find(&a, call, before, share, err) || (tell != NULL && tell(call, &a, err))) {
        code = err->code;
    } else {
        memcpy(out->temperature, a.temperature,
               (size_t)m->layers * (size_t)m->heads * sizeof(*out->temperature));
        out->status = lx_align_status(&a, 0, lx_align_groups(config, m));
    }
    lx_arena_free(&arena);
    return code;
}

size_t lx_align_bytes(const struct lx_align_config *config, const struct lx_model *m,
                      const struct lx_eval_config *eval, int T)
{
    struct lx_arena count = {.measure = true};
    struct lx_align a;
    struct lx_err err;

    return lx_align_take(&a, config, m, eval, T, &count, &err) == LX_OK ? count.used : 0;
}
