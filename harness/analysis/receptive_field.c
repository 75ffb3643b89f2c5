/* Receptive field: how far back the prediction of the last token really looks.
 *
 * Chi, Fan, Rudnicky, Ramadge 2023, arXiv:2212.10356. In a window of T tokens let g_d be the gradient
 * of the last position's NLL with respect to the input vector d tokens before the last (after the
 * embed hook). Its share is
 *     s_d = ||g_d|| / sum_e ||g_e||,     c_n = s_0 + ... + s_(n-1)
 * and the empirical receptive field is the smallest n with c_n >= share. Curve and field are averaged
 * over windows. (The paper states the tool for its own models; whether it averages the fields of
 * windows, as here, or takes the field of the averaged curve was not to be had; the curve is given too.)
 *
 * A gradient says what the prediction is sensitive to, not that it gains from it. So beside it stands
 * a control: the same last tokens predicted from the last `cut` tokens of the window alone, read as a
 * window of their own. context_gain = nll_last_cut - nll_last, paired by target: positive where the
 * tokens before the cut help. (A scheme that knows absolute positions sees these tokens at the front.) */
#include <math.h>

#include "analysis/analysis.h"

struct receptive {
    double share;
    int windows, control_windows, cut;
};

static const struct lx_option options[] = {
    {"share", LX_OPT_REAL, offsetof(struct receptive, share), 0.99, 0, 1, NULL,
     "part of the gradient that the receptive field must hold", LX_OPT_OPEN_MIN},
    {"windows", LX_OPT_INT, offsetof(struct receptive, windows), 32, 1, 1 << 20, NULL,
     "windows whose gradients are averaged", 0},
    {"control_windows", LX_OPT_INT, offsetof(struct receptive, control_windows), 128, 0, 1 << 20,
     NULL, "windows of the control, one target each; 0 = no control", 0},
    {"cut", LX_OPT_INT, offsetof(struct receptive, cut), 0, 0, 1 << 24, NULL,
     "tokens of context that the control leaves, 0 = the training length", 0},
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"receptive_field", "gradient_share", "nll_last",
                                      "nll_last_cut",    "context_gain",   NULL};

/* Mean and standard error of what was added. */
struct mean {
    double n, sum, square;
};

static void add(struct mean *m, double x)
{
    m->n += 1;
    m->sum += x;
    m->square += x * x;
}

static double standard_error(const struct mean *m)
{
    double spread = m->square - m->sum * m->sum / m->n;

    return m->n < 2 ? (double)NAN : sqrt(fmax(spread, 0) / (m->n - 1) / m->n);
}

/* Windows of one length through the model, B at a time. */
struct pass {
    int B, T;
    struct lx_work *work;
    uint16_t *tokens, *next; /* (B, T) */
    double *nll;             /* (B, T) */
    real *weight;            /* (B, T): 1 at last positions */
};

static enum lx_code take_pass(struct pass *p, const struct lx_model *m,
                              const struct lx_eval_config *c, int T, bool training,
                              struct lx_arena *arena, struct lx_err *err)
{
    size_t n;

    p->T = T;
    p->B = lx_analysis_batch(c, T);
    n = (size_t)p->B * (size_t)T;
    if (lx_arena_get(arena, n, sizeof(*p->tokens), &p->tokens, "receptive field", err) ||
        lx_arena_get(arena, n, sizeof(*p->next), &p->next, "receptive field", err) ||
        lx_arena_get(arena, n, sizeof(*p->nll), &p->nll, "receptive field", err) ||
        lx_arena_get(arena, n, sizeof(*p->weight), &p->weight, "receptive field", err))
        return err->code;
    for (int b = 0; b < p->B && p->weight != NULL; b++)
        p->weight[(size_t)(b + 1) * (size_t)T - 1] = 1;
    return lx_work_init(&p->work, m, p->B, T, training, arena, err);
}

/* Windows k .. k+n-1 of `count`. */
static void run_pass(struct pass *p, struct lx_analysis_call *c, int k, int n, int count,
                     bool backward)
{
    lx_analysis_tokens(c, k, n, count, p->T, p->tokens, p->next);
    lx_model_forward(c->m, p->work, p->tokens, n, p->T, NULL);
    lx_model_loss(c->m, p->work, p->tokens, p->next, p->nll, p->weight, backward);
}

