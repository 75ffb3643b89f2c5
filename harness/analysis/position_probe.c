/* Position probe: how much a linear map can read of a token's position from the residual stream.
 *
 * Chi et al. 2023, arXiv:2305.13571, and Haviv et al. 2022, arXiv:2203.16634: models without any
 * positional scheme know positions all the same. Here a ridge regression in closed form predicts the
 * position 0 .. T-1 from the stream before each layer and after the last, fitted on the first three
 * quarters of the windows, judged on those of the last quarter that share no token with them. For each window of these
 *     R^2 = 1 - sum (position - prediction)^2 / sum (position - (T-1)/2)^2,
 * 1 = known exactly, 0 = as good as always saying the middle, and the mean absolute error in tokens
 * (T/4 for always saying the middle). The same for the first weights, before training. */
#include <math.h>

#include "analysis/analysis.h"
#include "analysis/ridge.h"

struct probe {
    int windows;
    double penalty;
    bool initial;
};

static const struct lx_option options[] = {
    {"windows", LX_OPT_INT, offsetof(struct probe, windows), 64, 4, 1 << 20, NULL,
     "windows: three quarters to fit, one to judge", 0},
    {"penalty", LX_OPT_REAL, offsetof(struct probe, penalty), 1e-4, 0, 1e6, NULL,
     "weight of the squared coefficients, features having variance 1", LX_OPT_OPEN_MIN},
    {"initial", LX_OPT_BOOL, offsetof(struct probe, initial), 1, 0, 1, NULL,
     "also probe the first weights, before training", 0},
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"position_r2", "position_error", "position_r2_initial",
                                      "position_error_initial", NULL};

struct buffers {
    int B, T, D, depths; /* depths: layers + 1 */
    struct lx_work *work;
    uint16_t *tokens;       /* (B, T)                            */
    real *residual;         /* (depths, B*T, D)                  */
    struct lx_ridge *ridge; /* (depths)                          */
    double *sums;           /* (depths, 4) of R^2, its square, error, its square over windows */
};

static enum lx_code take(struct buffers *u, const struct lx_model *m,
                         const struct lx_eval_config *c, int T, struct lx_arena *arena,
                         struct lx_err *err)
{
    size_t rows, depths;

    *u = (struct buffers){.B = lx_analysis_batch(c, T),
                          .T = T,
                          .D = m->config.d_model,
                          .depths = m->config.layers + 1};
    rows = (size_t)u->B * (size_t)T;
    depths = (size_t)u->depths;
    if (lx_arena_get(arena, rows, sizeof(*u->tokens), &u->tokens, "position probe", err) ||
        lx_arena_get(arena, depths * rows * (size_t)u->D, sizeof(real), &u->residual,
                     "position probe", err) ||
        lx_arena_get(arena, depths, sizeof(*u->ridge), &u->ridge, "position probe", err) ||
        lx_arena_get(arena, depths * 4, sizeof(double), &u->sums, "position probe", err))
        return err->code;
    for (size_t i = 0; i < depths; i++) {
        struct lx_ridge counted;

        if (lx_ridge_init(u->ridge != NULL ? &u->ridge[i] : &counted, (size_t)u->D, arena, err))
            return err->code;
    }
    return lx_work_init(&u->work, m, u->B, T, false, arena, err);
}

static void fit_window(struct buffers *u, size_t depth, const real *x)
{
    for (int t = 0; t < u->T; t++)
        lx_ridge_add(&u->ridge[depth], x + (size_t)t * (size_t)u->D, t);
}

static void judge_window(struct buffers *u, size_t depth, const real *x)
{
    double T = u->T, error = 0, square = 0, spread = T * (T * T - 1) / 12;
    double *s = u->sums + 4 * depth;

    for (int t = 0; t < u->T; t++) {
        double e = lx_ridge_predict(&u->ridge[depth], x + (size_t)t * (size_t)u->D) - t;

        error += fabs(e) / T;
        square += e * e;
    }
    s[0] += 1 - square / spread;
    s[1] += (1 - square / spread) * (1 - square / spread);
    s[2] += error;
    s[3] += error * error;
}

