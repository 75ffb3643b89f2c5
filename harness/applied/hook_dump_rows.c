/* What hooks of single queries and keys apply, found by calling them; see hook_dump.h. */
#include <math.h>
#include <string.h>

#include "applied/hook_dump_internal.h"

/* Rows for pos (T), unless they are 0 .. T-1. */
static void put_moved(struct lx_dump *p, const char *kind, int T, const double *pos)
{
    bool moved = false;

    for (int t = 0; t < T; t++)
        moved = moved || pos[t] < t || pos[t] > t;
    for (int t = 0; moved && t < T; t++)
        lx_dump_put(p, kind, -1, t, -1, pos[t]);
}

enum lx_code lx_dump_positions(struct lx_dump *p, struct lx_err *err)
{
    static const char *const what = "positions";
    struct lx_enc_draw draw = {.training = true, .seed = 1};
    int T = p->call.T, trained = T < p->dims->train_length ? T : p->dims->train_length, wrote;
    double *at[3];

    if (!LX_STACK_HAS(p->s, NULL, positions)) {
        lx_stack_prepare(p->s, T, T);
        return LX_OK;
    }
    for (int i = 0; i < 3; i++)
        if (lx_arena_get(&p->arena, (size_t)T, sizeof(**at), &at[i], what, err))
            return err->code;
    if (lx_stack_positions(p->s, &draw, NULL, 1, trained, at[0], at[1], at[2]) & LX_POS_TOKENS)
        put_moved(p, "drawn", trained, at[0]);
    draw.training = false;
    wrote = lx_stack_positions(p->s, &draw, NULL, 1, T, at[0], at[1], at[2]);
    lx_stack_prepare(p->s, T, lx_stack_reach(p->s, T, false));
    if (wrote & LX_POS_TOKENS) {
        p->call.pos = at[0];
        put_moved(p, "position", T, at[0]);
    }
    if (wrote & LX_POS_EMBED) {
        p->pos_embed = at[1];
        put_moved(p, "position_embed", T, at[1]);
    }
    if (wrote & LX_POS_DISTANCES)
        put_moved(p, "distance", T, at[2]);
    return LX_OK;
}

/* ------------------------------------------------------------------ masks and biases */

static void masks(struct lx_dump *p)
{
    int always = lx_stack_always_seen(p->s, &p->call);

    if (LX_DUMP_HAS(p, first_seen))
        for (int i = 0; i < p->call.T; i++)
            lx_dump_put(p, "first_seen", -1, i, -1, (double)lx_stack_first_seen(p->s, &p->call, i));
    if (always > 0)
        lx_dump_put(p, "always_seen", -1, -1, -1, (double)always);
}

static enum lx_code keys(struct lx_dump *p, struct lx_err *err)
{
    int T = p->call.T, H = p->dims->heads;
    double *key;
    real *x;

    if (!LX_DUMP_HAS(p, key))
        return LX_OK;
    if (lx_dump_noise(p, "describe/input", &x, err) ||
        lx_arena_get(&p->arena, (size_t)H * (size_t)T, sizeof(*key), &key, "biases of keys", err))
        return err->code;
    lx_stack_key(p->s, &p->call, H, x, key);
    for (int h = 0; h < H; h++)
        for (int j = 0; j < T; j++)
            lx_dump_put(p, "key", h, j, -1, key[h * T + j] - key[h * T + p->query]);
    return LX_OK;
}

/* How far the query that is shown and each key that it sees are turned apart. */
static enum lx_code moved(struct lx_dump *p, struct lx_err *err)
{
    const struct lx_stack_item *e = LX_STACK_ONLY(p->s, &p->call, remap);
    int last = p->query, end = 0, v = 0, asked = -1;
    size_t T = (size_t)p->call.T;
    double *q, *k;

    if (e == NULL)
        return LX_OK;
    if (lx_arena_get(&p->arena, T, sizeof(*q), &q, "positions", err) ||
        lx_arena_get(&p->arena, T, sizeof(*k), &k, "positions", err))
        return err->code;
    for (int j = 0; j <= last; j++) {
        if (j >= end)
            v = e->ops->choose(e->self, &p->call, last, j, &end);
        if (v != asked)
            e->ops->remap(e->self, &p->call, v, q, k);
        asked = v;
        if (j < lx_stack_always_seen(p->s, &p->call) ||
            j >= lx_stack_first_seen(p->s, &p->call, last))
            lx_dump_put(p, "apart", -1, j, -1, q[last] - k[j]);
    }
    return LX_OK;
}

