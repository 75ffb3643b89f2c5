/* The table of metrics; see metric_list.h. */
#include "core/metric_list.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INF ((double)INFINITY)
#define ABOVE(x) (x), INF, true
#define FROM(x) (x), INF, false
#define BETWEEN(a, b) (a), (b), false
#define ANY -INF, INF, false

#define EITHER LX_METRIC_EITHER
#define LESS LX_METRIC_LESS
#define MORE LX_METRIC_MORE
#define ONE LX_METRIC_OVERALL
#define CURVE (LX_METRIC_OVERALL | LX_METRIC_POSITIONS)
#define HEADS LX_METRIC_HEADS
#define EDGES (LX_METRIC_POSITIONS | LX_METRIC_MASKED)
#define TASK LX_METRIC_ANSWERS

static const struct lx_metric_info metrics[] = {
    {"nll", "nats", LESS, ABOVE(0), CURVE, "mean negative log-likelihood of the targets"},
    {"ppl", "", LESS, ABOVE(1), ONE, "perplexity, exp(nll)"},
    {"bits_per_byte", "bits", LESS, ABOVE(0), ONE, "code length of the text"},
    {"attention_entropy", "nats", EITHER, FROM(0), HEADS, "entropy of a query's attention"},
    {"attention_entropy_normalized", "", EITHER, BETWEEN(0, 1), HEADS, "the same over ln n"},
    {"attention_max_prob", "", EITHER, BETWEEN(0, 1), HEADS, "largest weight of a query"},
    {"nll_edge", "nats", LESS, ABOVE(0), EDGES, "the same by distance to the window's nearer end"},
    {"nll_floor", "nats", EITHER, FROM(0), ONE, "the generator's own cost of the targets"},
    {"nll_floor_context", "nats", EITHER, FROM(0), ONE, "the same, seeing the window alone"},
    {"nll_unigram", "nats", EITHER, FROM(0), ONE, "the targets by a table of training tokens"},
    {"nll_bigram", "nats", EITHER, FROM(0), ONE, "the same by a table of pairs"},
    {"nll_trigram", "nats", EITHER, FROM(0), ONE, "the same by a table of triples"},
    {"receptive_field", "tokens", EITHER, FROM(0), 0, "recent tokens that hold the gradient"},
    {"gradient_share", "", EITHER, BETWEEN(0, 1), 0, "gradient of the most recent tokens"},
    {"nll_last", "nats", LESS, FROM(0), 0, "NLL of a window's last target"},
    {"nll_last_cut", "nats", LESS, FROM(0), 0, "the same from the last tokens alone"},
    {"context_gain", "nats", EITHER, ANY, 0, "what the tokens before the cut are worth"},
    {"alignment_temperature", "", EITHER, ABOVE(0), 0, "temperature that aligns attention"},
    {"alignment_entropy_target", "nats", EITHER, FROM(0), 0, "entropy at the training length"},
    {"alignment_entropy_before", "nats", EITHER, FROM(0), 0, "entropy as trained"},
    {"alignment_entropy_after", "nats", EITHER, FROM(0), 0, "entropy at the temperature found"},
    {"alignment_max_prob_target", "", EITHER, BETWEEN(0, 1), 0, "weight at the training length"},
    {"alignment_max_prob_before", "", EITHER, BETWEEN(0, 1), 0, "largest weight as trained"},
    {"alignment_max_prob_after", "", EITHER, BETWEEN(0, 1), 0, "weight at the temperature found"},
    {"attention_variance", "", EITHER, FROM(0), 0, "variance of the attention output"},
    {"attention_variance_slope", "", EITHER, ANY, 0, "slope of ln variance by ln position"},
    {"attention_variance_rank", "", EITHER, BETWEEN(-1, 1), 0, "Spearman's rank correlation"},
    {"attention_variance_initial", "", EITHER, FROM(0), 0, "the same with the first weights"},
    {"attention_variance_slope_initial", "", EITHER, ANY, 0, "the same with the first weights"},
    {"attention_variance_rank_initial", "", EITHER, BETWEEN(-1, 1), 0, "with the first weights"},
    {"position_r2", "", EITHER, BETWEEN(-INF, 1), 0, "R^2 of the position, read linearly"},
    {"position_error", "tokens", EITHER, FROM(0), 0, "mean absolute error of the same"},
    {"position_r2_initial", "", EITHER, BETWEEN(-INF, 1), 0, "the same with the first weights"},
    {"position_error_initial", "tokens", EITHER, FROM(0), 0, "the same with the first weights"},
    {"retrieval_accuracy", "", MORE, BETWEEN(0, 1), 0, "share of right answers"},
    {"retrieval_nll", "nats", LESS, FROM(0), 0, "mean NLL of the answer's tokens"},
    {"retrieval_temperature", "", EITHER, ABOVE(0), 0, "temperature the prompts were asked at"},
    {"exact_match", "", MORE, BETWEEN(0, 1), TASK, "share of examples with every target right"},
    {"token_accuracy", "", MORE, BETWEEN(0, 1), TASK, "share of right answer tokens, no end"},
    {"end_accuracy", "", MORE, BETWEEN(0, 1), TASK, "share of answers that end where they should"},
    {"answer_nll", "nats", LESS, FROM(0), TASK, "mean NLL of the scored targets"},
    {"exact_match_chance", "", EITHER, BETWEEN(0, 1), TASK, "of the best constant answer"},
    {"token_accuracy_chance", "", EITHER, BETWEEN(0, 1), TASK, "of the best constant answer"},
    {"nll_chance", "nats", EITHER, FROM(0), TASK, "by frequency at each place of the answer"},
    {"accuracy_by_place", "", MORE, BETWEEN(0, 1), TASK, "token accuracy by place in the answer"},
    {"accuracy_by_reach", "", MORE, BETWEEN(0, 1), TASK, "by tokens back to what it depends on"},
    {"usage_trained_count", "", EITHER, FROM(0), 0, "reads of a learned row in training"},
    {"usage_untrained_share", "", EITHER, BETWEEN(0, 1), 0, "reads of rows never trained"},
    {"usage_rare_share", "", EITHER, BETWEEN(0, 1), 0, "reads of rows rarely trained"},
    {"usage_untrained_attention", "", EITHER, BETWEEN(0, 1), 0, "attention on rows never trained"},
    {"usage_rare_attention", "", EITHER, BETWEEN(0, 1), 0, "attention on rows rarely trained"},
};
enum { N_METRICS = sizeof(metrics) / sizeof(metrics[0]) };