/* Windows from .. to-1, each handed to `each` at every depth. done: part of the length before. */
static enum lx_code walk(const struct probe *p, struct lx_analysis_call *c, struct buffers *u,
                         int from, int to,
                         void (*each)(struct buffers *u, size_t depth, const real *x), double done,
                         double part, struct lx_err *err)
{
    const struct lx_observe observe = {.residual = u->residual};
    size_t window = (size_t)u->T * (size_t)u->D;

    for (int k = from; k < to; k += u->B) {
        int n = to - k < u->B ? to - k : u->B;

        lx_analysis_tokens(c, k, n, p->windows, u->T, u->tokens, NULL);
        lx_model_forward(c->m, u->work, u->tokens, n, u->T, &observe);
        for (size_t i = 0; i < (size_t)u->depths; i++)
            for (size_t b = 0; b < (size_t)n; b++)
                each(u, i, u->residual + (i * (size_t)n + b) * window);
        if (lx_analysis_seen(c, done + part * (k + n) / p->windows, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code add_row(struct lx_analysis_call *c, const char *metric, int layer,
                            const double *sums, double n, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metric);
    double mean = sums[0] / n;

    r.layer = layer;
    r.value = mean;
    r.stderr_value = n < 2 ? (double)NAN : sqrt(fmax(sums[1] / n - mean * mean, 0) / (n - 1));
    r.windows = (long long)n;
    r.tokens = (long long)n * c->T;
    if (!isfinite(r.value)) {
        r.value = r.stderr_value = (double)NAN;
        r.status = "diverged";
    }
    return lx_metrics_add(c->out, &r, err);
}

/* One row a depth, and without a layer the depth that does best. */
static enum lx_code add_rows(struct lx_analysis_call *c, const struct buffers *u, double n,
                             const char *r2, const char *error, struct lx_err *err)
{
    const double *best = u->sums;

    for (int i = 0; i < u->depths; i++) {
        const double *s = u->sums + 4 * (size_t)i;

        best = s[0] > best[0] ? s : best;
        if (add_row(c, r2, i, s, n, err) || add_row(c, error, i, s + 2, n, err))
            return err->code;
    }
    if (add_row(c, r2, -1, best, n, err))
        return err->code;
    return add_row(c, error, -1, best + 2, n, err);
}

static int fitted_of(const struct probe *p)
{
    return p->windows * 3 / 4;
}

/* The first window that is judged: after the fitted ones, and sharing no token with them. */
static int first_judged(const struct probe *p, const struct lx_analysis_call *c)
{
    int k = fitted_of(p);
    size_t end = lx_analysis_window(c, k - 1, p->windows, c->T) + (size_t)c->T;

    while (k < p->windows && lx_analysis_window(c, k, p->windows, c->T) < end)
        k++;
    return k;
}

/* With the weights as they are. */
static enum lx_code measure(const struct probe *p, struct lx_analysis_call *c, bool initial,
                            double done, double part, struct lx_err *err)
{
    struct lx_arena arena = {0};
    int fitted = fitted_of(p), judged = first_judged(p, c);
    struct buffers u;
    enum lx_code code = LX_OK;

    if (take(&u, c->m, c->subject->eval, c->T, &arena, err) ||
        walk(p, c, &u, 0, fitted, fit_window, done, part, err)) {
        code = err->code;
        goto finish;
    }
    for (int i = 0; i < u.depths; i++)
        if (!lx_ridge_solve(&u.ridge[i], p->penalty))
            u.ridge[i].bias = (double)NAN;
    if (walk(p, c, &u, judged, p->windows, judge_window, done, part, err) ||
        add_rows(c, &u, p->windows - judged, initial ? metrics[2] : metrics[0],
                 initial ? metrics[3] : metrics[1], err))
        code = err->code;
finish:
    lx_arena_free(&arena);
    return code;
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct probe *p = self;
    double part = p->initial ? 0.5 : 1;
    enum lx_code code;
    real *kept;

    if (measure(p, c, false, 0, part, err))
        return err->code;
    if (!p->initial)
        return LX_OK;
    if (lx_analysis_untrained(c, &kept, err))
        return err->code;
    code = measure(p, c, true, part, part, err);
    lx_analysis_trained(c, kept);
    return code;
}

static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    const struct probe *p = self;
    struct lx_arena count = {.measure = true};
    struct buffers u;
    struct lx_err err;

    if (take(&u, m, c, T, &count, &err))
        return 0;
    return count.used + (p->initial ? lx_analysis_untrained_bytes(m) : 0);
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct probe *p = self;
    double fit = 0.75 * (m->layers + 1) * m->d_model * m->d_model;

    (void)c;
    return (p->initial ? 2.0 : 1.0) * p->windows * T * (lx_model_flops(m, T) + fit);
}

/* One window at least must be judged that shares no token with a fitted one. */
static enum lx_code check_windows(const void *self, size_t starts, int longest, struct lx_err *err)
{
    const struct probe *p = self;
    size_t apart;

    if (lx_analysis_enough(p->windows, starts, longest, err))
        return err->code;
    apart = starts - 1 - lx_analysis_shift(starts - 1, fitted_of(p) - 1, p->windows);
    if (apart >= (size_t)longest)
        return LX_OK;
    return lx_fail(err, LX_ECONFIG,
                   "must judge a window of %d tokens that shares none with those it is fitted on: "
                   "the last of %d windows begins %zu tokens after them in this split",
                   longest, p->windows, apart);
}

const struct lx_analysis lx_analysis_position_probe = {
    .name = "position_probe",
    .title = "Position read from each layer",
    .cite = "Chi et al. 2023, arXiv:2305.13571",
    .help = "how well a linear map reads the position from the residual stream before each layer",
    .metrics = metrics,
    .masked = true,
    .state_size = sizeof(struct probe),
    .options = options,
    .check_windows = check_windows,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
