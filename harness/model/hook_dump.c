/* Calling the hooks of a stack on inputs that show what they do; see hook_dump.h. */
#include "model/hook_dump.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "text/csvfile.h"

struct probe {
    struct lx_stack *s;
    const struct lx_enc_dims *dims;
    struct lx_enc_call call;
    struct lx_arena arena;
    struct lx_applied_rows *out;
    bool failed;
};

/* One row. The first one that finds no memory ends the list; `failed` tells. */
static void put(struct probe *p, const char *kind, int head, int position, int channel,
                double value)
{
    struct lx_applied_rows *r = p->out;

    if (r->n == r->cap && !p->failed) {
        size_t cap = r->cap == 0 ? 1024 : 2 * r->cap;
        struct lx_applied *rows = realloc(r->row, cap * sizeof(*rows));

        p->failed = rows == NULL;
        if (!p->failed) {
            r->row = rows;
            r->cap = cap;
        }
    }
    if (!p->failed)
        r->row[r->n++] = (struct lx_applied){kind, head, position, channel, value};
}

static bool differ(real a, real b)
{
    return a < b || a > b;
}

static enum lx_code get(struct probe *p, size_t n, real **out, struct lx_err *err)
{
    return lx_arena_get(&p->arena, n, sizeof(real), out, "what a scheme applies", err);
}

/* Whether any element of the stack sets the hook, in this layer. */
#define HAS(p, hook) LX_STACK_HAS((p)->s, &(p)->call, hook)

/* A layer's input for hooks that read it: normal noise, the same every time. */
static enum lx_code get_input(struct probe *p, real **x, struct lx_err *err)
{
    size_t n = (size_t)p->call.T * (size_t)p->dims->d_model;
    struct lx_rng rng;

    if (get(p, n, x, err) != LX_OK)
        return err->code;
    lx_rng_init(&rng, 1, "describe/input");
    for (size_t i = 0; i < n; i++)
        (*x)[i] = (real)lx_rng_normal(&rng);
    return LX_OK;
}

/* A table (H, T) by query or distance; once for all heads where they are alike. */
static void put_table(struct probe *p, const char *kind, const real *table)
{
    int T = p->call.T, H = p->dims->heads;
    bool alike = true;

    for (int at = T; at < H * T; at++)
        alike = alike && !differ(table[at], table[at % T]);
    for (int h = 0; h < (alike ? 1 : H); h++)
        for (int t = 0; t < T; t++)
            put(p, kind, alike ? -1 : h, t, -1, (double)table[h * T + t]);
}

static enum lx_code embedding(struct probe *p, struct lx_err *err)
{
    struct lx_enc_call call = p->call;
    int D = p->dims->d_model, T = call.T;
    real *x;

    if (!HAS(p, embed))
        return LX_OK;
    if (get(p, (size_t)T * (size_t)D, &x, err) != LX_OK)
        return err->code;
    call.layer = -1;
    lx_stack_embed(p->s, &call, x);
    for (int t = 0; t < T; t++)
        for (int c = 0; c < D; c++)
            put(p, "embedding", -1, t, c, (double)x[t * D + c]);
    return LX_OK;
}

/* Images of the unit vectors: image[c] is (T, heads, head_dim), e_c turned at every position. */
static enum lx_code rotate_units(struct probe *p, real **image, struct lx_err *err)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads, T = (size_t)p->call.T;
    real *key;

    if (get(p, T * H * d, &key, err))
        return err->code;
    for (size_t c = 0; c < d; c++) {
        if (get(p, T * H * d, &image[c], err))
            return err->code;
        for (size_t r = 0; r < T * H; r++)
            image[c][r * d + c] = 1;
        lx_stack_rotate(p->s, &p->call, image[c], key, H * d);
    }
    return LX_OK;
}

/* The channel that e_c is turned towards, of one head; c itself if it never moves. */
static size_t partner_of(const struct probe *p, const real *image, size_t head, size_t c)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads, best = c;
    double most = 0.0;

    for (size_t k = 0; k < d; k++)
        for (size_t t = 0; k != c && t < (size_t)p->call.T; t++) {
            double size = fabs((double)image[(t * H + head) * d + k]);

            if (size > most) {
                most = size;
                best = k;
            }
        }
    return best;
}

static bool heads_agree(const struct probe *p, real *const *image)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads, T = (size_t)p->call.T;

    for (size_t c = 0; c < d; c++)
        for (size_t t = 0; t < T; t++)
            for (size_t i = 0; i < H * d; i++)
                if (differ(image[c][t * H * d + i], image[c][t * H * d + i % d]))
                    return false;
    return true;
}

static void rotation_of_head(struct probe *p, real *const *image, size_t head, int shown)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads;

    for (size_t c = 0; c < d; c++) {
        size_t partner = partner_of(p, image[c], head, c);

        if (partner < c)
            continue;
        for (int t = 0; t < p->call.T; t++) {
            const real *r = &image[c][((size_t)t * H + head) * d];
            double along = (double)r[c], across = partner == c ? 0.0 : (double)r[partner];
            double length = hypot(along, across);

            put(p, "rotation", shown, t, (int)c, atan2(across, along));
            if (fabs(length - 1.0) > 1e-5)
                put(p, "magnitude", shown, t, (int)c, length);
        }
    }
}

