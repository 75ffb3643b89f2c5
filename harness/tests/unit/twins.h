/* Naive twins: attention of one layer and one sequence from the definitions of its schemes, in double, by
 * plain loops over heads, queries and keys. Nothing here calls the schemes or the attention of the model. */
#ifndef LX_TESTS_TWINS_H
#define LX_TESTS_TWINS_H

#include "tests/unit/variant_rig.h"

enum { TWIN_MOST = 90, TWIN_HEADS = 4, TWIN_WIDTH = 12 }; /* tokens, heads, channels of a head */

typedef double twin_map[TWIN_HEADS][TWIN_MOST][TWIN_MOST];
typedef double twin_rows[TWIN_MOST][TWIN_HEADS][TWIN_WIDTH];

struct twin {
    const struct lx_model *m;
    const struct lx_json *options; /* all of the scheme, as the program writes them back */
    const char *name;
    int layer, T, H, d, L; /* d: channels of a head; L: length of training */
    twin_rows q, k, v, out;
    twin_map z, content, bias, logit, p;
    bool hidden[TWIN_MOST][TWIN_MOST];
};

static inline double twin_option(const struct twin *t, const char *key)
{
    const struct lx_json *v = lx_json_find(t->options, key);

    assert_non_null(v);
    return lx_json_type(v) == LX_JSON_BOOL ? lx_json_bool(v) : lx_json_number(v);
}

/* The option, or what it is where it is 0. */
static inline int twin_count(const struct twin *t, const char *key, int otherwise)
{
    int v = (int)twin_option(t, key);

    return v > 0 ? v : otherwise;
}

/* Learned numbers of this layer, or with `shared` of all. */
static inline const real *twin_array(const struct twin *t, const char *array, bool shared)
{
    char name[80];
    const struct lx_param *p;

    (void)snprintf(name, sizeof(name), "encoding.%s.%s", t->name, array);
    p = lx_paramset_find(&t->m->params, name);
    assert_non_null(p);
    return shared ? p->w : p->w + (size_t)t->layer * (p->n / (size_t)t->m->config.layers);
}

static inline double twin_dot(const struct twin *t, const double *a, const double *b)
{
    double sum = 0;

    for (int c = 0; c < t->d; c++)
        sum += a[c] * b[c];
    return sum;
}

static inline double twin_sigma(double x)
{
    return 1 / (1 + exp(-x));
}

static inline double twin_softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* Every head, query and key up to it. */
#define TWIN_EACH(t, h, i, j)                                                                      \
    for (int h = 0; h < (t)->H; h++)                                                               \
        for (int i = 0; i < (t)->T; i++)                                                           \
            for (int j = 0; j <= i; j++)

/* ------------------------------------------------------------ products */

static inline void twin_plain(struct twin *t)
{
    TWIN_EACH(t, h, i, j)
    t->z[h][i][j] = twin_dot(t, t->q[i][h], t->k[j][h]) / sqrt(t->d);
}

#define TWIN_BASE 30 /* of the rotations below schemes that move positions */

/* Query i turned to position a, key j to b: pairs (c, c + d/2) by their difference. */
static inline double twin_turned(const struct twin *t, int h, int i, int j, double a, double b)
{
    const double *q = t->q[i][h], *k = t->k[j][h];
    int half = t->d / 2;
    double sum = 0;

    for (int c = 0; c < half; c++) {
        double angle = (a - b) * pow(TWIN_BASE, -2.0 * c / t->d);

        sum += (q[c] * k[c] + q[c + half] * k[c + half]) * cos(angle) +
               (q[c] * k[c + half] - q[c + half] * k[c]) * sin(angle);
    }
    return sum / sqrt(t->d);
}

static inline void twin_self_extend(struct twin *t)
{
    int w = twin_count(t, "window", (t->L + 1) / 2), g = (int)twin_option(t, "group");

    TWIN_EACH(t, h, i, j)
    t->z[h][i][j] =
        i - j < w ? twin_turned(t, h, i, j, i, j)
                  : twin_turned(t, h, i, j, floor((double)i / g) + w - w / g, floor((double)j / g));
}

