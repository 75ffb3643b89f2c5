/* Tables of n-grams in one open hash; see ngram.h. */
#include "eval/ngram.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_BITS 12 /* slots of an empty table, as a power of two */
#define HELD 65536    /* tokens that weights are chosen by, at most */
#define BUCKETS 33    /* 0: never; then octaves of a count */
#define ROUNDS 30     /* of expectation and maximisation: the weights stand to three digits */

/* A run of 1 to 3 tokens that was seen. */
struct slot {
    uint64_t key; /* 0: free */
    uint32_t count;
};

struct lx_ngram {
    struct slot *slots;
    int bits; /* 2^bits slots */
    size_t used, n;
    int vocab, orders;
    uint64_t last[LX_NGRAM_ORDERS]; /* the runs at the end of the stream, that nothing follows */
    double weight[LX_NGRAM_ORDERS][BUCKETS];
};

static const char *const metrics[LX_NGRAM_ORDERS] = {"nll_unigram", "nll_bigram", "nll_trigram"};

const char *lx_ngram_metric(int order)
{
    return metrics[order - 1];
}

/* The run of `order` tokens that ends with *end. */
static uint64_t key_of(const uint16_t *end, int order)
{
    uint64_t key = (uint64_t)order << 48;

    for (int i = 0; i < order; i++)
        key |= (uint64_t)end[-i] << (16 * i);
    return key;
}

/* Where the key is, or the free slot where it belongs. */
static struct slot *find(const struct lx_ngram *g, uint64_t key)
{
    size_t mask = ((size_t)1 << g->bits) - 1;
    size_t at = (size_t)((key ^ key >> 29) * 0x9E3779B97F4A7C15u >> (64 - g->bits));

    while (g->slots[at].key != 0 && g->slots[at].key != key)
        at = (at + 1) & mask;
    return &g->slots[at];
}

static enum lx_code grow(struct lx_ngram *g, struct lx_err *err)
{
    struct slot *old = g->slots;
    size_t n = old == NULL ? 0 : (size_t)1 << g->bits;

    g->bits = old == NULL ? FIRST_BITS : g->bits + 1;
    g->slots = calloc((size_t)1 << g->bits, sizeof(*g->slots));
    if (g->slots == NULL) {
        free(old);
        return lx_fail(err, LX_ENOMEM, "out of memory for a table of %zu n-grams", g->used);
    }
    for (size_t i = 0; i < n; i++)
        if (old[i].key != 0)
            *find(g, old[i].key) = old[i];
    free(old);
    return LX_OK;
}

/* Count tokens from .. to - 1 and the runs that end with them. */
static enum lx_code count(struct lx_ngram *g, const uint16_t *tokens, size_t from, size_t to,
                          struct lx_err *err)
{
    for (size_t i = from; i < to; i++) {
        if (g->used + LX_NGRAM_ORDERS > ((size_t)1 << g->bits) / 2 && grow(g, err))
            return err->code;
        for (int order = 1; order <= g->orders && (size_t)order <= i + 1; order++) {
            uint64_t key = key_of(tokens + i, order);
            struct slot *s = find(g, key);

            g->used += s->key == 0;
            s->key = key;
            s->count++;
        }
    }
    g->n = to;
    for (int order = 1; order <= g->orders && (size_t)order <= to; order++)
        g->last[order - 1] = key_of(tokens + to - 1, order);
    return LX_OK;
}

/* c(h) of the context of a token, the tokens before it that an order reads. */
static double followed(const struct lx_ngram *g, const uint16_t *target, int order)
{
    uint64_t key;

    if (order == 1)
        return (double)g->n;
    key = key_of(target - 1, order - 1);
    return (double)find(g, key)->count - (key == g->last[order - 2]);
}

static int bucket_of(double c)
{
    int b = 0;

    while (b + 1 < BUCKETS && c >= ldexp(1, b))
        b++;
    return b;
}

/* A held-out token: what its context's counts say and what the shorter context does. */
struct held {
    double counted, shorter;
    int bucket;
};

