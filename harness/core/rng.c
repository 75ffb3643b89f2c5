/* Named random streams; see rng.h. */
#include "core/rng.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void lx_rng_init(struct lx_rng *r, uint64_t seed, const char *stream)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325); /* FNV-1a over the name */

    for (const char *c = stream; *c != '\0'; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    h ^= splitmix(&seed);
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&h);
}

uint64_t lx_rng_next(struct lx_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double lx_rng_uniform(struct lx_rng *r)
{
    return (double)(lx_rng_next(r) >> 11) * 0x1.0p-53;
}

uint64_t lx_rng_below(struct lx_rng *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n; /* reject the ragged end */
    uint64_t x;

    do {
        x = lx_rng_next(r);
    } while (x >= limit);
    return x % n;
}

double lx_rng_normal(struct lx_rng *r)
{
    const double pi2 = 6.283185307179586476925286766559;
    double u = 1.0 - lx_rng_uniform(r); /* in (0, 1] */

    return sqrt(-2.0 * log(u)) * cos(pi2 * lx_rng_uniform(r));
}