static inline void twin_rerope(struct twin *t)
{
    int w = twin_count(t, "window", (t->L + 1) / 2);

    TWIN_EACH(t, h, i, j)
    t->z[h][i][j] = twin_turned(t, h, i, j, i - j < w ? i - j : w, 0);
}

static inline void twin_leaky_rerope(struct twin *t)
{
    int w = twin_count(t, "window", (t->L + 1) / 2);
    double factor = twin_option(t, "factor");

    TWIN_EACH(t, h, i, j)
    t->z[h][i][j] = twin_turned(t, h, i, j, i - j < w ? i - j : w + (i - j - w) / factor, 0);
}

static inline void twin_lm_infinite(struct twin *t)
{
    int w = twin_count(t, "local", t->L), g = (int)twin_option(t, "global");

    TWIN_EACH(t, h, i, j)
    {
        t->z[h][i][j] = twin_turned(t, h, i, j, i - j < w ? i - j : w, 0);
        t->hidden[i][j] = i - j >= w && j >= g;
    }
}

static inline void twin_streaming(struct twin *t)
{
    int s = (int)twin_option(t, "sinks"), r = twin_count(t, "recent", t->L - s);

    TWIN_EACH(t, h, i, j)
    {
        double a = j < s && i > s + r - 1 ? s + r - 1 : i;

        t->z[h][i][j] = twin_turned(t, h, i, j, a, j);
        t->hidden[i][j] = j >= s && i - j >= r;
    }
}

static inline void twin_dual_chunk(struct twin *t)
{
    int C = twin_count(t, "chunk", (int)ceil(0.75 * t->L));
    int s = C - twin_count(t, "local", t->L / 8);
    double grown = 1 + twin_option(t, "mscale") * log(fmax(1, (double)t->T / t->L));

    TWIN_EACH(t, h, i, j)
    {
        int apart = i / s - j / s;
        double a = i % s;

        if (apart == 1)
            a = fmin(i % s + s, C);
        else if (apart > 1)
            a = fmin(2 * s - 1, C);
        t->z[h][i][j] = twin_turned(t, h, i, j, a, j % s) * grown * grown;
    }
}

static inline void twin_pope(struct twin *t)
{
    const real *phase = twin_array(t, "phase", twin_option(t, "shared") > 0);
    double base = twin_option(t, "base");

    TWIN_EACH(t, h, i, j)
    {
        double sum = 0;

        for (int c = 0; c < t->d; c++)
            sum += twin_softplus(t->q[i][h][c]) * twin_softplus(t->k[j][h][c]) *
                   cos((i - j) * pow(base, -(double)c / t->d) - (double)phase[h * t->d + c]);
        t->z[h][i][j] = sum / sqrt(t->d);
    }
}

static inline void twin_hope(struct twin *t)
{
    double base = twin_option(t, "base"), damping = twin_option(t, "damping");
    bool each = twin_option(t, "each") > 0;
    int half = t->d / 2;

    TWIN_EACH(t, h, i, j)
    {
        const double *q = t->q[i][h], *k = t->k[j][h];
        double sum = 0, d = i - j;

        for (int c = 0; c < half; c++) {
            double theta = pow(base, -2.0 * c / t->d), fall = each ? damping * theta : damping;
            double up = exp(d * (theta - fall)), down = exp(-d * (theta + fall));

            sum += (q[c] * k[c] + q[c + half] * k[c + half]) * (up + down) / 2 -
                   (q[c] * k[c + half] + q[c + half] * k[c]) * (up - down) / 2;
        }
        t->z[h][i][j] = sum / sqrt(t->d);
    }
}

/* ------------------------------------------------------------ biases and values */

