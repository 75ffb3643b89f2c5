/* Attention variance: how the variance of what attention adds shrinks with the position.
 *
 * Chi et al. 2023, arXiv:2305.13571: in a model without a positional scheme the attention output at
 * position m (from 1) is at first about the mean of m values, so its variance falls as 1/m, which
 * tells later layers the position. Here, for each layer and position, the variance over windows of
 * each channel of o = Wo attention + bo (n - 1 in the denominator), averaged over channels: with the
 * trained weights and with the first ones. Subtracting the mean over windows leaves out what every
 * window has in common, the bias and the mean value vector, which do not shrink.
 *
 * Per layer also the slope of ln variance by ln m over m >= 4 (least squares; -1 for independent
 * values under uniform attention) and Spearman's rank correlation of variance and m. Neighbouring
 * tokens of a text resemble each other, so that the slope is flatter there than for random tokens. */
#include <math.h>
#include <stdlib.h>

#include "analysis/analysis.h"
#include "core/rng.h"

#define FIRST 4 /* m from which the slope counts */

enum source { SOURCE_TEXT, SOURCE_RANDOM };

struct variance {
    int windows, source;
    bool initial;
};

static const struct lx_option options[] = {
    {"windows", LX_OPT_INT, offsetof(struct variance, windows), 128, 2, 1 << 20, NULL,
     "windows over which the variance is taken", 0},
    {"source", LX_OPT_CHOICE, offsetof(struct variance, source), SOURCE_TEXT, 0, 0, "text|random",
     "tokens of the windows: those of the split, or uniformly random ones", 0},
    {"initial", LX_OPT_BOOL, offsetof(struct variance, initial), 1, 0, 1, NULL,
     "also measure the first weights, before training", 0},
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"attention_variance",
                                      "attention_variance_slope",
                                      "attention_variance_rank",
                                      "attention_variance_initial",
                                      "attention_variance_slope_initial",
                                      "attention_variance_rank_initial",
                                      NULL};

/* qsort has no context: where a value stands travels with it. */
struct ranked {
    double value;
    int at;
};

struct buffers {
    int B, T, D, L;
    struct lx_work *work;
    uint16_t *tokens;      /* (B, T)        */
    real *output;          /* (L, B*T, D)   */
    double *mean, *spread; /* (L, T, D) running mean and sum of squared deviations */
    double *variance;      /* (T) of one layer */
    struct ranked *ranked; /* (T) */
};

static enum lx_code take(struct buffers *u, const struct lx_model *m,
                         const struct lx_eval_config *c, int T, struct lx_arena *arena,
                         struct lx_err *err)
{
    size_t rows, layers = (size_t)m->config.layers, D = (size_t)m->config.d_model;

    *u = (struct buffers){.B = lx_analysis_batch(c, T), .T = T, .D = (int)D, .L = (int)layers};
    rows = (size_t)u->B * (size_t)T;
    if (lx_arena_get(arena, rows, sizeof(*u->tokens), &u->tokens, "attention variance", err) ||
        lx_arena_get(arena, layers * rows * D, sizeof(real), &u->output, "attention variance",
                     err) ||
        lx_arena_get(arena, layers * (size_t)T * D, sizeof(double), &u->mean, "attention variance",
                     err) ||
        lx_arena_get(arena, layers * (size_t)T * D, sizeof(double), &u->spread,
                     "attention variance", err) ||
        lx_arena_get(arena, (size_t)T, sizeof(double), &u->variance, "attention variance", err) ||
        lx_arena_get(arena, (size_t)T, sizeof(*u->ranked), &u->ranked, "attention variance", err))
        return err->code;
    return lx_work_init(&u->work, m, u->B, T, false, arena, err);
}

/* Welford's update with window k (from 0). */
static void add_window(struct buffers *u, int k, int n, int b)
{
    size_t size = (size_t)u->T * (size_t)u->D;

    for (size_t l = 0; l < (size_t)u->L; l++) {
        const real *o = u->output + (l * (size_t)n + (size_t)b) * size;
        double *mean = u->mean + l * size, *spread = u->spread + l * size;

        for (size_t i = 0; i < size; i++) {
            double d = (double)o[i] - mean[i];

            mean[i] += d / (k + 1);
            spread[i] += d * ((double)o[i] - mean[i]);
        }
    }
}

static enum lx_code walk(const struct variance *v, struct lx_analysis_call *c, struct buffers *u,
                         double done, double part, struct lx_err *err)
{
    const struct lx_observe observe = {.output = u->output};
    struct lx_rng rng;

    lx_rng_init(&rng, c->subject->seed, "attention_variance");
    for (int k = 0; k < v->windows; k += u->B) {
        int n = v->windows - k < u->B ? v->windows - k : u->B;

        if (v->source == SOURCE_TEXT)
            lx_analysis_tokens(c, k, n, v->windows, u->T, u->tokens, NULL);
        else
            for (size_t i = 0; i < (size_t)n * (size_t)u->T; i++)
                u->tokens[i] = (uint16_t)lx_rng_below(&rng, (uint64_t)c->m->config.vocab);
        lx_model_forward(c->m, u->work, u->tokens, n, u->T, &observe);
        for (int b = 0; b < n; b++)
            add_window(u, k + b, n, b);
        if (lx_analysis_seen(c, done + part * (k + n) / v->windows, err))
            return err->code;
    }
    return LX_OK;
}

/* Variance at each position of layer l. False: not finite. */
static bool layer_variance(struct buffers *u, size_t l, int windows)
{
    size_t D = (size_t)u->D, T = (size_t)u->T;

    for (size_t t = 0; t < T; t++) {
        double sum = 0;

        for (size_t i = 0; i < D; i++)
            sum += u->spread[(l * T + t) * D + i];
        u->variance[t] = sum / (double)D / (windows - 1);
        if (!isfinite(u->variance[t]))
            return false;
    }
    return true;
}

