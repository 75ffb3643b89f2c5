/* DAPE: a small network over the heads reads content and biases of each key and corrects its logits.
 *
 * Formula: M[m][i][j], m < 2H: content of the H heads, then the summed biases of the H heads, 0 where a
 * key is hidden and right of the query;
 * Y[w][i][j] = leaky_relu(b1[w] + sum over m, k of w1[w][m][k] M[m][i][j + k - K/2]),
 * logit[h][i][j] += b2[h] + sum over w, k of w2[h][w][k] Y[w][i][j + k - K/2]; indices left of 0 read 0.
 * Source: Zheng et al. 2024, arXiv:2405.14722 (kernel K = 1) and arXiv:2410.04798 (DAPE V2, K = 3).
 * Past the training length: what the biases below it do, corrected by functions of values.
 * Options: width (hidden units), kernel (odd). Arrays, a set for each layer: w1 (width, 2H, K), b1, w2
 * (H, width, K), b2; first values U(-1, 1) / sqrt(inputs); weight decay on w1, w2.
 * Differences from the papers: with no bias in the stack the second half of M is 0, where the official
 * code takes the H maps of content alone; the code pads its last row, here every row is computed as if
 * the sequence went on. */
#include <string.h>

#include "encodings/arrays.h"

#define SLOPE ((real)0.01) /* of the leaky part */

enum { MOST_WIDTH = 512, MOST_INPUTS = 1024 };

struct dape {
    int width, kernel;
    struct lx_enc_dims dims;
    int inputs, taps; /* 2H kernel; width kernel */
    struct lx_param *w1, *b1, *w2, *b2;
};

