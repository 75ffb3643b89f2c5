/* Safetensors files built by hand, byte by byte, without our writer. */
#ifndef LX_TESTS_ST_RIG_H
#define LX_TESTS_ST_RIG_H

#include "core/arena.h"
#include "model/safetensors.h"
#include "tests/unit/check.h"

struct st_bytes {
    unsigned char *at;
    size_t n;
};

/* Length, header text, then `data` bytes counting 0, 1, 2, ...; exactly n bytes on the heap. */
static inline struct st_bytes st_make(const char *header, size_t data)
{
    size_t len = strlen(header);
    struct st_bytes f = {malloc(8 + len + data), 8 + len + data};

    assert_non_null(f.at);
    for (size_t i = 0; i < 8; i++)
        f.at[i] = (unsigned char)(len >> (8 * i));
    memcpy(f.at + 8, header, len);
    for (size_t i = 0; i < data; i++)
        f.at[8 + len + i] = (unsigned char)i;
    return f;
}

#endif
