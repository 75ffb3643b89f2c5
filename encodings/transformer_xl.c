/* Transformer-XL: sinusoids of the distance, projected, meet the query; two learned vectors stand in for a
 * query that does not know where it is.
 *
 * Formula: r_d = [sin(d w_c), cos(d w_c)], c < D/2, w_c = base^(-2c/D), D = d_model; R_d = r r_d;
 * bias of (i, j) = (u_h . k_j + (q_i + v_h) . R_d of head h) / sqrt(head_dim), d = i - j, at most clamp
 * where that is set; q and k before any rotation.
 * Source: Dai et al. 2019, arXiv:1901.02860, s. 3.3, and its code. r: (layers, D, D), its rows one head
 * after the other, weight decay; u, v: (H, head_dim), one pair for all layers, or (layers, H, head_dim)
 * with untie.
 * Without a causal mask d is negative for keys after the query.
 * Past the training length: sinusoids of distances never trained, or with clamp all of those one.
 * Options: clamp (0: none; L is sensible), base, untie.
 * First values: N(0, 0.02^2).
 * Differences from the paper: no recurrence over segments. */
#include <math.h>

#include "encodings/arrays.h"
#include "kernels/simd.h"

struct transformer_xl {
    int clamp;
    double base;
    bool untie;
    struct lx_enc_dims dims;
    struct lx_param *r, *u, *v;
    int sides, span; /* 1, or 2 with negative distances; sides max_length    */
    int rows;        /* sinusoids that the table holds of each side             */
    real *sinusoid;  /* (sides, max_length, D)                                  */
    real *projected; /* (layers, sides, max_length, D): R_d of the last prepare */
};

static const struct lx_option options[] = {
    {.key = "clamp",
     .type = LX_OPT_INT,
     .offset = offsetof(struct transformer_xl, clamp),
     .min = 0,
     .max = 1e9,
     .help = "longest distance, further ones count as it, tokens; 0: none"},
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct transformer_xl, base),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .help = "base of the wavelengths, 2 pi .. 2 pi base tokens",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "untie",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct transformer_xl, untie),
     .help = "every layer has a u and v of its own"},
    {.type = LX_OPT_END},
};

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        w[i] = (real)(0.02 * lx_rng_normal(rng));
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct transformer_xl *s = self;
    struct lx_param_spec r = {.name = "encoding.transformer_xl.r",
                              .n_dims = 2,
                              .dim = {dims->d_model, dims->d_model},
                              .fill = fill,
                              .decay = true};
    struct lx_param_spec u = {.name = "encoding.transformer_xl.u",
                              .n_dims = 2,
                              .dim = {dims->heads, dims->head_dim},
                              .fill = fill};
    struct lx_param_spec v = u;
    size_t n;

    s->dims = *dims;
    s->sides = dims->both ? 2 : 1;
    s->span = s->sides * dims->max_length;
    n = (size_t)s->span * (size_t)dims->d_model;
    v.name = "encoding.transformer_xl.v";
    if (dims->d_model % 2 != 0)
        return lx_fail(err, LX_ECONFIG, "needs an even d_model, got %d", dims->d_model);
    if (lx_enc_array(params, dims, false, r, &s->r, err) ||
        lx_enc_array(params, dims, !s->untie, u, &s->u, err) ||
        lx_enc_array(params, dims, !s->untie, v, &s->v, err) ||
        lx_arena_get(arena, n, sizeof(real), &s->sinusoid, "sinusoids", err) ||
        lx_arena_get(arena, (size_t)dims->layers * n, sizeof(real), &s->projected,
                     "projected sinusoids", err))
        return err->code;
    return LX_OK;
}

static void prepare(void *self, int T, int reach)
{
    struct transformer_xl *s = self;
    size_t D = (size_t)s->dims.d_model, half = D / 2, L = (size_t)s->dims.max_length;
    size_t most = (size_t)s->dims.layers * (size_t)s->sides;
    int rows = s->clamp > 0 && s->clamp < reach ? s->clamp + 1 : reach;

    (void)T;
    for (; s->rows < rows; s->rows++)
        for (size_t c = 0; c < half; c++) {
            double angle = s->rows * pow(s->base, -2.0 * (double)c / (double)D);

            for (size_t side = 0; side < (size_t)s->sides; side++) {
                real *to = s->sinusoid + (side * L + (size_t)s->rows) * D;

                to[c] = (real)(side == 0 ? sin(angle) : -sin(angle));
                to[half + c] = (real)cos(angle);
            }
        }
    for (size_t at = 0; at < most; at++) {
        size_t layer = at / (size_t)s->sides, side = at % (size_t)s->sides;

        for (size_t d = 0; d < (size_t)rows; d++)
            for (size_t k = 0; k < D; k++)
                s->projected[(at * L + d) * D + k] = lx_simd()->dot(
                    D, s->r->w + (layer * D + k) * D, s->sinusoid + (side * L + d) * D);
    }
}

