/* xPos: RoPE whose products fade with the distance, the fast pairs first.
 *
 * Formula: as rope, and pair c of a query at position i times zeta_c^(i/B), of a key at position j
 * times zeta_c^(-j/B), zeta_c = (2c + gamma R) / ((1 + gamma) R): their product is that of rope times
 * zeta_c^(d/B).
 * Source: Sun et al. 2022, arXiv:2212.10554, s. 3; as its code (torchscale).
 * Past the training length: far products fade further, those of the fast pairs to nothing; slow pairs
 * reach angles never trained, as in rope. The paper evaluates with attention in blocks: stack
 * {"name": "chunks", "width": L/2, "back": 1} on it.
 * Options: those of rope; gamma; scale_base (B; unset: L/2; the paper has 512, trained at 1024).
 * Lengths: magnitudes are taken from the middle of the sequence, and still grow until they leave the
 * range of float: at most 96 B tokens (at the default gamma), status=not_applicable beyond.
 * Differences from the paper: pairs are (c, c + R/2), a permutation of channels. */
#include <assert.h>
#include <math.h>

#include "encodings/rotary.h"

/* ln of the largest magnitude: two such factors and a gradient stay within the range of float. */
#define MOST 60

struct xpos {
    struct rotary rotary;
    double gamma, scale_base;
    double B;    /* scale_base, or L/2 where it is unset */
    int T;       /* of the tables below */
    real *grow;  /* (max_length, R/2): magnitude of a query */
    real *fade;  /* (max_length, R/2): magnitude of a key */
    double *log; /* (R/2): ln zeta_c / B, at most 0 */
};

static const struct lx_option options[] = {
    ROTARY_OPTIONS(offsetof(struct xpos, rotary)),
    {.key = "gamma",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct xpos, gamma),
     .def = 0.4,
     .min = 0,
     .max = 1e6,
     .help = "how slowly the fastest pair fades: zeta = gamma / (1 + gamma) there",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "scale_base",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct xpos, scale_base),
     .def = (double)NAN,
     .min = 0,
     .max = 1e9,
     .help = "distance over which pair c fades by zeta_c, tokens; unset: half the training length",
     .flags = LX_OPT_OPEN_MIN},
    {.type = LX_OPT_END},
};

/* Longest T whose magnitudes, counted from the middle, float can hold. */
static int max_length(const void *self)
{
    const struct xpos *s = self;
    double tokens = 2 * MOST * s->B / log1p(1 / s->gamma);

    return tokens < 1e9 ? (int)tokens : 0;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct xpos *s = self;
    size_t pairs, n;

    (void)params;
    s->B = isnan(s->scale_base) ? dims->train_length / 2.0 : s->scale_base;
    if (max_length(s) > 0 && max_length(s) < dims->train_length)
        return lx_fail(err, LX_ECONFIG,
                       "scale_base: too small for the training length %d: magnitudes leave the "
                       "range of float after %d tokens",
                       dims->train_length, max_length(s));
    if (lx_rotary_init(&s->rotary, dims, arena, err))
        return err->code;
    pairs = (size_t)s->rotary.R / 2;
    n = pairs * (size_t)dims->max_length;
    if (lx_arena_get(arena, n, sizeof(real), &s->grow, "xpos magnitudes", err) ||
        lx_arena_get(arena, n, sizeof(real), &s->fade, "xpos magnitudes", err) ||
        lx_arena_get(arena, pairs, sizeof(double), &s->log, "xpos magnitudes", err))
        return err->code;
    for (size_t c = 0; s->log != NULL && c < pairs; c++) {
        double R = s->rotary.R;

        s->log[c] = log((2 * (double)c + s->gamma * R) / ((1 + s->gamma) * R)) / s->B;
    }
    return LX_OK;
}

static void prepare(void *self, int T, int reach)
{
    struct xpos *s = self;
    int pairs = s->rotary.R / 2;

    lx_rotary_prepare(&s->rotary, T, reach);
    if (T == s->T)
        return;
    s->T = T;
    for (int t = 0; t < T; t++)
        for (int c = 0; c < pairs; c++) {
            double size = exp(s->log[c] * (t - T / 2));

            s->grow[t * pairs + c] = (real)size;
            s->fade[t * pairs + c] = (real)(1 / size);
        }
}

/* Turn every row of x by `sign` times its angle, and give it its magnitude. */
static void turn(const struct xpos *s, const struct lx_enc_call *call, real *x, size_t stride,
                 const real *size, real sign)
{
    const struct rotary *r = &s->rotary;
    size_t pairs = (size_t)r->R / 2, T = (size_t)call->T, rows = (size_t)call->B * T;

    assert(call->T == s->T);
    for (size_t row = 0; x != NULL && row < rows; row++) {
        size_t at = row % T * pairs;

        for (int h = 0; h < r->dims.heads; h++) {
            real *restrict u = x + row * stride + (size_t)(h * r->dims.head_dim);
            real *restrict v = u + pairs;

            for (size_t c = 0; c < pairs; c++) {
                real co = size[at + c] * r->cosine[at + c];
                real si = size[at + c] * sign * r->sine[at + c], a = u[c], b = v[c];

                u[c] = a * co - b * si;
                v[c] = b * co + a * si;
            }
        }
    }
}

static void rotate(const void *self, const struct lx_enc_call *c, real *q, real *k, size_t stride)
{
    const struct xpos *s = self;

    turn(s, c, q, stride, s->grow, 1);
    turn(s, c, k, stride, s->fade, 1);
}

static void rotate_back(void *self, const struct lx_enc_call *c, real *dq, real *dk, size_t stride)
{
    const struct xpos *s = self;

    turn(s, c, dq, stride, s->grow, -1);
    turn(s, c, dk, stride, s->fade, -1);
}

extern const struct lx_encoding_ops lx_encoding_xpos;

const struct lx_encoding_ops lx_encoding_xpos = {
    .name = "xpos",
    .title = "xPos",
    .cite = "Sun et al. 2022, arXiv:2212.10554, s. 3",
    .formula = "rope, and pair c times zeta_c^(d/B), zeta_c = (2c + gamma R)/((1 + gamma) R)",
    .beyond =
        "far products fade, those of fast pairs to nothing; slow pairs reach untrained angles",
    .one_way =
        "it weighs keys by a decay of i - j, which grows without end for keys after the query",
    .state_size = sizeof(struct xpos),
    .options = options,
    .init = init,
    .max_length = max_length,
    .prepare = prepare,
    .rotate = rotate,
    .rotate_back = rotate_back,
};
