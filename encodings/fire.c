/* FIRE: a small learned function of the distance, measured against the position of the query.
 *
 * Formula: psi(x) = ln(|c x| + 1), u = psi(i - j) / (psi(max(i, |threshold init_threshold|)) + 1e-6),
 * bias[h][i][j] = b2_h + sum_w w2[h][w] relu(w1[w] u + b1[w]).
 * Source: Li et al. 2024, arXiv:2310.04418.
 * Without a causal mask by |i - j|, against the last position of the sequence: as there i, that is the
 * largest distance a query can meet.
 * Past the training length: rows above the threshold measure distances against their own position,
 * so that u stays within 0 .. 1, which training showed.
 * Options: width (hidden units), init_threshold (unset: L), shared (one set for all layers, the paper's
 * layer-wise shared variant). Arrays w1, b1, w2, b2, c, threshold, a row for each layer unless shared;
 * weight decay on w1, w2. First values: w1, b1 ~ U(-1, 1), w2, b2 ~ U(-1, 1) / sqrt(width), c = 0.1,
 * threshold = 1 (it is learned as a multiple, so that a step of Adam means the same at any L).
 * Differences from the paper: none in the formula. Reads drawn positions: i - j is their difference.
 *
 * The network is piecewise linear in u, with the same knots for all heads. Per layer the slopes and
 * intercepts of its pieces are tabulated, and for every row the distance at which each piece begins: a row
 * is then a few runs of one multiplication and one addition a key. */
#include <math.h>
#include <string.h>

#include "encodings/encoding.h"

/* Tables of a layer. Pieces are numbered by rising u; piece k lies between knots k-1 and k. */
struct pieces {
    double *knot;              /* (width) ascending, INFINITY: not a knot */
    double *slope, *intercept; /* (heads, width + 1)                      */
    double c, threshold;
    double *norm; /* (max_length) psi(max(i, threshold)) + 1e-6 */
    real *psi;    /* (max_length) by distance                   */
    real *by_c;   /* (max_length) d psi / d |c|                 */
    int *ends;    /* (max_length, width): row i, piece k ends before this distance */
};

struct fire {
    int width;
    double init_threshold;
    bool shared;
    struct lx_enc_dims dims;
    int rows; /* layers with arrays of their own */
    struct lx_param *w1, *b1, *w2, *b2, *c, *threshold;
    struct pieces *layer; /* (rows) */
};

static const struct lx_option options[] = {
    {.key = "width",
     .type = LX_OPT_INT,
     .offset = offsetof(struct fire, width),
     .def = 32,
     .min = 1,
     .max = 1024,
     .help = "hidden units of the function"},
    {.key = "init_threshold",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct fire, init_threshold),
     .def = (double)NAN,
     .min = 0,
     .max = 1e9,
     .help = "position up to which rows share a scale, at first; unset: the training length",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "shared",
     .type = LX_OPT_BOOL,
     .offset = offsetof(struct fire, shared),
     .help = "one function for all layers"},
    {.type = LX_OPT_END},
};

static void fill_uniform(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        w[i] = (real)(2 * lx_rng_uniform(rng) - 1);
}

static void fill_fan_in(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct fire *s = self;

    for (size_t i = 0; i < n; i++)
        w[i] = (real)((2 * lx_rng_uniform(rng) - 1) / sqrt(s->width));
}

/* Every value the number that is handed over as the fill's self. */
static void fill_number(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] = (real) * (const double *)self;
}

/* An array of `dims` numbers a layer, shape (a, b); b 0: (a), both 0: one number. */
static enum lx_code declare(struct fire *s, const char *name, int a, int b, bool decay,
                            void (*fill)(const void *, real *, size_t, struct lx_rng *),
                            const void *by, struct lx_param **out, struct lx_paramset *params,
                            struct lx_err *err)
{
    struct lx_param_spec spec = {.name = name, .fill = fill, .self = by, .decay = decay};

    if (!s->shared || a == 0)
        spec.dim[spec.n_dims++] = s->rows;
    if (a > 0)
        spec.dim[spec.n_dims++] = a;
    if (b > 0)
        spec.dim[spec.n_dims++] = b;
    return lx_paramset_add(params, &spec, out, err);
}

