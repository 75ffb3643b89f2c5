/* Fuzz target: any bytes as a file of token ids. Where ids are found must lie within the bytes and cover
 * all after the header; what is refused must say why, in one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/tokens_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(enum lx_tokens_format format, const uint8_t *data, size_t size)
{
    struct lx_err err = {.code = LX_OK};
    struct lx_npy at;
    size_t head = size < LX_TOKENS_HEAD ? size : LX_TOKENS_HEAD;
    enum lx_code code = lx_tokens_layout("file", format, data, head, size, &at, &err);

    if (code != LX_OK) {
        require(code == LX_EDATA && strncmp(err.text, "file: ", 6) == 0 &&
                strchr(err.text, '\n') == NULL);
        return;
    }
    require(at.width == 2 || at.width == 4);
    require(at.offset <= size && (size - at.offset) / (size_t)at.width == at.n &&
            (size - at.offset) % (size_t)at.width == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(LX_TOKENS_AUTO, data, size);
    check(LX_TOKENS_RAW, data, size);
    check(LX_TOKENS_LLMC, data, size);
    check(LX_TOKENS_NPY, data, size);
    return 0;
}