enum lx_code lx_dump_biases(struct lx_dump *p, struct lx_err *err)
{
    int T = p->call.T, H = p->dims->heads;
    real *table;

    masks(p);
    if (keys(p, err) || moved(p, err) || lx_dump_get(p, (size_t)H * (size_t)T, &table, err))
        return err->code;
    if (LX_DUMP_HAS(p, sink)) {
        lx_stack_sink(p->s, &p->call, H, table);
        for (int h = 0; h < H; h++)
            lx_dump_put(p, "sink_logit", h, -1, -1, (double)table[h]);
    }
    if (LX_DUMP_HAS(p, whole)) {
        lx_stack_whole(p->s, &p->call, H, table);
        lx_dump_table(p, "whole", table);
    }
    for (int h = 0; LX_DUMP_HAS(p, pair) && h < H; h++) {
        real *bias = table + (size_t)h * (size_t)T;

        for (int j = 0; j < T; j++)
            bias[j] = 0;
        lx_stack_pair(p->s, &p->call, h, p->query, 0, T, bias);
        for (int j = 0; j < T; j++)
            lx_dump_put(p, "pair", h, j, -1, (double)bias[j]);
    }
    return LX_OK;
}

/* ------------------------------------------------------------------ row by row */

/* Queries and keys of noise, and one row of the arrays that hooks of a row share. */
struct row_probe {
    struct lx_dump *p;
    const struct lx_stack_item *features, *product, *post, *normaliser;
    real *q, *k, *turned_q, *turned_k;
    int width;
    struct lx_enc_row row;
};

static void put_row(struct lx_dump *p, const char *kind, const real *now, const real *before)
{
    int T = p->call.T;

    for (int h = 0; h < p->dims->heads; h++)
        for (int j = 0; j < T; j++)
            lx_dump_put(p, kind, h, j, -1,
                        (double)now[h * T + j] - (before != NULL ? (double)before[h * T + j] : 0));
}

static enum lx_code open_row(struct row_probe *r, struct lx_err *err)
{
    struct lx_dump *p = r->p;
    size_t T = (size_t)p->call.T, D = (size_t)p->dims->d_model, HT = (size_t)p->dims->heads * T;
    size_t n_state = r->post != NULL && r->post->ops->n_state != NULL
                         ? r->post->ops->n_state(r->post->self, p->call.T)
                         : 0;
    unsigned char *seen;
    real *z;

    if (lx_dump_noise(p, "describe/queries", &r->q, err) ||
        lx_dump_noise(p, "describe/keys", &r->k, err) || lx_dump_get(p, HT, &z, err) ||
        lx_dump_get(p, HT, &r->row.content, err) || lx_dump_get(p, HT, &r->row.bias, err) ||
        lx_dump_get(p, HT, &r->row.logit, err) || lx_dump_get(p, HT, &r->row.p, err) ||
        lx_dump_get(p, HT, &r->row.spare, err) || lx_dump_get(p, D, &r->row.out, err) ||
        lx_arena_get(&p->arena, T, sizeof(*seen), &seen, "a row", err) ||
        lx_arena_get(&p->arena, n_state + 1, sizeof(double), &r->row.state, "a row", err))
        return err->code;
    memset(seen, 1, T);
    r->row.seen = seen;
    r->row.z = z;
    r->row.stride = T;
    r->row.key_stride = D;
    r->row.k = r->k;
    return LX_OK;
}

/* The vectors that products are made of, where they are others than q and k. */
static enum lx_code turn_row(struct row_probe *r, struct lx_err *err)
{
    struct lx_dump *p = r->p;
    size_t D = (size_t)p->dims->d_model, n;

    r->width = p->dims->head_dim;
    r->turned_q = r->q;
    r->turned_k = r->k;
    if (r->features == NULL)
        return LX_OK;
    r->width = r->features->ops->width(r->features->self);
    n = (size_t)p->call.T * (size_t)(p->dims->heads * r->width);
    if (lx_dump_get(p, n, &r->turned_q, err) || lx_dump_get(p, n, &r->turned_k, err))
        return err->code;
    r->features->ops->features(r->features->self, &p->call, false, r->q, D, r->turned_q);
    r->features->ops->features(r->features->self, &p->call, true, r->k, D, r->turned_k);
    return LX_OK;
}