/* Row of the tables for key j of query i. */
static int distance(const struct transformer_xl *s, const struct lx_enc_call *c, int i, int j)
{
    double d = fabs(c->pos != NULL ? c->pos[i] - c->pos[j] : i - j);

    return (s->clamp > 0 && d > s->clamp ? s->clamp : (int)d) + (j > i ? s->dims.max_length : 0);
}

/* R_d of head h in a layer. */
static const real *projected(const struct transformer_xl *s, int layer, int d, int h)
{
    size_t row = (size_t)layer * (size_t)s->span + (size_t)d;

    return s->projected + row * (size_t)s->dims.d_model + (size_t)(h * s->dims.head_dim);
}

/* u or v of head h in a layer. */
static const real *vector(const struct transformer_xl *s, const struct lx_param *p, int layer,
                          int h)
{
    return p->w + lx_enc_array_at(p, &s->dims, !s->untie, layer) + (size_t)(h * s->dims.head_dim);
}

static void bias(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct transformer_xl *s = self;
    int n = s->dims.head_dim;
    double unit = 1 / sqrt(n);

    for (int h = 0; h < s->dims.heads; h++) {
        const real *u = vector(s, s->u, c->layer, h), *v = vector(s, s->v, c->layer, h);
        const real *q = r->q + h * n;
        real *out = r->bias + (size_t)h * r->stride;

        for (int j = 0; j < r->n; j++) {
            const real *k = r->k + (size_t)j * r->key_stride + h * n;
            const real *R = projected(s, c->layer, distance(s, c, r->i, j), h);
            double sum = 0;

            for (int m = 0; m < n; m++)
                sum += (double)(u[m] * k[m] + (q[m] + v[m]) * R[m]);
            out[j] += (real)(unit * sum);
        }
    }
}

/* Sums of a head: the gradient by its part of R_d for every d, then by u, then by v. */
static size_t n_sums(const void *self, int T)
{
    const struct transformer_xl *s = self;

    (void)T;
    return (size_t)(s->span + 2) * (size_t)s->dims.head_dim;
}

static void bias_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct transformer_xl *s = self;
    int n = s->dims.head_dim;
    double unit = 1 / sqrt(n);

    for (int h = 0; h < s->dims.heads; h++) {
        const real *u = vector(s, s->u, c->layer, h), *v = vector(s, s->v, c->layer, h);
        const real *q = r->q + h * n, *dbias = r->dbias + (size_t)h * r->stride;
        double *dR = r->sums + (size_t)h * n_sums(s, c->T);
        double *du = dR + (size_t)s->span * (size_t)n, *dv = du + n;
        real *dq = r->dq + h * n;

        for (int j = 0; j < r->n; j++) {
            int d = distance(s, c, r->i, j);
            const real *k = r->k + (size_t)j * r->key_stride + h * n;
            const real *R = projected(s, c->layer, d, h);
            real *dk = r->dk + (size_t)j * r->key_stride + h * n;
            double g = unit * (double)dbias[j], *own = dR + (size_t)d * (size_t)n;

            for (int m = 0; m < n; m++) {
                du[m] += g * (double)k[m];
                dv[m] += g * (double)R[m];
                own[m] += g * (double)(q[m] + v[m]);
                dk[m] += (real)(g * (double)u[m]);
                dq[m] += (real)(g * (double)R[m]);
            }
        }
    }
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct transformer_xl *s = self;
    size_t n = (size_t)s->dims.head_dim, D = (size_t)s->dims.d_model, each = n_sums(s, c->T);
    size_t at = lx_enc_array_at(s->u, &s->dims, !s->untie, c->layer);

    for (size_t h = 0; h < (size_t)s->dims.heads; h++) {
        const double *own = sums + h * each, *du = own + (size_t)s->span * n;

        for (size_t m = 0; m < n; m++) {
            s->u->g[at + h * n + m] += (real)du[m];
            s->v->g[at + h * n + m] += (real)du[n + m];
        }
        for (int row = 0; row < s->sides * s->rows; row++) {
            size_t d = (size_t)(row / s->rows * s->dims.max_length + row % s->rows);

            for (size_t m = 0; m < n; m++) {
                real *to = s->r->g + ((size_t)c->layer * D + h * n + m) * D;

                for (size_t k = 0; k < D; k++)
                    to[k] += (real)own[d * n + m] * s->sinusoid[d * D + k];
            }
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_transformer_xl;

const struct lx_encoding_ops lx_encoding_transformer_xl = {
    .name = "transformer_xl",
    .title = "Transformer-XL",
    .cite = "Dai et al. 2019, arXiv:1901.02860, s. 3.3",
    .formula = "bias = (u_h . k_j + (q_i + v_h) . (r sinusoid_d)) / sqrt(head_dim)",
    .beyond = "sinusoids of distances never trained, or one for all of them with clamp",
    .both = LX_BOTH_SIGNED,
    .state_size = sizeof(struct transformer_xl),
    .options = options,
    .init = init,
    .prepare = prepare,
    .reads_positions = true,
    .whole_positions = true,
    .bias = bias,
    .bias_back = bias_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
    .row_cost = {5500, 13700},
};