/* The curve is given at 1, 2, .. 16 tokens, then eight times an octave, and at T. */
static int next_point(int n, int T)
{
    int step = 1;

    while (n >= 16 * step)
        step *= 2;
    n += step;
    return n < T ? n : T;
}

struct field {
    int T, size; /* of the model */
    double *norm;
    struct mean field;
    struct mean *curve; /* (points) */
};

static enum lx_code take_field(struct field *f, const struct lx_model *m, int T,
                               struct lx_arena *arena, struct lx_err *err)
{
    size_t points = 1;

    for (int n = 1; n < T; n = next_point(n, T))
        points++;
    *f = (struct field){.T = T, .size = m->config.d_model};
    if (lx_arena_get(arena, (size_t)T, sizeof(*f->norm), &f->norm, "receptive field", err) ||
        lx_arena_get(arena, points, sizeof(*f->curve), &f->curve, "receptive field", err))
        return err->code;
    return LX_OK;
}

/* One window, from the gradient of its input vectors g (T, D). False: not finite. */
static bool add_window(struct field *f, const real *g, double share)
{
    size_t D = (size_t)f->size, i = 0;
    double total = 0, sum = 0;
    int field = 0, point = 1;

    for (int d = 0; d < f->T; d++) {
        const real *v = g + (size_t)(f->T - 1 - d) * D;
        double square = 0;

        for (size_t k = 0; k < D; k++)
            square += (double)v[k] * (double)v[k];
        f->norm[d] = sqrt(square);
        total += f->norm[d];
    }
    if (!isfinite(total) || total <= 0)
        return false;
    for (int d = 0; d < f->T; d++) {
        sum += f->norm[d];
        if (field == 0 && sum >= share * total)
            field = d + 1;
        if (d + 1 == point) {
            add(&f->curve[i++], sum / total);
            point = next_point(point, f->T);
        }
    }
    add(&f->field, field);
    return true;
}

static enum lx_code add_row(struct lx_analysis_call *c, const char *metric, const struct mean *m,
                            int hi, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metric);

    r.value = m->sum / m->n;
    r.stderr_value = standard_error(m);
    r.windows = r.tokens = (long long)m->n;
    if (hi > 0) {
        r.position_lo = 0;
        r.position_hi = hi;
    }
    return lx_metrics_add(c->out, &r, err);
}

static enum lx_code add_broken(struct lx_analysis_call *c, const char *metric, struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metric);

    r.status = "diverged";
    return lx_metrics_add(c->out, &r, err);
}

static enum lx_code add_field(struct lx_analysis_call *c, const struct field *f, struct lx_err *err)
{
    size_t i = 0;

    if (add_row(c, "receptive_field", &f->field, 0, err))
        return err->code;
    for (int n = 1;; n = next_point(n, f->T)) {
        if (add_row(c, "gradient_share", &f->curve[i++], n, err))
            return err->code;
        if (n == f->T)
            return LX_OK;
    }
}

/* Operations of the two halves of the work, for the progress line. */
static double field_flops(const struct receptive *r, const struct lx_model_config *m, int T)
{
    return 3.0 * r->windows * T * lx_model_flops(m, T);
}

static double control_flops(const struct receptive *r, const struct lx_model_config *m, int T)
{
    return (double)r->control_windows * T * lx_model_flops(m, T);
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct receptive *r = self;

    (void)c;
    return field_flops(r, m, T) +
           (T > r->cut ? control_flops(r, m, T) + control_flops(r, m, r->cut) : 0);
}

static enum lx_code measure_field(const struct receptive *r, struct lx_analysis_call *c,
                                  struct lx_err *err)
{
    size_t size = (size_t)c->T * (size_t)c->m->config.d_model;
    double part = field_flops(r, &c->m->config, c->T) / flops(r, &c->m->config, NULL, c->T);
    struct pass p;
    struct field f;