int lx_metric_count(void)
{
    return N_METRICS;
}

const struct lx_metric_info *lx_metric_at(int i)
{
    return &metrics[i];
}

const struct lx_metric_info *lx_metric_find(const char *name)
{
    for (int i = 0; i < N_METRICS; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

bool lx_metric_evaluated(const char *name)
{
    const struct lx_metric_info *m = lx_metric_find(name);

    return m != NULL && m->rows != 0;
}

bool lx_metric_possible(const char *name, double value)
{
    const struct lx_metric_info *m = lx_metric_find(name);
    const double slack = 1e-6; /* sums of weights are 1 but for rounding */

    if (!isfinite(value))
        return false;
    if (m == NULL)
        return true;
    if (m->open_min ? value <= m->min : value < m->min - slack)
        return false;
    return value <= m->max + slack;
}

void lx_metric_bounds(const struct lx_metric_info *m, char *out, size_t size)
{
    if (isfinite(m->min) && isfinite(m->max))
        (void)snprintf(out, size, "from %g to %g", m->min, m->max);
    else if (isfinite(m->min))
        (void)snprintf(out, size, "%s %g", m->open_min ? "above" : "at least", m->min);
    else if (isfinite(m->max))
        (void)snprintf(out, size, "at most %g", m->max);
    else
        (void)snprintf(out, size, "a number");
}
