/* Random streams with names.
 *
 * A stream is fixed by (seed, name) alone: "init/tok_embed.weight", "data/train", ... A scheme that
 * draws more numbers than another can therefore never shift the weights or the batches of anyone
 * else: that is what makes runs comparable across schemes.
 * Generator: xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64 over a hash of the name. */
#ifndef LX_CORE_RNG_H
#define LX_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct lx_rng {
    uint64_t s[4];
};

void lx_rng_init(struct lx_rng *r, uint64_t seed, const char *stream);
uint64_t lx_rng_next(struct lx_rng *r);              /* 64 uniform bits */
double lx_rng_uniform(struct lx_rng *r);             /* in [0, 1), 53 bits */
uint64_t lx_rng_below(struct lx_rng *r, uint64_t n); /* 0 .. n-1 without bias; n > 0 */
double lx_rng_normal(struct lx_rng *r);              /* N(0, 1); two uniforms a call */

#endif
