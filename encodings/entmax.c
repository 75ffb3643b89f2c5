/* Entmax: a normaliser that gives far keys no weight at all.
 *
 * Formula: A[i][j] = max(0, (alpha - 1) logit[i][j] - theta)^(1/(alpha - 1)), theta such that they sum
 * to 1; alpha towards 1 is the softmax, 2 the sparsemax.
 * Source: Peters et al. 2019, arXiv:1905.05702. Says nothing of order: stack it on a scheme that does.
 * Past the training length: weights do not spread over more keys than the logits ask for.
 * Options: alpha.
 * Theta is found by Newton's method from the left: what it solves is convex and falls, so no step
 * overshoots.
 * Differences from the paper: none. */
#include <math.h>

#include "encodings/encoding.h"

#define STEPS 200

struct entmax {
    double alpha;
    int heads;
};

static const struct lx_option options[] = {
    {.key = "alpha",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct entmax, alpha),
     .def = 1.5,
     .min = 1,
     .max = 2,
     .help = "towards 1 the softmax, 2 the sparsemax",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct entmax *s = self;

    (void)arena;
    (void)params;
    (void)err;
    s->heads = dims->heads;
    return LX_OK;
}

/* Theta of n logits, the largest of them `most`. */
static double threshold(const struct entmax *s, const real *logit, int n, double most)
{
    double unit = s->alpha - 1, power = 1 / unit, theta = unit * most - 1;

    for (int step = 0; step < STEPS; step++) {
        double sum = -1, slope = 0, move;

        for (int j = 0; j < n; j++) {
            double over = unit * (double)logit[j] - theta;

            if (over > 0) {
                double p = pow(over, power - 1);

                slope += power * p;
                sum += p * over;
            }
        }
        move = sum / slope;
        theta += move;
        if (!(move > 1e-16 * (1 + fabs(theta))))
            break;
    }
    return theta;
}

static void normalise(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct entmax *s = self;
    double unit = s->alpha - 1;

    (void)c;
    for (int h = 0; h < s->heads; h++) {
        const real *logit = r->logit + (size_t)h * r->stride;
        real *p = r->p + (size_t)h * r->stride;
        double most = -HUGE_VAL, theta, sum = 0;

        for (int j = 0; j < r->n; j++)
            most = fmax(most, (double)logit[j]);
        theta = threshold(s, logit, r->n, most);
        for (int j = 0; j < r->n; j++) {
            double over = unit * (double)logit[j] - theta, own = over > 0 ? pow(over, 1 / unit) : 0;

            p[j] = (real)own;
            sum += own;
        }
        for (int j = 0; j < r->n; j++)
            p[j] = (real)((double)p[j] / sum);
    }
}

/* With s_j = A_j^(2 - alpha): dlogit = s (dA - sum s dA / sum s). */
static void normalise_back(const void *self, const struct lx_enc_call *c,
                           const struct lx_enc_row *r)
{
    const struct entmax *s = self;

    (void)c;
    for (int h = 0; h < s->heads; h++) {
        const real *p = r->p + (size_t)h * r->stride, *dp = r->dp + (size_t)h * r->stride;
        real *dlogit = r->dlogit + (size_t)h * r->stride;
        double weight = 0, sum = 0;

        for (int j = 0; j < r->n; j++)
            if (p[j] > 0) {
                double own = pow((double)p[j], 2 - s->alpha);

                weight += own;
                sum += own * (double)dp[j];
            }
        for (int j = 0; j < r->n; j++)
            dlogit[j] =
                p[j] > 0 ? (real)(pow((double)p[j], 2 - s->alpha) * ((double)dp[j] - sum / weight))
                         : 0;
    }
}

extern const struct lx_encoding_ops lx_encoding_entmax;

const struct lx_encoding_ops lx_encoding_entmax = {
    .name = "entmax",
    .title = "entmax",
    .cite = "Peters et al. 2019, arXiv:1905.05702",
    .formula =
        "A = max(0, (alpha - 1) logit - theta)^(1/(alpha - 1)), theta such that it sums to 1",
    .beyond = "weights do not spread over more keys than the logits ask for",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct entmax),
    .options = options,
    .init = init,
    .kinks = true,
    .normalise = normalise,
    .normalise_back = normalise_back,
    .row_cost = {10000, 20000},
};