static enum lx_code take_tables(struct fire *s, struct lx_arena *arena, struct lx_err *err)
{
    size_t W = (size_t)s->width, T = (size_t)s->dims.max_length, H = (size_t)s->dims.heads;

    if (lx_arena_get(arena, (size_t)s->rows, sizeof(*s->layer), &s->layer, "FIRE tables", err))
        return err->code;
    for (int l = 0; l < s->rows; l++) {
        struct pieces here, *p = s->layer != NULL ? &s->layer[l] : &here;

        if (lx_arena_get(arena, W, sizeof(double), &p->knot, "FIRE knots", err) ||
            lx_arena_get(arena, H * (W + 1), sizeof(double), &p->slope, "FIRE slopes", err) ||
            lx_arena_get(arena, H * (W + 1), sizeof(double), &p->intercept, "FIRE slopes", err) ||
            lx_arena_get(arena, T, sizeof(double), &p->norm, "FIRE scales", err) ||
            lx_arena_get(arena, T, sizeof(real), &p->psi, "FIRE distances", err) ||
            lx_arena_get(arena, T, sizeof(real), &p->by_c, "FIRE distances", err) ||
            lx_arena_get(arena, T * W, sizeof(int), &p->ends, "FIRE pieces", err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    static const double tenth = 0.1, one = 1;
    struct fire *s = self;
    int W = s->width, H = dims->heads;

    s->dims = *dims;
    s->rows = s->shared ? 1 : dims->layers;
    if (isnan(s->init_threshold))
        s->init_threshold = dims->train_length;
    if (declare(s, "encoding.fire.w1", W, 0, true, fill_uniform, s, &s->w1, params, err) ||
        declare(s, "encoding.fire.b1", W, 0, false, fill_uniform, s, &s->b1, params, err) ||
        declare(s, "encoding.fire.w2", H, W, true, fill_fan_in, s, &s->w2, params, err) ||
        declare(s, "encoding.fire.b2", H, 0, false, fill_fan_in, s, &s->b2, params, err) ||
        declare(s, "encoding.fire.c", 0, 0, false, fill_number, &tenth, &s->c, params, err) ||
        declare(s, "encoding.fire.threshold", 0, 0, false, fill_number, &one, &s->threshold, params,
                err))
        return err->code;
    return take_tables(s, arena, err);
}

/* -------------------------------------------------------------------------------------- tables */

static double psi_of(const struct pieces *p, double x)
{
    return log1p(p->c * x);
}

/* A point inside piece k. */
static double middle(const struct pieces *p, int width, int k)
{
    double from = k > 0 ? p->knot[k - 1] : 0;

    return k < width && isfinite(p->knot[k]) ? (from + p->knot[k]) / 2 : from + 1;
}

/* Whether hidden unit w is on in piece k of layer row l. */
static bool on(const struct fire *s, int l, int w, double u)
{
    return (double)s->w1->w[l * s->width + w] * u + (double)s->b1->w[l * s->width + w] > 0;
}

static void find_knots(const struct fire *s, int l, struct pieces *p)
{
    for (int w = 0; w < s->width; w++) {
        double at = -(double)s->b1->w[l * s->width + w] / (double)s->w1->w[l * s->width + w];
        int k = w;

        if (!(at > 0))
            at = HUGE_VAL;
        for (; k > 0 && p->knot[k - 1] > at; k--)
            p->knot[k] = p->knot[k - 1];
        p->knot[k] = at;
    }
}

static void find_lines(const struct fire *s, int l, struct pieces *p)
{
    int W = s->width, H = s->dims.heads;

    for (int k = 0; k <= W; k++) {
        double u = middle(p, W, k);

        for (int h = 0; h < H; h++) {
            double slope = 0, intercept = (double)s->b2->w[l * H + h];

            for (int w = 0; w < W; w++) {
                double w2 = (double)s->w2->w[(l * H + h) * W + w];

                if (on(s, l, w, u)) {
                    slope += w2 * (double)s->w1->w[l * W + w];
                    intercept += w2 * (double)s->b1->w[l * W + w];
                }
            }
            p->slope[h * (W + 1) + k] = slope;
            p->intercept[h * (W + 1) + k] = intercept;
        }
    }
}

/* Where pieces end in each row; they move outwards with i, so that each is walked along once. */
static void find_ends(const struct fire *s, struct pieces *p, int T)
{
    size_t W = (size_t)s->width;

    for (size_t k = 0; k < W; k++) {
        int d = 0;

        for (int i = 0; i < T; i++) {
            while (d <= i && (double)p->psi[d] <= p->knot[k] * p->norm[i])
                d++;
            p->ends[(size_t)i * W + k] = d;
        }
    }
}

static void prepare(void *self, int T, int reach)
{
    struct fire *s = self;

    for (int l = 0; l < s->rows; l++) {
        struct pieces *p = &s->layer[l];

        p->c = fabs((double)s->c->w[l]);
        p->threshold = fabs((double)s->threshold->w[l] * s->init_threshold);
        find_knots(s, l, p);
        find_lines(s, l, p);
        for (int d = 0; d < reach; d++) {
            p->psi[d] = (real)psi_of(p, d);
            p->by_c[d] = (real)(d / (p->c * d + 1));
            p->norm[d] = psi_of(p, fmax(d, p->threshold)) + 1e-6;
        }
        find_ends(s, p, T);
    }
}

/* --------------------------------------------------------------------------------------- rows */

/* Keys from .. to-1 of a row that share piece k; of distances i - j. */
struct run {
    int from, to, k;
};

/* The run that begins with key `from` and ends before `to` at the latest. */
static struct run run_at(const struct fire *s, const struct pieces *p, int i, int from, int to,
                         int hint)
{
    const int *ends = p->ends + (size_t)i * (size_t)s->width;
    struct run r = {from, to, hint};

    while (r.k > 0 && ends[r.k - 1] > i - from)
        r.k--;
    if (r.k > 0 && i - ends[r.k - 1] + 1 < to)
        r.to = i - ends[r.k - 1] + 1;
    return r;
}

/* Whether pairs are looked up one by one: at positions of their own, or with keys on both sides. */
static bool singly(const struct lx_enc_call *c)
{
    return c->pos != NULL || c->both;
}

static double position(const struct lx_enc_call *c, int t)
{
    return c->pos != NULL ? c->pos[t] : t;
}

/* What the distances of query i are measured against. */
static double measure(const struct lx_enc_call *c, int i)
{
    return position(c, c->both ? c->T - 1 : i);
}

/* u of (i, j), one by one, and the piece that it lies in. */
static double look_up(const struct fire *s, const struct pieces *p, const struct lx_enc_call *c,
                      int i, int j, int *k)
{
    double norm = psi_of(p, fmax(measure(c, i), p->threshold)) + 1e-6;
    double u = psi_of(p, fabs(position(c, i) - position(c, j))) / norm;

    *k = j > i ? s->width : *k;
    while (*k > 0 && p->knot[*k - 1] >= u)
        --*k;
    return u;
}

static const struct pieces *pieces_of(const struct fire *s, const struct lx_enc_call *c)
{
    return &s->layer[s->shared ? 0 : c->layer];
}

static void pair(const void *self, const struct lx_enc_call *c, int h, int i, int j0, int n,
                 real *bias)
{
    const struct fire *s = self;
    const struct pieces *p = pieces_of(s, c);
    const double *slope = p->slope + h * (s->width + 1),
                 *intercept = p->intercept + h * (s->width + 1);
    struct run r = {.to = j0, .k = s->width};

    for (int j = j0, k = s->width; singly(c) && j < j0 + n; j++) {
        double u = look_up(s, p, c, i, j, &k);

        bias[j - j0] += (real)(slope[k] * u + intercept[k]);
    }
    while (!singly(c) && r.to < j0 + n) {
        real a, b, *to = bias - j0;
        const real *psi = p->psi + i;

        r = run_at(s, p, i, r.to, j0 + n, r.k);
        a = (real)(slope[r.k] / p->norm[i]);
        b = (real)intercept[r.k];
        for (int j = r.from; j < r.to; j++)
            to[j] += a * psi[-j] + b;
    }
}

/* Sums of a head: for each piece the sums of G = d loss / d bias and of G u; then what c and threshold get. */
static size_t n_sums(const void *self, int T)
{
    const struct fire *s = self;

    (void)T;
    return 2 * ((size_t)s->width + 1) + 2;
}

/* What a run with sums of G, G psi and G dpsi/d|c| adds; position: of the query. */
static void add_run(const struct fire *s, const struct pieces *p, const double *slope, int k,
                    double position, const double g[3], double *sums)
{
    double m = fmax(position, p->threshold), norm = psi_of(p, m) + 1e-6, *more;
    double by_u = slope[k] / norm;

    sums[2 * k] += g[0];
    sums[2 * k + 1] += g[1] / norm;
    more = sums + 2 * (s->width + 1);
    more[0] += by_u * (g[2] - g[1] / norm * m / (p->c * m + 1));
    if (p->threshold > position)
        more[1] -= by_u * g[1] / norm * p->c / (p->c * m + 1);
}

static void pair_back(const void *self, const struct lx_enc_call *c, int h, int i, int j0, int n,
                      const real *dbias, double *sums)
{
    const struct fire *s = self;
    const struct pieces *p = pieces_of(s, c);
    const double *slope = p->slope + h * (s->width + 1);
    struct run r = {.to = j0, .k = s->width};

    for (int j = j0, k = s->width; singly(c) && j < j0 + n; j++) {
        double d = fabs(position(c, i) - position(c, j)), one = (double)dbias[j - j0], g[3];

        (void)look_up(s, p, c, i, j, &k);
        g[0] = one;
        g[1] = one * psi_of(p, d);
        g[2] = one * d / (p->c * d + 1);
        add_run(s, p, slope, k, measure(c, i), g, sums);
    }
    while (!singly(c) && r.to < j0 + n) {
        const real *one = dbias - j0, *psi = p->psi + i, *by_c = p->by_c + i;
        real g0 = 0, g1 = 0, g2 = 0;

        r = run_at(s, p, i, r.to, j0 + n, r.k);
        for (int j = r.from; j < r.to; j++) {
            g0 += one[j];
            g1 += one[j] * psi[-j];
            g2 += one[j] * by_c[-j];
        }
        add_run(s, p, slope, r.k, i, (double[]){(double)g0, (double)g1, (double)g2}, sums);
    }
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct fire *s = self;
    const struct pieces *p = pieces_of(s, c);
    int W = s->width, H = s->dims.heads, l = s->shared ? 0 : c->layer;

    for (int h = 0; h < H; h++) {
        const double *own = sums + (size_t)h * n_sums(s, 0), *more = own + 2 * (W + 1);

        for (int k = 0; k <= W; k++) {
            double u = middle(p, W, k), g = own[2 * k], gu = own[2 * k + 1];

            s->b2->g[l * H + h] += (real)g;
            for (int w = 0; w < W; w++) {
                int at = (l * H + h) * W + w, hidden = l * W + w;
                double w2 = (double)s->w2->w[at];

                if (!on(s, l, w, u))
                    continue;
                s->w2->g[at] +=
                    (real)((double)s->w1->w[hidden] * gu + (double)s->b1->w[hidden] * g);
                s->w1->g[hidden] += (real)(w2 * gu);
                s->b1->g[hidden] += (real)(w2 * g);
            }
        }
        s->c->g[l] += (real)copysign(more[0], more[0] * (double)s->c->w[l]);
        s->threshold->g[l] +=
            (real)(more[1] * s->init_threshold * (s->threshold->w[l] < 0 ? -1 : 1));
    }
}

extern const struct lx_encoding_ops lx_encoding_fire;

const struct lx_encoding_ops lx_encoding_fire = {
    .name = "fire",
    .title = "FIRE",
    .cite = "Li et al. 2024, arXiv:2310.04418",
    .formula = "u = ln(|c| (i - j) + 1) / ln(|c| max(i, threshold) + 1), bias = mlp_h(u)",
    .beyond = "rows above the threshold measure distances against their own position",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct fire),
    .options = options,
    .init = init,
    .prepare = prepare,
    .reads_positions = true,
    .kinks = true,
    .pair = pair,
    .pair_back = pair_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
