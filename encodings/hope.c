/* HoPE, hyperbolic: pairs of channels meet by hyperbolic in place of circular functions, damped so that
 * their product falls with the distance.
 *
 * Formula: z = sum over pairs c of [(q1 k1 + q2 k2) cosh(d theta_c) - (q1 k2 + q2 k1) sinh(d theta_c)]
 * exp(-d damping_c) / sqrt(head_dim), theta_c = base^(-2c/head_dim), the pair (c, c + head_dim/2);
 * damping_c = damping for all pairs, or with each damping theta_c.
 * Source: Dai et al. 2025, arXiv:2509.05218. This is one reading: the paper asks for a damping above the
 * largest theta and gives neither its value nor the frequencies; with theta_0 = 1 every far term is then
 * exp(-0.1 d) or less, which makes content local, so each keeps slow pairs slow.
 * Past the training length: products fade further.
 * Options: base, damping, each. Not with schemes that rotate or move positions.
 * Computed as exp(d (theta - damping)) and exp(-d (theta + damping)), which cannot overflow. */
#include <math.h>

#include "encodings/encoding.h"

struct hope {
    double base, damping;
    bool each;
    struct lx_enc_dims dims;
    int rows;             /* distances that the tables hold */
    double *same, *cross; /* (max_length, head_dim/2): damped cosh and sinh, over sqrt(head_dim) */
};

static const struct lx_option options[] = {
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct hope, base),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .help = "base of the frequencies 1 .. 1/base",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "damping",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct hope, damping),
     .def = 1.1,
     .min = 1,
     .max = 1e6,
     .help = "rate at which products fall, a token; with each times the pair's frequency",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "each",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct hope, each),
     .help = "every pair falls at its own rate"},
    {.type = LX_OPT_END},
};

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct hope *s = self;
    size_t n = (size_t)dims->max_length * (size_t)dims->head_dim / 2;

    (void)params;
    s->dims = *dims;
    if (dims->head_dim % 2 != 0)
        return lx_fail(err, LX_ECONFIG, "needs an even head dimension, got %d", dims->head_dim);
    if (lx_arena_get(arena, n, sizeof(double), &s->same, "hope table", err) ||
        lx_arena_get(arena, n, sizeof(double), &s->cross, "hope table", err))
        return err->code;
    return LX_OK;
}

static void prepare(void *self, int T, int reach)
{
    struct hope *s = self;
    int pairs = s->dims.head_dim / 2;
    double unit = 1 / sqrt(s->dims.head_dim);

    (void)T;
    for (; s->rows < reach; s->rows++)
        for (int c = 0; c < pairs; c++) {
            double theta = pow(s->base, -2.0 * c / s->dims.head_dim);
            double damping = s->each ? s->damping * theta : s->damping;
            double up = exp(s->rows * (theta - damping)), down = exp(-s->rows * (theta + damping));

            s->same[s->rows * pairs + c] = unit * (up + down) / 2;
            s->cross[s->rows * pairs + c] = unit * (up - down) / 2;
        }
}

static size_t table_row(const struct hope *s, const struct lx_enc_call *c, int i, int j)
{
    int d = c->pos != NULL ? (int)(c->pos[i] - c->pos[j]) : i - j;

    return (size_t)d * (size_t)s->dims.head_dim / 2;
}

static void product(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r,
                    real *z)
{
    const struct hope *s = self;
    int n = s->dims.head_dim, pairs = n / 2;

    for (int j = 0; j < r->n; j++) {
        const double *same = s->same + table_row(s, c, r->i, j);
        const double *cross = s->cross + table_row(s, c, r->i, j);

        for (int h = 0; h < s->dims.heads; h++) {
            const real *q = r->q + h * n, *k = r->k + (size_t)j * r->key_stride + h * n;
            double sum = 0;

            for (int p = 0; p < pairs; p++)
                sum += (double)(q[p] * k[p] + q[p + pairs] * k[p + pairs]) * same[p] -
                       (double)(q[p] * k[p + pairs] + q[p + pairs] * k[p]) * cross[p];
            z[(size_t)h * r->stride + (size_t)j] = (real)sum;
        }
    }
}

static void product_back(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *r)
{
    const struct hope *s = self;
    int n = s->dims.head_dim, pairs = n / 2;

    for (int j = 0; j < r->n; j++) {
        const double *same = s->same + table_row(s, c, r->i, j);
        const double *cross = s->cross + table_row(s, c, r->i, j);

        for (int h = 0; h < s->dims.heads; h++) {
            const real *q = r->q + h * n, *k = r->k + (size_t)j * r->key_stride + h * n;
            real *dq = r->dq + h * n, *dk = r->dk + (size_t)j * r->key_stride + h * n;
            double g = (double)r->dz[(size_t)h * r->stride + (size_t)j];

            for (int p = 0; p < pairs; p++) {
                real a = (real)(g * same[p]), b = (real)(g * cross[p]);

                dq[p] += a * k[p] - b * k[p + pairs];
                dq[p + pairs] += a * k[p + pairs] - b * k[p];
                dk[p] += a * q[p] - b * q[p + pairs];
                dk[p + pairs] += a * q[p + pairs] - b * q[p];
            }
        }
    }
}

extern const struct lx_encoding_ops lx_encoding_hope;

const struct lx_encoding_ops lx_encoding_hope = {
    .name = "hope",
    .title = "HoPE (hyperbolic)",
    .cite = "Dai et al. 2025, arXiv:2509.05218",
    .formula = "pairs meet by cosh(d theta), sinh(d theta) times exp(-d damping)",
    .beyond = "products fade further with the distance",
    .one_way = "it lets products fall with i - j, which grow without end for keys after the query",
    .state_size = sizeof(struct hope),
    .options = options,
    .init = init,
    .prepare = prepare,
    .reads_positions = true,
    .whole_positions = true,
    .unrotated = true,
    .product = product,
    .product_back = product_back,
};