/* Least-squares slope of y by x, from its sums. */
static double slope_of(double n, double x, double y, double xx, double xy)
{
    return (xy - x * y / n) / (xx - x * x / n);
}

/* NaN where there are too few positions, or no variance at one of them. */
static double log_slope(const double *variance, int T)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (int t = FIRST - 1; t < T; t++) {
        double x = log(t + 1.0), y = log(variance[t]);

        n += 1;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    return n < 2 ? (double)NAN : slope_of(n, sx, sy, sxx, sxy);
}

static int by_value(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->value < b->value || a->value > b->value)
        return a->value < b->value ? -1 : 1;
    return a->at - b->at;
}

/* Spearman's correlation of the values with their places, ties sharing their mean rank; NaN if all
 * are equal. */
static double rank_correlation(const double *value, int T, struct ranked *r)
{
    double sxy = 0, syy = 0, middle = (T - 1) / 2.0, sxx = T * ((double)T * T - 1) / 12;

    for (int t = 0; t < T; t++)
        r[t] = (struct ranked){value[t], t};
    qsort(r, (size_t)T, sizeof(*r), by_value);
    for (int i = 0; i < T;) {
        int end = i + 1;
        double rank;

        while (end < T && !(r[end].value > r[i].value))
            end++;
        rank = (i + end - 1) / 2.0 - middle;
        for (; i < end; i++) {
            sxy += rank * (r[i].at - middle);
            syy += rank * rank;
        }
    }
    return syy > 0 ? sxy / sqrt(sxx * syy) : (double)NAN;
}

/* A value that is not finite is none: a slope of two positions, a rank of equal numbers. */
static enum lx_code add_row(struct lx_analysis_call *c, const char *metric, size_t layer, int lo,
                            int hi, double value, int windows, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metric);

    r.layer = (int)layer;
    r.position_lo = lo;
    r.position_hi = hi;
    r.value = value;
    r.windows = windows;
    r.tokens = (long long)windows * (hi < 0 ? c->T : hi - lo);
    if (!isfinite(value)) {
        r.value = (double)NAN;
        r.status = "not_applicable";
    }
    return lx_metrics_add(c->out, &r, err);
}

/* `names`: variance, slope, rank. */
static enum lx_code add_layer(struct lx_analysis_call *c, struct buffers *u, size_t l, int windows,
                              const char *const *names, struct lx_err *err)
{
    const double *v = u->variance;

    for (int bin = 0; lx_eval_bin_start(bin) < u->T; bin++) {
        int lo = lx_eval_bin_start(bin), end = lx_eval_bin_start(bin + 1);
        int hi = end < u->T ? end : u->T;
        double sum = 0;

        for (int t = lo; t < hi; t++)
            sum += v[t];
        if (add_row(c, names[0], l, lo, hi, sum / (hi - lo), windows, err))
            return err->code;
    }
    if (add_row(c, names[1], l, -1, -1, log_slope(v, u->T), windows, err))
        return err->code;
    return add_row(c, names[2], l, -1, -1, rank_correlation(v, u->T, u->ranked), windows, err);
}

static enum lx_code add_broken(struct lx_analysis_call *c, const char *metric, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metric);

    r.status = "diverged";
    return lx_metrics_add(c->out, &r, err);
}

/* With the weights as they are. */
static enum lx_code measure(const struct variance *v, struct lx_analysis_call *c, bool initial,
                            double done, double part, struct lx_err *err)
{
    const char *const *names = metrics + (initial ? 3 : 0);
    struct lx_arena arena = {0};
    struct buffers u;
    enum lx_code code = take(&u, c->m, c->subject->eval, c->T, &arena, err);

    if (code == LX_OK)
        code = walk(v, c, &u, done, part, err);
    for (size_t l = 0; l < (size_t)u.L && code == LX_OK; l++) {
        if (!layer_variance(&u, l, v->windows)) {
            code = add_broken(c, names[0], err);
            break;
        }
        code = add_layer(c, &u, l, v->windows, names, err);
    }
    lx_arena_free(&arena);
    return code;
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct variance *v = self;
    double part = v->initial ? 0.5 : 1;
    enum lx_code code = measure(v, c, false, 0, part, err);
    real *kept;

    if (code != LX_OK || !v->initial)
        return code;
    code = lx_analysis_untrained(c, &kept, err);
    if (code == LX_OK) {
        code = measure(v, c, true, part, part, err);
        lx_analysis_trained(c, kept);
    }
    return code;
}

static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    const struct variance *v = self;
    struct lx_arena count = {.measure = true};
    struct buffers u;
    struct lx_err err;

    if (take(&u, m, c, T, &count, &err))
        return 0;
    return count.used + (v->initial ? lx_analysis_untrained_bytes(m) : 0);
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct variance *v = self;

    (void)c;
    return (v->initial ? 2.0 : 1.0) * v->windows * T * lx_model_flops(m, T);
}

static enum lx_code check_windows(const void *self, size_t starts, int longest, struct lx_err *err)
{
    const struct variance *v = self;

    return lx_analysis_enough(v->source == SOURCE_TEXT ? v->windows : 0, starts, longest, err);
}

const struct lx_analysis lx_analysis_attention_variance = {
    .name = "attention_variance",
    .title = "Variance of attention by position",
    .cite = "Chi et al. 2023, arXiv:2305.13571",
    .help = "how the variance of attention outputs shrinks with the position, before and after "
            "training",
    .metrics = metrics,
    .state_size = sizeof(struct variance),
    .options = options,
    .check_windows = check_windows,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