static inline void twin_cope(struct twin *t)
{
    const real *table = twin_array(t, "table", false);
    int last = twin_count(t, "positions", t->L) - 1;
    double unit = twin_option(t, "divide") > 0 ? sqrt(t->d) : 1;

    TWIN_EACH(t, h, i, j)
    {
        double p = 0, row[2] = {0, 0}, w;

        for (int k = j; k <= i; k++)
            p += twin_sigma(t->z[h][i][k]);
        p = fmin(p, last);
        w = p - floor(p);
        for (int c = 0; c < t->d; c++) {
            row[0] += t->q[i][h][c] * (double)table[(int)floor(p) * t->d + c];
            row[1] += t->q[i][h][c] * (double)table[(int)ceil(p) * t->d + c];
        }
        t->bias[h][i][j] += ((1 - w) * row[0] + w * row[1]) / unit;
    }
}

static inline void twin_shaw(struct twin *t)
{
    const real *key = twin_array(t, "key", false);
    int clip = (int)twin_option(t, "clip");

    TWIN_EACH(t, h, i, j)
    for (int c = 0; c < t->d; c++)
        t->bias[h][i][j] +=
            t->q[i][h][c] * (double)key[(i - j < clip ? i - j : clip) * t->d + c] / sqrt(t->d);
}

static inline void twin_shaw_value(struct twin *t)
{
    const real *value;
    int clip = (int)twin_option(t, "clip");

    if (!(twin_option(t, "value") > 0))
        return;
    value = twin_array(t, "value", false);
    TWIN_EACH(t, h, i, j)
    for (int c = 0; c < t->d; c++)
        t->out[i][h][c] += t->p[h][i][j] * (double)value[(i - j < clip ? i - j : clip) * t->d + c];
}

static inline void twin_transformer_xl(struct twin *t)
{
    bool shared = !(twin_option(t, "untie") > 0);
    const real *r = twin_array(t, "r", false), *u = twin_array(t, "u", shared);
    const real *v = twin_array(t, "v", shared);
    int D = t->H * t->d, clamp = twin_count(t, "clamp", t->T);
    double base = twin_option(t, "base");
    twin_rows moved = {0}; /* r times the sines and cosines of a distance */

    for (int far = 0; far < t->T; far++)
        for (int n = 0; n < D; n++) {
            double angle = (far < clamp ? far : clamp) * pow(base, -2.0 * (n % (D / 2)) / D);
            double wave = n < D / 2 ? sin(angle) : cos(angle);

            for (int at = 0; at < D; at++)
                moved[far][at / t->d][at % t->d] += (double)r[at * D + n] * wave;
        }
    TWIN_EACH(t, h, i, j)
    for (int c = 0; c < t->d; c++)
        t->bias[h][i][j] += ((double)u[h * t->d + c] * t->k[j][h][c] +
                             (t->q[i][h][c] + (double)v[h * t->d + c]) * moved[i - j][h][c]) /
                            sqrt(t->d);
}

/* ------------------------------------------------------------ after the scores */

static inline void twin_ssmax(struct twin *t)
{
    const real *s = twin_array(t, "s", false);
    const real *b = twin_option(t, "bias") > 0 ? twin_array(t, "b", false) : NULL;
    bool whole = twin_option(t, "whole") > 0;

    TWIN_EACH(t, h, i, j)
    {
        double factor = (double)s[h] * log(i + 1 + twin_option(t, "offset"));

        factor += b != NULL ? (double)b[h] : 0;
        t->logit[h][i][j] = factor * t->content[h][i][j] + (whole ? factor : 1) * t->bias[h][i][j];
    }
}

/* Map m of the network's input at query i and key j. */
static inline double twin_dape_map(const struct twin *t, int m, int i, int j)
{
    if (j < 0 || j > i || t->hidden[i][j])
        return 0;
    return m < t->H ? t->content[m][i][j] : t->bias[m - t->H][i][j];
}

