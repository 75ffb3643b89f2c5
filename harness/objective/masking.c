/* Drawing which tokens are hidden; see masking.h. */
#include "objective/masking.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Any `count` of the n. */
static void draw_set(struct lx_rng *rng, int n, int count, unsigned char *hidden)
{
    for (int i = 0; i < n; i++) {
        hidden[i] = lx_rng_below(rng, (uint64_t)(n - i)) < (uint64_t)count;
        count -= hidden[i];
    }
}

/* Items that are yet to be cut into runs of at least one. */
struct runs {
    int items, left;
};

static int next_run(struct runs *r, struct lx_rng *rng)
{
    int length = 1;

    r->items--;
    r->left--;
    if (r->left == 0)
        length += r->items;
    while (r->left > 0 && lx_rng_below(rng, (uint64_t)r->items) >= (uint64_t)r->left) {
        length++;
        r->items--;
    }
    return length;
}

static void draw_runs(struct lx_rng *rng, int n, int count, int runs, unsigned char *hidden)
{
    struct runs shown = {n - count, runs}, masked = {count, runs};
    int at = (int)lx_rng_below(rng, (uint64_t)n);

    memset(hidden, 0, (size_t)n);
    for (int k = 0; k < runs; k++) {
        at += next_run(&shown, rng);
        for (int left = next_run(&masked, rng); left > 0; left--)
            hidden[at++ % n] = 1;
    }
}

void lx_masking_draw(const struct lx_masking *m, struct lx_rng *rng, int n, unsigned char *hidden)
{
    int count = (int)lround(m->share * n), runs;

    count = count < 1 ? 1 : count > n ? n : count;
    runs = (int)lround(count / m->span);
    runs = runs < n - count ? runs : n - count;
    if (m->span > 1 && n > count)
        draw_runs(rng, n, count, runs < 1 ? 1 : runs, hidden);
    else
        draw_set(rng, n, count, hidden);
}

void lx_masking_targets(const struct lx_masking *m, int block, long long from, int n,
                        unsigned char *room, unsigned char *hidden)
{
    for (int i = 0; i < n;) {
        long long k = (from + i) / block;
        int skip = (int)((from + i) % block), take = block - skip < n - i ? block - skip : n - i;
        struct lx_rng rng;
        char stream[64];

        (void)snprintf(stream, sizeof(stream), "mask/eval/%lld", k);
        lx_rng_init(&rng, 0, stream);
        lx_masking_draw(m, &rng, block, room);
        memcpy(hidden + i, room + skip, (size_t)take);
        i += take;
    }
}

void lx_masking_apply(int n, const unsigned char *hidden, uint16_t mask, uint16_t *tokens)
{
    for (int i = 0; i < n; i++)
        tokens[i] = hidden[i] != 0 ? mask : tokens[i];
}
