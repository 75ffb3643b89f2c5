/* What the files of hook_dump put out, and where they get room and noise; see hook_dump_internal.h. */
#include <stdlib.h>

#include "applied/hook_dump_internal.h"

void lx_dump_put(struct lx_dump *p, const char *kind, int head, int position, int channel,
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

bool lx_dump_differ(real a, real b)
{
    return a < b || a > b;
}

enum lx_code lx_dump_get(struct lx_dump *p, size_t n, real **out, struct lx_err *err)
{
    return lx_arena_get(&p->arena, n, sizeof(real), out, "what a scheme applies", err);
}

enum lx_code lx_dump_noise(struct lx_dump *p, const char *stream, real **x, struct lx_err *err)
{
    size_t n = (size_t)p->call.T * (size_t)p->dims->d_model;
    struct lx_rng rng;

    if (lx_dump_get(p, n, x, err) != LX_OK)
        return err->code;
    lx_rng_init(&rng, 1, stream);
    for (size_t i = 0; i < n; i++)
        (*x)[i] = (real)lx_rng_normal(&rng);
    return LX_OK;
}

void lx_dump_table(struct lx_dump *p, const char *kind, const real *table)
{
    int T = p->call.T, H = p->dims->heads;
    bool alike = true;

    for (int at = T; at < H * T; at++)
        alike = alike && !lx_dump_differ(table[at], table[at % T]);
    for (int h = 0; h < (alike ? 1 : H); h++)
        for (int t = 0; t < T; t++)
            lx_dump_put(p, kind, alike ? -1 : h, t, -1, (double)table[h * T + t]);
}