static void multiply_row(struct row_probe *r, real *z)
{
    struct lx_dump *p = r->p;
    int H = p->dims->heads, T = p->call.T, w = r->width;
    double unit = 1 / sqrt((double)p->dims->head_dim);

    if (r->product != NULL) {
        r->product->ops->product(r->product->self, &p->call, &r->row, z);
        return;
    }
    for (int h = 0; h < H; h++)
        for (int j = 0; j < r->row.n; j++) {
            const real *q = r->turned_q + (size_t)(r->row.i * H + h) * (size_t)w;
            const real *k = r->turned_k + (size_t)(j * H + h) * (size_t)w;
            double sum = 0;

            for (int c = 0; c < w; c++)
                sum += (double)q[c] * (double)k[c];
            z[h * T + j] = (real)(unit * sum);
        }
}

/* The scheme's own weights, or a softmax of the row. */
static void weigh(struct row_probe *r)
{
    struct lx_dump *p = r->p;
    int T = p->call.T;

    if (r->normaliser != NULL) {
        r->normaliser->ops->normalise(r->normaliser->self, &p->call, &r->row);
        return;
    }
    for (int h = 0; h < p->dims->heads; h++) {
        const real *x = r->row.logit + (size_t)(h * T);
        double max = (double)x[0], sum = 0;

        for (int j = 1; j < r->row.n; j++)
            max = fmax(max, (double)x[j]);
        for (int j = 0; j < r->row.n; j++)
            sum += exp((double)x[j] - max);
        for (int j = 0; j < r->row.n; j++)
            r->row.p[h * T + j] = (real)(exp((double)x[j] - max) / sum);
    }
}

/* Query i; its rows are put out where it is the one that is shown. */
static void probe_row(struct row_probe *r, int i)
{
    struct lx_dump *p = r->p;
    size_t HT = (size_t)(p->dims->heads * p->call.T);
    bool last = i == p->query;
    real *z = r->row.content;

    r->row.i = i;
    r->row.n = lx_enc_keys(&p->call, i);
    r->row.q = r->q + (size_t)i * (size_t)p->dims->d_model;
    multiply_row(r, z);
    r->row.z = z;
    memset(r->row.bias, 0, HT * sizeof(real));
    lx_stack_bias(p->s, &p->call, &r->row);
    for (size_t at = 0; at < HT; at++)
        r->row.logit[at] = z[at] + r->row.bias[at];
    if (last && (r->features != NULL || r->product != NULL))
        put_row(p, "product", z, NULL);
    if (last && LX_DUMP_HAS(p, bias))
        put_row(p, "bias", r->row.bias, NULL);
    if (r->post != NULL)
        r->post->ops->post(r->post->self, &p->call, &r->row);
    if (last && r->post != NULL) {
        for (size_t at = 0; at < HT; at++)
            r->row.spare[at] = z[at] + r->row.bias[at];
        put_row(p, "post", r->row.logit, r->row.spare);
    }
}

enum lx_code lx_dump_rows(struct lx_dump *p, struct lx_err *err)
{
    struct row_probe r = {.p = p,
                          .features = LX_STACK_ONLY(p->s, &p->call, features),
                          .product = LX_STACK_ONLY(p->s, &p->call, product),
                          .post = LX_STACK_ONLY(p->s, &p->call, post),
                          .normaliser = LX_STACK_ONLY(p->s, &p->call, normalise)};
    int last = p->query;

    if (r.features == NULL && r.product == NULL && r.post == NULL && r.normaliser == NULL &&
        !LX_DUMP_HAS(p, bias) && !LX_DUMP_HAS(p, value))
        return LX_OK;
    if (open_row(&r, err) || turn_row(&r, err))
        return err->code;
    for (int i = r.post != NULL && r.post->ops->n_state != NULL ? 0 : last; i <= last; i++)
        probe_row(&r, i);
    weigh(&r);
    if (r.normaliser != NULL)
        put_row(p, "weight", r.row.p, NULL);
    if (LX_DUMP_HAS(p, value)) {
        lx_stack_value(p->s, &p->call, &r.row);
        for (int c = 0; c < p->dims->d_model; c++)
            lx_dump_put(p, "value", c / p->dims->head_dim, -1, c % p->dims->head_dim,
                        (double)r.row.out[c]);
    }
    return LX_OK;
}
