/* Calling the hooks of a stack on inputs that show what they do; see hook_dump.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "applied/hook_dump_internal.h"
#include "text/csvfile.h"

static enum lx_code embedding(struct lx_dump *p, struct lx_err *err)
{
    struct lx_enc_call call = p->call;
    int D = p->dims->d_model, T = call.T;
    real *x;

    if (!LX_DUMP_HAS(p, embed))
        return LX_OK;
    if (lx_dump_get(p, (size_t)T * (size_t)D, &x, err) != LX_OK)
        return err->code;
    call.layer = -1;
    call.pos = p->pos_embed;
    lx_stack_embed(p->s, &call, x);
    for (int t = 0; t < T; t++)
        for (int c = 0; c < D; c++)
            lx_dump_put(p, "embedding", -1, t, c, (double)x[t * D + c]);
    return LX_OK;
}

/* Images of the unit vectors: image[c] is (T, heads, head_dim), e_c turned at every position. */
static enum lx_code rotate_units(struct lx_dump *p, real **image, struct lx_err *err)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads, T = (size_t)p->call.T;
    real *key;

    if (lx_dump_get(p, T * H * d, &key, err))
        return err->code;
    for (size_t c = 0; c < d; c++) {
        if (lx_dump_get(p, T * H * d, &image[c], err))
            return err->code;
        for (size_t r = 0; r < T * H; r++)
            image[c][r * d + c] = 1;
        lx_stack_rotate(p->s, &p->call, image[c], key, H * d);
    }
    return LX_OK;
}

/* The channel that e_c is turned towards, of one head; c itself if it never moves. */
static size_t partner_of(const struct lx_dump *p, const real *image, size_t head, size_t c)
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

static bool heads_agree(const struct lx_dump *p, real *const *image)
{
    size_t d = (size_t)p->dims->head_dim, H = (size_t)p->dims->heads, T = (size_t)p->call.T;

    for (size_t c = 0; c < d; c++)
        for (size_t t = 0; t < T; t++)
            for (size_t i = 0; i < H * d; i++)
                if (lx_dump_differ(image[c][t * H * d + i], image[c][t * H * d + i % d]))
                    return false;
    return true;
}

static void rotation_of_head(struct lx_dump *p, real *const *image, size_t head, int shown)
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

            lx_dump_put(p, "rotation", shown, t, (int)c, atan2(across, along));
            if (fabs(length - 1.0) > 1e-5)
                lx_dump_put(p, "magnitude", shown, t, (int)c, length);
        }
    }
}

static enum lx_code rotation(struct lx_dump *p, struct lx_err *err)
{
    size_t d = (size_t)p->dims->head_dim;
    real **image;

    if (!LX_DUMP_HAS(p, rotate))
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

static enum lx_code scales(struct lx_dump *p, struct lx_err *err)
{
    int T = p->call.T, H = p->dims->heads;
    real *scale, *tau, *x;

    if (lx_dump_get(p, (size_t)H * (size_t)T, &scale, err) != LX_OK ||
        lx_dump_get(p, (size_t)H, &tau, err) != LX_OK ||
        lx_dump_noise(p, "describe/input", &x, err) != LX_OK)
        return err->code;
    if (LX_DUMP_HAS(p, scale)) {
        lx_stack_scale(p->s, &p->call, H, x, scale);
        lx_dump_table(p, "scale", scale);
    }
    if (LX_DUMP_HAS(p, tau)) {
        lx_stack_tau(p->s, &p->call, H, tau);
        for (int h = 0; h < H; h++)
            lx_dump_put(p, "tau", h, -1, -1, (double)tau[h]);
    }
    return LX_OK;
}

/* Tables by distance, of keys up to the query or of those after it. */
static enum lx_code tables(struct lx_dump *p, bool ahead, struct lx_err *err)
{
    struct lx_enc_call call = p->call;
    int T = call.T, H = p->dims->heads;
    real *table;

    call.ahead = ahead;
    if (LX_DUMP_HAS(p, dist)) {
        if (lx_dump_get(p, (size_t)H * (size_t)T, &table, err))
            return err->code;
        lx_stack_dist(p->s, &call, H, table);
        for (int h = 0; h < H; h++)
            for (int t = ahead ? 1 : 0; t < T; t++)
                lx_dump_put(p, ahead ? "dist_ahead" : "dist", h, t, -1, (double)table[h * T + t]);
    }
    if (LX_DUMP_HAS(p, mul)) {
        if (lx_dump_get(p, (size_t)H * (size_t)T, &table, err))
            return err->code;
        lx_stack_mul(p->s, &call, H, table);
        lx_dump_table(p, ahead ? "mul_ahead" : "mul", table);
    }
    return LX_OK;
}

static enum lx_code distances(struct lx_dump *p, struct lx_err *err)
{
    int T = p->call.T, window;

    if (tables(p, false, err) || (p->call.both && tables(p, true, err)))
        return err->code;
    for (int i = 0; i < p->s->n; i++) {
        const struct lx_stack_item *e = &p->s->items[i];

        for (int t = 0; e->ops->bucket != NULL && lx_stack_acts(p->s, e, &p->call) && t < T; t++)
            lx_dump_put(p, "bucket", -1, t, -1, (double)e->ops->bucket(e->self, t));
    }
    window = lx_stack_window(p->s, &p->call);
    if (window > 0 && window < T)
        lx_dump_put(p, "window", -1, -1, -1, (double)window);
    return LX_OK;
}

enum lx_code lx_hook_dump(struct lx_stack *s, const struct lx_enc_dims *dims, int layer, int T,
                          struct lx_applied_rows *out, struct lx_err *err)
{
    struct lx_dump p = {.s = s,
                        .dims = dims,
                        .call = {.layer = layer, .B = 1, .T = T, .both = dims->both},
                        .query = dims->both ? T / 2 : T - 1,
                        .out = out};
    enum lx_code code = LX_OK;

    if (lx_dump_positions(&p, err) || embedding(&p, err) || rotation(&p, err) || scales(&p, err) ||
        distances(&p, err) || lx_dump_biases(&p, err) || lx_dump_rows(&p, err))
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
        rows += dims->both ? 2 * H : H;
    if (LX_STACK_HAS(s, NULL, mul))
        rows += dims->both ? 2 * H : H;
    rows += s->n + 4 * H + 4;  /* positions, masks and biases */
    each += 4 * D + 8 * H + 4; /* and queries, keys and rows of logits */
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
