/* A learned sink: one more logit of every row, whose weight goes to no key.
 *
 * Formula: weight[i][j] = exp(logit[i][j]) / (exp(sink[h]) + sum over keys of exp(logit[i][k])).
 * Source: gpt-oss (model code, 2025), after the observation of Xiao et al. 2023, arXiv:2309.17453,
 * that softmax attention parks weight on the first keys; Miller 2023 ("softmax1", a web post) is the
 * case of a logit fixed at 0.
 * Past the training length: the sink is one logit against ever more keys, so its share falls as they
 * become more. Says nothing of order: stack it on a scheme that does.
 * Options: none. The array (layers, heads) begins at 0, no weight decay.
 * Differences from the source: none; the logit is compared with those after the temperature. Entropy and
 * max-probability are those of the weights on keys as they are, which sum to less than 1. */
#include "encodings/encoding.h"

struct sink {
    int heads;
    struct lx_param *logit; /* (layers, heads) */
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct sink *s = self;
    struct lx_param_spec spec = {
        .name = "encoding.sink.logit", .n_dims = 2, .dim = {dims->layers, dims->heads}};

    (void)arena;
    s->heads = dims->heads;
    return lx_paramset_add(params, &spec, &s->logit, err);
}

static void sink(const void *self, const struct lx_enc_call *c, real *logit)
{
    const struct sink *s = self;

    for (int h = 0; h < s->heads; h++)
        logit[h] += s->logit->w[c->layer * s->heads + h];
}

static void sink_back(void *self, const struct lx_enc_call *c, const real *ds)
{
    struct sink *s = self;

    for (int h = 0; h < s->heads; h++)
        s->logit->g[c->layer * s->heads + h] += ds[h];
}

extern const struct lx_encoding_ops lx_encoding_sink;

const struct lx_encoding_ops lx_encoding_sink = {
    .name = "sink",
    .title = "sink",
    .cite = "gpt-oss, model code 2025; Xiao et al. 2023, arXiv:2309.17453",
    .formula = "weight[i][j] = exp(logit[i][j]) / (exp(sink[h]) + sum_k exp(logit[i][k]))",
    .beyond = "one logit against ever more keys: its share falls",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct sink),
    .init = init,
    .sink = sink,
    .sink_back = sink_back,
};