static const struct lx_option options[] = {
    {.key = "width",
     .type = LX_OPT_INT,
     .offset = offsetof(struct dape, width),
     .def = 32,
     .min = 1,
     .max = MOST_WIDTH,
     .help = "hidden units of the network"},
    {.key = "kernel",
     .type = LX_OPT_INT,
     .offset = offsetof(struct dape, kernel),
     .def = 1,
     .min = 1,
     .max = 7,
     .help = "keys next to each other that it reads at once; odd"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct dape *s = self;
    int H = dims->heads;
    struct lx_param_spec w1 = {.name = "encoding.dape.w1",
                               .n_dims = 3,
                               .dim = {s->width, 2 * H, s->kernel},
                               .fill = lx_enc_fill_linear,
                               .self = &s->inputs,
                               .decay = true};
    struct lx_param_spec w2 = {.name = "encoding.dape.w2",
                               .n_dims = 3,
                               .dim = {H, s->width, s->kernel},
                               .fill = lx_enc_fill_linear,
                               .self = &s->taps,
                               .decay = true};
    struct lx_param_spec b1 = {.name = "encoding.dape.b1",
                               .n_dims = 1,
                               .dim = {s->width},
                               .fill = lx_enc_fill_linear,
                               .self = &s->inputs};
    struct lx_param_spec b2 = {.name = "encoding.dape.b2",
                               .n_dims = 1,
                               .dim = {H},
                               .fill = lx_enc_fill_linear,
                               .self = &s->taps};

    (void)arena;
    s->dims = *dims;
    s->inputs = 2 * H * s->kernel;
    s->taps = s->width * s->kernel;
    if (s->kernel % 2 == 0)
        return lx_fail(err, LX_ECONFIG, "kernel: must be odd, got %d", s->kernel);
    if (s->inputs > MOST_INPUTS)
        return lx_fail(err, LX_ECONFIG, "kernel: times 2 heads must be at most %d, got %d",
                       MOST_INPUTS, s->inputs);
    if (lx_enc_array(params, dims, false, w1, &s->w1, err) ||
        lx_enc_array(params, dims, false, b1, &s->b1, err) ||
        lx_enc_array(params, dims, false, w2, &s->w2, err))
        return err->code;
    return lx_enc_array(params, dims, false, b2, &s->b2, err);
}

/* The numbers of one layer. */
struct net {
    const real *w1, *b1, *w2, *b2;
};

static struct net net_of(const struct dape *s, int layer)
{
    return (struct net){s->w1->w + lx_enc_array_at(s->w1, &s->dims, false, layer),
                        s->b1->w + lx_enc_array_at(s->b1, &s->dims, false, layer),
                        s->w2->w + lx_enc_array_at(s->w2, &s->dims, false, layer),
                        s->b2->w + lx_enc_array_at(s->b2, &s->dims, false, layer)};
}

/* What the network reads around place j: (2H, kernel). */
static void gather(const struct dape *s, const struct lx_enc_row *row, int j, real *in)
{
    int H = s->dims.heads, K = s->kernel;

    for (int k = 0; k < K; k++) {
        int at = j + k - K / 2;
        bool there = at >= 0 && at < row->n && row->seen[at];

        for (int h = 0; h < H; h++) {
            size_t from = (size_t)h * row->stride + (size_t)(there ? at : 0);

            in[h * K + k] = there ? row->content[from] : 0;
            in[(H + h) * K + k] = there ? row->bias[from] : 0;
        }
    }
}

static void hidden(const struct dape *s, const struct net *n, const real *in, real *y)
{
    for (int w = 0; w < s->width; w++) {
        const real *row = n->w1 + w * s->inputs;
        real sum = n->b1[w];

        for (int m = 0; m < s->inputs; m++)
            sum += row[m] * in[m];
        y[w] = sum > 0 ? sum : SLOPE * sum;
    }
}

static void post(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row)
{
    const struct dape *s = self;
    struct net n = net_of(s, c->layer);
    int H = s->dims.heads, W = s->width, K = s->kernel;
    real in[MOST_INPUTS], y[MOST_WIDTH];

    for (int h = 0; h < H; h++)
        for (int j = 0; j < row->n; j++)
            row->logit[(size_t)h * row->stride + (size_t)j] += n.b2[h];
    for (int m = 0; m < row->n + K / 2; m++) {
        gather(s, row, m, in);
        hidden(s, &n, in, y);
        for (int k = 0; k < K; k++) {
            int j = m - k + K / 2;

            for (int h = 0; j >= 0 && j < row->n && h < H; h++) {
                const real *w2 = n.w2 + h * W * K + k;
                real sum = 0;

                for (int w = 0; w < W; w++)
                    sum += w2[w * K] * y[w];
                row->logit[(size_t)h * row->stride + (size_t)j] += sum;
            }
        }
    }
}

/* Where the sums of the arrays begin: w1, b1, w2, b2. */
struct grads {
    double *w1, *b1, *w2, *b2;
};

static struct grads grads_of(const struct dape *s, double *sums)
{
    struct grads g = {.w1 = sums};

    g.b1 = g.w1 + s->width * s->inputs;
    g.w2 = g.b1 + s->width;
    g.b2 = g.w2 + s->dims.heads * s->taps;
    return g;
}

/* From the logits that read Y at place m to dy (width). */
static void hidden_back(const struct dape *s, const struct net *n, const struct lx_enc_row *row,
                        int m, const real *y, real *dy, struct grads *g)
{
    int W = s->width, K = s->kernel;

    memset(dy, 0, (size_t)W * sizeof(*dy));
    for (int k = 0; k < K; k++) {
        int j = m - k + K / 2;

        for (int h = 0; j >= 0 && j < row->n && h < s->dims.heads; h++) {
            real d = row->dlogit[(size_t)h * row->stride + (size_t)j];

            for (int w = 0; w < W; w++) {
                int at = (h * W + w) * K + k;

                dy[w] += d * n->w2[at];
                g->w2[at] += (double)(d * y[w]);
            }
        }
    }
}

/* From dy through the first layer, to content and biases around place m. */
static void input_back(const struct dape *s, const struct net *n, const struct lx_enc_row *row,
                       int m, const real *in, const real *y, const real *dy, struct grads *g)
{
    int H = s->dims.heads, K = s->kernel;
    real din[MOST_INPUTS];

    memset(din, 0, (size_t)s->inputs * sizeof(*din));
    for (int w = 0; w < s->width; w++) {
        real d = y[w] > 0 ? dy[w] : SLOPE * dy[w];
        const real *w1 = n->w1 + w * s->inputs;
        double *to = g->w1 + w * s->inputs;

        g->b1[w] += (double)d;
        for (int i = 0; i < s->inputs; i++) {
            din[i] += d * w1[i];
            to[i] += (double)(d * in[i]);
        }
    }
    for (int k = 0; k < K; k++) {
        int at = m + k - K / 2;

        for (int h = 0; at >= 0 && at < row->n && row->seen[at] && h < H; h++) {
            row->dcontent[(size_t)h * row->stride + (size_t)at] += din[h * K + k];
            row->dbias[(size_t)h * row->stride + (size_t)at] += din[(H + h) * K + k];
        }
    }
}

static void post_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row)
{
    const struct dape *s = self;
    struct net n = net_of(s, c->layer);
    struct grads g = grads_of(s, row->sums);
    real in[MOST_INPUTS], y[MOST_WIDTH], dy[MOST_WIDTH];

    for (int h = 0; h < s->dims.heads; h++)
        for (int j = 0; j < row->n; j++)
            g.b2[h] += (double)row->dlogit[(size_t)h * row->stride + (size_t)j];
    for (int m = 0; m < row->n + s->kernel / 2; m++) {
        gather(s, row, m, in);
        hidden(s, &n, in, y);
        hidden_back(s, &n, row, m, y, dy, &g);
        input_back(s, &n, row, m, in, y, dy, &g);
    }
}

/* All arrays of a layer, shared out evenly among the heads. */
static size_t n_sums(const void *self, int T)
{
    const struct dape *s = self;
    int H = s->dims.heads, all = s->width * s->inputs + s->width + H * s->taps + H;

    (void)T;
    return (size_t)((all + H - 1) / H);
}

static void add(struct lx_param *p, const struct dape *s, int layer, const double *from)
{
    real *g = p->g + lx_enc_array_at(p, &s->dims, false, layer);

    for (size_t i = 0; i < p->n / (size_t)s->dims.layers; i++)
        g[i] += (real)from[i];
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct dape *s = self;
    struct grads g = grads_of(s, (double *)(uintptr_t)sums);

    add(s->w1, s, c->layer, g.w1);
    add(s->b1, s, c->layer, g.b1);
    add(s->w2, s, c->layer, g.w2);
    add(s->b2, s, c->layer, g.b2);
}

extern const struct lx_encoding_ops lx_encoding_dape;

const struct lx_encoding_ops lx_encoding_dape = {
    .name = "dape",
    .title = "DAPE",
    .cite = "Zheng et al. 2024, arXiv:2405.14722; arXiv:2410.04798",
    .formula = "logit[h][i][j] += mlp_h(content and biases of all heads at j, and next to it)",
    .beyond = "what the biases below it do, corrected by functions of values",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct dape),
    .options = options,
    .init = init,
    .kinks = true,
    .post = post,
    .post_back = post_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
    .row_cost = {8000, 18000},
};