static enum lx_code rotation(struct probe *p, struct lx_err *err)
{
    size_t d = (size_t)p->dims->head_dim;
    real **image;

    if (!HAS(p, rotate))
        return LX_OK;
    if (lx_arena_get(&p->arena, d, sizeof(*image), &image, "what a scheme applies", err) ||
        rotate_units(p, image, err))
        return err->code;
    if (heads_agree(p, image))
        rotation_of_head(p, image, 0, -1);
    else
        for (int h = 0; h < p->dims->heads; h++)
            rotation_of_head(p, image, (size_t)h, h);
    return LX_OK;
}

static enum lx_code scales(struct probe *p, struct lx_err *err)
{
    int T = p->call.T, H = p->dims->heads;
    real *scale, *tau, *x;

    if (get(p, (size_t)H * (size_t)T, &scale, err) != LX_OK ||
        get(p, (size_t)H, &tau, err) != LX_OK || get_input(p, &x, err) != LX_OK)
        return err->code;
    if (HAS(p, scale)) {
        lx_stack_scale(p->s, &p->call, H, x, scale);
        put_table(p, "scale", scale);
    }
    if (HAS(p, tau)) {
        lx_stack_tau(p->s, &p->call, H, tau);
        for (int h = 0; h < H; h++)
            put(p, "tau", h, -1, -1, (double)tau[h]);
    }
    return LX_OK;
}

static enum lx_code distances(struct probe *p, struct lx_err *err)
{
    int T = p->call.T, H = p->dims->heads, window;
    real *table;

    if (HAS(p, dist)) {
        if (get(p, (size_t)H * (size_t)T, &table, err) != LX_OK)
            return err->code;
        lx_stack_dist(p->s, &p->call, H, table);
        for (int h = 0; h < H; h++)
            for (int t = 0; t < T; t++)
                put(p, "dist", h, t, -1, (double)table[h * T + t]);
    }
    if (HAS(p, mul)) {
        if (get(p, (size_t)H * (size_t)T, &table, err) != LX_OK)
            return err->code;
        lx_stack_mul(p->s, &p->call, H, table);
        put_table(p, "mul", table);
    }
    for (int i = 0; i < p->s->n; i++)
        for (int t = 0; p->s->items[i].ops->bucket != NULL && t < T; t++)
            put(p, "bucket", -1, t, -1, (double)p->s->items[i].ops->bucket(p->s->items[i].self, t));
    window = lx_stack_window(p->s, &p->call);
    if (window > 0 && window < T)
        put(p, "window", -1, -1, -1, (double)window);
    return LX_OK;
}

enum lx_code lx_hook_dump(struct lx_stack *s, const struct lx_enc_dims *dims, int layer, int T,
                          struct lx_applied_rows *out, struct lx_err *err)
{
    struct probe p = {.s = s, .dims = dims, .call = {.layer = layer, .B = 1, .T = T}, .out = out};
    enum lx_code code = LX_OK;

    lx_stack_prepare(s, T, T);
    if (embedding(&p, err) || rotation(&p, err) || scales(&p, err) || distances(&p, err))
        code = err->code;
    lx_arena_free(&p.arena);
    if (code == LX_OK && p.failed)
        code = lx_fail(err, LX_ENOMEM, "what a scheme applies: out of memory for %zu rows", out->n);
    return code;
}

void lx_hook_dump_free(struct lx_applied_rows *rows)
{
    free(rows->row);
    *rows = (struct lx_applied_rows){0};
}

double lx_hook_dump_bytes(const struct lx_stack *s, const struct lx_enc_dims *dims, int T)
{
    const double H = dims->heads, d = dims->head_dim, D = dims->d_model;
    /* a row, twice while the list grows, and its line of CSV */
    const double row = 3 * sizeof(struct lx_applied) + 48;
    double each = D + 2 * H, rows = H; /* numbers and rows of one position */

    if (LX_STACK_HAS(s, NULL, embed)) {
        each += D;
        rows += D;
    }
    if (LX_STACK_HAS(s, NULL, rotate)) {
        each += H * d * (d + 1);
        rows += 2 * H * d;
    }
    if (LX_STACK_HAS(s, NULL, dist))
        rows += H;
    if (LX_STACK_HAS(s, NULL, mul))
        rows += H;
    rows += s->n;
    each += rows; /* tables that schemes keep for themselves, by the number of what they give */
    return T * (each * (double)sizeof(real) + rows * row);
}

void lx_hook_dump_csv(const struct lx_applied_rows *rows, struct lx_buf *out)
{
    lx_buf_add(out, LX_APPLIED_HEADER "\n");
    for (size_t r = 0; r < rows->n; r++) {
        const struct lx_applied *a = &rows->row[r];
        const int at[] = {a->head, a->position, a->channel};

        lx_buf_printf(out, "%s,", a->kind);
        for (size_t i = 0; i < 3; i++) {
            if (at[i] >= 0)
                lx_buf_printf(out, "%d", at[i]);
            lx_buf_add(out, ",");
        }
        lx_csv_number(out, a->value);
        lx_buf_add(out, "\n");
    }
}
