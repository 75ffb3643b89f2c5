/* Attention alignment: the trained model read at temperatures under which its attention in long windows
 * is as spread as in those of the training length, and what that does to its perplexity.
 *
 * Chi, Fan, Rudnicky 2024, arXiv:2311.00684, who align the encoder of T5: see align.h for the search and
 * for how a causal decoder differs. Temperatures are calibrated on windows of the training split, once for
 * each length, and the evaluated split is then scored with them: rows of the perplexity and of
 * attention under `stack+align-STRATEGY`, at the training length too, where the temperature is 1 by
 * definition and every number that of the stack itself. Weights are never touched.
 *
 * A model, layer or head that no temperature of the range aligns (attention that is uniform whatever
 * the temperature; a window that holds fewer keys than the target needs) stays at 1, and its
 * temperature has the status not_applicable; if that is so everywhere, the evaluation has it too. */
#include <math.h>
#include <string.h>

#include "analysis/align.h"

static const struct lx_option options[] = {
    {"strategy", LX_OPT_CHOICE, offsetof(struct lx_align_config, strategy), LX_ALIGN_ENTROPY, 0, 0,
     "entropy|max_prob", "what is to be as in the training length: mean entropy or largest weight",
     0},
    LX_ALIGN_OPTIONS("", 0),
    {.type = LX_OPT_END},
};

/* By strategy: before alignment, after, and at the training length. */
static const char *const metrics[] = {"alignment_temperature",     "alignment_entropy_before",
                                      "alignment_entropy_after",   "alignment_entropy_target",
                                      "alignment_max_prob_before", "alignment_max_prob_after",
                                      "alignment_max_prob_target", NULL};

static const char *suffix(const void *self)
{
    const struct lx_align_config *c = self;

    return lx_align_suffix(c->strategy, c->per);
}

static enum lx_code add_row(struct lx_analysis_call *c, const struct lx_align *a,
                            struct lx_metric r, double value, const char *status,
                            struct lx_err *err)
{
    int skipped = (int)(a->config->skip * c->T);

    r.windows = a->config->windows;
    r.tokens = r.windows * (skipped < c->T ? c->T - skipped : 1);
    r.status = isfinite(value) ? status : "diverged";
    r.value = strcmp(r.status, "ok") == 0 ? value : (double)NAN;
    return lx_metrics_add(c->out, &r, err);
}

/* Rows of the heads from .. to-1; `where` has their layer and head. */
static enum lx_code add_rows(struct lx_analysis_call *c, const struct lx_align *a, int from, int to,
                             const struct lx_metric *where, const char *status, struct lx_err *err)
{
    const struct lx_align_means *const means[] = {&a->before, &a->after, &a->target};
    struct lx_metric r = *where;

    r.metric = metrics[0];
    if (add_row(c, a, r, lx_align_overall(a->temperature + from, to - from), status, err))
        return err->code;
    for (int s = 0; s < LX_ALIGN_STRATEGIES; s++)
        for (int i = 0; i < 3; i++) {
            r.metric = metrics[1 + 3 * s + i];
            if (add_row(c, a, r, lx_align_mean(means[i], s, from, to), "ok", err))
                return err->code;
        }
    return LX_OK;
}

/* The whole, and each group if there are several. */
static enum lx_code report(struct lx_analysis_call *c, const struct lx_align *a, struct lx_err *err)
{
    const struct lx_align_config *config = a->config;
    int groups = lx_align_groups(config, &c->m->config), from, to;
    struct lx_metric r = lx_analysis_row(c, "");

    if (add_rows(c, a, 0, a->layers * a->heads, &r, lx_align_status(a, 0, groups), err))
        return err->code;
    for (int g = 0; g < groups && config->per != LX_ALIGN_MODEL; g++) {
        lx_align_group(config, &c->m->config, g, &from, &to);
        r.layer = from / a->heads;
        r.head = config->per == LX_ALIGN_HEAD ? from % a->heads : -1;
        if (add_rows(c, a, from, to, &r, lx_align_status(a, g, g + 1), err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code check(void *self, const struct lx_model_config *m, int train_length,
                          struct lx_err *err)
{
    struct lx_align_config *c = self;

    (void)m;
    (void)err;
    c->train_length = train_length;
    return LX_OK;
}

static double evaluation_flops(const struct lx_model_config *m, const struct lx_eval_config *c,
                               int T)
{
    return lx_eval_flops(m, c, T, NULL);
}

static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    return lx_align_flops(self, m, T) + evaluation_flops(m, c, T);
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct lx_align_config *config = self;
    const struct lx_model_config *m = &c->m->config;
    double share =
        1 - evaluation_flops(m, c->subject->eval, c->T) / flops(self, m, c->subject->eval, c->T);
    const real *own = c->m->temperature;
    struct lx_align_result found;
    enum lx_code code;

    if (lx_arena_get(c->arena, (size_t)m->layers * (size_t)m->heads, sizeof(*found.temperature),
                     &found.temperature, "alignment", err) ||
        lx_align_solve(config, c, 0, share, report, &found, err))
        return err->code;
    if (strcmp(found.status, "ok") != 0)
        return lx_evaluate_status(c->subject->eval, c->T, suffix(self), found.status, c->out, err);
    c->m->temperature = found.temperature;
    code = lx_analysis_evaluate(c, c->subject->eval, suffix(self), share, 1 - share, err);
    c->m->temperature = own;
    return code;
}

static bool train_split(const void *self)
{
    (void)self;
    return true;
}

static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    size_t evaluation = lx_eval_bytes(m, c, T), search = lx_align_bytes(self, m, c, T);

    return (search > evaluation ? search : evaluation) +
           (size_t)m->config.layers * (size_t)m->config.heads * sizeof(real);
}

static enum lx_code check_windows(const void *self, size_t starts, int longest, struct lx_err *err)
{
    const struct lx_align_config *c = self;

    return lx_analysis_enough(c->windows, starts, longest, err);
}

const struct lx_analysis lx_analysis_alignment = {
    .name = "alignment",
    .title = "Attention alignment",
    .cite = "Chi et al. 2024, arXiv:2311.00684 (there for encoders; here for decoders too)",
    .help = "the temperature at which attention in long windows is as spread as at the training "
            "length, and the perplexity at it",
    .metrics = metrics,
    .masked = true,
    .train_split = train_split,
    .state_size = sizeof(struct lx_align_config),
    .options = options,
    .suffix = suffix,
    .check = check,
    .check_windows = check_windows,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