/* The weights of one order; p: (n) what the order before gave each token, then what this one does. */
static void fit(struct lx_ngram *g, int order, struct held *held, size_t n, double *p)
{
    double *weight = g->weight[order - 1], share[BUCKETS], seen[BUCKETS];

    for (int round = 0; round < ROUNDS; round++) {
        for (int b = 0; b < BUCKETS; b++) { /* half a token for each side: never 0 or 1 */
            share[b] = 0.5;
            seen[b] = 1;
        }
        for (size_t i = 0; i < n; i++) {
            const struct held *h = &held[i];
            double a = weight[h->bucket] * h->counted;

            share[h->bucket] += a / (a + (1 - weight[h->bucket]) * h->shorter);
            seen[h->bucket] += 1;
        }
        for (int b = 0; b < BUCKETS; b++)
            weight[b] = share[b] / seen[b];
    }
    for (size_t i = 0; i < n; i++) {
        double a = held[i].bucket > 0 ? weight[held[i].bucket] : 0;

        p[i] = a * held[i].counted + (1 - a) * held[i].shorter;
    }
}

/* Choose all weights by the tokens from g->n to n, which are not counted yet. */
static enum lx_code choose_weights(struct lx_ngram *g, const uint16_t *tokens, size_t n,
                                   struct lx_err *err)
{
    size_t first = g->n > LX_NGRAM_ORDERS ? g->n : LX_NGRAM_ORDERS, m = n > first ? n - first : 0;
    struct held *held = malloc((m + 1) * sizeof(*held));
    double *p = malloc((m + 1) * sizeof(*p));

    for (int k = 0; k < LX_NGRAM_ORDERS; k++)
        for (int b = 0; b < BUCKETS; b++)
            g->weight[k][b] = 0.5;
    if (held == NULL || p == NULL) {
        free(held);
        free(p);
        return lx_fail(err, LX_ENOMEM, "out of memory for the weights of n-grams");
    }
    for (size_t i = 0; i < m; i++)
        p[i] = 1.0 / g->vocab;
    for (int order = 1; order <= g->orders; order++) {
        for (size_t i = 0; i < m; i++) {
            const uint16_t *target = tokens + first + i;
            double c = followed(g, target, order);

            held[i].shorter = p[i];
            held[i].bucket = bucket_of(c);
            held[i].counted = c > 0 ? find(g, key_of(target, order))->count / c : 0;
        }
        fit(g, order, held, m, p);
    }
    free(held);
    free(p);
    return LX_OK;
}

enum lx_code lx_ngram_count(struct lx_ngram **out, const uint16_t *tokens, size_t n, int vocab,
                            struct lx_err *err)
{
    struct lx_ngram *g = calloc(1, sizeof(*g));
    size_t held = n / 10 < HELD ? n / 10 : HELD;

    *out = g;
    if (g == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the tables of n-grams");
    g->vocab = vocab;
    g->orders = vocab > LX_NGRAM_TRIGRAM_IDS ? 2 : LX_NGRAM_ORDERS;
    if (grow(g, err) || count(g, tokens, 0, n - held, err) || choose_weights(g, tokens, n, err) ||
        count(g, tokens, n - held, n, err)) {
        lx_ngram_free(g);
        *out = NULL;
        return err->code;
    }
    return LX_OK;
}

void lx_ngram_free(struct lx_ngram *g)
{
    if (g == NULL)
        return;
    free(g->slots);
    free(g);
}

int lx_ngram_orders(const struct lx_ngram *g)
{
    return g->orders;
}

size_t lx_ngram_bytes(const struct lx_ngram *g)
{
    return sizeof(*g) + ((size_t)1 << g->bits) * sizeof(*g->slots);
}

void lx_ngram_score(const struct lx_ngram *g, const uint16_t *target, int context, double *nll)
{
    double p = 1.0 / g->vocab;

    for (int order = 1; order <= g->orders; order++) {
        double c = order <= context + 1 ? followed(g, target, order) : 0;

        if (c > 0) {
            double a = g->weight[order - 1][bucket_of(c)];

            p = a * find(g, key_of(target, order))->count / c + (1 - a) * p;
        }
        nll[order - 1] = -log(p);
    }
}