/* Hidden unit n at query i and key j, which may be after the query. */
static inline double twin_dape_unit(const struct twin *t, int n, int i, int j)
{
    const real *w1 = twin_array(t, "w1", false);
    int K = (int)twin_option(t, "kernel");
    double sum = (double)twin_array(t, "b1", false)[n];

    if (j < 0)
        return 0;
    for (int m = 0; m < 2 * t->H; m++)
        for (int k = 0; k < K; k++)
            sum += (double)w1[(n * 2 * t->H + m) * K + k] * twin_dape_map(t, m, i, j + k - K / 2);
    return sum > 0 ? sum : 0.01 * sum;
}

static inline void twin_dape(struct twin *t)
{
    const real *w2 = twin_array(t, "w2", false), *b2 = twin_array(t, "b2", false);
    int K = (int)twin_option(t, "kernel"), W = (int)twin_option(t, "width");

    TWIN_EACH(t, h, i, j)
    t->logit[h][i][j] += (double)b2[h];
    for (int i = 0; i < t->T; i++)
        for (int j = -K; j <= i + K; j++)
            for (int n = 0; n < W; n++) {
                double y = twin_dape_unit(t, n, i, j);

                for (int h = 0; h < t->H; h++)
                    for (int k = 0; k < K; k++) {
                        int to = j - k + K / 2;

                        if (to >= 0 && to <= i)
                            t->logit[h][i][to] += y * (double)w2[(h * W + n) * K + k];
                    }
            }
}

static inline void twin_selective(struct twin *t)
{
    bool protect = twin_option(t, "protect_first") > 0;
    double sum[TWIN_MOST] = {0};

    for (int i = 0; i < t->T; i++) {
        double masked[TWIN_MOST] = {0};

        for (int j = protect ? 1 : 0; j < i; j++)
            masked[j] = fmax(t->logit[0][i][j], 0);
        for (int h = 0; h < t->H; h++)
            for (int j = 0; j <= i; j++)
                t->logit[h][i][j] -= sum[j];
        for (int j = 0; j < i; j++)
            sum[j] += masked[j];
    }
}

/* ------------------------------------------------------------ weights */

static inline void twin_softmax(struct twin *t)
{
    for (int h = 0; h < t->H; h++)
        for (int i = 0; i < t->T; i++) {
            double top = -HUGE_VAL, sum = 0;

            for (int j = 0; j <= i; j++)
                if (!t->hidden[i][j])
                    top = fmax(top, t->logit[h][i][j]);
            for (int j = 0; j <= i; j++)
                sum += t->hidden[i][j] ? 0 : exp(t->logit[h][i][j] - top);
            for (int j = 0; j <= i; j++)
                t->p[h][i][j] = t->hidden[i][j] ? 0 : exp(t->logit[h][i][j] - top) / sum;
        }
}

static inline void twin_stick_breaking(struct twin *t)
{
    bool current = twin_option(t, "current") > 0;

    TWIN_EACH(t, h, i, j)
    {
        const double *l = t->logit[h][i];
        double p = twin_sigma(l[j]);

        for (int k = j + 1; k < (current ? i + 1 : i); k++)
            p *= 1 - twin_sigma(l[k]);
        t->p[h][i][j] = j < i || current ? p : 0;
    }
}

/* theta by halving: the sum falls with it. */
static inline void twin_entmax(struct twin *t)
{
    double a = twin_option(t, "alpha") - 1;

    for (int h = 0; h < t->H; h++)
        for (int i = 0; i < t->T; i++) {
            const double *l = t->logit[h][i];
            double top = l[0], low, high;

            for (int j = 1; j <= i; j++)
                top = fmax(top, l[j]);
            low = a * top - 1;
            high = a * top;
            for (int step = 0; step < 60; step++) {
                double theta = (low + high) / 2, sum = 0;

                for (int j = 0; j <= i; j++) {
                    t->p[h][i][j] = pow(fmax(0, a * l[j] - theta), 1 / a);
                    sum += t->p[h][i][j];
                }
                if (sum > 1)
                    low = theta;
                else
                    high = theta;
            }
        }
}

#endif