    if (take_pass(&p, c->m, c->subject->eval, c->T, true, c->arena, err) ||
        take_field(&f, c->m, c->T, c->arena, err))
        return err->code;
    for (int k = 0; k < r->windows; k += p.B) {
        int n = r->windows - k < p.B ? r->windows - k : p.B;

        run_pass(&p, c, k, n, r->windows, true);
        for (int b = 0; b < n; b++)
            if (!add_window(&f, lx_work_input_gradient(p.work) + (size_t)b * size, r->share))
                return add_broken(c, "receptive_field", err);
        if (lx_analysis_seen(c, part * (k + n) / r->windows, err))
            return err->code;
    }
    return add_field(c, &f, err);
}

/* NLL of the last target of each window of T tokens. */
static enum lx_code last_nll(const struct receptive *r, struct lx_analysis_call *c, int T,
                             double *nll, struct lx_err *err)
{
    double all = flops(r, &c->m->config, NULL, c->T), here = control_flops(r, &c->m->config, T);
    double before = T == c->T ? all - here : field_flops(r, &c->m->config, c->T);
    struct pass p;

    if (take_pass(&p, c->m, c->subject->eval, T, false, c->arena, err))
        return err->code;
    for (int k = 0; k < r->control_windows; k += p.B) {
        int n = r->control_windows - k < p.B ? r->control_windows - k : p.B;

        run_pass(&p, c, k, n, r->control_windows, false);
        for (int b = 0; b < n; b++)
            nll[k + b] = p.nll[(size_t)(b + 1) * (size_t)T - 1];
        if (lx_analysis_seen(c, (before + here * (k + n) / r->control_windows) / all, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code measure_control(const struct receptive *r, struct lx_analysis_call *c,
                                    struct lx_err *err)
{
    struct mean full = {0}, cut = {0}, gain = {0};
    size_t n = (size_t)r->control_windows;
    double *near, *far;

    if (lx_arena_get(c->arena, n, sizeof(*near), &near, "receptive field", err) ||
        lx_arena_get(c->arena, n, sizeof(*far), &far, "receptive field", err) ||
        last_nll(r, c, r->cut, near, err) || last_nll(r, c, c->T, far, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        add(&full, far[i]);
        add(&cut, near[i]);
        add(&gain, near[i] - far[i]);
    }
    if (!isfinite(gain.sum))
        return add_broken(c, "context_gain", err);
    if (add_row(c, "nll_last", &full, 0, err) || add_row(c, "nll_last_cut", &cut, 0, err))
        return err->code;
    return add_row(c, "context_gain", &gain, 0, err);
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct receptive *r = self;
    enum lx_code code = measure_field(r, c, err);

    if (code == LX_OK && r->control_windows > 0 && c->T > r->cut)
        code = measure_control(r, c, err);
    return code;
}

static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    const struct receptive *r = self;
    struct lx_arena count = {.measure = true};
    struct pass p;
    struct field f;
    struct lx_err err;
    bool control = r->control_windows > 0 && T > r->cut;

    if (take_pass(&p, m, c, T, true, &count, &err) || take_field(&f, m, T, &count, &err) ||
        (control && (take_pass(&p, m, c, r->cut, false, &count, &err) ||
                     take_pass(&p, m, c, T, false, &count, &err))))
        return 0;
    return count.used + (control ? 2 * (size_t)r->control_windows * sizeof(double) : 0);
}

static enum lx_code check(void *self, const struct lx_model_config *m, int train_length,
                          struct lx_err *err)
{
    struct receptive *r = self;

    (void)m;
    (void)err;
    if (r->cut == 0)
        r->cut = train_length;
    return LX_OK;
}

static enum lx_code check_windows(const void *self, size_t starts, int longest, struct lx_err *err)
{
    const struct receptive *r = self;

    return lx_analysis_enough(r->windows > r->control_windows ? r->windows : r->control_windows,
                              starts, longest, err);
}

const struct lx_analysis lx_analysis_receptive_field = {
    .name = "receptive_field",
    .title = "Empirical receptive field",
    .cite = "Chi et al. 2023, arXiv:2212.10356",
    .help =
        "how many of the most recent tokens hold 99% of the gradient of the last prediction, and "
        "whether those before the training length help it",
    .metrics = metrics,
    .gradients = true,
    .state_size = sizeof(struct receptive),
    .options = options,
    .check = check,
    .check_windows = check_windows,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
