/* Dynamic position bias: a small network maps the distance to a bias for every head.
 *
 * Formula: x = d, or ln(1 + d) with log; h = silu(w_in x + b_in); then depth - 1 times
 * h = silu(w_mid h + b_mid); dist[.][d] = w_out h + b_out. silu(a) = a / (1 + exp(-a)).
 * Source: Wang et al. 2021, arXiv:2108.00154, s. 3.3 (CrossFormer), in the form of x-transformers. W is
 * the width; w_in, b_in (W), w_mid (depth-1, W, W), b_mid (depth-1, W), w_out (H, W), b_out (H) are one
 * set for all layers unless shared is false; weight decay on the three w.
 * Past the training length: a network asked outside its range; silu makes it about linear in x there.
 * Options: width (0: d_model / 4), depth, log, shared.
 * First values: uniform in (-1/sqrt(n), 1/sqrt(n)) for n inputs.
 * Differences from the paper: it has two-dimensional offsets of images, layer norms and ReLU. */
#include <math.h>
#include <string.h>

#include "encodings/arrays.h"

#define MOST_LAYERS 4

struct mlp_bias {
    int width, depth;
    bool log, shared;
    struct lx_enc_dims dims;
    int W;                                                        /* width, or what 0 means */
    int one;                                                      /* inputs of the first layer */
    struct lx_param *w_in, *b_in, *w_mid, *b_mid, *w_out, *b_out; /* *_mid NULL at depth 1 */
    double *hidden; /* (2 depth + 2, W) for one distance */
    double *table;  /* (1 or layers, H, max_length), as of the last prepare */
};

static const struct lx_option options[] = {
    {.key = "width",
     .type = LX_OPT_INT,
     .offset = offsetof(struct mlp_bias, width),
     .min = 0,
     .max = 4096,
     .help = "hidden units of a layer; 0: a fourth of d_model"},
    {.key = "depth",
     .type = LX_OPT_INT,
     .offset = offsetof(struct mlp_bias, depth),
     .def = 2,
     .min = 1,
     .max = MOST_LAYERS,
     .help = "hidden layers"},
    {.key = "log",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct mlp_bias, log),
     .help = "the network sees ln(1 + d) in place of d"},
    LX_SHARED_OPTION(struct mlp_bias),
    {.type = LX_OPT_END},
};

