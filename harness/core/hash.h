/* SHA-256 (FIPS 180-4): names cells by what determines their result, and data by its content. */
#ifndef LX_CORE_HASH_H
#define LX_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct lx_hash {
    uint32_t h[8];
    uint64_t bytes;
    unsigned char block[64];
};

void lx_hash_init(struct lx_hash *s);
void lx_hash_add(struct lx_hash *s, const void *data, size_t n);
void lx_hash_hex(struct lx_hash *s, char out[65]); /* finishes; 64 lower-case digits and NUL */

#endif
