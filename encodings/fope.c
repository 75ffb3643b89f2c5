/* FoPE: every rotary pair turns by a fixed mix of frequencies, those too slow to train stand still.
 *
 * Formula: kept are the M frequencies theta_m = base^(-2m/head_dim) of at least 2 pi / L; O = min(M,
 * head_dim/4). For head h and position p
 *     C_o = sum_m cos[h][m][o] cos(p theta_m), S_o = sum_m sin[h][m][o] sin(p theta_m)    for o < O
 * and C_o = S_o = 1 for the other head_dim/2 - O pairs; the pair (o, o + head_dim/2) of a query or key
 * becomes (x C - y S, y C + x S). So the padded pairs turn by 45 degrees and grow by sqrt 2 at every
 * position. The products depend on i and j, not on i - j alone.
 * Source: Hua et al. 2024, arXiv:2412.17739; the mixing as its code. cos and sin, (layers, H, M, O), are
 * drawn at the start, kept in the checkpoint and never trained: Xavier normal with gain 0.3 over
 * (H, M, O), std = 0.3 sqrt(2 / ((H + M) O)), and 1 more at (o ceil(M/O), o).
 * Past the training length: every frequency has made a full turn in training; what is new is how the
 * mixed waves meet.
 * Options: base. A base, width and training length that keep no frequency at all are refused.
 * Differences from the paper: none known; its choice of frequencies and first values were read, not run. */
#include <math.h>

#include "encodings/arrays.h"

#define PI 3.14159265358979323846

struct fope {
    double base;
    struct lx_enc_dims dims;
    int M, O;                   /* frequencies kept, pairs that mix them */
    int rows;                   /* positions that the tables hold */
    real *cosine, *sine;        /* (max_length, M) */
    struct lx_param *cos, *sin; /* (layers, H, M, O), frozen */
};

static const struct lx_option options[] = {
    {.key = "base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct fope, base),
     .def = 10000,
     .min = 1,
     .max = 1e12,
     .help = "base of the wavelengths, 2 pi .. 2 pi base tokens",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

static double frequency(const struct fope *s, int m)
{
    return pow(s->base, -2.0 * m / s->dims.head_dim);
}

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct fope *s = self;
    size_t M = (size_t)s->M, O = (size_t)s->O, step = (M + O - 1) / O;
    double std = 0.3 * sqrt(2.0 / ((double)(s->dims.heads + s->M) * s->O));

    for (size_t i = 0; i < n; i++) {
        size_t m = i / O % M, o = i % O;

        w[i] = (real)(std * lx_rng_normal(rng) + (m == o * step ? 1 : 0));
    }
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct fope *s = self;
    struct lx_param_spec spec = {.n_dims = 3, .fill = fill, .self = s, .frozen = true};
    size_t n;

    s->dims = *dims;
    if (dims->head_dim < 4 || dims->head_dim % 2 != 0)
        return lx_fail(err, LX_ECONFIG, "needs an even head dimension of at least 4, got %d",
                       dims->head_dim);
    while (s->M < dims->head_dim / 2 && frequency(s, s->M) >= 2 * PI / dims->train_length)
        s->M++;
    s->O = s->M < dims->head_dim / 4 ? s->M : dims->head_dim / 4;
    if (s->M == 0)
        return lx_fail(err, LX_ECONFIG,
                       "keeps no frequency: none makes a full turn within the training length %d, "
                       "which must be at least 7",
                       dims->train_length);
    spec.dim[0] = dims->heads;
    spec.dim[1] = s->M;
    spec.dim[2] = s->O;
    n = (size_t)dims->max_length * (size_t)s->M;
    spec.name = "encoding.fope.sin";
    if (lx_enc_array(params, dims, false, spec, &s->sin, err))
        return err->code;
    spec.name = "encoding.fope.cos";
    if (lx_enc_array(params, dims, false, spec, &s->cos, err) ||
        lx_arena_get(arena, n, sizeof(real), &s->cosine, "fope cosines", err) ||
        lx_arena_get(arena, n, sizeof(real), &s->sine, "fope sines", err))
        return err->code;
    return LX_OK;
}

static void prepare(void *self, int T, int reach)
{
    struct fope *s = self;

    (void)T;
    for (; s->rows < reach; s->rows++)
        for (int m = 0; m < s->M; m++) {
            s->cosine[s->rows * s->M + m] = (real)cos(s->rows * frequency(s, m));
            s->sine[s->rows * s->M + m] = (real)sin(s->rows * frequency(s, m));
        }
}

/* C and S of pair o of head h of a layer at position t. */
static void wave(const struct fope *s, int layer, int h, int t, int o, real *C, real *S)
{
    size_t at = (size_t)((layer * s->dims.heads + h) * s->M) * (size_t)s->O + (size_t)o;
    const real *cosine = s->cosine + t * s->M, *sine = s->sine + t * s->M;

    *C = *S = o < s->O ? 0 : 1;
    for (int m = 0; o < s->O && m < s->M; m++, at += (size_t)s->O) {
        *C += s->cos->w[at] * cosine[m];
        *S += s->sin->w[at] * sine[m];
    }
}

/* (x, y) becomes (x C - y S, y C + x S). */
static void mix(real *x, real *y, real C, real S)
{
    real a = *x, b = *y;

    *x = a * C - b * S;
    *y = b * C + a * S;
}

/* Every pair of q and k by its C and sign S: sign -1 is the transpose. */
static void turn(const struct fope *s, const struct lx_enc_call *call, real *q, real *k,
                 size_t stride, real sign)
{
    int pairs = s->dims.head_dim / 2;

    for (int h = 0; h < s->dims.heads; h++)
        for (int t = 0; t < call->T; t++)
            for (int o = 0; o < pairs; o++) {
                real C, S;

                wave(s, call->layer, h, t, o, &C, &S);
                for (int b = 0; b < call->B; b++) {
                    size_t at = (size_t)(b * call->T + t) * stride + (size_t)(2 * pairs * h + o);

                    if (q != NULL)
                        mix(q + at, q + at + pairs, C, sign * S);
                    if (k != NULL)
                        mix(k + at, k + at + pairs, C, sign * S);
                }
            }
}

static void rotate(const void *self, const struct lx_enc_call *c, real *q, real *k, size_t stride)
{
    turn(self, c, q, k, stride, 1);
}

static void rotate_back(void *self, const struct lx_enc_call *c, real *dq, real *dk, size_t stride)
{
    turn(self, c, dq, dk, stride, -1);
}

extern const struct lx_encoding_ops lx_encoding_fope;

const struct lx_encoding_ops lx_encoding_fope = {
    .name = "fope",
    .title = "FoPE",
    .cite = "Hua et al. 2024, arXiv:2412.17739",
    .formula = "pair o turns by sums over m of fixed multiples of cos and sin (t theta_m)",
    .beyond = "each kept frequency has made a full turn in training; slower ones stand still",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct fope),
    .options = options,
    .init = init,
    .prepare = prepare,
    .rotate = rotate,
    .rotate_back = rotate_back,
};