static enum lx_code declare(struct mlp_bias *s, struct lx_paramset *params, struct lx_err *err)
{
    int W = s->W, H = s->dims.heads, mid = s->depth - 1;
    const struct {
        struct lx_param_spec spec;
        struct lx_param **out;
    } all[] = {
        {{.name = "encoding.mlp_bias.w_in",
          .n_dims = 1,
          .dim = {W},
          .self = &s->one,
          .decay = true},
         &s->w_in},
        {{.name = "encoding.mlp_bias.b_in", .n_dims = 1, .dim = {W}, .self = &s->one}, &s->b_in},
        {{.name = "encoding.mlp_bias.w_mid",
          .n_dims = 3,
          .dim = {mid, W, W},
          .self = &s->W,
          .decay = true},
         &s->w_mid},
        {{.name = "encoding.mlp_bias.b_mid", .n_dims = 2, .dim = {mid, W}, .self = &s->W},
         &s->b_mid},
        {{.name = "encoding.mlp_bias.w_out",
          .n_dims = 2,
          .dim = {H, W},
          .self = &s->W,
          .decay = true},
         &s->w_out},
        {{.name = "encoding.mlp_bias.b_out", .n_dims = 1, .dim = {H}, .self = &s->W}, &s->b_out},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct lx_param_spec spec = all[i].spec;

        spec.fill = lx_enc_fill_linear;
        if (spec.dim[0] == 0)
            continue;
        if (lx_enc_array(params, &s->dims, s->shared, spec, all[i].out, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct mlp_bias *s = self;
    size_t tables = s->shared ? 1 : (size_t)dims->layers;

    s->dims = *dims;
    s->W = s->width > 0 ? s->width : dims->d_model / 4 > 0 ? dims->d_model / 4 : 1;
    s->one = 1;
    if (declare(s, params, err) ||
        lx_arena_get(arena, (size_t)(2 * s->depth + 2) * (size_t)s->W, sizeof(double), &s->hidden,
                     "mlp_bias layers", err) ||
        lx_arena_get(arena, tables * (size_t)dims->heads * (size_t)dims->max_length, sizeof(double),
                     &s->table, "mlp_bias table", err))
        return err->code;
    return LX_OK;
}

/* The arrays of one layer of the model. */
struct net {
    const real *w_in, *b_in, *w_mid, *b_mid, *w_out, *b_out;
};

static const real *values(const struct mlp_bias *s, const struct lx_param *p, int layer)
{
    return p == NULL ? NULL : p->w + lx_enc_array_at(p, &s->dims, s->shared, layer);
}

static struct net net_of(const struct mlp_bias *s, int layer)
{
    return (struct net){values(s, s->w_in, layer),  values(s, s->b_in, layer),
                        values(s, s->w_mid, layer), values(s, s->b_mid, layer),
                        values(s, s->w_out, layer), values(s, s->b_out, layer)};
}

static double input(const struct mlp_bias *s, int d)
{
    return s->log ? log1p(d) : d;
}

static double silu(double a)
{
    return a / (1 + exp(-a));
}

static double silu_slope(double a)
{
    double p = 1 / (1 + exp(-a));

    return p * (1 + a * (1 - p));
}

/* Row l of hidden gets the values before silu of layer l, row depth + l those after it. */
static void forward(const struct mlp_bias *s, const struct net *n, int d)
{
    int W = s->W;

    for (int l = 0; l < s->depth; l++) {
        double *before = s->hidden + l * W, *after = s->hidden + (s->depth + l) * W;
        const double *in = l > 0 ? after - W : NULL;

        for (int w = 0; w < W; w++) {
            double sum;

            if (l == 0) {
                sum = (double)n->b_in[w] + (double)n->w_in[w] * input(s, d);
            } else {
                const real *row = n->w_mid + ((l - 1) * W + w) * W;

                sum = (double)n->b_mid[(l - 1) * W + w];
                for (int u = 0; u < W; u++)
                    sum += (double)row[u] * in[u];
            }
            before[w] = sum;
            after[w] = silu(sum);
        }
    }
}

static void prepare(void *self, int T, int reach)
{
    struct mlp_bias *s = self;
    int tables = s->shared ? 1 : s->dims.layers, H = s->dims.heads;

    (void)T;
    for (int layer = 0; layer < tables; layer++) {
        struct net n = net_of(s, layer);
        double *table = s->table + (size_t)(layer * H) * (size_t)s->dims.max_length;

        for (int d = 0; d < reach; d++) {
            const double *last = s->hidden + (2 * s->depth - 1) * s->W;

            forward(s, &n, d);
            for (int h = 0; h < H; h++) {
                double sum = (double)n.b_out[h];

                for (int w = 0; w < s->W; w++)
                    sum += (double)n.w_out[h * s->W + w] * last[w];
                table[(size_t)h * (size_t)s->dims.max_length + (size_t)d] = sum;
            }
        }
    }
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct mlp_bias *s = self;
    size_t T = (size_t)c->T, H = (size_t)s->dims.heads, L = (size_t)s->dims.max_length;
    const double *from = s->table + (s->shared ? 0 : (size_t)c->layer) * H * L;

    for (size_t h = 0; h < H; h++)
        for (size_t d = 0; d < T; d++)
            table[h * T + d] += (real)from[h * L + d];
}

static real *gradients(const struct mlp_bias *s, struct lx_param *p, int layer)
{
    return p->g + lx_enc_array_at(p, &s->dims, s->shared, layer);
}

/* Gradient by layer l's values before silu, in `by`, goes to its weights and, in `below`, to what it
 * read. */
static void layer_back(struct mlp_bias *s, const struct net *n, int layer, int l, int d,
                       const double *by, double *below)
{
    int W = s->W;
    const double *in = s->hidden + (s->depth + l - 1) * W;

    if (l == 0) {
        for (int w = 0; w < W; w++) {
            gradients(s, s->b_in, layer)[w] += (real)by[w];
            gradients(s, s->w_in, layer)[w] += (real)(by[w] * input(s, d));
        }
        return;
    }
    memset(below, 0, (size_t)W * sizeof(*below));
    for (int w = 0; w < W; w++) {
        size_t at = (size_t)(((l - 1) * W + w) * W);
        real *g = gradients(s, s->w_mid, layer) + at;

        gradients(s, s->b_mid, layer)[(l - 1) * W + w] += (real)by[w];
        for (int u = 0; u < W; u++) {
            g[u] += (real)(by[w] * in[u]);
            below[u] += by[w] * (double)n->w_mid[at + (size_t)u];
        }
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct mlp_bias *s = self;
    struct net n = net_of(s, c->layer);
    int W = s->W, H = s->dims.heads;
    double *by = s->hidden + 2 * s->depth * W, *below = by + W;
    const double *last = by - W;

    for (int d = 0; d < c->T; d++) {
        forward(s, &n, d);
        memset(below, 0, (size_t)W * sizeof(*below));
        for (int h = 0; h < H; h++) {
            double g = (double)dtable[h * c->T + d];

            gradients(s, s->b_out, c->layer)[h] += (real)g;
            for (int w = 0; w < W; w++) {
                gradients(s, s->w_out, c->layer)[h * W + w] += (real)(g * last[w]);
                below[w] += g * (double)n.w_out[h * W + w];
            }
        }
        for (int l = s->depth - 1; l >= 0; l--) {
            for (int w = 0; w < W; w++)
                by[w] = below[w] * silu_slope(s->hidden[l * W + w]);
            layer_back(s, &n, c->layer, l, d, by, below);
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_mlp_bias;

const struct lx_encoding_ops lx_encoding_mlp_bias = {
    .name = "mlp_bias",
    .title = "dynamic position bias",
    .cite = "Wang et al. 2021, arXiv:2108.00154, s. 3.3",
    .formula = "dist[.][d] = w_out silu(w_mid silu(w_in d + b_in) + b_mid) + b_out",
    .beyond = "a network asked outside its range: about linear in its input there",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct mlp_bias),
    .options = options,
    .init = init,
    .prepare = prepare,
    .dist = dist,
    .dist_back = dist_back,
};
