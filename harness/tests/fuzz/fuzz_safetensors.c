/* Fuzz target: any bytes as a safetensors file. What is taken must lie within the bytes, cover the data
 * exactly and be found by name; what is refused must say why. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t check_tensor(const struct lx_st_file *f, const struct lx_st_tensor *t,
                           const uint8_t *data, size_t size)
{
    size_t bytes = t->n * (t->type == LX_ST_F64 ? 8 : 4), n = 1;
    const uint8_t *at = t->data;

    require(t->n_dims >= 0 && t->n_dims <= LX_ST_DIMS);
    for (int d = 0; d < t->n_dims; d++)
        n *= t->dim[d];
    require(n == t->n);
    require(at >= data + 8 && bytes <= size && at <= data + size - bytes);
    require(lx_st_find(f, t->name) == t);
    if (n > 0) {
        volatile double sum = lx_st_value(t, 0) + lx_st_value(t, n - 1);

        (void)sum;
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_arena arena = {0};
    struct lx_st_file f;
    struct lx_err err = {.code = LX_OK};
    enum lx_code code = lx_st_parse(data, size, &arena, &f, &err);
    size_t covered = 0, header = 0;

    if (code != LX_OK) {
        require(code == LX_EFORMAT && err.code == code && err.text[0] != '\0');
        lx_arena_free(&arena);
        return 0;
    }
    for (size_t i = 0; i < f.n_tensors; i++)
        covered += check_tensor(&f, &f.tensors[i], data, size);
    for (size_t i = 0; i < f.n_meta; i++)
        require(strcmp(lx_st_meta(&f, f.meta[i].key), f.meta[i].value) == 0);
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)data[i] << (8 * i);
    require(covered == size - 8 - header);
    lx_arena_free(&arena);
    return 0;
}
